#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples do what they say."""

import os
import re
import tempfile

from malt_tap import (MALT, MODULES, SOURCE, built, contains, equal, expect, main, malt, need_crashes,
                      run)


def readme():
    expect(run(built("examples", "example-readme")), 0, "42\n")


def hello_async():
    expect(run(built("examples", "example-hello-async")), 0, "HELLO\n")


def pool():
    expect(run(built("examples", "example-pool")), 0, "[<int64 2>, <int64 0>, <int64 3>]\n")


def own_worker():
    expect(run(built("examples", "example-own-worker")), 0, "168 primes, counted by a worker\n")


def worker_log():
    result = expect(run(built("examples", "example-worker-log")), 0)
    matches = re.fullmatch(r"warning of MaltProcessWorker (?:on port \d+ )?with PID (\d+)\n"
                           r"  \[Worker (\d+)\]: worn out\n  PART=cog\n", result.stdout)
    equal(matches is not None and matches[1] == matches[2], True, result.stdout)


def chapter(name):
    with open(os.path.join(SOURCE, "docs", name), encoding="utf-8") as file:
        return file.read()


def output_in(name, after):
    """The block of the chapter that follows a text."""
    block = chapter(name).partition(after)[2].lstrip("\n").partition("\n\n")[0]
    return "".join(line.removeprefix("    ") + "\n" for line in block.split("\n"))


def errors():
    expect(run(built("examples", "example-errors")), 0, output_in("errors.md", "this prints\n"))


def values():
    expect(run(built("examples", "example-values")), 0,
           "a{sv}: COG, 24\nad: 3, the last of 3\nA function cannot be sent\n")


def threads():
    expect(run(built("examples", "example-threads")), 0,
           "The call has ended\nThe worker has not: 42\n")


def rpn(*arguments, **options):
    path = ":".join((built("backends", "process"), built("examples", "evaluator")))
    return malt(*arguments, "--option", "evaluator=rpn", MALT_PLUGIN_PATH=path, **options)


def evaluator():
    expect(rpn("eval", "2 3 +"), 0, "5.0\n")
    expect(rpn("eval", "*", "6", "7"), 0, "42.0\n")
    expect(rpn("eval", "2 3"), 0, "(2.0, 3.0)\n")
    expect(rpn("eval", ""), 0, "")
    expect(rpn("repl", stdin="square = dup *\n7 square\n"), 0, "49.0\n")
    expect(rpn("call", "square", "7"), 1, "", "square")
    for text in ("+", "cog", "1 cog +"):
        expect(rpn("eval", text), 1, "", text.split()[-1] if text == "+" else "cog")
    expect(rpn("repl", stdin="again = again\nagain\n"), 0, "", "Too many words in words")


def evaluator_is_interrupted():
    """A word of 2⁶⁰ steps."""
    words = "w0 = 1 +\n" + "".join(f"w{n} = w{n - 1} w{n - 1}\n" for n in range(1, 61))
    result = rpn("repl", "--timeout", "100", stdin=words + "0 w60\n6 7 *\n")
    contains(result.stderr, "did not end within 100 ms")
    equal(result.stdout, "42.0\n")


def sessions(name):
    """Each command that a chapter shows, with its output, in which "…" stands for anything."""
    for block in re.findall(r"(?:^    .*\n)+", chapter(name), re.MULTILINE):
        for command, output in re.findall(r"^    \$ (malt .*)\n((?:^    (?!\$).*\n)*)", block,
                                          re.MULTILINE):
            yield command, re.sub("^    ", "", output, flags=re.MULTILINE)


def chapters_show_what_the_command_prints():
    path = ":".join((built("backends", "process"), built("plugins", "lua"),
                     built("examples", "evaluator")))
    suite = built("tests", "contract", "malt-conformance")
    names = ["lua.md", "terminology.md", "values.md", "writing-an-evaluator.md"]
    if os.path.exists(suite):
        names.append("conformance.md")
    n_sessions = 0
    for name in names:
        for command, output in sessions(name):
            result = run("sh", "-c", command, MALT_PLUGIN_PATH=path, MALT_CONFORMANCE=suite,
                         PATH=os.path.dirname(MALT) + ":" + os.environ["PATH"])
            pattern = ".*".join(re.escape(part) for part in output.split("…"))
            shown = (result.stdout + result.stderr).expandtabs(4)
            equal(re.match(pattern, shown, re.DOTALL) is not None, True,
                  f"{name}: {command}: {result}")
            n_sessions += 1
    equal(n_sessions >= 5, True, "number of commands")


def function_module():
    path = "module-path=" + built("examples", "function-module")
    expect(malt("call", "-o", path, "greeting.greet", "you"), 0, "'Hello, you!'\n")
    expect(malt("call", "-o", path, "greeting.count_down", "uint32 3"), 0, "'Lift-off!'\n")
    expect(malt("call", "-o", path, "greeting.greet", ""), 1, "", "empty name")
    result = expect(malt("call", "-o", path, "greeting.greet", "uint32 3"), 1, "")
    contains(result.stderr, "(s)")
    contains(result.stderr, "(u)")
    expect(malt("call", "-o", path, "-t", "100", "greeting.count_down", "uint32 100000"), 124, "")


def survey():
    need_crashes()
    with tempfile.TemporaryDirectory(prefix="malt-test-") as folder:
        for number in range(40):
            with open(os.path.join(folder, f"file {number}"), "w", encoding="utf-8") as file:
                file.write(f"{number} words\n" * number)
        result = run(built("examples", "survey", "survey"), "--module-path", MODULES,
                     "--module-path", built("examples", "survey"), folder)
    expect(result, 0)
    equal("not as it should be" in result.stderr, False, result.stderr)
    for part in ("sha256sum agrees on 40 of 40 files", "wc -w agrees on 40 of 40;", "SIGSEGV",
                 "meanwhile 80 of 80 calls", "0 processes left"):
        contains(result.stdout, part)


def survey_says_when_something_is_wrong():
    expect(run(built("examples", "survey", "survey"), "/no/such/folder"), 1)
    expect(run(built("examples", "survey", "survey")), 1, "", "folder")


main("examples", [
    readme,
    hello_async,
    pool,
    errors,
    values,
    threads,
    evaluator,
    evaluator_is_interrupted,
    chapters_show_what_the_command_prints,
    own_worker,
    worker_log,
    function_module,
    survey,
    survey_says_when_something_is_wrong,
])

#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples do what they say."""

import os
import re
import tempfile

from malt_tap import (MODULES, SOURCE, built, contains, equal, expect, main, malt, need_crashes,
                      run)


def readme():
    expect(run(built("examples", "example-readme")), 0, "42\n")


def hello_async():
    expect(run(built("examples", "example-hello-async")), 0, "HELLO\n")


def pool():
    expect(run(built("examples", "example-pool")), 0, "[<int64 2>, <int64 0>, <int64 3>]\n")
    with open(os.path.join(SOURCE, "examples", "pool.c"), encoding="utf-8") as file:
        source = file.read()
    with open(os.path.join(SOURCE, "docs", "pool.md"), encoding="utf-8") as file:
        for part in file.read().partition("```c\n")[2].partition("```")[0].split("\n\n", 1):
            contains(source, part)


def own_worker():
    expect(run(built("examples", "example-own-worker")), 0, "168 primes, counted by a worker\n")


def worker_log():
    result = expect(run(built("examples", "example-worker-log")), 0)
    matches = re.fullmatch(r"warning of MaltProcessWorker (?:on port \d+ )?with PID (\d+)\n"
                           r"  \[Worker (\d+)\]: worn out\n  PART=cog\n", result.stdout)
    equal(matches is not None and matches[1] == matches[2], True, result.stdout)
    with open(os.path.join(SOURCE, "examples", "worker-log.c"), encoding="utf-8") as file:
        source = file.read()
    with open(os.path.join(SOURCE, "docs", "output.md"), encoding="utf-8") as file:
        contains(source, file.read().partition("```c\n")[2].partition("```")[0])


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
    own_worker,
    worker_log,
    function_module,
    survey,
    survey_says_when_something_is_wrong,
])

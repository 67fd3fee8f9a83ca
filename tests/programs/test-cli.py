#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The malt command, run as a script would."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from malt_screen import Terminal
from malt_tap import (DEADLINE, MALT, MODULES, SOURCE, VERSION, Skip, built, contains, environment,
                      equal, expect, is_gone, main, malt, need_crashes, run)

WITH_MODULES = ("--option", "module-path=" + MODULES)


def prints_its_version():
    expect(malt("--version"), 0, f"malt {VERSION}\n")


def helps():
    contains(expect(malt("--help"), 0).stdout, "Exit status:")
    for verb in ("eval", "call", "repl", "backends", "modules"):
        contains(expect(malt(verb, "--help"), 0).stdout, f"malt {verb} [OPTION")
        equal(malt("help", verb).stdout, malt(verb, "--help").stdout)
    equal(expect(malt("help", "--help"), 0).stdout, malt("--help").stdout)


def evaluates_an_expression():
    expect(malt("eval", "6 * 7"), 0, "42\n", "")
    expect(malt("eval", "'a' .. 'b'"), 0, "'ab'\n")
    expect(malt("eval", "function f () end"), 0, "")
    expect(malt("eval", "print (1)"), 0, "1\n")
    expect(malt("eval", "--types", "function f () end"), 0, "()\n")


def evaluates_standard_input():
    expect(malt("eval", "-", stdin="x = 20\nx + 1\n"), 0, "21\n")


def passes_arguments_in_gvariant_text_format():
    expect(malt("eval", "math.type (...)", "5"), 0, "'integer'\n")
    expect(malt("eval", "math.type (...)", "5.0"), 0, "'float'\n")
    expect(malt("eval", "(...)[2]", "[1, 2]"), 0, "2\n")
    expect(malt("eval", "(...).key", "{'key': <'value'>}"), 0, "'value'\n")
    expect(malt("eval", "not ...", "true"), 0, "false\n")


def takes_what_is_no_gvariant_as_a_string():
    expect(malt("eval", "...", "/etc/passwd"), 0, "'/etc/passwd'\n")
    expect(malt("eval", "select ('#', ...)", "two words", ""), 0, "2\n")
    expect(malt("eval", "...", "[1, 2"), 0, "'[1, 2'\n")


def takes_numbers_that_look_like_options():
    expect(malt("call", "math.max", "-5", "-2.5"), 0, "-2.5\n")
    expect(malt("eval", "--", "-(...)", "-1"), 0, "1\n")


def takes_whole_numbers_of_any_size():
    expect(malt("eval", "...", "3000000000"), 0, "3000000000\n")
    expect(malt("eval", "...", "30000000000000000000"), 2, "", "out of range")


def takes_standard_input_as_an_argument():
    expect(malt("call", "string.len", "@-", stdin="twelve bytes"), 0, "12\n")


def prints_types_on_request():
    expect(malt("eval", "--types", "6 * 7"), 0, "int64 42\n")


def prints_json():
    text = "{ n = 1, s = 'ü', list = { true, 1.5 }, none = malt.null }"
    equal(json.loads(expect(malt("eval", "--json", text), 0).stdout),
          {"n": 1, "s": "ü", "list": [True, 1.5], "none": None})
    expect(malt("eval", "-j", "'\\xff\\0'"), 0, '"/wA="\n')
    expect(malt("eval", "-j", "1 << 53, (1 << 53) + 1"), 0,
           '[9007199254740992,"9007199254740993"]\n')
    expect(malt("eval", "-j", "0/0, 1/0, -1/0"), 0, '["NaN","Infinity","-Infinity"]\n')
    expect(malt("eval", "-j", "local x"), 0, "null\n")


def evaluates_in_a_module():
    expect(malt("eval", "--module", "Other", "x = 1; return string ~= nil, x"), 0, "(true, 1)\n")


def calls_a_function_module():
    digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    expect(malt("call", *WITH_MODULES, "checksum.file", "sha256", "/dev/null"), 1, "",
           "/dev/null")
    expect(malt("call", *WITH_MODULES, "checksum.bytes", "sha256", "@ay []"), 0, f"'{digest}'\n")


def maps_a_function_over_files():
    files = [f"/no/such/file-{i}" for i in range(3)]
    expect(malt("map", "--jobs", "2", "string.upper", "a", "b", "c", "d"), 0,
           "'A'\n'B'\n'C'\n'D'\n")
    expect(malt("map", "-a", "%d-%s", "-a", "7", "string.format", "x", "y"), 0,
           "'7-x'\n'7-y'\n")
    expect(malt("map", "string.upper"), 0, "")
    expect(malt("map"), 2, "", "function")
    for number in ("-1", "0", "1025"):
        expect(malt("map", "-j", number, "string.upper", "a"), 2, "",
               "1 to 1024 workers, not " + number)
    result = expect(malt("map", *WITH_MODULES, "text.count", *files, __file__), 1, None, files[2])
    equal(len(result.stdout.splitlines()), 1)
    equal([line.split(":")[0] for line in result.stderr.splitlines()], files)
    expect(malt("map", "--backend", "none", "string.upper", "a"), 2, "", "none")


def reads_arguments_as_what_the_function_takes():
    expect(malt("call", "malt.sleep", "0"), 0, "", "")
    expect(malt("call", "malt.sleep", "soon"), 1, "", "it takes “(d)”")
    expect(malt("call", "malt.sleep", "0", "1"), 1, "", "it takes “(d)”")
    expect(malt("call", "malt.sleep", "int32 0"), 1, "", "it takes “(d)”")
    expect(malt("call", *WITH_MODULES, "text.count", "uint32 3"), 1, "", "“(u)”")
    expect(malt("call", "malt.signature", "malt.sleep"), 0, "'(d)'\n")
    expect(malt("call", "malt.signature", "42"), 0, "''\n")
    expect(malt("call", "malt.eval", "Main", "1 + ...", "(1,)"), 0, "2\n")
    expect(malt("call", *WITH_MODULES, "malt.signature", "checksum.bytes"), 0, "'(say)'\n")
    same = [expect(malt("call", *WITH_MODULES, "checksum.bytes", "md5", text), 0).stdout
            for text in ("42", "'42'")]
    equal(same[0], same[1])
    expect(malt("call", *WITH_MODULES, "checksum.file", "42", "/dev/null"), 1, "", "“42”")


def says_who_was_interrupted():
    process = start("eval", "print ('ready') while true do end")
    equal(process.stdout.readline(), "ready\n")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=DEADLINE)
    equal(process.returncode, 130, errors)
    equal("exception" in errors, False, errors)
    contains(errors, "interrupted")
    contains(errors, "traceback")


def passes_keyword_arguments():
    expect(malt("call", "next", "-k", "a=5"), 0, "('a', 5)\n")
    result = malt("call", "malt.ping", "1", "-k", "a")
    expect(result, 2, "", "NAME=VALUE")


def shows_what_the_worker_prints():
    result = expect(malt("eval", "print ('out') io.stderr:write ('err\\n') return 1"),
                    0, "out\n1\n")
    contains(result.stderr, "err\n")


def shows_an_exception_with_its_traceback():
    result = expect(malt("eval", "local function inner () error ('oh') end inner () x = 1"), 1, "")
    contains(result.stderr, "Remote exception from ")
    contains(result.stderr, "oh")
    contains(result.stderr, "inner")
    equal("\033" in result.stderr, False, "colour in a pipe")


def shows_no_control_characters_of_a_worker_on_a_terminal():
    expression = r"error ('a\27[2Jb\tc\nd\xc2\x9be')"
    terminal = Terminal(MALT, "eval", expression, NO_COLOR="1")
    equal(terminal.leave(), 1)
    contains(terminal.raw, "a\\x1B[2Jb\tc\r\nd\\xC2\\x9Be\r\n")
    contains(malt("eval", expression).stderr, "a\033[2Jb\tc\nd\x9be\n")


# What a terminal would act on: an escape sequence, a C1 one, a delete, a reversal of direction.
HOSTILE = "a\033[2Jb\x9b2Jc\x7fd\u202ee\u2066f"


def shows_nobody_elses_control_characters_on_a_terminal():
    """Whoever they come from: a result, an error, a log record, a file, the command line."""
    folder = tempfile.mkdtemp(prefix="malt-test-", suffix=HOSTILE)
    config = os.path.join(folder, "config.json")
    with open(config, "w", encoding="utf-8") as file:
        file.write(json.dumps({"profiles": {HOSTILE.replace("\033", ""): 5}}, ensure_ascii=False))
    literal = "'" + "".join(f"\\u{{{ord(character):x}}}" for character in HOSTILE) + "'"
    cases = (
        (("eval", literal), 0), (("eval", "--json", literal), 0), (("eval", "--types", literal), 0),
        (("eval", f"error ({literal})"), 1),
        (("eval", f"malt.log ('warning', {literal}, {{GLIB_DOMAIN = {literal}}})"), 0),
        (("call", HOSTILE), 1), (("call", "error", HOSTILE), 1),
        (("map", "--no-progress", "error", HOSTILE), 1),
        (("eval", "-o", "stdout=relay", f"print ({literal})"), 0),
        ((HOSTILE,), 2), (("eval", "--" + HOSTILE), 2), (("backends", HOSTILE), 2),
        (("eval", "-o", HOSTILE + "=1", "1"), 2), (("config", HOSTILE), 2),
        (("config", "check", config), 1), (("config", "path"), 0),
        (("backends", "--verbose"), 0), (("modules", "-o", f"module-path={folder}"), 0),
    )
    shutil.copy(os.path.join(MODULES, "text.so"), folder)
    shutil.copy(os.path.join(MODULES, "text.so"), os.path.join(folder, "libmalt-x.so"))
    paths = environment()["MALT_PLUGIN_PATH"] + ":" + folder
    for arguments, status in cases:
        terminal = Terminal(MALT, *arguments, columns=400, rows=50, NO_COLOR="1",
                            MALT_CONFIG=config if arguments == ("config", "path") else "",
                            MALT_PLUGIN_PATH=paths)
        equal(terminal.leave(), status, f"{arguments}: {terminal.raw!r}")
        if arguments[0] != "eval":
            contains(terminal.raw, "\\x")
        # GLib has colours of its own for what is logged.
        text = re.sub("\033\\[[0-9;]*m", "", terminal.raw)
        for character in HOSTILE:
            if not character.isprintable():
                equal(character in text, False, f"{character!r} in {terminal.raw!r}")
    shutil.rmtree(folder)


def json_is_ascii_where_a_terminal_would_act_on_it():
    expect(malt("eval", "-j", r"'\27\u{9b}\127\u{202e}\u{2066}ü\u{200d}\t'"), 0,
           '"\\u001b\\u009b\\u007f\\u202e\\u2066ü\u200d\\t"\n')
    text = expect(malt("eval", "-j", r"{['\u{9b}'] = '\u{2028}'}"), 0).stdout
    equal(json.loads(text), {"\x9b": "\u2028"})
    equal(text, '{"\\u009b":"\\u2028"}\n')


def refuses_a_wrong_command_line():
    expect(malt(), 2, "", "Usage:")
    expect(malt("frobnicate"), 2, "", "no command “frobnicate”. Try")
    expect(malt("evla", "1"), 2, "", "no command “evla”; did you mean “eval”? Try")
    expect(malt("help", "evla"), 2, "", "did you mean “eval”?")
    expect(malt("--json", "eval", "1"), 2, "", "“--json” is no command: options come after one")
    expect(malt("eval"), 2, "", "expression")
    expect(malt("call"), 2, "", "function")
    expect(malt("call", ""), 2, "", "is empty: expected “module.function”")
    expect(malt("backends", "process", "x"), 2, "", "x")
    expect(malt("repl", "x"), 2, "", "expected no argument")
    expect(malt("modules", "x"), 2, "", "expected no argument")
    expect(malt("eval", "--frobnicate", "1"), 2, "", "--frobnicate. Try")
    expect(malt("eval", "--tiemout", "5", "1"), 2, "", "did you mean “--timeout”? Try")
    expect(malt("eval", "--profle=x", "1"), 2, "", "did you mean “--profile”? Try")
    expect(malt("eval", "-x", "1"), 2, "", "-x")
    expect(malt("eval", "--timeout"), 2, "", "--timeout")
    expect(malt("eval", "--json=no", "1"), 2, "", "Option --json takes no value")
    expect(malt("eval", "--", "--json=no"), 0, "")
    expect(malt("eval", "--timeout", "soon", "1"), 2, "", "soon")
    expect(malt("eval", "--timeout", "-1", "1"), 2, "", "negative")


def refuses_what_is_not_utf8():
    expect(malt("eval", b"'\xff'"), 2, "", "UTF-8")
    expect(malt("eval", "...", b"\xff"), 2, "", "UTF-8")
    expect(malt("call", b"f\xff"), 2, "", "“f\ufffd” is not UTF-8")
    expect(malt("map", b"f\xff", "x"), 2, "", "“f\ufffd” is not UTF-8")
    for word in (b"\xff", b"\xff=1", b"k=\xff"):
        expect(malt("call", "--keyword", word, "f"), 2, "", "is not UTF-8")
    for option in ("--profile", "--backend", "--module"):
        expect(malt("eval", option, b"f\xff", "1"), 2, "", "“f\ufffd” is not UTF-8")
    # What is UTF-8 is so in any locale.
    expect(malt("eval", "--module", "ü", "1", LC_ALL="C"), 0, "1\n")


def refuses_unknown_backends_and_options():
    contains(expect(malt("eval", "--backend", "proces", "1"), 2, "", "malt eval: ").stderr,
             "process")
    contains(expect(malt("eval", "-o", "colour=red", "1"), 2, "", "colour").stderr, "executable")
    expect(malt("eval", "-o", "transport", "1"), 2, "", "NAME=VALUE")
    expect(malt("eval", "-o", "=unix", "1"), 2, "", "NAME=VALUE")
    expect(malt("eval", "-o", "transprot=unix", "1"), 2, "", "did you mean “transport”?")
    contains(expect(malt("eval", "-o", "transport=pigeon", "1"), 2, "").stderr, "unix")
    expect(malt("eval", "-o", "transport=unx", "1"), 2, "", "did you mean “unix”?")
    expect(malt("eval", "1", MALT_PLUGIN_PATH="/no/such"), 2, "", "there are none in /no/such, ")
    expect(malt("eval", "-o", "call-timeout=soon", "1"), 2, "", "integer from 0 to 4294967295")
    expect(malt("eval", "-o", "max-message-size=0", "1"), 2, "", "max-message-size")


def takes_backend_options():
    expect(malt("eval", "-o", "transport=unix", "-o", "call-timeout=200", "while true do end"), 124)
    expect(malt("eval", "-o", "environment=A=1", "-o", "environment=B=2",
                "os.getenv ('A') .. os.getenv ('B')"), 0, "'12'\n")


def says_when_no_worker_starts():
    expect(malt("eval", "-o", "executable=/no/such/program", "1"), 3, "", "/no/such/program")
    expect(malt("eval", "-o", "executable=/bin/false", "1"), 3, "", "/bin/false")
    expect(malt("eval", "-o", "evaluator=klingon", "1"), 3, "", "klingon")


def says_when_the_worker_ends():
    need_crashes()
    expect(malt("call", "-o", "module-path=" + built("examples", "survey"), "broken.dereference"),
           4, "", "SIGSEGV")


def says_when_a_function_is_unknown():
    expect(malt("call", "no.such"), 1, "", "no.such")


def times_out():
    expect(malt("eval", "--timeout", "100", "while true do end"), 124, "")


def start(*arguments):
    return subprocess.Popen([MALT, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, encoding="utf-8", env=environment())


def is_interrupted_once():
    process = start("eval", "print ('ready') "
                    "while true do pcall (function () while true do end end) end")
    equal(process.stdout.readline(), "ready\n")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=DEADLINE)
    equal(process.returncode, 130, errors)


def leaves_at_the_second_interrupt():
    pattern = "('a'):rep (40):find (('a?'):rep (40) .. ('a'):rep (40))"
    process = start("eval", "print ('ready') return " + pattern)
    equal(process.stdout.readline(), "ready\n")
    deadline = time.monotonic() + DEADLINE
    while process.poll() is None and time.monotonic() < deadline:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            pass
    _, errors = process.communicate(timeout=DEADLINE)
    # A third one may have met it on its way out.
    equal(process.returncode in (130, -signal.SIGINT), True, errors)


def leaves_no_worker_behind():
    pids = [expect(malt("eval", *more, "io.open ('/proc/self/stat'):read ('n')"), 0).stdout.strip()
            for more in ((), ("-o", "process-group=own"))]
    result = malt("eval", "-t", "1000",
                  "print (io.open ('/proc/self/stat'):read ('n')) while true do end")
    pids.append(expect(result, 124).stdout.strip())
    for pid in pids:
        equal(pid.isdigit(), True, pid)
        equal(is_gone(pid), True, f"worker {pid} is gone")


def lists_backends_with_their_options():
    text = expect(malt("backends", "--verbose"), 0).stdout
    for part in ("process (MaltProcessWorker)", "  loaded from " + built("backends", "process"),
                 "  capabilities: interrupt, kill, isolated",
                 "  transport: auto, tcp, unix; auto by default",
                 "  start-timeout: integer from ", built("backends", "process")):
        contains(text, part)
    expect(malt("backends", "--names"), 0, "process\n")
    contains(expect(malt("backends", "process", "--names"), 0).stdout, "executable\n")
    expect(malt("backends", "proces"), 2, "", "process")


def says_who_may_write_to_plugin_folders():
    with tempfile.TemporaryDirectory(prefix="malt-test-") as folder:
        folders = {"MALT_PLUGIN_PATH": folder + ":/no/such"}
        text = expect(malt("backends", "-v", **folders), 0).stdout
        contains(text, f"  {folder}\n  /no/such (no such folder)\n")
        os.chmod(folder, 0o777)
        text = expect(malt("backends", "-v", **folders), 0).stdout
        contains(text, f"  {folder} (anybody can write to it)\n")


def says_which_plugins_cannot_be_used():
    folder = built("tests", "fixtures", "plugins")
    # GLib complains of a type that is registered twice, and is asked not to end the program then.
    result = expect(malt("backends", "--verbose", MALT_PLUGIN_PATH=folder, G_DEBUG=""), 0)
    for part in (f"  {folder}/libmalt-truncated.so\n      The file is truncated",
                 f"  {folder}/libmalt-incomplete.so\n      Its type",
                 f"  {folder}/malt-unprefixed.so\n      Its name does not begin with"):
        contains(result.stdout, part)
    equal(result.stderr, "", "what is on stderr")


def doctor_tells_sandboxes():
    text = expect(malt("doctor"), 0).stdout
    for part in ("Sandbox profiles:\n  none             available\n", "\n  strict ", "\n  Landlock ",
                 "\n  bubblewrap "):
        contains(text, part)
    report = json.loads(expect(malt("doctor", "--json"), 0).stdout)
    equal(sorted(report["profiles"]), ["isolated", "limits", "none", "strict"])
    equal(sorted(report["mechanisms"]), ["Landlock", "bubblewrap", "kernel", "libseccomp",
                                         "seccomp", "user namespaces"])
    # It says the same where children cannot be waited for.
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    again = malt("doctor", "--json")
    signal.signal(signal.SIGCHLD, before)
    equal((json.loads(again.stdout), again.stderr), (report, ""))
    for profile, found in report["profiles"].items():
        # A worker starts if and only if that was promised; else it says the same.
        words = ("eval", "--backend", "process", "-o", "sandbox=" + profile, "--", "6 * 7")
        if found["available"] and os.environ.get("MALT_SANITIZE") != "none":
            continue  # it takes more memory than a sandbox gives
        if found["available"]:
            expect(malt(*words), 0, "42\n")
        else:
            contains(expect(malt(*words), 3, "").stderr, f"“{profile}”")
    expect(malt("doctor", "x"), 2, "", "x")


def keeps_its_terminal_from_sandboxes():
    config = {"profiles": {"guests": {"backend": "process", "sandbox": "limits", "memory-limit": 0}}}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(config, file)
        file.flush()
        for words in (("--backend", "process", "-o", "sandbox=limits", "-o", "memory-limit=0"),
                      ("--profile", "guests")):
            result = expect(malt("eval", *words, "print (1)", MALT_CONFIG=file.name), 0)
            contains(result.stdout, "]: 1\n")
            expect(malt("eval", *words, "-o", "stdout=inherit", "print (1)",
                        MALT_CONFIG=file.name), 0, "1\n")


def lists_backends_as_json():
    everything = json.loads(expect(malt("backends", "--json"), 0).stdout)
    equal(everything["failures"], {})
    backend, = everything["backends"]
    equal(backend["name"], "process")
    equal(backend["path"], built("backends", "process", "libmalt-process.so"))
    equal(backend["capabilities"], ["interrupt", "kill", "isolated", "sandbox"])
    options = {option.pop("name"): option for option in backend["options"]}
    equal(options["transport"]["values"], ["auto", "tcp", "unix"])
    equal(options["transport"]["default"], "auto")
    equal(options["evaluator"]["default"], "lua")
    timeout = options["start-timeout"]
    equal((timeout["type"], timeout["minimum"], timeout["default"]), ("integer", 1, 30000))
    contains(timeout["description"], "milliseconds")


def lists_function_modules():
    text = expect(malt("modules", *WITH_MODULES), 0).stdout
    for part in (f"checksum ({MODULES}/checksum.so)\n", "  checksum.file (ss)\n", "  text.count ("):
        contains(text, part)


def lists_the_function_modules_of_a_profile():
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"profiles": {"here": {"backend": "process", "module-path": [MODULES]}}}, file)
        file.flush()
        config = file.name
        contains(expect(malt("modules", "-p", "here", MALT_CONFIG=config), 0).stdout,
                 f"checksum ({MODULES}/checksum.so)\n")
        # The command line's folders replace the profile's.
        result = expect(malt("modules", "-p", "here", "-o", "module-path=/none",
                             MALT_CONFIG=config), 0)
        equal(MODULES in result.stdout, False, result.stdout)
    expect(malt("modules", "-o", "executable=/bin/false"), 3, "", "/bin/false")


def says_when_output_cannot_be_written():
    if not os.path.exists("/dev/full"):
        raise Skip("there is no /dev/full")
    with open("/dev/full", "w", encoding="utf-8") as full:
        result = subprocess.run([MALT, "eval", "1"], stdin=subprocess.DEVNULL, stdout=full,
                                stderr=subprocess.PIPE, encoding="utf-8", env=environment(),
                                timeout=DEADLINE, check=False)
    equal(result.returncode, 1, result.stderr)
    contains(result.stderr, "Cannot write")


def a_reader_that_has_seen_enough_is_not_told():
    """However much is done between the write that failed and the end."""
    file = os.path.join(SOURCE, "README.md")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as output:
        result = subprocess.run([MALT, "map", "-j", "1", *WITH_MODULES, "text.count", file, file],
                                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE,
                                encoding="utf-8", env=environment(), timeout=DEADLINE, check=False)
    equal((result.returncode, result.stderr), (1, ""))


def writes_nothing_in_the_place_of_closed_streams():
    command = f'"{MALT}" eval \'("x"):rep (100)\' >&-'
    result = subprocess.run(["sh", "-c", command], stdin=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, encoding="utf-8", env=environment(),
                            timeout=DEADLINE, check=False)
    equal(result.returncode, 1, result.stderr)
    contains(result.stderr, "Bad file descriptor")
    expect(run("sh", "-c", f'"{MALT}" eval - <&-'), 2, "", "Bad file descriptor")
    expect(run("sh", "-c", f'"{MALT}" eval "6 * 7" <&- 2>&-'), 0, "42\n", "")


main("cli", [
    prints_its_version,
    helps,
    evaluates_an_expression,
    evaluates_standard_input,
    passes_arguments_in_gvariant_text_format,
    takes_what_is_no_gvariant_as_a_string,
    takes_numbers_that_look_like_options,
    takes_whole_numbers_of_any_size,
    takes_standard_input_as_an_argument,
    prints_types_on_request,
    prints_json,
    evaluates_in_a_module,
    calls_a_function_module,
    maps_a_function_over_files,
    reads_arguments_as_what_the_function_takes,
    says_who_was_interrupted,
    passes_keyword_arguments,
    shows_what_the_worker_prints,
    shows_an_exception_with_its_traceback,
    shows_no_control_characters_of_a_worker_on_a_terminal,
    shows_nobody_elses_control_characters_on_a_terminal,
    json_is_ascii_where_a_terminal_would_act_on_it,
    refuses_a_wrong_command_line,
    refuses_what_is_not_utf8,
    refuses_unknown_backends_and_options,
    takes_backend_options,
    says_when_no_worker_starts,
    says_when_the_worker_ends,
    says_when_a_function_is_unknown,
    times_out,
    is_interrupted_once,
    leaves_at_the_second_interrupt,
    leaves_no_worker_behind,
    lists_backends_with_their_options,
    says_who_may_write_to_plugin_folders,
    says_which_plugins_cannot_be_used,
    lists_backends_as_json,
    doctor_tells_sandboxes,
    keeps_its_terminal_from_sandboxes,
    lists_function_modules,
    lists_the_function_modules_of_a_profile,
    says_when_output_cannot_be_written,
    a_reader_that_has_seen_enough_is_not_told,
    writes_nothing_in_the_place_of_closed_streams,
])

#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A session is recorded, and replayed without a worker: examples/custom-backend/."""

import json
import os
import random
import stat
import tempfile

from malt_tap import built, contains, equal, expect, main, malt, run

FOLDER = tempfile.TemporaryDirectory(prefix="malt-test-")
PLUGINS = ":".join((built("examples"), built("backends", "process"), built("plugins", "lua")))
CALL = "('malt.eval', <('', '1', <()>)>, @a{sv} {})"

# Cases of the contract that ask for the same each time, and look at nothing but what is answered:
# values of all kinds, errors with their tracebacks, time-outs, ends of workers with their reports.
CASES = (
    "/basic/arguments", "/basic/discard", "/basic/times", "/verbs/call", "/verbs/errors",
    "/namespaces/list", "/values/exact", "/values/natural", "/values/result-types",
    "/values/special-numbers", "/values/unsendable", "/exceptions/of-the-call",
    "/exceptions/syntax", "/exceptions/values", "/functions/failing", "/functions/keywords",
    "/timeout/functions", "/end/calls-at-leave", "/end/dead", "/report/left", "/report/told",
    "/channels/values",
)


def path(name="calls"):
    return os.path.join(FOLDER.name, name)


def write(data, name="calls"):
    with open(path(name), "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def read(name="calls"):
    with open(path(name), "rb") as file:
        return file.read()


def remove(name="calls"):
    if os.path.exists(path(name)):
        os.remove(path(name))


def configure(name="config.json", **profiles):
    inner = {"backend": "process", "module-path": [built("tests", "contract")]}
    write(json.dumps({"profiles": {"inner": inner, **profiles}}), name)


def with_backend(backend, verb, *arguments, options=()):
    chosen = [word for option in (f"file={path()}", *options) for word in ("--option", option)]
    return malt(verb, "--backend", backend, *chosen, *arguments, MALT_PLUGIN_PATH=PLUGINS,
                MALT_CONFIG=path("config.json"))


def record(*arguments, options=("profile=inner",)):
    return with_backend("record", *arguments, options=options)


def replay(*arguments):
    return with_backend("replay", *arguments)


def same(*arguments):
    """Runs a command twice, and expects the same of the second, which has no worker."""
    remove()
    first = record(*arguments)
    second = replay(*arguments)
    equal((second.returncode, second.stdout, second.stderr),
          (first.returncode, first.stdout, first.stderr), f"{arguments}")
    return first


def values_are_the_same():
    expect(same("eval", "--", "math.random (1000000) .. ...", "a\nb"), 0)
    expect(replay("eval", "--", "math.random (1000000) .. ...", "c"), 1, "",
           f"“{path()}” has no other call of “malt.eval” with these arguments")


def failures_are_the_same():
    expect(same("eval", "local function f () error ('no luck') end f ()"), 1, "",
           "no luck\nstack traceback:")
    expect(same("eval", "return 1 +"), 1, "")
    expect(same("call", "no.such"), 1, "")
    expect(same("eval", "--timeout", "50", "malt.sleep (3600)"), 124, "")


def the_end_is_the_same():
    expect(same("call", "contract.leave", "7"), 4, "", "exited with status 7")
    contains(read(), b"'exit-status': <7>")
    contains(read(), b"'reason': <'exited'>")


def each_answer_is_given_once():
    write(f"({CALL}, {{'value': <int64 2>}})\n\n# a remark\n({CALL}, {{'value': <'two'>}})")
    configure(again={"backend": "replay", "file": "calls"})
    lines = ["1", "1", "1"]
    result = malt("repl", "--profile", "again", stdin="\n".join(lines), MALT_PLUGIN_PATH=PLUGINS,
                  MALT_CONFIG=path("config.json"))
    contains(result.stdout, "2\n")
    contains(result.stdout, "'two'\n")
    contains(result.stderr + result.stdout, "has no other call")


def cases_of_the_contract_hold():
    for case in CASES:
        remove()
        for backend, option in (("record", ("--option", "profile=inner")), ("replay", ())):
            name = f"/malt/contract/{backend}{case}"
            result = expect(run(built("tests", "contract", "test-contract"), "--backend", backend,
                                "--option", f"file={path()}", *option, "-p", name,
                                MALT_PLUGIN_PATH=PLUGINS, MALT_CONFIG=path("config.json")), 0)
            contains(result.stdout, f"ok 1 {name}\n")


def configured_files_are_relative_to_the_configuration():
    os.makedirs(path("elsewhere"), exist_ok=True)
    configure("elsewhere/config.json",
              recorded={"backend": "record", "profile": "inner", "file": "calls"})
    expect(malt("eval", "--profile", "recorded", "6 * 7", MALT_PLUGIN_PATH=PLUGINS,
                MALT_CONFIG=path("elsewhere/config.json")), 0, "42\n", "")
    equal(stat.S_IMODE(os.stat(path("elsewhere/calls")).st_mode), 0o600, "mode")


def a_profile_that_is_its_own():
    configure(loop={"backend": "record", "profile": "loop", "file": "calls"})
    expect(malt("eval", "--profile", "loop", "1", MALT_PLUGIN_PATH=PLUGINS,
                MALT_CONFIG=path("config.json")), 2, "", "its own “profile”")


def sessions_are_appended():
    remove()
    expect(record("eval", "1"), 0)
    write(read() + b"(('cut")
    expect(record("eval", "2"), 0)
    lines = read().splitlines()
    equal(sum(line.startswith(b"((") for line in lines), 3, f"{lines}")
    write(b"\n".join(line for line in lines if line != b"(('cut"))
    expect(replay("eval", "1"), 0, "1\n", "")
    expect(replay("eval", "2"), 0, "2\n", "")


def what_is_too_large_is_left_out():
    remove()
    expect(record("eval", "#string.rep ('x', 2 ^ 21 // 1 | 0)"), 0, "2097152\n", "")
    contains(read(), b"'value': <int64 2097152>")
    expect(record("eval", "string.rep ('x', 2 ^ 21 // 1 | 0)"), 0)
    contains(read(), b"\n# too large or too deep: a call of malt.eval\n")
    expect(replay("eval", "string.rep ('x', 2 ^ 21 // 1 | 0)"), 1, "", "has no other call")


def a_full_file_stays_as_it_is():
    remove()
    for _ in range(10):
        expect(record("eval", "1", options=("max-size=700",)), 0, "1\n", "")
    contains(read(), b"# full: what follows is missing\n")
    equal(len(read()) < 2000, True, f"{len(read())}")
    expect(replay("eval", "1"), 0, "1\n", "")


def a_full_disk_ends_the_recording_only():
    if not os.path.exists("/dev/full"):
        return
    os.symlink("/dev/full", path("full"))
    result = malt("eval", "--backend", "record", "-o", f"file={path('full')}", "1",
                  MALT_PLUGIN_PATH=PLUGINS)
    expect(result, 0, "1\n", f"Cannot record any more in “{path('full')}”: ")
    equal(result.stderr.count("Cannot record"), 1, result.stderr)


def a_file_that_cannot_be_written():
    result = malt("eval", "--backend", "record", "-o", f"file={path('no/such')}", "1",
                  MALT_PLUGIN_PATH=PLUGINS)
    expect(result, 3, "", path("no/such"))


def a_pipe_is_not_waited_for():
    os.mkfifo(path("pipe"))
    for backend in ("record", "replay"):
        result = malt("eval", "--backend", backend, "-o", f"file={path('pipe')}", "1",
                      MALT_PLUGIN_PATH=PLUGINS)
        expect(result, 3, "", path("pipe"))


def a_file_that_cannot_be_read():
    remove()
    expect(replay("eval", "1"), 3, "", path())
    os.makedirs(path())
    expect(replay("eval", "1"), 3, "", path())
    os.rmdir(path())
    with open(path(), "wb") as file:
        file.truncate((256 << 20) + 1)
    expect(replay("eval", "1"), 3, "", f"“{path()}”: expected a file of at most 268435456 bytes")
    remove()


def expect_bad_line(text, number):
    write(text)
    result = expect(replay("eval", "1"), 3, "", f"Cannot read “{path()}”, line {number}: ")
    equal("CRITICAL" in result.stderr or "WARNING" in result.stderr, False, result.stderr)


def garbage_is_told_by_file_and_line():
    good = f"({CALL}, {{'value': <int64 2>}})\n"
    for text in ("nonsense", "(", "()", "\0", "\0" * 4096, "((", "(('', <()>, {}), {}) {}",
                 "(('a', <()>, {}), {'error': <(%s)>})", "%*", "(('a', %v, {}), {})",
                 "(" * 100000, "<" * 100000, "[" * 1000000, "@" + "a" * 100000 + "i []",
                 "@(" + "i" * 100000 + ") ()", "((" + "9" * 100000 + ", <()>, {}), {})",
                 "(('a', <objectpath 'a b'>, {}), {})", "(('a', <signature '('>, {}), {})",
                 "(('a', <'\\ud800'>, {}), {})", "(('a', <'\\U00110000'>, {}), {})",
                 "(('a', <b'\\x', {}), {})", "x" * 1100000):
        expect_bad_line(good + text, 2)
    for data in (b"\xff\xfe", b"(('\xc3', <()>, {}), {})", b"((\xf0\x9f"):
        expect_bad_line(good.encode() + data, 2)


def odd_outcomes_are_errors():
    """What is a recording as far as GVariant goes, and nonsense all the same."""
    for outcome, code, text in (
            ("@a{sv} {}", 4, "neither a value nor an error"),
            ("{'error': <int64 1>}", 4, "neither a value nor an error"),
            ("{'error': <('no-such-quark', 7, 'odd')>}", 1, "odd"),
            ("{'error': <('MaltError', -1, 'odd')>, 'type': <1>}", 1, "odd"),
            ("{'error': <('MaltError', 99, 'odd')>, 'traceback': <''>}", 1, "odd"),
            ("{'error': <('', 0, '')>, 'exit-report': <''>}", 1, ""),
            ("{'error': <('MaltError', 3, 'odd')>, 'exit-report': <@a{sv} {}>}", 4, "odd"),
            ("{'error': <('MaltError', 3, 'odd')>, 'exit-report': "
             "<{'reason': <'x'>, 'signal': <-1>, 'running-calls': <['a', 'b']>}>}", 4, "odd"),
            ("{'run-time': <int64 -9223372036854775808>, 'value': <0>}", 0, "")):
        write(f"({CALL}, {outcome})\n")
        result = expect(replay("eval", "1"), code, None, text)
        equal("CRITICAL" in result.stderr or "WARNING" in result.stderr, False, result.stderr)


def truncated_and_damaged_recordings():
    """Wherever a recording is cut off, and whichever byte is another: an error or an answer."""
    remove()
    expect(record("eval", "error {code = 'x'}"), 1)
    whole = read()
    rng = random.Random(4)
    variants = [whole[:length] for length in rng.sample(range(len(whole)), 25)]
    for _ in range(40):
        at = rng.randrange(len(whole))
        variants.append(whole[:at] + bytes([rng.randrange(256)]) + whole[at + 1:])
    for variant in variants:
        write(variant)
        result = replay("eval", "error {code = 'x'}")
        equal(result.returncode in (1, 3), True, f"{variant}: {result}")
        equal("CRITICAL" in result.stderr or "WARNING" in result.stderr, False, result.stderr)


if __name__ == "__main__":
    configure()
    main("recording", [
        values_are_the_same,
        failures_are_the_same,
        the_end_is_the_same,
        each_answer_is_given_once,
        cases_of_the_contract_hold,
        configured_files_are_relative_to_the_configuration,
        a_profile_that_is_its_own,
        sessions_are_appended,
        what_is_too_large_is_left_out,
        a_full_file_stays_as_it_is,
        a_full_disk_ends_the_recording_only,
        a_file_that_cannot_be_written,
        a_pipe_is_not_waited_for,
        a_file_that_cannot_be_read,
        garbage_is_told_by_file_and_line,
        odd_outcomes_are_errors,
        truncated_and_damaged_recordings,
    ])

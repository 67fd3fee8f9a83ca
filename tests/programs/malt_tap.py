# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the programs share: TAP, and the programs of the build folder."""

import os
import subprocess
import sys
import tempfile
import traceback

SOURCE = os.environ["MALT_SOURCE_ROOT"]
BUILD = os.environ["MALT_BUILD_ROOT"]
VERSION = os.environ["MALT_VERSION"]

# No test takes as long in seconds, so that one which does has failed.
DEADLINE = 60 * int(os.environ.get("MALT_TEST_SLOW", "1"))


def need_crashes():
    """Skips a test in which a worker dies of a NULL pointer."""
    if os.environ.get("MALT_SANITIZE", "none") != "none":
        raise Skip("a sanitizer ends the worker before the signal does")


def built(*path):
    return os.path.join(BUILD, *path)


MALT = built("malt", "programs", "malt")
MODULES = built("plugins", "functions")


class Skip(Exception):
    """Raised by a test that cannot be run here; its text says why."""


def environment(**extra):
    """The environment in which the programs of the build folder find each other."""
    result = dict(os.environ)
    for name in ("NO_COLOR", "MALT_BACKEND", "LC_ALL"):
        result.pop(name, None)
    result["LANG"] = "C.UTF-8"
    result["TERM"] = "xterm"
    result["MALT_PLUGIN_PATH"] = built("backends", "process") + ":" + built("plugins", "lua")
    result["MALT_WORKER"] = built("malt", "programs", "malt-worker")
    result["XDG_STATE_HOME"] = STATE.name
    result["HOME"] = STATE.name
    result["MALT_CONFIG"] = ""
    result.update(extra)
    return {name: value for name, value in result.items() if value is not None}


STATE = tempfile.TemporaryDirectory(prefix="malt-test-")


def run(*argv, stdin=None, **extra):
    """Runs a program to its end and answers it, with its output as text."""
    return subprocess.run(
        argv,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(**extra),
        timeout=DEADLINE,
        check=False,
    )


def malt(*arguments, **options):
    return run(MALT, *arguments, **options)


def is_gone(pid):
    """Whether a process has ended. An orphan may stay as a zombie: not every init waits for it."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(") ")[2][:1] in ("Z", "X")
    except OSError:
        return True


def equal(actual, expected, what=""):
    if actual != expected:
        raise AssertionError(f"{what}: expected {expected!r}, got {actual!r}")


def contains(text, part):
    if part not in text:
        raise AssertionError(f"{part!r} is not in {text!r}")


def expect(result, status, stdout=None, stderr_has=None):
    """Compares how a program ended."""
    details = f"{result.args}, stdout {result.stdout!r}, stderr {result.stderr!r}"
    equal(result.returncode, status, f"exit status of {details}")
    if stdout is not None:
        equal(result.stdout, stdout, details)
    if stderr_has is not None:
        contains(result.stderr, stderr_has)
    return result


def main(prefix, tests):
    """Runs the functions, named by what they are called, and prints TAP."""
    n_failed = 0
    print(f"1..{len(tests)}", flush=True)
    for number, test in enumerate(tests, start=1):
        name = f"/malt/{prefix}/{test.__name__.replace('_', '-')}"
        try:
            test()
            print(f"ok {number} {name}", flush=True)
        except Skip as skip:
            print(f"ok {number} {name} # SKIP {skip}", flush=True)
        except Exception:  # pylint: disable=broad-except # a test may fail in any way
            n_failed += 1
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
            print(f"not ok {number} {name}", flush=True)
    sys.exit(1 if n_failed else 0)

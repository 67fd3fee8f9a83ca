#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`malt conformance` tells what is right from what is wrong, and in what."""

import json
import os
import re
import tempfile

from malt_tap import built, contains, equal, expect, main, malt, need_crashes

# What is run of the contract: enough for every fault of the wrong backend to show.
ONLY = ("--only", "/basic", "--only", "/end/calls-at", "--only", "/end/dead")

AT_THE_END = {"/end/calls-at-stop", "/end/calls-at-kill", "/end/calls-at-others-kill",
              "/end/calls-at-crash", "/end/calls-at-leave", "/end/dead"}


def conformance(backend, *arguments):
    return malt("conformance", "--backend", backend, *arguments,
                MALT_CONFORMANCE=built("tests", "contract", "malt-conformance"),
                MALT_PLUGIN_PATH=":".join((built("tests", "fixtures", "backends"),
                                           built("backends", "process"),
                                           built("backends", "in-process"),
                                           built("plugins", "lua"))))


def cases(result, words):
    return set(re.findall(rf"^{words} \d+ /malt/contract/[a-z-]+(/[a-z/-]+)", result.stdout,
                          re.MULTILINE))


def expect_failures(fault, failures):
    result = expect(conformance("wrong", "-o", "fault=" + fault, *ONLY), 1 if failures else 0)
    contains(result.stdout, "1..")
    equal(cases(result, "not ok"), failures, result.stdout)
    return result


def a_backend_of_the_configuration():
    with tempfile.TemporaryDirectory(prefix="malt-test-") as folder:
        path = os.path.join(folder, "config.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"plugin-path": [built("tests", "fixtures", "backends")]}, file)
        result = malt("conformance", "--backend", "wrong", "-o", "fault=none", "--only",
                      "/basic/life", MALT_CONFIG=path,
                      MALT_CONFORMANCE=built("tests", "contract", "malt-conformance"))
        expect(result, 0)
        equal(cases(result, "ok"), {"/basic/life"}, result.stdout)


def what_is_right_holds():
    expect_failures("none", set())


def a_call_that_is_forgotten():
    """What hangs is ended, and the others run nevertheless."""
    result = expect(conformance("wrong", "-o", "fault=forgets", "--only", "/basic/life", "--only",
                                "/end/calls-at-stop", "--deadline", "20"), 1)
    equal(cases(result, "ok"), {"/basic/life"}, result.stdout)
    equal(cases(result, "not ok"), {"/end/calls-at-stop"}, result.stdout)
    contains(result.stdout, "# ended by signal 9")


def errors_of_another_domain():
    expect_failures("domain", AT_THE_END)


def a_crash():
    """In kill(), so that only those crash that call it."""
    need_crashes()
    result = expect_failures("crash", {"/basic/capabilities", "/end/calls-at-kill", "/end/dead"})
    contains(result.stdout, "# ended by signal 11")


def everything_is_wrong():
    """What every case looks at: each call ends once, later, and no worker runs in the end."""
    for fault in ("twice", "running", "inside"):
        result = expect(conformance("wrong", "-o", "fault=" + fault, "--deadline", "10",
                                    "--only", "/basic/ping"), 1)
        equal(cases(result, "not ok"), {"/basic/ping"}, result.stdout)


def what_is_not_declared_is_passed_over():
    result = expect(conformance("in-process", "--only", "/end/calls-at-kill"), 0)
    contains(result.stdout, "# SKIP the backend does not declare ")
    contains(result.stdout, "# 0 cases hold, 0 do not, 1 were passed over")


def mistakes_of_the_command_line():
    expect(conformance("nonesuch"), 2, "", "nonesuch")
    expect(conformance("wrong", "-o", "fault=none-at-all"), 2, "", "fault")
    expect(malt("conformance", MALT_CONFORMANCE="/no/such/suite"), 1, "", "/no/such/suite")
    expect(conformance("wrong", "--only", "/no/such"), 2, None, "No case begins with /no/such")
    expect(conformance("wrong", "--only", "basic"), 2, "", "expected a path, as /basic")
    expect(conformance("wrong", "--deadline", "-1"), 2, "", "expected seconds")
    expect(conformance("wrong", "x"), 2, "", "expected no argument")


if __name__ == "__main__":
    main("conformance", [
        what_is_right_holds,
        a_backend_of_the_configuration,
        a_call_that_is_forgotten,
        errors_of_another_domain,
        a_crash,
        everything_is_wrong,
        what_is_not_declared_is_passed_over,
        mistakes_of_the_command_line,
    ])

#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program that builds malt along as a subproject of meson, and runs from its build folder."""

import json
import os
import shutil
import subprocess
import tempfile

from malt_tap import SOURCE, Skip, equal, main

FOLDER = tempfile.TemporaryDirectory(prefix="malt-test-")
BUILD_FOLDER = os.path.join(FOLDER.name, "build")

# The library, and what its first worker takes.
TARGETS = ("program", "malt-worker", "malt-process", "malt-lua")

# Some 200 files of C, on a machine that may have better to do; in seconds.
BUILD_DEADLINE = 900


def command(*argv):
    # What the tests set would hide what `meson devenv` does not.
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("MALT_")}
    result = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, encoding="utf-8", env=environment,
                            timeout=BUILD_DEADLINE, check=False)
    equal(result.returncode, 0, f"{argv}: {result.stdout}")
    return result.stdout


def builds_along():
    for program in ("meson", "ninja"):
        if shutil.which(program) is None:
            raise Skip(f"there is no {program}")
    if os.environ["MALT_SANITIZE"] != "none":
        raise Skip("without a sanitizer it shows the same")
    source = os.path.join(FOLDER.name, "source")
    shutil.copytree(os.path.join(SOURCE, "tests", "subproject"), source)
    shutil.copy(os.path.join(SOURCE, "examples", "readme.c"), source)
    os.mkdir(os.path.join(source, "subprojects"))
    os.symlink(SOURCE, os.path.join(source, "subprojects", "malt"))
    command("meson", "setup", "--force-fallback-for=malt", "-Dmalt:introspection=disabled",
            "-Dmalt:vapi=disabled", "-Dmalt:cli=disabled", BUILD_FOLDER, source)
    command("meson", "compile", "-j", "2", "-C", BUILD_FOLDER, *TARGETS)


def need_program():
    if not os.path.exists(os.path.join(BUILD_FOLDER, "program")):
        raise Skip("it was not built")


def runs_from_its_build_folder():
    need_program()
    program = os.path.join(BUILD_FOLDER, "program")
    equal(command("meson", "devenv", "-C", BUILD_FOLDER, program), "42\n")


def has_no_tests_and_examples_of_ours():
    need_program()
    equal(json.loads(command("meson", "introspect", "--tests", BUILD_FOLDER)), [])
    targets = json.loads(command("meson", "introspect", "--targets", BUILD_FOLDER))
    equal([target["name"] for target in targets if target["name"].startswith(("example-", "test-"))], [])


main("subproject", [
    builds_along,
    runs_from_its_build_folder,
    has_no_tests_and_examples_of_ours,
])

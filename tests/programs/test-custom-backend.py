#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A backend of somebody else's: built against the installed library, and what is said about it."""

import os
import re
import shutil
import tempfile

from malt_tap import (BUILD, MALT, SOURCE, Skip, built, contains, equal, expect, main, malt,
                      need_crashes, run)

EXAMPLE = os.path.join(SOURCE, "examples", "custom-backend")
FOLDER = tempfile.TemporaryDirectory(prefix="malt-test-")


def folder(*path):
    return os.path.join(FOLDER.name, *path)


PLUGIN_PATH = ":".join((folder("build"), built("backends", "process"), built("plugins", "lua")))


def command(*argv, **extra):
    result = run(*argv, **extra)
    equal(result.returncode, 0, f"{argv}: {result.stdout}{result.stderr}")
    return result


def pkg_config():
    return os.pathsep.join(filter(None, (FOLDER.name, os.environ.get("PKG_CONFIG_PATH"))))


def install():
    """DESTDIR moves the files and not what malt-1.pc says, and a sysroot would move GLib, too."""
    command("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir",
            folder("root"))
    found = [os.path.join(path, name) for path, _, files in os.walk(folder("root"))
             for name in files if name.endswith(".pc")]
    for path in found:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        prefix = re.search(r"^prefix=(.*)$", text, re.MULTILINE)[1]
        with open(folder(os.path.basename(path)), "w", encoding="utf-8") as file:
            file.write(text.replace(f"prefix={prefix}\n", f"prefix={folder('root')}{prefix}\n"))


def builds_against_the_installed_library():
    for program in ("meson", "ninja", "pkg-config"):
        if shutil.which(program) is None:
            raise Skip(f"there is no {program}")
    install()
    command("meson", "setup", "--werror", folder("build"), EXAMPLE, PKG_CONFIG_PATH=pkg_config())
    command("ninja", "-C", folder("build"))


def need_example():
    if not os.path.exists(folder("build", "libmalt-replay.so")):
        raise Skip("the example was not built")


def the_contract_is_a_library():
    need_example()
    if not os.path.exists(folder("malt-conformance-1.pc")):
        raise Skip("the conformance suite is not installed")
    compiler = shutil.which("cc")
    if compiler is None or os.environ["MALT_SANITIZE"] != "none":
        raise Skip("there is no cc, or a sanitizer that it does not know of")
    flags = command("pkg-config", "--cflags", "--libs", "malt-conformance-1",
                    PKG_CONFIG_PATH=pkg_config()).stdout.split()
    command(compiler, "-o", folder("conformance"), os.path.join(EXAMPLE, "conformance.c"), *flags)
    libraries = [flag[2:] for flag in flags if flag.startswith("-L")]
    contains(command(folder("conformance"), "--list-cases",
                     LD_LIBRARY_PATH=":".join(libraries)).stdout, "/basic/life")


def is_listed():
    need_example()
    text = expect(malt("backends", "--verbose", MALT_PLUGIN_PATH=PLUGIN_PATH), 0).stdout
    for part in ("record (RecordWorker)\n  loaded from " + folder("build", "libmalt-record.so"),
                 "  profile: text; process by default", "replay (ReplayWorker)"):
        contains(text, part)


def walk():
    with open(os.path.join(SOURCE, "docs", "writing-a-backend.md"), encoding="utf-8") as file:
        return file.read()


def sessions():
    """Each command of the walk, with its output, in which "…" stands for anything."""
    command, output = None, []
    for line in walk().splitlines() + ["    $ "]:
        if line.startswith("    $ "):
            if command is not None:
                yield command, "".join(output)
            command, output = line[6:], []
        elif line.startswith("    ") and command is not None:
            output.append(line[4:] + "\n")


def a_failure_is_recorded_and_replayed():
    """As the walk says it, in a shell."""
    need_example()
    need_crashes()
    os.mkdir(folder("session"))
    with open(folder("session", "config.json"), "w", encoding="utf-8") as file:
        file.write(re.search(r"^```json\n(.*?)^```", walk(), re.MULTILINE | re.DOTALL)[1])
    os.symlink(built("examples", "survey"), folder("session", "modules"))
    n_sessions = 0
    for line, output in sessions():
        result = run("sh", "-c", f"cd {folder('session')}; {line}", MALT_PLUGIN_PATH=PLUGIN_PATH,
                     MALT_CONFIG=folder("session", "config.json"),
                     PATH=os.path.dirname(MALT) + ":" + os.environ["PATH"])
        pattern = ".*".join(re.escape(part) for part in output.split("…"))
        equal(re.fullmatch(pattern, result.stdout + result.stderr) is not None, True,
              f"{line}: {result}")
        n_sessions += 1
    equal(n_sessions >= 7, True, "number of commands")


def the_walk_shows_the_code():
    """What docs/writing-a-backend.md shows as C stands in the example as it is."""
    code = ""
    for name in ("record.c", "recording.c", "replay.c", "meson.build"):
        with open(os.path.join(EXAMPLE, name), encoding="utf-8") as file:
            code += file.read()
    blocks = re.findall(r"^```(?:c|meson)\n(.*?)^```", walk(), re.MULTILINE | re.DOTALL)
    equal(len(blocks) >= 5, True, "number of excerpts")
    for block in blocks:
        contains(code, block)


if __name__ == "__main__":
    main("custom-backend", [
        builds_against_the_installed_library,
        the_contract_is_a_library,
        is_listed,
        a_failure_is_recorded_and_replayed,
        the_walk_shows_the_code,
    ])

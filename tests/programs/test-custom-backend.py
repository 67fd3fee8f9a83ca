#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A backend of somebody else's: built against the installed library, and what is said about it."""

import os
import re
import shutil
import tempfile

from malt_tap import BUILD, SOURCE, Skip, built, contains, equal, expect, main, malt, run

EXAMPLE = os.path.join(SOURCE, "examples", "custom-backend")
FOLDER = tempfile.TemporaryDirectory(prefix="malt-test-")


def folder(*path):
    return os.path.join(FOLDER.name, *path)


def command(*argv, **extra):
    result = run(*argv, **extra)
    equal(result.returncode, 0, f"{argv}: {result.stdout}{result.stderr}")
    return result


def malt_with_example(*arguments):
    return malt(*arguments, MALT_PLUGIN_PATH=":".join(
        (folder("build"), built("backends", "process"), built("plugins", "lua"))))


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
    with open(folder("conformance.c"), "w", encoding="utf-8") as file:
        file.write("#include <malt-conformance.h>\n"
                   "int main (int argc, char **argv)\n"
                   "{ malt_init (&argc, &argv); return malt_contract_main (argc, argv); }\n")
    flags = command("pkg-config", "--cflags", "--libs", "malt-conformance-1",
                    PKG_CONFIG_PATH=pkg_config()).stdout.split()
    command(compiler, "-o", folder("conformance"), folder("conformance.c"), *flags)
    libraries = [flag[2:] for flag in flags if flag.startswith("-L")]
    contains(command(folder("conformance"), "--list-cases",
                     LD_LIBRARY_PATH=":".join(libraries)).stdout, "/basic/life")


def is_listed():
    need_example()
    text = expect(malt_with_example("backends", "--verbose"), 0).stdout
    for part in ("record (RecordWorker)\n  loaded from " + folder("build", "libmalt-record.so"),
                 "  profile: text; process by default", "replay (ReplayWorker)"):
        contains(text, part)


def record(*arguments):
    return malt_with_example(arguments[0], "--backend", "record", "-o",
                             "file=" + folder("calls"), *arguments[1:])


def replay(*arguments):
    return malt_with_example(arguments[0], "--backend", "replay", "-o",
                             "file=" + folder("calls"), *arguments[1:])


def replays_what_it_recorded():
    need_example()
    expect(record("eval", "--", "math.random (1000000) .. ...", "a\nb"), 0)
    with open(folder("calls"), encoding="utf-8") as file:
        contains(file.read(), "malt.eval")
    expected = record("eval", "--", "math.random (1000000) .. ...", "a\nb").stdout
    expect(replay("eval", "--", "math.random (1000000) .. ...", "a\nb"), 0, expected, "")
    expect(replay("eval", "--", "math.random (1000000) .. ...", "c"), 1, "", "has no other call")


def replays_failures():
    need_example()
    expected = record("eval", "error ('no luck')")
    expect(expected, 1, "", "no luck")
    equal(replay("eval", "error ('no luck')").stderr, expected.stderr)
    expected = record("eval", "--timeout", "50", "malt.sleep (3600)")
    expect(expected, 124, "")
    equal(replay("eval", "malt.sleep (3600)").stderr, expected.stderr)


def refuses_what_is_no_record():
    need_example()
    with open(folder("calls"), "w", encoding="utf-8") as file:
        file.write("nonsense\n")
    expect(replay("eval", "1"), 3, "", "line 1")
    os.remove(folder("calls"))
    expect(replay("eval", "1"), 3, "", folder("calls"))


def the_walk_shows_the_code():
    """What docs/writing-a-backend.md shows as C stands in the example as it is."""
    code = ""
    for name in ("record.c", "replay.c", "meson.build"):
        with open(os.path.join(EXAMPLE, name), encoding="utf-8") as file:
            code += file.read()
    with open(os.path.join(SOURCE, "docs", "writing-a-backend.md"), encoding="utf-8") as file:
        text = file.read()
    blocks = re.findall(r"^```(?:c|meson)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    equal(len(blocks) >= 5, True, "number of excerpts")
    for block in blocks:
        contains(code, block)


if __name__ == "__main__":
    main("custom-backend", [
        builds_against_the_installed_library,
        the_contract_is_a_library,
        is_listed,
        replays_what_it_recorded,
        replays_failures,
        refuses_what_is_no_record,
        the_walk_shows_the_code,
    ])

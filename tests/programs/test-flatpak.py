#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What docs/flatpak.md says of sandboxes, shown in namespaces and under a filter like Flatpak's."""

import json
import os
import shutil

from malt_tap import MALT, Skip, built, contains, equal, expect, main, malt, run

LIKE_FLATPAK = built("tests", "sandbox", "like-flatpak")


def inside(*argv):
    """Runs a program as Flatpak does: its own namespaces, the system read-only, fewer system calls."""
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise Skip("bubblewrap is not installed")
    confined = [bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/", "/",
                "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/run", LIKE_FLATPAK]
    if run(*confined, "true").returncode != 0:
        raise Skip("bubblewrap cannot make namespaces here")
    return run(*confined, *argv)


def malt_inside(*arguments):
    return inside(MALT, *arguments)


def need_profile(name):
    """Skips what does not work outside of it either."""
    if os.environ["MALT_SANITIZE"] != "none":
        raise Skip("a sanitizer needs what a sandbox refuses")
    if not json.loads(malt("doctor", "--json").stdout)["profiles"][name]["available"]:
        raise Skip(f"there is no profile {name} here")


def namespaces_are_refused():
    equal(inside("unshare", "--user", "true").returncode != 0, True, "a user namespace in the sandbox")


def strict_nests():
    need_profile("strict")
    states = json.loads(expect(malt_inside("doctor", "--json"), 0).stdout)["profiles"]
    equal(states["strict"]["available"], True, states["strict"]["text"])
    result = malt_inside("eval", "--backend", "process", "--option", "sandbox=strict",
                         "assert (not io.open ('/etc/passwd')); return 6 * 7")
    expect(result, 0, "42\n")


def isolated_does_not_nest():
    need_profile("isolated")
    states = json.loads(expect(malt_inside("doctor", "--json"), 0).stdout)["profiles"]
    equal(states["isolated"]["available"], False)
    contains(states["isolated"]["text"], "the next weaker one is “strict”")
    result = malt_inside("eval", "--backend", "process", "--option", "sandbox=isolated", "6 * 7")
    equal(result.returncode != 0, True, result.stdout)
    contains(result.stderr, "The sandbox profile “isolated” is not available")


main("flatpak", [
    namespaces_are_refused,
    strict_nests,
    isolated_does_not_nest,
])

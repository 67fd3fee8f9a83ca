#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What people read agrees with the programs and with itself."""

import os
import re
import shutil

from malt_tap import MALT, SOURCE, Skip, contains, equal, expect, main, malt, run

VERBS = ("eval", "call", "map", "repl", "backends", "modules", "config",
         "conformance", "doctor", "hosts")


def read(*path):
    with open(os.path.join(SOURCE, *path), encoding="utf-8") as file:
        return file.read()


def need_malt():
    if not os.path.exists(MALT):
        raise Skip("the malt command is not built")


def long_options():
    """Every option in the help of every command."""
    need_malt()
    helps = "".join(expect(malt(verb, "--help"), 0).stdout for verb in VERBS)
    return sorted(set(re.findall(r"^  (?:-\w, )?--([a-z-]+)", helps, re.MULTILINE)))


def manual_page_has_every_option():
    page = read("docs", "man", "malt.1").replace("\\-", "-")
    for option in long_options():
        contains(page, "--" + option)


def completion_has_every_option():
    completion = read("malt", "programs", "completions", "malt")
    for option in long_options():
        contains(completion, "--" + option)


def exit_statuses_agree():
    need_malt()
    by_help = dict(re.findall(r"^  (\d+) +(.*)$", malt("--help").stdout, re.MULTILINE))
    section = read("docs", "man", "malt.1").partition('.SH "EXIT STATUS"')[2].partition(".SH")[0]
    by_page = dict(re.findall(r"^\.B (\d+)\n(.*)$", section, re.MULTILINE))
    equal({status: text.rstrip(".").split(";")[0].lower() for status, text in by_page.items()},
          {status: text.rstrip(".").lower() for status, text in by_help.items()})


def manual_pages_are_clean():
    groff = shutil.which("groff")
    if groff is None:
        raise Skip("groff is not installed")
    for name in ("malt.1", "malt-worker.1", "malt-host.1"):
        page = os.path.join(SOURCE, "docs", "man", name)
        result = run(groff, "-man", "-ww", "-Tutf8", "-z", page)
        expect(result, 0, "")
        equal(result.stderr, "", name)


def excerpts_are_the_examples():
    for page in ("README.md", os.path.join("docs", "bindings.md"), os.path.join("docs", "pool.md")):
        blocks = re.findall(r"<!-- ((?:examples|tests)/\S+) -->\n```\w+\n(.*?)```", read(page), re.DOTALL)
        equal(bool(blocks), True, f"excerpts in {page}")
        for path, block in blocks:
            contains(read(*path.split("/")), block)


def links_lead_somewhere():
    for name in ("README.md", os.path.join("docs", "protocol.md")):
        folder = os.path.dirname(name)
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", read(name)):
            path = os.path.join(SOURCE, folder, target)
            equal("://" in target or os.path.exists(path), True, f"{target} in {name}")


def build_options_are_in_the_readme():
    text = read("README.md")
    for option in re.findall(r"option\('(\w+)'", read("meson_options.txt")):
        contains(text, f"`{option}`")


main("texts", [
    manual_page_has_every_option,
    completion_has_every_option,
    exit_statuses_agree,
    manual_pages_are_clean,
    excerpts_are_the_examples,
    links_lead_somewhere,
    build_options_are_in_the_readme,
])

#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What people read agrees with the programs and with itself."""

import os
import re
import shutil

from malt_tap import MALT, SOURCE, Skip, built, contains, equal, expect, main, malt, run

VERBS = ("eval", "call", "map", "repl", "backends", "modules", "config",
         "conformance", "doctor", "hosts")


def read(*path):
    with open(os.path.join(SOURCE, *path), encoding="utf-8") as file:
        return file.read()


def need_malt():
    if not os.path.exists(MALT):
        raise Skip("the malt command is not built")


def long_options(*programs):
    """Every option in the help of every command."""
    helps = "".join(expect(run(*program, "--help"), 0).stdout for program in programs)
    return sorted(set(re.findall(r"^  (?:-\w, )?--([a-z-]+)", helps, re.MULTILINE)))


def options_of_malt():
    need_malt()
    return long_options(*((MALT, verb) for verb in VERBS))


def options_in(page):
    """Those of a manual page, but not the ones of examples."""
    text = read("docs", "man", page).replace("\\-", "-").partition(".SH EXAMPLES")[0]
    return set(re.findall(r"--([a-z][a-z-]+)", text))


def manual_page_has_every_option():
    equal(sorted(options_in("malt.1") - {"version"}), options_of_malt())


def manual_page_of_hosts_has_every_option():
    program = built("backends", "distributed", "host", "malt-host")
    if not os.path.exists(program):
        raise Skip("malt-host is not built")
    equal(sorted(options_in("malt-host.1")), long_options((program,)))


def manual_page_of_workers_has_every_option():
    equal(sorted(options_in("malt-worker.1")), ["malt-worker", "version"])


def manual_page_has_every_command():
    need_malt()
    commands = re.findall(r"^  ([a-z]+) +[A-Z]", malt("--help").stdout.partition("Exit")[0], re.MULTILINE)
    equal(sorted(commands), sorted(VERBS + ("help",)))
    for command in commands:
        contains(read("docs", "man", "malt.1"), f".TP\n.B {command}\n")


def manual_page_of_the_file_has_every_member():
    page = read("docs", "man", "malt.5").replace("\\-", "-")
    chapter = read("docs", "configuration.md").partition("## Which one")[0]
    for member in re.findall(r"^\| `([^`]+)` \|", chapter, re.MULTILINE):
        contains(page, f".TP\n.B {member}\n")


def completion_has_every_option():
    completion = read("malt", "programs", "completions", "malt")
    for option in options_of_malt():
        contains(completion, "--" + option)


def exit_statuses_agree():
    need_malt()
    by_help = dict(re.findall(r"^  (\d+) +(.*)$", malt("--help").stdout, re.MULTILINE))
    section = read("docs", "man", "malt.1").partition('.SH "EXIT STATUS"')[2].partition(".SH")[0]
    by_page = dict(re.findall(r"^\.B (\d+)\n(.*)$", section, re.MULTILINE))
    equal({status: text.rstrip(".").split(";")[0].lower() for status, text in by_page.items()},
          {status: text.rstrip(".").lower() for status, text in by_help.items()})


def manual_pages_are_clean():
    """Passes over what mandoc wants of those in its own language."""
    groff, mandoc = shutil.which("groff"), shutil.which("mandoc")
    if groff is None and mandoc is None:
        raise Skip("neither groff nor mandoc is installed")
    for name in sorted(os.listdir(os.path.join(SOURCE, "docs", "man"))):
        page = os.path.join(SOURCE, "docs", "man", name)
        if groff is not None:
            result = run(groff, "-man", "-ww", "-Tutf8", "-z", page)
            expect(result, 0, "")
            equal(result.stderr, "", name)
        if mandoc is not None:
            equal(run(mandoc, "-Tlint", "-Wwarning", page).stdout, "", name)


def chapters():
    return [os.path.join("docs", name) for name in sorted(os.listdir(os.path.join(SOURCE, "docs")))
            if name.endswith(".md")]


def excerpts_are_the_examples():
    for page in ["README.md"] + chapters():
        text = read(page)
        blocks = re.findall(r"<!-- ((?:examples|tests)/\S+) -->\n```\w+\n(.*?)```", text, re.DOTALL)
        equal(len(blocks), len(re.findall("<!-- (?:examples|tests)/", text)), f"excerpts in {page}")
        for path, block in blocks:
            contains(read(*path.split("/")), block)


def code_is_compiled():
    """What a chapter shows without saying where it is from stands in one of these, too."""
    compiled = ""
    for top in ("examples", os.path.join("plugins", "functions"), "tests"):
        for folder, _, names in os.walk(os.path.join(SOURCE, top)):
            compiled += "".join(read(folder, name) for name in names if name.endswith((".c", ".py")))
    n_blocks = 0
    for page in chapters():
        for block in re.findall(r"^```(?:c|python)\n(.*?)^```", read(page), re.MULTILINE | re.DOTALL):
            equal(block in compiled, True, f"{page}: {block}")
            n_blocks += 1
    equal(n_blocks >= 35, True, f"{n_blocks} blocks of code")


def links_lead_somewhere():
    for name in ["README.md", "CONTRIBUTING.md"] + chapters():
        folder = os.path.dirname(name)
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", read(name)):
            path = os.path.join(SOURCE, folder, target)
            equal("://" in target or os.path.exists(path), True, f"{target} in {name}")


def chapters_are_in_the_reference():
    listed = read("docs", "meson.build")
    for page in chapters():
        contains(listed, f"  '{os.path.basename(page)}',\n")


def cases_that_are_named_are_in_the_contract():
    known = read("docs", "contract.md")
    for name in re.findall(r"`(/[a-z]+/[a-z-]+)`", read("docs", "malt-jl.md")):
        contains(known, f"`{name}`")


def build_options_are_in_the_readme():
    text = read("README.md")
    for option in re.findall(r"option\('(\w+)'", read("meson_options.txt")):
        contains(text, f"`{option}`")


main("texts", [
    manual_page_has_every_option,
    manual_page_of_hosts_has_every_option,
    manual_page_of_workers_has_every_option,
    manual_page_has_every_command,
    manual_page_of_the_file_has_every_member,
    completion_has_every_option,
    exit_statuses_agree,
    manual_pages_are_clean,
    excerpts_are_the_examples,
    code_is_compiled,
    links_lead_somewhere,
    chapters_are_in_the_reference,
    cases_that_are_named_are_in_the_contract,
    build_options_are_in_the_readme,
])

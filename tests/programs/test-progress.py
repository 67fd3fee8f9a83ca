#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The progress bar of malt call and malt eval."""

import os
import re
import signal

from malt_screen import Terminal
from malt_tap import MALT, MODULES, STATE, contains, equal, expect, main, malt

ROWS, COLUMNS = 10, 60


def on_terminal(*arguments, **extra):
    return Terminal(MALT, *arguments, rows=ROWS, columns=COLUMNS, **extra)


def bar(screen):
    """What the last line shows: percent, the bar, the text."""
    return re.fullmatch(r" *(\d+) % ([━╸─#.]+) ?(.*)", screen.line(ROWS - 1))


def wait_for_bar(terminal, percent):
    def is_there(screen):
        match = bar(screen)
        return match is not None and int(match[1]) == percent

    terminal.wait_for(is_there, f"a bar of {percent} %")
    return bar(terminal.screen)


def assert_clean(terminal):
    """The terminal is as it was: no bar, and all of it scrolls."""
    screen = terminal.screen
    equal(bar(screen), None)
    equal((screen.top, screen.bottom), (0, ROWS - 1))
    equal(screen.line(ROWS - 1), "")


def shows_how_far_the_call_is():
    terminal = on_terminal("eval", "malt.progress (.25, 'a quarter') malt.sleep (1e6)")
    match = wait_for_bar(terminal, 25)
    equal(len(match[2]), 20)
    equal(match[3], "a quarter")
    contains(terminal.raw, "\033[36m━━━━━\033[90m━━━━━━━━━━━━━━━\033[0m")
    os.kill(terminal.pid, signal.SIGINT)
    equal(terminal.leave(), 130)
    assert_clean(terminal)


def shows_the_last_of_some_quick_steps():
    terminal = on_terminal("eval", "for i = 1, 8 do malt.progress (i / 10) end malt.sleep (1e6)")
    wait_for_bar(terminal, 80)
    os.kill(terminal.pid, signal.SIGINT)
    equal(terminal.leave(), 130)
    assert_clean(terminal)


def shows_what_a_function_reports_that_an_expression_calls():
    path = os.path.join(STATE.name, "large")
    with open(path, "wb") as file:
        file.truncate(64 << 20)
    terminal = on_terminal("eval", "-o", "module-path=" + MODULES,
                           "import 'checksum'; return checksum.file ('sha256', ...)", path)
    terminal.wait_for(bar, "a bar")
    equal(terminal.leave(), 0)
    assert_clean(terminal)
    equal(re.fullmatch("'[0-9a-f]{64}'", terminal.screen.text().replace("\n", "")) is not None,
          True, terminal.screen.text())
    os.remove(path)


def leaves_what_the_worker_prints_alone():
    terminal = on_terminal("eval", "io.write ('be') malt.progress (.1) io.write ('gin\\n') "
                           "for i = 1, 30 do malt.progress (i / 30, 'line ' .. i) print (i) "
                           "malt.sleep (.01) end return 'end'")
    equal(terminal.leave(), 0)
    assert_clean(terminal)
    equal(terminal.screen.text().split(), ["begin", *map(str, range(1, 31)), "'end'"])


def cuts_the_text_to_the_terminal():
    text = "'\\27[2J\\r' .. ('ü日'):rep (1000) .. '\\n\\255'"
    terminal = on_terminal("eval", f"malt.progress (.5, {text}) malt.sleep (1e6)")
    match = wait_for_bar(terminal, 50)
    # The screen of this test counts characters, a terminal columns: 日 has two.
    shown = match[3].lstrip()
    equal(shown, ("[2J " + "ü日" * 20)[:len(shown) - 1] + "…")
    width = sum(2 if character == "日" else 1 for character in shown)
    equal(24 <= width <= COLUMNS - 28, True, f"{width} columns")
    os.kill(terminal.pid, signal.SIGINT)
    equal(terminal.leave(), 130)
    assert_clean(terminal)


def cleans_up_when_the_call_fails():
    terminal = on_terminal("eval", "malt.progress (.5, 'half') malt.sleep (.1) error ('oh')")
    wait_for_bar(terminal, 50)
    equal(terminal.leave(), 1)
    assert_clean(terminal)
    contains(terminal.screen.text(), "oh")


def cleans_up_when_it_is_ended():
    for signum in (signal.SIGTERM, signal.SIGHUP):
        terminal = on_terminal("eval", "malt.progress (.5, 'half') malt.sleep (1e6)")
        wait_for_bar(terminal, 50)
        os.kill(terminal.pid, signum)
        equal(terminal.leave(), -signum)
        assert_clean(terminal)


def does_without_colours():
    terminal = on_terminal("eval", "malt.progress (.5, 'half') malt.sleep (1e6)", NO_COLOR="1")
    equal(wait_for_bar(terminal, 50)[2], "━" * 10 + "─" * 10)
    equal("\033[3" in terminal.raw, False, repr(terminal.raw))
    os.kill(terminal.pid, signal.SIGINT)
    equal(terminal.leave(), 130)


def does_without_unicode():
    terminal = on_terminal("eval", "malt.progress (.5, 'h\\u{e4}lf') malt.sleep (1e6)",
                           LC_ALL="C", NO_COLOR="1")
    match = wait_for_bar(terminal, 50)
    equal(match[2], "#" * 10 + "." * 10)
    equal(match[3], "h?lf")
    os.kill(terminal.pid, signal.SIGINT)
    equal(terminal.leave(), 130)


def shows_nothing_that_is_not_wanted():
    expression = "malt.progress (.5, 'half') malt.sleep (.1) malt.progress (1) return 'done'"
    for arguments, extra in ((["--no-progress"], {}), ([], {"TERM": "dumb"})):
        terminal = on_terminal("eval", *arguments, expression, **extra)
        equal(terminal.leave(), 0)
        equal(terminal.raw, "'done'\r\n")
    expect(malt("eval", expression), 0, "'done'\n")
    equal(malt("eval", expression).stderr, "")


main("progress", [
    shows_how_far_the_call_is,
    shows_the_last_of_some_quick_steps,
    shows_what_a_function_reports_that_an_expression_calls,
    leaves_what_the_worker_prints_alone,
    cuts_the_text_to_the_terminal,
    cleans_up_when_the_call_fails,
    cleans_up_when_it_is_ended,
    does_without_colours,
    does_without_unicode,
    shows_nothing_that_is_not_wanted,
])

#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""malt repl, at a terminal and from a pipe."""

import os
import pty
import re
import select
import signal
import subprocess
import termios
import time

from malt_tap import (DEADLINE, MALT, STATE, contains, environment, equal, expect, is_gone, main,
                      malt)

PROMPT = "malt> "
MORE = "    > "
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\x07")


class Terminal:
    """malt repl on a terminal of its own."""

    def __init__(self, *arguments, **extra):
        self.text = ""
        self.raw = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(MALT, [MALT, "repl", *arguments], environment(**extra))

    def wait_for(self, expected, pressing=""):
        """Reads until the text shows up, and answers what came before it.

        Impatient people press the same keys again and again meanwhile."""
        deadline = time.monotonic() + DEADLINE
        while expected not in self.text:
            ready, _, _ = select.select([self.fd], [], [], 0.2 if pressing else DEADLINE)
            if pressing and not ready and time.monotonic() < deadline:
                self.type(pressing)
                continue
            try:
                piece = os.read(self.fd, 4096) if ready else b""
            except OSError:  # the other end is closed
                piece = b""
            if not piece:
                raise AssertionError(f"waited for {expected!r}, got {self.text[-2000:]!r}")
            piece = piece.decode("utf-8", "replace")
            self.raw += piece
            self.text += CONTROL.sub("", piece)
        before, _, self.text = self.text.partition(expected)
        return before

    def wait_for_prompt(self, prompt=PROMPT):
        """Waits for a prompt, and for the terminal to hand over single keys, a little later."""
        before = self.wait_for(prompt)
        deadline = time.monotonic() + DEADLINE
        while termios.tcgetattr(self.fd)[3] & termios.ICANON:
            if time.monotonic() > deadline:
                raise AssertionError("the terminal keeps its lines")
            time.sleep(0.001)
        return before

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def say(self, line, prompt=PROMPT):
        """Types a line and answers what is printed up to the next prompt."""
        self.type(line + "\n")
        self.wait_for(line[-1])
        return self.wait_for_prompt("\n" + prompt).partition("\n")[2]

    def leave(self):
        """Presses Ctrl-D and answers the exit status."""
        self.type("\x04")
        while True:
            try:
                if not select.select([self.fd], [], [], DEADLINE)[0] or not os.read(self.fd, 4096):
                    break
            except OSError:
                break
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def terminal(*arguments, **extra):
    result = Terminal(*arguments, **extra)
    result.wait_for_prompt()
    return result


def evaluates_lines_in_one_worker():
    repl = terminal()
    equal(repl.say("x = 6"), "6")
    equal(repl.say("x * 7"), "42")
    equal(repl.leave(), 0)


def prints_nothing_for_nothing():
    result = expect(malt("repl", stdin="function f () end\nx\n'end'\n"), 0)
    equal(result.stdout, "'end'\n")


def continues_what_is_incomplete():
    repl = terminal()
    repl.say("function double (n)", MORE)
    repl.say("return 2 * n", MORE)
    repl.say("end")
    equal(repl.say("double (21)"), "42")
    equal(repl.leave(), 0)


def says_what_was_missing_at_the_end():
    result = expect(malt("repl", stdin="function f ()\n"), 0, "")
    contains(result.stderr, "<eof>")


def shows_errors_in_red_with_their_traceback():
    repl = terminal()
    text = repl.say("error ('oh')")
    contains(text, "oh")
    contains(text, "traceback")
    contains(repl.raw, "\033[1;31m")
    equal(repl.say("1"), "1")
    equal(repl.leave(), 0)


def honours_no_color():
    repl = terminal(NO_COLOR="1")
    contains(repl.say("error ('oh')"), "oh")
    equal("\033[1;31m" in repl.raw, False)
    equal(repl.leave(), 0)


def interrupts_and_keeps_the_worker():
    repl = terminal()
    equal(repl.say("kept = 'kept'"), "'kept'")
    repl.type("print ('rea' .. 'dy') while true do end\n")
    repl.wait_for("ready\n")
    repl.type("\x03")
    repl.wait_for_prompt()
    equal(repl.say("kept"), "'kept'")
    equal(repl.leave(), 0)


def replaces_the_worker_at_the_second_interrupt():
    repl = terminal()
    equal(repl.say("kept = 'kept'"), "'kept'")
    repl.type("print ('rea' .. 'dy') "
              "return ('a'):rep (40):find (('a?'):rep (40) .. ('a'):rep (40))\n")
    repl.wait_for("ready\n")
    repl.wait_for("A new one takes its place", pressing="\x03")
    repl.wait_for_prompt()
    contains(repl.say("'kept is ' .. tostring (kept)"), "'kept is nil'")
    equal(repl.leave(), 0)


def survives_a_worker_that_dies():
    repl = terminal()
    equal(repl.say("pid = io.open ('/proc/self/stat'):read ('n')").isdigit(), True)
    pid = int(repl.say("pid"))
    os.kill(pid, signal.SIGKILL)
    contains(repl.say("'at once'"), "A new one takes its place")
    equal(repl.say("'afterwards'"), "'afterwards'")
    equal(repl.leave(), 0)


def drops_the_line_at_control_c():
    repl = terminal()
    repl.type("error (")
    repl.wait_for("error (")
    repl.type("\x03")
    repl.wait_for_prompt()
    equal(repl.say("1 + 1"), "2")
    repl.say("function f (", MORE)
    repl.type("\x03")
    repl.wait_for_prompt()
    equal(repl.say("2 + 2"), "4")
    equal(repl.leave(), 0)


def remembers_lines():
    repl = terminal()
    repl.say("'remember ' .. 'me'")
    equal(repl.leave(), 0)
    with open(os.path.join(STATE.name, "malt", "history"), encoding="utf-8") as history:
        contains(history.read(), "remember")
    repl = terminal()
    repl.type("\x1b[A")
    repl.wait_for("'remember ' .. 'me'")
    repl.type("\n")
    repl.wait_for("'remember me'")
    repl.wait_for_prompt()
    equal(repl.leave(), 0)


def reads_text_beyond_ascii():
    repl = terminal()
    equal(repl.say("'grüße ' .. #'ü'"), "'grüße 2'")
    equal(repl.leave(), 0)


def leaves_no_worker_behind():
    result = expect(malt("repl", stdin="io.open ('/proc/self/stat'):read ('n')\n"), 0)
    equal(is_gone(result.stdout.strip()), True)


def ends_with_a_signal_like_everybody():
    process = subprocess.Popen([MALT, "repl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               encoding="utf-8", env=environment())
    process.stdin.write("io.open ('/proc/self/stat'):read ('n')\n")
    process.stdin.flush()
    pid = process.stdout.readline().strip()
    process.kill()
    process.wait(DEADLINE)
    deadline = time.monotonic() + DEADLINE
    while not is_gone(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    equal(is_gone(pid), True, "the worker is gone with its manager")


main("repl", [
    evaluates_lines_in_one_worker,
    prints_nothing_for_nothing,
    continues_what_is_incomplete,
    says_what_was_missing_at_the_end,
    shows_errors_in_red_with_their_traceback,
    honours_no_color,
    interrupts_and_keeps_the_worker,
    replaces_the_worker_at_the_second_interrupt,
    survives_a_worker_that_dies,
    drops_the_line_at_control_c,
    remembers_lines,
    reads_text_beyond_ascii,
    leaves_no_worker_behind,
    ends_with_a_signal_like_everybody,
])

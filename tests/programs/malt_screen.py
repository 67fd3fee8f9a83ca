# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A terminal of a few rows, with a program on it: what a person would see."""

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time

from malt_tap import DEADLINE, environment

TOKEN = re.compile(r"\x1b\[(\??[0-9;]*)([A-Za-z])|\x1b([78DM])|([\s\S])")


class Screen:
    """What the sequences that malt writes do to a terminal (ECMA-48, DEC STD 070)."""

    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.lines = [[" "] * columns for _ in range(rows)]
        self.history = []
        self.row = self.column = 0
        self.top, self.bottom = 0, rows - 1
        self.saved = (0, 0)

    def feed(self, text):
        for match in TOKEN.finditer(text):
            parameters, final, escape, character = match.groups()
            if final:
                self.control(parameters, final)
            elif escape == "7":
                self.saved = (self.row, self.column)
            elif escape == "8":
                self.row, self.column = self.saved
            elif escape == "D" or character == "\n":
                self.index()
            elif character == "\r":
                self.column = 0
            elif character is not None:
                self.put(character)

    def put(self, character):
        if self.column == self.columns:
            self.column = 0
            self.index()
        self.lines[self.row][self.column] = character
        self.column += 1

    def index(self):
        if self.row == self.bottom:
            self.history.append("".join(self.lines[self.top]).rstrip())
            del self.lines[self.top]
            self.lines.insert(self.bottom, [" "] * self.columns)
        elif self.row < self.rows - 1:
            self.row += 1

    def control(self, parameters, final):
        numbers = [int(number or 0) for number in parameters.split(";")]
        if final == "A":
            self.row = max(self.row - max(numbers[0], 1), 0)
        elif final == "H":
            self.row, self.column = numbers[0] - 1, (numbers + [1])[1] - 1
        elif final == "K":
            self.lines[self.row] = [" "] * self.columns
        elif final == "r":
            self.top = max(numbers[0], 1) - 1
            self.bottom = (numbers[1] if len(numbers) > 1 else self.rows) - 1
            self.row = self.column = 0
        elif final != "m":
            raise AssertionError(f"unexpected sequence: {parameters}{final}")

    def line(self, row):
        return "".join(self.lines[row]).rstrip()

    def text(self):
        """All that can be seen, and what has scrolled away above."""
        lines = self.history + [self.line(row) for row in range(self.rows)]
        return "\n".join(lines).rstrip("\n")


class Terminal:
    """A program on a screen."""

    def __init__(self, *argv, rows=10, columns=60, **extra):
        self.screen = Screen(rows, columns)
        self.raw = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
                os.execve(argv[0], argv, environment(**extra))
            finally:  # only when there is no such program
                os._exit(127)

    def read(self):
        """Reads what there is; False at the end."""
        try:
            ready = select.select([self.fd], [], [], DEADLINE)[0]
            piece = os.read(self.fd, 4096) if ready else b""
        except OSError:  # the other end is closed
            piece = b""
        self.raw += piece.decode("utf-8", "replace")
        return bool(piece)

    def wait_for(self, condition, what):
        """Looks at the screen whenever something has been written to it."""
        deadline = time.monotonic() + DEADLINE
        while not condition(self.screen):
            seen = len(self.raw)
            if not self.read() or time.monotonic() > deadline:
                raise AssertionError(f"waited for {what}, got {self.screen.text()!r}")
            self.screen.feed(self.raw[seen:])

    def leave(self):
        """Waits for the program to end and answers its exit status."""
        seen = len(self.raw)
        while self.read():
            pass
        self.screen.feed(self.raw[seen:])
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What draw-figures makes of figures: test-draw-figures.py DRAW-FIGURES

The picture is well-formed, says each figure and both numbers, and no text lies on another.
"""

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

FIGURES = """
{"figure":"call","unit":"us","median":21.286,"limit_median":9.347,"ratio":2.277}
{"figure":"of-a-name-that-is-not-known","unit":"ms","median":0.5,"limit_median":1000,"ratio":0.0005}
{"figure":"pipeline","unit":"calls/s","median":1234567.8,"limit_median":987654.3,"ratio":1.25}
{"figure":"call-in-process","unit":"us","median":1,"limit_median":0.1,"ratio":10}
{"figure":"64mib-unix","unit":"ms","median":30,"limit_median":15,"ratio":2}
{"figure":"a <b> & c","unit":"ms","median":0.0271,"dbus_median":123456.7,"ratio":1}
"""

EXPECTED = [
    "call of a C function", "21.3 µs", "9.35 µs", "0.439 ×",
    "of-a-name-that-is-not-known", "500 µs", "1\u202f000 ms", "2\u202f000 ×",
    "64 calls under way", "1\u202f230\u202f000/s", "988\u202f000/s", "1.25 ×",
    "64 MiB, Unix socket", "memcpy()", "0.500 ×",
    "a <b> & c", "27.1 µs", "123\u202f000 ms", "1.00 ×",
]  # fmt: skip

# Of a letter, in parts of the size of the font: sans-serif ones have 0.5 to 0.6.
LETTER = 0.6

SIZES = {"title": 16, "weak": 12, None: 13}


def find_span(text):
    width = len(text.text) * LETTER * SIZES[text.get("class")]
    x = float(text.get("x"))
    return {
        "start": (x, x + width),
        "middle": (x - width / 2, x + width / 2),
        "end": (x - width, x),
    }[text.get("text-anchor")]


def main():
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(FIGURES)
        file.flush()
        run = subprocess.run([sys.executable, sys.argv[1], file.name], check=True, stdout=subprocess.PIPE)
    picture = ElementTree.fromstring(run.stdout)
    texts = picture.findall("{http://www.w3.org/2000/svg}text")
    said = [text.text for text in texts]
    for text in EXPECTED:
        assert text in said, f"“{text}” is not in the picture"
    assert not any("call-in-process" in text for text in said)

    for i, text in enumerate(texts):
        left, right = find_span(text)
        assert left >= 0 and right <= float(picture.get("width")), f"“{text.text}” is outside"
        for other in texts[:i]:
            if other.get("y") == text.get("y"):
                spans = sorted([find_span(other), (left, right)])
                assert spans[0][1] <= spans[1][0], f"“{text.text}” lies on “{other.text}”"


main()

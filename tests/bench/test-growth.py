#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether a call costs more the more of them there are: test-growth.py MALT-BENCH-GROWTH

Callgrind counts the instructions of the manager and of its workers for n, 2 n and 4 n calls. What the
last step takes more than the one before is twice as much where the cost of a call is the same, and
four times as much where each call looks at all the others.
"""

import re
import subprocess
import sys
import tempfile

COUNTS = [1000, 2000, 4000]

# Two, and what batches and tables that grow make of it.
MAX_RATIO = 2.6

# How much of the work meets which state of the others depends on the machine: what grows does so in
# each of them.
ATTEMPTS = 4

FIGURES = ["burst", "cancel", "interrupt", "end-of-worker", "queue"]


def count(program, figure, n):
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [
                "valgrind",
                "--tool=callgrind",
                "--trace-children=yes",
                f"--callgrind-out-file={folder}/%p",
                program,
                "--quick",
                f"--only={figure}",
                f"--n={n}",
            ],
            capture_output=True,
            text=True,
        )
    found = re.findall(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not found:
        sys.exit(f"{program} {figure} {n} under valgrind failed:\n{run.stderr}")
    return sum(map(int, found))


def main():
    program = sys.argv[1]
    try:
        subprocess.run(["valgrind", "--version"], check=True, capture_output=True)
    except FileNotFoundError:
        print("1..0 # SKIP it takes valgrind")
        return

    print(f"1..{len(FIGURES)}")
    failed = False
    for i, figure in enumerate(FIGURES, 1):
        is_flat = False
        for _ in range(ATTEMPTS):
            counts = [count(program, figure, n) for n in COUNTS]
            ratio = (counts[2] - counts[1]) / (counts[1] - counts[0])
            print(f"# {counts} instructions, the steps are 1 : {ratio:.2f}")
            is_flat = ratio <= MAX_RATIO
            if is_flat:
                break
        failed = failed or not is_flat
        print(f"{'ok' if is_flat else 'not ok'} {i} {figure}", flush=True)
    sys.exit(1 if failed else 0)


main()

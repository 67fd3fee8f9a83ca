#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What attacks-table.py makes of a run: test-attacks-table.py SCRIPT"""

import os
import subprocess
import sys
import tempfile

RUN = """\
# attack|fork|fork()|none|succeeded|
ok 1 /malt/hostile/attacks/none/fork
# attack|bpf|bpf()|none|skipped|it fails without a sandbox: Operation not permitted
# attack|fork|fork()|strict|refused|Operation not permitted
# attack|bpf|bpf()|strict|skipped|it fails without a sandbox: Operation not permitted
"""
TABLE = """\
| attack | none | strict |
| --- | --- | --- |
| fork() | succeeds | refused |
| bpf() | not tried | not tried |

Not tried:

- bpf(): it fails without a sandbox: Operation not permitted
"""


def run(text, *args):
    return subprocess.run([sys.executable, sys.argv[1], *args], input=text, capture_output=True,
                          text=True, check=False)


def is_printed():
    return run(RUN).stdout == TABLE


def is_written():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "security.md")
        with open(path, "w", encoding="utf-8") as file:
            file.write("before\n<!-- attacks -->\nold\n<!-- /attacks -->\nafter\n")
        run(RUN, path)
        with open(path, encoding="utf-8") as file:
            return file.read() == f"before\n<!-- attacks -->\n{TABLE}<!-- /attacks -->\nafter\n"


def is_nothing_refused():
    return run("ok 1 /something/else\n").returncode != 0


tests = [is_printed, is_written, is_nothing_refused]
print(f"1..{len(tests)}")
results = [test() for test in tests]
for i, (test, result) in enumerate(zip(tests, results), 1):
    print(f"{'ok' if result else 'not ok'} {i} {test.__name__.replace('_', '-')}")
sys.exit(not all(results))

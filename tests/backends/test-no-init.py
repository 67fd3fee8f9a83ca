#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program that is its own worker without malt_init() ends with a reason: test-no-init.py PROGRAM"""

import subprocess
import sys

print("1..1", flush=True)
run = subprocess.run([sys.argv[1]], capture_output=True, text=True, timeout=60)
lines = run.stderr.splitlines()
is_fine = run.returncode == 0 and any("malt_init() first thing in main()" in line for line in lines)
for line in lines:
    print(f"# {line}")
print(f"{'ok' if is_fine else 'not ok'} 1 without-malt-init")
sys.exit(not is_fine)

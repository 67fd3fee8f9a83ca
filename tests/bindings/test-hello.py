#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs an example, the arguments, which all say the same. Exit status 77: no PyGObject."""
import subprocess
import sys

result = subprocess.run(sys.argv[1:], capture_output=True, text=True)
if "No module named 'gi'" in result.stderr:
    sys.exit(77)
lines = result.stdout.splitlines()
expected = ['42', 'lua.error', "index a nil value (global 'nosuch')", 'stopped: left when it was asked']
if result.returncode != 0 or lines[:1] != expected[:1] or not all(e in result.stdout for e in expected):
    sys.exit(f'{sys.argv[1:]}: status {result.returncode}\n{result.stdout}{result.stderr}')

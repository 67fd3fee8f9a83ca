#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs examples/cluster/run, the first argument. Exit status 77: it cannot be run here."""
import os
import signal
import subprocess
import sys

TIMEOUT = 90 * int(os.environ.get('MALT_TEST_SLOW', '1'))
EXPECTED = [
    'SIGKILL for a broker',
    'SIGKILL for a worker on node',
    'SIGKILL for malt-host on node3',
    # The prime-counting function of 400000.
    '33860 primes below 400000',
]

demo = subprocess.Popen([sys.argv[1], '400000'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                        stdin=subprocess.DEVNULL, text=True)
try:
    output, _ = demo.communicate(timeout=TIMEOUT)
except subprocess.TimeoutExpired:
    # It takes its namespaces away.
    demo.send_signal(signal.SIGTERM)
    output, _ = demo.communicate()
    sys.exit(f'not over after {TIMEOUT} s:\n{output}')
print(output)
missing = [text for text in EXPECTED if text not in output]
hosts = output.rpartition('The hosts that are left')[2]
if demo.returncode == 77:
    sys.exit(77)
if demo.returncode != 0 or missing or hosts.count('\nnode') != 2:
    sys.exit(f'status {demo.returncode}, without {missing}, hosts: {hosts}')

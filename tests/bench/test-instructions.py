#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether a blocking call costs the manager more instructions than it did: test-instructions.py
BENCH-INSTRUCTIONS EXPECTED [--record]

Instructions, unlike time, are the same on a busy machine. Callgrind counts them in the thread that
calls; what a run of 600 calls has more than one of 200 is divided by 400. What a caller spends
asking the socket again while it waits is not counted: that is waiting.

The numbers of EXPECTED, a JSON file, hold for the GLib, the processor and the compiler that it
names; elsewhere this is skipped. With --record they are written anew, for a change that is meant to
cost what it costs.
"""

import json
import os
import platform
import re
import subprocess
import sys
import tempfile

FEW, MANY = 200, 600

# In percent. A rise is to be noticed, and so is a fall that was not recorded: the next rise would hide
# in it.
TOLERANCE = 10

# What is counted, and what is left out of it.
CALL = "malt_abstract_worker_remote_call_fetch"
WAITING = "malt_stream_fill_spinning"

BACKENDS = ["process", "in-process"]


def skip(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(0)


def ask(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def describe_machine():
    return {
        "glib": ask("pkg-config", "--modversion", "glib-2.0"),
        "processor": platform.machine(),
        "compiler": ask("cc", "-dumpfullversion"),
    }


def count(program, backend, n_calls):
    """The instructions that n_calls take, and some that do not depend on their number."""
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [
                "valgrind",
                "--tool=callgrind",
                f"--callgrind-out-file={folder}/out",
                f"--toggle-collect={CALL}",
                f"--toggle-collect={WAITING}",
                program,
                backend,
                str(n_calls),
            ],
            capture_output=True,
            text=True,
        )
    found = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or found is None:
        sys.exit(f"{program} {backend} {n_calls} under valgrind failed:\n{run.stderr}")
    return int(found[1])


def measure(program, backend):
    return round((count(program, backend, MANY) - count(program, backend, FEW)) / (MANY - FEW))


def main():
    program, path = sys.argv[1:3]
    try:
        machine = describe_machine()
        ask("valgrind", "--version")
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        skip(f"it takes valgrind, pkg-config and cc: {error}")

    if "--record" in sys.argv:
        numbers = {backend: measure(program, backend) for backend in BACKENDS}
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"machine": machine, "instructions": numbers}, file, indent=2)
            file.write("\n")
        return

    with open(path, encoding="utf-8") as file:
        recorded = json.load(file)
    if recorded["machine"] != machine:
        skip(f"the numbers are those of {recorded['machine']}, this is {machine}")

    print(f"1..{len(BACKENDS)}")
    failed = False
    for i, backend in enumerate(BACKENDS, 1):
        expected = recorded["instructions"][backend]
        found = measure(program, backend)
        change = 100 * (found - expected) / expected
        is_fine = abs(change) <= TOLERANCE
        failed = failed or not is_fine
        print(f"# {found} instructions a call, {expected} recorded: {change:+.1f} %")
        print(f"{'ok' if is_fine else 'not ok'} {i} {backend}", flush=True)
    if failed:
        print(f"# If that is meant to be: {os.path.basename(sys.argv[0])} {program} {path} --record")
    sys.exit(1 if failed else 0)


main()

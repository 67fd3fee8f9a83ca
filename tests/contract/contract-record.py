#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the contract with recorded workers, and looks whether the recording can be replayed.

usage: contract-record.py INNER-BACKEND MODULES PROGRAM ARGUMENT...

Workers are started inside of workers, too, in a clean environment; so the profile stands where
every program looks for it.
"""
import json
import os
import subprocess
import sys
import tempfile


def write_configuration(home, backend, modules):
    folder = os.path.join(home, ".config", "malt")
    os.makedirs(folder)
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump({"profiles": {"inner": {"backend": backend, "module-path": [modules]}}}, file)


def main():
    inner, modules, program, *arguments = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="malt-test-") as home:
        write_configuration(home, inner, modules)
        environment = {**os.environ, "HOME": home}
        for name in ("MALT_CONFIG", "XDG_CONFIG_HOME"):
            environment.pop(name, None)
        recording = os.path.join(home, "calls")
        result = subprocess.run([program, "--backend", "record", "--option", "profile=inner",
                                 "--option", f"file={recording}", *arguments],
                                env=environment, check=False)
        replay = subprocess.run([program, "--backend", "replay", "--option", f"file={recording}",
                                 "-p", "/malt/contract/replay/basic/life"],
                                env=environment, stdout=subprocess.PIPE, check=False)
        if replay.returncode != 0:
            print(f"# {replay.stdout.decode(errors='replace')}".replace("\n", "\n# "))
        return result.returncode or replay.returncode


if __name__ == "__main__":
    sys.exit(main())

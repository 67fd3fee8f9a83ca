#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that docs/contract.md names every case of the contract, with what it needs, and no other.

usage: test-contract-doc.py DOC TEST-CONTRACT

Prints what is wrong, one line each; the exit status says whether anything is.
"""
import pathlib
import re
import subprocess
import sys

MENTION = re.compile(r'`(/[a-z-]+/[a-z-]+)`([ⁱᵏˢᵒ]*)')


def find_faults(doc, program):
    output = subprocess.run([program, '--list-cases'], stdout=subprocess.PIPE, check=True,
                            encoding='utf-8').stdout
    lines = [line for line in output.splitlines() if line.startswith('/')]
    cases = dict(line.split(' ') for line in lines)
    mentions = MENTION.findall(pathlib.Path(doc).read_text(encoding='utf-8'))
    for name in sorted(cases.keys() - {name for name, _ in mentions}):
        yield f'{name} is not in {doc}'
    for name, marks in mentions:
        if name not in cases:
            yield f'{doc} names {name}, which is no case'
        elif marks != cases[name]:
            yield f'{doc} marks {name} with “{marks}” instead of “{cases[name]}”'
    if len(cases) != len(lines):
        yield 'Two cases have the same name'


def main():
    faults = list(find_faults(*sys.argv[1:]))
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())

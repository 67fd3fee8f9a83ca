#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes what came of the attacks into a file: attacks-table.py FILE < OUTPUT

The table stands between <!-- attacks --> and <!-- /attacks -->; without FILE it is printed.

    meson test -C BUILD attacks
    tests/hostile/attacks-table.py docs/security.md < BUILD/meson-logs/testlog.txt
"""

import re
import sys

BEGIN = "<!-- attacks -->"
END = "<!-- /attacks -->"
CELLS = {
    "succeeded": "succeeds",
    "refused": "refused",
    "skipped": "not tried",
    "unavailable": "not tried",
}
RECORD = re.compile(r"# attack\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|(.*)")


def make_table(lines):
    """The rows in the order of the run, and under them why some were not tried."""
    profiles, cells, notes = [], {}, {}
    for match in filter(None, map(RECORD.search, lines)):
        _, what, profile, outcome, text = match.groups()
        if profile not in profiles:
            profiles.append(profile)
        cells.setdefault(what, {})[profile] = CELLS[outcome]
        if CELLS[outcome] == "not tried":
            notes.setdefault(text.strip(), []).append(what)
    if not cells:
        raise SystemExit("attacks-table.py: there are no attacks in that")

    rows = [["attack", *profiles], ["---"] * (len(profiles) + 1)]
    rows += [[what, *(row.get(profile, "") for profile in profiles)] for what, row in cells.items()]
    table = [f"| {' | '.join(row)} |" for row in rows]
    if notes:
        table += ["", "Not tried:", ""]
        table += [f"- {', '.join(dict.fromkeys(whats))}: {text}" for text, whats in notes.items()]
    return "\n".join(table)


def main():
    table = make_table(sys.stdin)
    if len(sys.argv) < 2:
        print(table)
        return
    with open(sys.argv[1], encoding="utf-8") as file:
        before, rest = file.read().split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN}\n{table}\n{END}{after}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks what docs/architecture.md says and a compiler does not.

usage: test-architecture.py includes ROOT
       test-architecture.py umbrella HEADER PUBLIC-HEADER...
       test-architecture.py exports LIBRARY
       test-architecture.py lists ROOT
       test-architecture.py installed ROOT BUILD
       test-architecture.py columns ROOT

Prints what is wrong, one line each; the exit status says whether anything is.
"""
import json
import pathlib
import re
import subprocess
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)
UMBRELLAS = ('malt/malt.h', 'malt/malt-plugin.h')
MAX_COLUMNS = 100

# Folder → folders whose headers nothing in it may include. The longest match counts.
FORBIDDEN = {
    'malt': ('malt/relay/', 'malt/sandbox/', 'malt/wire/', 'malt/runtime/', 'malt/programs/',
             'backends/', 'plugins/'),
    'malt/relay': ('malt/sandbox/', 'malt/wire/', 'malt/runtime/', 'malt/programs/', 'backends/',
                   'plugins/'),
    'malt/sandbox': ('malt/relay/', 'malt/wire/', 'malt/runtime/', 'malt/programs/',
                     'backends/', 'plugins/'),
    'malt/wire': ('malt/relay/', 'malt/sandbox/', 'malt/runtime/', 'malt/programs/',
                  'backends/', 'plugins/'),
    'malt/runtime': ('malt/relay/', 'malt/sandbox/', 'malt/wire/', 'malt/programs/',
                     'backends/', 'plugins/'),
    'malt/programs': (),
    'backends': ('malt/', 'plugins/'),
    'plugins': ('malt/', 'backends/'),
}

# Folder → headers that it may include all the same.
ALLOWED = {
    'malt/relay': ('malt/wire/malt-connection.h', 'malt/wire/malt-monitor.h'),
}


def sources(root, *folders):
    for folder in folders:
        for path in sorted((root / folder).rglob('*.[ch]')):
            yield path, path.relative_to(root).as_posix()


def is_forbidden(name, included):
    folder = max((f for f in FORBIDDEN if name.startswith(f + '/')), key=len)
    return (included not in UMBRELLAS + ALLOWED.get(folder, ())
            and included.startswith(FORBIDDEN[folder]))


def check_includes(root):
    """The arrows between the folders. Backends and plugins are built as others' would be."""
    for path, name in sources(root, 'malt', 'backends', 'plugins'):
        if name in UMBRELLAS:
            continue
        for included in INCLUDE.findall(path.read_text()):
            if is_forbidden(name, included):
                yield f'{name} includes {included}, which its folder must not know'


def check_umbrella(umbrella, *headers):
    """An umbrella includes every header of its tier, and nothing else."""
    listed = {pathlib.PurePosixPath(i).name
              for i in INCLUDE.findall(pathlib.Path(umbrella).read_text())
              if i not in UMBRELLAS}
    public = {pathlib.PurePosixPath(h).name for h in headers}
    public -= {pathlib.PurePosixPath(u).name for u in UMBRELLAS}
    for name in sorted(public - listed):
        yield f'{umbrella} does not include {name}'
    for name in sorted(listed - public):
        yield f'{umbrella} includes {name}, which is not installed'


def check_exports(library):
    """Nothing but malt_ leaves the library."""
    output = subprocess.run(['nm', '-D', '--defined-only', library],
                            check=True, capture_output=True, text=True).stdout
    names = [line.split()[-1] for line in output.splitlines()]
    if 'malt_create_worker' not in names:
        yield f'{library} does not export malt_create_worker'
    for name in names:
        if not name.startswith('malt_'):
            yield f'{library} exports {name}'


def check_lists(root):
    """Every source file and header is in a meson.build of its folder or one above it."""
    for path, name in sources(root, 'malt', 'backends', 'plugins'):
        folder = path.parent
        while folder != root:
            build = folder / 'meson.build'
            quoted = re.escape(path.relative_to(folder).as_posix())
            if build.exists() and re.search(f"'{quoted}'", build.read_text()):
                break
            folder = folder.parent
        else:
            if not is_told_apart(root, path):
                yield f'{name} is in no meson.build'


def is_told_apart(root, path):
    """Headers of backends, plugins and programs are found by the compiler; folders of function
    modules are named as a whole."""
    name = path.relative_to(root).as_posix()
    if path.suffix == '.h':
        return not name.startswith('malt/') or name.startswith('malt/programs/')
    return name.startswith('plugins/functions/')


def check_installed(root, build):
    """Every public header is installed where the others include it from, and no private one is."""
    installed = json.loads((build / 'meson-info' / 'intro-installed.json').read_text())
    places = {pathlib.Path(source).resolve(): place for source, place in installed.items()}
    for path, name in sources(root, 'malt'):
        place = places.get(path.resolve())
        if path.suffix != '.h':
            continue
        if name.endswith('-private.h'):
            if place is not None:
                yield f'{name} is installed'
        elif place is None or not place.endswith(f'/malt-1/{name}'):
            yield f'{name} is installed as {place}'


def check_columns(root):
    """No line of C is longer than CONTRIBUTING.md allows; characters are counted, not bytes."""
    for path, name in sources(root, 'malt', 'backends', 'plugins', 'examples', 'tests'):
        for number, line in enumerate(path.read_text('utf-8').splitlines(), 1):
            if len(line) > MAX_COLUMNS:
                yield f'{name}:{number} has {len(line)} columns, {MAX_COLUMNS} are allowed'


CHECKS = {
    'includes': lambda root: check_includes(pathlib.Path(root)),
    'umbrella': check_umbrella,
    'exports': check_exports,
    'lists': lambda root: check_lists(pathlib.Path(root)),
    'installed': lambda root, build: check_installed(pathlib.Path(root), pathlib.Path(build)),
    'columns': lambda root: check_columns(pathlib.Path(root)),
}


def main():
    faults = list(CHECKS[sys.argv[1]](*sys.argv[2:]))
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())

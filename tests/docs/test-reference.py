#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The reference as somebody opens it: chapters, links, and what is said about each symbol.

usage: test-reference.py DOCS-FOLDER [REFERENCE-FOLDER GIR]
"""
import html.parser
import pathlib
import re
import sys
import xml.etree.ElementTree as ET

CORE = "{http://www.gtk.org/introspection/core/1.0}"
C = "{http://www.gtk.org/introspection/c/1.0}"
GLIB = "{http://www.gtk.org/introspection/glib/1.0}"

CALLABLES = ("function", "method", "constructor", "virtual-method", "callback")
# What says of itself since when it is there.
DATED = CALLABLES + ("class", "interface", "enumeration", "bitfield", "constant",
                     GLIB + "signal", "property", "function-macro")


class Page(html.parser.HTMLParser):
    """What a page leads to, and what can be led to in it."""

    def __init__(self, path):
        super().__init__()
        self.targets, self.anchors, self.namespaces = [], set(), set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.targets += [value for name in ("href", "src") if (value := attributes.get(name))]
        self.namespaces |= {value for name, value in attrs if name == "data-namespace"}
        self.anchors |= {value for name in ("id", "name") if (value := attributes.get(name))}


def chapters_have_titles(docs, reference, _gir):
    index = (reference / "index.html").read_text(encoding="utf-8")
    for path in sorted(docs.glob("*.md")):
        title = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        if f'<a href="{path.stem}.html">{title}</a>' not in index:
            yield f"the index does not lead to “{title}”, {path.name}"


def links_lead_somewhere(docs, reference, _gir):
    others = (docs / "urlmap.js").read_text(encoding="utf-8")
    pages = {path.name: Page(path) for path in reference.glob("*.html")}
    for name, page in sorted(pages.items()):
        for target in page.targets:
            path, _, fragment = target.partition("#")
            path = path or name
            if "://" in target or target.startswith("javascript:"):
                continue
            if not (reference / path).exists():
                yield f"{name} leads to {path}"
            elif fragment and path in pages and fragment not in pages[path].anchors:
                yield f"{name} leads to {path}, where there is no “{fragment}”"
        for namespace in page.namespaces:
            if f"'{namespace}'" not in others:
                yield f"{name} leads to {namespace}, and urlmap.js does not know where that is"


def symbols(gir):
    """Everything but what there is once more: functions under their other names, and the fields of
    class structs, which are virtual methods as well."""
    for top in ET.parse(gir).getroot().find(CORE + "namespace"):
        if top.get(GLIB + "is-gtype-struct-for") is not None:
            continue
        for element in top.iter():
            kind = element.tag.removeprefix(CORE)
            if kind in DATED and element.get("moved-to") is None:
                yield kind, element


def name_of(element):
    return element.get(C + "identifier") or element.get(C + "type") or element.get("name")


def exported_functions_are_there(docs, _reference, gir):
    abi = (docs.parent / "build-aux" / "abi" / "libmalt-1.abi").read_text(encoding="utf-8")
    known = {element.get(name) for element in ET.parse(gir).iter()
             for name in (C + "identifier", GLIB + "get-type")}
    for name in re.findall(r"<elf-symbol name='([^']+)' type='func-type'", abi):
        if name not in known:
            yield f"{name} is not in it"


def symbols_are_described(_docs, _reference, gir):
    for kind, element in symbols(gir):
        if element.find(CORE + "doc") is None:
            yield f"{kind} {name_of(element)} is not described"
        for parameter in element.findall(f"{CORE}parameters/{CORE}parameter"):
            if parameter.find(CORE + "doc") is None:
                yield f"{kind} {name_of(element)}: {parameter.get('name')} is not described"


def errors_are_listed(_docs, _reference, gir):
    for kind, element in symbols(gir):
        doc = element.findtext(CORE + "doc", "")
        if kind in CALLABLES and element.get("throws") == "1" and kind != "callback" \
                and "Errors:" not in doc:
            yield f"{name_of(element)} says nothing of its errors"


def symbols_are_dated(_docs, _reference, gir):
    for kind, element in symbols(gir):
        if element.get("version") is None:
            yield f"{kind} {name_of(element)} has no Since:"


def asynchronous_functions_name_the_other_half(_docs, _reference, gir):
    for _, element in symbols(gir):
        name = element.get("name")
        if element.tag in (CORE + "method", CORE + "function") and name.endswith("_async"):
            if name.removesuffix("_async") + "_finish" not in element.findtext(CORE + "doc", ""):
                yield f"{name_of(element)} does not say what gets its outcome"


TESTS = [
    chapters_have_titles,
    links_lead_somewhere,
    exported_functions_are_there,
    symbols_are_described,
    errors_are_listed,
    symbols_are_dated,
    asynchronous_functions_name_the_other_half,
]


def main():
    if len(sys.argv) < 4:
        print("1..0 # SKIP no reference is built: that takes gi-docgen and -Ddocs=enabled")
        return 0
    paths = [pathlib.Path(argument) for argument in sys.argv[1:]]
    n_failed = 0
    print(f"1..{len(TESTS)}")
    for number, test in enumerate(TESTS, start=1):
        faults = list(test(*paths))
        for fault in faults:
            print("#", fault)
        print(f"{'not ok' if faults else 'ok'} {number} /malt/docs/{test.__name__.replace('_', '-')}",
              flush=True)
        n_failed += bool(faults)
    return 1 if n_failed else 0


if __name__ == "__main__":
    sys.exit(main())

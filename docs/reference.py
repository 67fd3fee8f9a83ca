#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds the reference with gi-docgen, the chapters being docs/*.md as they stand.

usage: reference.py GI-DOCGEN CONFIG GIR INCLUDE-FOLDER DOCS-FOLDER OUTPUT-FOLDER

The chapters are written for those who read them in the repository. What gi-docgen wants is made of
them here: a title, links to pages instead of files, a link for each symbol that is named, and what its
Markdown, an older dialect, does not take as it is.
"""
import html
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

CORE = "{http://www.gtk.org/introspection/core/1.0}"
C = "{http://www.gtk.org/introspection/c/1.0}"
GLIB = "{http://www.gtk.org/introspection/glib/1.0}"

# Element of a GIR file → what the names of the pages of gi-docgen begin with.
TYPES = {"class": "class", "interface": "iface", "record": "struct", "enumeration": "enum",
         "bitfield": "flags", "callback": "callback", "constant": "const"}
FUNCTIONS = {"method": "method", "constructor": "ctor", "function": "type_func"}

# Other languages than these gi-docgen cannot colour.
LANGUAGES = {"c": "c", "json": "javascript", "js": "javascript"}

CODE_OR_LINK = re.compile(r"(?P<code>(?<!`)`[^`]+`)"
                          r"|(?P<image>!?)\[(?P<text>[^]]*)\]\((?P<target>[^)\s]+)\)")
INDENT = "    "

# Characters of code that a column has room for.
SHORT_MAX = 20

# What the chapters name of other libraries.
GTK_DOCS = "https://docs.gtk.org/"
OTHERS = {
    "GAsyncInitable": "gio/iface.AsyncInitable.html",
    "GCancellable": "gio/class.Cancellable.html",
    "GError": "glib/struct.Error.html",
    "GInitable": "gio/iface.Initable.html",
    "GListModel": "gio/iface.ListModel.html",
    "GMainContext": "glib/struct.MainContext.html",
    "GParamSpec": "gobject/class.ParamSpec.html",
    "GTask": "gio/class.Task.html",
    "GVariant": "glib/struct.Variant.html",
    "G_IO_ERROR_CANCELLED": "gio/error.IOErrorEnum.html",
    "G_IO_ERROR_NOT_SUPPORTED": "gio/error.IOErrorEnum.html",
    "G_IO_ERROR_TIMED_OUT": "gio/error.IOErrorEnum.html",
}


def read_symbols(gir):
    """Each symbol as the chapters name it → the page about it."""
    pages = {name: GTK_DOCS + page for name, page in OTHERS.items()}
    for element in ET.parse(gir).getroot().find(CORE + "namespace"):
        kind = element.tag.removeprefix(CORE)
        name = element.get("name")
        if kind in TYPES:
            prefix = "error" if element.get(GLIB + "error-domain") else TYPES[kind]
            page = f"{prefix}.{name}.html"
            pages[element.get(C + "type")] = page
            for member in element.findall(CORE + "member"):
                pages[member.get(C + "identifier")] = page
            for child in element:
                prefix = FUNCTIONS.get(child.tag.removeprefix(CORE))
                if prefix is not None and child.get("moved-to") is None:
                    page = f"{prefix}.{name}.{child.get('name')}.html"
                    pages[child.get(C + "identifier") + "()"] = page
        elif kind == "function" and element.get("moved-to") is None:
            pages[element.get(C + "identifier") + "()"] = f"func.{name}.html"
    return pages


def escape(code):
    """For HTML, and for gi-docgen, which looks for the signs of gtk-doc in there, too."""
    return re.sub("[@%#]", lambda match: f"&#{ord(match[0])};", html.escape(code, quote=False))


def replace_code(code, symbols, is_in_table):
    """Columns are narrow: what is short is not broken, and a long name after a part of it."""
    if is_in_table and len(code) <= SHORT_MAX:
        text = f'<code style="white-space: nowrap">{escape(code)}</code>'
    else:
        text = f"<code>{escape(code).replace('_', '_<wbr>')}</code>"
    return f'<a href="{symbols[code]}">{text}</a>' if code in symbols else text


def replace_link(match, titles):
    name, _, fragment = match["target"].partition("#")
    text = match["text"]
    if match["image"] or "://" in name or name == "":
        return match[0]
    if name not in titles:
        # A file of the repository.
        return f"<code>{text.strip('`')}</code>"
    if text == name:
        text = titles[name]
    return f"[{text}]({name.removesuffix('.md')}.html{'#' if fragment else ''}{fragment})"


def convert_line(line, symbols, titles):
    def replace(match):
        if match["code"]:
            return replace_code(match["code"][1:-1], symbols, line.startswith("|"))
        return replace_link(match, titles)

    return CODE_OR_LINK.sub(replace, line)


def begins_block(line, previous):
    """Lists and tables that follow a paragraph without an empty line."""
    for start in (r"- |\d+\. ", r"\|"):
        if re.match(start, line):
            return previous != "" and not previous.startswith(" ") and not re.match(start, previous)
    return False


def convert(lines, symbols, titles):
    fence = None  # "```", or INDENT: what the code block has that we are in
    previous = ""
    for line in lines:
        if fence == INDENT and line and not line.startswith(INDENT):
            yield "```\n"
            fence = None
        if fence is None and line.startswith(INDENT) and previous == "":
            yield "```"
            fence = INDENT

        if fence == INDENT:
            yield line.removeprefix(INDENT)
        elif line.startswith("```"):
            yield "```" + (LANGUAGES.get(line[3:], "") if fence is None else "")
            fence = "```" if fence is None else None
        elif fence is not None:
            yield line
        elif not line.startswith("<!--"):
            if begins_block(line, previous):
                yield ""
            yield convert_line(line, symbols, titles)
        previous = line
    if fence == INDENT:
        yield "```"


def join(lines):
    """Code and links that go on in the next line are in one."""
    begun = ""
    is_fenced = False
    for line in lines:
        is_fence = line.startswith("```")
        is_fenced ^= is_fence
        is_code = is_fence or is_fenced or line.startswith(INDENT)
        line = begun + (line.lstrip() if begun else line)
        begun = ""
        if not is_code and (line.count("`") % 2 == 1 or re.search(r"\[[^]`]*$", line)):
            begun = line + " "
        else:
            yield line
    if begun:
        yield begun


def write_chapters(docs, folder, symbols):
    chapters = {path.name: list(join(path.read_text(encoding="utf-8").split("\n")))
                for path in docs.glob("*.md")}
    titles = {name: lines[0].removeprefix("# ") for name, lines in chapters.items()}
    for name, lines in chapters.items():
        text = "\n".join(convert(lines, symbols, titles))
        (folder / name).write_text(f"Title: {titles[name]}\n\n{text}", encoding="utf-8")


def drop_empty_rows(index):
    """Rows for what the configuration does not say."""
    text = index.read_text(encoding="utf-8")
    text = re.sub(r'<tr><td><em>\w+</em></td><td><a href="" class="external"></a></td></tr>', "", text)
    index.write_text(text, encoding="utf-8")


def main():
    gi_docgen, config, gir, include, docs, output = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="malt-docs-") as folder:
        write_chapters(pathlib.Path(docs), pathlib.Path(folder), read_symbols(gir))
        subprocess.run([gi_docgen, "generate", "--quiet", "--fatal-warnings",
                        "--add-include-path", include, "--config", config, "--no-namespace-dir",
                        "--content-dir", folder, "--content-dir", docs, "--output-dir", output, gir],
                       check=True)
    drop_empty_rows(pathlib.Path(output) / "index.html")


if __name__ == "__main__":
    main()

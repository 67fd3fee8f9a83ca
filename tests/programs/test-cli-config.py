#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""malt config, and profiles on the command line."""

import json
import os
import re
import tempfile

from malt_tap import SOURCE, Skip, built, contains, equal, expect, main, malt

FOLDER = tempfile.TemporaryDirectory(prefix="malt-test-")

GOOD = """{
  "default": "patient",
  "profiles": {
    "patient": { "backend": "process", "call-timeout": 60000, "module-path": [ "m" ] },
    "quick": { "extends": "patient", "call-timeout": 400 },
    "listed": { "extends": "patient", "stdout": "null" }
  }
}
"""

BAD = """{
  "profiles": {
    "a": { "backend": "process",
           "transprot": "unix",
           "call-timeout": -1 }
  },
  "defualt": "a"
}
"""


def write(text, *path):
    path = os.path.join(FOLDER.name, *path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def with_good(*arguments, **extra):
    return malt(*arguments, MALT_CONFIG=write(GOOD, "good.json"), **extra)


def read_manual():
    with open(os.path.join(SOURCE, "docs", "configuration.md"), encoding="utf-8") as file:
        return file.read()


def read_examples():
    return re.findall(r"```json\n(.*?)```", read_manual(), re.DOTALL)


def check_accepts():
    expect(malt("config", "check", write(GOOD, "good.json")), 0, "")
    expect(with_good("config", "check"), 0, "")


def check_tells_every_mistake():
    # The profiles are looked at when the rest is right.
    path = write(BAD, "bad.json")
    expect(malt("config", "check", path), 1, "",
           f"{path}:7: defualt: there is no such member; did you mean “default”?\n")
    write(BAD.replace("defualt", "default"), "bad.json")
    result = expect(malt("config", "check", path), 1, "")
    equal(result.stderr.splitlines(), [
        f"{path}:4: profiles.a.transprot: there is no such option of backend “process”; "
        "did you mean “transport”?",
        f"{path}:5: profiles.a.call-timeout: found -1, but it takes an integer from 0 to 4294967295",
    ])


def check_needs_a_file():
    expect(malt("config", "check", os.path.join(FOLDER.name, "none")), 1, "", "cannot be read")
    expect(malt("config", "check", MALT_CONFIG=""), 1, "", "no configuration file")


def list_names_the_profiles():
    expect(with_good("config", "list"), 0, "patient\nquick\nlisted\n")
    expect(malt("config", "list"), 0, "")


def show_says_which_line():
    expect(with_good("config", "show", "quick"), 0, f"""quick
  backend: process (profile patient)
  call-timeout: 400 (profile quick, line 5)
  module-path: ["{FOLDER.name}/m"] (profile patient, line 4)
""")
    contains(with_good("config", "show").stdout, "patient (the default)\n")
    expect(malt("config", "show"), 0, "process (the default)\n  backend: process\n")
    expect(with_good("config", "show", "quik"), 2, "", "did you mean “quick”?")


def path_follows_the_search():
    home = os.path.join(FOLDER.name, "home")
    system = os.path.join(FOLDER.name, "system")
    places = {"MALT_CONFIG": None, "XDG_CONFIG_HOME": home, "XDG_CONFIG_DIRS": system}
    expect(malt("config", "path", **places), 1, "", "no configuration file")

    of_system = write('{"default": "of-system"}', "system", "malt", "config.json")
    expect(malt("config", "path", **places), 0, of_system + "\n")
    of_home = write(GOOD, "home", "malt", "config.json")
    expect(malt("config", "path", **places), 0, of_home + "\n")
    # The user's alone counts: the system's would be wrong.
    expect(malt("config", "list", **places), 0, "patient\nquick\nlisted\n")
    places["MALT_CONFIG"] = "/elsewhere.json"
    expect(malt("config", "path", **places), 0, "/elsewhere.json\n")
    os.remove(of_home)
    os.remove(of_system)


def unreadable_user_file_is_not_passed_over():
    home = os.path.join(FOLDER.name, "odd")
    os.makedirs(os.path.join(home, "malt", "config.json"), exist_ok=True)
    expect(malt("eval", "1", MALT_CONFIG=None, XDG_CONFIG_HOME=home), 2, "", "cannot be read")


def schema_knows_the_backends():
    schema = json.loads(expect(malt("config", "schema"), 0).stdout)
    options = schema["definitions"]["process"]["properties"]
    equal(options["backend"]["enum"], ["process", None])
    equal(options["call-timeout"]["type"], ["integer", "null"])
    equal(options["call-timeout"]["maximum"], 4294967295)
    equal(options["transport"]["enum"][-1], None)
    contains(options["transport"]["enum"], "unix")
    equal(options["module-path"]["items"], {"type": "string"})
    contains([choice["$ref"] for choice in schema["properties"]["profiles"]
              ["additionalProperties"]["anyOf"]], "#/definitions/process")
    # What is listed by malt backends is what can be configured.
    names = expect(malt("backends", "process", "--names"), 0).stdout.split()
    equal(sorted(options), sorted(names + ["backend", "extends"]))


def schema_says_where_file_names_start():
    """Of every option that is one by its name: none is left out by mistake."""
    path = ":".join(built("backends", name) for name in ("process", "in-process"))
    schema = json.loads(expect(malt("config", "schema", MALT_PLUGIN_PATH=path), 0).stdout)
    n_found = 0
    for name in ("process", "in-process"):
        for option, rule in schema["definitions"][name]["properties"].items():
            if re.search(r"(^|-)(paths?|files?|folders?|director(y|ies)|executable)$", option):
                n_found += 1
                contains(rule["description"], "relative ones start in the folder of this file")
    equal(n_found >= 4, True, f"{n_found} options are file names")
    contains(schema["properties"]["plugin-path"]["description"], "the folder of this file")


def schema_agrees_with_malt():
    """An editor that has the schema accepts what malt accepts, and finds what a schema can find."""
    try:
        import jsonschema  # pylint: disable=import-outside-toplevel # not everybody has it
    except ImportError as error:
        raise Skip("python3-jsonschema is not installed") from error

    schema = json.loads(expect(malt("config", "schema"), 0).stdout)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    texts = [(block, True) for block in read_examples()]
    texts += [(GOOD, True), (BAD, False), ("{}", True), ("[]", False)]
    texts += [(json.dumps({"profiles": {"a": {"backend": "process", **options}}}), is_right)
              for options, is_right in (
                  ({"call-timeout": None, "extends": None, "arguments": ["a"]}, True),
                  ({"max-pending-bytes": 2**63 - 1, "environment": []}, True),
                  ({"call-timeout": "10"}, False), ({"call-timeout": -1}, False),
                  ({"call-timeout": 2**32}, False), ({"start-timeout": 0}, False),
                  ({"transport": "tpc"}, False), ({"stdout": True}, False),
                  ({"arguments": "a"}, False), ({"module-path": ["a", 5]}, False),
                  ({"extends": 5}, False), ({"backend": 5}, False), ({"backend": "none"}, False),
                  ({"transprot": "tcp"}, False))]
    texts += [(json.dumps(root), False) for root in (
        {"default": 5}, {"plugin-path": "x"}, {"plugin-path": [5]}, {"profiles": []},
        {"profiles": {"a": 5}}, {"profile": {}}, {"$schema": 5})]
    for text, is_right in texts:
        equal(validator.is_valid(json.loads(text)), is_right, f"the schema about {text}")
        result = malt("config", "check", write(text, "compared.json"))
        equal(result.returncode, 0 if is_right else 1, f"{result.stderr} about {text}")


def profile_is_used():
    expect(with_good("eval", "--profile", "quick", "while true do end"), 124)
    expect(with_good("eval", "-p", "patient", "6 * 7"), 0, "42\n")
    expect(with_good("eval", "6 * 7"), 0, "42\n")
    expect(with_good("eval", "--backend", "process", "6 * 7"), 0, "42\n")
    expect(with_good("eval", "while true do end", MALT_BACKEND="quick"), 124)
    # What the profile says about the output holds, unless the command line says another.
    expect(with_good("eval", "-p", "listed", "print('seen')"), 0, "")
    expect(with_good("eval", "-p", "listed", "-o", "stdout=inherit", "print('seen')"), 0, "seen\n")


def its_plugin_path_counts_everywhere():
    path = write(json.dumps({"plugin-path": [built("tests", "fixtures", "backends")]}),
                 "plugins.json")
    listed = expect(malt("backends", "--names", MALT_CONFIG=path), 0).stdout.splitlines()
    equal("wrong" in listed and "process" in listed, True, listed)
    path = write(BAD, "bad.json")
    listed = expect(malt("backends", "--names", MALT_CONFIG=path), 0, None, f"{path}:").stdout
    contains(listed, "process\n")


def profiles_serve_workers_of_workers():
    """A worker's environment is clean, so it is told where the configuration is. Its module path
    goes on to those that say none of their own; the module is one that is never installed."""
    profiles = {"plain": {"backend": "process"}, "quick": {"extends": "plain", "call-timeout": 100},
                "elsewhere": {"extends": "plain", "module-path": ["/nowhere"]}}
    write(json.dumps({"profiles": profiles}), "inner", "malt", "config.json")
    outer = ("eval", "-o", "module-path=" + built("tests", "runtime"),
             "-o", "environment=XDG_CONFIG_HOME=" + os.path.join(FOLDER.name, "inner"))
    counts = "pcall (w.remote_call, w, 'good.n_preloads')"
    for options, program, expected in (
            ("'quick'", "pcall (w.remote_eval, w, 'while true do end')", "g-io-error-quark:24"),
            ("'plain'", counts, "none"), ("'process'", counts, "none"),
            ("'elsewhere'", counts, "malt.unknown-function"),
            ("'plain', module_path = {'/nowhere'}", counts, "malt.unknown-function")):
        result = malt(*outer, f"local w <close> = malt.worker {{backend = {options}}} "
                      f"local ok, e = {program} return ok and 'none' or malt.error_type (e)")
        expect(result, 0, f"'{expected}'\n")
    expect(malt(*outer, "malt.worker {backend = 'plian'}"), 1, "", "did you mean “plain”?")


def command_line_wins():
    expect(with_good("eval", "-p", "quick", "-o", "call-timeout=0",
                     "local e = os.clock() + 0.6 while os.clock() < e do end return 1"), 0, "1\n")


def mistakes_are_not_passed_over():
    path = write(BAD, "bad.json")
    for arguments in (["eval", "1"], ["eval", "-p", "process", "1"], ["config", "show"],
                      ["config", "list"]):
        expect(malt(*arguments, MALT_CONFIG=path), 2, "", f"{path}:")
    expect(malt("eval", "1", MALT_CONFIG="/no/such/file"), 2, "", "/no/such/file: it cannot be read")
    expect(malt("eval", "-p", "nobody", "1"), 2, "", "nobody")


def usage():
    expect(malt("config"), 2, "", "What to do is missing")
    expect(malt("config", "chekc"), 2, "",
           "not among check, list, path, schema, show; did you mean “check”?")
    expect(malt("config", "path", "x"), 2, "", "“x” is one too many: expected no argument")
    expect(malt("config", "show", "x", "y"), 2, "", "“y” is one too many: expected the name of one")
    expect(malt("config", "check", ""), 2, "", "expected the name of one file")
    expect(malt("config", "show", ""), 2, "", "expected the name of one profile")


def examples_of_the_manual_are_right():
    text = read_manual()
    blocks = read_examples()
    equal(len(blocks), 3, "examples in configuration.md")
    for number, block in enumerate(blocks):
        expect(malt("config", "check", write(block, f"example-{number}.json")), 0, "")

    shown = malt("config", "show", "quick", MALT_CONFIG=write(blocks[0], "example-0.json")).stdout
    indented = "".join(f"    {line}\n" for line in shown.splitlines())
    contains(text, indented.replace(FOLDER.name, "/home/me/.config/malt"))
    wrong = write("\n\n\n\n{\"profiles\": {\n\"safe\": {\n\"transprot\": 1}}}", "config.json")
    contains(text, malt("config", "check", wrong).stderr.replace(FOLDER.name + "/", ""))


main("cli-config", [
    check_accepts,
    check_tells_every_mistake,
    check_needs_a_file,
    list_names_the_profiles,
    show_says_which_line,
    path_follows_the_search,
    unreadable_user_file_is_not_passed_over,
    schema_knows_the_backends,
    schema_says_where_file_names_start,
    schema_agrees_with_malt,
    profile_is_used,
    its_plugin_path_counts_everywhere,
    profiles_serve_workers_of_workers,
    command_line_wins,
    mistakes_are_not_passed_over,
    usage,
    examples_of_the_manual_are_right,
])

#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What administrators begin with is what the programs take."""

import json
import os
import re
import shutil
import subprocess
import tempfile

from malt_tap import BUILD, SOURCE, Skip, contains, equal, expect, main, run

MALT_HOST = os.path.join(BUILD, "backends", "distributed", "host", "malt-host")


def read(*path):
    with open(os.path.join(SOURCE, *path), encoding="utf-8") as file:
        return file.read()


def need(program):
    path = shutil.which(program)
    if path is None:
        raise Skip(f"{program} is not installed")
    return path


def make_certificates(folder, *names):
    need("openssl")
    script = os.path.join(SOURCE, "tests", "distributed", "make-certificates")
    subprocess.run([script, folder, *names], check=True)


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def nats_server_takes_the_example():
    server = need("nats-server")
    with tempfile.TemporaryDirectory() as folder:
        make_certificates(folder)
        text = read("data", "nats-server.conf").replace("/etc/nats", folder)
        expect(run(server, "-t", "-c", write(folder, "nats-server.conf", text)), 0)


def malt_host_takes_the_example():
    with tempfile.TemporaryDirectory() as folder:
        make_certificates(folder, "host")
        config = json.loads(read("data", "host.json"))
        for name, path in config["tls"].items():
            equal(os.path.dirname(path), "/etc/malt", name)
            config["tls"][name] = os.path.join(folder, os.path.basename(path))
        config["servers"] = ["nats://127.0.0.1:1"]
        text = expect(run(MALT_HOST, "check", "--config",
                          write(folder, "host.json", json.dumps(config)),
                          MALT_PLUGIN_PATH=os.path.join(BUILD, "plugins", "lua")), 1).stdout
        contains(text, "configuration        ok")
        contains(text, "handshake            ok")
        contains(text, "servers              FAILED: none can be reached")


def names_in_the_examples_agree():
    """The host of the one has the permissions of the other."""
    config = json.loads(read("data", "host.json"))
    server = read("data", "nats-server.conf")
    contains(server, f'malt.{config["namespace"]}.host.{config["host"]}.>')
    for pool in config["pools"]:
        contains(server, f'malt.{config["namespace"]}.spawn.{pool} hosts')


def systemd_takes_the_units():
    analyze = need("systemd-analyze")
    for name, option in (("malt-host.service", "--system"), ("malt-host-user.service", "--user")):
        with open(os.path.join(BUILD, "data", name), encoding="utf-8") as file:
            text = file.read()
        equal(re.findall(r"@\w+@", text), [], name)
        with tempfile.TemporaryDirectory() as folder:
            # It wants programs that are there, pages of the manual and users.
            text = re.sub(r"/\S*/malt-host ", MALT_HOST + " ", text)
            text = re.sub(r"^(Documentation|User)=.*\n", "", text, flags=re.MULTILINE)
            path = write(folder, name, text)
            result = run(analyze, "verify", "--man=no", option, path,
                         XDG_RUNTIME_DIR=folder)
            complaints = [line for line in result.stderr.splitlines() if name in line]
            equal(complaints, [], name)


def complete(*words):
    """What bash offers when the last of the words is to be completed."""
    script = '''
        compopt () { printf 'compopt %s\\n' "$*"; }
        source "$1"
        COMP_WORDS=("${@:2}")
        COMP_CWORD=$(( $# - 2 ))
        _malt_host "$2" "${*: -1}" "${*: -2:1}"
        printf '%s\\n' "${COMPREPLY[@]}"
    '''
    result = run(need("bash"), "-euc", script, "bash",
                 os.path.join(SOURCE, "data", "completions", "malt-host"), *words)
    return expect(result, 0).stdout.split()


def completion_has_every_option():
    text = expect(run(MALT_HOST, "--help"), 0).stdout
    options = re.findall(r"^  (?:-\w, )?(--[a-z-]+)", text, re.MULTILINE)
    equal(sorted(complete("malt-host", "--")), sorted(options))
    equal(complete("malt-host", "ch"), ["check"])


def completion_knows_what_follows():
    equal(complete("malt-host", "--config", ""), ["compopt", "-o", "default"])
    equal(complete("malt-host", "--config", "=", ""), ["compopt", "-o", "default"])
    equal(complete("malt-host", "--once", "--listen", ""), ["compopt", "-o", "nospace", "unix:"])
    equal(complete("malt-host", "--once", "--listen", "unix", ":", "/"), ["compopt", "-o", "default"])
    equal(complete("malt-host", "--once", "--profile", "d"), [])


main("data", [
    nats_server_takes_the_example,
    malt_host_takes_the_example,
    names_in_the_examples_agree,
    systemd_takes_the_units,
    completion_has_every_option,
    completion_knows_what_follows,
])

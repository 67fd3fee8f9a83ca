# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""run-in-xvfb.py PROGRAM: runs a test in a display of its own, or says why it cannot."""

import os
import shutil
import subprocess
import sys
import tempfile

# A window of the default size, and room around it.
SCREEN = "1024x768x24"


def start_display():
    """Xvfb chooses a number that is free, and writes it when it takes connections."""
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", SCREEN, "-nolisten", "tcp"],
        pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writer)
    with os.fdopen(reader) as stream:
        return server, stream.readline().strip()


def main():
    missing = [name for name in ("Xvfb", "xdotool") if shutil.which(name) is None]
    if missing:
        print("1..0 # SKIP not installed: " + ", ".join(missing))
        return 0

    server, number = start_display()
    with tempfile.TemporaryDirectory() as home:
        try:
            if number == "":
                print("1..0 # SKIP Xvfb does not start")
                return 0
            environment = dict(
                os.environ,
                ADW_DISABLE_PORTAL="1",
                DBUS_SESSION_BUS_ADDRESS="disabled:",
                DISPLAY=":" + number,
                GDK_BACKEND="x11",
                GSETTINGS_BACKEND="memory",
                GSK_RENDERER="cairo",
                GTK_A11Y="none",
                HOME=home,
                XDG_CACHE_HOME=os.path.join(home, "cache"),
                XDG_RUNTIME_DIR=home,
            )
            return subprocess.run(sys.argv[1:], env=environment, check=False).returncode
        finally:
            server.terminate()
            server.wait()


sys.exit(main())

#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
import gi

gi.require_version('Malt', '1')
from gi.repository import GLib, Malt

worker = Malt.create_worker_with_options('process', None, None)
print(worker.remote_eval_fetch(None, '6 * 7', None, None).unpack())

call = Malt.Call.new_eval(None, 'local n = ...; return nosuch[n]', GLib.Variant('(x)', (1,)))
try:
    worker.send(call, None)
except GLib.Error as error:
    assert error.matches(Malt.error_quark(), Malt.Error.REMOTE_EXCEPTION)
    print(call.get_remote_type(), call.get_remote_message(), call.get_remote_traceback(), sep='\n')

worker.stop(Malt.STOP_TIMEOUT_DEFAULT, Malt.STOP_TIMEOUT_DEFAULT, None)
print(worker.get_exit_report().to_string())

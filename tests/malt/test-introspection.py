#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Uses the typelib from Python, as an application would. Exit status 77: no PyGObject."""
import sys
import unittest

try:
    import gi
except ImportError:
    print('skipped: PyGObject (python3-gi) is not installed', file=sys.stderr)
    sys.exit(77)

gi.require_version('Malt', '1')
from gi.repository import GLib, Malt  # noqa: E402


class Introspection(unittest.TestCase):
    def test_call(self):
        call = Malt.Call.new('text.count', GLib.Variant('(s)', ('a b',)), None)
        self.assertEqual(call.get_function(), 'text.count')
        self.assertEqual(call.get_args().unpack(), ('a b',))
        self.assertEqual(call.get_kwargs().unpack(), {})
        call.props.timeout = 250
        self.assertEqual(call.get_timeout(), 250)
        call.set_result_type(GLib.VariantType('s'))
        self.assertEqual(call.get_result_type().dup_string(), 's')
        self.assertIsNone(call.get_remote_message())
        self.assertIsNone(call.get_exit_report())

    def test_eval_call(self):
        call = Malt.Call.new_eval(None, '...', GLib.Variant('(i)', (5,)))
        self.assertEqual(call.get_args().unpack(), ('', '...', (5,)))

    def test_unknown_backend(self):
        with self.assertRaises(GLib.Error) as raised:
            Malt.create_worker_with_options('no-such-backend', None, None)
        self.assertTrue(raised.exception.matches(Malt.error_quark(),
                                                 Malt.Error.UNKNOWN_BACKEND))

    def test_enums(self):
        self.assertEqual(Malt.ExitReason.CRASHED.value_nick, 'crashed')
        self.assertEqual(int(Malt.WorkerCapabilities.INTERRUPT | Malt.WorkerCapabilities.KILL), 3)
        self.assertEqual(Malt.STOP_TIMEOUT_DEFAULT, 15000)

    def test_lists(self):
        self.assertEqual(Malt.list_running_workers().get_n_items(), 0)
        for backend in Malt.list_backends():
            self.assertTrue(backend.get_name())
            self.assertTrue(backend.list_options())

    def test_interface(self):
        for verb in ('describe', 'remote_call_fetch', 'remote_call_async', 'remote_call_finish',
                     'remote_eval_fetch', 'remote_do', 'send', 'interrupt', 'stop', 'kill'):
            self.assertTrue(callable(getattr(Malt.AbstractWorker, verb)), verb)

    def test_worker(self):
        # Without a language: Lua may not be built.
        options = GLib.Variant('a{sv}', {'evaluator': GLib.Variant('s', '')})
        worker = Malt.create_worker_with_options('process', options, None)
        self.assertEqual(Malt.list_running_workers().get_n_items(), 1)
        call = Malt.Call.new('malt.ping', GLib.Variant('(x)', (42,)), None)
        self.assertEqual(worker.send(call, None).unpack(), 42)
        self.assertGreaterEqual(call.get_run_time_us(), 0)
        with self.assertRaises(GLib.Error) as raised:
            worker.remote_call_fetch('no.such', None, None, None)
        self.assertTrue(raised.exception.matches(Malt.error_quark(),
                                                 Malt.Error.UNKNOWN_FUNCTION))
        gone, was_running = worker.stop(1000, 1000, None)
        self.assertTrue(gone and was_running)
        self.assertEqual(worker.get_exit_report().get_reason(), Malt.ExitReason.STOPPED)


if __name__ == '__main__':
    unittest.main(verbosity=2)

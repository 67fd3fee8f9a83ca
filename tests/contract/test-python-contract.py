#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The contract, held against a backend in Python.

`malt conformance` cannot load a class of Python. The library of the suite runs where it is loaded,
with ctypes in this program: test-python-contract.py LIBRARY FOLDER PEER GROUP. The backend passes all
on to a process worker, so that each case finds what it needs."""
import ctypes
import sys
import weakref

try:
    import gi
except ImportError:
    print('1..0 # SKIP PyGObject (python3-gi) is not installed')
    sys.exit(0)

gi.require_version('Malt', '1')
from gi.repository import Gio, GLib, GObject, Malt  # noqa: E402

OPTION = GObject.ParamFlags.READWRITE | GObject.ParamFlags.CONSTRUCT_ONLY
CAPABILITIES = (Malt.WorkerCapabilities.INTERRUPT | Malt.WorkerCapabilities.KILL
                | Malt.WorkerCapabilities.ISOLATED)
# The name is that of the worker inside, for what that one logs is compared with it.
NOT_FOR_IT = ('basic/describe',)


class PassingWorker(GObject.Object, Gio.Initable, Gio.AsyncInitable, Malt.AbstractWorker):
    __gtype_name__ = 'PassingWorker'

    module_path = GObject.Property(type=GObject.TYPE_STRV, flags=OPTION, nick='Module path',
                                   blurb='As of the inner worker')
    modules = GObject.Property(type=GObject.TYPE_STRV, flags=OPTION, nick='Modules',
                               blurb='As of the inner worker')

    def get_options(self):
        return GLib.Variant('a{sv}', {
            'module-path': GLib.Variant('as', self.module_path or []),
            'modules': GLib.Variant('as', self.modules or [])})

    def take(self, inner):
        """Handlers that held this worker would make a circle that only GObject sees."""
        this = weakref.ref(self)
        self.inner = inner
        self.context = GLib.MainContext.ref_thread_default()
        inner.connect('exited', lambda *_: this() and this().note_end())
        inner.connect('output', lambda _, fd, line: this() and this().emit('output', fd, line))
        Malt.running_workers_show_as(inner, self)

    def note_end(self):
        report = self.inner.get_exit_report()
        if report is not None:
            self.mark_ended(report, self.context)

    def do_init(self, cancellable):
        self.take(Malt.create_worker_with_options('process', self.get_options(), cancellable))
        return True

    def do_init_async(self, priority, cancellable, callback, *_):
        task = Gio.Task.new(self, None, callback)
        Malt.create_worker_async('process', self.get_options(), cancellable, self.on_created, task)

    def on_created(self, _, result, task):
        try:
            self.take(Malt.create_worker_finish(result))
            task.return_boolean(True)
        except GLib.Error as error:
            task.return_error(error)

    def do_init_finish(self, result):
        return result.propagate_boolean()

    def do_describe(self):
        return self.inner.describe()

    def do_is_running(self):
        self.note_end()
        return self.get_exit_report() is None

    # The inner worker answers in place of this one.
    def do_send_async(self, call, cancellable, callback, *_):
        self.inner.send_async(call, cancellable, callback)

    def do_send_finish(self, result):
        self.note_end()
        return self.inner.send_finish(result)

    def do_post(self, call):
        return self.inner.post(call)

    def do_interrupt(self):
        return self.inner.interrupt()

    def do_kill(self, signum):
        return self.inner.kill(signum)

    def do_stop_async(self, exit_timeout, term_timeout, cancellable, callback, *_):
        self.inner.stop_async(exit_timeout, term_timeout, cancellable, callback)

    def do_stop_finish(self, result):
        self.note_end()
        return tuple(self.inner.stop_finish(result))


def main(library, folder, peer, group):
    arguments = [sys.argv[0], '--backend', 'passing', '--modules', folder, '--peer', peer,
                 '-p', '/malt/contract/passing/' + group]
    for case in NOT_FOR_IT:
        arguments += ['-s', '/malt/contract/passing/' + case]
    Malt.register_backend('passing', PassingWorker, CAPABILITIES)
    argv = (ctypes.c_char_p * (len(arguments) + 1))(*map(str.encode, arguments), None)
    return ctypes.CDLL(library).malt_contract_main(len(arguments), argv)


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))

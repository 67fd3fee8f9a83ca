# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A backend in Python, "echo", that does all there is to do wrong when it is told to."""
import threading

from gi.repository import Gio, GLib, GObject, Malt

OPTION = GObject.ParamFlags.READWRITE | GObject.ParamFlags.CONSTRUCT_ONLY


class EchoWorker(GObject.Object, Gio.Initable, Gio.AsyncInitable, Malt.AbstractWorker):
    """Answers the first argument, from where the option says, unless it has the fault."""
    __gtype_name__ = 'EchoWorker'

    fault = GObject.Property(type=str, flags=OPTION, nick='Fault', blurb='What raises')
    answers = GObject.Property(type=str, default='here', flags=OPTION, nick='Answers',
                               blurb='Where from: here, thread, main or never')
    repeat = GObject.Property(type=int, default=1, minimum=1, maximum=9, flags=OPTION,
                              nick='Repeat', blurb='How often')

    def may_raise(self, function):
        if self.fault == function:
            raise ValueError(function)
        if self.fault == 'error-of-' + function:
            raise GLib.Error.new_literal(Malt.error_quark(), function, Malt.Error.LIMIT)

    def do_init(self, cancellable):
        self.may_raise('init')
        Malt.running_workers_add(self)
        return True

    def do_describe(self):
        self.may_raise('describe')
        return 4 if self.fault == 'type-of-describe' else 'EchoWorker'

    def do_get_capabilities(self):
        self.may_raise('get_capabilities')
        return Malt.WorkerCapabilities.KILL | Malt.WorkerCapabilities.INTERRUPT

    def do_is_running(self):
        self.may_raise('is_running')
        return self.get_exit_report() is None

    def answer(self, call, task):
        call.emit_progress(0.5, 'half')
        call.end(7)
        task.return_value(call.get_args().get_child_value(0))
        return False

    def do_send_async(self, call, cancellable, callback, *_):
        self.may_raise('send_async')
        task = Gio.Task.new(self, None, callback)
        call.begin()
        if self.get_exit_report() is not None:
            task.return_error(GLib.Error.new_literal(Malt.error_quark(), 'It has ended',
                                                     Malt.Error.TERMINATED_WORKER))
        elif self.answers == 'thread':
            threading.Thread(target=self.answer, args=(call, task)).start()
        elif self.answers == 'main':
            GLib.idle_add(self.answer, call, task)
        elif self.answers == 'here':
            self.answer(call, task)
        if self.fault == 'twice':
            callback(self, task)

    def do_send_finish(self, result):
        self.may_raise('send_finish')
        if self.fault == 'type-of-send_finish':
            return 4
        return None if self.fault == 'none' else result.propagate_value().value

    def do_post(self, call):
        self.may_raise('post')
        return True

    def do_interrupt(self):
        self.may_raise('interrupt')
        return True

    def do_kill(self, signum):
        self.may_raise('kill')
        return True

    def do_stop_async(self, exit_timeout, term_timeout, cancellable, callback, *_):
        self.may_raise('stop_async')
        task = Gio.Task.new(self, None, callback)
        report = Malt.ExitReport.new(Malt.ExitReason.STOPPED, 0, 0, None, 'bye', ['a'])
        task.return_boolean(self.mark_ended(report, None))

    def do_stop_finish(self, result):
        self.may_raise('stop_finish')
        was_running = result.propagate_boolean()
        return True if self.fault == 'type-of-stop_finish' else (True, was_running)


Malt.register_backend('echo', EchoWorker,
                      Malt.WorkerCapabilities.KILL | Malt.WorkerCapabilities.INTERRUPT)

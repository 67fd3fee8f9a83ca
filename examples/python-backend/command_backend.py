#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A backend whose functions are the programs there are: a call runs one, and answers its output.

    import command_backend  # from then on there is a backend "command"
    worker = Malt.create_worker_with_options("command", None, None)
    worker.remote_call_fetch("git", GLib.Variant("(ss)", ("log", "--oneline")), None, None)
"""
import os
import signal
import sys

import gi
gi.require_version("Malt", "1")
from gi.repository import Gio, GLib, GObject, Malt  # noqa: E402

OPTION = GObject.ParamFlags.READWRITE | GObject.ParamFlags.CONSTRUCT_ONLY
PIPES = (Gio.SubprocessFlags.STDIN_PIPE | Gio.SubprocessFlags.STDOUT_PIPE
         | Gio.SubprocessFlags.STDERR_PIPE)


def malt_error(code, text):
    return GLib.Error.new_literal(Malt.error_quark(), text, code)


class CommandWorker(GObject.Object, Gio.Initable, Gio.AsyncInitable, Malt.AbstractWorker):
    __gtype_name__ = "CommandWorker"

    directory = GObject.Property(type=str, default=".", flags=OPTION, nick="Directory",
                                 blurb="The folder in which the programs run")
    programs = GObject.Property(type=GObject.TYPE_STRV, flags=OPTION, nick="Programs",
                                blurb="Those that may be called, all if none is named")

    def __init__(self):
        super().__init__()
        self.context = GLib.MainContext.ref_thread_default()
        self.processes = []  # those that run, in the order of their calls

    # An exception here, or before call.begin() below, is an error for whoever asked.
    def do_init(self, cancellable):
        if not os.path.isdir(self.directory):
            raise malt_error(Malt.Error.START_FAILED, f"“{self.directory}” is not a folder")
        Malt.running_workers_add(self)
        return True

    def do_describe(self):
        return f"CommandWorker in {self.directory}"

    def spawn(self, call, flags):
        program = call.get_function()
        if not self.is_running():
            raise malt_error(Malt.Error.TERMINATED_WORKER, "The worker has ended")
        if program not in (self.programs or [program]) or not GLib.find_program_in_path(program):
            raise malt_error(Malt.Error.UNKNOWN_FUNCTION, f"There is no program “{program}”")
        launcher = Gio.SubprocessLauncher.new(flags)
        launcher.set_cwd(self.directory)
        return launcher.spawnv([program, *map(str, call.get_args().unpack())])

    def do_send_async(self, call, cancellable, callback, *_):
        task = Gio.Task.new(self, cancellable, callback)
        call.begin()
        try:
            if call.get_function() == "malt.ping":
                args = call.get_args()
                task.return_value(args.get_child_value(0) if args.n_children() > 0 else args)
            else:
                self.run(call, cancellable, task)
        except GLib.Error as error:
            task.return_error(error)

    # In the main context of the call, which is iterated also when its caller blocks.
    def run(self, call, cancellable, task):
        process = self.spawn(call, PIPES)
        self.processes.append(process)
        cancellable.connect(lambda *_: process.force_exit())
        timer = GLib.Timeout(call.get_timeout())
        if 0 < call.get_timeout() < GLib.MAXUINT32:
            timer.set_callback(lambda *_: process.send_signal(signal.SIGALRM))
            timer.attach(GLib.MainContext.get_thread_default())
        process.communicate_utf8_async(call.get_kwargs().unpack().get("stdin"), None,
                                       self.on_ended, call, task, timer)

    def on_ended(self, process, result, call, task, timer):
        timer.destroy()
        self.processes.remove(process)
        try:
            _, output, complaints = process.communicate_utf8_finish(result)
            if not process.get_successful():
                raise self.explain(process, call, complaints.strip())
            task.return_value(GLib.Variant("s", output))
        except GLib.Error as error:
            task.return_error(error)

    def explain(self, process, call, complaints):
        signum = process.get_term_sig() if process.get_if_signaled() else 0
        if signum == signal.SIGALRM:
            return GLib.Error.new_literal(Gio.io_error_quark(), "It took too long",
                                          Gio.IOErrorEnum.TIMED_OUT)
        status = f"signal {signum}" if signum else f"exit status {process.get_exit_status()}"
        call.set_remote_details(complaints or status, status, None)
        return malt_error(Malt.Error.INTERRUPTED if signum == signal.SIGINT
                          else Malt.Error.REMOTE_EXCEPTION, complaints)

    def do_send_finish(self, result):
        return result.propagate_value().value

    def do_post(self, call):
        self.spawn(call, Gio.SubprocessFlags.STDOUT_SILENCE)
        return True

    def do_interrupt(self):
        for process in self.processes[-1:]:
            process.send_signal(signal.SIGINT)
        return True

    def do_stop_async(self, exit_timeout, term_timeout, cancellable, callback, *_):
        task = Gio.Task.new(self, None, callback)
        report = Malt.ExitReport.new(Malt.ExitReason.STOPPED, 0, 0, None, None, None)
        task.return_boolean(self.mark_ended(report, self.context))
        for process in self.processes:
            process.force_exit()

    def do_stop_finish(self, result):
        return True, result.propagate_boolean()


Malt.register_backend("command", CommandWorker,
                      Malt.WorkerCapabilities.INTERRUPT | Malt.WorkerCapabilities.ISOLATED)

if __name__ == "__main__":
    words = GLib.Variant.new_tuple(*(GLib.Variant("s", word) for word in sys.argv[2:]))
    try:
        command = Malt.create_worker_with_options("command", None, None)
        print(command.remote_call_fetch(sys.argv[1], words, None, None).unpack(), end="")
    except GLib.Error as failure:
        sys.exit(failure.message)

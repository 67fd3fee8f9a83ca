#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Backends written in Python: the example, and one that does all there is to do wrong.

The folder of the example is the first argument. Exit status 77: no PyGObject."""
import contextlib
import gc
import glob
import io
import os
import re
import subprocess
import sys
import threading
import time
import unittest
import weakref

try:
    import gi
except ImportError:
    print('skipped: PyGObject (python3-gi) is not installed', file=sys.stderr)
    sys.exit(77)

gi.require_version('Malt', '1')
from gi.repository import Gio, GLib, GObject, Malt  # noqa: E402

sys.path.insert(0, sys.argv.pop(1))
import command_backend  # noqa: E402
from echo_worker import EchoWorker  # noqa: E402

SLOW = int(os.environ.get('MALT_TEST_SLOW', '1'))


class CountingWorker(Malt.FilterWorker):
    __gtype_name__ = 'CountingWorker'
    outcomes = []

    def do_prepare(self, options, cancellable):
        options.insert_value('directory', GLib.Variant('s', '/'))
        return True

    def do_call_ended(self, call, value, error):
        self.outcomes.append((call.get_function(), value, error))


class UnfinishedWorker(GObject.Object, Gio.Initable, Gio.AsyncInitable, Malt.AbstractWorker):
    __gtype_name__ = 'UnfinishedWorker'

    def do_describe(self):
        return ''


def create(backend, **options):
    values = {str: 's', int: 'i', list: 'as'}
    return Malt.create_worker_with_options(
        backend, GLib.Variant('a{sv}', {name: GLib.Variant(values[type(value)], value)
                                        for name, value in options.items()}), None)


def ping(worker, number):
    return worker.remote_call_fetch('malt.ping', GLib.Variant('(x)', (number,)), None,
                                    None).unpack()


class Case(unittest.TestCase):
    @contextlib.contextmanager
    def fails(self, domain, code):
        with self.assertRaises(GLib.Error) as raised:
            yield raised
        self.assertTrue(raised.exception.matches(domain, code), raised.exception)

    def fails_with(self, code):
        return self.fails(Malt.error_quark(), code)

    @contextlib.contextmanager
    def prints(self, text):
        with contextlib.redirect_stderr(io.StringIO()) as stderr:
            yield
        self.assertIn(text, stderr.getvalue())


class Registration(Case):
    def test_is_listed(self):
        backend = Malt.lookup_backend('command')
        self.assertEqual(backend.get_capabilities(), Malt.WorkerCapabilities.INTERRUPT
                         | Malt.WorkerCapabilities.ISOLATED)
        self.assertIsNone(backend.get_path())
        self.assertEqual(backend.get_worker_type(), command_backend.CommandWorker.__gtype__)
        self.assertEqual([option.name for option in backend.list_options()],
                         ['directory', 'programs'])
        self.assertIn('command', [each.get_name() for each in Malt.list_backends()])

    def test_what_cannot_be_registered(self):
        with self.fails_with(Malt.Error.FAILED) as raised:
            Malt.register_backend('unfinished', UnfinishedWorker, 0)
        self.assertIn('does not implement “send_finish”', raised.exception.message)
        with self.fails_with(Malt.Error.FAILED):
            Malt.register_backend('object', GObject.Object, 0)
        for name in 'echo', 'process':
            with self.fails_with(Malt.Error.FAILED) as raised:
                Malt.register_backend(name, command_backend.CommandWorker, 0)
            self.assertIn('belongs to', raised.exception.message)
        self.assertTrue(Malt.register_backend('echo', EchoWorker, 0))

    def test_options(self):
        self.assertEqual(create('echo', repeat=9).repeat, 9)
        for options in {'repeat': 10}, {'repeat': 'x'}, {'repeet': 1}, {'answers': 1}:
            with self.fails_with(Malt.Error.INVALID_CONFIG):
                create('echo', **options)

    def test_configuration(self):
        config = Malt.Config.new_from_data(
            '{ "profiles": { "files": { "backend": "command", "directory": "/",'
            ' "programs": ["ls", "pwd"] } } }', -1)
        worker = config.create_worker('files', None)
        self.assertEqual(worker.remote_call_fetch('pwd', None, None, None).unpack(), '/\n')
        with self.fails_with(Malt.Error.UNKNOWN_FUNCTION):
            worker.remote_call_fetch('cat', None, None, None)
        with self.fails_with(Malt.Error.INVALID_CONFIG):
            Malt.Config.new_from_data('{ "profiles": { "files": { "backend": "command",'
                                      ' "programs": 1 } } }', -1)


class Example(Case):
    def setUp(self):
        self.worker = create('command')

    def run_program(self, *words, **options):
        return self.worker.remote_call_fetch(
            words[0], GLib.Variant('(' + 's' * (len(words) - 1) + ')', words[1:]),
            GLib.Variant('a{sv}', options), None).unpack()

    def test_from_a_shell(self):
        done = subprocess.run([sys.executable, command_backend.__file__, 'printf', '%s', 'a b'],
                              stdout=subprocess.PIPE, check=True)
        self.assertEqual(done.stdout, b'a b')
        self.assertEqual(subprocess.run([sys.executable, command_backend.__file__, 'false'],
                                        stderr=subprocess.PIPE, check=False).returncode, 1)

    def test_calls(self):
        self.assertEqual(self.run_program('printf', '%s-', 'a', 'ü'), 'a-ü-')
        self.assertEqual(self.run_program('cat', stdin=GLib.Variant('s', 'in')), 'in')
        self.assertTrue(self.worker.remote_do('true', None, None))
        loop, values = GLib.MainLoop(), []

        def done(worker, result):
            values.append(worker.remote_call_finish(result).unpack())
            loop.quit()

        self.worker.remote_call_async('pwd', None, None, None, done)
        loop.run()
        self.assertEqual(values, [os.getcwd() + '\n'])

    def test_started_in_a_main_loop(self):
        loop, workers = GLib.MainLoop(), []

        def done(_, result):
            workers.append(Malt.create_worker_finish(result))
            loop.quit()

        Malt.create_worker_async('command', None, None, done)
        loop.run()
        self.assertTrue(workers[0].is_running())

    def test_values(self):
        for kind, value in (('b', True), ('x', -2 ** 63), ('d', 0.1), ('s', 'ü'), ('ay', b'\0a'),
                            ('a{sv}', {}), ('(sas)', ('a', ['b'])), ('as', [])):
            sent = GLib.Variant(kind, value)
            answer = self.worker.remote_call_fetch('malt.ping', GLib.Variant.new_tuple(sent),
                                                   None, None)
            self.assertTrue(answer.equal(sent), kind)
        nothing = self.worker.remote_call_fetch('malt.ping', None, None, None)
        self.assertEqual(nothing.get_type_string(), '()')

    def test_errors(self):
        with self.fails_with(Malt.Error.REMOTE_EXCEPTION) as raised:
            self.run_program('sh', '-c', 'echo no luck >&2; exit 3')
        self.assertIn('Remote exception from CommandWorker in .:\n\nno luck',
                      raised.exception.message)
        call = Malt.Call.new('false', None, None)
        with self.fails_with(Malt.Error.REMOTE_EXCEPTION):
            self.worker.send(call, None)
        self.assertEqual(call.get_remote_type(), 'exit status 1')
        with self.fails_with(Malt.Error.UNKNOWN_FUNCTION):
            self.run_program('no-such-program')
        with self.fails(Gio.io_error_quark(), Gio.IOErrorEnum.FAILED):
            self.run_program('printf', '\\377')
        with self.fails_with(Malt.Error.UNKNOWN_FUNCTION):
            self.worker.remote_do('no-such-program', None, None)
        with self.fails_with(Malt.Error.START_FAILED):
            create('command', directory='/no/such/folder')

    def test_time_out(self):
        call = Malt.Call.new('sleep', GLib.Variant('(s)', ('3600',)), None)
        call.set_timeout(50)
        with self.fails(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT):
            self.worker.send(call, None)

    def test_cancelled(self):
        cancellable = Gio.Cancellable()
        threading.Timer(0.05, cancellable.cancel).start()
        with self.fails(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED):
            self.worker.remote_call_fetch('sleep', GLib.Variant('(s)', ('3600',)), None,
                                          cancellable)
        with self.fails(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED):
            self.worker.remote_call_fetch('true', None, None, cancellable)

    def send_sleep(self):
        errors = []

        def done(worker, result):
            try:
                worker.remote_call_finish(result)
            except GLib.Error as error:
                errors.append(error)

        self.worker.remote_call_async('sleep', GLib.Variant('(s)', ('3600',)), None, None, done)
        return errors

    def expect(self, errors, code):
        while not errors:
            GLib.MainContext.default().iteration(True)
        self.assertTrue(errors[0].matches(Malt.error_quark(), code), errors[0])

    def test_interrupted(self):
        self.assertTrue(self.worker.interrupt())
        errors = self.send_sleep()
        self.assertTrue(self.worker.interrupt())
        self.expect(errors, Malt.Error.INTERRUPTED)
        with self.fails(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_SUPPORTED):
            self.worker.kill(9)

    def test_stopped(self):
        exits = []
        self.worker.connect('exited', lambda _, report: exits.append(report.get_reason()))
        errors = self.send_sleep()
        self.assertEqual(self.worker.stop(1000, 1000, None), (True, True))
        self.expect(errors, Malt.Error.TERMINATED_WORKER)
        self.assertFalse(self.worker.is_running())
        self.assertEqual(self.worker.stop(1000, 1000, None), (True, False))
        while not exits:
            GLib.MainContext.default().iteration(True)
        self.assertEqual(exits, [Malt.ExitReason.STOPPED])
        call = Malt.Call.new('true', None, None)
        with self.fails_with(Malt.Error.TERMINATED_WORKER):
            self.worker.send(call, None)
        self.assertEqual(call.get_exit_report().get_reason(), Malt.ExitReason.STOPPED)

    def test_pool(self):
        pool = Malt.Pool.new('command', 2, None)
        inputs = GLib.Variant('a(s)', [(str(number),) for number in range(20)])
        self.assertEqual(pool.map('printf', inputs, None).unpack(),
                         [str(number) for number in range(20)])
        self.assertEqual(pool.stop(1000, 1000, None), (True, True))

    def test_around_another(self):
        worker = create('counting', profile='command')
        self.assertIsInstance(worker.get_inner(), command_backend.CommandWorker)
        self.assertEqual(worker.remote_call_fetch('pwd', None, None, None).unpack(), '/\n')
        with self.fails_with(Malt.Error.REMOTE_EXCEPTION):
            worker.remote_call_fetch('false', None, None, None)
        (_, value, none), (name, nothing, error) = CountingWorker.outcomes
        self.assertEqual((value.unpack(), none, name, nothing), ('/\n', None, 'false', None))
        self.assertTrue(error.matches(Malt.error_quark(), Malt.Error.REMOTE_EXCEPTION))


class Text(Case):
    def test_the_chapter_shows_the_code(self):
        """What docs/writing-a-backend.md shows as Python stands in the example as it is."""
        folder = os.path.dirname(command_backend.__file__)
        with open(command_backend.__file__, encoding='utf-8') as file:
            code = file.read()
        with open(os.path.join(folder, '..', '..', 'docs', 'writing-a-backend.md'),
                  encoding='utf-8') as file:
            blocks = re.findall(r'^```python\n(.*?)^```', file.read(), re.MULTILINE | re.DOTALL)
        self.assertGreaterEqual(len(blocks), 4)
        for block in blocks:
            self.assertIn(block, code)
        self.assertLess(code.count('\n'), 150)


class Faults(Case):
    """An exception is printed, and is an error for whoever called."""

    def test_exceptions(self):
        calls = {
            'send_async': lambda worker: ping(worker, 1),
            'send_finish': lambda worker: ping(worker, 1),
            'post': lambda worker: worker.remote_do('x', None, None),
            'interrupt': lambda worker: worker.interrupt(),
            'kill': lambda worker: worker.kill(9),
            'stop_finish': lambda worker: worker.stop(0, 0, None),
        }
        for function, call in calls.items():
            with self.subTest(function):
                with self.prints('ValueError: ' + function):
                    with self.fails_with(Malt.Error.FAILED) as raised:
                        call(create('echo', fault=function))
                self.assertIn(f'“{function}” of “EchoWorker”', raised.exception.message)
                if function != 'send_async':
                    with self.fails_with(Malt.Error.LIMIT):
                        call(create('echo', fault='error-of-' + function))

    def test_start(self):
        with self.prints('ValueError: init'), self.fails_with(Malt.Error.FAILED):
            create('echo', fault='init')
        with self.fails_with(Malt.Error.LIMIT):
            create('echo', fault='error-of-init')
        loop = GLib.MainLoop()

        def done(_, result):
            with self.fails_with(Malt.Error.FAILED):
                Malt.create_worker_finish(result)
            loop.quit()

        with self.prints('ValueError: init'):
            Malt.create_worker_async('echo', GLib.Variant('a{sv}', {
                'fault': GLib.Variant('s', 'init')}), None, done)
            loop.run()

    def test_what_never_fails(self):
        for function, value in (('describe', 'EchoWorker'), ('get_capabilities', 0),
                                ('is_running', False)):
            worker = create('echo', fault=function)
            with self.prints('ValueError: ' + function):
                self.assertEqual(getattr(worker, function)(), value)
            self.assertEqual(ping(worker, 1), 1)

    def test_wrong_types(self):
        with self.prints('TypeError'):
            self.assertEqual(create('echo', fault='type-of-describe').describe(), 'EchoWorker')
        with self.prints('TypeError'), self.fails_with(Malt.Error.FAILED):
            ping(create('echo', fault='type-of-send_finish'), 1)
        with self.fails_with(Malt.Error.FAILED):
            ping(create('echo', fault='none'), 1)
        with self.fails_with(Malt.Error.FAILED):
            create('echo', fault='type-of-stop_finish').stop(0, 0, None)

    def test_stop_raises(self):
        with self.prints('ValueError: stop_async'):
            with self.fails(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT):
                create('echo', fault='stop_async').stop(0, 0, None)

    def test_twice(self):
        """A critical message, which is fatal here, so another process says it."""
        done = subprocess.run(
            [sys.executable, __file__, os.path.dirname(command_backend.__file__), '--twice'],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf-8',
            env={**os.environ, 'G_DEBUG': ''}, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, '5\n'), done.stderr)
        self.assertIn('had answered before', done.stderr)

    def test_never(self):
        worker = create('echo', answers='never')
        cancellable = Gio.Cancellable()
        threading.Timer(0.05, cancellable.cancel).start()
        with self.fails(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED):
            worker.remote_call_fetch('x', None, None, cancellable)
        threading.Timer(0.05, lambda: worker.stop(0, 0, None)).start()
        with self.fails_with(Malt.Error.TERMINATED_WORKER) as raised:
            worker.remote_call_fetch('x', None, None, None)
        self.assertIn('bye', raised.exception.message)
        self.assertEqual(worker.get_exit_report().get_running_calls(), ['a'])


class Threads(Case):
    """The interpreter is let go of by whoever waits, so that whoever answers gets on."""
    N_CALLS = max(200 // SLOW, 10)

    def hammer(self, worker):
        for number in range(self.N_CALLS):
            self.assertEqual(ping(worker, number), number)

    def start_threads(self, worker, done=lambda: None):
        def run():
            self.hammer(worker)
            self.n_done += 1
            done()

        self.n_done = 0
        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        return threads

    def test_answers_of_threads(self):
        worker = create('echo', answers='thread')
        self.hammer(worker)
        for thread in self.start_threads(worker):
            thread.join()
        self.assertEqual(self.n_done, 4)

    def test_answers_of_the_main_loop(self):
        loop = GLib.MainLoop()
        threads = self.start_threads(create('echo', answers='main'),
                                     lambda: GLib.idle_add(lambda: self.n_done == 4
                                                           and loop.quit()))
        loop.run()
        for thread in threads:
            thread.join()

    def test_pool(self):
        pool = Malt.Pool.new('echo', 3, None)
        threads = self.start_threads(pool)
        while any(thread.is_alive() for thread in threads):
            self.assertLessEqual(len([each.props.description for each in pool]), 3)
            self.assertGreaterEqual(pool.props.n_pending, 0)
        self.assertEqual(self.n_done, 4)
        pool.stop(0, 0, None)

    def test_progress(self):
        worker = create('echo', answers='thread')
        call = Malt.Call.new('x', GLib.Variant('(x)', (1,)), None)
        reports = []
        call.connect('progress', lambda _, fraction, message: reports.append(
            (fraction, message, threading.current_thread())))
        worker.send(call, None)
        self.assertEqual(reports, [(0.5, 'half', threading.main_thread())])
        self.assertEqual(call.get_run_time_us(), 7)


class Leaks(Case):
    @staticmethod
    def use(number):
        worker = create('command' if number % 2 else 'echo')
        ping(worker, number)
        if number % 10 == 5:
            worker.remote_call_fetch('true', None, None, None)
        if number % 10 == 7:
            cancellable = Gio.Cancellable()
            threading.Timer(0.01, cancellable.cancel).start()
            with contextlib.suppress(GLib.Error):
                worker.remote_call_fetch('sleep', GLib.Variant('(s)', ('3600',)), None,
                                         cancellable)
        if number % 3:
            worker.stop(1000, 1000, None)
        return weakref.ref(worker), worker.weak_ref()

    @staticmethod
    def count():
        """What is open and runs, but for the threads that GLib keeps for a while."""
        gc.collect()
        while GLib.MainContext.default().iteration(False):
            pass
        names = []
        for path in glob.glob('/proc/self/task/*/comm'):
            with contextlib.suppress(OSError), open(path, encoding='utf-8') as file:
                names.append(file.read().strip())
        with open(f'/proc/self/task/{os.getpid()}/children', encoding='ascii') as children:
            n_children = len(children.read().split())
        return (len(os.listdir('/proc/self/fd')), n_children,
                sorted(name for name in names if not name.startswith('pool')))

    def test_workers_are_let_go_of(self):
        for number in range(20):
            self.use(number)
        before = self.count()
        refs = [self.use(number) for number in range(max(200 // SLOW, 20))]
        deadline = time.monotonic() + 30 * SLOW
        while self.count() != before and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(self.count(), before)
        self.assertEqual([pair for pair in refs if pair[0]() or pair[1]()], [])
        self.assertEqual(Malt.list_running_workers().get_n_items(), 0)


Malt.register_backend('counting', CountingWorker, 0)

if __name__ == '__main__':
    if sys.argv[1:] == ['--twice']:
        print(ping(create('echo', fault='twice'), 5))
    else:
        unittest.main(verbosity=2)

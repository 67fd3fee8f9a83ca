#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The malt authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Uses malt as a program in Python would, with asyncio. Exit status 77: no PyGObject."""
import asyncio
import sys
import threading
import unittest

try:
    import gi
except ImportError:
    print('skipped: PyGObject (python3-gi) is not installed', file=sys.stderr)
    sys.exit(77)

gi.require_version('Malt', '1')
from gi.repository import Gio, GLib, GObject, Malt  # noqa: E402


def wait_for(source, verb, *args):
    """What SOURCE.VERB_async() begins and SOURCE.VERB_finish() ends, to be awaited."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()

    def on_ready(_source, result):
        try:
            value = getattr(source, verb + '_finish')(result)
        except GLib.Error as error:
            loop.call_soon_threadsafe(future.set_exception, error)
        else:
            loop.call_soon_threadsafe(future.set_result, value)

    getattr(source, verb + '_async')(*args, on_ready)
    return future


def emission(instance, signal):
    """The arguments of the next emission."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()

    def on_signal(_instance, *args):
        instance.disconnect(handler)
        loop.call_soon_threadsafe(future.set_result, args)

    handler = instance.connect(signal, on_signal)
    return future


async def create(backend='process', **options):
    types = {str: 's', bool: 'b', int: 'u', list: 'as'}
    values = {name.replace('_', '-'): GLib.Variant(types[type(value)], value)
              for name, value in options.items()}
    return await wait_for(Malt, 'create_worker', backend, GLib.Variant('a{sv}', values), None)


async def stop(worker):
    return await wait_for(worker, 'stop', 5000, 5000, None)


async def evaluate(worker, expression, args=None, cancellable=None):
    value = await wait_for(worker, 'remote_eval', None, expression, args, cancellable)
    return value.unpack()


class Capitals(GObject.Object, Malt.Evaluator):
    """A language in which each text says itself, and “sleep” sleeps until it is told to end."""

    def do_open(self, runtime, options):
        self.runtime = runtime
        return True

    def do_close(self):
        pass

    def do_has_function(self, name):
        return name == 'second'

    def do_list_functions(self):
        return ['second']

    def do_eval(self, invocation, module, expression, args):
        def on_awake(_value, _error, *_):
            invocation.return_error(invocation.new_cancel_error('asleep'))

        if expression == 'sleep':
            self.runtime.call(invocation, 'malt.sleep', GLib.Variant('(d)', (1000,)), None, on_awake)
        else:
            invocation.return_value(GLib.Variant('s', expression.upper()))

    def do_call(self, invocation, name):
        invocation.return_value(invocation.get_args().get_child_value(1))


class Bindings(unittest.IsolatedAsyncioTestCase):
    """The main context of GLib runs in a thread of its own, beside the loop of asyncio."""

    @classmethod
    def setUpClass(cls):
        cls.loop = GLib.MainLoop()
        cls.thread = threading.Thread(target=cls.loop.run)
        cls.thread.start()

    @classmethod
    def tearDownClass(cls):
        GLib.idle_add(cls.loop.quit)
        cls.thread.join()

    async def fails(self, awaitable, code, domain=None):
        with self.assertRaises(GLib.Error) as raised:
            await awaitable
        error = raised.exception
        self.assertTrue(error.matches(domain or Malt.error_quark(), code), error)
        return error

    async def test_eval(self):
        worker = await create()
        self.assertEqual(await evaluate(worker, 'local a, b = ...; return {a + b, "ä"}',
                                        GLib.Variant('(xx)', (40, 2))), [42, 'ä'])
        self.assertTrue(worker.is_running())
        self.assertEqual(await stop(worker), (True, True))
        self.assertEqual(await stop(worker), (True, False))
        self.assertEqual(worker.get_exit_report().get_reason(), Malt.ExitReason.STOPPED)

    async def test_call(self):
        worker = await create()
        values = await asyncio.gather(*(
            wait_for(worker, 'remote_call', 'malt.ping', GLib.Variant('(i)', (i,)), None, None)
            for i in range(10)))
        self.assertEqual([value.unpack() for value in values], list(range(10)))
        await self.fails(wait_for(worker, 'remote_call', 'no.such', None, None, None),
                         Malt.Error.UNKNOWN_FUNCTION)
        await stop(worker)

    async def test_exception(self):
        worker = await create()
        call = Malt.Call.new_eval(None, 'local function f() error("not this") end f() return 1')
        error = await self.fails(wait_for(worker, 'send', call, None),
                                 Malt.Error.REMOTE_EXCEPTION)
        self.assertTrue(error.message.startswith('Remote exception from MaltProcessWorker'))
        self.assertIn('not this', call.get_remote_message())
        self.assertEqual(call.get_remote_type(), 'lua.error')
        self.assertIn("local 'f'", call.get_remote_traceback())
        await stop(worker)

    async def test_interrupt(self):
        worker = await create(stdout='lines')
        line = emission(worker, 'output')
        call = Malt.Call.new_eval(None, 'print("begun") while true do end')
        ended = asyncio.ensure_future(
            self.fails(wait_for(worker, 'send', call, None), Malt.Error.INTERRUPTED))
        fd, data = await line
        self.assertEqual((fd, data.get_data()), (1, b'begun'))
        self.assertTrue(worker.interrupt())
        await ended
        self.assertTrue(call.get_remote_traceback())

        cancellable = Gio.Cancellable()
        cancelled = asyncio.ensure_future(
            self.fails(evaluate(worker, 'while true do end', None, cancellable),
                       Gio.IOErrorEnum.CANCELLED, Gio.io_error_quark()))
        await asyncio.sleep(0)
        cancellable.cancel()
        await cancelled
        self.assertEqual(await evaluate(worker, '6 * 7'), 42)
        await stop(worker)

    async def test_timeout(self):
        worker = await create()
        call = Malt.Call.new_eval(None, 'while true do end')
        call.set_timeout(50)
        await self.fails(wait_for(worker, 'send', call, None),
                         Gio.IOErrorEnum.TIMED_OUT, Gio.io_error_quark())
        self.assertTrue(call.get_remote_traceback())
        await stop(worker)

    async def test_crash(self):
        worker = await create()
        exited = emission(worker, 'exited')
        call = Malt.Call.new_eval(None, 'while true do end')
        ended = asyncio.ensure_future(
            self.fails(wait_for(worker, 'send', call, None), Malt.Error.TERMINATED_WORKER))
        await asyncio.sleep(0)
        worker.kill(9)
        await ended
        (report,) = await exited
        for seen in (report, call.get_exit_report(), worker.get_exit_report()):
            self.assertEqual(seen.get_reason(), Malt.ExitReason.KILLED)
            self.assertEqual(seen.get_signal(), 9)
        self.assertEqual(report.get_running_calls(), ['malt.eval'])
        self.assertFalse(worker.is_running())

    async def test_channel(self):
        worker = await create()
        channel = await wait_for(worker, 'worker_channel',
                                 'values = malt.channel(4) return values', None)
        await evaluate(worker, 'for i = 1, 3 do values:put(i) end')
        taken = [(await wait_for(channel, 'take', None)).unpack() for _ in range(3)]
        self.assertEqual(taken, [1, 2, 3])
        await wait_for(channel, 'put', GLib.Variant('s', 'back'), None)
        self.assertEqual(await evaluate(worker, 'values:take()'), 'back')
        await stop(worker)

    async def test_pool(self):
        pool = await asyncio.to_thread(Malt.Pool.new, 'process', 2, None)
        outputs = await wait_for(pool, 'map', 'malt.ping',
                                 GLib.Variant('a(i)', [(i,) for i in range(20)]), None)
        self.assertEqual(outputs.unpack(), list(range(20)))
        self.assertEqual(pool.get_n_items(), 2)
        await stop(pool)

    async def test_evaluator(self):
        Gio.IOExtensionPoint.register(Malt.EVALUATOR_EXTENSION_POINT)
        Gio.IOExtensionPoint.implement(Malt.EVALUATOR_EXTENSION_POINT, Capitals, 'capitals', 0)
        worker = await create('in-process', evaluator='capitals')
        self.assertEqual(await evaluate(worker, 'louder'), 'LOUDER')
        answer = await wait_for(worker, 'remote_call', 'second', GLib.Variant('(ii)', (1, 2)), None, None)
        self.assertEqual(answer.unpack(), 2)
        asleep = asyncio.ensure_future(evaluate(worker, 'sleep'))
        await asyncio.sleep(0)
        worker.interrupt()
        error = await self.fails(asleep, Malt.Error.INTERRUPTED)
        self.assertIn('malt.eval', error.message)
        await stop(worker)

    async def test_options(self):
        error = await self.fails(create(no_such_option=True), Malt.Error.INVALID_CONFIG)
        self.assertIn('no-such-option', error.message)
        worker = await create(call_timeout=50)
        self.assertEqual(worker.get_property('call-timeout'), 50)
        await self.fails(evaluate(worker, 'while true do end'),
                         Gio.IOErrorEnum.TIMED_OUT, Gio.io_error_quark())
        await stop(worker)


if __name__ == '__main__':
    unittest.main(verbosity=2)

// SPDX-FileCopyrightText: 2026 The malt authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Uses malt as a program in JavaScript would: asynchronous functions are promises.
imports.gi.versions.Malt = '1';
const {Gio, GLib, Malt} = imports.gi;

// First, for it would take the promises of the interface for what answers to a callback.
for (const verb of ['map', 'stop'])
    Gio._promisify(Malt.Pool.prototype, `${verb}_async`, `${verb}_finish`);
Gio._promisify(Malt, 'create_worker_async', 'create_worker_finish');
for (const verb of ['remote_call', 'remote_eval', 'send', 'stop', 'worker_channel'])
    Gio._promisify(Malt.AbstractWorker.prototype, `${verb}_async`, `${verb}_finish`);
for (const verb of ['put', 'take'])
    Gio._promisify(Malt.Channel.prototype, `${verb}_async`, `${verb}_finish`);

function assertEqual(actual, expected) {
    const [a, b] = [actual, expected].map(value => JSON.stringify(value));
    if (a !== b)
        throw new Error(`got ${a}: expected ${b}`);
}

async function assertFails(promise, code, domain = Malt.Error) {
    let result;
    try {
        result = await promise;
    } catch (error) {
        if (!(error instanceof GLib.Error) || !error.matches(domain, code))
            throw new Error(`failed with ${error}: expected ${domain.$gtype.name} ${code}`);
        return error;
    }
    throw new Error(`got ${result}: expected an error`);
}

function emits(object, signal) {
    return new Promise(resolve => {
        const id = object.connect(signal, (_object, ...values) => {
            object.disconnect(id);
            resolve(values);
        });
    });
}

const create = options => Malt.create_worker_async('process',
    options ? new GLib.Variant('a{sv}', options) : null, null);

const tests = {
    async eval() {
        const worker = await create();
        const value = await worker.remote_eval_async(null, 'local a, b = ...; return {a + b, "ä"}',
            new GLib.Variant('(xx)', [40, 2]), null);
        assertEqual(value.recursiveUnpack(), [42, 'ä']);
        assertEqual(worker.is_running(), true);
        assertEqual(worker.describe().startsWith('MaltProcessWorker'), true);
        assertEqual(await worker.stop_async(5000, 5000, null), [true]);
        assertEqual(worker.get_exit_report().get_reason(), Malt.ExitReason.STOPPED);
    },

    async call() {
        const worker = await create();
        const args = new GLib.Variant('(s)', ['hello']);
        assertEqual((await worker.remote_call_async('malt.ping', args, null, null)).unpack(), 'hello');
        const many = await Promise.all([1, 2, 3].map(i =>
            worker.remote_call_async('malt.ping', new GLib.Variant('(i)', [i]), null, null)));
        assertEqual(many.map(value => value.unpack()), [1, 2, 3]);
        assertEqual(worker.remote_eval_fetch(null, '6 * 7', null, null).unpack(), 42);
        worker.remote_do('malt.ping', null, null);
        await assertFails(worker.remote_call_async('no.such', null, null, null),
            Malt.Error.UNKNOWN_FUNCTION);
        await worker.stop_async(5000, 5000, null);
    },

    async exception() {
        const worker = await create();
        const call = Malt.Call.new_eval(null, 'local function f() error("not this") end f() return 1', null);
        const error = await assertFails(worker.send_async(call, null), Malt.Error.REMOTE_EXCEPTION);
        assertEqual(error.message.startsWith('Remote exception from MaltProcessWorker'), true);
        assertEqual(call.get_remote_message().includes('not this'), true);
        assertEqual(call.get_remote_type(), 'lua.error');
        assertEqual(call.get_remote_traceback().includes("local 'f'"), true);
        await worker.stop_async(5000, 5000, null);
    },

    async interrupt() {
        const worker = await create({stdout: new GLib.Variant('s', 'lines')});
        const call = Malt.Call.new_eval(null, 'print("begun") while true do end', null);
        const begun = emits(worker, 'output');
        const ended = assertFails(worker.send_async(call, null), Malt.Error.INTERRUPTED);
        const [fd, line] = await begun;
        assertEqual([fd, new TextDecoder().decode(line.toArray())], [1, 'begun']);
        worker.interrupt();
        await ended;
        assertEqual(call.get_remote_traceback().length > 0, true);

        const cancellable = new Gio.Cancellable();
        const cancelled = assertFails(
            worker.remote_eval_async(null, 'while true do end', null, cancellable),
            Gio.IOErrorEnum.CANCELLED, Gio.IOErrorEnum);
        cancellable.cancel();
        await cancelled;
        assertEqual((await worker.remote_eval_async(null, '1', null, null)).unpack(), 1);
        await worker.stop_async(5000, 5000, null);
    },

    async timeout() {
        const worker = await create();
        const call = Malt.Call.new_eval(null, 'while true do end', null);
        call.timeout = 50;
        await assertFails(worker.send_async(call, null), Gio.IOErrorEnum.TIMED_OUT, Gio.IOErrorEnum);
        assertEqual(call.get_remote_traceback().length > 0, true);
        await worker.stop_async(5000, 5000, null);
    },

    async crash() {
        const worker = await create();
        const call = Malt.Call.new_eval(null, 'while true do end', null);
        const exited = emits(worker, 'exited');
        const ended = assertFails(worker.send_async(call, null), Malt.Error.TERMINATED_WORKER);
        worker.kill(9);
        await ended;
        const [report] = await exited;
        for (const r of [report, call.get_exit_report(), worker.get_exit_report()]) {
            assertEqual(r.get_reason(), Malt.ExitReason.KILLED);
            assertEqual(r.get_signal(), 9);
        }
        assertEqual(report.get_running_calls(), ['malt.eval']);
        assertEqual(worker.is_running(), false);
    },

    async channel() {
        const worker = await create();
        const channel = await worker.worker_channel_async('values = malt.channel(4) return values', null);
        await worker.remote_eval_async(null, 'for i = 1, 3 do values:put(i) end', null, null);
        const taken = [];
        for (let i = 0; i < 3; i++)
            taken.push((await channel.take_async(null)).unpack());
        assertEqual(taken, [1, 2, 3]);
        await channel.put_async(new GLib.Variant('s', 'back'), null);
        assertEqual((await worker.remote_eval_async(null, 'values:take()', null, null)).unpack(), 'back');
        await worker.stop_async(5000, 5000, null);
    },

    async pool() {
        const pool = Malt.Pool.new('process', 2, null);
        const inputs = new GLib.Variant('a(i)', [[1], [2], [3], [4]]);
        const outputs = await pool.map_async('malt.ping', inputs, null);
        assertEqual(outputs.recursiveUnpack(), [1, 2, 3, 4]);
        await pool.stop_async(5000, 5000, null);
    },

    async options() {
        await assertFails(create({'no-such-option': new GLib.Variant('b', true)}),
            Malt.Error.INVALID_CONFIG);
        const worker = await create({'call-timeout': new GLib.Variant('u', 50)});
        assertEqual(worker.call_timeout, 50);
        await assertFails(worker.remote_eval_async(null, 'while true do end', null, null),
            Gio.IOErrorEnum.TIMED_OUT, Gio.IOErrorEnum);
        await worker.stop_async(5000, 5000, null);
    },
};

const loop = GLib.MainLoop.new(null, false);
let nFailed = 0;

async function main() {
    print(`1..${Object.keys(tests).length}`);
    for (const [i, [name, test]] of Object.entries(tests).entries()) {
        try {
            await test();
            print(`ok ${i + 1} ${name}`);
        } catch (error) {
            nFailed++;
            print(`not ok ${i + 1} ${name}\n# ${error}\n${error.stack}`.replace(/\n(?!#)/g, '\n# '));
        }
    }
    loop.quit();
}

main();
loop.run();
imports.system.exit(nFailed > 0 ? 1 : 0);

// SPDX-FileCopyrightText: 2026 The malt authors
// SPDX-License-Identifier: LGPL-2.1-or-later
imports.gi.versions.Malt = '1';
const {Gio, GLib, Malt} = imports.gi;

Gio._promisify(Malt, 'create_worker_async', 'create_worker_finish');
for (const verb of ['remote_eval', 'send', 'stop'])
    Gio._promisify(Malt.AbstractWorker.prototype, `${verb}_async`, `${verb}_finish`);

async function main() {
    const worker = await Malt.create_worker_async('process', null, null);
    print((await worker.remote_eval_async(null, '6 * 7', null, null)).unpack());

    const call = Malt.Call.new_eval(null, 'local n = ...; return nosuch[n]',
        new GLib.Variant('(x)', [1]));
    try {
        await worker.send_async(call, null);
    } catch (error) {
        if (!error.matches(Malt.Error, Malt.Error.REMOTE_EXCEPTION))
            throw error;
        print(call.get_remote_type(), call.get_remote_message(), call.get_remote_traceback());
    }

    await worker.stop_async(Malt.STOP_TIMEOUT_DEFAULT, Malt.STOP_TIMEOUT_DEFAULT, null);
    print(worker.get_exit_report().to_string());
}

const loop = GLib.MainLoop.new(null, false);
main().catch(logError).finally(() => loop.quit());
loop.run();

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Uses malt as a program in Vala would. */
class Bindings {
	delegate void BeginFunc (AsyncReadyCallback callback);
	delegate void EndFunc (AsyncResult result) throws Error;

	static void wait (BeginFunc begin, EndFunc end) {
		AsyncResult? result = null;

		begin ((source, res) => result = res);
		while (result == null) {
			MainContext.@default ().iteration (true);
		}
		try {
			end (result);
		} catch (Error error) {
			critical ("%s", error.message);
		}
	}

	static async Malt.AbstractWorker create () throws Error {
		var options = new VariantDict ();

		options.insert ("stdout", "s", "lines");
		return yield Malt.create_worker_async ("process", options.end (), null);
	}

	static async void stop (Malt.AbstractWorker worker) throws Error {
		bool was_running;

		assert (yield worker.stop_async (5000, 5000, null, out was_running));
		assert (was_running);
	}

	static async void eval () throws Error {
		var worker = yield create ();
		var value = yield worker.remote_eval_async (null, "local a, b = ...; return a + b",
		                                            new Variant ("(xx)", (int64) 40, (int64) 2), null);

		assert (value.get_int64 () == 42);
		assert (worker.remote_eval_fetch (null, "6 * 7", null, null).get_int64 () == 42);
		assert (worker.is_running ());
		yield stop (worker);
		assert (worker.get_exit_report ().get_reason () == Malt.ExitReason.STOPPED);
	}

	static async void call () throws Error {
		var worker = yield create ();
		var value = yield worker.remote_call_async ("malt.ping", new Variant ("(s)", "hello"), null, null);

		assert (value.get_string () == "hello");
		try {
			yield worker.remote_call_async ("no.such", null, null, null);
			assert_not_reached ();
		} catch (Malt.Error.UNKNOWN_FUNCTION error) {
			assert ("no.such" in error.message);
		}
		yield stop (worker);
	}

	static async void exception () throws Error {
		var worker = yield create ();
		var call = new Malt.Call.eval (null, "local function f() error('not this') end f() return 1", null);

		try {
			yield worker.send_async (call, null);
			assert_not_reached ();
		} catch (Malt.Error.REMOTE_EXCEPTION error) {
			assert ("not this" in call.get_remote_message ());
			assert (call.get_remote_type () == "lua.error");
			assert ("local 'f'" in call.get_remote_traceback ());
			/* Vala keeps what the error itself carries. */
			assert (Malt.Error.get_remote_type (error) == "lua.error");
		}
		yield stop (worker);
	}

	static async void interrupt () throws Error {
		var worker = yield create ();
		var call = new Malt.Call.eval (null, "print ('begun') while true do end", null);

		worker.output.connect ((fd, line) => {
			try {
				worker.interrupt ();
			} catch (Error error) {
				assert_not_reached ();
			}
		});
		try {
			yield worker.send_async (call, null);
			assert_not_reached ();
		} catch (Malt.Error.INTERRUPTED error) {
			assert (call.get_remote_traceback () != null);
		}
		yield stop (worker);
	}

	static async void crash () throws Error {
		var worker = yield create ();
		var call = new Malt.Call.eval (null, "print ('begun') while true do end", null);

		worker.output.connect ((fd, line) => {
			try {
				worker.kill (9);
			} catch (Error error) {
				assert_not_reached ();
			}
		});
		try {
			yield worker.send_async (call, null);
			assert_not_reached ();
		} catch (Malt.Error.TERMINATED_WORKER error) {
			assert (call.get_exit_report ().get_signal () == 9);
			assert (Malt.Error.get_exit_report (error).get_reason () == Malt.ExitReason.KILLED);
		}
	}

	static async void channel () throws Error {
		var worker = yield create ();
		var channel = yield worker.worker_channel_async ("values = malt.channel(4) return values", null);

		yield worker.remote_eval_async (null, "for i = 1, 3 do values:put(i) end", null, null);
		for (int64 i = 1; i <= 3; i++) {
			assert ((yield channel.take_async (null)).get_int64 () == i);
		}
		yield channel.put_async (new Variant ("s", "back"), null);
		assert ((yield worker.remote_eval_async (null, "values:take()", null, null)).get_string () == "back");
		yield stop (worker);
	}

	static async void pool () throws Error {
		var pool = yield new Malt.Pool.start ("process", 2);
		Variant[] inputs = {};

		for (int i = 0; i < 20; i++) {
			inputs += new Variant ("(i)", i);
		}
		var outputs = yield pool.map_async ("malt.ping", new Variant.array (null, inputs), null);
		assert (outputs.n_children () == 20);
		assert (outputs.get_child_value (7).get_variant ().get_int32 () == 7);
		yield stop (pool);
	}

	static int main (string[] args) {
		Test.init (ref args);
		Test.add_func ("/vala/eval", () => wait ((cb) => eval.begin (cb), (res) => eval.end (res)));
		Test.add_func ("/vala/call", () => wait ((cb) => call.begin (cb), (res) => call.end (res)));
		Test.add_func ("/vala/exception", () => wait ((cb) => exception.begin (cb), (res) => exception.end (res)));
		Test.add_func ("/vala/interrupt", () => wait ((cb) => interrupt.begin (cb), (res) => interrupt.end (res)));
		Test.add_func ("/vala/crash", () => wait ((cb) => crash.begin (cb), (res) => crash.end (res)));
		Test.add_func ("/vala/channel", () => wait ((cb) => channel.begin (cb), (res) => channel.end (res)));
		Test.add_func ("/vala/pool", () => wait ((cb) => pool.begin (cb), (res) => pool.end (res)));
		return Test.run ();
	}
}

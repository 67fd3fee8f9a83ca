/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
async void hello () throws Error {
	var worker = yield Malt.create_worker_async ("process", null, null);
	var value = yield worker.remote_eval_async (null, "6 * 7", null, null);
	print ("%lld\n", value.get_int64 ());

	try {
		yield worker.remote_eval_async (null, "local n = ...; return nosuch[n]",
		                                new Variant ("(x)", (int64) 1), null);
	} catch (Malt.Error.REMOTE_EXCEPTION error) {
		print ("%s\n%s\n%s\n", Malt.Error.get_remote_type (error),
		       Malt.Error.get_remote_message (error), Malt.Error.get_remote_traceback (error));
	}

	bool was_running;
	yield worker.stop_async (Malt.STOP_TIMEOUT_DEFAULT, Malt.STOP_TIMEOUT_DEFAULT, null, out was_running);
	print ("%s\n", worker.get_exit_report ().to_string ());
}

int main () {
	var loop = new MainLoop ();
	hello.begin ((source, result) => {
		try {
			hello.end (result);
		} catch (Error error) {
			printerr ("%s\n", error.message);
		}
		loop.quit ();
	});
	loop.run ();
	return 0;
}

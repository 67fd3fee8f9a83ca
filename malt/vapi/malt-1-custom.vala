/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
namespace Malt {
	public class Pool : GLib.Object {
		[CCode (cname = "malt_pool_new_async", finish_name = "malt_pool_new_finish")]
		public async Pool.start (string? profile, uint size, GLib.Cancellable? cancellable = null) throws GLib.Error;
	}
}

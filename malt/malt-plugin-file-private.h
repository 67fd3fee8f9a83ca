/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Loads a GIO module for good: opens it, checks what GIO would only print about, and lets GIO call
 * its load function. Afterwards it is resident. FALSE with MALT_ERROR_FAILED: what is wrong with
 * the file. `complaints`: what GLib had to say while it was loading, NULL for nothing, also on
 * success. */
gboolean malt_plugin_file_load (const char  *path,
                                char       **complaints,
                                GError     **error);

G_END_DECLS

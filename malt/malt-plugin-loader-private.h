/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-types.h"

G_BEGIN_DECLS

/* All of it may be called in any thread; what plugins do in their load functions runs under the
 * loader's lock, which the same thread may take again. */

/* Finds the GType registered under `name` on `extension_point`, loading plugins as needed: first
 * the file libmalt-NAME.so in each plugin folder, then every other one. The type must be a
 * `required_type` (an interface). G_TYPE_INVALID with `error` in `error_code` (MALT_ERROR) when
 * there is none; the message lists the known names, and the reason when a file of that name could
 * not be loaded. */
GType       malt_plugin_loader_lookup        (const char  *extension_point,
                                              GType        required_type,
                                              const char  *name,
                                              int          error_code,
                                              GError     **error);

/* Loads everything there is for `extension_point`. (transfer container) of GIOExtension, by
 * priority: those that are a `required_type` and were not passed over. */
GList      *malt_plugin_loader_list          (const char  *extension_point,
                                              GType        required_type);

/* Registers a type of the program's own under `name`. FALSE, with `error` in `error_code`, when it
 * is not what the extension point needs, or the name belongs to another one; that of a plugin whose
 * file is named after it counts, loaded or not. A second time does nothing. */
gboolean    malt_plugin_loader_register      (const char  *extension_point,
                                              GType        required_type,
                                              const char  *name,
                                              GType        type,
                                              int          error_code,
                                              GError     **error);

/* Loads everything there is, for every extension point. */
void        malt_plugin_loader_load_all      (void);

/* The file that registered a type. (transfer full) (nullable): NULL if no plugin did. */
char       *malt_plugin_loader_dup_path      (GType        type);

/* Files that were passed over: path → reason. (transfer full) GHashTable of (char *, char *). */
GHashTable *malt_plugin_loader_list_failures (void);

G_END_DECLS

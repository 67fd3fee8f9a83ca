/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* At most `max_bytes` of a file. NULL with an error of G_IO_ERROR, in words that can follow the
 * name of the file; also when it is no regular one. A pipe does not keep us waiting. (transfer
 * full) */
GBytes *malt_config_read (GFile         *file,
                          gsize          max_bytes,
                          GCancellable  *cancellable,
                          GError       **error);

G_END_DECLS

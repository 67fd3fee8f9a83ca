/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/wire/malt-message-private.h"

G_BEGIN_DECLS

#define NO_LIMIT (1024u * 1024)

/* echo (42, "hello, malt") with a time-out of 100 ms. */
#define GOLDEN_CALL_BYTES 68u
extern const guint8 golden_call[GOLDEN_CALL_BYTES];

/* One whole frame. The name of the message lives for ever. */
gboolean decode_frame (const guint8  *bytes,
                       gsize          length,
                       gboolean       shared,
                       gboolean       swap,
                       MaltMessage   *message,
                       GError       **error);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What hosts and managers send each other: a serialized a{sv}, little-endian, in normal form.
 * Members that are not known are skipped, those that are known have their type. */

/* Bytes of a message: arguments and environment of a worker, and the end of what one that did not
 * start has said on stderr, have room; a NATS server takes 1 MiB. */
#define MALT_DISTRIBUTED_MAX_MESSAGE_BYTES (64u * 1024)

/* Sinks the message. MALT_ERROR_LIMIT when it is too large. */
GBytes   *malt_distributed_message_to_bytes   (GVariant    *message,
                                               GError     **error);
/* MALT_ERROR_PROTOCOL. (transfer full) */
GVariant *malt_distributed_message_from_bytes (GBytes      *bytes,
                                               GError     **error);

/* As g_variant_get(); FALSE with MALT_ERROR_PROTOCOL when the member is not there or is something
 * else. */
gboolean  malt_distributed_message_get        (GVariant    *message,
                                               GError     **error,
                                               const char  *name,
                                               const char  *format,
                                               ...);

G_END_DECLS

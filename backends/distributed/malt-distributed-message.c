/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-message.h"

#include <malt/malt.h>

#include <string.h>

/* g_variant_is_normal_form() of GLib 2.74 may read a byte behind a value. */
#define MESSAGE_SLACK_BYTES 8

/* Serialized values are aligned so; g_malloc() does it. */
static GVariant *
new_message (gconstpointer data,
             gsize         size)
{
  guint8 *copy = g_malloc0 (size + MESSAGE_SLACK_BYTES);

  if (size > 0)
    memcpy (copy, data, size);

  return g_variant_ref_sink (g_variant_new_from_data (G_VARIANT_TYPE_VARDICT, copy, size, FALSE,
                                                      g_free, copy));
}

GBytes *
malt_distributed_message_to_bytes (GVariant  *message,
                                   GError   **error)
{
  g_autoptr (GVariant) sunk = g_variant_ref_sink (message);
  g_autoptr (GVariant) little = NULL;

  if (g_variant_get_size (sunk) > MALT_DISTRIBUTED_MAX_MESSAGE_BYTES)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_LIMIT,
                   "A message between manager and host has %" G_GSIZE_FORMAT
                   " bytes, and at most %u"
                   " are allowed",
                   g_variant_get_size (sunk), MALT_DISTRIBUTED_MAX_MESSAGE_BYTES);
      return NULL;
    }

  little = G_BYTE_ORDER == G_BIG_ENDIAN ? g_variant_byteswap (sunk)
                                        : g_variant_get_normal_form (sunk);

  return g_variant_get_data_as_bytes (little);
}

GVariant *
malt_distributed_message_from_bytes (GBytes  *bytes,
                                     GError **error)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);
  g_autoptr (GVariant) message = NULL;

  if (size > MALT_DISTRIBUTED_MAX_MESSAGE_BYTES)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                   "A message of %" G_GSIZE_FORMAT " bytes came, and at most %u are allowed", size,
                   MALT_DISTRIBUTED_MAX_MESSAGE_BYTES);
      return NULL;
    }

  message = new_message (data, size);
  if (!g_variant_is_normal_form (message))
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                   "What came is no message of malt: %" G_GSIZE_FORMAT " bytes", size);
      return NULL;
    }
  if (G_BYTE_ORDER == G_BIG_ENDIAN)
    return g_variant_byteswap (message);

  return g_steal_pointer (&message);
}

gboolean
malt_distributed_message_get (GVariant    *message,
                              GError     **error,
                              const char  *name,
                              const char  *format,
                              ...)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (message, name, NULL);
  va_list arguments;

  if (value == NULL || !g_variant_check_format_string (value, format, TRUE))
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                   "A message has %s “%s”, where “%s” was expected",
                   value == NULL ? "no member" : "another type in its member", name, format);
      return FALSE;
    }

  va_start (arguments, format);
  g_variant_get_va (value, format, NULL, &arguments);
  va_end (arguments);

  return TRUE;
}

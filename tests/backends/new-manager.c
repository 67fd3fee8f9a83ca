/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/backends/new-manager.h"

#include <string.h>

static const MaltConnectionLimits limits = {
  .max_pending_bytes = G_MAXUINT32,
  .max_message_bytes = G_MAXUINT32,
};

typedef struct
{
  gboolean   is_done;
  GVariant  *hello;
  GError   **error;
} Handshake;

static void
on_greeted (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Handshake *handshake = user_data;

  handshake->hello = malt_connection_handshake_finish (MALT_CONNECTION (source), result,
                                                       handshake->error);
  handshake->is_done = TRUE;
}

gboolean
new_manager_init (NewManager  *self,
                  int          data_fd,
                  int          control_fd,
                  const char  *setup,
                  GError     **error)
{
  static const MaltConnectionHooks hooks = { 0 };
  Handshake handshake = { .error = error };

  self->connection = malt_connection_new (data_fd, control_fd, &limits, &hooks, NULL, NULL);
  malt_connection_handshake_async (self->connection, g_variant_new_parsed (setup), NULL, on_greeted,
                                   &handshake);
  while (!handshake.is_done)
    g_main_context_iteration (NULL, TRUE);
  self->hello = handshake.hello;

  return self->hello != NULL;
}

void
new_manager_clear (NewManager *self)
{
  g_autoptr (GError) error = g_error_new_literal (MALT_ERROR, MALT_ERROR_TERMINATED_WORKER, "over");

  if (self->connection != NULL)
    malt_connection_close (self->connection, error);
  g_clear_object (&self->connection);
  g_clear_pointer (&self->hello, g_variant_unref);
}

GVariant *
new_manager_call (NewManager  *self,
                  const char  *function,
                  GVariant    *args,
                  GError     **error)
{
  g_autoptr (MaltCall) call = malt_call_new (function, args, NULL);

  return malt_connection_send_sync (self->connection, call, NULL, error);
}

void
new_manager_check_echo (NewManager *self,
                        gsize       size)
{
  g_autofree guint8 *data = g_malloc (size);
  g_autoptr (GVariant) bytes = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < size; i++)
    data[i] = (guint8) (i * 31 + (i >> 12));
  bytes = g_variant_ref_sink (g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, data, size, 1));
  value = new_manager_call (self, "malt.ping", g_variant_new_tuple (&bytes, 1), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_get_size (value), ==, size);
  g_assert_cmpint (memcmp (g_variant_get_data (value), data, size), ==, 0);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fuzz-peer.h"
#include "malt-fuzz.h"
#include "malt/malt-error.h"
#include "malt/wire/malt-connection.h"

#include <sys/socket.h>
#include <unistd.h>

/* What a worker sends before it has greeted. */

static const MaltConnectionLimits limits = {
  .max_pending_bytes = 1024u * 1024,
  .max_message_bytes = 1024u * 1024,
};

static void
on_greeted (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  gboolean *is_over = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) hello = malt_connection_handshake_finish (MALT_CONNECTION (source), result,
                                                                 &error);

  g_assert_true ((hello == NULL) == (error != NULL));
  if (hello != NULL)
    g_assert_true (g_variant_is_of_type (hello, G_VARIANT_TYPE_VARDICT));
  else
    g_assert_true (g_utf8_validate (error->message, -1, NULL));
  *is_over = TRUE;
}

static void
shake_hands (int data_fd,
             int control_fd)
{
  static const MaltConnectionHooks hooks = { 0 };
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (MaltConnection) connection = NULL;
  g_autoptr (GError) error = g_error_new_literal (MALT_ERROR, MALT_ERROR_TERMINATED_WORKER, "over");
  gboolean is_over = FALSE;

  g_main_context_push_thread_default (context);
  connection = malt_connection_new (data_fd, control_fd, &limits, &hooks, NULL, NULL);
  malt_connection_handshake_async (connection, g_variant_new_parsed ("@a{sv} {}"), NULL, on_greeted,
                                   &is_over);
  while (!is_over)
    g_main_context_iteration (context, TRUE);

  malt_connection_close (connection, error);
  g_main_context_pop_thread_default (context);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_auto (FuzzPeer) peer = { .fd = -1, .memory = -1 };
  int control[2];
  int data_fd;

  if (size == 0)
    return 0;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control), ==, 0);
  data_fd = fuzz_peer_init (&peer, data, size);

  /* All of it is there when the manager looks, so that an input always does the same. */
  while (fuzz_peer_send (&peer))
    ;
  shake_hands (data_fd, control[0]);
  close (control[1]);

  return 0;
}

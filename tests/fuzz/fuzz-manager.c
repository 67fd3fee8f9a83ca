/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fuzz-peer.h"
#include "malt-fuzz.h"
#include "malt/malt-error.h"
#include "malt/wire/malt-connection-private.h"

#include <sys/socket.h>
#include <unistd.h>

/* What a worker sends after its greeting, over the data or the control connection, to a manager
 * that has some calls on their way. Whatever it is, each call ends once. */

#define N_CALLS 4u

/* The monitor thread frees what is left of a connection. So many may wait for it: to wake it and
 * wait for it each time takes longer than all the rest. */
#define CONNECTIONS_MAX 64

/* Room for a body that is a mapping, see malt-block.c; it is claimed, and never sent. */
#define MAX_MESSAGE_BYTES (16u * 1024 * 1024)

/* An hour, so that no input meets it. */
#define UNRESPONSIVE_TIMEOUT_MSEC (3600u * 1000)

static const MaltConnectionLimits limits = {
  .max_pending_bytes = MAX_MESSAGE_BYTES,
  .max_message_bytes = MAX_MESSAGE_BYTES,
  .unresponsive_timeout_ms = UNRESPONSIVE_TIMEOUT_MSEC,
};

static int n_connections; /* atomic */

typedef struct
{
  GMainContext   *context;
  MaltConnection *connection;
  guint           n_ended;
} Manager;

static void
on_delivery (gpointer user_data)
{
}

/* Runs in the monitor thread. */
static void
on_lost (const GError *error,
         gpointer      user_data)
{
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static void
on_log (const MaltLogRecord *record,
        gpointer             user_data)
{
  g_autofree char *fields = g_variant_print (record->fields, TRUE);

  g_assert_true (g_utf8_validate (record->message, -1, NULL));
}

static void
on_freed (gpointer user_data)
{
  g_atomic_int_add (&n_connections, -1);
}

static void
check_error (const GError *error)
{
  const char *traceback = malt_error_get_remote_traceback (error);

  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_true (traceback == NULL || g_utf8_validate (traceback, -1, NULL));
}

static void
on_ended (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Manager *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_connection_send_finish (MALT_CONNECTION (source), result,
                                                            &error);

  self->n_ended++;
  g_assert_true ((value == NULL) == (error != NULL));
  if (value != NULL)
    g_assert_true (g_variant_is_normal_form (value));
  else
    check_error (error);
}

static void
on_progress (MaltCall   *call,
             double      fraction,
             const char *message,
             gpointer    user_data)
{
  g_assert_true (message == NULL || g_utf8_validate (message, -1, NULL));
}

static void
send_call (Manager      *self,
           const char   *result_type,
           GCancellable *cancellable)
{
  g_autoptr (MaltCall) call = malt_call_new ("f", g_variant_new ("(i)", 1), NULL);

  if (result_type != NULL)
    malt_call_set_result_type (call, G_VARIANT_TYPE (result_type));
  g_signal_connect (call, "progress", G_CALLBACK (on_progress), NULL);
  malt_connection_send_async (self->connection, call, cancellable, on_ended, self);
}

/* The monitor thread, which reads control, does not listen before a handshake: this is it. */
static void
read_all (Manager  *self,
          FuzzPeer *peer)
{
  if (peer->options & FUZZ_PEER_CONTROL)
    malt_connection_drain_log (self->connection);
  else
    while (g_main_context_iteration (self->context, FALSE))
      ;
}

static void
end (Manager *self)
{
  g_autoptr (GError) error = g_error_new_literal (MALT_ERROR, MALT_ERROR_TERMINATED_WORKER, "over");

  malt_connection_close (self->connection, error);
  while (self->n_ended < N_CALLS)
    g_main_context_iteration (self->context, TRUE);
  g_assert_cmpuint (self->n_ended, ==, N_CALLS);
  g_assert_cmpuint (malt_connection_get_n_pending (self->connection), ==, 0);
  g_object_unref (self->connection);
}

static void
run (Manager  *self,
     FuzzPeer *peer)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  if (peer->options & FUZZ_PEER_SWAP)
    malt_stream_set_swap (self->connection->data, TRUE);
  if (peer->options & FUZZ_PEER_DESCRIPTOR)
    {
      g_autoptr (GVariant) features =
        g_variant_ref_sink (g_variant_new_parsed ("{'features': <['descriptors']>}"));

      malt_stream_use_features (self->connection->data, features);
    }

  send_call (self, NULL, NULL);
  send_call (self, "a{sv}", NULL);
  send_call (self, NULL, NULL);
  send_call (self, NULL, cancellable);

  while (fuzz_peer_send (peer))
    {
      read_all (self, peer);
      g_cancellable_cancel (cancellable);
    }
  read_all (self, peer);
  end (self);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  static const MaltConnectionHooks hooks = { on_delivery, on_lost, on_log, NULL };
  g_auto (FuzzPeer) peer = { .fd = -1, .memory = -1 };
  g_autoptr (GMainContext) context = g_main_context_new ();
  Manager self = { .context = context };
  gboolean is_control;
  int other[2];
  int fd;

  if (size == 0)
    return 0;

  while (g_atomic_int_get (&n_connections) == CONNECTIONS_MAX)
    g_thread_yield ();

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, other), ==, 0);
  fd = fuzz_peer_init (&peer, data, size);
  is_control = (peer.options & FUZZ_PEER_CONTROL) != 0;
  g_main_context_push_thread_default (context);

  self.connection = malt_connection_new (is_control ? other[0] : fd, is_control ? fd : other[0],
                                         &limits, &hooks, NULL, on_freed);
  g_atomic_int_inc (&n_connections);
  run (&self, &peer);

  g_main_context_pop_thread_default (context);
  close (other[1]);

  return 0;
}

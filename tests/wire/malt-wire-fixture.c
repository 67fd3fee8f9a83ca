/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-wire-fixture.h"

#include "tests/malt-test-slowness.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* No program takes more than some seconds. */
#define TEST_TIMEOUT_SEC 100u

static const MaltConnectionLimits large_limits = {
  .max_pending_bytes = 256u * 1024 * 1024,
  .max_message_bytes = 256u * 1024 * 1024,
};

static void
on_timeout (int signum)
{
  static const char text[] = "Bail out! The tests do not end\n";

  if (write (STDOUT_FILENO, text, sizeof text - 1) < 0)
    _exit (3);
  abort ();
}

void
malt_wire_test_init (int    *argc,
                     char ***argv)
{
  g_test_init (argc, argv, NULL);
  signal (SIGALRM, on_timeout);
  alarm (TEST_TIMEOUT_SEC * malt_test_get_slowness ());
}

static void
on_delivery (gpointer user_data)
{
  MaltWireFixture *self = user_data;

  g_atomic_int_inc (&self->n_deliveries);
}

static void
on_lost (const GError *error,
         gpointer      user_data)
{
  MaltWireFixture *self = user_data;
  gboolean closes;

  g_mutex_lock (&self->lock);
  self->n_lost++;
  g_clear_error (&self->lost_error);
  self->lost_error = g_error_copy (error);
  closes = self->closes_when_lost;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);

  if (closes)
    malt_wire_fixture_close (self);
}

static void
on_log (const MaltLogRecord *record,
        gpointer             user_data)
{
  MaltWireFixture *self = user_data;

  g_mutex_lock (&self->lock);
  g_string_append_printf (self->log, "%d %s: %s\n", record->level, record->domain,
                          record->message);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

static void
on_unresponsive (const char *function,
                 const char *traceback,
                 gpointer    user_data)
{
  MaltWireFixture *self = user_data;

  g_mutex_lock (&self->lock);
  g_free (self->unresponsive);
  self->unresponsive = g_strdup (function);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

static const MaltConnectionHooks hooks = { on_delivery, on_lost, on_log, on_unresponsive };

static void
on_freed (gpointer user_data)
{
  MaltWireFixture *self = user_data;

  g_mutex_lock (&self->lock);
  self->connection = NULL;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

MaltWireFixture *
malt_wire_fixture_new_raw (const MaltConnectionLimits *limits,
                           MaltFakeGreeting            greeting)
{
  MaltWireFixture *self = g_new0 (MaltWireFixture, 1);
  int data[2];
  int control[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, data), ==, 0);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control), ==, 0);

  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->log = g_string_new (NULL);
  self->context = g_main_context_new ();
  g_main_context_push_thread_default (self->context);
  self->peer = malt_fake_peer_new (data[1], control[1], greeting);
  self->connection = malt_connection_new (data[0], control[0],
                                          limits != NULL ? limits : &large_limits,
                                          &hooks, self, on_freed);
  malt_connection_set_worker (self->connection, "FakePeer");

  return self;
}

typedef struct
{
  gboolean   is_done;
  GVariant  *hello;
  GError    *error;
} Handshake;

static void
on_greeted (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Handshake *handshake = user_data;

  handshake->hello = malt_connection_handshake_finish (MALT_CONNECTION (source), result,
                                                       &handshake->error);
  handshake->is_done = TRUE;
}

GVariant *
malt_wire_fixture_shake_hands (MaltWireFixture  *self,
                               GCancellable     *cancellable,
                               GError          **error)
{
  g_autoptr (GVariant) setup = g_variant_ref_sink (g_variant_new_parsed ("@a{sv} {}"));

  return malt_wire_fixture_shake_hands_with (self, setup, cancellable, error);
}

GVariant *
malt_wire_fixture_shake_hands_with (MaltWireFixture  *self,
                                    GVariant         *setup,
                                    GCancellable     *cancellable,
                                    GError          **error)
{
  Handshake handshake = { 0 };

  malt_connection_handshake_async (self->connection, setup, cancellable, on_greeted, &handshake);
  malt_wire_iterate_until (self->context, &handshake.is_done);

  if (handshake.error != NULL)
    g_propagate_error (error, handshake.error);
  return handshake.hello;
}

MaltWireFixture *
malt_wire_fixture_new (const MaltConnectionLimits *limits)
{
  MaltWireFixture *self = malt_wire_fixture_new_raw (limits, MALT_FAKE_GREETING_HELLO);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) hello = malt_wire_fixture_shake_hands (self, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (hello);

  return self;
}

void
malt_wire_fixture_close (MaltWireFixture *self)
{
  g_autoptr (GError) error = g_error_new_literal (MALT_ERROR, MALT_ERROR_TERMINATED_WORKER,
                                                  "The fake peer is gone");

  malt_connection_close (self->connection, error);
}

void
malt_wire_fixture_free (MaltWireFixture *self)
{
  malt_wire_fixture_close (self);
  while (g_main_context_iteration (self->context, FALSE))
    ;

  /* The monitor may be in it for a moment longer. */
  g_object_unref (self->connection);
  g_mutex_lock (&self->lock);
  while (self->connection != NULL)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);

  malt_fake_peer_free (self->peer);
  g_main_context_pop_thread_default (self->context);
  g_main_context_unref (self->context);
  g_clear_error (&self->lost_error);
  g_string_free (self->log, TRUE);
  g_free (self->unresponsive);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  g_free (self);
}

GVariant *
malt_wire_fixture_call (MaltWireFixture  *self,
                        const char       *function,
                        GVariant         *args,
                        GError          **error)
{
  g_autoptr (MaltCall) call = malt_call_new (function, args, NULL);

  return malt_connection_send_sync (self->connection, call, NULL, error);
}

void
malt_wire_fixture_check_echo (MaltWireFixture *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;

  value = malt_wire_fixture_call (self, "echo", g_variant_new_parsed ("(@x 42,)"), &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_variant_get_int64 (value), ==, 42);
}

const GError *
malt_wire_fixture_wait_lost (MaltWireFixture *self)
{
  g_mutex_lock (&self->lock);
  while (self->n_lost == 0)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);

  return self->lost_error;
}

char *
malt_wire_fixture_wait_unresponsive (MaltWireFixture *self)
{
  char *function;

  g_mutex_lock (&self->lock);
  while (self->unresponsive == NULL)
    g_cond_wait (&self->cond, &self->lock);
  function = g_strdup (self->unresponsive);
  g_mutex_unlock (&self->lock);

  return function;
}

void
malt_wire_iterate_until (GMainContext   *context,
                         const gboolean *flag)
{
  while (!*flag)
    g_main_context_iteration (context, TRUE);
}

static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  MaltWireAsync *self = user_data;

  self->thread = g_thread_self ();
  self->value = malt_connection_send_finish (MALT_CONNECTION (source), result, &self->error);
  g_assert_true ((self->value != NULL) != (self->error != NULL));
  self->is_done = TRUE;
  self->n_done++;
}

static void
on_progress (MaltCall   *call,
             double      fraction,
             const char *message,
             gpointer    user_data)
{
  MaltWireAsync *self = user_data;

  g_assert_false (self->is_done);
  g_assert_cmpstr (message, ==, "at work");
  self->n_progress++;
  self->fraction = fraction;
}

MaltWireAsync *
malt_wire_async_new (MaltConnection *connection,
                     const char     *function,
                     GVariant       *args,
                     GCancellable   *cancellable)
{
  MaltWireAsync *self = g_new0 (MaltWireAsync, 1);

  self->call = malt_call_new (function, args, NULL);
  g_signal_connect (self->call, "progress", G_CALLBACK (on_progress), self);
  malt_connection_send_async (connection, self->call, cancellable, on_sent, self);

  return self;
}

GPtrArray *
malt_wire_async_array_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) malt_wire_async_free);
}

void
malt_wire_async_free (MaltWireAsync *self)
{
  g_assert_true (self->is_done);
  g_clear_pointer (&self->value, g_variant_unref);
  g_clear_error (&self->error);
  g_signal_handlers_disconnect_by_data (self->call, self);
  g_object_unref (self->call);
  g_free (self);
}

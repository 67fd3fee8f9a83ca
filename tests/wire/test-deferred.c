/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-wire-fixture.h"

#include "malt/wire/malt-monitor.h"

/* What a callback of one connection sends to another one leaves when the context polls again. The
 * monitor thread would write it a little later, and is kept from it. */
typedef struct
{
  MaltWireFixture *one;
  MaltWireFixture *other;
  MaltWireAsync   *sent;           /* owned; to @other */
  gboolean         has_called_back;

  GMutex           lock;
  GCond            cond;
  gboolean         is_monitor_held; /* protected by @lock, as is what follows */
  gboolean         is_over;
} Deferred;

/* Runs in the monitor thread. */
static gboolean
hold_monitor (gpointer user_data)
{
  Deferred *self = user_data;

  g_mutex_lock (&self->lock);
  self->is_monitor_held = TRUE;
  g_cond_signal (&self->cond);
  while (!self->is_over)
    g_cond_wait (&self->cond, &self->lock);
  self->is_monitor_held = FALSE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->lock);

  return G_SOURCE_REMOVE;
}

static void
wait_for_monitor (Deferred *self,
                  gboolean  is_held)
{
  g_mutex_lock (&self->lock);
  self->is_over = !is_held;
  g_cond_signal (&self->cond);
  while (self->is_monitor_held != is_held)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);
}

static void
send_to_other (Deferred     *self,
               GAsyncResult *result)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_connection_send_finish (self->one->connection, result, &error);

  g_assert_no_error (error);
  self->sent = malt_wire_async_new (self->other->connection, "echo", g_variant_new ("(i)", 2),
                                    NULL);
  self->has_called_back = TRUE;
}

static void
send_and_return (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  send_to_other (user_data, result);
}

static void
send_and_iterate (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  Deferred *self = user_data;

  send_to_other (self, result);
  malt_wire_iterate_until (g_main_context_get_thread_default (), &self->sent->is_done);
}

static void
check (GAsyncReadyCallback callback)
{
  g_autoptr (MaltWireFixture) one = malt_wire_fixture_new (NULL);
  g_autoptr (MaltWireFixture) other = malt_wire_fixture_new (NULL);
  g_autoptr (MaltCall) call = malt_call_new ("echo", g_variant_new ("(i)", 1), NULL);
  g_autoptr (MaltWireAsync) sent = NULL;
  Deferred self = { .one = one, .other = other };

  g_mutex_init (&self.lock);
  g_cond_init (&self.cond);
  g_main_context_invoke (malt_monitor_get_context (), hold_monitor, &self);
  wait_for_monitor (&self, TRUE);

  malt_connection_send_async (one->connection, call, NULL, callback, &self);
  malt_wire_iterate_until (other->context, &self.has_called_back);
  sent = self.sent;
  malt_wire_iterate_until (other->context, &sent->is_done);
  g_assert_no_error (sent->error);

  wait_for_monitor (&self, FALSE);
  g_cond_clear (&self.cond);
  g_mutex_clear (&self.lock);
}

static void
test_callback_returns (void)
{
  check (send_and_return);
}

static void
test_callback_iterates (void)
{
  check (send_and_iterate);
}

int
main (int argc, char *argv[])
{
  malt_wire_test_init (&argc, &argv);

  g_test_add_func ("/malt/deferred/callback-returns", test_callback_returns);
  g_test_add_func ("/malt/deferred/callback-iterates", test_callback_iterates);

  return g_test_run ();
}

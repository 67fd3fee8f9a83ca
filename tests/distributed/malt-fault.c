/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/distributed/malt-fault.h"

#include "tests/distributed/malt-cluster.h"
#include "tests/malt-test-slowness.h"

#define FAULT_DEADLINE_SEC 60
#define FAULT_TICK_MSEC 5

static gint64 last_tick_us;
static gint64 longest_gap_us;

void
malt_fault_call_clear (MaltFaultCall *self)
{
  g_clear_object (&self->worker);
  g_clear_pointer (&self->value, g_variant_unref);
  g_clear_error (&self->error);
}

static void
on_called (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  MaltFaultCall *self = user_data;

  self->value = malt_abstract_worker_remote_call_finish (MALT_ABSTRACT_WORKER (source), result,
                                                         &self->error);
  self->end_us = g_get_monotonic_time ();
  self->is_over = TRUE;
}

void
malt_fault_begin_sleep (MaltFaultCall      *self,
                        MaltAbstractWorker *worker,
                        double              seconds)
{
  malt_abstract_worker_remote_call_async (worker, "malt.sleep", g_variant_new ("(d)", seconds),
                                          NULL, NULL, on_called, self);
}

static void
on_created (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  MaltFaultCall *self = user_data;

  self->worker = malt_create_worker_finish (result, &self->error);
  self->end_us = g_get_monotonic_time ();
  self->is_over = TRUE;
}

void
malt_fault_begin_spawn (MaltFaultCall *self,
                        GVariant      *options)
{
  malt_create_worker_async (MALT_CLUSTER_BACKEND, options, NULL, on_created, self);
}

static gboolean
on_tick (gpointer unused)
{
  gint64 now = g_get_monotonic_time ();

  longest_gap_us = MAX (longest_gap_us, now - last_tick_us - FAULT_TICK_MSEC * 1000);
  last_tick_us = now;

  return G_SOURCE_CONTINUE;
}

void
malt_fault_wait (MaltFaultCall *self)
{
  gint64 end = g_get_monotonic_time ()
               + FAULT_DEADLINE_SEC * malt_test_get_slowness () * G_USEC_PER_SEC;
  guint tick = g_timeout_add (FAULT_TICK_MSEC, on_tick, NULL);

  last_tick_us = g_get_monotonic_time ();
  while (!self->is_over)
    {
      g_main_context_iteration (NULL, TRUE);
      g_assert_cmpint (g_get_monotonic_time (), <, end);
    }
  g_source_remove (tick);
}

void
malt_fault_assert_lost (MaltFaultCall *self,
                        gint64         since_us,
                        double         least_sec,
                        double         most_sec)
{
  double took;

  malt_fault_wait (self);
  took = (double) (self->end_us - since_us) / G_USEC_PER_SEC;
  g_assert_error (self->error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_test_message ("noticed after %.2f s: %s", took, self->error->message);
  g_assert_cmpfloat (took, >=, least_sec);
  g_assert_cmpfloat (took, <=, most_sec * malt_test_get_slowness ());
}

void
malt_fault_assert_ping (MaltAbstractWorker *worker)
{
  g_auto (MaltFaultCall) call = { 0 };

  malt_fault_begin_sleep (&call, worker, 0);
  malt_fault_wait (&call);
  g_assert_no_error (call.error);
}

double
malt_fault_get_gap (void)
{
  return (double) longest_gap_us / 1000;
}

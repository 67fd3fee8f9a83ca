/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-printed.h"

#include "backends/distributed/host/malt-host-output.h"
#include "backends/process/malt-process-worker.h"

/* How long answers wait until the manager has taken what was printed before them, in milliseconds;
 * then those that follow do not, until it takes some. A way around the earth and back is a quarter
 * of that. */
#define TAKING_TIMEOUT_MSEC 1000u

static const char *const properties[] = { "stdout-stream", "stderr-stream" };

struct _MaltHostPrinted
{
  MaltAbstractWorker *worker;     /* owned; immutable */
  GMainContext       *context;    /* owned; immutable */
  int                 n_passing;  /* atomic: pieces of output that the manager may not have taken */

  MaltHostWatch      *watch;      /* (nullable) */
  MaltHostOutput     *outputs[2]; /* owned (nullable) */
  GSource            *handover;   /* (nullable): what waits for the manager to take output */
  gboolean            is_slow;    /* the manager, in taking it */
};

static void
clear (gpointer data)
{
  MaltHostPrinted *self = data;

  g_object_unref (self->worker);
  g_main_context_unref (self->context);
}

MaltHostPrinted *
malt_host_printed_ref (MaltHostPrinted *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
malt_host_printed_unref (MaltHostPrinted *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

MaltHostPrinted *
malt_host_printed_new (MaltAbstractWorker *worker)
{
  MaltHostPrinted *self = g_atomic_rc_box_new0 (MaltHostPrinted);

  self->worker = g_object_ref (worker);
  self->context = g_main_context_ref_thread_default ();

  return self;
}

void
malt_host_printed_start (MaltHostPrinted  *self,
                         MaltHostWatch    *watch,
                         void            (*done) (gpointer user_data),
                         gpointer          user_data)
{
  self->watch = watch;
  for (guint i = 0; i < G_N_ELEMENTS (properties); i++)
    {
      g_autoptr (GInputStream) stream = NULL;

      g_object_get (self->worker, properties[i], &stream, NULL);
      if (stream != NULL)
        self->outputs[i] = malt_host_output_new (stream, (int) i + 1, watch, &self->n_passing, done,
                                                 user_data);
    }
}

void
malt_host_printed_stop (MaltHostPrinted *self)
{
  self->watch = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    g_clear_pointer (&self->outputs[i], malt_host_output_free);
  malt_host_printed_wake (self);
}

void
malt_host_printed_wake (MaltHostPrinted *self)
{
  if (self->handover != NULL)
    g_source_set_ready_time (self->handover, 0);
  self->handover = NULL;
}

static gboolean
is_taken (MaltHostPrinted *self)
{
  return self->watch == NULL || malt_host_watch_is_lost (self->watch)
         || malt_host_watch_is_taken (self->watch);
}

void
malt_host_printed_resume (MaltHostPrinted *self)
{
  self->is_slow = FALSE;
  if (is_taken (self))
    g_atomic_int_set (&self->n_passing, 0);
  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    if (self->outputs[i] != NULL)
      malt_host_output_resume (self->outputs[i]);
  malt_host_printed_wake (self);
}

gboolean
malt_host_printed_is_done (MaltHostPrinted *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    if (self->outputs[i] != NULL && !malt_host_output_is_done (self->outputs[i]))
      return FALSE;

  return TRUE;
}

/* A thread of a bridge waits until the manager has what was printed. */
typedef struct
{
  MaltHostPrinted *printed;
  GSource         *source;
  gint64           deadline; /* 0: it has not been looked at */
  GMutex           lock;
  GCond            cond;
  gboolean         is_done;  /* protected by @lock */
} Handover;

/* Runs in the context, until the manager has taken all of it or its time is over. */
static gboolean
on_hand_over (gpointer user_data)
{
  Handover *handover = user_data;
  MaltHostPrinted *self = handover->printed;

  /* There may have been no room for it before. */
  malt_relay_output_drain (malt_peer_worker_get_peer (MALT_PEER_WORKER (self->worker))->output);
  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    if (self->outputs[i] != NULL)
      malt_host_output_flush (self->outputs[i]);
  self->handover = NULL;
  if (is_taken (self) || self->is_slow)
    return G_SOURCE_REMOVE;

  if (handover->deadline == 0)
    handover->deadline =
      g_get_monotonic_time () + TAKING_TIMEOUT_MSEC * G_TIME_SPAN_MILLISECOND;
  self->is_slow = g_get_monotonic_time () >= handover->deadline;
  if (self->is_slow)
    return G_SOURCE_REMOVE;

  self->handover = handover->source;
  g_source_set_ready_time (handover->source, handover->deadline);
  return G_SOURCE_CONTINUE;
}

/* Also when the context goes away before it has come to it. */
static void
handover_done (gpointer user_data)
{
  Handover *handover = user_data;

  g_mutex_lock (&handover->lock);
  handover->is_done = TRUE;
  g_cond_signal (&handover->cond);
  g_mutex_unlock (&handover->lock);
}

static gboolean
dispatch_handover (GSource     *source,
                   GSourceFunc  callback,
                   gpointer     user_data)
{
  return callback (user_data);
}

static GSourceFuncs handover_funcs = { .dispatch = dispatch_handover };

static void
wait_for_handover (MaltHostPrinted *self)
{
  g_autoptr (GSource) source = g_source_new (&handover_funcs, sizeof (GSource));
  Handover handover = { .printed = self, .source = source };

  g_mutex_init (&handover.lock);
  g_cond_init (&handover.cond);
  /* g_main_context_invoke() would run it here, if the context is between two iterations. */
  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_set_callback (source, on_hand_over, &handover, handover_done);
  g_source_set_ready_time (source, 0);
  g_source_attach (source, self->context);
  g_mutex_lock (&handover.lock);
  while (!handover.is_done)
    g_cond_wait (&handover.cond, &handover.lock);
  g_mutex_unlock (&handover.lock);
  g_mutex_clear (&handover.lock);
  g_cond_clear (&handover.cond);
}

/* Which of two streams is quicker only their ends know. */
void
malt_host_printed_hand_over (MaltHostPrinted *self)
{
  malt_relay_output_drain (malt_peer_worker_get_peer (MALT_PEER_WORKER (self->worker))->output);
  for (guint i = 0; i < G_N_ELEMENTS (properties); i++)
    {
      g_autoptr (GInputStream) stream = NULL;

      g_object_get (self->worker, properties[i], &stream, NULL);
      if (stream != NULL
          && (g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (stream))
              || g_atomic_int_get (&self->n_passing) > 0))
        {
          wait_for_handover (self);
          return;
        }
    }
}

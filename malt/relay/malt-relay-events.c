/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/relay/malt-relay-events.h"

#include "malt/malt-exit-report.h"

/* What waits for a main loop that does not come round, in bytes of lines; beyond it lines are
 * dropped. */
#define MALT_RELAY_EVENTS_MAX_BYTES (4 << 20)

/* What an empty line counts as, in bytes: its GBytes and its place in the queue. */
#define MALT_RELAY_EVENTS_LINE_OVERHEAD_BYTES 128

/* Lines that one turn of the main loop emits, so that a worker that prints without end leaves it
 * alive. */
#define MALT_RELAY_EVENTS_BATCH_LINES 256

typedef struct
{
  guint   fd;
  GBytes *bytes; /* owned */
} Line;

/**
 * MaltRelayEvents: (skip)
 *
 * The signals of a worker on their way to the main context that it was made in:
 * [signal@Malt.AbstractWorker::output] for each line, and then
 * [signal@Malt.AbstractWorker::exited]. Lines go in at any thread's end, and nobody
 * waits for the main loop: 4 MiB are kept for it, and what is more is dropped. Counted
 * references; holds none on the worker.
 *
 * Since: 0.1
 */

/* Lines, and then the report, go in at any thread's end and come out in one context, through a
 * source that is there while something is queued. It holds a reference on this, and this none on
 * the worker. */
struct _MaltRelayEvents
{
  guint               output_signal; /* immutable */
  guint               exited_signal; /* immutable */
  GWeakRef            weak_worker;

  GMutex              lock;
  GMainContext       *context;       /* protected by @lock until it is bound, then immutable */
  MaltAbstractWorker *worker;        /* protected by @lock; borrowed, NULL once detached */
  GQueue              lines;         /* protected by @lock; of owned Line, oldest first */
  gsize               n_bytes;       /* protected by @lock; of @lines */
  MaltExitReport     *report;        /* protected by @lock; owned, waits to be emitted */
  GSource            *source;        /* protected by @lock; owned, while something is queued */
  int                 is_busy;       /* atomic: something is queued */
};

static void
line_free (Line *line)
{
  g_bytes_unref (line->bytes);
  g_free (line);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Line, line_free)

static gsize
get_cost (const Line *line)
{
  return g_bytes_get_size (line->bytes) + MALT_RELAY_EVENTS_LINE_OVERHEAD_BYTES;
}

/**
 * malt_relay_events_new: (skip)
 *
 * Creates what brings the signals of a worker to its main context. Until it is
 * bound they are nobody’s: lines are dropped, the end is kept. Any thread.
 *
 * Returns: (transfer full): the events
 *
 * Since: 0.1
 */
MaltRelayEvents *
malt_relay_events_new (void)
{
  MaltRelayEvents *self = g_atomic_rc_box_new0 (MaltRelayEvents);

  self->output_signal = g_signal_lookup ("output", MALT_TYPE_ABSTRACT_WORKER);
  self->exited_signal = g_signal_lookup ("exited", MALT_TYPE_ABSTRACT_WORKER);
  g_weak_ref_init (&self->weak_worker, NULL);
  g_mutex_init (&self->lock);
  g_queue_init (&self->lines);
  return self;
}

/**
 * malt_relay_events_ref: (skip)
 * @self: events of a worker
 *
 * Takes a reference. Any thread.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
MaltRelayEvents *
malt_relay_events_ref (MaltRelayEvents *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
events_clear (MaltRelayEvents *self)
{
  g_queue_clear_full (&self->lines, (GDestroyNotify) line_free);
  g_clear_pointer (&self->report, malt_exit_report_unref);
  g_clear_pointer (&self->source, g_source_unref);
  g_weak_ref_clear (&self->weak_worker);
  g_mutex_clear (&self->lock);
  g_clear_pointer (&self->context, g_main_context_unref);
}

/**
 * malt_relay_events_unref: (skip)
 * @self: (transfer full): events of a worker
 *
 * Drops a reference. Any thread.
 *
 * Since: 0.1
 */
void
malt_relay_events_unref (MaltRelayEvents *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) events_clear);
}

/**
 * malt_relay_events_detach: (skip)
 * @self: events of a worker
 *
 * Has nothing emitted any more: for the worker’s dispose. Any thread.
 *
 * Since: 0.1
 */
void
malt_relay_events_detach (MaltRelayEvents *self)
{
  /* Destroying it may drop the last reference but the caller's: not under the lock. */
  g_autoptr (GSource) source = NULL;

  g_mutex_lock (&self->lock);
  self->worker = NULL;
  g_queue_clear_full (&self->lines, (GDestroyNotify) line_free);
  self->n_bytes = 0;
  source = g_steal_pointer (&self->source);
  g_mutex_unlock (&self->lock);
  if (source != NULL)
    g_source_destroy (source);
}

/**
 * malt_relay_events_dup_worker: (skip)
 * @self: events of a worker
 *
 * Gets the worker. Any thread; whoever drops the last reference disposes of it.
 *
 * Returns: (transfer full) (nullable): the worker, %NULL when it is gone or not known yet
 *
 * Since: 0.1
 */
MaltAbstractWorker *
malt_relay_events_dup_worker (MaltRelayEvents *self)
{
  return g_weak_ref_get (&self->weak_worker);
}

/**
 * malt_relay_events_wants_lines: (skip)
 * @self: events of a worker
 *
 * Checks whether anybody is connected to [signal@Malt.AbstractWorker::output].
 * Any thread.
 *
 * Returns: %FALSE if lines need not be pushed
 *
 * Since: 0.1
 */
gboolean
malt_relay_events_wants_lines (MaltRelayEvents *self)
{
  gboolean wants;

  g_mutex_lock (&self->lock);
  wants = self->worker != NULL
          && g_signal_has_handler_pending (self->worker, self->output_signal, 0, FALSE);
  g_mutex_unlock (&self->lock);
  return wants;
}

/* Takes the oldest line, or when none is left the report. FALSE: there is neither. */
static gboolean
take_one (MaltRelayEvents  *self,
          Line            **line,
          MaltExitReport  **report)
{
  g_autoptr (GSource) source = NULL;

  g_mutex_lock (&self->lock);
  *line = g_queue_pop_head (&self->lines);
  if (*line != NULL)
    self->n_bytes -= get_cost (*line);
  else
    *report = g_steal_pointer (&self->report);
  if (g_queue_is_empty (&self->lines) && self->report == NULL)
    {
      g_atomic_int_set (&self->is_busy, FALSE);
      source = g_steal_pointer (&self->source);
    }
  g_mutex_unlock (&self->lock);
  /* That may drop a reference on this: not under the lock. */
  if (source != NULL)
    g_source_destroy (source);

  return *line != NULL || *report != NULL;
}

/* One after the other, for a handler that runs a main loop may have the next ones emitted in it. */
static void
emit (MaltRelayEvents *self,
      guint            n_events)
{
  g_autoptr (MaltAbstractWorker) worker = malt_relay_events_dup_worker (self);

  for (guint i = 0; i < n_events; i++)
    {
      g_autoptr (Line) line = NULL;
      g_autoptr (MaltExitReport) report = NULL;

      if (!take_one (self, &line, &report))
        break;
      if (worker != NULL && line != NULL)
        g_signal_emit (worker, self->output_signal, 0, line->fd, line->bytes);
      else if (worker != NULL)
        g_signal_emit (worker, self->exited_signal, 0, report);
    }
}

static gboolean
on_events (gpointer user_data)
{
  MaltRelayEvents *self = user_data;

  emit (self, MALT_RELAY_EVENTS_BATCH_LINES);
  return g_atomic_int_get (&self->is_busy) ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
schedule_locked (MaltRelayEvents *self,
                 int              priority)
{
  g_atomic_int_set (&self->is_busy, TRUE);
  if (self->source != NULL)
    return;
  self->source = g_idle_source_new ();
  g_source_set_static_name (self->source, "[malt] worker signals");
  g_source_set_priority (self->source, priority);
  g_source_set_callback (self->source, on_events, malt_relay_events_ref (self),
                         (GDestroyNotify) malt_relay_events_unref);
  g_source_attach (self->source, self->context);
}

/**
 * malt_relay_events_bind: (skip)
 * @self: events of a worker
 * @worker: whose they are; no reference is held
 * @context: where its signals are emitted
 *
 * Says whose events they are: once, before or after the worker has ended. Any thread.
 *
 * Since: 0.1
 */
void
malt_relay_events_bind (MaltRelayEvents    *self,
                        MaltAbstractWorker *worker,
                        GMainContext       *context)
{
  g_assert (!malt_relay_events_is_bound (self));

  g_weak_ref_set (&self->weak_worker, worker);
  g_mutex_lock (&self->lock);
  self->context = g_main_context_ref (context);
  self->worker = worker;
  /* What is nobody's may have ended already. */
  if (self->report != NULL)
    schedule_locked (self, G_PRIORITY_DEFAULT);
  g_mutex_unlock (&self->lock);
}

/**
 * malt_relay_events_is_bound: (skip)
 * @self: events of a worker
 *
 * Checks whether they are somebody’s. Any thread.
 *
 * Returns: whether [method@Malt.RelayEvents.bind] has been called
 *
 * Since: 0.1
 */
gboolean
malt_relay_events_is_bound (MaltRelayEvents *self)
{
  gboolean is_bound;

  g_mutex_lock (&self->lock);
  is_bound = self->context != NULL;
  g_mutex_unlock (&self->lock);
  return is_bound;
}

/**
 * malt_relay_events_push_line: (skip)
 * @self: events of a worker
 * @fd: 1 for stdout, 2 for stderr
 * @line: the line, without its newline; copied
 * @length: of @line, in bytes
 *
 * Has [signal@Malt.AbstractWorker::output] emitted, later. Any thread; never
 * blocks.
 *
 * Returns: %FALSE if it was dropped: 4 MiB wait already, or nobody has the worker
 *
 * Since: 0.1
 */
gboolean
malt_relay_events_push_line (MaltRelayEvents *self,
                             guint            fd,
                             const char      *line,
                             gsize            length)
{
  gsize n_bytes = length + MALT_RELAY_EVENTS_LINE_OVERHEAD_BYTES;
  gboolean fits;

  g_mutex_lock (&self->lock);
  fits = self->worker != NULL && self->n_bytes + n_bytes <= MALT_RELAY_EVENTS_MAX_BYTES;
  if (fits)
    {
      Line *queued = g_new (Line, 1);

      *queued = (Line) { fd, g_bytes_new (line, length) };
      g_queue_push_tail (&self->lines, queued);
      self->n_bytes += n_bytes;
      /* Output must not keep a program from drawing its windows. */
      schedule_locked (self, G_PRIORITY_DEFAULT_IDLE);
    }
  g_mutex_unlock (&self->lock);
  return fits;
}

/**
 * malt_relay_events_push_exited: (skip)
 * @self: events of a worker
 * @report: how the worker ended
 *
 * Has [signal@Malt.AbstractWorker::exited] emitted, after every line. Once; any
 * thread.
 *
 * Since: 0.1
 */
void
malt_relay_events_push_exited (MaltRelayEvents *self,
                               MaltExitReport  *report)
{
  g_mutex_lock (&self->lock);
  if (self->context == NULL)
    self->report = malt_exit_report_ref (report);
  else if (self->worker != NULL)
    {
      self->report = malt_exit_report_ref (report);
      schedule_locked (self, G_PRIORITY_DEFAULT);
      g_source_set_priority (self->source, G_PRIORITY_DEFAULT);
    }
  g_mutex_unlock (&self->lock);
}

/**
 * malt_relay_events_flush: (skip)
 * @self: events of a worker
 *
 * Emits what is queued, if this is called in the context of the worker: before a
 * result is handed over that belongs after it. Without locks held.
 *
 * Since: 0.1
 */
void
malt_relay_events_flush (MaltRelayEvents *self)
{
  if (!g_atomic_int_get (&self->is_busy) || !g_main_context_is_owner (self->context))
    return;

  g_autoptr (MaltRelayEvents) held = malt_relay_events_ref (self);
  guint n_events;

  /* What comes meanwhile is not waited for: a worker may print without end. */
  g_mutex_lock (&self->lock);
  n_events = self->lines.length + 1;
  g_mutex_unlock (&self->lock);
  emit (held, n_events);
}

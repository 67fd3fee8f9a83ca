/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-pool-private.h"

#include "malt/malt-context-thread-private.h"
#include "malt/malt-error-backend.h"
#include "malt/malt-nesting.h"

/* Milliseconds a rung, for workers of a pool that nobody holds any more. */
#define ABANDON_TIMEOUT_MSEC 1000

typedef struct
{
  GSource       source;
  MaltPoolCore *core; /* owned */
} CoreSource;

/* Pool thread only: owned references of cores that are to be looked after. */
static GQueue cores_due = G_QUEUE_INIT;

static GMainContext *pool_context; /* atomic; set once, when the first pool is started */

static void tend (MaltPoolCore *self);

/* Cores have their turn between iterations: a GTask that is returned in the iteration that it was
 * made in, here by a member that is quick, is so by a source of its own, behind others that are
 * not. */
static gpointer
pool_thread (gpointer user_data)
{
  GMainContext *context = user_data;

  g_main_context_acquire (context);
  g_main_context_push_thread_default (context);
  for (;;)
    {
      g_main_context_iteration (context, cores_due.length == 0);
      for (guint n = cores_due.length; n > 0; n--)
        {
          g_autoptr (MaltPoolCore) core = g_queue_pop_head (&cores_due);

          tend (core);
        }
    }

  return NULL;
}

GMainContext *
malt_pool_get_context (void)
{
  return g_atomic_pointer_get (&pool_context);
}

/* What the pool thread asks of itself costs no turn of its context. */
void
malt_pool_core_flush_later_locked (MaltPoolCore *self)
{
  if (self->is_woken || self->source == NULL)
    return;

  self->is_woken = TRUE;
  if (g_main_context_is_owner (malt_pool_get_context ()))
    g_queue_push_tail (&cores_due, malt_pool_core_ref (self));
  else
    g_source_set_ready_time (self->source, 0);
}

void
malt_pool_core_wake_locked (MaltPoolCore *self)
{
  self->has_news = TRUE;
  malt_pool_core_flush_later_locked (self);
}

gboolean
malt_pool_core_check_phase_locked (MaltPoolCore   *self,
                                   MaltPoolPhase   phase,
                                   GError        **error)
{
  if (self->report != NULL)
    g_propagate_error (error, malt_error_new_terminated (self->description, self->report));
  else if (self->phase < phase)
    g_set_error (error, MALT_ERROR, MALT_ERROR_FAILED, "%s has not been started",
                 self->description);
  else
    return TRUE;

  return FALSE;
}

gboolean
malt_pool_core_check_open_locked (MaltPoolCore  *self,
                                  GError       **error)
{
  if (!malt_pool_core_check_phase_locked (self, MALT_POOL_PHASE_RUNNING, error))
    return FALSE;

  if (self->is_draining)
    g_set_error (error, MALT_ERROR, MALT_ERROR_FAILED,
                 "%s takes no more calls: it is being drained", self->description);

  return !self->is_draining;
}

static void
look_at_drain (MaltPoolCore *self)
{
  gboolean is_drained;

  g_mutex_lock (&self->lock);
  is_drained = self->is_draining && self->n_maps == 0 && self->n_pending == 0
               && self->queue.length == 0 && self->refused.length == 0;
  g_mutex_unlock (&self->lock);
  if (is_drained)
    malt_pool_wait_end_all (self, MALT_POOL_WAIT_DRAIN, 1, NULL);
}

static void
look_at_start (MaltPoolCore *self)
{
  guint n_ready = 0;
  gboolean is_up;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->listed->len; i++)
    {
      MaltPoolMember *member = g_ptr_array_index (self->listed, i);

      n_ready += member->state == MALT_POOL_MEMBER_READY;
    }
  is_up = self->phase == MALT_POOL_PHASE_STARTING && n_ready >= self->size;
  if (is_up)
    self->phase = MALT_POOL_PHASE_RUNNING;
  g_mutex_unlock (&self->lock);
  if (is_up)
    malt_pool_wait_end_all (self, MALT_POOL_WAIT_START, 1, NULL);
}

static void
look_at_abandon (MaltPoolCore *self)
{
  gboolean is_new;

  g_mutex_lock (&self->lock);
  is_new = self->is_abandoned && self->phase < MALT_POOL_PHASE_ENDING;
  if (is_new)
    malt_pool_core_begin_end_locked (self);
  g_mutex_unlock (&self->lock);
  if (is_new)
    malt_pool_core_end_members (self, ABANDON_TIMEOUT_MSEC, ABANDON_TIMEOUT_MSEC);
}

static void
look_at_all (MaltPoolCore *self,
             gint64        now)
{
  self->next_us = G_MAXINT64;
  look_at_abandon (self);
  malt_pool_wait_end_cancelled (self);
  malt_pool_core_keep_up (self, now, &self->next_us);
  malt_pool_setup_settle (self);
  look_at_start (self);
  look_at_drain (self);
  malt_pool_core_look_at_end (self);
}

/* Everything that is to be done now: mostly there is but a call to be sent. */
static void
tend (MaltPoolCore *self)
{
  gint64 now = g_get_monotonic_time ();
  gboolean has_news;

  g_mutex_lock (&self->lock);
  has_news = self->has_news || self->next_us <= now;
  self->has_news = FALSE;
  self->is_woken = FALSE;
  g_mutex_unlock (&self->lock);

  malt_pool_core_flush (self);
  if (has_news)
    look_at_all (self, now);

  g_mutex_lock (&self->lock);
  if (!self->is_woken && self->source != NULL)
    g_source_set_ready_time (self->source, self->next_us < G_MAXINT64 ? self->next_us : -1);
  g_mutex_unlock (&self->lock);
}

static gboolean
core_source_dispatch (GSource     *source,
                      GSourceFunc  callback,
                      gpointer     user_data)
{
  g_source_set_ready_time (source, -1);
  g_queue_push_tail (&cores_due, malt_pool_core_ref (((CoreSource *) source)->core));

  return G_SOURCE_CONTINUE;
}

static void
core_source_finalize (GSource *source)
{
  g_clear_pointer (&((CoreSource *) source)->core, malt_pool_core_unref);
}

static GSourceFuncs core_source_funcs = {
  .dispatch = core_source_dispatch,
  .finalize = core_source_finalize,
};

MaltPoolCore *
malt_pool_core_new (MaltPool *pool)
{
  MaltPoolCore *self = g_atomic_rc_box_new0 (MaltPoolCore);

  g_weak_ref_init (&self->pool, pool);
  self->owner = pool;
  self->context = g_main_context_ref_thread_default ();
  self->nesting_depth = malt_nesting_get_depth ();
  g_mutex_init (&self->lock);
  self->members = g_ptr_array_new_with_free_func ((GDestroyNotify) malt_pool_member_unref);
  self->listed = g_ptr_array_new_with_free_func ((GDestroyNotify) malt_pool_member_unref);
  self->setups = g_ptr_array_new_with_free_func ((GDestroyNotify) malt_pool_setup_unref);
  self->waits = g_ptr_array_new_with_free_func ((GDestroyNotify) malt_pool_wait_free);

  return self;
}

MaltPoolCore *
malt_pool_core_ref (MaltPoolCore *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
core_clear (MaltPoolCore *self)
{
  g_weak_ref_clear (&self->pool);
  g_clear_pointer (&self->source, g_source_unref);
  g_clear_pointer (&self->waits, g_ptr_array_unref);
  g_clear_pointer (&self->setups, g_ptr_array_unref);
  g_clear_pointer (&self->listed, g_ptr_array_unref);
  g_clear_pointer (&self->members, g_ptr_array_unref);
  g_clear_pointer (&self->last_report, malt_exit_report_unref);
  g_clear_pointer (&self->report, malt_exit_report_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_pointer (&self->options, g_variant_unref);
  g_clear_pointer (&self->profile, g_free);
  g_clear_pointer (&self->description, g_free);
  g_clear_error (&self->start_error);
  g_clear_error (&self->stop_error);
  g_mutex_clear (&self->lock);
}

void
malt_pool_core_unref (MaltPoolCore *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) core_clear);
}

void
malt_pool_core_start (MaltPoolCore *self,
                      GTask        *task)
{
  GError *error = NULL;
  GSource *source;

  if (!malt_context_thread_start ("malt-pools", pool_thread, &pool_context, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }

  source = g_source_new (&core_source_funcs, sizeof (CoreSource));
  ((CoreSource *) source)->core = malt_pool_core_ref (self);
  g_source_set_static_name (source, "malt pool");
  g_mutex_lock (&self->lock);
  self->phase = MALT_POOL_PHASE_STARTING;
  self->source = source;
  g_mutex_unlock (&self->lock);

  malt_pool_wait_begin (self, MALT_POOL_WAIT_START, task);
  g_source_attach (source, malt_pool_get_context ());
}

void
malt_pool_core_abandon (MaltPoolCore *self)
{
  /* Whoever listens to it is of this thread, and not of the pool's. */
  g_autoptr (MaltConfig) config = NULL;

  g_mutex_lock (&self->lock);
  self->is_abandoned = TRUE;
  config = g_steal_pointer (&self->config);
  malt_pool_core_wake_locked (self);
  g_mutex_unlock (&self->lock);
  malt_pool_core_tell_nobody (self);
}

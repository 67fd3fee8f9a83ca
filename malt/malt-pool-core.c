/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-pool-private.h"

#include "malt/malt-error.h"
#include "malt/malt-nesting.h"

/* Milliseconds before a worker that failed is replaced: none after the first failure, then twice as
 * many each time. At the most, a program that cannot start costs a process a second. */
#define RESTART_DELAY_MIN_MSEC 20
#define RESTART_DELAY_MAX_MSEC 1000

/* Starts that fail in a row before calls are told instead of kept waiting. It is tried on. */
#define RESTART_MAX_FAILED_STARTS 5

/* Milliseconds between two looks at what the items of the list show: what people can follow. */
#define NOTIFY_INTERVAL_MSEC 100

/* Milliseconds a rung, for workers of a pool that nobody holds any more. */
#define ABANDON_TIMEOUT_MSEC 1000

typedef struct
{
  GSource       source;
  MaltPoolCore *core; /* owned */
} CoreSource;

/* Pool thread only: owned references of cores that are to be looked after. */
static GQueue cores_due = G_QUEUE_INIT;

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
      MaltPoolCore *core;

      g_main_context_iteration (context, TRUE);
      while ((core = g_queue_pop_head (&cores_due)) != NULL)
        {
          tend (core);
          malt_pool_core_unref (core);
        }
    }

  return NULL;
}

/* Of the thread, which is started by the first who needs it and never ends. */
GMainContext *
malt_pool_get_context (void)
{
  static GMainContext *pool_context;

  if (g_once_init_enter (&pool_context))
    {
      GMainContext *context = g_main_context_new ();

      g_thread_unref (g_thread_new ("malt-pools", pool_thread, context));
      g_once_init_leave (&pool_context, context);
    }

  return pool_context;
}

static void
on_refresh (MaltDelivery *delivery)
{
  MaltPoolCore *self = (MaltPoolCore *) (gpointer) ((char *) delivery
                                                    - G_STRUCT_OFFSET (MaltPoolCore, refresh));
  g_autoptr (MaltPool) pool = g_weak_ref_get (&self->pool);

  g_mutex_lock (&self->lock);
  self->is_refresh_queued = FALSE;
  g_mutex_unlock (&self->lock);
  if (pool != NULL)
    malt_pool_refresh_list (pool);
  malt_pool_core_unref (self);
}

void
malt_pool_core_changed_locked (MaltPoolCore *self)
{
  if (self->is_refresh_queued)
    return;

  self->is_refresh_queued = TRUE;
  self->refresh.func = on_refresh;
  malt_delivery_send (&malt_pool_core_ref (self)->refresh, self->context);
}

static gboolean
on_notify (gpointer user_data)
{
  MaltPoolCore *self = user_data;
  g_autoptr (MaltPool) pool = g_weak_ref_get (&self->pool);

  g_mutex_lock (&self->lock);
  self->is_notify_queued = FALSE;
  g_mutex_unlock (&self->lock);
  if (pool != NULL)
    malt_pool_refresh_items (pool);

  return G_SOURCE_REMOVE;
}

void
malt_pool_core_notify_later_locked (MaltPoolCore *self)
{
  g_autoptr (GSource) source = NULL;

  if (!self->is_watched || self->is_notify_queued)
    return;

  self->is_notify_queued = TRUE;
  source = g_timeout_source_new (NOTIFY_INTERVAL_MSEC);
  g_source_set_static_name (source, "malt pool items");
  g_source_set_callback (source, on_notify, malt_pool_core_ref (self),
                         (GDestroyNotify) malt_pool_core_unref);
  g_source_attach (source, self->context);
}

void
malt_pool_core_wake_locked (MaltPoolCore *self)
{
  if (self->is_woken || self->source == NULL)
    return;

  self->is_woken = TRUE;
  g_source_set_ready_time (self->source, 0);
}

gboolean
malt_pool_core_is_broken_locked (MaltPoolCore *self)
{
  if (self->n_failed_starts < RESTART_MAX_FAILED_STARTS)
    return FALSE;

  for (guint i = 0; i < self->listed->len; i++)
    {
      if (malt_pool_member_is_active (g_ptr_array_index (self->listed, i)))
        return FALSE;
    }

  return TRUE;
}

static void
delay_start_locked (MaltPoolCore *self)
{
  guint doublings = MIN (self->n_failures, 16);
  gint64 delay_ms = 0;

  self->n_failures++;
  self->statistics.n_restarts++;
  if (doublings > 0)
    delay_ms = MIN (RESTART_DELAY_MIN_MSEC << (doublings - 1), RESTART_DELAY_MAX_MSEC);
  self->next_start_us = g_get_monotonic_time () + delay_ms * 1000;
}

/* Without an error: a member crashed. */
void
malt_pool_core_start_failed (MaltPoolCore *self,
                             const GError *error)
{
  gboolean is_first = FALSE;

  g_mutex_lock (&self->lock);
  delay_start_locked (self);
  if (error != NULL)
    {
      self->n_failed_starts++;
      g_clear_error (&self->start_error);
      self->start_error = g_error_copy (error);
      if (malt_pool_core_is_broken_locked (self))
        malt_pool_core_refuse_all_locked (self, error);
    }
  if (self->phase == MALT_POOL_PHASE_STARTING)
    {
      /* A crash before the others were up is one of the start as well. */
      if (self->start_error == NULL)
        self->start_error = g_error_new_literal (MALT_ERROR, MALT_ERROR_START_FAILED,
                                                 "A worker ended right after its start");
      self->phase = MALT_POOL_PHASE_ENDING;
      is_first = TRUE;
    }
  malt_pool_core_wake_locked (self);
  g_mutex_unlock (&self->lock);

  if (is_first)
    malt_pool_core_end_members (self, ABANDON_TIMEOUT_MSEC, ABANDON_TIMEOUT_MSEC);
}

/* What is to be done with one member: nothing but for the first reason there is. Sets when to look
 * again. */
static void
judge_member_locked (MaltPoolCore   *self,
                     MaltPoolMember *member,
                     gint64          now,
                     gint64         *next)
{
  gint64 end_us = member->start_us + (gint64) self->max_age_sec * G_USEC_PER_SEC;

  if (member->state != MALT_POOL_MEMBER_READY || self->max_age_sec == 0)
    return;

  if (end_us > now)
    *next = MIN (*next, end_us);
  else
    member->state = MALT_POOL_MEMBER_RETIRING;
}

/* The one that is missed least. NULL: there are not too many. */
static MaltPoolMember *
find_surplus_locked (MaltPoolCore *self)
{
  MaltPoolMember *surplus = NULL;
  guint n_active = 0;

  for (guint i = 0; i < self->members->len; i++)
    {
      MaltPoolMember *member = g_ptr_array_index (self->members, i);

      if (!malt_pool_member_is_active (member))
        continue;
      n_active++;
      if (surplus == NULL || member->worker == NULL
          || (surplus->worker != NULL && member->calls.length <= surplus->calls.length))
        surplus = member;
    }

  return n_active > self->size ? surplus : NULL;
}

/* Milliseconds between two looks at the memory of one worker; each costs some microseconds. */
#define MEMORY_INTERVAL_MSEC 20

static void
check_memory (MaltPoolCore   *self,
              MaltPoolMember *member)
{
  guint64 memory = malt_pool_member_get_memory (member->worker);

  g_mutex_lock (&self->lock);
  if (member->state == MALT_POOL_MEMBER_READY && self->max_memory != 0
      && memory > self->max_memory)
    member->state = MALT_POOL_MEMBER_RETIRING;
  g_mutex_unlock (&self->lock);
}

/* (transfer container): members whose memory is to be looked at. */
static GPtrArray *
list_memory_checks_locked (MaltPoolCore *self,
                           gint64        now,
                           gint64       *next)
{
  GPtrArray *due = g_ptr_array_new_with_free_func ((GDestroyNotify) malt_pool_member_unref);

  for (guint i = 0; i < self->listed->len; i++)
    {
      MaltPoolMember *member = g_ptr_array_index (self->listed, i);

      if (!member->wants_memory_check)
        continue;
      if (member->memory_check_us > now)
        {
          *next = MIN (*next, member->memory_check_us);
          continue;
        }
      member->wants_memory_check = FALSE;
      member->memory_check_us = now + MEMORY_INTERVAL_MSEC * 1000;
      g_ptr_array_add (due, malt_pool_member_ref (member));
    }

  return due;
}

static void
check_memories (MaltPoolCore *self,
                gint64        now,
                gint64       *next)
{
  g_autoptr (GPtrArray) due = NULL;

  g_mutex_lock (&self->lock);
  due = list_memory_checks_locked (self, now, next);
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < due->len; i++)
    check_memory (self, g_ptr_array_index (due, i));
}

/* (transfer container): retired members that have nothing left to do, those that have ended, and
 * those that have something to evaluate. */
static GPtrArray *
list_changed_members (MaltPoolCore *self,
                      gint64        now,
                      gint64       *next)
{
  GPtrArray *changed = g_ptr_array_new_with_free_func ((GDestroyNotify) malt_pool_member_unref);
  MaltPoolMember *surplus;

  g_mutex_lock (&self->lock);
  while ((surplus = find_surplus_locked (self)) != NULL)
    surplus->state = MALT_POOL_MEMBER_RETIRING;
  for (guint i = 0; i < self->members->len; i++)
    {
      MaltPoolMember *member = g_ptr_array_index (self->members, i);

      judge_member_locked (self, member, now, next);
      if (member->has_ended || member->state == MALT_POOL_MEMBER_SETTING_UP
          || (member->state == MALT_POOL_MEMBER_RETIRING && member->calls.length == 0))
        g_ptr_array_add (changed, malt_pool_member_ref (member));
    }
  g_mutex_unlock (&self->lock);

  return changed;
}

static void
look_at_members (MaltPoolCore *self,
                 gint64        now,
                 gint64       *next)
{
  g_autoptr (GPtrArray) changed = NULL;

  check_memories (self, now, next);
  changed = list_changed_members (self, now, next);
  for (guint i = 0; i < changed->len; i++)
    {
      MaltPoolMember *member = g_ptr_array_index (changed, i);

      if (member->has_ended)
        malt_pool_member_ended (self, member);
      else if (member->worker == NULL)
        g_cancellable_cancel (member->cancellable);
      else if (member->state == MALT_POOL_MEMBER_RETIRING)
        malt_pool_member_stop (self, member, MALT_STOP_TIMEOUT_DEFAULT, MALT_STOP_TIMEOUT_DEFAULT);
      else
        malt_pool_setup_advance (self, member);
    }
}

/* As many start at the same time as there are processors, and one: more would only take longer. */
static gboolean
wants_start (MaltPoolCore *self,
             gint64        now,
             gint64       *next)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  guint n_active = 0;
  guint n_starting = 0;

  if (self->phase != MALT_POOL_PHASE_STARTING && self->phase != MALT_POOL_PHASE_RUNNING)
    return FALSE;

  for (guint i = 0; i < self->members->len; i++)
    {
      MaltPoolMember *member = g_ptr_array_index (self->members, i);

      n_active += malt_pool_member_is_active (member);
      n_starting += member->worker == NULL;
    }
  if (n_active >= self->size || n_starting > g_get_num_processors ())
    return FALSE;
  if (self->next_start_us <= now)
    return TRUE;

  *next = MIN (*next, self->next_start_us);
  return FALSE;
}

static void
look_at_drain (MaltPoolCore *self)
{
  gboolean is_drained;

  g_mutex_lock (&self->lock);
  is_drained = self->is_draining && self->queue.length == 0 && self->refused.length == 0;
  for (guint i = 0; i < self->listed->len && is_drained; i++)
    is_drained = ((MaltPoolMember *) g_ptr_array_index (self->listed, i))->calls.length == 0;
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

static gboolean
begin_abandon (MaltPoolCore *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (!self->is_abandoned || self->phase >= MALT_POOL_PHASE_ENDING)
    return FALSE;

  self->phase = MALT_POOL_PHASE_ENDING;
  return TRUE;
}

/* Runs in the pool thread. Everything that is to be done now. */
static void
tend (MaltPoolCore *self)
{
  gint64 now = g_get_monotonic_time ();
  gint64 next = G_MAXINT64;

  g_mutex_lock (&self->lock);
  self->is_woken = FALSE;
  g_mutex_unlock (&self->lock);

  if (begin_abandon (self))
    malt_pool_core_end_members (self, ABANDON_TIMEOUT_MSEC, ABANDON_TIMEOUT_MSEC);
  malt_pool_wait_end_cancelled (self);
  malt_pool_core_flush (self);
  look_at_members (self, now, &next);
  while (wants_start (self, now, &next))
    malt_pool_member_start (self);
  malt_pool_setup_settle (self);
  look_at_start (self);
  look_at_drain (self);
  malt_pool_core_look_at_end (self);

  g_mutex_lock (&self->lock);
  if (!self->is_woken && next < G_MAXINT64)
    g_source_set_ready_time (self->source, next);
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
  GSource *source = g_source_new (&core_source_funcs, sizeof (CoreSource));

  ((CoreSource *) source)->core = malt_pool_core_ref (self);
  g_source_set_static_name (source, "malt pool");
  g_mutex_lock (&self->lock);
  self->phase = MALT_POOL_PHASE_STARTING;
  self->source = source;
  g_mutex_unlock (&self->lock);

  malt_pool_wait_add (malt_pool_wait_new (self, MALT_POOL_WAIT_START, task));
  g_source_attach (source, malt_pool_get_context ());
}

void
malt_pool_core_abandon (MaltPoolCore *self)
{
  g_mutex_lock (&self->lock);
  self->is_abandoned = TRUE;
  malt_pool_core_wake_locked (self);
  g_mutex_unlock (&self->lock);
}

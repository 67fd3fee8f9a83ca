/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-pool-private.h"

#include "malt/malt-backend.h"
#include "malt/malt-create-worker-private.h"
#include "malt/malt-descendants-private.h"
#include "malt/malt-error.h"
#include "malt/malt-nesting.h"

#include <stdio.h>
#include <unistd.h>

/* Processes of one worker whose memory is looked at: one that starts more is limited elsewhere. */
#define MEMORY_MAX_PROCESSES 1000u

/* A callback about a member. */
typedef struct
{
  MaltPoolCore   *core;   /* owned */
  MaltPoolMember *member; /* owned */
} MemberData;

static MemberData *
member_data_new (MaltPoolCore   *core,
                 MaltPoolMember *member)
{
  MemberData *self = g_new (MemberData, 1);

  self->core = malt_pool_core_ref (core);
  self->member = malt_pool_member_ref (member);

  return self;
}

static void
member_data_free (MemberData *self)
{
  malt_pool_member_unref (self->member);
  malt_pool_core_unref (self->core);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MemberData, member_data_free)

MaltPoolMember *
malt_pool_member_ref (MaltPoolMember *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
member_clear (MaltPoolMember *self)
{
  g_clear_object (&self->worker);
  g_clear_object (&self->cancellable);
  g_weak_ref_clear (&self->item);
}

void
malt_pool_member_unref (MaltPoolMember *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) member_clear);
}

gboolean
malt_pool_member_is_active_locked (MaltPoolMember *self)
{
  return self->state <= MALT_POOL_MEMBER_READY && !self->has_ended;
}

/* Bytes that no other process shares; 0 for none that is there. */
static guint64
get_private_bytes (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/statm", (int) pid);
  g_autofree char *text = NULL;
  unsigned long resident, shared;

  if (!g_file_get_contents (path, &text, NULL, NULL)
      || sscanf (text, "%*u %lu %lu", &resident, &shared) != 2)
    return 0;

  return (guint64) (resident - MIN (shared, resident)) * (guint64) sysconf (_SC_PAGESIZE);
}

/* Of a worker that is a process of this machine and says which, with all that it has started: in a
 * sandbox of namespaces the worker itself is below. Else 0. */
guint64
malt_pool_member_get_memory (MaltAbstractWorker *worker)
{
  MaltWorkerCapabilities capabilities = malt_abstract_worker_get_capabilities (worker);
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (worker), "pid");
  g_autoptr (GArray) pids = g_array_new (FALSE, FALSE, sizeof (pid_t));
  guint64 memory = 0;
  pid_t pid;

  if ((capabilities & MALT_WORKER_CAPABILITY_REMOTE) != 0 || pspec == NULL
      || pspec->value_type != G_TYPE_INT)
    return 0;

  g_object_get (worker, "pid", &pid, NULL);
  if (pid <= 0)
    return 0;

  g_array_append_val (pids, pid);
  for (guint i = 0; i < MIN (pids->len, MEMORY_MAX_PROCESSES); i++)
    {
      memory += get_private_bytes (g_array_index (pids, pid_t, i));
      malt_append_children (g_array_index (pids, pid_t, i), pids);
    }

  /* What has ended may have lent its number to another. */
  return malt_abstract_worker_is_running (worker) ? memory : 0;
}

/* FALSE: the pool ends, or has given it up, and so this is to end. */
static gboolean
take_worker (MaltPoolCore       *core,
             MaltPoolMember     *self,
             MaltAbstractWorker *worker)
{
  MaltWorkerCapabilities capabilities = malt_abstract_worker_get_capabilities (worker);
  gboolean is_running = malt_abstract_worker_is_running (worker);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&core->lock);

  self->worker = worker;
  if (self->state == MALT_POOL_MEMBER_ENDED)
    return FALSE;

  self->has_ended = !is_running;
  g_ptr_array_add (core->listed, malt_pool_member_ref (self));
  if (core->phase == MALT_POOL_PHASE_STARTING && core->listed->len == 1)
    core->capabilities = capabilities;
  if (self->state == MALT_POOL_MEMBER_STARTING)
    self->state = MALT_POOL_MEMBER_SETTING_UP;
  malt_pool_core_changed_locked (core);
  malt_pool_core_wake_locked (core);

  return core->phase < MALT_POOL_PHASE_ENDING;
}

void
malt_pool_member_drop (MaltPoolCore   *core,
                       MaltPoolMember *self,
                       const GError   *error)
{
  gboolean is_missed;

  g_mutex_lock (&core->lock);
  is_missed = self->state == MALT_POOL_MEMBER_STARTING && core->phase < MALT_POOL_PHASE_ENDING;
  self->state = MALT_POOL_MEMBER_ENDED;
  g_ptr_array_remove (core->members, self);
  malt_pool_core_wake_locked (core);
  g_mutex_unlock (&core->lock);

  if (is_missed)
    malt_pool_core_start_failed (core, error);
}

static void
on_started (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (MemberData) data = user_data;
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker = malt_create_worker_finish (result, &error);

  if (worker == NULL)
    {
      malt_pool_member_drop (data->core, data->member, error);
      return;
    }

  malt_pool_member_watch (data->core, data->member, worker);
  if (!take_worker (data->core, data->member, worker))
    malt_pool_member_stop (data->core, data->member, 0, 0);
}

/* (nullable): a pool that nobody holds gets no more of them. */
static MaltPoolMember *
add_member (MaltPoolCore  *core,
            MaltConfig   **config)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&core->lock);
  MaltPoolMember *self;

  if (core->is_abandoned)
    return NULL;

  self = g_atomic_rc_box_new0 (MaltPoolMember);
  self->cancellable = g_cancellable_new ();
  g_weak_ref_init (&self->item, NULL);
  g_ptr_array_add (core->members, self);
  g_set_object (config, core->config);

  return self;
}

void
malt_pool_member_start (MaltPoolCore *core)
{
  g_autoptr (MaltConfig) config = NULL;
  MaltPoolMember *self = add_member (core, &config);
  guint depth;

  if (self == NULL)
    return;

  depth = malt_nesting_set_thread_depth (core->nesting_depth);
  malt_create_worker_from_async (config, core->profile, core->options, self->cancellable,
                                 on_started, member_data_new (core, self));
  malt_nesting_set_thread_depth (depth);
}

static void
on_stopped (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (MemberData) data = user_data;
  MaltPoolCore *core = data->core;
  MaltAbstractWorker *worker = MALT_ABSTRACT_WORKER (source);
  g_autoptr (GError) error = NULL;

  if (malt_abstract_worker_stop_finish (worker, result, NULL, &error))
    malt_pool_member_ended (core, data->member);
  else if (core->stop_error == NULL)
    core->stop_error = g_steal_pointer (&error);

  /* One that does not die is left to whoever asked for the end of the pool, when no other is still
   * to come. */
  if (--core->n_stops > 0)
    return;
  if (core->stop_error != NULL && core->listed->len > 0)
    malt_pool_wait_end_all (core, MALT_POOL_WAIT_STOP, -1, core->stop_error);
  g_clear_error (&core->stop_error);
}

void
malt_pool_member_stop (MaltPoolCore   *core,
                       MaltPoolMember *self,
                       guint           exit_timeout_ms,
                       guint           term_timeout_ms)
{
  g_mutex_lock (&core->lock);
  if (self->state < MALT_POOL_MEMBER_STOPPING)
    self->state = MALT_POOL_MEMBER_STOPPING;
  malt_pool_core_notify_later_locked (core);
  g_mutex_unlock (&core->lock);

  core->n_stops++;
  malt_abstract_worker_stop_async (self->worker, exit_timeout_ms, term_timeout_ms, NULL,
                                   on_stopped, member_data_new (core, self));
}

/* What the pool ended with is what its members did, the worst of it. */
static void
keep_report_locked (MaltPoolCore   *core,
                    MaltExitReport *report)
{
  if (report == NULL
      || (core->last_report != NULL
          && malt_exit_report_get_reason (core->last_report) != MALT_EXIT_REASON_STOPPED))
    return;

  malt_exit_report_ref (report);
  g_clear_pointer (&core->last_report, malt_exit_report_unref);
  core->last_report = report;
}

void
malt_pool_member_ended (MaltPoolCore   *core,
                        MaltPoolMember *self)
{
  g_autoptr (MaltPoolMember) held = malt_pool_member_ref (self);
  MaltExitReport *report = malt_abstract_worker_get_exit_report (self->worker);
  gboolean is_first;
  gboolean is_crash;

  g_mutex_lock (&core->lock);
  is_first = self->state != MALT_POOL_MEMBER_ENDED;
  is_crash = self->state <= MALT_POOL_MEMBER_READY && core->phase < MALT_POOL_PHASE_ENDING;
  if (is_first && core->phase == MALT_POOL_PHASE_ENDING)
    keep_report_locked (core, report);
  if (is_first)
    {
      self->state = MALT_POOL_MEMBER_ENDED;
      g_ptr_array_remove (core->listed, self);
      g_ptr_array_remove (core->members, self);
      malt_pool_core_changed_locked (core);
      malt_pool_core_wake_locked (core);
    }
  g_mutex_unlock (&core->lock);

  malt_pool_member_unwatch (self);
  if (is_first)
    malt_pool_member_tell_exited (core, self);
  if (is_crash)
    malt_pool_core_member_crashed (core, self, report);
}

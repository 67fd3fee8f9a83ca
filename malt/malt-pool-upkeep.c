/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-pool-private.h"

#include "malt/malt-error-backend.h"

/* Milliseconds before a worker that failed is replaced: none after the first failure, then twice as
 * many each time. At the most, a program that cannot start costs a process a second. */
#define RESTART_DELAY_MIN_MSEC 20
#define RESTART_DELAY_MAX_MSEC 1000

/* Starts that fail in a row before calls are told instead of kept waiting. It is tried on. */
#define RESTART_MAX_FAILED_STARTS 5

/* Seconds after which the end of a worker is not one in a row of them. */
#define RESTART_SETTLED_SEC 10

/* Milliseconds a rung, for the other workers of a pool whose start has failed. */
#define START_FAILED_TIMEOUT_MSEC 1000

/* Milliseconds between two looks at the memory of one worker; each costs some microseconds. */
#define MEMORY_INTERVAL_MSEC 20

/* As many times what a look took passes before the next one: of the pool thread, which sends the
 * calls of all pools, a worker with many processes or threads gets one part in a hundred for it. */
#define MEMORY_INTERVAL_COSTS 100

gboolean
malt_pool_core_is_broken_locked (MaltPoolCore *self)
{
  if (self->n_failed_starts < RESTART_MAX_FAILED_STARTS)
    return FALSE;

  for (guint i = 0; i < self->listed->len; i++)
    if (malt_pool_member_is_active_locked (g_ptr_array_index (self->listed, i)))
      return FALSE;

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

/* Without an error: a member ended that had been of use. */
static void
note_failure_locked (MaltPoolCore *self,
                     const GError *error)
{
  delay_start_locked (self);
  if (error == NULL)
    return;

  self->n_failed_starts++;
  g_clear_error (&self->start_error);
  self->start_error = g_error_copy (error);
  if (malt_pool_core_is_broken_locked (self))
    malt_pool_core_refuse_all_locked (self, error);
}

void
malt_pool_core_start_failed (MaltPoolCore *self,
                             const GError *error)
{
  gboolean is_first;

  g_mutex_lock (&self->lock);
  note_failure_locked (self, error);
  is_first = self->phase == MALT_POOL_PHASE_STARTING;
  if (is_first)
    malt_pool_core_begin_end_locked (self);
  malt_pool_core_wake_locked (self);
  g_mutex_unlock (&self->lock);

  if (is_first)
    malt_pool_core_end_members (self, START_FAILED_TIMEOUT_MSEC, START_FAILED_TIMEOUT_MSEC);
}

/* Whether it came to something: it had a call or an expression on trial, whose caller knows, or
 * lived for a while. */
static gboolean
was_of_use (MaltPoolCore   *self,
            MaltPoolMember *member)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gint64 settled_us = member->ready_us + (gint64) RESTART_SETTLED_SEC * G_USEC_PER_SEC;

  if (self->phase == MALT_POOL_PHASE_STARTING)
    return FALSE;
  if (member->setup != NULL && malt_pool_setup_is_on_trial (member->setup))
    return TRUE;
  if (member->ready_us == 0)
    return FALSE;
  if (g_get_monotonic_time () < settled_us)
    return member->n_assigned > 0;

  self->n_failures = 0;
  self->n_failed_starts = 0;
  return TRUE;
}

/* Each end of a worker ends a call, or counts as a failed start: so no call waits for ever,
 * whatever ends the workers. */
void
malt_pool_core_member_crashed (MaltPoolCore   *self,
                               MaltPoolMember *member,
                               MaltExitReport *report)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *worker = NULL;

  if (!was_of_use (self, member))
    {
      worker = malt_abstract_worker_describe (member->worker);
      error = malt_error_new_terminated (worker, report);
      error->code = MALT_ERROR_START_FAILED;
      g_prefix_error (&error, "A worker ended right after its start: ");
    }
  malt_pool_core_start_failed (self, error);
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

      if (!malt_pool_member_is_active_locked (member))
        continue;
      n_active++;
      if (surplus == NULL || member->worker == NULL
          || (surplus->worker != NULL && member->calls.length <= surplus->calls.length))
        surplus = member;
    }

  return n_active > self->size ? surplus : NULL;
}

static void
check_memory (MaltPoolCore   *self,
              MaltPoolMember *member)
{
  gint64 begin_us = g_get_monotonic_time ();
  guint64 memory = malt_pool_member_get_memory (member->worker);
  gint64 end_us = g_get_monotonic_time ();

  g_mutex_lock (&self->lock);
  member->memory_check_us = end_us + MAX (MEMORY_INTERVAL_MSEC * 1000,
                                          MEMORY_INTERVAL_COSTS * (end_us - begin_us));
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

/* What is to be done about a member now. Sets when to look again. */
static MaltPoolMemberTask
choose_task_locked (MaltPoolCore   *self,
                    MaltPoolMember *member,
                    gint64          now,
                    gint64         *next)
{
  gint64 end_us = member->ready_us + (gint64) self->max_age_sec * G_USEC_PER_SEC;

  if (member->has_ended)
    return MALT_POOL_MEMBER_TASK_BURY;

  if (member->worker == NULL && self->phase == MALT_POOL_PHASE_ENDING)
    {
      if (self->give_up_us <= now)
        return MALT_POOL_MEMBER_TASK_DROP;
      *next = MIN (*next, self->give_up_us);
      return MALT_POOL_MEMBER_TASK_CANCEL;
    }

  if (member->state == MALT_POOL_MEMBER_READY && self->max_age_sec != 0)
    {
      if (end_us <= now)
        member->state = MALT_POOL_MEMBER_RETIRING;
      else
        *next = MIN (*next, end_us);
    }

  if (member->state == MALT_POOL_MEMBER_SETTING_UP)
    return MALT_POOL_MEMBER_TASK_SET_UP;
  if (member->state == MALT_POOL_MEMBER_RETIRING && member->calls.length == 0)
    return member->worker != NULL ? MALT_POOL_MEMBER_TASK_STOP : MALT_POOL_MEMBER_TASK_CANCEL;
  return MALT_POOL_MEMBER_TASK_NONE;
}

/* (transfer container): members about which something is to be done. */
static GPtrArray *
list_tasks (MaltPoolCore *self,
            gint64        now,
            gint64       *next)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  GPtrArray *members = g_ptr_array_new_with_free_func ((GDestroyNotify) malt_pool_member_unref);
  MaltPoolMember *surplus;

  while ((surplus = find_surplus_locked (self)) != NULL)
    surplus->state = MALT_POOL_MEMBER_RETIRING;
  for (guint i = 0; i < self->members->len; i++)
    {
      MaltPoolMember *member = g_ptr_array_index (self->members, i);

      member->task = choose_task_locked (self, member, now, next);
      if (member->task != MALT_POOL_MEMBER_TASK_NONE)
        g_ptr_array_add (members, malt_pool_member_ref (member));
    }

  return members;
}

static void
do_task (MaltPoolCore   *self,
         MaltPoolMember *member)
{
  switch (member->task)
    {
    case MALT_POOL_MEMBER_TASK_BURY:
      malt_pool_member_ended (self, member);
      break;
    case MALT_POOL_MEMBER_TASK_DROP:
      malt_pool_member_drop (self, member, NULL);
      break;
    case MALT_POOL_MEMBER_TASK_CANCEL:
      g_cancellable_cancel (member->cancellable);
      break;
    case MALT_POOL_MEMBER_TASK_STOP:
      malt_pool_member_stop (self, member, MALT_STOP_TIMEOUT_DEFAULT, MALT_STOP_TIMEOUT_DEFAULT);
      break;
    case MALT_POOL_MEMBER_TASK_SET_UP:
      malt_pool_setup_advance (self, member);
      break;
    case MALT_POOL_MEMBER_TASK_NONE:
    default:
      break;
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

  if (self->is_abandoned
      || (self->phase != MALT_POOL_PHASE_STARTING && self->phase != MALT_POOL_PHASE_RUNNING))
    return FALSE;

  for (guint i = 0; i < self->members->len; i++)
    {
      MaltPoolMember *member = g_ptr_array_index (self->members, i);

      if (!malt_pool_member_is_active_locked (member))
        continue;
      n_active++;
      n_starting += member->worker == NULL;
    }
  if (n_active >= self->size || n_starting > g_get_num_processors ())
    return FALSE;
  if (self->next_start_us <= now)
    return TRUE;

  *next = MIN (*next, self->next_start_us);
  return FALSE;
}

void
malt_pool_core_keep_up (MaltPoolCore *self,
                        gint64        now,
                        gint64       *next)
{
  g_autoptr (GPtrArray) members = NULL;

  check_memories (self, now, next);
  members = list_tasks (self, now, next);
  for (guint i = 0; i < members->len; i++)
    do_task (self, g_ptr_array_index (members, i));
  while (wants_start (self, now, next))
    malt_pool_member_start (self);
}

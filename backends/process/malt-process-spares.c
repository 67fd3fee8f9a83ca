/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/process/malt-process-spares.h"

#include "backends/process/malt-process-child.h"
#include "backends/process/malt-process-start.h"

/* Processes that wait, of all plans; beyond it no more are started until some are used or
 * dropped. */
#define MALT_PROCESS_SPARES_MAX 32

/* Plans that are remembered; one more makes the one forgotten that was used longest ago. */
#define MALT_PROCESS_SPARES_MAX_PLANS 8

/* Before one is started, in milliseconds: the call that a new worker is wanted for comes first. */
#define MALT_PROCESS_SPARES_DELAY_MSEC 20

/* Before the output of one that has been taken is read on its own account, in milliseconds: what
 * there is of it comes with the first answer, for which the processors are better used. */
#define MALT_PROCESS_SPARES_OUTPUT_DELAY_MSEC 5

/* A plan that has not been used for so long has no spares any more, in milliseconds, and how often
 * that is looked after, in seconds. */
#define MALT_PROCESS_SPARES_IDLE_MSEC (5 * 60 * 1000)
#define MALT_PROCESS_SPARES_CHECK_SECONDS 60

/* Spares that have not come up, or have ended by themselves, since the plan was last used: after
 * that it is left alone, and the next start says what is wrong. */
#define MALT_PROCESS_SPARES_MAX_FAILURES 3

typedef struct
{
  MaltPeer       *child;      /* owned */
  MaltConnection *connection; /* owned */
} Spare;

/* The spares of one plan. */
typedef struct
{
  MaltProcessPlan *plan;        /* owned; names the set while one of its spares starts */
  GArray          *ready;       /* of Spare, oldest first */
  guint            n_wanted;
  guint            n_failures;
  gboolean         is_starting; /* one at a time */
  gint64           used_us;     /* monotonic */
} Set;

/* Protects what follows. Children have locks of their own, which are taken inside of this one. */
static GMutex lock;
static GPtrArray *sets; /* of owned Set; made at first use, never freed */

/* Monitor thread. */
static GSource *refill_source;
static GSource *check_source;

static void
spare_clear (Spare *spare)
{
  if (spare->child != NULL)
    malt_peer_abandon (spare->child);
  g_clear_object (&spare->child);
  g_clear_object (&spare->connection);
}

static void
set_free (Set *set)
{
  g_array_unref (set->ready);
  malt_process_plan_unref (set->plan);
  g_free (set);
}

static Set *
set_new (MaltProcessPlan *plan)
{
  Set *set = g_new0 (Set, 1);

  set->plan = malt_process_plan_ref (plan);
  set->ready = g_array_new (FALSE, FALSE, sizeof (Spare));
  g_array_set_clear_func (set->ready, (GDestroyNotify) spare_clear);
  return set;
}

/* Sets that are taken out under the lock, and freed after it. */
static GPtrArray *
new_dropped (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) set_free);
}

static Set *
find_set_locked (const MaltProcessPlan *plan)
{
  for (guint i = 0; sets != NULL && i < sets->len; i++)
    {
      Set *set = g_ptr_array_index (sets, i);

      if (set->plan == plan || malt_process_plan_is_equal (set->plan, plan))
        return set;
    }
  return NULL;
}

static void
drop_outdated_locked (const MaltProcessPlan *plan,
                      GPtrArray             *dropped)
{
  for (guint i = sets->len; i > 0; i--)
    {
      Set *set = g_ptr_array_index (sets, i - 1);

      if (malt_process_plan_is_outdated_by (set->plan, plan))
        g_ptr_array_add (dropped, g_ptr_array_steal_index (sets, i - 1));
    }
}

static void
drop_least_used_locked (GPtrArray *dropped)
{
  guint least = 0;

  for (guint i = 1; i < sets->len; i++)
    if (((Set *) g_ptr_array_index (sets, i))->used_us
        < ((Set *) g_ptr_array_index (sets, least))->used_us)
      least = i;
  g_ptr_array_add (dropped, g_ptr_array_steal_index (sets, least));
}

static void
use_set_locked (Set                   *set,
                const MaltProcessPlan *plan)
{
  set->n_wanted = plan->n_spares;
  set->n_failures = 0;
  set->used_us = g_get_monotonic_time ();
}

static guint
count_locked (gboolean with_starting)
{
  guint n_spares = 0;

  for (guint i = 0; sets != NULL && i < sets->len; i++)
    {
      const Set *set = g_ptr_array_index (sets, i);

      n_spares += set->ready->len + (with_starting && set->is_starting);
    }
  return n_spares;
}

/* (transfer full): the plan to start one of, NULL when all is as it is wanted. */
static MaltProcessPlan *
begin_next (void)
{
  MaltProcessPlan *plan = NULL;

  g_mutex_lock (&lock);
  for (guint i = 0; i < sets->len && plan == NULL; i++)
    {
      Set *set = g_ptr_array_index (sets, i);

      if (!set->is_starting && set->ready->len < set->n_wanted
          && set->n_failures < MALT_PROCESS_SPARES_MAX_FAILURES
          && count_locked (TRUE) < MALT_PROCESS_SPARES_MAX)
        {
          set->is_starting = TRUE;
          plan = malt_process_plan_ref (set->plan);
        }
    }
  g_mutex_unlock (&lock);
  return plan;
}

static void refill_soon (void);

/* Runs in the monitor thread. It has ended, or lost its connection: nobody is to get it. */
static void
on_unusable (MaltPeer *child)
{
  Spare spare = { NULL, NULL };

  g_mutex_lock (&lock);
  for (guint i = 0; i < sets->len && spare.child == NULL; i++)
    {
      Set *set = g_ptr_array_index (sets, i);

      for (guint k = 0; k < set->ready->len && spare.child == NULL; k++)
        if (g_array_index (set->ready, Spare, k).child == child)
          {
            spare = g_array_index (set->ready, Spare, k);
            g_array_index (set->ready, Spare, k) = (Spare) { NULL, NULL };
            g_array_remove_index (set->ready, k);
            set->n_failures++;
          }
    }
  g_mutex_unlock (&lock);
  if (spare.child != NULL)
    refill_soon ();
  spare_clear (&spare);
}

/* Runs in the monitor thread. An error is not told: who starts a worker next meets it too. */
static void
on_spare_started (MaltPeer       *child,
                  MaltConnection *connection,
                  GError         *error,
                  gpointer        user_data)
{
  g_autoptr (MaltProcessPlan) plan = user_data;
  Spare spare = { child, connection };
  Set *set;

  g_mutex_lock (&lock);
  set = find_set_locked (plan);
  if (set != NULL && set->plan == plan)
    {
      set->is_starting = FALSE;
      if (child == NULL)
        set->n_failures++;
      else
        {
          MALT_PROCESS_CHILD (child)->unusable = on_unusable;
          g_array_append_val (set->ready, spare);
          spare = (Spare) { NULL, NULL };
        }
    }
  g_mutex_unlock (&lock);
  refill_soon ();
  g_clear_error (&error);
  spare_clear (&spare);
}

/* Runs in the monitor thread. */
static gboolean
on_refill (gpointer user_data)
{
  MaltProcessPlan *plan;

  malt_clear_source (&refill_source);
  while ((plan = begin_next ()) != NULL)
    {
      g_autoptr (MaltRelayEvents) events = malt_relay_events_new ();

      malt_process_start (plan, events, NULL, on_spare_started, plan);
    }
  return G_SOURCE_REMOVE;
}

/* Runs in the monitor thread. */
static gboolean
on_check (gpointer user_data)
{
  gboolean is_empty;

  malt_process_spares_drop_idle (g_get_monotonic_time ());
  g_mutex_lock (&lock);
  is_empty = sets->len == 0;
  g_mutex_unlock (&lock);
  if (is_empty)
    malt_clear_source (&check_source);
  return is_empty ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static GSource *
attach (GSource     *source,
        GSourceFunc  func)
{
  g_source_set_callback (source, func, NULL, NULL);
  g_source_attach (source, malt_monitor_get_context ());
  return source;
}

/* Monitor thread. */
static void
refill_soon (void)
{
  if (refill_source == NULL)
    refill_source = attach (g_timeout_source_new (MALT_PROCESS_SPARES_DELAY_MSEC), on_refill);
  if (check_source == NULL)
    check_source = attach (g_timeout_source_new_seconds (MALT_PROCESS_SPARES_CHECK_SECONDS),
                           on_check);
}

void
malt_process_spares_want (MaltProcessPlan *plan)
{
  g_autoptr (GPtrArray) dropped = new_dropped ();
  Set *set;

  g_mutex_lock (&lock);
  if (sets == NULL)
    sets = g_ptr_array_new ();
  drop_outdated_locked (plan, dropped);
  set = find_set_locked (plan);
  if (set == NULL)
    {
      if (sets->len == MALT_PROCESS_SPARES_MAX_PLANS)
        drop_least_used_locked (dropped);
      set = set_new (plan);
      g_ptr_array_add (sets, set);
    }
  use_set_locked (set, plan);
  g_mutex_unlock (&lock);
  refill_soon ();
}

/* FALSE: none is left. */
static gboolean
pop (MaltProcessPlan *plan,
     Spare           *spare)
{
  gboolean found;
  Set *set;

  g_mutex_lock (&lock);
  set = find_set_locked (plan);
  found = set != NULL && set->ready->len > 0;
  if (found)
    {
      *spare = g_array_index (set->ready, Spare, 0);
      g_array_index (set->ready, Spare, 0) = (Spare) { NULL, NULL };
      g_array_remove_index (set->ready, 0);
      use_set_locked (set, plan);
    }
  g_mutex_unlock (&lock);
  return found;
}

/* Runs in the monitor thread. */
static gboolean
on_taken (gpointer user_data)
{
  MaltPeer *child = user_data;

  malt_relay_output_read (child->output);
  refill_soon ();
  return G_SOURCE_REMOVE;
}

static void
watch_taken (MaltPeer *child)
{
  g_autoptr (GSource) source = malt_peer_attach (
      child, g_timeout_source_new (MALT_PROCESS_SPARES_OUTPUT_DELAY_MSEC), on_taken);
}

/* The kernel is asked whether it lives and listens, for the monitor may not have had the time yet,
 * and does not read data. One that ends from then on is a worker that ended early. */
gboolean
malt_process_spares_take (MaltProcessPlan  *plan,
                          MaltPeerWorker   *worker,
                          MaltPeer        **child,
                          MaltConnection  **connection)
{
  Spare spare;

  while (pop (plan, &spare))
    {
      if (malt_process_child_is_alive (MALT_PROCESS_CHILD (spare.child))
          && malt_connection_is_connected (spare.connection))
        {
          malt_peer_worker_bind (worker, spare.child->events);
          malt_connection_set_call_timeout (spare.connection, plan->call_timeout_ms);
          watch_taken (spare.child);
          *child = spare.child;
          *connection = spare.connection;
          return TRUE;
        }
      spare_clear (&spare);
    }
  return FALSE;
}

void
malt_process_spares_drop_idle (gint64 now_us)
{
  const gint64 idle_us = MALT_PROCESS_SPARES_IDLE_MSEC * G_GINT64_CONSTANT (1000);
  g_autoptr (GPtrArray) dropped = new_dropped ();

  g_mutex_lock (&lock);
  for (guint i = sets != NULL ? sets->len : 0; i > 0; i--)
    {
      const Set *set = g_ptr_array_index (sets, i - 1);

      if (now_us - set->used_us >= idle_us)
        g_ptr_array_add (dropped, g_ptr_array_steal_index (sets, i - 1));
    }
  g_mutex_unlock (&lock);
}

guint
malt_process_spares_count (void)
{
  guint n_spares;

  g_mutex_lock (&lock);
  n_spares = count_locked (FALSE);
  g_mutex_unlock (&lock);
  return n_spares;
}

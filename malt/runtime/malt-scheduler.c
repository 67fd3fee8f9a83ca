/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/runtime/malt-scheduler-private.h"

#include "malt/malt-deadlines-private.h"
#include "malt/malt-error.h"

/* Ids of the wire are below; above are the numbers of calls that have no id. */
#define FIRST_ANONYMOUS_KEY (G_GUINT64_CONSTANT (1) << 63)

/* As malt_runtime_get_call_state() and the STATUS message number them. */
enum
{
  CALL_STATE_OVER,
  CALL_STATE_WAITING,
  CALL_STATE_RUNNING
};

/* What is unfinished, and who is to end it.
 *
 * A call is known from add() to remove(), both in the executing thread; calls arrive in the
 * order of their ids, so every id above @highest_id is still to come and every other one that is
 * not in @unfinished is over. What is meant for one that is still to come becomes a mark, which
 * its add() takes away.
 *
 * Cancelling has two steps: under @lock the reason is set, so that two interrupts never choose
 * the same call; afterwards, without the lock, hooks and cancellables are told. A call that ends
 * in between has no hook any more, and its cancellable is nobody else's. */
struct _MaltScheduler
{
  GMainContext  *watch_context; /* owned; immutable after construction */
  MaltDeadlines *deadlines;     /* owned, by keys; thread safe */

  GMutex         lock;
  /* All below is protected by @lock. */
  GHashTable    *unfinished;     /* key (guint64), in the invocation → owned MaltInvocation */
  GQueue         interruptible;  /* those with an id, in its order; by their @order, not owned */
  GHashTable    *marks;          /* id (owned guint64) → MaltCancelReason */
  guint64        highest_id;     /* that has been dispatched */
  guint64        last_anonymous; /* key */
  gboolean       is_stopped;
};

static void
notify_all (GPtrArray *invocations)
{
  for (guint i = 0; i < invocations->len; i++)
    malt_invocation_notify_cancelled (g_ptr_array_index (invocations, i));
}

static GPtrArray *
new_invocation_array (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) malt_invocation_unref);
}

/* The invocation and what runs on its behalf; the array is also the list of those still to
 * visit. */
static void
cancel_tree_locked (MaltInvocation   *invocation,
                    MaltCancelReason  reason,
                    GPtrArray        *to_notify)
{
  guint next = to_notify->len;

  g_ptr_array_add (to_notify, malt_invocation_ref (invocation));
  while (next < to_notify->len)
    {
      MaltInvocation *visited = g_ptr_array_index (to_notify, next++);

      malt_invocation_set_cancel_reason (visited, reason);
      for (GList *l = visited->children.head; l != NULL; l = l->next)
        g_ptr_array_add (to_notify, malt_invocation_ref (l->data));
    }
}

/* Runs in the watch thread. */
static void
on_deadline (guint64  key,
             gpointer user_data)
{
  MaltScheduler *self = user_data;
  g_autoptr (GPtrArray) to_notify = new_invocation_array ();
  MaltInvocation *invocation;

  g_mutex_lock (&self->lock);
  invocation = g_hash_table_lookup (self->unfinished, &key);
  if (invocation != NULL)
    cancel_tree_locked (invocation, MALT_CANCEL_REASON_TIMED_OUT, to_notify);
  g_mutex_unlock (&self->lock);

  notify_all (to_notify);
  /* What was found is the first, and kept alive, in the array. */
  if (to_notify->len > 0 && invocation->carrier->timed_out != NULL)
    invocation->carrier->timed_out (invocation, invocation->carrier_data);
}

MaltScheduler *
malt_scheduler_new (GMainContext *watch_context)
{
  MaltScheduler *self = g_new0 (MaltScheduler, 1);

  g_mutex_init (&self->lock);
  self->watch_context = g_main_context_ref (watch_context);
  self->deadlines = malt_deadlines_new (watch_context, on_deadline, self);
  self->unfinished = g_hash_table_new (g_int64_hash, g_int64_equal);
  self->marks = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->last_anonymous = FIRST_ANONYMOUS_KEY;

  return self;
}

/* Runs where no deadline can be on its way to us: in the watch thread, or when there is none. */
static void
free_in_watch_context (gpointer data)
{
  MaltScheduler *self = data;

  malt_deadlines_free (self->deadlines);
  g_hash_table_unref (self->marks);
  g_hash_table_unref (self->unfinished);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static gboolean
do_nothing (gpointer data)
{
  return G_SOURCE_REMOVE;
}

void
malt_scheduler_free (MaltScheduler *self)
{
  g_autoptr (GMainContext) watch_context = g_steal_pointer (&self->watch_context);

  g_assert (g_hash_table_size (self->unfinished) == 0);

  if (g_main_context_acquire (watch_context))
    {
      free_in_watch_context (self);
      g_main_context_release (watch_context);
      return;
    }

  /* The destroy notify does it, which comes even if the thread leaves without another turn. */
  g_main_context_invoke_full (watch_context, G_PRIORITY_DEFAULT, do_nothing, self,
                              free_in_watch_context);
}

static gboolean
is_interruptible (MaltInvocation *invocation)
{
  return !g_str_has_prefix (invocation->function, "malt.channel.");
}

/* The latest interruptible call up to `up_to` that nobody has ended yet; if there is none, the
 * latest one that has been told to end and has not done so: its hook may have been missed. */
static void
interrupt_locked (MaltScheduler *self,
                  guint64        up_to,
                  GPtrArray     *to_notify)
{
  MaltInvocation *told = NULL;

  for (GList *l = self->interruptible.tail; l != NULL; l = l->prev)
    {
      MaltInvocation *invocation = l->data;

      if (invocation->key > up_to)
        continue;
      if (malt_invocation_get_cancel_reason (invocation) == MALT_CANCEL_REASON_NONE)
        {
          cancel_tree_locked (invocation, MALT_CANCEL_REASON_INTERRUPTED, to_notify);
          return;
        }
      if (told == NULL)
        told = invocation;
    }

  if (told != NULL)
    g_ptr_array_add (to_notify, malt_invocation_ref (told));
}

static void
remember_locked (MaltScheduler    *self,
                 guint64           id,
                 MaltCancelReason  reason)
{
  if (g_hash_table_size (self->marks) < MALT_SCHEDULER_MAX_MARKS
      && !g_hash_table_contains (self->marks, &id))
    g_hash_table_insert (self->marks, g_memdup2 (&id, sizeof id), GINT_TO_POINTER (reason));
}

static gboolean
is_below (gpointer key,
          gpointer value,
          gpointer user_data)
{
  return *(guint64 *) key < *(guint64 *) user_data;
}

static MaltCancelReason
take_mark_locked (MaltScheduler *self,
                  guint64        id)
{
  MaltCancelReason reason;

  if (g_hash_table_size (self->marks) == 0)
    return MALT_CANCEL_REASON_NONE;

  /* A call that could not be read never gets here; what was meant for it has no object any more. */
  if (id > self->highest_id + 1)
    g_hash_table_foreach_remove (self->marks, is_below, &id);

  reason = GPOINTER_TO_INT (g_hash_table_lookup (self->marks, &id));
  g_hash_table_remove (self->marks, &id);

  return reason;
}

/* Takes what was remembered for the call; an interrupt of a channel operation is meant for the
 * call before. */
static void
heed_mark_locked (MaltScheduler  *self,
                  MaltInvocation *invocation,
                  GPtrArray     **to_notify)
{
  MaltCancelReason reason = take_mark_locked (self, invocation->id);

  if (reason == MALT_CANCEL_REASON_INTERRUPTED && !is_interruptible (invocation))
    {
      *to_notify = new_invocation_array ();
      interrupt_locked (self, invocation->id - 1, *to_notify);
    }
  else if (reason != MALT_CANCEL_REASON_NONE)
    malt_invocation_set_cancel_reason (invocation, reason);
}

static gboolean
assign_key_locked (MaltScheduler   *self,
                   MaltInvocation  *invocation,
                   GError         **error)
{
  guint64 id = invocation->id;

  if (id == 0)
    {
      invocation->key = ++self->last_anonymous;
      return TRUE;
    }

  if (id <= self->highest_id || id >= FIRST_ANONYMOUS_KEY)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                   "Cannot call “%s” as number %" G_GUINT64_FORMAT ": the last one was %"
                   G_GUINT64_FORMAT, invocation->function, id, self->highest_id);
      return FALSE;
    }

  invocation->key = id;
  return TRUE;
}

static void
join_parent_locked (MaltInvocation *invocation)
{
  MaltInvocation *parent = invocation->parent;

  malt_invocation_set_cancel_reason (invocation, malt_invocation_get_cancel_reason (parent));
  invocation->sibling.data = invocation;
  g_queue_push_tail_link (&parent->children, &invocation->sibling);
}

/* Ids come in their order. */
static void
join_order_locked (MaltScheduler  *self,
                   MaltInvocation *invocation)
{
  invocation->order.data = invocation;
  g_queue_push_tail_link (&self->interruptible, &invocation->order);
}

gboolean
malt_scheduler_add (MaltScheduler   *self,
                    MaltInvocation  *invocation,
                    GError         **error)
{
  g_autoptr (GPtrArray) to_notify = NULL;
  gboolean has_key;

  g_assert (invocation->key == 0);

  g_mutex_lock (&self->lock);
  has_key = assign_key_locked (self, invocation, error);
  if (has_key)
    {
      if (invocation->id != 0)
        {
          heed_mark_locked (self, invocation, &to_notify);
          self->highest_id = invocation->id;
        }
      if (invocation->parent != NULL)
        join_parent_locked (invocation);
      if (self->is_stopped)
        malt_invocation_set_cancel_reason (invocation, MALT_CANCEL_REASON_STOPPED);
      g_hash_table_insert (self->unfinished, &invocation->key, malt_invocation_ref (invocation));
      if (invocation->id != 0 && is_interruptible (invocation))
        join_order_locked (self, invocation);
    }
  g_mutex_unlock (&self->lock);

  if (to_notify != NULL)
    notify_all (to_notify);
  if (!has_key)
    return FALSE;
  if (malt_invocation_get_cancel_reason (invocation) == MALT_CANCEL_REASON_NONE)
    return TRUE;

  g_propagate_error (error, malt_invocation_new_cancel_error (invocation, NULL));
  return FALSE;
}

void
malt_scheduler_remove (MaltScheduler  *self,
                       MaltInvocation *invocation)
{
  guint64 key;

  g_mutex_lock (&self->lock);
  key = invocation->key;
  if (key != 0)
    {
      g_hash_table_remove (self->unfinished, &key);
      if (invocation->sibling.data != NULL)
        g_queue_unlink (&invocation->parent->children, &invocation->sibling);
      if (invocation->order.data != NULL)
        g_queue_unlink (&self->interruptible, &invocation->order);
      invocation->key = 0;
    }
  g_mutex_unlock (&self->lock);

  if (key == 0)
    return;
  if (invocation->timeout_ms != 0)
    malt_deadlines_remove (self->deadlines, key);
  malt_invocation_unref (invocation);
}

/* Runs in the executing thread or in one of the pool. */
void
malt_scheduler_arm (MaltScheduler  *self,
                    MaltInvocation *invocation)
{
  malt_deadlines_add (self->deadlines, invocation->key,
                      invocation->start_time
                      + (gint64) invocation->timeout_ms * G_TIME_SPAN_MILLISECOND);
}

void
malt_scheduler_cancel (MaltScheduler *self,
                       guint64        id)
{
  g_autoptr (GPtrArray) to_notify = new_invocation_array ();
  MaltInvocation *invocation;

  g_mutex_lock (&self->lock);
  invocation = g_hash_table_lookup (self->unfinished, &id);
  if (id > self->highest_id)
    remember_locked (self, id, MALT_CANCEL_REASON_CANCELLED);
  else if (invocation != NULL)
    cancel_tree_locked (invocation, MALT_CANCEL_REASON_CANCELLED, to_notify);
  g_mutex_unlock (&self->lock);

  notify_all (to_notify);
}

void
malt_scheduler_interrupt (MaltScheduler *self,
                          guint64        up_to)
{
  g_autoptr (GPtrArray) to_notify = new_invocation_array ();

  g_mutex_lock (&self->lock);
  while (up_to > self->highest_id && g_hash_table_contains (self->marks, &up_to))
    up_to--;
  if (up_to > self->highest_id)
    remember_locked (self, up_to, MALT_CANCEL_REASON_INTERRUPTED);
  else
    interrupt_locked (self, up_to, to_notify);
  g_mutex_unlock (&self->lock);

  notify_all (to_notify);
}

void
malt_scheduler_interrupt_latest (MaltScheduler *self)
{
  g_autoptr (GPtrArray) to_notify = new_invocation_array ();

  g_mutex_lock (&self->lock);
  interrupt_locked (self, self->highest_id, to_notify);
  g_mutex_unlock (&self->lock);

  notify_all (to_notify);
}

void
malt_scheduler_stop (MaltScheduler *self)
{
  g_autoptr (GPtrArray) to_notify = NULL;

  g_mutex_lock (&self->lock);
  self->is_stopped = TRUE;
  g_mutex_unlock (&self->lock);

  to_notify = malt_scheduler_dup_unfinished (self);
  for (guint i = 0; i < to_notify->len; i++)
    malt_invocation_set_cancel_reason (g_ptr_array_index (to_notify, i),
                                       MALT_CANCEL_REASON_STOPPED);
  notify_all (to_notify);
}

guint
malt_scheduler_get_n_unfinished (MaltScheduler *self)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = g_hash_table_size (self->unfinished);
  g_mutex_unlock (&self->lock);

  return n;
}

int
malt_scheduler_get_call_state (MaltScheduler *self,
                               guint64        id)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  MaltInvocation *invocation = g_hash_table_lookup (self->unfinished, &id);

  if (id > self->highest_id)
    return CALL_STATE_WAITING;
  if (invocation == NULL)
    return CALL_STATE_OVER;

  return g_atomic_int_get (&invocation->state) == MALT_INVOCATION_STATE_WAITING
         ? CALL_STATE_WAITING : CALL_STATE_RUNNING;
}

char *
malt_scheduler_dup_callee (MaltScheduler  *self,
                           MaltInvocation *invocation)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  MaltInvocation *callee = g_queue_peek_tail (&invocation->children);

  return callee != NULL ? g_strdup (callee->function) : NULL;
}

GPtrArray *
malt_scheduler_dup_unfinished (MaltScheduler *self)
{
  GPtrArray *unfinished = new_invocation_array ();
  MaltInvocation *invocation;
  GHashTableIter iter;

  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->unfinished);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &invocation))
    g_ptr_array_add (unfinished, malt_invocation_ref (invocation));
  g_mutex_unlock (&self->lock);

  return unfinished;
}

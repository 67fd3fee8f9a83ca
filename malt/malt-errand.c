/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-errand-private.h"

#include "malt/malt-call-backend.h"
#include "malt/malt-call-copy-private.h"
#include "malt/malt-clear-source.h"
#include "malt/malt-delivery.h"

/* Milliseconds that a worker has to end what was cancelled, or what it had when it was stopped.
 * Nothing is to be sent for that, or just a signal; a program is blocked meanwhile. */
#define END_GRACE_MSEC 1000u

/* What an errand has as long as it is not over. */
typedef struct
{
  GTask        *task;              /* owned; NULL: it is over */
  MaltCall     *call;              /* owned; NULL: a stop */
  GCancellable *cancellable;       /* owned, nullable */
  gulong        cancelled_handler;
  GSource      *timeout;           /* owned, nullable */
  GError       *failure;           /* owned, nullable: what every other error means now */
} Hold;

/* Reference counted: the table has one until the worker answers, cancellable and time-out until it
 * is over, the delivery until the task has been returned. */
struct _MaltErrand
{
  MaltDelivery  delivery;

  /* Immutable after construction. */
  guint         ticket;
  GWeakRef      worker;
  MaltCall     *copy;    /* owned; NULL: a stop */
  GCancellable *told;    /* owned; the worker's */

  Hold          hold;    /* protected by @lock */

  /* Of the one that ended it, then of the delivery. */
  GTask        *task;    /* owned */
  GVariant     *value;   /* owned */
  int           number;
  GError       *error;   /* owned */
};

static GMutex lock;
static GHashTable *unanswered; /* ticket → owned MaltErrand; protected by @lock */
static guint last_ticket;      /* protected by @lock */

static MaltErrand *
errand_ref (MaltErrand *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
errand_clear (gpointer data)
{
  MaltErrand *self = data;

  g_weak_ref_clear (&self->worker);
  g_clear_object (&self->copy);
  g_clear_object (&self->told);
}

void
malt_errand_unref (MaltErrand *self)
{
  g_atomic_rc_box_release_full (self, errand_clear);
}

static void
unref_errand (gpointer data)
{
  malt_errand_unref (data);
}

static void
unref_closure_data (gpointer  data,
                    GClosure *closure)
{
  malt_errand_unref (data);
}

/* Runs in the context of the task. */
static void
on_delivered (MaltDelivery *delivery)
{
  g_autoptr (MaltErrand) self = (MaltErrand *) delivery;
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  if (self->error != NULL)
    g_task_return_error (task, g_steal_pointer (&self->error));
  else if (self->copy != NULL)
    g_task_return_pointer (task, g_steal_pointer (&self->value),
                           (GDestroyNotify) g_variant_unref);
  else
    g_task_return_int (task, self->number);
}

/* Whether the caller is the one that ends it; nobody else can from then on. */
static gboolean
release (MaltErrand *self,
         Hold       *hold)
{
  g_mutex_lock (&lock);
  *hold = self->hold;
  self->hold = (Hold) { 0 };
  g_mutex_unlock (&lock);

  if (hold->task == NULL)
    return FALSE;

  g_clear_signal_handler (&hold->cancelled_handler, hold->cancellable);
  g_clear_object (&hold->cancellable);
  malt_clear_source (&hold->timeout);
  if (self->copy != NULL)
    malt_call_stop_progress (self->copy);

  return TRUE;
}

/* Takes `value` and `error`. */
static void
end (MaltErrand *self,
     gboolean    is_answer,
     GVariant   *value,
     int         number,
     GError     *error)
{
  Hold hold;

  if (!release (self, &hold))
    {
      g_clear_pointer (&value, g_variant_unref);
      g_clear_error (&error);
      return;
    }

  if (hold.failure != NULL && error != NULL)
    {
      g_error_free (error);
      error = g_steal_pointer (&hold.failure);
      is_answer = FALSE;
    }
  g_clear_error (&hold.failure);

  if (hold.call != NULL && is_answer)
    malt_call_end_like (hold.call, self->copy, error);
  else if (hold.call != NULL)
    malt_call_end (hold.call, -1, error);
  g_clear_object (&hold.call);

  self->task = hold.task;
  self->value = value;
  self->number = number;
  self->error = error;
  malt_delivery_send (&errand_ref (self)->delivery, g_task_get_context (hold.task));

  if (!is_answer)
    g_cancellable_cancel (self->told);
}

static void
end_unanswered (MaltErrand  *self,
                GIOErrorEnum code)
{
  g_autofree char *what = self->copy != NULL
                            ? g_strdup_printf ("Call of “%s”", malt_call_get_function (self->copy))
                            : g_strdup ("Stop of a worker");

  end (self, FALSE, NULL, 0,
       g_error_new (G_IO_ERROR, code, "%s %s", what,
                    code == G_IO_ERROR_CANCELLED ? "was cancelled" : "timed out"));
}

/* Runs in the context of the task. */
static gboolean
on_timed_out (gpointer user_data)
{
  MaltErrand *self = user_data;

  end_unanswered (self, g_cancellable_is_cancelled (self->told) ? G_IO_ERROR_CANCELLED
                                                                : G_IO_ERROR_TIMED_OUT);

  return G_SOURCE_REMOVE;
}

/* In the place of the one there is. */
static void
set_timeout (MaltErrand *self,
             guint       timeout_ms)
{
  GSource *source = g_timeout_source_new (timeout_ms);

  g_source_set_static_name (source, "malt errand");
  g_source_set_callback (source, on_timed_out, errand_ref (self), unref_errand);

  g_mutex_lock (&lock);
  if (self->hold.task != NULL)
    {
      GSource *former = self->hold.timeout;

      g_source_attach (source, g_task_get_context (self->hold.task));
      self->hold.timeout = source;
      source = former;
    }
  g_mutex_unlock (&lock);

  malt_clear_source (&source);
}

/* Runs in the thread that cancels. The worker ends it, or has a little time: what it waits for in
 * the context of a blocking caller would stay there for ever. */
static void
on_cancelled (GCancellable *cancellable,
              MaltErrand   *self)
{
  g_cancellable_cancel (self->told);
  set_timeout (self, END_GRACE_MSEC);
}

static void
watch_cancellable (MaltErrand   *self,
                   GCancellable *cancellable)
{
  gulong handler = g_signal_connect_data (cancellable, "cancelled", G_CALLBACK (on_cancelled),
                                          errand_ref (self), unref_closure_data, 0);

  g_mutex_lock (&lock);
  if (self->hold.task != NULL)
    {
      self->hold.cancellable = g_object_ref (cancellable);
      self->hold.cancelled_handler = handler;
      handler = 0;
    }
  g_mutex_unlock (&lock);

  g_clear_signal_handler (&handler, cancellable);
  /* Nothing has been sent yet. */
  if (g_cancellable_is_cancelled (cancellable))
    end_unanswered (self, G_IO_ERROR_CANCELLED);
}

static void
hand_out_ticket (MaltErrand *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  if (unanswered == NULL)
    unanswered = g_hash_table_new_full (NULL, NULL, NULL, unref_errand);

  /* They may have gone round. */
  do
    self->ticket = ++last_ticket;
  while (self->ticket == 0 || g_hash_table_contains (unanswered, GUINT_TO_POINTER (self->ticket)));
  g_hash_table_insert (unanswered, GUINT_TO_POINTER (self->ticket), errand_ref (self));
}

MaltErrand *
malt_errand_new (GTask        *task,
                 MaltCall     *call,
                 GCancellable *cancellable,
                 guint         timeout_ms)
{
  MaltErrand *self = g_atomic_rc_box_new0 (MaltErrand);

  self->delivery.func = on_delivered;
  g_weak_ref_init (&self->worker, g_task_get_source_object (task));
  self->told = g_cancellable_new ();
  self->hold.task = g_object_ref (task);
  if (call != NULL)
    {
      self->hold.call = g_object_ref (call);
      self->copy = malt_call_copy (call);
      malt_call_forward_progress (call, self->copy, g_task_get_context (task));
    }
  if (timeout_ms != 0)
    set_timeout (self, timeout_ms);
  hand_out_ticket (self);
  if (cancellable != NULL)
    watch_cancellable (self, cancellable);

  return self;
}

gpointer
malt_errand_get_ticket (MaltErrand *self)
{
  return GUINT_TO_POINTER (self->ticket);
}

MaltErrand *
malt_errand_take (gpointer ticket)
{
  gpointer self = NULL;
  gboolean is_known;

  g_mutex_lock (&lock);
  is_known = unanswered != NULL
             && g_hash_table_steal_extended (unanswered, ticket, NULL, &self);
  g_mutex_unlock (&lock);

  if (!is_known)
    g_critical ("A worker has answered a call or a stop that it had answered before");

  return self;
}

gboolean
malt_errand_is_over (MaltErrand *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  return self->hold.task == NULL;
}

MaltAbstractWorker *
malt_errand_dup_worker (MaltErrand *self)
{
  return g_weak_ref_get (&self->worker);
}

MaltCall *
malt_errand_get_copy (MaltErrand *self)
{
  return self->copy;
}

GCancellable *
malt_errand_get_cancellable (MaltErrand *self)
{
  return self->told;
}

void
malt_errand_end_call (MaltErrand *self,
                      GVariant   *value,
                      GError     *error)
{
  end (self, TRUE, value, 0, error);
}

void
malt_errand_refuse (MaltErrand *self,
                    GError     *error)
{
  end (self, FALSE, NULL, 0, error);
}

void
malt_errand_end_stop (MaltErrand *self,
                      gboolean    was_running,
                      GError     *error)
{
  end (self, TRUE, NULL, was_running, error);
}

static GPtrArray *
dup_calls (MaltAbstractWorker *worker)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);
  GPtrArray *calls = g_ptr_array_new_with_free_func (unref_errand);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, unanswered);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      MaltErrand *errand = value;

      if (errand->hold.call != NULL
          && g_task_get_source_object (errand->hold.task) == (gpointer) worker)
        g_ptr_array_add (calls, errand_ref (errand));
    }

  return calls;
}

static void
set_failure (MaltErrand   *self,
             const GError *failure)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  if (self->hold.task != NULL && self->hold.failure == NULL)
    self->hold.failure = g_error_copy (failure);
}

/* An answer that is on its way to the context of a blocking caller would stay there for ever, with
 * that context, if the call were over. */
void
malt_errand_end_calls_soon (MaltAbstractWorker *worker,
                            const GError       *error)
{
  g_autoptr (GPtrArray) calls = dup_calls (worker);

  for (guint i = 0; i < calls->len; i++)
    {
      MaltErrand *errand = g_ptr_array_index (calls, i);

      set_failure (errand, error);
      g_cancellable_cancel (errand->told);
      set_timeout (errand, END_GRACE_MSEC);
    }
}

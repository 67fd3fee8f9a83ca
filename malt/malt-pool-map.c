/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-pool-private.h"

#include "malt/malt-error.h"
#include "malt/malt-pool-request-private.h"
#include "malt/malt-return-task.h"

/* Calls of a map that are not over, for each that the workers can have at a time: the next one is
 * there when a worker has finished one. */
#define MAP_CALLS_PER_PLACE 2u

/* Inputs of one map: the progress counts them in an int. */
#define MAP_MAX_INPUTS G_MAXINT

/* Milliseconds between two reports of the progress, for each wakes the caller's thread up: more
 * than people can follow, and quick calls take less. */
#define MAP_PROGRESS_INTERVAL_MSEC 20

/* One map. The pool thread makes the calls, and keeps what they answer or hands it over, so that
 * the caller's context has to run for results that it wants one by one only. */
typedef struct
{
  MaltDelivery    delivery;       /* of the progress */

  /* Immutable. */
  MaltPoolCore   *core;           /* owned */
  char           *function;
  GVariant       *inputs;         /* owned */
  guint           n_inputs;
  GCancellable   *cancellable;    /* owned; of the calls */
  gulong          cancel_handler;
  MaltPoolMapFunc func;           /* NULL: results are kept */
  gpointer        func_data;

  /* Pool thread only. */
  GTask          *task;           /* owned; NULL when it is over */
  guint           next;
  guint           n_in_flight;    /* calls, and results that are handed over */
  GVariant      **results;        /* owned; those that are kept, by index */
  GError         *error;          /* owned; why it ends early */
  GSource        *report;         /* owned; when the progress is told; NULL: has been told */
  gint64          report_us;      /* monotonic; not before */

  int             n_done;         /* atomic */
  int             is_telling;     /* atomic: the progress is on its way */
} Map;

/* One input: its call, then its result on the way to the caller's context and back. */
typedef struct
{
  MaltDelivery  delivery;
  Map          *map;      /* owned */
  guint         index;
  GVariant     *value;    /* owned */
  GError       *error;    /* owned */
  gboolean      goes_on;
} Item;

static void
map_clear (Map *self)
{
  for (guint i = 0; self->results != NULL && i < self->n_inputs; i++)
    g_clear_pointer (&self->results[i], g_variant_unref);
  g_clear_pointer (&self->results, g_free);
  g_clear_pointer (&self->inputs, g_variant_unref);
  g_clear_object (&self->task);
  g_clear_object (&self->cancellable);
  g_clear_error (&self->error);
  g_clear_pointer (&self->core, malt_pool_core_unref);
  g_free (self->function);
}

static Map *
map_ref (Map *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
map_unref (Map *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) map_clear);
}

static void
item_free (Item *self)
{
  g_clear_pointer (&self->value, g_variant_unref);
  g_clear_error (&self->error);
  map_unref (self->map);
  g_free (self);
}

static guint
get_window (Map *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->core->lock);

  return MAP_CALLS_PER_PLACE * MAX (self->core->size, 1) * self->core->max_in_flight;
}

/* The arguments of one call: the child, out of its variant if it is in one. (transfer full) */
static GVariant *
dup_arguments (Map     *self,
               guint    index,
               GError **error)
{
  g_autoptr (GVariant) child = g_variant_get_child_value (self->inputs, index);
  g_autoptr (GVariant) args = g_variant_is_of_type (child, G_VARIANT_TYPE_VARIANT)
                                ? g_variant_get_variant (child)
                                : g_variant_ref (child);

  if (g_variant_is_of_type (args, G_VARIANT_TYPE_TUPLE))
    return g_steal_pointer (&args);

  g_set_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION,
               "Cannot call “%s” with a value of type “%s”: expected a tuple, the arguments",
               self->function, g_variant_get_type_string (args));
  return NULL;
}

static void
fail (Map          *self,
      const GError *error)
{
  if (self->error != NULL)
    return;

  self->error = g_error_copy (error);
  g_cancellable_cancel (self->cancellable);
}

/* Runs in the context of the caller. */
static void
on_progress_delivered (MaltDelivery *delivery)
{
  Map *self = (Map *) delivery;
  g_autoptr (MaltPool) pool = g_weak_ref_get (&self->core->pool);

  g_atomic_int_set (&self->is_telling, FALSE);
  if (pool != NULL)
    g_signal_emit_by_name (pool, "map-progress", (guint) g_atomic_int_get (&self->n_done),
                           self->n_inputs);
  map_unref (self);
}

/* Runs in the pool thread. What is on its way already tells the latest. */
static gboolean
tell_progress (gpointer user_data)
{
  Map *self = user_data;

  g_clear_pointer (&self->report, g_source_unref);
  self->report_us = g_get_monotonic_time () + MAP_PROGRESS_INTERVAL_MSEC * 1000;
  if (g_atomic_int_compare_and_exchange (&self->is_telling, FALSE, TRUE))
    malt_delivery_send (&map_ref (self)->delivery, g_task_get_context (self->task));

  return G_SOURCE_REMOVE;
}

/* The end comes with the end of the map. */
static void
tell_progress_in_time (Map *self)
{
  g_atomic_int_inc (&self->n_done);
  if (self->report != NULL)
    return;

  if (self->report_us <= g_get_monotonic_time ())
    {
      tell_progress (self);
      return;
    }

  self->report = g_timeout_source_new (MAP_PROGRESS_INTERVAL_MSEC);
  g_source_set_callback (self->report, tell_progress, map_ref (self), (GDestroyNotify) map_unref);
  g_source_attach (self->report, malt_pool_get_context ());
}

/* Before the map is over. */
static void
end_progress (Map *self)
{
  if (self->report == NULL)
    return;

  g_source_destroy (self->report);
  tell_progress (self);
}

/* (transfer full): what the calls have answered. */
static GVariant *
collect (Map *self)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("av"));

  for (guint i = 0; i < self->n_inputs; i++)
    {
      g_variant_builder_add (&builder, "v", self->results[i]);
      g_clear_pointer (&self->results[i], g_variant_unref);
    }

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/* A pool that is drained waits for the maps that it has begun. FALSE: it takes no more. */
static gboolean
enter (MaltPoolCore  *core,
       gsize          n_inputs,
       GError       **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&core->lock);

  if (n_inputs > MAP_MAX_INPUTS)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_LIMIT,
                   "Cannot go through %" G_GSIZE_FORMAT " inputs: more than %d", n_inputs,
                   MAP_MAX_INPUTS);
      return FALSE;
    }
  if (!malt_pool_core_check_open_locked (core, error))
    return FALSE;

  core->n_maps++;
  return TRUE;
}

static void
leave (MaltPoolCore *core)
{
  g_mutex_lock (&core->lock);
  core->n_maps--;
  malt_pool_core_wake_locked (core);
  g_mutex_unlock (&core->lock);
}

static void
finish (Map *self)
{
  GTask *task;

  end_progress (self);
  leave (self->core);
  task = g_steal_pointer (&self->task);
  g_cancellable_disconnect (g_task_get_cancellable (task), self->cancel_handler);
  if (self->error == NULL && self->func == NULL)
    g_task_set_task_data (task, collect (self), (GDestroyNotify) g_variant_unref);
  malt_return_task (task, 1, g_steal_pointer (&self->error));
}

static void submit (Map *self);

/* As many calls as may be on their way; the end, if there are none and will be none. */
static void
pump (Map *self)
{
  guint window = get_window (self);

  if (self->error == NULL)
    g_cancellable_set_error_if_cancelled (self->cancellable, &self->error);
  while (self->error == NULL && self->next < self->n_inputs && self->n_in_flight < window)
    submit (self);
  if (self->n_in_flight == 0 && self->task != NULL)
    finish (self);
}

/* Runs in the pool thread. */
static void
on_returned (MaltDelivery *delivery)
{
  Item *item = (Item *) delivery;
  Map *self = item->map;
  g_autoptr (GError) error = NULL;

  if (!item->goes_on)
    {
      error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Operation was cancelled");
      fail (self, error);
    }
  self->n_in_flight--;
  pump (self);
  item_free (item);
}

/* Runs in the context of the caller. */
static void
on_handed_over (MaltDelivery *delivery)
{
  Item *item = (Item *) delivery;
  Map *self = item->map;
  g_autoptr (MaltPool) pool = g_weak_ref_get (&self->core->pool);

  /* Those that are not wanted any more are not shown, either. */
  item->goes_on = !g_cancellable_is_cancelled (self->cancellable)
                  && self->func (pool, item->index, item->value, item->error, self->func_data);
  if (!item->goes_on)
    g_cancellable_cancel (self->cancellable);
  item->delivery.func = on_returned;
  malt_delivery_send (&item->delivery, malt_pool_get_context ());
}

static void
keep (Item *item)
{
  Map *self = item->map;

  if (item->error != NULL && self->error == NULL)
    {
      if (!g_cancellable_is_cancelled (self->cancellable))
        g_prefix_error (&item->error, "Input %u: ", item->index);
      fail (self, item->error);
    }
  else if (item->error == NULL)
    self->results[item->index] = g_steal_pointer (&item->value);
  self->n_in_flight--;
}

/* Runs in the pool thread. Takes what the item says. */
static void
settle (Item *item)
{
  Map *self = item->map;

  if (item->error == NULL || self->func != NULL)
    tell_progress_in_time (self);
  if (self->func != NULL)
    {
      item->delivery.func = on_handed_over;
      malt_delivery_send (&item->delivery, g_task_get_context (self->task));
      return;
    }

  keep (item);
  item_free (item);
}

static void
on_done (MaltPoolRequest *request,
         GVariant        *value,
         const GError    *error)
{
  Item *item = request->data;
  Map *self = map_ref (item->map);

  item->value = value != NULL ? g_variant_ref (value) : NULL;
  item->error = error != NULL ? g_error_copy (error) : NULL;
  settle (item);
  pump (self);
  map_unref (self);
}

static void
submit (Map *self)
{
  Item *item = g_new0 (Item, 1);
  g_autoptr (GVariant) args = NULL;
  g_autoptr (MaltCall) call = NULL;
  MaltPoolRequest *request;

  item->map = map_ref (self);
  item->index = self->next++;
  self->n_in_flight++;
  args = dup_arguments (self, item->index, &item->error);
  if (args == NULL)
    {
      settle (item);
      return;
    }

  call = malt_call_new (self->function, args, NULL);
  request = malt_pool_request_new (self->core, call, self->cancellable, on_done, item);
  if (malt_pool_request_submit (request, TRUE, &item->error))
    return;

  malt_pool_request_unref (request);
  settle (item);
}

/* Runs in the pool thread. */
static gboolean
on_start (gpointer user_data)
{
  pump (user_data);

  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled_here (gpointer user_data)
{
  Map *self = user_data;

  g_cancellable_cancel (self->cancellable);
  if (self->task != NULL)
    pump (self);

  return G_SOURCE_REMOVE;
}

/* Any thread: only posts. */
static void
on_cancelled (GCancellable *cancellable,
              gpointer      user_data)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_cancelled_here, map_ref (user_data),
                         (GDestroyNotify) map_unref);
  g_source_attach (source, malt_pool_get_context ());
}

void
malt_pool_map_start (MaltPool        *pool,
                     const char      *function,
                     GVariant        *inputs,
                     MaltPoolMapFunc  func,
                     gpointer         func_data,
                     GTask           *task)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  GError *error = NULL;
  Map *self;

  g_task_set_check_cancellable (task, FALSE);
  if (!enter (pool->core, g_variant_n_children (inputs), &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }

  self = g_atomic_rc_box_new0 (Map);
  self->delivery.func = on_progress_delivered;
  self->core = malt_pool_core_ref (pool->core);
  self->function = g_strdup (function);
  self->inputs = g_variant_ref_sink (inputs);
  self->n_inputs = (guint) g_variant_n_children (inputs);
  self->cancellable = g_cancellable_new ();
  self->func = func;
  self->func_data = func_data;
  self->task = task;
  if (func == NULL)
    self->results = g_new0 (GVariant *, self->n_inputs);
  if (cancellable != NULL)
    self->cancel_handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled),
                                                  map_ref (self), (GDestroyNotify) map_unref);

  g_main_context_invoke_full (malt_pool_get_context (), G_PRIORITY_DEFAULT, on_start, self,
                              (GDestroyNotify) map_unref);
}

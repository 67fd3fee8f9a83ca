/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/in-process/malt-in-process-core-private.h"

/* What a main context that has calls on a worker does: returns those that have an outcome, all that
 * there are at once. A source exists from the first call of its context to the moment when none is
 * left; meanwhile the calls keep the core and the context alive. */
struct _MaltInProcessContext
{
  GSource            source;
  MaltInProcessCore *core;     /* not owned; immutable */
  GMainContext      *context;  /* not owned; immutable */

  /* Protected by the lock of the core. */
  guint              depth;    /* of dispatches, which nest when a callback iterates the context */
  guint              n_calls;
  GQueue             list;     /* of owned MaltInProcessCall that have something to tell */
  gboolean           is_woken;
};

/* The outcome of a call that is ENDED, to who sent it. */
static void
return_call (MaltInProcessCall *call)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = malt_in_process_call_finish (call, &error);

  if (value != NULL)
    g_task_return_pointer (call->task, value, (GDestroyNotify) g_variant_unref);
  else
    g_task_return_error (call->task, g_steal_pointer (&error));
}

/* Tells one call what there is to tell; FALSE when there was none. */
static gboolean
tell_next (MaltInProcessContext *self)
{
  g_autoptr (MaltInProcessCall) call = NULL;
  g_autofree char *progress_message = NULL;
  gboolean has_progress;
  gboolean has_ended;
  double fraction;
  GList *link;

  g_mutex_lock (&self->core->lock);
  link = g_queue_pop_head_link (&self->list);
  if (link == NULL)
    {
      g_mutex_unlock (&self->core->lock);
      return FALSE;
    }

  call = link->data;
  call->is_listed = FALSE;
  has_progress = call->has_progress;
  call->has_progress = FALSE;
  fraction = call->progress_fraction;
  progress_message = g_steal_pointer (&call->progress_message);
  has_ended = call->state == MALT_IN_PROCESS_CALL_ENDED;
  self->n_calls -= has_ended;
  g_mutex_unlock (&self->core->lock);

  if (has_progress)
    malt_call_emit_progress (call->call, fraction, progress_message);
  if (has_ended)
    return_call (call);

  return TRUE;
}

static void
wake_locked (MaltInProcessContext *self)
{
  if (self->is_woken)
    return;

  self->is_woken = TRUE;
  g_source_set_ready_time (&self->source, 0);
}

static gboolean
context_dispatch (GSource     *source,
                  GSourceFunc  callback,
                  gpointer     user_data)
{
  MaltInProcessContext *self = (MaltInProcessContext *) source;
  g_autoptr (MaltInProcessCore) core = malt_in_process_core_ref (self->core);
  gboolean is_used;
  guint n_listed;

  g_mutex_lock (&core->lock);
  self->depth++;
  self->is_woken = FALSE;
  g_source_set_ready_time (source, -1);
  n_listed = self->list.length;
  g_mutex_unlock (&core->lock);

  /* What ends meanwhile is for the next turn: GTask puts off the return of a task as young as the
   * turn, and younger ones would overtake it. */
  while (n_listed-- > 0 && tell_next (self))
    ;

  g_mutex_lock (&core->lock);
  if (self->list.length > 0)
    wake_locked (self);
  self->depth--;
  is_used = self->n_calls > 0 || self->depth > 0;
  if (!is_used)
    g_hash_table_steal (core->contexts, self->context);
  g_mutex_unlock (&core->lock);

  if (!is_used)
    g_source_unref (source);

  return is_used ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static GSourceFuncs context_funcs = {
  .dispatch = context_dispatch,
};

MaltInProcessContext *
malt_in_process_context_use_locked (MaltInProcessCore *self,
                                    GMainContext      *context)
{
  MaltInProcessContext *found = g_hash_table_lookup (self->contexts, context);
  GSource *source;

  if (found == NULL)
    {
      source = g_source_new (&context_funcs, sizeof (MaltInProcessContext));
      found = (MaltInProcessContext *) source;
      found->core = self;
      found->context = context;
      g_source_set_static_name (source, "malt in-process calls");
      g_source_set_can_recurse (source, TRUE);
      g_source_attach (source, context);
      g_hash_table_insert (self->contexts, context, found);
    }

  found->n_calls++;
  return found;
}

void
malt_in_process_context_push_locked (MaltInProcessContext *self,
                                     MaltInProcessCall    *call)
{
  if (call->is_listed)
    return;

  call->is_listed = TRUE;
  malt_in_process_call_ref (call);
  g_queue_push_tail_link (&self->list, &call->told_link);
  wake_locked (self);
}

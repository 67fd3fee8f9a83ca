/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-connection-private.h"

#include "malt/malt-call-backend.h"

/* What a main context that has calls on a connection does: polls the socket while nobody else
 * reads it, and returns the calls that have an outcome, its own ones and nobody else's. A source
 * exists from the first call of its context to the moment when none is left; meanwhile the calls
 * keep the connection and the context alive. */
struct _MaltConnectionContext
{
  GSource         source;
  MaltConnection *connection; /* not owned; immutable */
  GMainContext   *context;    /* not owned; immutable */

  gboolean        has_deferred; /* of the thread that runs the context */

  /* Protected by the lock of the connection. */
  guint           depth;      /* of dispatches, which nest when a callback iterates the context */
  guint           n_calls;
  GQueue          list;       /* of owned MaltPendingCall that have something to tell */
  gpointer        fd_tag;     /* NULL: the socket is not polled. Set by anybody, cleared here */
  gboolean        is_woken;
};

/* The innermost one that the thread is dispatching. */
static GPrivate dispatching;

static void
flush_deferred (MaltConnectionContext *self)
{
  self->has_deferred = FALSE;
  malt_connection_flush_deferred (self->connection);
}

/* Nothing waits longer than until the context polls again: neither what was sent in the dispatch of
 * another connection, nor what a callback has sent that iterates the context. */
static gboolean
context_prepare (GSource *source,
                 int     *timeout)
{
  MaltConnectionContext *self = (MaltConnectionContext *) source;

  if (self->has_deferred)
    flush_deferred (self);

  *timeout = -1;
  return FALSE;
}

/* One batch, if the role is free; else the one who has it lets this context poll again when it
 * leaves. Switching the events off would not do: a hang-up is reported all the same. */
static void
read_if_nobody_does (MaltConnectionContext *self,
                     gpointer               fd_tag)
{
  MaltConnection *connection = self->connection;
  gboolean is_reading;

  g_mutex_lock (&connection->lock);
  is_reading = malt_connection_take_role_locked (connection, NULL);
  if (is_reading)
    connection->reading_context = self;
  else
    self->fd_tag = NULL;
  g_mutex_unlock (&connection->lock);

  if (!is_reading)
    {
      g_source_remove_unix_fd (&self->source, fd_tag);
      return;
    }

  malt_connection_read_batch (connection);
  malt_connection_release_role (connection);
}

/* The outcome of a call that is ENDED, to who sent it. */
static void
return_call (MaltConnectionContext *self,
             MaltPendingCall       *call)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = malt_connection_finish_call (call, &error);

  g_mutex_lock (&self->connection->lock);
  malt_connection_context_unuse_locked (self);
  g_mutex_unlock (&self->connection->lock);

  if (value != NULL)
    g_task_return_pointer (call->task, value, (GDestroyNotify) g_variant_unref);
  else
    g_task_return_error (call->task, g_steal_pointer (&error));
}

/* GTask puts off the return of a task as young as the iteration, and those after it would overtake
 * it: such a call is for the next round. */
static MaltPendingCall *
pop_locked (MaltConnectionContext *self)
{
  GList *link = g_queue_peek_head_link (&self->list);

  if (link == NULL
      || ((MaltPendingCall *) link->data)->born_us == g_source_get_time (&self->source))
    return NULL;

  g_queue_unlink (&self->list, link);

  return link->data;
}

/* Tells one call what there is to tell; FALSE when there was none. */
static gboolean
tell_next (MaltConnectionContext *self)
{
  g_autoptr (MaltPendingCall) call = NULL;
  g_autofree char *progress_message = NULL;
  gboolean has_progress;
  gboolean has_ended;
  double fraction;

  g_mutex_lock (&self->connection->lock);
  call = pop_locked (self);
  if (call == NULL)
    {
      g_mutex_unlock (&self->connection->lock);
      return FALSE;
    }

  call->is_listed = FALSE;
  has_progress = call->has_progress;
  call->has_progress = FALSE;
  fraction = call->progress_fraction;
  progress_message = g_steal_pointer (&call->progress_message);
  has_ended = call->state == MALT_PENDING_ENDED;
  g_mutex_unlock (&self->connection->lock);

  if (has_progress)
    malt_call_emit_progress (call->call, fraction, progress_message);
  if (has_ended)
    return_call (self, call);

  return TRUE;
}

static void
wake_locked (MaltConnectionContext *self)
{
  if (self->is_woken)
    return;

  self->is_woken = TRUE;
  g_source_set_ready_time (&self->source, 0);
}

static void
tell_listed (MaltConnectionContext *self)
{
  while (tell_next (self))
    ;

  g_mutex_lock (&self->connection->lock);
  if (self->list.length > 0)
    wake_locked (self);
  g_mutex_unlock (&self->connection->lock);
}

/* The end of the outermost dispatch: whether the context has calls left. */
static gboolean
is_still_used (MaltConnectionContext *self)
{
  MaltConnection *connection = self->connection;
  gboolean is_used;

  g_mutex_lock (&connection->lock);
  is_used = self->n_calls > 0 || self->depth > 0;
  if (!is_used)
    g_hash_table_steal (connection->contexts, self->context);
  g_mutex_unlock (&connection->lock);

  if (!is_used)
    g_source_unref (&self->source);

  return is_used;
}

static gboolean
context_dispatch (GSource     *source,
                  GSourceFunc  callback,
                  gpointer     user_data)
{
  MaltConnectionContext *self = (MaltConnectionContext *) source;
  g_autoptr (MaltConnection) connection = g_object_ref (self->connection);
  gpointer outer = g_private_get (&dispatching);
  gpointer fd_tag;

  g_private_set (&dispatching, self);
  g_mutex_lock (&connection->lock);
  self->depth++;
  fd_tag = self->fd_tag;
  if (self->is_woken)
    g_source_set_ready_time (source, -1);
  self->is_woken = FALSE;
  g_mutex_unlock (&connection->lock);

  if (fd_tag != NULL && g_source_query_unix_fd (source, fd_tag) != 0)
    read_if_nobody_does (self, fd_tag);

  tell_listed (self);

  g_mutex_lock (&connection->lock);
  self->depth--;
  g_mutex_unlock (&connection->lock);
  g_private_set (&dispatching, outer);
  flush_deferred (self);

  return is_still_used (self) ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static GSourceFuncs context_funcs = {
  .prepare = context_prepare,
  .dispatch = context_dispatch,
};

static void
poll_socket_locked (MaltConnectionContext *self)
{
  if (self->fd_tag == NULL)
    self->fd_tag = g_source_add_unix_fd (&self->source,
                                         malt_stream_get_fd (self->connection->data), G_IO_IN);
}

MaltConnectionContext *
malt_connection_context_use_locked (MaltConnection *self,
                                    GMainContext   *context)
{
  MaltConnectionContext *found = g_hash_table_lookup (self->contexts, context);
  GSource *source;

  if (found == NULL)
    {
      source = g_source_new (&context_funcs, sizeof (MaltConnectionContext));
      found = (MaltConnectionContext *) source;
      found->connection = self;
      found->context = context;
      g_source_set_static_name (source, "malt connection");
      g_source_set_can_recurse (source, TRUE);
      if (!self->is_role_taken && !self->is_data_over)
        poll_socket_locked (found);
      g_source_attach (source, context);
      g_hash_table_insert (self->contexts, context, found);
    }

  found->n_calls++;
  return found;
}

void
malt_connection_context_unuse_locked (MaltConnectionContext *self)
{
  self->n_calls--;
}

gboolean
malt_connection_context_defer_flush_locked (MaltConnectionContext *self)
{
  MaltConnectionContext *innermost = g_private_get (&dispatching);

  if (innermost == NULL || innermost->context != self->context
      || !malt_connection_defer_flush_locked (self->connection))
    return FALSE;

  self->has_deferred = TRUE;
  return TRUE;
}

void
malt_connection_context_push_locked (MaltConnectionContext *self,
                                     MaltPendingCall       *call)
{
  if (call->is_listed)
    return;

  call->is_listed = TRUE;
  malt_pending_call_ref (call);
  g_queue_push_tail_link (&self->list, &call->link);

  /* A dispatch that reads goes through the list afterwards. */
  if (self != self->connection->reading_context)
    wake_locked (self);
}

/* Any of them may be the one whose thread has time, so all of them poll. */
void
malt_connection_resume_contexts_locked (MaltConnection *self)
{
  GHashTableIter iter;
  gpointer context;

  if (self->is_data_over || g_hash_table_size (self->contexts) == 0)
    return;

  g_hash_table_iter_init (&iter, self->contexts);
  while (g_hash_table_iter_next (&iter, NULL, &context))
    poll_socket_locked (context);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/programs/malt-serve-private.h"

#include "malt/malt-error.h"
#include "malt/programs/malt-setup-private.h"
#include "malt/programs/malt-watch-private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Replies that the manager has not read yet; beyond it no more calls are read, so that an
 * application which does not run its main loop makes its worker wait, not grow. */
#define REPLIES_MAX_QUEUED_BYTES (64u * 1024 * 1024)

/* How long calls are answered in a row before the main context has its turn, in which functions may
 * have timers and the like: some dozens that are short, one that is not. */
#define BATCHES_MAX_USEC 1000

/* The worker's side of the data connection. Everything runs in the executing thread, except
 * progress, which functions of the thread pool report from theirs. */
typedef struct
{
  MaltStream   *stream;    /* owned; thread-safe for writing */
  MaltWatch    *watch;     /* owned by its thread, which never ends */
  MaltRuntime  *runtime;   /* owned */
  GMainContext *context;   /* owned; the executing thread's */
  GVariant     *nothing;   /* owned; (), the value of a discarded result */
  char        **confined;  /* owned; what of a sandbox has been applied */
  gboolean      in_batch;  /* whether the frames of one read are being worked through */
  gboolean      is_over;   /* whether the manager's end is gone */
} MaltServer;

/* What a call printed is with the manager before its result. */
static void
flush (MaltServer *self)
{
  fflush (stdout);
  fflush (stderr);
  if (malt_stream_flush (self->stream, NULL) == MALT_STREAM_ERROR)
    self->is_over = TRUE;
}

static void
queue_failure (MaltServer   *self,
               guint64       id,
               guint8        flags,
               guint64       run_time_us,
               const GError *failure)
{
  MaltMessage message = {
    .type = MALT_MESSAGE_FAILURE,
    .flags = flags,
    .id = id,
    .number = run_time_us,
    .value = g_variant_ref_sink (malt_message_new_failure_value (failure)),
  };
  g_autoptr (GError) error = NULL;

  if (!malt_stream_queue (self->stream, &message, &error))
    {
      /* A traceback larger than a message may be: the reason alone is not. */
      g_clear_pointer (&message.value, g_variant_unref);
      message.value = g_variant_ref_sink (malt_message_new_failure_value (error));
      malt_stream_queue (self->stream, &message, NULL);
    }

  malt_message_clear (&message);
}

/* What the worker's own end cut short has no answer, but last words: the manager ends it, and knows
 * how the worker ended. */
static gboolean
is_cut_short (MaltInvocation *invocation,
              const GError   *error)
{
  return g_error_matches (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER)
         && malt_invocation_get_cancel_reason (invocation) == MALT_CANCEL_REASON_STOPPED;
}

static void
on_call_finished (MaltInvocation *invocation,
                  GVariant       *value,
                  const GError   *error,
                  gpointer        user_data)
{
  MaltServer *self = user_data;
  guint64 id = malt_invocation_get_id (invocation);
  guint64 run_time_us = (guint64) malt_invocation_get_run_time_us (invocation);
  g_autoptr (GError) queue_error = NULL;

  if (is_cut_short (invocation, error))
    {
      if (malt_error_get_remote_traceback (error) != NULL)
        queue_failure (self, id, MALT_MESSAGE_FLAGS_CUT_SHORT, run_time_us, error);
      return;
    }

  if (error == NULL)
    {
      MaltMessage result = {
        .type = MALT_MESSAGE_RESULT,
        .id = id,
        .number = run_time_us,
        .value = malt_invocation_get_discard_result (invocation) ? self->nothing : value,
      };

      malt_stream_prepare (self->stream, &result, FALSE);
      malt_stream_queue (self->stream, &result, &queue_error);
      g_clear_pointer (&result.memory, malt_memory_unref);
      error = queue_error;
    }

  if (error != NULL)
    queue_failure (self, id, 0, run_time_us, error);

  if (!self->in_batch)
    flush (self);
}

/* The handles of channels end with the worker, whether they were dropped before or not. */
static gboolean
is_about_a_handle (MaltInvocation *invocation)
{
  return g_str_has_prefix (malt_invocation_get_function (invocation), "malt.channel.");
}

/* Nobody waits for a post; what went wrong in it is told all the same. */
static void
on_post_finished (MaltInvocation *invocation,
                  GVariant       *value,
                  const GError   *error,
                  gpointer        user_data)
{
  MaltServer *self = user_data;

  if (error != NULL && !(is_cut_short (invocation, error) && is_about_a_handle (invocation)))
    malt_runtime_report (self->runtime, error);

  if (!self->in_batch)
    flush (self);
}

/* Runs in the executing thread or in one of the pool. */
static void
on_progress (MaltInvocation *invocation,
             double          fraction,
             const char     *message,
             gpointer        user_data)
{
  MaltServer *self = user_data;
  MaltMessage progress = {
    .type = MALT_MESSAGE_PROGRESS,
    .id = malt_invocation_get_id (invocation),
    .name = message,
    .name_length = message != NULL ? strlen (message) : 0,
    .value = g_variant_ref_sink (g_variant_new_double (fraction)),
  };

  if (malt_stream_get_queued_bytes (self->stream) <= REPLIES_MAX_QUEUED_BYTES
      && malt_stream_queue (self->stream, &progress, NULL))
    malt_stream_flush (self->stream, NULL);

  malt_message_clear (&progress);
}

static void
on_post_progress (MaltInvocation *invocation,
                  double          fraction,
                  const char     *message,
                  gpointer        user_data)
{
}

static const MaltCarrier call_carrier = { on_call_finished, on_progress };
static const MaltCarrier post_carrier = { on_post_finished, on_post_progress };

static void
on_report (const GError *error,
           gpointer      user_data)
{
  MaltServer *self = user_data;
  const GLogField fields[] = {
    { "GLIB_DOMAIN", G_LOG_DOMAIN, -1 },
    { "MESSAGE", error->message, -1 },
  };

  malt_worker_log_send (malt_watch_get_log (self->watch), G_LOG_LEVEL_WARNING,
                        fields, G_N_ELEMENTS (fields));
}

static void
dispatch_call (MaltServer        *self,
               const MaltMessage *message)
{
  gboolean is_post = message->type == MALT_MESSAGE_POST;
  const char *function;
  const GVariantType *result_type;
  g_autoptr (GVariant) args = NULL;
  g_autoptr (GVariant) kwargs = NULL;
  g_autoptr (MaltInvocation) invocation = NULL;
  g_autoptr (GError) error = NULL;

  if (!malt_message_parse_call (message, &function, &args, &kwargs, &result_type, &error))
    {
      if (is_post)
        malt_runtime_report (self->runtime, error);
      else
        queue_failure (self, message->id, 0, 0, error);
      return;
    }

  invocation = malt_invocation_new (self->runtime, message->id, function, args, kwargs,
                                    is_post ? &post_carrier : &call_carrier, self);
  malt_invocation_set_timeout (invocation, (guint) MIN (message->number, G_MAXUINT));
  malt_invocation_set_result_type (invocation, result_type);
  malt_invocation_set_discard_result (invocation,
                                      is_post || message->flags & MALT_MESSAGE_FLAGS_DISCARD);
  malt_runtime_dispatch (self->runtime, invocation);
}

static void
greet_again (MaltServer        *self,
             const MaltMessage *message)
{
  if (malt_setup_accept_next (self->stream, message))
    malt_setup_send_hello (self->stream, (const char *const *) self->confined);
  else
    self->is_over = TRUE;
}

static void
handle_message (MaltServer        *self,
                const MaltMessage *message,
                const GError      *message_error)
{
  if (message->type == MALT_MESSAGE_SETUP)
    greet_again (self, message);
  if (message->type != MALT_MESSAGE_CALL && message->type != MALT_MESSAGE_POST)
    return;

  if (malt_stream_get_queued_bytes (self->stream) > 0)
    malt_watch_expect_flush (self->watch);

  if (message_error == NULL)
    dispatch_call (self, message);
  else if (message->type == MALT_MESSAGE_CALL)
    queue_failure (self, message->id, 0, 0, message_error);
  else
    malt_runtime_report (self->runtime, message_error);
}

/* What a read has brought, and everything that is complete in it; the answers leave together. */
static void
handle_batch (MaltServer       *self,
              MaltStreamStatus  status)
{
  MaltMessage message = { 0 };
  g_autoptr (GError) message_error = NULL;
  g_autoptr (GError) error = NULL;

  if (status == MALT_STREAM_EOF || status == MALT_STREAM_ERROR)
    {
      self->is_over = TRUE;
      return;
    }

  self->in_batch = TRUE;
  while (malt_stream_next (self->stream, &message, &message_error, &error))
    {
      handle_message (self, &message, message_error);
      g_clear_error (&message_error);
      malt_message_clear (&message);
    }
  self->in_batch = FALSE;

  flush (self);
  if (error != NULL)
    self->is_over = TRUE;
}

static gboolean
is_idle (MaltServer *self)
{
  return !self->is_over
         && malt_stream_get_queued_bytes (self->stream) == 0
         && malt_runtime_get_n_unfinished (self->runtime) == 0;
}

/* One read, and while nothing else is to be done those that follow soon. */
static void
read_batches (MaltServer *self)
{
  gint64 end_us = g_get_monotonic_time () + BATCHES_MAX_USEC;
  MaltStreamStatus status = malt_stream_fill (self->stream, NULL);

  handle_batch (self, status);
  while (is_idle (self) && g_get_monotonic_time () < end_us)
    {
      status = malt_stream_fill_spinning (self->stream, NULL);
      if (status == MALT_STREAM_WOULD_BLOCK)
        break;
      handle_batch (self, status);
    }
}

typedef struct
{
  GSource       source;
  MaltServer   *server;
  gpointer      tag;
  GIOCondition  condition; /* what is asked for; set only on change, which wakes the context */
} DataSource;

static gboolean
data_source_prepare (GSource *source,
                     int     *timeout)
{
  DataSource *self = (DataSource *) source;
  gsize queued = malt_stream_get_queued_bytes (self->server->stream);
  GIOCondition condition = 0;

  /* A function that runs the main context itself is not handed the next call in the midst of its
   * own. */
  if (queued <= REPLIES_MAX_QUEUED_BYTES && !self->server->in_batch)
    condition |= G_IO_IN;
  if (queued > 0)
    condition |= G_IO_OUT;
  if (condition != self->condition)
    g_source_modify_unix_fd (source, self->tag, self->condition = condition);

  *timeout = -1;
  return FALSE;
}

static gboolean
data_source_check (GSource *source)
{
  DataSource *self = (DataSource *) source;

  return g_source_query_unix_fd (source, self->tag) != 0;
}

static gboolean
data_source_dispatch (GSource     *source,
                      GSourceFunc  callback,
                      gpointer     user_data)
{
  DataSource *self = (DataSource *) source;
  GIOCondition condition = g_source_query_unix_fd (source, self->tag);

  if (condition & G_IO_OUT)
    flush (self->server);
  if (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR) && !self->server->in_batch)
    read_batches (self->server);

  return self->server->is_over ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static GSourceFuncs data_source_funcs = {
  .prepare = data_source_prepare,
  .check = data_source_check,
  .dispatch = data_source_dispatch,
};

static GSource *
data_source_new (MaltServer *server)
{
  GSource *source = g_source_new (&data_source_funcs, sizeof (DataSource));
  DataSource *self = (DataSource *) source;

  self->server = server;
  self->tag = g_source_add_unix_fd (source, malt_stream_get_fd (server->stream), G_IO_IN);
  self->condition = G_IO_IN;
  /* GLib wakes the context before and after each dispatch of a source that may not recurse, which
   * is two more system calls; prepare() sees to it instead. */
  g_source_set_can_recurse (source, TRUE);
  g_source_attach (source, server->context);

  return source;
}

int
malt_serve (int data_fd,
            int control_fd)
{
  /* Lives as long as the process, beside the watch thread; there is one manager a process. */
  static MaltServer self;
  GSource *source;

  self.context = g_main_context_new ();
  g_main_context_push_thread_default (self.context);
  self.nothing = g_variant_ref_sink (g_variant_new_tuple (NULL, 0));
  self.stream = malt_stream_new (data_fd, MALT_SETUP_MAX_MESSAGE_BYTES);
  self.watch = malt_watch_new (control_fd, self.stream);

  /* No thread has been started so far, so that a sandbox closes over all of the process. */
  self.runtime = malt_setup_receive (self.stream, malt_watch_get_context (self.watch),
                                     &self.confined);
  if (self.runtime == NULL)
    return EXIT_FAILURE;

  malt_runtime_set_report_func (self.runtime, on_report, &self);
  /* What is asked over control from here on waits there for the thread, which starts while the
   * manager wakes up. */
  malt_setup_send_hello (self.stream, (const char *const *) self.confined);
  malt_watch_start (self.watch, self.runtime);
  malt_worker_log_start (malt_watch_get_log (self.watch));

  source = data_source_new (&self);
  while (!self.is_over
         && (!malt_watch_is_leaving (self.watch)
             || malt_runtime_get_n_unfinished (self.runtime) > 0))
    g_main_context_iteration (self.context, TRUE);

  /* The watch thread goes on beside what exit() runs, and cuts it short when its grace is over. */
  g_source_destroy (source);
  g_source_unref (source);
  flush (&self);
  malt_watch_end_descendants ();

  return EXIT_SUCCESS;
}

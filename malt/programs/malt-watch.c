/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/programs/malt-watch-private.h"

#include "malt/malt-descendants.h"
#include "malt/malt-error-backend.h"

#include <glib-unix.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Control messages are small; nothing on this connection needs more. */
#define CONTROL_MAX_MESSAGE_BYTES (64u * 1024)

/* What runs when a STOP arrives is cancelled and has this long to come back, if the manager does
 * not say. */
#define STOP_GRACE_DEFAULT_MSEC 500u

/* How long replies may lie in the buffer while another call runs: long beside a short call, short
 * for people. */
#define FLUSH_DELAY_MSEC 5u

/* How long a worker that leaves waits for the end of what it has killed, and how often it looks.
 * That takes less than a millisecond, unless the machine is busy or a process stuck in the
 * kernel. */
#define REAP_MAX_MSEC 2000
#define REAP_INTERVAL_USEC 100

struct _MaltWatch
{
  GMainContext *context;      /* owned; immutable after construction */
  MaltStream   *control;      /* owned; read in the watch thread, written in any */
  MaltStream   *data;         /* not owned; flushed only */
  MaltWorkerLog *log;         /* owned; immutable after construction */
  MaltRuntime  *runtime;      /* not owned; set before the thread starts */
  GSource      *control_source;
  gint          leaving;      /* atomic */
  gint          flush_armed;  /* atomic: whether the flush timer is in the context */
  guint         flush_epoch;  /* executing thread writes, watch thread reads; atomic */
  guint         flush_seen;   /* watch thread only */
};

/* Where signal handlers write; one worker a process. */
static int signal_pipe[2] = { -1, -1 };

/* An outer worker inherits what is left when we leave, and does not ask after processes that it did
 * not start: the dead would stay. While SIGCHLD is ignored the kernel asks after them, and GLib is
 * not told of its own. */
void
malt_watch_end_descendants (void)
{
  gint64 end_us = g_get_monotonic_time () + REAP_MAX_MSEC * G_TIME_SPAN_MILLISECOND;
  pid_t pid;

  signal (SIGCHLD, SIG_IGN);
  malt_kill_descendants (getpid ());
  while ((pid = waitpid (-1, NULL, WNOHANG)) >= 0 && g_get_monotonic_time () < end_us)
    if (pid == 0)
      g_usleep (REAP_INTERVAL_USEC);
}

/* Leaves at once, without what exit() would run: the executing thread may be anywhere. */
static void
leave_now (int status)
{
  malt_watch_end_descendants ();
  _exit (status);
}

/* Runs in the watch thread. Dies of SIGTERM itself, so that whoever waits sees what ended the
 * worker. */
static void
die_of_sigterm (void)
{
  sigset_t set;

  malt_watch_end_descendants ();
  signal (SIGTERM, SIG_DFL);
  sigemptyset (&set);
  sigaddset (&set, SIGTERM);
  pthread_sigmask (SIG_UNBLOCK, &set, NULL);
  raise (SIGTERM);
  _exit (128 + SIGTERM);
}

/* Where the call is that does not heed its end. */
static void
send_last_words (MaltWatch *self)
{
  guint64 id;
  g_autofree char *position = malt_runtime_dup_position (self->runtime, &id);
  g_autoptr (GError) error = NULL;
  MaltMessage message = { .type = MALT_MESSAGE_FAILURE, .flags = MALT_MESSAGE_FLAGS_CUT_SHORT };

  if (position == NULL)
    return;

  error = malt_error_new_remote (MALT_ERROR_TERMINATED_WORKER, NULL, "The worker leaves", NULL,
                                 position);
  message.id = id;
  message.value = g_variant_ref_sink (malt_message_new_failure_value (error));
  if (malt_stream_queue (self->data, &message, NULL))
    malt_stream_flush (self->data, NULL);
  malt_message_clear (&message);
}

static gboolean
on_grace_over (gpointer user_data)
{
  send_last_words (user_data);
  leave_now (EXIT_SUCCESS);
  return G_SOURCE_REMOVE;
}

/* Runs in any thread that writes to the control connection. */
static void
flush_control (MaltWatch *self)
{
  g_autoptr (GError) error = NULL;

  /* When the socket is full the watch thread goes on as soon as it takes bytes; when it is broken
   * the reader sees that too. */
  if (malt_stream_flush (self->control, &error) == MALT_STREAM_WOULD_BLOCK)
    g_main_context_wakeup (self->context);
}

static void
begin_to_leave (MaltWatch *self,
                guint      grace_msec)
{
  const MaltMessage goodbye = { .type = MALT_MESSAGE_GOODBYE };
  g_autoptr (GSource) grace = NULL;

  if (g_atomic_int_exchange (&self->leaving, TRUE))
    return;

  malt_stream_queue (self->control, &goodbye, NULL);
  flush_control (self);

  grace = g_timeout_source_new (grace_msec != 0 ? grace_msec : STOP_GRACE_DEFAULT_MSEC);
  g_source_set_callback (grace, on_grace_over, self, NULL);
  g_source_attach (grace, self->context);

  malt_runtime_stop (self->runtime);
  g_main_context_wakeup (malt_runtime_get_context (self->runtime));
}

static void
answer_probe (MaltWatch *self,
              guint64    id)
{
  MaltMessage status = {
    .type = MALT_MESSAGE_STATUS,
    .id = id,
    .number = malt_runtime_get_call_state (self->runtime, id),
  };
  guint64 position_id = 0;
  g_autofree char *position = malt_runtime_dup_position (self->runtime, &position_id);

  if (position != NULL && position_id == id)
    {
      status.name = position;
      status.name_length = strlen (position);
    }

  malt_stream_queue (self->control, &status, NULL);
  flush_control (self);
}

static void
handle_control (MaltWatch         *self,
                const MaltMessage *message)
{
  switch (message->type)
    {
    case MALT_MESSAGE_CANCEL:
      malt_runtime_cancel (self->runtime, message->id);
      break;

    case MALT_MESSAGE_INTERRUPT:
      malt_runtime_interrupt (self->runtime, message->id);
      break;

    case MALT_MESSAGE_PROBE:
      answer_probe (self, message->id);
      break;

    case MALT_MESSAGE_STOP:
      begin_to_leave (self, (guint) MIN (message->number, G_MAXINT));
      break;

    default:
      /* A newer manager may say more than we know; the handshake told it our version. */
      break;
    }
}

/* Runs in the watch thread. The manager being gone, or speaking garbage, ends the worker at
 * once. */
static void
read_control (MaltWatch *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) message_error = NULL;
  MaltMessage message = { 0 };
  MaltStreamStatus status;

  status = malt_stream_fill (self->control, &error);
  if (status == MALT_STREAM_EOF || status == MALT_STREAM_ERROR)
    leave_now (EXIT_SUCCESS);

  while (malt_stream_next (self->control, &message, &message_error, &error))
    {
      if (message_error == NULL)
        handle_control (self, &message);
      g_clear_error (&message_error);
      malt_message_clear (&message);
    }

  if (error != NULL)
    leave_now (EXIT_FAILURE);
}

/* A source over the control socket that asks for write events only while something waits to be
 * written. */
typedef struct
{
  GSource       source;
  MaltWatch    *watch;
  gpointer      tag;
  GIOCondition  condition; /* what is asked for; set only on change, which wakes the context */
} ControlSource;

static gboolean
control_source_prepare (GSource *source,
                        int     *timeout)
{
  ControlSource *self = (ControlSource *) source;
  GIOCondition condition = G_IO_IN;

  if (malt_stream_get_queued_bytes (self->watch->control) > 0)
    condition |= G_IO_OUT;
  if (condition != self->condition)
    g_source_modify_unix_fd (source, self->tag, self->condition = condition);

  *timeout = -1;
  return FALSE;
}

static gboolean
control_source_check (GSource *source)
{
  ControlSource *self = (ControlSource *) source;

  return g_source_query_unix_fd (source, self->tag) != 0;
}

static gboolean
control_source_dispatch (GSource     *source,
                         GSourceFunc  callback,
                         gpointer     user_data)
{
  ControlSource *self = (ControlSource *) source;
  GIOCondition condition = g_source_query_unix_fd (source, self->tag);

  if (condition & G_IO_OUT && malt_stream_flush (self->watch->control, NULL) == MALT_STREAM_OK)
    malt_worker_log_on_drained (self->watch->log);
  if (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR))
    read_control (self->watch);

  return G_SOURCE_CONTINUE;
}

static GSourceFuncs control_source_funcs = {
  .prepare = control_source_prepare,
  .check = control_source_check,
  .dispatch = control_source_dispatch,
};

static gboolean
on_signal_pipe (int          fd,
                GIOCondition condition,
                gpointer     user_data)
{
  MaltWatch *self = user_data;
  guint8 signum;

  while (read (fd, &signum, 1) == 1)
    {
      if (signum == SIGTERM)
        die_of_sigterm ();
      malt_runtime_interrupt_latest (self->runtime);
    }

  return G_SOURCE_CONTINUE;
}

void
malt_watch_post_signal (int signum)
{
  int saved_errno = errno;
  guint8 byte = (guint8) signum;

  if (signal_pipe[1] >= 0)
    (void) !write (signal_pipe[1], &byte, 1);
  else if (signum == SIGTERM)
    {
      /* Before the thread has started: what the signal does by default, once the handler
       * returns. */
      signal (SIGTERM, SIG_DFL);
      raise (SIGTERM);
    }

  errno = saved_errno;
}

/* Runs in the watch thread, while calls come in batches. */
static gboolean
on_flush_tick (gpointer user_data)
{
  MaltWatch *self = user_data;
  guint epoch = g_atomic_int_get (&self->flush_epoch);

  if (epoch != self->flush_seen)
    {
      self->flush_seen = epoch;
      return G_SOURCE_CONTINUE;
    }

  /* The executing thread has been in one call since the last tick, or has nothing to do. Output
   * goes first; when it holds the lock of stdout it is printing and comes round by itself. */
  if (malt_stream_get_queued_bytes (self->data) > 0 && ftrylockfile (stdout) == 0)
    {
      fflush_unlocked (stdout);
      funlockfile (stdout);
      malt_stream_flush (self->data, NULL);
    }

  g_atomic_int_set (&self->flush_armed, FALSE);
  if (malt_stream_get_queued_bytes (self->data) > 0
      && g_atomic_int_compare_and_exchange (&self->flush_armed, FALSE, TRUE))
    return G_SOURCE_CONTINUE;

  return G_SOURCE_REMOVE;
}

void
malt_watch_expect_flush (MaltWatch *self)
{
  g_autoptr (GSource) tick = NULL;

  g_atomic_int_inc (&self->flush_epoch);
  if (!g_atomic_int_compare_and_exchange (&self->flush_armed, FALSE, TRUE))
    return;

  tick = g_timeout_source_new (FLUSH_DELAY_MSEC);
  g_source_set_callback (tick, on_flush_tick, self, NULL);
  g_source_attach (tick, self->context);
}

gboolean
malt_watch_is_leaving (MaltWatch *self)
{
  return g_atomic_int_get (&self->leaving);
}

GMainContext *
malt_watch_get_context (MaltWatch *self)
{
  return self->context;
}

MaltWorkerLog *
malt_watch_get_log (MaltWatch *self)
{
  return self->log;
}

MaltWatch *
malt_watch_new (int         control_fd,
                MaltStream *data)
{
  MaltWatch *self = g_new0 (MaltWatch, 1);

  self->context = g_main_context_new ();
  self->control = malt_stream_new (control_fd, CONTROL_MAX_MESSAGE_BYTES);
  self->data = data;
  self->log = malt_worker_log_new (self->control, self->context);

  return self;
}

static gpointer
watch_thread (gpointer user_data)
{
  MaltWatch *self = user_data;

  g_main_context_push_thread_default (self->context);
  for (;;)
    g_main_context_iteration (self->context, TRUE);

  return NULL;
}

static void
add_control_source (MaltWatch *self)
{
  ControlSource *source;

  source = (ControlSource *) g_source_new (&control_source_funcs, sizeof (ControlSource));
  source->watch = self;
  source->tag = g_source_add_unix_fd (&source->source,
                                      malt_stream_get_fd (self->control), G_IO_IN);
  source->condition = G_IO_IN;
  self->control_source = &source->source;
  g_source_attach (self->control_source, self->context);
}

static void
add_signal_source (MaltWatch *self)
{
  g_autoptr (GSource) source = NULL;
  g_autoptr (GError) error = NULL;

  /* Without it SIGINT does nothing and SIGTERM ends the process all the same. */
  if (!g_unix_open_pipe (signal_pipe, FD_CLOEXEC, &error))
    return;

  g_unix_set_fd_nonblocking (signal_pipe[0], TRUE, NULL);
  g_unix_set_fd_nonblocking (signal_pipe[1], TRUE, NULL);

  source = g_unix_fd_source_new (signal_pipe[0], G_IO_IN);
  g_source_set_callback (source, G_SOURCE_FUNC (on_signal_pipe), self, NULL);
  g_source_attach (source, self->context);
}

void
malt_watch_start (MaltWatch   *self,
                  MaltRuntime *runtime)
{
  self->runtime = runtime;
  add_control_source (self);
  add_signal_source (self);
  g_thread_unref (g_thread_new ("malt-watch", watch_thread, self));
}

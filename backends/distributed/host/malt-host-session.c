/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-session.h"

#include "backends/distributed/host/malt-host-output.h"
#include "backends/distributed/host/malt-host-watch.h"
#include "backends/distributed/malt-distributed-bridge.h"
#include "backends/process/malt-process-worker.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* For a manager to open its streams after it has been told where, in milliseconds; it connects at once, and
 * a handshake of TLS over a bad line takes some of it. */
#define OPENING_TIMEOUT_MSEC 5000u

/* How long the end of a worker waits for what it has said before, in milliseconds, from its end or from when
 * the manager has last taken some: one that reads has it in the end, one that does not may never have. */
#define LAST_BYTES_TIMEOUT_MSEC 1000u

/* For a manager to close its streams once it has been told of the end, in milliseconds: until then it has a slot,
 * and what it has not read by then is lost. */
#define FAREWELL_TIMEOUT_MSEC 10000u

/* How long answers wait until the manager has taken what was printed before them, in milliseconds; then
 * those that follow do not, until it takes some. A way around the earth and back is a quarter of that. */
#define TAKING_TIMEOUT_MSEC 1000u

/* For a worker to leave that nobody wants any more, in milliseconds, before each of the two signals. */
#define UNWANTED_TIMEOUT_MSEC 1000u

/* How a bridge finds its session, which may be gone: it tells in a thread of its own. Reference counted. */
typedef struct
{
  MaltHostSession    *session; /* (nullable); of the context */
  GMainContext       *context; /* owned; immutable */
  MaltAbstractWorker *worker;  /* owned; immutable */
  int                 n_passing; /* atomic: pieces of output that the manager may not have taken */
} SessionLink;

/* A worker is waited for by nobody, held by a manager, or has ended: then @report is there. What it said
 * before goes first, then the report, and the session is over when the manager has closed the watch or
 * is gone. */
struct _MaltHostSession
{
  MaltAbstractWorker          *worker;     /* owned */
  guint8                       token[MALT_HOST_TOKEN_BYTES];
  guint                        lease_ms;
  MaltHostSessionFunc          over;
  gpointer                     user_data;
  GMainContext                *context;    /* owned */
  SessionLink                 *link;       /* owned */

  gboolean                     is_open[MALT_HOST_N_STREAMS];
  int                          fds[2];     /* owned: of the worker, until there is a bridge; else −1 */
  MaltBridge                  *bridges[2]; /* owned (nullable) */
  MaltHostWatch               *watch;      /* owned (nullable) */
  MaltHostOutput              *outputs[2]; /* owned (nullable) */

  guint                        n_speaking; /* bridges over which the worker may have said more */
  GSource                     *deadline;   /* owned (nullable): of the openings, then of the last bytes */
  GSource                     *handover;   /* (nullable): what waits for the manager to take output */
  gboolean                     is_slow;    /* the manager, in taking it */
  char                        *detail;     /* owned (nullable): why the worker had to end */
  MaltExitReport              *report;     /* owned (nullable) */
  gboolean                     has_told;   /* the manager, of the end */
  gboolean                     is_leaving; /* the host */
};

static void
link_clear (gpointer data)
{
  SessionLink *link = data;

  g_object_unref (link->worker);
  g_main_context_unref (link->context);
}

static void
link_unref (gpointer link)
{
  g_atomic_rc_box_release_full (link, link_clear);
}

static void
drop_deadline (MaltHostSession *self)
{
  if (self->deadline != NULL)
    g_source_destroy (self->deadline);
  g_clear_pointer (&self->deadline, g_source_unref);
}

static void
set_deadline (MaltHostSession *self,
              guint            msec,
              GSourceFunc      func)
{
  drop_deadline (self);
  self->deadline = g_timeout_source_new (msec);
  g_source_set_callback (self->deadline, func, self, NULL);
  g_source_attach (self->deadline, self->context);
}

static gboolean
on_over (gpointer user_data)
{
  MaltHostSession *self = user_data;

  drop_deadline (self);
  self->over (self, self->user_data);
  return G_SOURCE_REMOVE;
}

/* Later, for this is called in the midst of what is freed then. */
static void
be_over (MaltHostSession *self)
{
  set_deadline (self, 0, on_over);
}

/* What waits looks again whether it has to. */
static void
wake_handover (MaltHostSession *self)
{
  if (self->handover != NULL)
    g_source_set_ready_time (self->handover, 0);
  self->handover = NULL;
}

/* The manager has nothing to say to the worker any more, nor the other way round. */
static void
close_streams (MaltHostSession *self)
{
  wake_handover (self);
  for (guint i = 0; i < G_N_ELEMENTS (self->fds); i++)
    {
      if (self->bridges[i] != NULL)
        malt_bridge_close (self->bridges[i]);
      if (self->fds[i] >= 0)
        close (self->fds[i]);
      self->fds[i] = -1;
    }
}

/* Nobody wants the worker any more. */
static void
let_go (MaltHostSession *self,
        const char      *detail,
        gboolean         is_at_once)
{
  close_streams (self);
  if (self->report != NULL)
    {
      be_over (self);
      return;
    }

  drop_deadline (self);
  if (self->detail == NULL)
    self->detail = g_strdup (detail);
  if (is_at_once)
    malt_abstract_worker_kill (self->worker, SIGKILL, NULL);
  malt_abstract_worker_stop_async (self->worker, UNWANTED_TIMEOUT_MSEC, UNWANTED_TIMEOUT_MSEC, NULL,
                                   NULL, NULL);
}

static gboolean
on_not_opened (gpointer user_data)
{
  g_autofree char *detail = g_strdup_printf ("its manager did not come for it within %u ms",
                                             OPENING_TIMEOUT_MSEC);

  let_go (user_data, detail, FALSE);
  return G_SOURCE_REMOVE;
}

static void
tell_end (MaltHostSession *self)
{
  drop_deadline (self);
  self->has_told = TRUE;
  malt_host_watch_send_exited (self->watch, self->report);
  set_deadline (self, self->is_leaving ? LAST_BYTES_TIMEOUT_MSEC : FAREWELL_TIMEOUT_MSEC, on_over);
}

static gboolean
on_last_bytes_late (gpointer user_data)
{
  tell_end (user_data);
  return G_SOURCE_REMOVE;
}

/* The end of the worker comes after all that it has said; if there is nobody to hear it, the session is
 * about to be over. */
static void
tell_end_if_silent (gpointer user_data)
{
  MaltHostSession *self = user_data;

  if (self->report == NULL || self->has_told || self->n_speaking > 0
      || self->watch == NULL || malt_host_watch_is_lost (self->watch))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    if (self->outputs[i] != NULL && !malt_host_output_is_done (self->outputs[i]))
      return;

  tell_end (self);
}

/* What the process backend knows, and we know better. (transfer full) */
static MaltExitReport *
complete_report (MaltHostSession *self,
                 MaltExitReport  *report)
{
  if (self->detail == NULL)
    return malt_exit_report_ref (report);

  return malt_exit_report_new (MALT_EXIT_REASON_KILLED, malt_exit_report_get_exit_status (report),
                               malt_exit_report_get_signal (report),
                               malt_exit_report_get_stderr_tail (report), self->detail, NULL);
}

static void
on_exited (MaltAbstractWorker *worker,
           MaltExitReport     *report,
           gpointer            user_data)
{
  MaltHostSession *self = user_data;

  self->report = complete_report (self, report);
  if (self->watch == NULL || malt_host_watch_is_lost (self->watch))
    {
      close_streams (self);
      be_over (self);
      return;
    }

  set_deadline (self, LAST_BYTES_TIMEOUT_MSEC, on_last_bytes_late);
  tell_end_if_silent (self);
}

/* Runs in the context of the session. */
static gboolean
on_silent (gpointer user_data)
{
  SessionLink *link = user_data;

  if (link->session != NULL)
    {
      link->session->n_speaking--;
      tell_end_if_silent (link->session);
    }
  return G_SOURCE_REMOVE;
}

/* A thread of the bridge waits until the manager has what was printed. */
typedef struct
{
  SessionLink *link;
  GSource     *source;
  gint64       deadline; /* 0: the session has not been asked */
  GMutex       lock;
  GCond        cond;
  gboolean     is_done;  /* protected by @lock */
} Handover;

static gboolean
has_taken_output (MaltHostSession *self)
{
  return self->watch == NULL || malt_host_watch_is_lost (self->watch)
         || malt_host_watch_is_taken (self->watch);
}

/* Runs in the context of the session, until the manager has taken all of it or its time is over. */
static gboolean
on_hand_over (gpointer user_data)
{
  Handover *handover = user_data;
  MaltHostSession *self = handover->link->session;

  if (self == NULL)
    return G_SOURCE_REMOVE;

  /* There may have been no room for it before. */
  malt_relay_output_drain (malt_peer_worker_get_peer (MALT_PEER_WORKER (self->worker))->output);
  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    if (self->outputs[i] != NULL)
      malt_host_output_flush (self->outputs[i]);
  self->handover = NULL;
  if (has_taken_output (self) || self->is_slow)
    return G_SOURCE_REMOVE;

  if (handover->deadline == 0)
    handover->deadline =
      g_get_monotonic_time () + TAKING_TIMEOUT_MSEC * G_TIME_SPAN_MILLISECOND;
  self->is_slow = g_get_monotonic_time () >= handover->deadline;
  if (self->is_slow)
    return G_SOURCE_REMOVE;

  self->handover = handover->source;
  g_source_set_ready_time (handover->source, handover->deadline);
  return G_SOURCE_CONTINUE;
}

/* Also when the context goes away before it has come to it. */
static void
handover_done (gpointer user_data)
{
  Handover *handover = user_data;

  g_mutex_lock (&handover->lock);
  handover->is_done = TRUE;
  g_cond_signal (&handover->cond);
  g_mutex_unlock (&handover->lock);
}

static gboolean
dispatch_handover (GSource     *source,
                   GSourceFunc  callback,
                   gpointer     user_data)
{
  return callback (user_data);
}

static GSourceFuncs handover_funcs = { .dispatch = dispatch_handover };

static void
hand_over (SessionLink *link)
{
  g_autoptr (GSource) source = g_source_new (&handover_funcs, sizeof (GSource));
  Handover handover = { .link = link, .source = source };

  g_mutex_init (&handover.lock);
  g_cond_init (&handover.cond);
  /* g_main_context_invoke() would run it here, if the context is between two iterations. */
  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_set_callback (source, on_hand_over, &handover, handover_done);
  g_source_set_ready_time (source, 0);
  g_source_attach (source, link->context);
  g_mutex_lock (&handover.lock);
  while (!handover.is_done)
    g_cond_wait (&handover.cond, &handover.lock);
  g_mutex_unlock (&handover.lock);
  g_mutex_clear (&handover.lock);
  g_cond_clear (&handover.cond);
}

/* Runs in a thread of the bridge. What a call printed goes before its result, on another stream, and which
 * of two streams is quicker only their ends know. */
static void
on_before_answers (MaltBridgeDirection direction,
                   gpointer            user_data)
{
  static const char *const properties[] = { "stdout-stream", "stderr-stream" };
  SessionLink *link = user_data;

  malt_relay_output_drain (malt_peer_worker_get_peer (MALT_PEER_WORKER (link->worker))->output);
  for (guint i = 0; i < G_N_ELEMENTS (properties); i++)
    {
      g_autoptr (GInputStream) stream = NULL;

      g_object_get (link->worker, properties[i], &stream, NULL);
      if (stream != NULL
          && (g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (stream))
              || g_atomic_int_get (&link->n_passing) > 0))
        {
          hand_over (link);
          return;
        }
    }
}

/* Runs in a thread of the bridge. */
static void
on_bridge_ended (MaltBridgeDirection direction,
                 gpointer            user_data)
{
  SessionLink *link = user_data;
  g_autoptr (GSource) source = NULL;

  if (direction != MALT_BRIDGE_TO_STREAM)
    return;

  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_silent, g_atomic_rc_box_acquire (link), link_unref);
  g_source_attach (source, link->context);
}

static void
on_asked (MaltHostWatch        *watch,
          const MaltWatchFrame *frame,
          gpointer              user_data)
{
  MaltHostSession *self = user_data;

  if (frame->type == MALT_WATCH_KILL)
    malt_abstract_worker_kill (self->worker, frame->signum, NULL);
  else
    malt_abstract_worker_stop_async (self->worker, frame->exit_timeout_ms, frame->term_timeout_ms,
                                     NULL, NULL, NULL);
}

static void
on_lost (MaltHostWatch *watch,
         const GError  *error,
         gpointer       user_data)
{
  let_go (user_data, error->message, g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
}

static void
on_drained (MaltHostWatch *watch,
            gpointer       user_data)
{
  MaltHostSession *self = user_data;

  self->is_slow = FALSE;
  if (has_taken_output (self))
    g_atomic_int_set (&self->link->n_passing, 0);
  for (guint i = 0; i < G_N_ELEMENTS (self->outputs); i++)
    if (self->outputs[i] != NULL)
      malt_host_output_resume (self->outputs[i]);
  wake_handover (self);
  if (self->report != NULL && !self->has_told)
    set_deadline (self, LAST_BYTES_TIMEOUT_MSEC, on_last_bytes_late);
}

static const MaltHostWatchFuncs watch_funcs = { on_asked, on_lost, on_drained };

static gboolean
answer (GIOStream *stream)
{
  static const guint8 accepted = MALT_HOST_ACCEPTED;
  GOutputStream *output = g_io_stream_get_output_stream (stream);

  return g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (output), &accepted,
                                                     1, NULL, NULL) == 1;
}

static void
relay_output (MaltHostSession *self)
{
  static const char *const properties[] = { "stdout-stream", "stderr-stream" };

  for (guint i = 0; i < G_N_ELEMENTS (properties); i++)
    {
      g_autoptr (GInputStream) stream = NULL;

      g_object_get (self->worker, properties[i], &stream, NULL);
      if (stream != NULL)
        self->outputs[i] = malt_host_output_new (stream, (int) i + 1, self->watch,
                                                 &self->link->n_passing, tell_end_if_silent,
                                                 self);
    }
}

static gboolean
open_watch (MaltHostSession *self,
            GIOStream       *stream)
{
  self->watch = malt_host_watch_new (stream, self->lease_ms, &watch_funcs, self, NULL);
  if (self->watch == NULL || !answer (stream))
    return FALSE;

  relay_output (self);
  return TRUE;
}

static gboolean
open_bridge (MaltHostSession *self,
             guint            i,
             GIOStream       *stream)
{
  if (!answer (stream))
    return FALSE;

  self->bridges[i] = malt_bridge_new_full (stream, g_steal_fd (&self->fds[i]),
                                           i == MALT_HOST_STREAM_DATA ? on_before_answers : NULL,
                                           on_bridge_ended, g_atomic_rc_box_acquire (self->link),
                                           link_unref, NULL);
  if (self->bridges[i] != NULL)
    self->n_speaking++;
  return self->bridges[i] != NULL;
}

gboolean
malt_host_session_accept (MaltHostSession       *self,
                          const MaltHostOpening *opening,
                          GIOStream             *stream)
{
  gboolean is_good;

  if (!malt_host_token_is_equal (opening->token, self->token)
      || self->is_open[opening->stream] || self->report != NULL || self->detail != NULL)
    return FALSE;

  self->is_open[opening->stream] = TRUE;
  if (opening->stream == MALT_HOST_STREAM_WATCH)
    is_good = open_watch (self, stream);
  else
    is_good = open_bridge (self, opening->stream, stream);

  /* Its token is used up, so the manager cannot try again. */
  if (!is_good)
    let_go (self, "the host could not open its streams", FALSE);
  else if (self->is_open[0] && self->is_open[1] && self->is_open[2])
    drop_deadline (self);
  return is_good;
}

void
malt_host_session_stop (MaltHostSession *self)
{
  if (self->is_leaving)
    return;

  self->is_leaving = TRUE;
  if (self->report != NULL)
    {
      set_deadline (self, self->has_told ? 0 : LAST_BYTES_TIMEOUT_MSEC, on_over);
      return;
    }

  if (self->detail == NULL)
    self->detail = g_strdup ("its host leaves");
  malt_abstract_worker_stop_async (self->worker, 0, UNWANTED_TIMEOUT_MSEC, NULL, NULL, NULL);
}

MaltHostSession *
malt_host_session_new (MaltAbstractWorker          *worker,
                       const guint8                *token,
                       guint                        lease_ms,
                       MaltHostSessionFunc          over,
                       gpointer                     user_data,
                       GError                     **error)
{
  MaltHostSession *self;
  int data_fd, control_fd;

  if (!malt_peer_worker_detach (MALT_PEER_WORKER (worker), &data_fd, &control_fd, error))
    return NULL;

  self = g_new0 (MaltHostSession, 1);
  self->worker = g_object_ref (worker);
  memcpy (self->token, token, MALT_HOST_TOKEN_BYTES);
  self->lease_ms = lease_ms;
  self->over = over;
  self->user_data = user_data;
  self->context = g_main_context_ref_thread_default ();
  self->fds[MALT_HOST_STREAM_DATA] = data_fd;
  self->fds[MALT_HOST_STREAM_CONTROL] = control_fd;
  self->link = g_atomic_rc_box_new0 (SessionLink);
  self->link->session = self;
  self->link->context = g_main_context_ref (self->context);
  self->link->worker = g_object_ref (worker);
  g_signal_connect (worker, "exited", G_CALLBACK (on_exited), self);
  set_deadline (self, OPENING_TIMEOUT_MSEC, on_not_opened);

  return self;
}

void
malt_host_session_free (MaltHostSession *self)
{
  drop_deadline (self);
  close_streams (self);
  self->link->session = NULL;
  link_unref (self->link);
  for (guint i = 0; i < G_N_ELEMENTS (self->fds); i++)
    {
      g_clear_pointer (&self->bridges[i], malt_bridge_unref);
      g_clear_pointer (&self->outputs[i], malt_host_output_free);
    }
  g_clear_pointer (&self->watch, malt_host_watch_free);
  g_signal_handlers_disconnect_by_data (self->worker, self);
  if (self->report == NULL)
    malt_abstract_worker_kill (self->worker, SIGKILL, NULL);
  g_object_unref (self->worker);
  g_clear_pointer (&self->report, malt_exit_report_unref);
  g_main_context_unref (self->context);
  g_free (self->detail);
  g_free (self);
}

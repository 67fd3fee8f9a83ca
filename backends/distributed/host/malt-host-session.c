/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-session.h"

#include "backends/distributed/host/malt-host-printed.h"
#include "backends/distributed/host/malt-host-watch.h"
#include "backends/distributed/malt-distributed-bridge.h"
#include "backends/process/malt-process-worker.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* For a manager to open its streams after it has been told where, in milliseconds; it connects at
 * once, and a handshake of TLS over a bad line takes some of it. */
#define OPENING_TIMEOUT_MSEC 5000u

/* How long the end of a worker waits for what it has said before, in milliseconds, from its end or
 * from when the manager has last taken some: one that reads has it in the end, one that does not
 * may never have. */
#define LAST_BYTES_TIMEOUT_MSEC 1000u

/* For a manager to close its streams once it has been told of the end, in milliseconds: until then
 * it has a slot, and what it has not read by then is lost. */
#define FAREWELL_TIMEOUT_MSEC 10000u

/* For a worker to leave that nobody wants any more, in milliseconds, before each of the two
 * signals. */
#define UNWANTED_TIMEOUT_MSEC 1000u

/* How a bridge finds its session, which may be gone: it tells in a thread of its own. Reference
 * counted. */
typedef struct
{
  MaltHostSession *session; /* (nullable); of the context */
  GMainContext    *context; /* owned; immutable */
  MaltHostPrinted *printed; /* owned; immutable */
} SessionLink;

/* A worker is waited for by nobody, held by a manager, or has ended: then @report is there. What it
 * said before goes first, then the report, and the session is over when the manager has closed the
 * watch or is gone. */
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
  int                          fds[2];     /* owned: of the worker, until bridged; else −1 */
  MaltBridge                  *bridges[2]; /* owned (nullable) */
  MaltHostWatch               *watch;      /* owned (nullable) */
  MaltHostPrinted             *printed;    /* owned */

  guint                        n_speaking; /* bridges over which the worker may have said more */
  GSource                     *deadline;   /* owned (nullable): of openings, then of last bytes */
  char                        *detail;     /* owned (nullable): why the worker had to end */
  MaltExitReport              *report;     /* owned (nullable) */
  gboolean                     has_told;   /* the manager, of the end */
  gboolean                     is_leaving; /* the host */
};

static void
link_clear (gpointer data)
{
  SessionLink *link = data;

  malt_host_printed_unref (link->printed);
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

/* The manager has nothing to say to the worker any more, nor the other way round. */
static void
close_streams (MaltHostSession *self)
{
  malt_host_printed_wake (self->printed);
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
abandon (MaltHostSession *self,
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

  abandon (user_data, detail, FALSE);
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

/* The end of the worker comes after all that it has said; if there is nobody to hear it, the
 * session is about to be over. */
static void
tell_end_if_silent (gpointer user_data)
{
  MaltHostSession *self = user_data;

  if (self->report != NULL && !self->has_told && self->n_speaking == 0
      && self->watch != NULL && !malt_host_watch_is_lost (self->watch)
      && malt_host_printed_is_done (self->printed))
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

/* Runs in a thread of the bridge. What a call printed goes before its result, on another stream. */
static void
on_before_answers (MaltBridgeDirection direction,
                   gpointer            user_data)
{
  malt_host_printed_hand_over (((SessionLink *) user_data)->printed);
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
  abandon (user_data, error->message, g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
}

static void
on_drained (MaltHostWatch *watch,
            gpointer       user_data)
{
  MaltHostSession *self = user_data;

  malt_host_printed_resume (self->printed);
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

static gboolean
open_watch (MaltHostSession *self,
            GIOStream       *stream)
{
  self->watch = malt_host_watch_new (stream, self->lease_ms, &watch_funcs, self, NULL);
  if (self->watch == NULL || !answer (stream))
    return FALSE;

  malt_host_printed_start (self->printed, self->watch, tell_end_if_silent, self);
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
    abandon (self, "the host could not open its streams", FALSE);
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
  self->printed = malt_host_printed_new (worker);
  self->link = g_atomic_rc_box_new0 (SessionLink);
  self->link->session = self;
  self->link->context = g_main_context_ref (self->context);
  self->link->printed = malt_host_printed_ref (self->printed);
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
  for (guint i = 0; i < G_N_ELEMENTS (self->bridges); i++)
    g_clear_pointer (&self->bridges[i], malt_bridge_unref);
  malt_host_printed_stop (self->printed);
  malt_host_printed_unref (self->printed);
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

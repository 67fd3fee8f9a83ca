/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-start.h"

#include "backends/distributed/malt-distributed-launch-nats.h"
#include "backends/distributed/malt-distributed-launch-ssh.h"
#include "backends/distributed/malt-distributed-lease.h"
#include "backends/distributed/malt-distributed-names.h"

#include <string.h>

/* For the streams of a worker that nobody wants any more, in milliseconds: so long a host waits for
 * them. */
#define UNWANTED_TIMEOUT_MSEC 5000u

/* A launcher, then the streams, then the worker that greets; each step holds a reference. It is
 * over when @func is NULL: what comes then is dropped. Monitor thread. */
typedef struct
{
  const MaltDistributedOptions *options;     /* borrowed until @func is called */
  MaltDistributedTls           *tls;         /* owned (nullable) */
  MaltRelayEvents              *events;      /* owned */
  GCancellable                 *outer;       /* owned (nullable): the caller's */
  MaltDistributedStartFunc      func;
  gpointer                      user_data;

  GCancellable                 *cancellable; /* owned: of the step that goes on */
  GSource                      *deadline_source;
  GSource                      *cancel_source;
  MaltSpawnRequest             *request;     /* owned */
  guint                         depth;       /* of the worker */
  MaltDistributedLauncher      *launcher;    /* owned */
  MaltSpawnReply               *reply;       /* owned (nullable): there is a host */
  char                         *id;          /* owned (nullable): of the worker there */
  MaltDistributedSession       *session;     /* owned (nullable): the streams are open */
} MaltDistributedStart;

static void
start_clear (MaltDistributedStart *start)
{
  g_clear_pointer (&start->tls, malt_distributed_tls_unref);
  g_clear_pointer (&start->events, malt_relay_events_unref);
  g_clear_pointer (&start->request, malt_spawn_request_free);
  g_clear_pointer (&start->reply, malt_spawn_reply_free);
  g_clear_object (&start->session);
  g_clear_pointer (&start->id, g_free);
  g_clear_object (&start->launcher);
  g_clear_object (&start->cancellable);
  g_clear_object (&start->outer);
}

static MaltDistributedStart *
start_ref (MaltDistributedStart *start)
{
  return g_atomic_rc_box_acquire (start);
}

static void
start_unref (MaltDistributedStart *start)
{
  g_atomic_rc_box_release_full (start, (GDestroyNotify) start_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltDistributedStart, start_unref)

/* Takes `error`, of which the first counts. */
static void
fail (MaltDistributedStart *start,
      GError               *error)
{
  MaltDistributedStartFunc func = start->func;

  if (func == NULL)
    {
      g_error_free (error);
      return;
    }

  start->func = NULL;
  malt_clear_source (&start->deadline_source);
  malt_clear_source (&start->cancel_source);
  g_cancellable_cancel (start->cancellable);
  if (start->session != NULL)
    malt_distributed_session_discard (start->session, error);
  malt_distributed_launcher_stop (start->launcher);
  if (error->domain == MALT_ERROR && !g_str_has_prefix (error->message, "Cannot start a worker"))
    g_prefix_error (&error, "Cannot start a worker: ");
  func (NULL, NULL, error, start->user_data);
}

static void
succeed (MaltDistributedStart *start,
         GVariant             *hello)
{
  MaltDistributedStartFunc func = g_steal_pointer (&start->func);
  MaltPeer *peer = MALT_PEER (start->session);

  malt_clear_source (&start->deadline_source);
  malt_clear_source (&start->cancel_source);
  malt_connection_set_worker (peer->connection, peer->description);
  malt_connection_set_call_timeout (peer->connection, start->options->common.call_timeout_ms);
  malt_distributed_session_set_started (start->session);
  func (g_steal_pointer (&start->session), hello, NULL, start->user_data);
}

/* Runs in the monitor thread. */
static gboolean
on_deadline (gpointer user_data)
{
  MaltDistributedStart *start = user_data;
  g_autofree char *what = NULL;
  MaltError code = MALT_ERROR_START_FAILED;

  if (start->session != NULL)
    what = g_strdup_printf ("the worker on “%s” has not greeted", start->reply->host);
  else if (start->reply != NULL)
    what = g_strdup_printf ("the host “%s” could not be connected to at %s", start->reply->host,
                            start->reply->address);
  else
    what = malt_distributed_launcher_describe (start->launcher, &code);
  fail (start, g_error_new (MALT_ERROR, (int) code,
                            "Cannot start a worker within %u ms (option “spawn-timeout”): %s",
                            start->options->spawn_timeout_ms, what));
  return G_SOURCE_REMOVE;
}

/* Runs in the monitor thread. */
static gboolean
on_cancelled (GCancellable *cancellable,
              gpointer      user_data)
{
  GError *error = NULL;

  g_cancellable_set_error_if_cancelled (cancellable, &error);
  fail (user_data, error);
  return G_SOURCE_REMOVE;
}

/* The worker or its host ended before it had greeted. */
static void
on_ended (MaltExitReport *report,
          const char     *detail,
          gpointer        user_data)
{
  g_autoptr (MaltDistributedStart) start = start_ref (user_data);
  g_autofree char *text = report != NULL ? malt_exit_report_to_string (report) : g_strdup (detail);

  fail (start, g_error_new (MALT_ERROR, MALT_ERROR_START_FAILED,
                            "The worker on “%s” ended before it was ready: %s", start->reply->host,
                            text));
}

/* Runs in the monitor thread. The end of its connection comes with a report of the host, which says
 * more. */
static void
on_greeted (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (MaltDistributedStart) start = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) hello = malt_connection_handshake_finish (MALT_CONNECTION (source), result,
                                                                 &error);

  if (start->func == NULL)
    return;
  if (hello != NULL)
    succeed (start, hello);
  else if (error->domain == MALT_ERROR)
    fail (start, g_steal_pointer (&error));
}

static void
greet (MaltDistributedStart *start)
{
  MaltConnection *connection = MALT_PEER (start->session)->connection;
  g_auto (GVariantDict) setup = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&setup, "max-message-size", "t",
                         start->options->common.max_message_bytes);
  g_variant_dict_insert (&setup, "depth", "u", start->depth);
  malt_connection_handshake_async (connection, g_variant_dict_end (&setup), start->cancellable,
                                   on_greeted, start_ref (start));
}

/* Runs in the monitor thread. */
static void
on_opened (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (MaltDistributedStart) start = user_data;
  GError *error = NULL;
  g_autoptr (MaltDistributedStreams) streams =
    malt_distributed_streams_open_finish (result, &error);

  if (streams == NULL)
    fail (start, error);
  else if (start->func != NULL)
    {
      start->session = malt_distributed_session_new (streams, start->id, start->reply,
                                                     start->options, start->launcher,
                                                     start->events, on_ended, start);
      greet (start);
    }
}

/* Runs in the monitor thread. */
static gboolean
on_unwanted_late (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return G_SOURCE_REMOVE;
}

/* Runs in the monitor thread. */
static void
on_unwanted (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr (MaltDistributedStreams) streams = malt_distributed_streams_open_finish (result, NULL);
}

/* A host ends a worker whose streams are closed, and one that nobody comes for, but not as soon. */
static void
discard_worker (MaltDistributedStart *start)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GSource) late = g_timeout_source_new (UNWANTED_TIMEOUT_MSEC);

  g_source_set_callback (late, on_unwanted_late, g_object_ref (cancellable), g_object_unref);
  g_source_attach (late, malt_monitor_get_context ());
  malt_distributed_streams_open_async (start->reply, start->id, start->tls,
                                       start->request->lease_ms, cancellable, on_unwanted, NULL);
}

/* Runs in the monitor thread. */
static void
on_launched (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr (MaltDistributedStart) start = user_data;
  GError *error = NULL;
  g_autofree char *id = NULL;
  MaltSpawnReply *reply = malt_distributed_launcher_launch_finish (
      MALT_DISTRIBUTED_LAUNCHER (source), result, &id, &error);

  if (reply == NULL)
    {
      fail (start, error);
      return;
    }

  start->reply = reply;
  start->id = id != NULL ? g_steal_pointer (&id) : g_strdup (start->request->id);
  if (start->func == NULL)
    discard_worker (start);
  else
    malt_distributed_streams_open_async (reply, start->id, start->tls,
                                         start->request->lease_ms + MALT_LEASE_MARGIN_MSEC,
                                         start->cancellable, on_opened, start_ref (start));
}

/* Runs in the monitor thread. */
static gboolean
on_start (gpointer user_data)
{
  g_autoptr (MaltDistributedStart) start = user_data;
  GMainContext *context = malt_monitor_get_context ();

  start->launcher = start->options->launcher == MALT_DISTRIBUTED_LAUNCH_SSH
                    ? malt_distributed_launch_ssh_new ()
                    : malt_distributed_launch_nats_new (start->tls);
  start->deadline_source = g_timeout_source_new (start->options->spawn_timeout_ms);
  g_source_set_callback (start->deadline_source, on_deadline, start_ref (start),
                         (GDestroyNotify) start_unref);
  g_source_attach (start->deadline_source, context);
  if (start->outer != NULL)
    {
      start->cancel_source = g_cancellable_source_new (start->outer);
      g_source_set_callback (start->cancel_source, G_SOURCE_FUNC (on_cancelled), start_ref (start),
                             (GDestroyNotify) start_unref);
      g_source_attach (start->cancel_source, context);
    }
  if (g_cancellable_is_cancelled (start->outer))
    on_cancelled (start->outer, start);
  else
    malt_distributed_launcher_launch_async (start->launcher, start->options, start->request,
                                            start->cancellable, on_launched, start_ref (start));
  return G_SOURCE_REMOVE;
}

void
malt_distributed_start (const MaltDistributedOptions *options,
                        MaltDistributedTls           *tls,
                        MaltRelayEvents              *events,
                        GCancellable                 *cancellable,
                        MaltDistributedStartFunc      func,
                        gpointer                      user_data)
{
  MaltDistributedStart *start = g_atomic_rc_box_new0 (MaltDistributedStart);
  g_autofree char *id = malt_distributed_new_id ();

  start->options = options;
  start->tls = tls != NULL ? malt_distributed_tls_ref (tls) : NULL;
  start->events = malt_relay_events_ref (events);
  start->outer = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  start->func = func;
  start->user_data = user_data;
  start->cancellable = g_cancellable_new ();
  start->depth = malt_nesting_get_depth () + 1;
  start->request = malt_spawn_request_new (id, malt_distributed_options_get_pool (options),
                                           options->profile, options->lease_ms,
                                           malt_distributed_options_new_wish (options));
  g_main_context_invoke (malt_monitor_get_context (), on_start, start);
}

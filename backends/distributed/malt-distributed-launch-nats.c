/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-launch-nats.h"

#include "backends/distributed/malt-distributed-broker.h"
#include "backends/distributed/malt-distributed-names.h"
#include "backends/distributed/malt-nats-requests.h"

#include <string.h>

/* After how long without an answer a request is sent again, in milliseconds: core NATS may lose a
 * message, and the same id gets the same worker. Less than what a host waits for whoever asked for
 * it. */
#define RETRY_LOST_MSEC 3000

/* Requests that are on their way at once. */
#define MAX_REQUESTS 4

/* Before the next attempt when nobody has a free slot, in milliseconds: the first at once, for the
 * slot was lost to somebody else and another host may have one, then ever later. */
#define RETRY_MIN_MSEC 20
#define RETRY_MAX_MSEC 500

/* How long a start that nobody wants any more waits for the answers that are on their way, in
 * milliseconds: the host is told that the worker is not wanted, and does not have to wait for
 * somebody who comes for it. */
#define UNWANTED_TIMEOUT_MSEC 5000

/* For a request that has no end of its own: the start that waits for it cancels. In
 * milliseconds. */
#define REQUEST_TIMEOUT_MSEC G_MAXINT

struct _MaltDistributedLaunchNats
{
  GObject                parent_instance;

  MaltDistributedTls    *tls;          /* owned (nullable) */
  MaltDistributedBroker *broker;       /* held while @task is there */
  guint                  n_servers;
  guint                  n_misconfigured; /* servers in turn that cannot be used as given */
  char                  *subject;      /* owned */
  char                  *whom;         /* owned; who is asked, for texts */
  char                  *nobody;       /* owned; that there is nobody */
  GBytes                *request;      /* owned */
  GTask                 *task;         /* owned; NULL: it is over */
  GCancellable          *cancellable;  /* owned: of the requests */
  gboolean               is_unwanted;  /* it is not asked again, and an answer is still welcome */
  guint                  n_requests;   /* that are on their way */
  guint                  pause_ms;     /* before the next attempt */
  GSource               *again;        /* owned (nullable): an attempt to come */
  GSource               *lost;         /* owned (nullable): one besides those on their way */
  char                  *last;         /* owned (nullable): what the last answer said */
  gboolean               is_full;      /* which was a host's, that it has no room */
};

static void malt_distributed_launch_nats_launcher_init (MaltDistributedLauncherInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (MaltDistributedLaunchNats, malt_distributed_launch_nats,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MALT_TYPE_DISTRIBUTED_LAUNCHER,
                                                      malt_distributed_launch_nats_launcher_init))

static GSource *
attach_timeout (MaltDistributedLaunchNats *self,
                guint                      msec,
                GSourceFunc                func)
{
  GSource *source = g_timeout_source_new (msec);

  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, malt_monitor_get_context ());
  return source;
}

/* FALSE: it has been returned before. The task is to be returned by whoever gets it. */
static gboolean
steal_task (MaltDistributedLaunchNats  *self,
            GTask                     **task)
{
  *task = g_steal_pointer (&self->task);
  if (*task == NULL)
    return FALSE;

  malt_clear_source (&self->again);
  malt_clear_source (&self->lost);
  g_signal_handlers_disconnect_by_data (malt_distributed_broker_get_client (self->broker), self);
  g_cancellable_cancel (self->cancellable);
  g_clear_pointer (&self->broker, malt_distributed_broker_release);
  return TRUE;
}

/* Takes the error. */
static void
fail (MaltDistributedLaunchNats *self,
      GError                    *error)
{
  g_autoptr (GTask) task = NULL;

  if (steal_task (self, &task))
    g_task_return_error (task, error);
  else
    g_error_free (error);
}

/* What the server does not let us say. */
static void
on_refused (MaltNatsClient            *client,
            GError                    *error,
            MaltDistributedLaunchNats *self)
{
  if (malt_nats_names_subject (error->message, self->subject))
    fail (self, g_error_new (MALT_ERROR, MALT_ERROR_START_FAILED,
                             "The NATS server does not let this program ask %s for a worker: %s",
                             self->whom, error->message));
}

/* Time does not mend what is wrong with all of the servers. */
static void
on_failed (MaltNatsClient            *client,
           GError                    *error,
           MaltDistributedLaunchNats *self)
{
  if (!g_error_matches (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG))
    self->n_misconfigured = 0;
  else if (++self->n_misconfigured >= self->n_servers)
    fail (self, g_error_copy (error));
}

static void
be_cancelled (MaltDistributedLaunchNats *self)
{
  fail (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Operation was cancelled"));
}

static void send_request (MaltDistributedLaunchNats *self);

/* Runs in the monitor thread. */
static gboolean
on_again (gpointer user_data)
{
  MaltDistributedLaunchNats *self = user_data;

  malt_clear_source (&self->again);
  send_request (self);
  return G_SOURCE_REMOVE;
}

static void
try_again (MaltDistributedLaunchNats *self)
{
  if (self->is_unwanted && self->n_requests == 0)
    be_cancelled (self);
  if (self->is_unwanted || self->again != NULL)
    return;

  self->again = attach_timeout (self, self->pause_ms, on_again);
  self->pause_ms = MIN (2 * self->pause_ms, RETRY_MAX_MSEC);
}

/* Takes the text. */
static void
note (MaltDistributedLaunchNats *self,
      char                      *text,
      gboolean                   is_full)
{
  g_free (self->last);
  self->last = text;
  self->is_full = is_full;
}

/* A reply of a host that says no. Whether another one may say yes. */
static gboolean
is_worth_another (const GError *error)
{
  return g_error_matches (error, MALT_ERROR, MALT_ERROR_LIMIT);
}

static void
handle_reply (MaltDistributedLaunchNats *self,
              GBytes                    *bytes)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GTask) task = NULL;
  MaltSpawnReply *reply = malt_spawn_reply_from_bytes (bytes, &error);

  if (reply == NULL && is_worth_another (error))
    {
      note (self, g_strdup_printf ("no free slot: %s", error->message), TRUE);
      try_again (self);
    }
  else if (reply == NULL)
    fail (self, g_steal_pointer (&error));
  /* A path would lead to something on this machine, and without TLS. */
  else if (reply->port == 0)
    {
      fail (self, g_error_new (MALT_ERROR, MALT_ERROR_PROTOCOL,
                               "The host “%s” says that it is at “%s”: expected an IP address",
                               reply->host, reply->address));
      malt_spawn_reply_free (reply);
    }
  else if (steal_task (self, &task))
    g_task_return_pointer (task, reply, (GDestroyNotify) malt_spawn_reply_free);
}

static void
on_reply (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr (MaltDistributedLaunchNats) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = malt_nats_client_request_finish (MALT_NATS_CLIENT (source), result,
                                                              &error);

  self->n_requests--;
  if (self->task == NULL)
    return;
  if (bytes != NULL)
    handle_reply (self, bytes);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND))
    {
      note (self, g_strdup_printf ("%s: is malt-host running, with the namespace and the pool that "
                                   "are asked for?", self->nobody), FALSE);
      try_again (self);
    }
  else
    {
      note (self, g_strdup (error->message), FALSE);
      try_again (self);
    }
}

/* Runs in the monitor thread. */
static gboolean
on_lost (gpointer user_data)
{
  MaltDistributedLaunchNats *self = user_data;
  MaltNatsClient *client = malt_distributed_broker_get_client (self->broker);

  if (malt_nats_client_is_connected (client) && self->n_requests < MAX_REQUESTS
      && self->again == NULL)
    send_request (self);
  return G_SOURCE_CONTINUE;
}

static void
send_request (MaltDistributedLaunchNats *self)
{
  self->n_requests++;
  malt_nats_client_request_async (malt_distributed_broker_get_client (self->broker), self->subject,
                                  self->request, REQUEST_TIMEOUT_MSEC, self->cancellable, on_reply,
                                  g_object_ref (self));
}

/* Runs in the monitor thread. */
static gboolean
on_no_answer (gpointer user_data)
{
  g_autoptr (MaltDistributedLaunchNats) self = g_object_ref (user_data);

  be_cancelled (self);
  return G_SOURCE_REMOVE;
}

/* Runs in the monitor thread, where it is cancelled. */
static void
on_cancelled (GCancellable              *cancellable,
              MaltDistributedLaunchNats *self)
{
  if (self->task == NULL)
    return;

  self->is_unwanted = TRUE;
  malt_clear_source (&self->again);
  malt_clear_source (&self->lost);
  if (self->n_requests > 0
      && malt_nats_client_is_connected (malt_distributed_broker_get_client (self->broker)))
    self->lost = attach_timeout (self, UNWANTED_TIMEOUT_MSEC, on_no_answer);
  else
    be_cancelled (self);
}

static gboolean
prepare (MaltDistributedLaunchNats     *self,
         const MaltDistributedOptions  *options,
         const MaltSpawnRequest        *request,
         GError                       **error)
{
  const char *pool = malt_distributed_options_get_pool (options);

  self->broker = malt_distributed_broker_acquire (options, self->tls, error);
  if (self->broker == NULL)
    return FALSE;

  self->n_servers = options->servers != NULL ? MAX (g_strv_length (options->servers), 1) : 1;
  self->request = malt_spawn_request_to_bytes (request, error);
  if (options->host != NULL)
    {
      self->subject = malt_distributed_subject_host_spawn (options->ns, options->host);
      self->whom = g_strdup_printf ("the host “%s”", options->host);
      self->nobody = g_strdup_printf ("the host “%s” is not there", options->host);
    }
  else
    {
      self->subject = malt_distributed_subject_spawn (options->ns, pool);
      self->whom = g_strdup_printf ("the hosts of the pool “%s”", pool);
      self->nobody = g_strdup_printf ("no host of the pool “%s” is there, or none has a free slot",
                                      pool);
    }
  return self->request != NULL;
}

static void
malt_distributed_launch_nats_launch_async (MaltDistributedLauncher      *launcher,
                                           const MaltDistributedOptions *options,
                                           const MaltSpawnRequest       *request,
                                           GCancellable                 *cancellable,
                                           GAsyncReadyCallback           callback,
                                           gpointer                      user_data)
{
  MaltDistributedLaunchNats *self = MALT_NATS_LAUNCHER (launcher);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  MaltNatsClient *client;
  GError *error = NULL;

  g_task_set_source_tag (task, malt_distributed_launch_nats_launch_async);
  g_task_set_check_cancellable (task, FALSE);
  if (!prepare (self, options, request, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  client = malt_distributed_broker_get_client (self->broker);
  g_signal_connect (client, "refused", G_CALLBACK (on_refused), self);
  g_signal_connect (client, "failed", G_CALLBACK (on_failed), self);
  self->task = g_steal_pointer (&task);
  self->lost = attach_timeout (self, RETRY_LOST_MSEC, on_lost);
  g_signal_connect_object (cancellable, "cancelled", G_CALLBACK (on_cancelled), self, 0);
  send_request (self);
}

static MaltSpawnReply *
malt_distributed_launch_nats_launch_finish (MaltDistributedLauncher  *launcher,
                                            GAsyncResult             *result,
                                            char                    **id,
                                            GError                  **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static char *
malt_distributed_launch_nats_describe (MaltDistributedLauncher *launcher,
                                       MaltError               *code)
{
  MaltDistributedLaunchNats *self = MALT_NATS_LAUNCHER (launcher);
  MaltNatsClient *client = self->broker != NULL ? malt_distributed_broker_get_client (self->broker)
                                                : NULL;
  const GError *error;

  if (client == NULL)
    return g_strdup ("no NATS server has been asked");
  if (malt_nats_client_is_connected (client) && self->is_full)
    *code = MALT_ERROR_LIMIT;
  if (malt_nats_client_is_connected (client))
    return self->last != NULL ? g_strdup (self->last)
                              : g_strdup_printf ("no answer of %s", self->whom);

  error = malt_nats_client_get_last_error (client);
  return g_strdup_printf ("no NATS server can be reached, of %s: %s",
                          malt_distributed_broker_get_servers (self->broker),
                          error != NULL ? error->message : "none has answered");
}

static void
malt_distributed_launch_nats_finalize (GObject *object)
{
  MaltDistributedLaunchNats *self = MALT_NATS_LAUNCHER (object);

  g_clear_pointer (&self->tls, malt_distributed_tls_unref);
  g_clear_pointer (&self->request, g_bytes_unref);
  g_clear_pointer (&self->subject, g_free);
  g_clear_pointer (&self->whom, g_free);
  g_clear_pointer (&self->nobody, g_free);
  g_clear_pointer (&self->last, g_free);
  g_clear_object (&self->cancellable);
  G_OBJECT_CLASS (malt_distributed_launch_nats_parent_class)->finalize (object);
}

static void
malt_distributed_launch_nats_launcher_init (MaltDistributedLauncherInterface *iface)
{
  iface->launch_async = malt_distributed_launch_nats_launch_async;
  iface->launch_finish = malt_distributed_launch_nats_launch_finish;
  iface->describe = malt_distributed_launch_nats_describe;
}

static void
malt_distributed_launch_nats_class_init (MaltDistributedLaunchNatsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = malt_distributed_launch_nats_finalize;
}

static void
malt_distributed_launch_nats_init (MaltDistributedLaunchNats *self)
{
  self->cancellable = g_cancellable_new ();
  self->pause_ms = RETRY_MIN_MSEC;
}

MaltDistributedLauncher *
malt_distributed_launch_nats_new (MaltDistributedTls *tls)
{
  MaltDistributedLaunchNats *self = g_object_new (MALT_TYPE_DISTRIBUTED_LAUNCH_NATS, NULL);

  self->tls = tls != NULL ? malt_distributed_tls_ref (tls) : NULL;
  return MALT_DISTRIBUTED_LAUNCHER (self);
}

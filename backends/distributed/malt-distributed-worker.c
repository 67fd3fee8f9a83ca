/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-worker.h"

#include "backends/distributed/malt-distributed-options.h"
#include "backends/distributed/malt-distributed-start.h"
#include "backends/distributed/malt-distributed-tls-files.h"

/* What a worker with a sandbox says in its hello, see docs/protocol.md. */
#define HELLO_CONFINED "seccomp"

/**
 * MaltDistributedWorker:
 *
 * Runs code in a process on another machine, a host on which the daemon malt-host runs.
 *
 * Hosts are found through NATS, by the pool that they belong to or by their name, or one is gone to
 * with ssh. What the worker is there, and what its sandbox is, says a profile of the host; the
 * manager only names it. Calls and their results travel directly between manager and host.
 *
 * ```c
 * g_autoptr (MaltAbstractWorker) worker = malt_create_worker ("distributed", NULL, &error,
 *                                                             "pool", "render",
 *                                                             "call-timeout", 5000u,
 *                                                             NULL);
 * ```
 *
 * The options are its construct properties. A worker whose host is not heard of for the option
 * `lease` is ended there, and a second later is given up here.
 *
 * Dropping the last reference stops it, without waiting. It is not for calls that a process of this
 * machine could answer: each costs a network.
 *
 * Since: 0.1
 */

struct _MaltDistributedWorker
{
  MaltPeerWorker          parent_instance;

  MaltDistributedOptions  options;     /* immutable after construction */
  gboolean                is_confined; /* immutable after initialisation: it says so */
};

enum
{
  PROP_HOST_NAME = MALT_DISTRIBUTED_OPTION_LAST + 1
};

static void malt_distributed_worker_abstract_worker_init (MaltAbstractWorkerInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (
    MaltDistributedWorker, malt_distributed_worker, MALT_TYPE_PEER_WORKER,
    G_IMPLEMENT_INTERFACE (MALT_TYPE_ABSTRACT_WORKER, malt_distributed_worker_abstract_worker_init))

static MaltWorkerCapabilities
malt_distributed_worker_get_capabilities (MaltAbstractWorker *worker)
{
  MaltDistributedWorker *self = MALT_DISTRIBUTED_WORKER (worker);
  MaltWorkerCapabilities capabilities = MALT_ABSTRACT_WORKER_GET_IFACE (worker)->capabilities;

  if (!self->is_confined)
    capabilities &= (guint) ~MALT_WORKER_CAPABILITY_SANDBOX;
  return capabilities;
}

static void
malt_distributed_worker_abstract_worker_init (MaltAbstractWorkerInterface *iface)
{
  iface->get_capabilities = malt_distributed_worker_get_capabilities;
  iface->capabilities = MALT_WORKER_CAPABILITY_INTERRUPT | MALT_WORKER_CAPABILITY_KILL
                        | MALT_WORKER_CAPABILITY_ISOLATED | MALT_WORKER_CAPABILITY_REMOTE
                        | MALT_WORKER_CAPABILITY_SANDBOX;
}

static gboolean
is_confined (GVariant *hello)
{
  g_autofree const char **words = NULL;

  return g_variant_lookup (hello, "sandbox", "^a&s", &words)
         && g_strv_contains (words, HELLO_CONFINED);
}

/* Runs in the monitor thread. Takes the session. */
static void
on_started (MaltDistributedSession *session,
            GVariant               *hello,
            GError                 *error,
            gpointer                user_data)
{
  GTask *task = user_data;
  MaltDistributedWorker *self = g_task_get_source_object (task);

  if (session != NULL)
    {
      MaltPeer *peer = MALT_PEER (session);

      self->is_confined = is_confined (hello);
      malt_peer_worker_take (MALT_PEER_WORKER (self), peer, g_object_ref (peer->connection));
    }
  malt_return_task (task, session != NULL, error);
}

/* Takes the task. */
static void
start (MaltDistributedWorker *self,
       MaltDistributedTls    *tls,
       GTask                 *task)
{
  g_autoptr (MaltRelayEvents) events = malt_relay_events_new ();

  malt_peer_worker_bind (MALT_PEER_WORKER (self), events);
  malt_distributed_start (&self->options, tls, events, g_task_get_cancellable (task), on_started,
                          task);
}

static void
on_tls_loaded (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  GTask *task = user_data;
  GError *error = NULL;
  g_autoptr (MaltDistributedTls) tls = malt_distributed_tls_files_load_finish (result, &error);

  if (tls != NULL)
    start (g_task_get_source_object (task), tls, task);
  else
    {
      g_task_return_error (task, error);
      g_object_unref (task);
    }
}

/* Takes the task. Relative names start where the program does now. */
static void
start_with_tls (MaltDistributedWorker *self,
                GTask                 *task)
{
  g_autofree char *certificate = g_canonicalize_filename (self->options.tls_certificate, NULL);
  g_autofree char *key = g_canonicalize_filename (self->options.tls_key, NULL);
  g_autofree char *authorities = g_canonicalize_filename (self->options.tls_ca, NULL);

  malt_distributed_tls_files_load_async (certificate, key, authorities, on_tls_loaded, task);
}

static void
malt_distributed_worker_start (MaltPeerWorker *worker,
                               GTask          *owned_task)
{
  MaltDistributedWorker *self = MALT_DISTRIBUTED_WORKER (worker);
  g_autoptr (GTask) task = owned_task;
  GError *error = NULL;

  if (!malt_distributed_options_check (&self->options, &error))
    g_task_return_error (task, error);
  else if (self->options.tls_ca != NULL)
    start_with_tls (self, g_steal_pointer (&task));
  else
    start (self, NULL, g_steal_pointer (&task));
}

static void
malt_distributed_worker_finalize (GObject *object)
{
  malt_distributed_options_clear (&MALT_DISTRIBUTED_WORKER (object)->options);
  G_OBJECT_CLASS (malt_distributed_worker_parent_class)->finalize (object);
}

static void
malt_distributed_worker_set_property (GObject      *object,
                                      guint         prop_id,
                                      const GValue *value,
                                      GParamSpec   *pspec)
{
  MaltDistributedWorker *self = MALT_DISTRIBUTED_WORKER (object);

  if (prop_id <= MALT_DISTRIBUTED_OPTION_LAST)
    malt_distributed_options_set (&self->options, prop_id, value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
malt_distributed_worker_get_property (GObject    *object,
                                      guint       prop_id,
                                      GValue     *value,
                                      GParamSpec *pspec)
{
  MaltDistributedWorker *self = MALT_DISTRIBUTED_WORKER (object);
  MaltPeer *peer = malt_peer_worker_get_peer (MALT_PEER_WORKER (self));

  if (prop_id <= MALT_DISTRIBUTED_OPTION_LAST)
    malt_distributed_options_get (&self->options, prop_id, value);
  else if (prop_id != PROP_HOST_NAME)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
  else if (peer != NULL)
    g_value_set_string (value, malt_distributed_session_get_host (MALT_DISTRIBUTED_SESSION (peer)));
}

static void
malt_distributed_worker_class_init (MaltDistributedWorkerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = malt_distributed_worker_finalize;
  object_class->set_property = malt_distributed_worker_set_property;
  object_class->get_property = malt_distributed_worker_get_property;
  MALT_PEER_WORKER_CLASS (klass)->start = malt_distributed_worker_start;

  malt_distributed_options_install (object_class);
  g_object_class_install_property (
      object_class, PROP_HOST_NAME,
      g_param_spec_string ("host-name", "Host name",
                           "The host that it is on, NULL before the start", NULL,
                           G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
malt_distributed_worker_init (MaltDistributedWorker *self)
{
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/process/malt-process-worker.h"

#include "backends/process/malt-process-options.h"
#include "backends/process/malt-process-spares.h"
#include "backends/process/malt-process-start.h"

/**
 * MaltProcessWorker:
 *
 * Runs code in a process of its own, with fresh memory, namespaces and environment.
 *
 * What happens there cannot reach the manager: it may crash, hang, print without end or ignore
 * every signal but one. Its end is told by a [struct@ExitReport] within a tenth of a second.
 *
 * ```c
 * g_autoptr (MaltAbstractWorker) worker = malt_create_worker ("process", NULL, &error,
 *                                                             "working-directory", "/srv/data",
 *                                                             "call-timeout", 5000u,
 *                                                             NULL);
 * ```
 *
 * The options are its construct properties. By default it executes the malt-worker that was
 * installed with the library, or the program that the environment variable `MALT_WORKER` names.
 *
 * Dropping the last reference stops it, without waiting. Without the option `sandbox` the process
 * has every right of the user that the manager runs as.
 *
 * Since: 0.1
 */

struct _MaltProcessWorker
{
  MaltPeerWorker      parent_instance;

  MaltProcessOptions  options; /* immutable after construction */
};

static void malt_process_worker_abstract_worker_init (MaltAbstractWorkerInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (
    MaltProcessWorker, malt_process_worker, MALT_TYPE_PEER_WORKER,
    G_IMPLEMENT_INTERFACE (MALT_TYPE_ABSTRACT_WORKER, malt_process_worker_abstract_worker_init))

static MaltWorkerCapabilities
malt_process_worker_get_capabilities (MaltAbstractWorker *worker)
{
  MaltProcessWorker *self = MALT_PROCESS_WORKER (worker);
  MaltWorkerCapabilities capabilities = MALT_ABSTRACT_WORKER_GET_IFACE (worker)->capabilities;

  if (self->options.sandbox.profile < MALT_SANDBOX_STRICT)
    capabilities &= (guint) ~MALT_WORKER_CAPABILITY_SANDBOX;
  return capabilities;
}

static void
malt_process_worker_abstract_worker_init (MaltAbstractWorkerInterface *iface)
{
  iface->get_capabilities = malt_process_worker_get_capabilities;
  iface->capabilities = MALT_WORKER_CAPABILITY_INTERRUPT | MALT_WORKER_CAPABILITY_KILL
                        | MALT_WORKER_CAPABILITY_ISOLATED | MALT_WORKER_CAPABILITY_SANDBOX;
}

/* Runs in the monitor thread. */
static void
on_started (MaltPeer       *child,
            MaltConnection *connection,
            GError         *error,
            gpointer        user_data)
{
  GTask *task = user_data;
  MaltProcessPlan *plan = g_task_get_task_data (task);

  if (child != NULL)
    {
      malt_peer_worker_take (g_task_get_source_object (task), child, connection);
      if (plan->n_spares > 0)
        malt_process_spares_want (plan);
    }
  malt_return_task (task, child != NULL, error);
}

/* The monitor takes no part in it. */
static gboolean
take_spare (MaltProcessWorker *self,
            MaltProcessPlan   *plan)
{
  MaltPeerWorker *worker = MALT_PEER_WORKER (self);
  MaltPeer *child;
  MaltConnection *connection;

  if (plan->n_spares == 0 || !malt_process_spares_take (plan, worker, &child, &connection))
    return FALSE;

  malt_peer_worker_take (worker, child, connection);
  return TRUE;
}

/* Takes the task. */
static void
start_cold (MaltProcessWorker *self,
            MaltProcessPlan   *plan,
            GTask             *task)
{
  g_autoptr (MaltRelayEvents) events = malt_relay_events_new ();

  malt_peer_worker_bind (MALT_PEER_WORKER (self), events);
  malt_process_plan_complete (plan, &self->options);
  g_task_set_task_data (task, malt_process_plan_ref (plan),
                        (GDestroyNotify) malt_process_plan_unref);
  malt_process_start (plan, events, g_task_get_cancellable (task), on_started, task);
}

static void
malt_process_worker_start (MaltPeerWorker *worker,
                           GTask          *owned_task)
{
  MaltProcessWorker *self = MALT_PROCESS_WORKER (worker);
  g_autoptr (GTask) task = owned_task;
  GError *error = NULL;
  g_autoptr (MaltProcessPlan) plan = malt_process_plan_new (&self->options, &error);

  if (plan == NULL)
    g_task_return_error (task, error);
  else if (!g_cancellable_is_cancelled (g_task_get_cancellable (task)) && take_spare (self, plan))
    g_task_return_int (task, 1);
  else
    start_cold (self, plan, g_steal_pointer (&task));
}

static void
malt_process_worker_finalize (GObject *object)
{
  malt_process_options_clear (&MALT_PROCESS_WORKER (object)->options);
  G_OBJECT_CLASS (malt_process_worker_parent_class)->finalize (object);
}

static void
malt_process_worker_set_property (GObject      *object,
                                  guint         prop_id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  MaltProcessWorker *self = MALT_PROCESS_WORKER (object);

  if (prop_id <= MALT_PROCESS_OPTION_LAST)
    malt_process_options_set (&self->options, prop_id, value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
malt_process_worker_get_property (GObject    *object,
                                  guint       prop_id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  MaltProcessWorker *self = MALT_PROCESS_WORKER (object);

  if (prop_id <= MALT_PROCESS_OPTION_LAST)
    malt_process_options_get (&self->options, prop_id, value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
malt_process_worker_class_init (MaltProcessWorkerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = malt_process_worker_finalize;
  object_class->set_property = malt_process_worker_set_property;
  object_class->get_property = malt_process_worker_get_property;
  MALT_PEER_WORKER_CLASS (klass)->start = malt_process_worker_start;

  malt_process_options_install (object_class);
}

static void
malt_process_worker_init (MaltProcessWorker *self)
{
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-abstract-worker.h"

#include "malt/malt-exit-report.h"
#include "malt/malt-mark-ended-private.h"
#include "malt/malt-worker-type-private.h"

/**
 * MALT_WORKER_EXTENSION_POINT:
 *
 * The name of the extension point that backends implement: types that are a
 * [iface@Malt.AbstractWorker], a [iface@Gio.Initable] and a
 * [iface@Gio.AsyncInitable].
 *
 * Since: 0.1
 */

/**
 * MALT_STOP_TIMEOUT_DEFAULT:
 *
 * The milliseconds that each polite step of [method@Malt.AbstractWorker.stop] is
 * usually given: 15 seconds, as in Malt.jl.
 *
 * Since: 0.1
 */

/**
 * MaltWorkerCapabilities:
 * @MALT_WORKER_CAPABILITY_NONE: only what every worker can
 * @MALT_WORKER_CAPABILITY_INTERRUPT: [method@Malt.AbstractWorker.interrupt] works
 * @MALT_WORKER_CAPABILITY_KILL: [method@Malt.AbstractWorker.kill] works
 * @MALT_WORKER_CAPABILITY_ISOLATED: a crash of the worker leaves the program be
 * @MALT_WORKER_CAPABILITY_SANDBOX: it can be kept from files and network
 * @MALT_WORKER_CAPABILITY_REMOTE: it can live on another machine
 *
 * What a worker can do beyond running calls.
 *
 * Since: 0.1
 */
G_DEFINE_FLAGS_TYPE (MaltWorkerCapabilities, malt_worker_capabilities,
                     G_DEFINE_ENUM_VALUE (MALT_WORKER_CAPABILITY_NONE, "none"),
                     G_DEFINE_ENUM_VALUE (MALT_WORKER_CAPABILITY_INTERRUPT, "interrupt"),
                     G_DEFINE_ENUM_VALUE (MALT_WORKER_CAPABILITY_KILL, "kill"),
                     G_DEFINE_ENUM_VALUE (MALT_WORKER_CAPABILITY_ISOLATED, "isolated"),
                     G_DEFINE_ENUM_VALUE (MALT_WORKER_CAPABILITY_SANDBOX, "sandbox"),
                     G_DEFINE_ENUM_VALUE (MALT_WORKER_CAPABILITY_REMOTE, "remote"))

/**
 * MaltAbstractWorker:
 *
 * A worker: a place where functions are called and expressions evaluated, apart
 * from the program that asks for it.
 *
 * ```c
 * g_autoptr (GError) error = NULL;
 * g_autoptr (MaltAbstractWorker) worker = malt_create_worker (NULL, NULL, &error, NULL);
 * g_autoptr (GVariant) value = NULL;
 *
 * if (worker != NULL)
 *   value = malt_abstract_worker_remote_eval_fetch (worker, NULL, "1 + 1", NULL, NULL, &error);
 * if (value == NULL)
 *   g_printerr ("%s\n", error->message);
 * ```
 *
 * Every call ends, exactly once: with a value, an error of the function, an
 * interruption, a time-out, a cancellation, or the report of how the worker
 * ended. Letting go of the last reference stops the worker.
 *
 * All methods may be called in any thread. None iterates a main context of the
 * caller's. More about that is in the chapter [Threads and main
 * contexts](threads.html).
 *
 * The verbs are all built on the few functions of the interface, so whoever
 * implements those, as a backend in a GIO module on the extension point
 * `malt-worker`, has the rest for free. It is not a thread pool: a worker runs
 * one piece of Lua at a time, and coroutines overlap where they wait.
 *
 * Since: 0.1
 */
G_DEFINE_INTERFACE (MaltAbstractWorker, malt_abstract_worker, G_TYPE_OBJECT)

static MaltWorkerCapabilities
default_get_capabilities (MaltAbstractWorker *self)
{
  return malt_worker_type_get_capabilities (G_OBJECT_TYPE (self));
}

static gboolean
default_is_running (MaltAbstractWorker *self)
{
  return MALT_ABSTRACT_WORKER_GET_IFACE (self)->get_exit_report (self) == NULL;
}

static GVariant *
default_send_finish (MaltAbstractWorker  *self,
                     GAsyncResult        *result,
                     GError             **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
malt_abstract_worker_default_init (MaltAbstractWorkerInterface *iface)
{
  iface->get_capabilities = default_get_capabilities;
  iface->get_exit_report = malt_mark_ended_get_report;
  iface->is_running = default_is_running;
  iface->send_finish = default_send_finish;

  /**
   * MaltAbstractWorker::output:
   * @self: the worker
   * @fd: 1 for stdout, 2 for stderr
   * @line: the line, any bytes, without its newline
   *
   * Is emitted for each line that the worker prints, if the backend has lines to
   * give.
   *
   * In the main context that was the thread-default one where the worker was
   * created.
   *
   * Since: 0.1
   */
  g_signal_new ("output", G_TYPE_FROM_INTERFACE (iface), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_BYTES);

  /**
   * MaltAbstractWorker::exited:
   * @self: the worker
   * @report: how it ended
   *
   * Is emitted once, when the worker has ended.
   *
   * In the main context that was the thread-default one where the worker was
   * created.
   *
   * Since: 0.1
   */
  g_signal_new ("exited", G_TYPE_FROM_INTERFACE (iface), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 1, MALT_TYPE_EXIT_REPORT);
}

/**
 * malt_abstract_worker_describe:
 * @self: a worker
 *
 * Says who the worker is, in one line, for instance “MaltProcessWorker on port
 * 9115 with PID 4711”. Works after the worker has ended, too.
 *
 * Returns: (transfer full): UTF-8 without a newline
 *
 * Since: 0.1
 */
char *
malt_abstract_worker_describe (MaltAbstractWorker *self)
{
  char *description;

  g_return_val_if_fail (MALT_IS_ABSTRACT_WORKER (self), NULL);

  description = MALT_ABSTRACT_WORKER_GET_IFACE (self)->describe (self);

  /* It has thrown, in another language. */
  return description != NULL ? description : g_strdup (G_OBJECT_TYPE_NAME (self));
}

/**
 * malt_abstract_worker_get_capabilities:
 * @self: a worker
 *
 * Gets what the worker can do beyond running calls.
 *
 * Returns: the capabilities, the same as long as it lives
 *
 * Since: 0.1
 */
MaltWorkerCapabilities
malt_abstract_worker_get_capabilities (MaltAbstractWorker *self)
{
  g_return_val_if_fail (MALT_IS_ABSTRACT_WORKER (self), MALT_WORKER_CAPABILITY_NONE);

  return MALT_ABSTRACT_WORKER_GET_IFACE (self)->get_capabilities (self);
}

/**
 * malt_abstract_worker_is_running:
 * @self: a worker
 *
 * Says whether the worker could take a call. Once it has ended it never runs
 * again.
 *
 * Returns: %TRUE from its creation until it has ended
 *
 * Since: 0.1
 */
gboolean
malt_abstract_worker_is_running (MaltAbstractWorker *self)
{
  g_return_val_if_fail (MALT_IS_ABSTRACT_WORKER (self), FALSE);

  return MALT_ABSTRACT_WORKER_GET_IFACE (self)->is_running (self);
}

/**
 * malt_abstract_worker_get_exit_report:
 * @self: a worker
 *
 * Gets how the worker ended.
 *
 * Returns: (transfer none) (nullable): the report, which lives as long as
 *   @self; %NULL while the worker runs
 *
 * Since: 0.1
 */
MaltExitReport *
malt_abstract_worker_get_exit_report (MaltAbstractWorker *self)
{
  g_return_val_if_fail (MALT_IS_ABSTRACT_WORKER (self), NULL);

  return MALT_ABSTRACT_WORKER_GET_IFACE (self)->get_exit_report (self);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-abstract-worker.h"

#include "malt/malt-call.h"
#include "malt/malt-exit-report.h"
#include "malt/malt-guard-private.h"
#include "malt/malt-mark-ended-private.h"
#include "malt/malt-own-context.h"
#include "malt/malt-worker-type-private.h"

#include <signal.h>

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
 * usually given.
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
 * caller's.
 *
 * The verbs are all built on the few functions of the interface, so whoever
 * implements those, as a backend in a GIO module on the extension point
 * `malt-worker`, has the rest for free. It is not a thread pool: a worker runs
 * one piece of Lua at a time, and coroutines overlap where they wait.
 *
 * Since: 0.1
 */
G_DEFINE_INTERFACE (MaltAbstractWorker, malt_abstract_worker, G_TYPE_OBJECT)

/* Types share the interface of those that they derive from. */
static inline gboolean
is_guarded (MaltAbstractWorker          *self,
            MaltAbstractWorkerInterface *iface)
{
  return iface->is_guarded && malt_worker_type_is_registered (G_OBJECT_TYPE (self));
}

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
 * malt_abstract_worker_send_async:
 * @self: a worker
 * @call: the call; one that is already on its way fails
 * @cancellable: (nullable): ends the call at once, and tells the worker to end
 *   the work
 * @callback: (scope async) (nullable): called when the call has ended, in the
 *   thread-default main context
 * @user_data: data for @callback
 *
 * Sends a call of one's own making, with a time-out, a result type or a
 * “progress” handler.
 *
 * The call and the worker live until @callback has run. In a main context that
 * is never run again it does not, as with any #GTask.
 *
 * Since: 0.1
 */
void
malt_abstract_worker_send_async (MaltAbstractWorker  *self,
                                 MaltCall            *call,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  MaltAbstractWorkerInterface *iface;

  g_return_if_fail (MALT_IS_ABSTRACT_WORKER (self));
  g_return_if_fail (MALT_IS_CALL (call) && malt_call_get_function (call) != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  iface = MALT_ABSTRACT_WORKER_GET_IFACE (self);
  if (is_guarded (self, iface))
    malt_guard_send_async (self, call, cancellable, callback, user_data);
  else
    iface->send_async (self, call, cancellable, callback, user_data);
}

/**
 * malt_abstract_worker_send_finish:
 * @self: a worker
 * @result: what the callback got
 * @error: return location for an error
 *
 * Gets the outcome of [method@Malt.AbstractWorker.send_async].
 *
 * Errors: those of [method@Malt.AbstractWorker.send].
 *
 * Returns: (transfer full): the value, `()` for nothing; %NULL on error
 *
 * Since: 0.1
 */
GVariant *
malt_abstract_worker_send_finish (MaltAbstractWorker  *self,
                                  GAsyncResult        *result,
                                  GError             **error)
{
  MaltAbstractWorkerInterface *iface;

  g_return_val_if_fail (MALT_IS_ABSTRACT_WORKER (self), NULL);
  g_return_val_if_fail (G_IS_ASYNC_RESULT (result), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  iface = MALT_ABSTRACT_WORKER_GET_IFACE (self);
  if (is_guarded (self, iface))
    return malt_guard_send_finish (self, result, error);

  return iface->send_finish (self, result, error);
}

static GVariant *
send_in_own_context (MaltAbstractWorker  *self,
                     MaltCall            *call,
                     GCancellable        *cancellable,
                     GError             **error)
{
  g_autoptr (MaltOwnContext) own = malt_own_context_new ();

  malt_abstract_worker_send_async (self, call, cancellable, malt_own_context_return, own);

  return malt_abstract_worker_send_finish (self, malt_own_context_wait (own), error);
}

/**
 * malt_abstract_worker_send:
 * @self: a worker
 * @call: the call; one that is already on its way fails
 * @cancellable: (nullable): ends the call at once, and tells the worker to end
 *   the work
 * @error: return location for an error
 *
 * Sends a call of one's own making, with a time-out, a result type or a
 * “progress” handler, and blocks until it has ended.
 *
 * Errors: %MALT_ERROR_REMOTE_EXCEPTION if the function raised an error;
 * %MALT_ERROR_UNKNOWN_FUNCTION if there is none of that name;
 * %MALT_ERROR_SERIALIZATION if a value cannot be sent;
 * %MALT_ERROR_INTERRUPTED after [method@Malt.AbstractWorker.interrupt];
 * %MALT_ERROR_TERMINATED_WORKER if the worker has ended or ends first;
 * %MALT_ERROR_PROTOCOL if it sends nonsense, which ends it; %MALT_ERROR_LIMIT
 * for a message that is too large; %MALT_ERROR_FAILED if @call is on its way
 * already; %G_IO_ERROR_TIMED_OUT after the call's time-out;
 * %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): the value, `()` for nothing; %NULL on error
 *
 * Since: 0.1
 */
GVariant *
malt_abstract_worker_send (MaltAbstractWorker  *self,
                           MaltCall            *call,
                           GCancellable        *cancellable,
                           GError             **error)
{
  MaltAbstractWorkerInterface *iface;

  g_return_val_if_fail (MALT_IS_ABSTRACT_WORKER (self), NULL);
  g_return_val_if_fail (MALT_IS_CALL (call) && malt_call_get_function (call) != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  iface = MALT_ABSTRACT_WORKER_GET_IFACE (self);
  if (iface->send_sync == NULL)
    return send_in_own_context (self, call, cancellable, error);
  if (is_guarded (self, iface))
    return malt_guard_send_sync (self, call, cancellable, error);

  return iface->send_sync (self, call, cancellable, error);
}

/**
 * malt_abstract_worker_post:
 * @self: a worker
 * @call: the call; one that is already on its way fails
 * @error: return location for an error
 *
 * Sends a call whose outcome nobody waits for. Never blocks. An error that the
 * function raises is logged.
 *
 * Errors: %MALT_ERROR_TERMINATED_WORKER if the worker has ended;
 * %MALT_ERROR_LIMIT if too much is waiting to be sent, or the message is too
 * large; %MALT_ERROR_FAILED if @call is on its way already.
 *
 * Returns: whether it was taken on
 *
 * Since: 0.1
 */
gboolean
malt_abstract_worker_post (MaltAbstractWorker  *self,
                           MaltCall            *call,
                           GError             **error)
{
  MaltAbstractWorkerInterface *iface;

  g_return_val_if_fail (MALT_IS_ABSTRACT_WORKER (self), FALSE);
  g_return_val_if_fail (MALT_IS_CALL (call) && malt_call_get_function (call) != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  iface = MALT_ABSTRACT_WORKER_GET_IFACE (self);
  if (is_guarded (self, iface))
    return malt_guard_post (self, call, error);

  return iface->post (self, call, error);
}

static gboolean
refuse (MaltAbstractWorker  *self,
        const char          *verb,
        GError             **error)
{
  g_autofree char *worker = malt_abstract_worker_describe (self);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "Cannot %s “%s”: workers of this backend do not support it", verb, worker);
  return FALSE;
}

/**
 * malt_abstract_worker_interrupt:
 * @self: a worker
 * @error: return location for an error
 *
 * Asks the worker to end the latest call or post that was sent and has not
 * ended. It goes on living, and that call ends with %MALT_ERROR_INTERRUPTED,
 * which says where it was.
 *
 * Waits for nothing. Does nothing on an idle worker, and never hits a call that
 * is sent later. What does not heed it, such as native code in a long
 * computation, goes on.
 *
 * Errors: %MALT_ERROR_TERMINATED_WORKER if the worker has ended;
 * %G_IO_ERROR_NOT_SUPPORTED without %MALT_WORKER_CAPABILITY_INTERRUPT.
 *
 * Returns: whether the worker was asked
 *
 * Since: 0.1
 */
gboolean
malt_abstract_worker_interrupt (MaltAbstractWorker  *self,
                                GError             **error)
{
  MaltAbstractWorkerInterface *iface;

  g_return_val_if_fail (MALT_IS_ABSTRACT_WORKER (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  iface = MALT_ABSTRACT_WORKER_GET_IFACE (self);
  if (iface->interrupt == NULL)
    return refuse (self, "interrupt", error);

  return malt_guard_check (G_OBJECT (self), "interrupt", iface->interrupt (self, error), error);
}

/**
 * malt_abstract_worker_stop_async:
 * @self: a worker
 * @exit_timeout_ms: milliseconds that it has to leave by itself, 0 for none;
 *   usually %MALT_STOP_TIMEOUT_DEFAULT
 * @term_timeout_ms: milliseconds that it then has after SIGTERM, 0 for none
 * @cancellable: (nullable): ends the wait; the worker stops all the same
 * @callback: (scope async) (nullable): called when the worker is gone, in the
 *   thread-default main context
 * @user_data: data for @callback
 *
 * Stops a worker: asks it to leave, then SIGTERM, then SIGKILL. Calls that have
 * not ended do so with %MALT_ERROR_TERMINATED_WORKER, posts that have not
 * started are dropped.
 *
 * Since: 0.1
 */
void
malt_abstract_worker_stop_async (MaltAbstractWorker  *self,
                                 guint                exit_timeout_ms,
                                 guint                term_timeout_ms,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  MaltAbstractWorkerInterface *iface;

  g_return_if_fail (MALT_IS_ABSTRACT_WORKER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  iface = MALT_ABSTRACT_WORKER_GET_IFACE (self);
  if (is_guarded (self, iface))
    malt_guard_stop_async (self, exit_timeout_ms, term_timeout_ms, cancellable, callback,
                           user_data);
  else
    iface->stop_async (self, exit_timeout_ms, term_timeout_ms, cancellable, callback, user_data);
}

/**
 * malt_abstract_worker_stop_finish:
 * @self: a worker
 * @result: what the callback got
 * @was_running: (out) (optional): return location for whether it had not ended
 *   before, which is no error
 * @error: return location for an error
 *
 * Gets the outcome of [method@Malt.AbstractWorker.stop_async].
 *
 * Errors: those of [method@Malt.AbstractWorker.stop].
 *
 * Returns: whether the worker is gone
 *
 * Since: 0.1
 */
gboolean
malt_abstract_worker_stop_finish (MaltAbstractWorker  *self,
                                  GAsyncResult        *result,
                                  gboolean            *was_running,
                                  GError             **error)
{
  MaltAbstractWorkerInterface *iface;
  gboolean ran = FALSE;
  gboolean gone;

  g_return_val_if_fail (MALT_IS_ABSTRACT_WORKER (self), FALSE);
  g_return_val_if_fail (G_IS_ASYNC_RESULT (result), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  iface = MALT_ABSTRACT_WORKER_GET_IFACE (self);
  gone = is_guarded (self, iface) ? malt_guard_stop_finish (self, result, &ran, error)
                           : iface->stop_finish (self, result, &ran, error);
  if (was_running != NULL)
    *was_running = ran;

  return gone;
}

/**
 * malt_abstract_worker_stop:
 * @self: a worker
 * @exit_timeout_ms: milliseconds that it has to leave by itself, 0 for none;
 *   usually %MALT_STOP_TIMEOUT_DEFAULT
 * @term_timeout_ms: milliseconds that it then has after SIGTERM, 0 for none
 * @cancellable: (nullable): ends the wait; the worker stops all the same
 * @was_running: (out) (optional): return location for whether it had not ended
 *   before, which is no error
 * @error: return location for an error
 *
 * Stops a worker and blocks until it is gone: asks it to leave, then SIGTERM,
 * then SIGKILL. Calls that have not ended do so with
 * %MALT_ERROR_TERMINATED_WORKER, posts that have not started are dropped.
 *
 * Errors: %G_IO_ERROR_TIMED_OUT if it does not die of SIGKILL either;
 * %G_IO_ERROR_CANCELLED.
 *
 * Returns: whether the worker is gone
 *
 * Since: 0.1
 */
gboolean
malt_abstract_worker_stop (MaltAbstractWorker  *self,
                           guint                exit_timeout_ms,
                           guint                term_timeout_ms,
                           GCancellable        *cancellable,
                           gboolean            *was_running,
                           GError             **error)
{
  g_autoptr (MaltOwnContext) own = NULL;

  g_return_val_if_fail (MALT_IS_ABSTRACT_WORKER (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  own = malt_own_context_new ();
  malt_abstract_worker_stop_async (self, exit_timeout_ms, term_timeout_ms, cancellable,
                                   malt_own_context_return, own);

  return malt_abstract_worker_stop_finish (self, malt_own_context_wait (own), was_running, error);
}

/**
 * malt_abstract_worker_kill:
 * @self: a worker
 * @signum: the number of a signal, 0 for SIGTERM
 * @error: return location for an error
 *
 * Sends the worker a signal now and does not wait for what it does.
 *
 * Errors: %MALT_ERROR_TERMINATED_WORKER if the worker has ended;
 * %G_IO_ERROR_NOT_SUPPORTED without %MALT_WORKER_CAPABILITY_KILL.
 *
 * Returns: whether the signal was sent
 *
 * Since: 0.1
 */
gboolean
malt_abstract_worker_kill (MaltAbstractWorker  *self,
                           int                  signum,
                           GError             **error)
{
  MaltAbstractWorkerInterface *iface;

  g_return_val_if_fail (MALT_IS_ABSTRACT_WORKER (self), FALSE);
  g_return_val_if_fail (signum >= 0 && signum < NSIG, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  iface = MALT_ABSTRACT_WORKER_GET_IFACE (self);
  if (iface->kill == NULL)
    return refuse (self, "kill", error);

  return malt_guard_check (G_OBJECT (self), "kill",
                           iface->kill (self, signum != 0 ? signum : SIGTERM, error), error);
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

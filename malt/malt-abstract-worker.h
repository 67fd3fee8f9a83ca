/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-types.h>

G_BEGIN_DECLS

#define MALT_TYPE_ABSTRACT_WORKER (malt_abstract_worker_get_type ())
#define MALT_TYPE_WORKER_CAPABILITIES (malt_worker_capabilities_get_type ())

#define MALT_WORKER_EXTENSION_POINT "malt-worker"

/* Milliseconds that each polite rung of malt_abstract_worker_stop() is given, as in Malt.jl. */
#define MALT_STOP_TIMEOUT_DEFAULT 15000u

typedef enum /*< flags >*/
{
  MALT_WORKER_CAPABILITY_NONE = 0,
  MALT_WORKER_CAPABILITY_INTERRUPT = 1 << 0,
  MALT_WORKER_CAPABILITY_KILL = 1 << 1,
  MALT_WORKER_CAPABILITY_ISOLATED = 1 << 2,
  MALT_WORKER_CAPABILITY_SANDBOX = 1 << 3,
  MALT_WORKER_CAPABILITY_REMOTE = 1 << 4
} MaltWorkerCapabilities;

MALT_AVAILABLE_IN_ALL
GType malt_worker_capabilities_get_type (void);

MALT_AVAILABLE_IN_ALL
G_DECLARE_INTERFACE (MaltAbstractWorker, malt_abstract_worker, MALT, ABSTRACT_WORKER, GObject)

/* What holds for every function, unless it says otherwise: it may be called in any thread, several
 * threads at once, and when the worker has ended; the dispatcher in malt-abstract-worker.c has
 * checked the arguments; `self` is referenced by the caller for the time of the call, arguments
 * belong to the caller, and what is needed longer is copied or referenced. Functions are mandatory
 * unless they are called optional. A type is also a GInitable and a GAsyncInitable, and its
 * options are its construct properties. */
struct _MaltAbstractWorkerInterface
{
  /*< private >*/
  GTypeInterface parent_iface;

  /*< public >*/
  /**
   * MaltAbstractWorkerInterface::describe:
   * @self: the worker
   *
   * Says who the worker is, in one line: the type, and what tells it from others, such as
   * "MaltProcessWorker on port 9115 with PID 4711".
   *
   * Does not block. Answers the same text as long as the worker lives, and after it has ended.
   * Never fails.
   *
   * Returns: (transfer full): UTF-8 without a newline
   *
   * Since: 0.1
   */
  char                  *(*describe)         (MaltAbstractWorker  *self);

  /**
   * MaltAbstractWorkerInterface::get_capabilities:
   * @self: the worker
   *
   * Says what the worker can do. Does not block, never fails, and does not change after the start.
   * Optional: without it the capabilities of the type.
   *
   * Returns: the capabilities
   *
   * Since: 0.1
   */
  MaltWorkerCapabilities (*get_capabilities) (MaltAbstractWorker  *self);

  /**
   * MaltAbstractWorkerInterface::is_running:
   * @self: the worker
   *
   * Says whether the worker could take a call. %TRUE as soon as the start has succeeded; once it is
   * %FALSE it stays so, and get_exit_report() has a report before. Does not block. Optional:
   * without it the worker runs as long as it has no report.
   *
   * Returns: whether it runs
   *
   * Since: 0.1
   */
  gboolean               (*is_running)       (MaltAbstractWorker  *self);

  /**
   * MaltAbstractWorkerInterface::send_async:
   * @self: the worker
   * @call: the call; a reference is held until it has ended
   * @cancellable: (nullable): ends the call at once for the caller, and tells the worker
   * @callback: (scope async): called exactly once, in the thread-default main context of the caller
   * @user_data: data for @callback
   *
   * Takes a call on and answers later, never before it has returned. Does not block: what cannot be
   * written yet is queued within the backend's limits. It begins with malt_call_begin() and calls
   * malt_call_end() before @callback.
   *
   * Calls reach the worker in the order in which one thread sends them. The call makes progress
   * from the caller's context or from a thread of the backend, and not from any other main
   * context. It ends whatever happens: see send_finish() for how.
   *
   * Since: 0.1
   */
  void                   (*send_async)       (MaltAbstractWorker  *self,
                                              MaltCall            *call,
                                              GCancellable        *cancellable,
                                              GAsyncReadyCallback  callback,
                                              gpointer             user_data);

  /**
   * MaltAbstractWorkerInterface::send_finish:
   * @self: the worker
   * @result: what the callback of send_async() got
   * @error: return location for an error
   *
   * Gives the outcome of a call. Once for each, from its callback or later. Optional: without it
   * @result is a #GTask of the worker, whose pointer is the value.
   *
   * Errors: %MALT_ERROR_REMOTE_EXCEPTION if the function failed; %MALT_ERROR_UNKNOWN_FUNCTION;
   * %MALT_ERROR_SERIALIZATION; %MALT_ERROR_INTERRUPTED; %MALT_ERROR_TERMINATED_WORKER, with the
   * exit report, if the worker has ended or ends first; %MALT_ERROR_PROTOCOL; %MALT_ERROR_LIMIT;
   * %MALT_ERROR_FAILED if @call is on its way already; %G_IO_ERROR_CANCELLED;
   * %G_IO_ERROR_TIMED_OUT.
   *
   * Returns: (transfer full): the value, not floating; the unit tuple if the call discards it
   *
   * Since: 0.1
   */
  GVariant              *(*send_finish)      (MaltAbstractWorker  *self,
                                              GAsyncResult        *result,
                                              GError             **error);

  /**
   * MaltAbstractWorkerInterface::send_sync:
   * @self: the worker
   * @call: the call
   * @cancellable: (nullable): ends the call at once for the caller, and tells the worker
   * @error: return location for an error
   *
   * Sends a call and blocks until it has ended. Optional: without it send_async() is run in a main
   * context of its own, which costs a thread switch or two.
   *
   * Runs no callback of another call and never iterates a main context of the caller's. The
   * "progress" of @call is emitted in the calling thread.
   *
   * Errors: as send_finish().
   *
   * Returns: (transfer full): as send_finish()
   *
   * Since: 0.1
   */
  GVariant              *(*send_sync)        (MaltAbstractWorker  *self,
                                              MaltCall            *call,
                                              GCancellable        *cancellable,
                                              GError             **error);

  /**
   * MaltAbstractWorkerInterface::post:
   * @self: the worker
   * @call: the call; nothing of it is needed afterwards but references
   * @error: return location for an error
   *
   * Sends a call whose outcome nobody waits for. Never blocks: what cannot be written yet is queued
   * within the limits. An error that the function raises is logged, with the worker's description.
   *
   * Errors: %MALT_ERROR_TERMINATED_WORKER if the worker has ended; %MALT_ERROR_LIMIT if the queue
   * is full or the message too large; %MALT_ERROR_FAILED if @call is on its way already.
   *
   * Returns: whether it was taken on; %FALSE: nothing has been sent
   *
   * Since: 0.1
   */
  gboolean               (*post)             (MaltAbstractWorker  *self,
                                              MaltCall            *call,
                                              GError             **error);

  /**
   * MaltAbstractWorkerInterface::interrupt:
   * @self: the worker
   * @error: return location for an error
   *
   * Asks the worker to end the latest call or post that was sent before and has not ended. That
   * call ends with the worker's answer, %MALT_ERROR_INTERRUPTED. Optional, together with the
   * capability.
   *
   * Does not block and waits for nothing. On an idle worker it does nothing and succeeds, and never
   * touches a call that is sent later.
   *
   * Errors: %MALT_ERROR_TERMINATED_WORKER if the worker has ended.
   *
   * Returns: whether the worker was asked
   *
   * Since: 0.1
   */
  gboolean               (*interrupt)        (MaltAbstractWorker  *self,
                                              GError             **error);

  /**
   * MaltAbstractWorkerInterface::stop_async:
   * @self: the worker
   * @exit_timeout_ms: milliseconds from the exit message to SIGTERM
   * @term_timeout_ms: milliseconds from SIGTERM to SIGKILL
   * @cancellable: (nullable): ends the wait, not the stop
   * @callback: (scope async): called exactly once, in the thread-default main context of the caller
   * @user_data: data for @callback
   *
   * Ends the worker, more firmly from step to step, and answers when it is gone: its process
   * reaped, its unanswered calls ended with %MALT_ERROR_TERMINATED_WORKER, get_exit_report() with
   * a report, malt_running_workers_remove() called.
   *
   * Does not block. May be called again while it is on its way: shorter deadlines count, and every
   * caller gets an answer.
   *
   * Since: 0.1
   */
  void                   (*stop_async)       (MaltAbstractWorker  *self,
                                              guint                exit_timeout_ms,
                                              guint                term_timeout_ms,
                                              GCancellable        *cancellable,
                                              GAsyncReadyCallback  callback,
                                              gpointer             user_data);

  /**
   * MaltAbstractWorkerInterface::stop_finish:
   * @self: the worker
   * @result: what the callback of stop_async() got
   * @was_running: (out): whether the worker had not ended before; never %NULL here
   * @error: return location for an error
   *
   * Gives the outcome of a stop. Once for each.
   *
   * Errors: %G_IO_ERROR_TIMED_OUT if the worker does not die of SIGKILL either;
   * %G_IO_ERROR_CANCELLED.
   *
   * Returns: whether the worker is gone. That it had ended before is no error.
   *
   * Since: 0.1
   */
  gboolean               (*stop_finish)      (MaltAbstractWorker  *self,
                                              GAsyncResult        *result,
                                              gboolean            *was_running,
                                              GError             **error);

  /**
   * MaltAbstractWorkerInterface::kill:
   * @self: the worker
   * @signum: the number of a signal, never 0 here
   * @error: return location for an error
   *
   * Sends the worker a signal now. Optional, together with the capability. Does not block and does
   * not wait for the effect; the exit report of a worker that dies of it says
   * %MALT_EXIT_REASON_KILLED.
   *
   * Errors: %MALT_ERROR_TERMINATED_WORKER if the worker has ended; the error of kill(2).
   *
   * Returns: whether the signal was sent
   *
   * Since: 0.1
   */
  gboolean               (*kill)             (MaltAbstractWorker  *self,
                                              int                  signum,
                                              GError             **error);

  /**
   * MaltAbstractWorkerInterface::get_exit_report: (skip)
   * @self: the worker
   *
   * Says how the worker ended. Does not block. Set once, before is_running() says %FALSE and before
   * any call ends with %MALT_ERROR_TERMINATED_WORKER, and not changed afterwards.
   *
   * Returns: (transfer none) (nullable): a report that lives as long as the worker, %NULL while it
   *   runs
   *
   * Since: 0.1
   */
  MaltExitReport        *(*get_exit_report)  (MaltAbstractWorker  *self);

  /**
   * MaltAbstractWorkerInterface::capabilities:
   *
   * What workers of the type can do at most, for lists of backends; get_capabilities() of a worker
   * says nothing else, but may say less. %MALT_WORKER_CAPABILITY_NONE: not declared.
   *
   * Since: 0.1
   */
  MaltWorkerCapabilities  capabilities;

  /*< private >*/
  gboolean                is_guarded; /* that of some type is; see malt_register_backend() */
  /* Bindings would take it for a function to be implemented. */
#ifdef __GI_SCANNER__
  gpointer                get_inner;
#else
  MaltAbstractWorker    *(*get_inner)        (MaltAbstractWorker  *self);
#endif
  gpointer               padding[10];
};

MALT_AVAILABLE_IN_ALL
char                  *malt_abstract_worker_describe         (MaltAbstractWorker   *self);
MALT_AVAILABLE_IN_ALL
MaltWorkerCapabilities malt_abstract_worker_get_capabilities (MaltAbstractWorker   *self);
MALT_AVAILABLE_IN_ALL
gboolean               malt_abstract_worker_is_running       (MaltAbstractWorker   *self);

MALT_AVAILABLE_IN_ALL
void                   malt_abstract_worker_send_async       (MaltAbstractWorker   *self,
                                                              MaltCall             *call,
                                                              GCancellable         *cancellable,
                                                              GAsyncReadyCallback   callback,
                                                              gpointer              user_data);
MALT_AVAILABLE_IN_ALL
GVariant              *malt_abstract_worker_send_finish      (MaltAbstractWorker   *self,
                                                              GAsyncResult         *result,
                                                              GError              **error);
MALT_AVAILABLE_IN_ALL
GVariant              *malt_abstract_worker_send             (MaltAbstractWorker   *self,
                                                              MaltCall             *call,
                                                              GCancellable         *cancellable,
                                                              GError              **error);
MALT_AVAILABLE_IN_ALL
gboolean               malt_abstract_worker_post             (MaltAbstractWorker   *self,
                                                              MaltCall             *call,
                                                              GError              **error);

MALT_AVAILABLE_IN_ALL
gboolean               malt_abstract_worker_interrupt        (MaltAbstractWorker   *self,
                                                              GError              **error);
MALT_AVAILABLE_IN_ALL
void                   malt_abstract_worker_stop_async       (MaltAbstractWorker   *self,
                                                              guint                 exit_timeout_ms,
                                                              guint                 term_timeout_ms,
                                                              GCancellable         *cancellable,
                                                              GAsyncReadyCallback   callback,
                                                              gpointer              user_data);
MALT_AVAILABLE_IN_ALL
gboolean               malt_abstract_worker_stop_finish      (MaltAbstractWorker   *self,
                                                              GAsyncResult         *result,
                                                              gboolean             *was_running,
                                                              GError              **error);
MALT_AVAILABLE_IN_ALL
gboolean               malt_abstract_worker_stop             (MaltAbstractWorker   *self,
                                                              guint                 exit_timeout_ms,
                                                              guint                 term_timeout_ms,
                                                              GCancellable         *cancellable,
                                                              gboolean             *was_running,
                                                              GError              **error);
MALT_AVAILABLE_IN_ALL
gboolean               malt_abstract_worker_kill             (MaltAbstractWorker   *self,
                                                              int                   signum,
                                                              GError              **error);
MALT_AVAILABLE_IN_ALL
MaltExitReport        *malt_abstract_worker_get_exit_report  (MaltAbstractWorker   *self);

G_END_DECLS

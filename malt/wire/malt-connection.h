/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-call.h>

G_BEGIN_DECLS

#define MALT_TYPE_CONNECTION (malt_connection_get_type ())

/* The manager's end of a worker: calls, answers and control over two sockets. Whoever waits drives
 * the I/O: a blocking caller reads the data socket itself, an asynchronous caller's main context
 * holds a source on it, and the monitor reads control and writes what would block. */
MALT_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (MaltConnection, malt_connection, MALT, CONNECTION, GObject)

/* What a worker says to the log, which is not to be trusted: whoever passes it on sees to it that
 * no level ends the program, and that fields are not taken for others'. */
typedef struct
{
  GLogLevelFlags  level;      /* as the worker has it, ERROR included; no flags */
  const char     *domain;     /* (nullable) */
  const char     *message;
  guint           n_left_out; /* fields that the worker dropped */
  GVariant       *fields;     /* (nullable) a{sv} of s and ay, but whatever the worker put there */
} MaltLogRecord;

typedef struct
{
  /* Before the answers of one read are handed to their callers, without locks held, in any thread:
   * output that the worker wrote before them is to be shown first. May be NULL. */
  void (*before_delivery) (gpointer user_data);
  /* Once, in the monitor thread, when the peer is gone or broke the protocol (`error`), not when
   * malt_connection_close() was called. Calls that wait are still waiting: the owner closes with
   * the error they are to end with. */
  void (*lost)            (const GError *error, gpointer user_data);
  /* In the monitor thread: a log record of the worker. */
  void (*log)             (const MaltLogRecord *record, gpointer user_data);
  /* In the monitor thread: a call that was cancelled, interrupted or timed out is still running
   * after `unresponsive_timeout_ms`. `function`: its name; `traceback` (nullable): where it is. */
  void (*unresponsive)    (const char *function, const char *traceback, gpointer user_data);
} MaltConnectionHooks;

typedef struct
{
  guint64 max_pending_bytes;       /* of unanswered data, see the option of that name */
  guint64 max_message_bytes;
  guint   unresponsive_timeout_ms; /* 0: never */
} MaltConnectionLimits;

/* Takes both descriptors. `hooks` is copied; no hook runs after malt_connection_close() has
 * returned, except in another thread that was in it already: `user_data` lives until `destroy`. */
MALT_AVAILABLE_IN_ALL
MaltConnection *malt_connection_new              (int                         data_fd,
                                                  int                         control_fd,
                                                  const MaltConnectionLimits *limits,
                                                  const MaltConnectionHooks  *hooks,
                                                  gpointer                    user_data,
                                                  GDestroyNotify              destroy);

/* Sends `setup` (a{sv}), waits for the worker's hello and answers its a{sv}. In the monitor
 * thread; the caller keeps the deadline (cancel it). Errors: MALT_ERROR_PROTOCOL for garbage or
 * another major version; MALT_ERROR_START_FAILED with the worker's text when it says why it will
 * not start; G_IO_ERROR_CLOSED. */
MALT_AVAILABLE_IN_ALL
void            malt_connection_handshake_async  (MaltConnection             *self,
                                                  GVariant                   *setup,
                                                  GCancellable               *cancellable,
                                                  GAsyncReadyCallback         callback,
                                                  gpointer                    user_data);
MALT_AVAILABLE_IN_ALL
GVariant       *malt_connection_handshake_finish (MaltConnection             *self,
                                                  GAsyncResult               *result,
                                                  GError                    **error);

/* The worker's description, for the texts of errors. Before the first call. */
MALT_AVAILABLE_IN_ALL
void            malt_connection_set_worker       (MaltConnection             *self,
                                                  const char                 *worker);

/* `timeout_ms`: of the worker, for calls that set none. These call malt_call_begin() and _end(). */
MALT_AVAILABLE_IN_ALL
void            malt_connection_set_call_timeout (MaltConnection             *self,
                                                  guint                       timeout_ms);
MALT_AVAILABLE_IN_ALL
void            malt_connection_send_task        (MaltConnection             *self,
                                                  MaltCall                   *call,
                                                  GTask                      *task);
MALT_AVAILABLE_IN_ALL
void            malt_connection_send_async       (MaltConnection             *self,
                                                  MaltCall                   *call,
                                                  GCancellable               *cancellable,
                                                  GAsyncReadyCallback         callback,
                                                  gpointer                    user_data);
MALT_AVAILABLE_IN_ALL
GVariant       *malt_connection_send_finish      (MaltConnection             *self,
                                                  GAsyncResult               *result,
                                                  GError                    **error);
MALT_AVAILABLE_IN_ALL
GVariant       *malt_connection_send_sync        (MaltConnection             *self,
                                                  MaltCall                   *call,
                                                  GCancellable               *cancellable,
                                                  GError                    **error);
MALT_AVAILABLE_IN_ALL
gboolean        malt_connection_post             (MaltConnection             *self,
                                                  MaltCall                   *call,
                                                  GError                    **error);
MALT_AVAILABLE_IN_ALL
gboolean        malt_connection_interrupt        (MaltConnection             *self,
                                                  GError                    **error);
/* Asks the worker to leave: within grace_ms it ends what runs. Calls that wait go on waiting for
 * close(). */
MALT_AVAILABLE_IN_ALL
void            malt_connection_send_stop        (MaltConnection             *self,
                                                  guint                       grace_ms);

/* The worker has ended: tells what it has logged before. Monitor thread, before close(). */
MALT_AVAILABLE_IN_ALL
void            malt_connection_drain_log        (MaltConnection             *self);
/* Gives the worker away, which goes on: both descriptors, that of data and that of control, are the
 * caller's, and this is closed. Before the first call, not in the monitor's dispatch of this.
 * Whoever gets the worker greets it anew. Errors: G_IO_ERROR_PENDING when something is under way,
 * G_IO_ERROR_CLOSED when there is no worker any more. */
MALT_AVAILABLE_IN_ALL
gboolean        malt_connection_detach           (MaltConnection             *self,
                                                  int                        *data_fd,
                                                  int                        *control_fd,
                                                  GError                    **error);
/* Ends every call that waits, and every later one, with a copy of `error`; drops both sockets. Any
 * thread; the second call does nothing. */
MALT_AVAILABLE_IN_ALL
void            malt_connection_close            (MaltConnection             *self,
                                                  const GError               *error);

/* Whether the peer has both ends of its own open, asked of the kernel. Any thread. */
MALT_AVAILABLE_IN_ALL
gboolean        malt_connection_is_connected     (MaltConnection             *self);
MALT_AVAILABLE_IN_ALL
guint           malt_connection_get_n_pending    (MaltConnection             *self);
/* Names of the functions that have been sent and not answered, latest first. (transfer full) */
MALT_AVAILABLE_IN_ALL
char          **malt_connection_dup_running_calls (MaltConnection            *self);

G_END_DECLS

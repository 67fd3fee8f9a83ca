/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-connection-private.h"

#include "malt/malt-error.h"
#include "malt/wire/malt-monitor.h"

#include <poll.h>
#include <unistd.h>

/**
 * MaltConnection: (skip)
 *
 * The manager's end of a worker: calls, answers and control over two connected
 * stream sockets. For backends whose workers run [class@Malt.Runtime] behind
 * such sockets, however they were made.
 *
 * ```c
 * connection = malt_connection_new (data_fd, control_fd, &limits, &hooks, self, NULL);
 * malt_connection_handshake_async (connection, setup, cancellable, on_greeted, self);
 * …
 * value = malt_connection_send_sync (connection, call, cancellable, &error);
 * …
 * malt_connection_close (connection, error);
 * g_object_unref (connection);
 * ```
 *
 * Whoever waits drives the I/O: a blocking caller reads the data socket itself,
 * an asynchronous caller's main context holds a source on it while it has calls,
 * and the monitor thread reads control and writes what would block.
 *
 * It is not the worker: it neither starts nor ends a process, and when the peer
 * is gone it says so and leaves the rest to its owner.
 *
 * Since: 0.1
 */
G_DEFINE_FINAL_TYPE (MaltConnection, malt_connection, G_TYPE_OBJECT)

static void
malt_connection_finalize (GObject *object)
{
  MaltConnection *self = MALT_CONNECTION (object);

  malt_connection_end_monitor (self);
  g_hash_table_unref (self->contexts);
  g_hash_table_unref (self->late);
  malt_pending_free (self->pending);
  malt_stream_free (self->data);
  malt_stream_free (self->control);
  g_clear_error (&self->close_error);
  g_clear_error (&self->lost_error);
  g_free (self->last_post);
  g_free (self->worker);
  g_mutex_clear (&self->lock);
  if (self->hooks_destroy != NULL)
    self->hooks_destroy (self->hooks_data);

  G_OBJECT_CLASS (malt_connection_parent_class)->finalize (object);
}

static void
malt_connection_class_init (MaltConnectionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = malt_connection_finalize;
}

static void
malt_connection_init (MaltConnection *self)
{
  g_mutex_init (&self->lock);
  g_queue_init (&self->waiting);
  g_queue_init (&self->waiters);
  self->pending = malt_pending_new ();
  self->contexts = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_source_unref);
  self->late = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL,
                                      malt_connection_late_call_free);
}

/**
 * MaltLogRecord: (skip)
 * @level: the level as the worker has it, %G_LOG_LEVEL_ERROR included; no flags
 * @domain: (nullable): the log domain
 * @message: the message
 * @n_left_out: how many fields the worker dropped, for they were too many or too large
 * @fields: (nullable): `a{sv}`, further fields, whose values are `s` and `ay` if the
 *   worker keeps to it
 *
 * What a worker says to the log, which is not to be trusted: whoever passes it on sees
 * to it that no level ends the program, and that fields are not taken for others'. It
 * and what it has are there as long as the hook runs.
 *
 * Since: 0.1
 */

/**
 * MaltConnectionDeliveryFunc: (skip)
 * @user_data: what the connection was made with
 *
 * Is called before the answers of one read are handed to their callers: output that
 * the worker wrote before them is to be shown first. In whatever thread reads, without
 * locks held; the answers wait until it returns.
 *
 * Since: 0.1
 */

/**
 * MaltConnectionLostFunc: (skip)
 * @error: of the domain `MALT_ERROR` if the peer broke the protocol, of
 *   `G_IO_ERROR` if it is gone
 * @user_data: what the connection was made with
 *
 * Is called when the peer is gone, or broke the protocol, and
 * [method@Malt.Connection.close] had not been called. Once, in the monitor thread.
 * Calls that wait are still waiting: the owner closes with the error that they are to
 * end with.
 *
 * Since: 0.1
 */

/**
 * MaltConnectionLogFunc: (skip)
 * @record: what the worker says
 * @user_data: what the connection was made with
 *
 * Is called for each log record of the worker. In the monitor thread, so it must not
 * block.
 *
 * Since: 0.1
 */

/**
 * MaltConnectionUnresponsiveFunc: (skip)
 * @function: the name of the function that was called, UTF-8
 * @traceback: (nullable): where in the worker it is, one `chunk:line` frame a line, if
 *   the worker says so
 * @user_data: what the connection was made with
 *
 * Is called when a call that was cancelled, interrupted or timed out is still running
 * after `unresponsive_timeout_ms`, once for each. In the monitor thread, so it must not
 * block.
 *
 * Since: 0.1
 */

/**
 * MaltConnectionHooks: (skip)
 * @before_delivery: (nullable): called before answers are handed over, in any thread
 * @lost: (nullable): called when the peer is gone, in the monitor thread
 * @log: (nullable): called for each log record, in the monitor thread
 * @unresponsive: (nullable): called when a call does not heed its end, in the monitor
 *   thread
 *
 * What the owner of a connection wants to know. No hook runs after
 * [method@Malt.Connection.close] has returned, except in another thread that was in it
 * already.
 *
 * Since: 0.1
 */

/**
 * MaltConnectionLimits: (skip)
 * @max_pending_bytes: of unanswered data, after which calls wait and then fail, as the
 *   option `max-pending-bytes`
 * @max_message_bytes: of one message either way, as the option `max-message-size`
 * @unresponsive_timeout_ms: what a call has to heed its end, in milliseconds; 0 for
 *   ever
 *
 * What a connection holds a worker, and those who call it, to.
 *
 * Since: 0.1
 */

/**
 * malt_connection_new: (skip)
 * @data_fd: a connected stream socket, owned from now on
 * @control_fd: another one, owned from now on
 * @limits: bytes and milliseconds, copied
 * @hooks: what the owner wants to know, copied
 * @user_data: passed to the hooks
 * @destroy: (nullable): for @user_data, when the connection is freed, in any
 *   thread
 *
 * Creates the manager's end of a worker. Starts the monitor thread if it does
 * not run yet. The owner closes the connection before it lets go of it, unless
 * nothing was ever sent.
 *
 * Returns: (transfer full): a connection that has not shaken hands
 *
 * Since: 0.1
 */
MaltConnection *
malt_connection_new (int                         data_fd,
                     int                         control_fd,
                     const MaltConnectionLimits *limits,
                     const MaltConnectionHooks  *hooks,
                     gpointer                    user_data,
                     GDestroyNotify              destroy)
{
  MaltConnection *self;

  g_return_val_if_fail (data_fd >= 0, NULL);
  g_return_val_if_fail (control_fd >= 0, NULL);
  g_return_val_if_fail (limits != NULL, NULL);
  g_return_val_if_fail (hooks != NULL, NULL);

  self = g_object_new (MALT_TYPE_CONNECTION, NULL);
  self->data = malt_stream_new (data_fd, limits->max_message_bytes);
  self->control = malt_stream_new (control_fd, MALT_MESSAGE_MAX_CONTROL_BYTES);
  self->limits = *limits;
  self->hooks = *hooks;
  self->hooks_data = user_data;
  self->hooks_destroy = destroy;
  malt_connection_start_monitor (self);

  return self;
}

/**
 * malt_connection_set_worker: (skip)
 * @self: a connection that has no calls yet
 * @worker: the description of the worker, UTF-8
 *
 * Sets whose errors they are, for their texts.
 *
 * Since: 0.1
 */
void
malt_connection_set_worker (MaltConnection *self,
                            const char     *worker)
{
  g_return_if_fail (MALT_IS_CONNECTION (self));

  g_free (self->worker);
  self->worker = g_strdup (worker);
}

/**
 * malt_connection_set_call_timeout: (skip)
 * @self: a connection
 * @timeout_ms: milliseconds; 0 or `G_MAXUINT` for none
 *
 * Sets the time-out of calls that set none. Those that have been sent keep
 * theirs. Any thread.
 *
 * Since: 0.1
 */
void
malt_connection_set_call_timeout (MaltConnection *self,
                                  guint           timeout_ms)
{
  g_return_if_fail (MALT_IS_CONNECTION (self));

  g_atomic_int_set (&self->call_timeout_ms, timeout_ms);
}

/**
 * malt_connection_close: (skip)
 * @self: a connection
 * @error: what calls end with from now on
 *
 * Ends every call that waits, and every later one, with a copy of @error, and
 * shuts both sockets. Answers that have arrived already are still handed over.
 *
 * Any thread, hooks included. If a thread is reading at the moment, it ends the
 * calls, a little after this has returned. The second call does nothing.
 *
 * Since: 0.1
 */
void
malt_connection_close (MaltConnection *self,
                       const GError   *error)
{
  gboolean is_role_ours;

  g_return_if_fail (MALT_IS_CONNECTION (self));
  g_return_if_fail (error != NULL);

  g_mutex_lock (&self->lock);
  if (self->close_error != NULL)
    {
      g_mutex_unlock (&self->lock);
      return;
    }

  self->close_error = g_error_copy (error);
  g_atomic_int_set (&self->is_closing, TRUE);

  is_role_ours = !self->is_role_taken;
  self->is_role_taken = TRUE;
  if (self->reader != NULL)
    malt_connection_wake_call_locked (self->reader);
  /* During the handshake the monitor is the reader. */
  if (self->handshake != NULL)
    malt_connection_wake_monitor_locked (self, 0);
  g_mutex_unlock (&self->lock);

  if (is_role_ours)
    malt_connection_release_role (self);
}

/* From now on nothing is sent, and this has the read role for good. */
static gboolean
begin_to_detach (MaltConnection  *self,
                 GError         **error)
{
  gboolean is_over, is_idle;

  g_mutex_lock (&self->lock);
  is_over = !self->is_greeted || self->is_lost || self->close_error != NULL;
  is_idle = self->last_id == 0 && !self->is_role_taken
            && malt_stream_is_empty (self->data) && malt_stream_is_empty (self->control);
  if (!is_over && is_idle)
    {
      self->is_role_taken = TRUE;
      self->close_error = g_error_new (MALT_ERROR, MALT_ERROR_FAILED, "%s has been handed on",
                                       self->worker != NULL ? self->worker : "The worker");
      g_atomic_int_set (&self->is_closing, TRUE);
    }
  g_mutex_unlock (&self->lock);

  if (is_over)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                         "Cannot hand on a worker: its connection is closed");
  else if (!is_idle)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                         "Cannot hand on a worker that has been called, or is saying something");
  return !is_over && is_idle;
}

typedef struct
{
  MaltConnection *connection;
  int             data_fd;
  int             control_fd;
  GError         *error;
} Detachment;

/* Runs in the monitor thread, which therefore does not read control meanwhile. */
static void
detach (gpointer user_data)
{
  Detachment *detachment = user_data;
  MaltConnection *self = detachment->connection;

  if (!begin_to_detach (self, &detachment->error))
    return;

  detachment->data_fd = malt_stream_steal_fd (self->data, &detachment->error);
  if (detachment->data_fd >= 0)
    detachment->control_fd = malt_stream_steal_fd (self->control, &detachment->error);
  malt_connection_release_role (self);
}

/**
 * malt_connection_detach: (skip)
 * @self: a connection that has shaken hands, over which nothing has been called
 * @data_fd: (out): the socket of data, owned by the caller
 * @control_fd: (out): the socket of control, owned by the caller
 * @error: return location for an error
 *
 * Gives the worker away. Neither socket is shut down, and the connection is
 * closed: later calls fail, and no hook is called any more. Whoever the sockets
 * are handed to greets the worker anew, which then passes no descriptors.
 *
 * Any thread that holds no lock of the monitor's, but no hook; blocks until that thread comes
 * round to it.
 *
 * Errors: %G_IO_ERROR_PENDING if something has been called, or the worker is in
 * the midst of a message, and nothing has changed; %G_IO_ERROR_CLOSED if there is
 * no worker; other codes of %G_IO_ERROR when no descriptor is left, and then the
 * connection is closed.
 *
 * Returns: %TRUE if both are the caller's
 *
 * Since: 0.1
 */
gboolean
malt_connection_detach (MaltConnection  *self,
                        int             *data_fd,
                        int             *control_fd,
                        GError         **error)
{
  Detachment detachment = { self, -1, -1, NULL };

  g_return_val_if_fail (MALT_IS_CONNECTION (self), FALSE);
  g_return_val_if_fail (data_fd != NULL && control_fd != NULL, FALSE);

  malt_monitor_run (detach, &detachment);
  if (detachment.error != NULL)
    {
      if (detachment.data_fd >= 0)
        close (detachment.data_fd);
      g_propagate_error (error, detachment.error);
      return FALSE;
    }

  *data_fd = detachment.data_fd;
  *control_fd = detachment.control_fd;
  return TRUE;
}

/**
 * malt_connection_is_connected: (skip)
 * @self: a connection that has not been closed
 *
 * Checks whether the peer still has data and control open.
 *
 * The kernel is asked, so that an end is seen that nobody has read yet. Any
 * thread, does not block.
 *
 * Returns: %FALSE once the peer has closed one of the two
 *
 * Since: 0.1
 */
gboolean
malt_connection_is_connected (MaltConnection *self)
{
  struct pollfd ends[2];

  g_return_val_if_fail (MALT_IS_CONNECTION (self), FALSE);

  ends[0] = (struct pollfd) { malt_stream_get_fd (self->data), POLLRDHUP, 0 };
  ends[1] = (struct pollfd) { malt_stream_get_fd (self->control), POLLRDHUP, 0 };

  return poll (ends, G_N_ELEMENTS (ends), 0) == 0;
}

/**
 * malt_connection_get_n_pending: (skip)
 * @self: a connection
 *
 * Gets how many calls have not ended. Any thread.
 *
 * Returns: calls that were sent or wait for room; posts are not counted
 *
 * Since: 0.1
 */
guint
malt_connection_get_n_pending (MaltConnection *self)
{
  guint n_pending;

  g_return_val_if_fail (MALT_IS_CONNECTION (self), 0);

  g_mutex_lock (&self->lock);
  n_pending = malt_pending_get_n_calls (self->pending) + self->waiting.length;
  g_mutex_unlock (&self->lock);

  return n_pending;
}

/**
 * malt_connection_dup_running_calls: (skip)
 * @self: a connection
 *
 * Gets what the worker has been asked and has not answered. Any thread.
 *
 * Returns: (transfer full): names of functions, latest first
 *
 * Since: 0.1
 */
char **
malt_connection_dup_running_calls (MaltConnection *self)
{
  char **functions;

  g_return_val_if_fail (MALT_IS_CONNECTION (self), NULL);

  g_mutex_lock (&self->lock);
  functions = malt_pending_dup_functions (self->pending);
  g_mutex_unlock (&self->lock);

  return functions;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/relay/malt-relay-pipe-private.h"

#include <fcntl.h>

/**
 * MaltRelayOutput: (skip)
 *
 * stdout and stderr of one worker: read from pipes, or fed, cut into lines, and brought
 * to where its options say, each by its [enum@Malt.RelayMode]. The end of stderr is
 * kept for the report.
 *
 * ```c
 * output = malt_relay_output_new (modes, events, &error);
 * … the child gets malt_relay_output_get_worker_fd (output, 1) and (output, 2) …
 * malt_relay_output_start (output, pid);
 * malt_relay_output_read (output);
 * … it has ended …
 * malt_relay_output_finish (output);
 * ```
 *
 * It does not know when the worker has ended, and emits no signals by itself: those go
 * through [struct@Malt.RelayEvents].
 *
 * Since: 0.1
 */

/**
 * malt_relay_output_new_fed: (skip)
 * @modes: (array fixed-size=2): of stdout, of stderr
 * @events: where lines go to
 *
 * Creates what brings on the output of a worker that is not a child of this
 * process: its bytes come by [method@Malt.RelayOutput.feed]. There is nothing that
 * it could inherit, so what it says in that mode is written on this process's own
 * stdout or stderr.
 *
 * Returns: (transfer full): the output
 *
 * Since: 0.1
 */
MaltRelayOutput *
malt_relay_output_new_fed (const MaltRelayMode  modes[2],
                           MaltRelayEvents     *events)
{
  MaltRelayOutput *self = g_atomic_rc_box_new0 (MaltRelayOutput);

  g_mutex_init (&self->lock);
  self->events = malt_relay_events_ref (events);
  for (guint i = 0; i < G_N_ELEMENTS (self->pipes); i++)
    malt_relay_pipe_init (&self->pipes[i], self, i + 1, modes[i]);
  return self;
}

/**
 * malt_relay_output_new: (skip)
 * @modes: (array fixed-size=2): of stdout, of stderr
 * @events: where lines go to
 * @error: return location for an error
 *
 * Creates what brings on the output of a child, and the pipes for it. Nothing is
 * read before [method@Malt.RelayOutput.read].
 *
 * Errors: the code of `G_IO_ERROR` for what the system says when there are no pipes
 * left.
 *
 * Returns: (transfer full): the output, %NULL with @error set
 *
 * Since: 0.1
 */
MaltRelayOutput *
malt_relay_output_new (const MaltRelayMode   modes[2],
                       MaltRelayEvents      *events,
                       GError              **error)
{
  g_autoptr (MaltRelayOutput) self = malt_relay_output_new_fed (modes, events);

  for (guint i = 0; i < G_N_ELEMENTS (self->pipes); i++)
    if (!malt_relay_pipe_open (&self->pipes[i], error))
      return NULL;
  return g_steal_pointer (&self);
}

/**
 * malt_relay_output_ref: (skip)
 * @self: the output of a worker
 *
 * Takes a reference. Any thread.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
MaltRelayOutput *
malt_relay_output_ref (MaltRelayOutput *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
output_clear (MaltRelayOutput *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->pipes); i++)
    malt_relay_pipe_clear (&self->pipes[i]);
  g_clear_pointer (&self->buffer, g_free);
  g_clear_pointer (&self->events, malt_relay_events_unref);
  g_mutex_clear (&self->lock);
}

/**
 * malt_relay_output_unref: (skip)
 * @self: (transfer full): the output of a worker
 *
 * Drops a reference, of one that has been finished or has not been started. Any
 * thread.
 *
 * Since: 0.1
 */
void
malt_relay_output_unref (MaltRelayOutput *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) output_clear);
}

/**
 * malt_relay_output_get_worker_fd: (skip)
 * @self: the output of a worker
 * @number: 1 for stdout, 2 for stderr
 *
 * Gets what the worker is to have as that descriptor. Before
 * [method@Malt.RelayOutput.start].
 *
 * Returns: a borrowed descriptor, −1 for /dev/null
 *
 * Since: 0.1
 */
int
malt_relay_output_get_worker_fd (MaltRelayOutput *self,
                                 guint            number)
{
  MaltRelayPipe *pipe = &self->pipes[number - 1];

  if (pipe->mode == MALT_RELAY_MODE_INHERIT && fcntl ((int) number, F_GETFD) >= 0)
    return (int) number;
  return pipe->worker_fd;
}

/**
 * malt_relay_output_start: (skip)
 * @self: the output of a worker
 * @pid: of the worker, for what is shown
 *
 * Says that the worker has been started, and closes the worker’s ends. Monitor
 * thread.
 *
 * Since: 0.1
 */
void
malt_relay_output_start (MaltRelayOutput *self,
                         int              pid)
{
  self->pid = pid;
  for (guint i = 0; i < G_N_ELEMENTS (self->pipes); i++)
    malt_relay_pipe_close_worker_fd (&self->pipes[i]);
}

/**
 * malt_relay_output_read: (skip)
 * @self: the output of a worker
 *
 * Reads the pipes from here on, until [method@Malt.RelayOutput.finish]. Monitor
 * thread.
 *
 * Since: 0.1
 */
void
malt_relay_output_read (MaltRelayOutput *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->pipes); i++)
    malt_relay_pipe_start_reading (&self->pipes[i]);
}

/**
 * malt_relay_output_hold: (skip)
 * @self: the output of a worker
 *
 * Has the worker wait for whoever reads its streams, however long that takes, where
 * otherwise a reader that has not been seen for a second loses the oldest bytes. For
 * one that cannot go away without the worker. Any thread.
 *
 * Since: 0.1
 */
void
malt_relay_output_hold (MaltRelayOutput *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->pipes); i++)
    if (self->pipes[i].stream != NULL)
      malt_relay_stream_hold (self->pipes[i].stream);
}

/**
 * malt_relay_output_wants_pause: (skip)
 * @self: the output of a worker
 * @number: 1 for stdout, 2 for stderr
 *
 * Checks whether a terminal, or a reader of the stream, had better be given
 * time. Output that is fed all the same may be dropped. Monitor thread.
 *
 * Returns: whether [method@Malt.RelayOutput.feed] had better wait
 *
 * Since: 0.1
 */
gboolean
malt_relay_output_wants_pause (MaltRelayOutput *self,
                               guint            number)
{
  return malt_relay_pipe_wants_pause (&self->pipes[number - 1]);
}

/**
 * malt_relay_output_feed: (skip)
 * @self: the output of a worker
 * @number: 1 for stdout, 2 for stderr
 * @bytes: what the worker wrote
 * @length: of @bytes, in bytes
 *
 * Brings on what a worker wrote that has no pipe of ours; before or after
 * [method@Malt.RelayOutput.start]. What comes after [method@Malt.RelayOutput.finish] is
 * dropped. Monitor thread.
 *
 * Since: 0.1
 */
void
malt_relay_output_feed (MaltRelayOutput *self,
                        guint            number,
                        const char      *bytes,
                        gsize            length)
{
  MaltRelayPipe *pipe = &self->pipes[number - 1];

  g_mutex_lock (&self->lock);
  if (pipe->is_open)
    malt_relay_pipe_bring_on_locked (pipe, bytes, length);
  g_mutex_unlock (&self->lock);
}

/**
 * malt_relay_output_drain: (skip)
 * @self: the output of a worker
 *
 * Brings on what is in the pipes now, and waits until it is shown, within
 * reason: before results are handed over that belong after it. Any thread.
 *
 * Since: 0.1
 */
void
malt_relay_output_drain (MaltRelayOutput *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->pipes); i++)
    malt_relay_pipe_drain (&self->pipes[i]);
}

/**
 * malt_relay_output_finish: (skip)
 * @self: the output of a worker
 *
 * Brings on what is in the pipes, and a last line without newline, and closes
 * them, whoever else holds them. Monitor thread.
 *
 * Since: 0.1
 */
void
malt_relay_output_finish (MaltRelayOutput *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->pipes); i++)
    malt_relay_pipe_stop_reading (&self->pipes[i]);

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < G_N_ELEMENTS (self->pipes); i++)
    malt_relay_pipe_finish_locked (&self->pipes[i]);
  g_clear_pointer (&self->buffer, g_free);
  g_mutex_unlock (&self->lock);
}

/**
 * malt_relay_output_dup_tail: (skip)
 * @self: the output of a worker
 *
 * Gets the end of stderr. Any thread.
 *
 * Returns: (transfer full): at most 4 KiB of any bytes but NUL
 *
 * Since: 0.1
 */
char *
malt_relay_output_dup_tail (MaltRelayOutput *self)
{
  char *tail;

  g_mutex_lock (&self->lock);
  tail = malt_relay_tail_dup (&self->pipes[1].tail);
  g_mutex_unlock (&self->lock);
  return tail;
}

/**
 * malt_relay_output_dup_stream: (skip)
 * @self: the output of a worker
 * @number: 1 for stdout, 2 for stderr
 *
 * Gets the stream of mode `stream`. Any thread.
 *
 * Returns: (transfer full) (nullable): the stream, %NULL in other modes
 *
 * Since: 0.1
 */
GInputStream *
malt_relay_output_dup_stream (MaltRelayOutput *self,
                              guint            number)
{
  MaltRelayStream *stream = self->pipes[number - 1].stream;

  return stream != NULL ? G_INPUT_STREAM (g_object_ref (stream)) : NULL;
}

/**
 * malt_relay_output_get_dropped: (skip)
 * @self: the output of a worker
 *
 * Gets how much nobody took in time. Any thread.
 *
 * Returns: bytes
 *
 * Since: 0.1
 */
guint64
malt_relay_output_get_dropped (MaltRelayOutput *self)
{
  guint64 dropped;

  g_mutex_lock (&self->lock);
  dropped = self->dropped;
  g_mutex_unlock (&self->lock);
  return dropped;
}

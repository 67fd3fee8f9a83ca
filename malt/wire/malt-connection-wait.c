/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-connection-private.h"

#include "malt/malt-call-backend.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void
close_wake_fd (gpointer data)
{
  close (GPOINTER_TO_INT (data) - 1);
}

/* One a thread, for all calls it will ever make; the value is the descriptor + 1. */
static GPrivate wake_fd_private = G_PRIVATE_INIT (close_wake_fd);

int
malt_connection_get_wake_fd (GError **error)
{
  int fd = GPOINTER_TO_INT (g_private_get (&wake_fd_private)) - 1;

  if (fd >= 0)
    return fd;

  fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                 "Cannot make an event descriptor to wait with: %s", g_strerror (errno));
  else
    g_private_set (&wake_fd_private, GINT_TO_POINTER (fd + 1));

  return fd;
}

static void
drain_wake_fd (int fd)
{
  guint64 count;

  (void) !read (fd, &count, sizeof count);
}

void
malt_connection_wake_call_locked (MaltPendingCall *call)
{
  const guint64 one = 1;

  (void) !write (call->wake_fd, &one, sizeof one);
}

/* Leaves the role, or passes on the offer of it, before doing something else than waiting. */
static void
step_aside (MaltConnection  *self,
            MaltPendingCall *call,
            gboolean        *is_reading)
{
  if (*is_reading)
    {
      malt_connection_release_role (self);
      *is_reading = FALSE;
      return;
    }

  g_mutex_lock (&self->lock);
  if (call->is_offered && !self->is_role_taken && !self->is_data_over)
    malt_connection_offer_role_locked (self);
  call->is_offered = FALSE;
  g_mutex_unlock (&self->lock);
}

static void
tell_progress (MaltConnection  *self,
               MaltPendingCall *call)
{
  g_autofree char *message = NULL;
  double fraction;

  g_mutex_lock (&self->lock);
  message = g_steal_pointer (&call->progress_message);
  fraction = call->progress_fraction;
  call->has_progress = FALSE;
  g_mutex_unlock (&self->lock);

  malt_call_emit_progress (call->call, fraction, message);

  g_mutex_lock (&self->lock);
  call->is_busy = FALSE;
  g_mutex_unlock (&self->lock);
}

/* Looks at everything that can have changed; FALSE when there is nothing to do but to poll, as a
 * reader if the role is free. */
static gboolean
has_ended (MaltConnection  *self,
           MaltPendingCall *call,
           gboolean        *is_reading)
{
  for (;;)
    {
      gboolean is_ended;
      gboolean is_told;

      g_mutex_lock (&self->lock);
      is_told = !call->has_progress;
      is_ended = is_told && call->state == MALT_PENDING_ENDED;
      if (is_told && !is_ended && !(*is_reading && (self->is_data_over || self->close_error)))
        {
          if (!*is_reading && malt_connection_take_role_locked (self, call))
            {
              *is_reading = TRUE;
              call->is_offered = FALSE;
            }
          g_mutex_unlock (&self->lock);
          return FALSE;
        }

      call->is_busy = !is_told;
      if (is_ended)
        g_queue_unlink (&self->waiters, &call->waiter_link);
      g_mutex_unlock (&self->lock);

      step_aside (self, call, is_reading);
      if (is_ended)
        return TRUE;
      if (!is_told)
        tell_progress (self, call);
    }
}

static void
poll_as_reader (MaltConnection *self,
                int             wake_fd)
{
  gboolean has_output = malt_stream_get_queued_bytes (self->data) > 0;
  struct pollfd fds[] = {
    { .fd = malt_stream_get_fd (self->data), .events = POLLIN | (has_output ? POLLOUT : 0) },
    { .fd = wake_fd, .events = POLLIN },
  };

  if (!has_output && malt_connection_read_spinning (self))
    return;

  if (poll (fds, G_N_ELEMENTS (fds), -1) < 0)
    return;

  if (fds[1].revents != 0)
    drain_wake_fd (wake_fd);
  if (fds[0].revents & POLLOUT)
    malt_connection_flush (self, TRUE);
  if (fds[0].revents & ~POLLOUT)
    malt_connection_read_batch (self);
}

static void
poll_as_waiter (int wake_fd)
{
  struct pollfd fd = { .fd = wake_fd, .events = POLLIN };

  if (poll (&fd, 1, -1) > 0)
    drain_wake_fd (wake_fd);
}

void
malt_connection_wait (MaltConnection  *self,
                      MaltPendingCall *call,
                      gboolean         is_reading)
{
  while (!has_ended (self, call, &is_reading))
    {
      if (is_reading)
        poll_as_reader (self, call->wake_fd);
      else
        poll_as_waiter (call->wake_fd);
    }
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/relay/malt-peer-private.h"

#include "malt/malt-clear-source.h"
#include "malt/malt-return-task.h"
#include "malt/wire/malt-monitor.h"

#include <signal.h>

/* What a worker that is asked to leave may give to what runs in it, in milliseconds. It cancels
 * that first; code that heeds it ends in well under one, so this is for clean-ups. */
#define STOP_GRACE_MSEC 200

/* For a worker that nobody holds any more, in milliseconds a rung: nobody waits for it either. */
#define ABANDON_TIMEOUT_MSEC 1000

/* The highest number of a signal on Linux, where the peer may be another machine. */
#define MAX_SIGNAL 64

/* Somebody waits for the end. */
typedef struct
{
  MaltPeer *peer;          /* owned */
  GTask    *task;          /* owned */
  guint     exit_timeout_ms;
  guint     term_timeout_ms;
  GSource  *cancel_source; /* owned (nullable); borrows this */
} MaltPeerStop;

/* Takes the error. */
static void
end_stop (MaltPeerStop *stop,
          int           result,
          GError       *error)
{
  malt_return_task (g_steal_pointer (&stop->task), result, error);
  malt_clear_source (&stop->cancel_source);
  g_object_unref (stop->peer);
  g_free (stop);
}

void
malt_peer_end_stops (MaltPeer *self)
{
  while (self->stops->len > 0)
    end_stop (g_ptr_array_steal_index (self->stops, 0), 1, NULL);
}

/**
 * malt_peer_give_up: (skip)
 * @self: a peer
 *
 * Has those who wait for the end wait no longer: it has not come within
 * %MALT_PEER_KILL_TIMEOUT_MSEC of SIGKILL. The peer may still end. Monitor thread.
 *
 * Since: 0.1
 */
void
malt_peer_give_up (MaltPeer *self)
{
  g_return_if_fail (MALT_IS_PEER (self));

  while (self->stops->len > 0)
    end_stop (g_ptr_array_steal_index (self->stops, 0), -1,
              g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                           "%s does not end, not even on SIGKILL for %u seconds",
                           self->description, MALT_PEER_KILL_TIMEOUT_MSEC / 1000));
}

/**
 * malt_peer_ask_to_leave: (skip)
 * @self: a peer
 * @exit_timeout_ms: what it is given, in milliseconds
 *
 * Asks the peer over its connection to leave: the first rung of a ladder. What runs in
 * it is cancelled, and has up to 200 ms of the time to end. Monitor thread.
 *
 * Since: 0.1
 */
void
malt_peer_ask_to_leave (MaltPeer *self,
                        guint     exit_timeout_ms)
{
  g_return_if_fail (MALT_IS_PEER (self));

  malt_connection_send_stop (self->connection, MIN (exit_timeout_ms, STOP_GRACE_MSEC));
}

/* Runs in the monitor thread. Ends the waiting, not what has been begun. */
static gboolean
on_stop_cancelled (GCancellable *cancellable,
                   gpointer      user_data)
{
  MaltPeerStop *stop = user_data;
  GError *error = NULL;

  g_ptr_array_remove_fast (stop->peer->stops, stop);
  g_cancellable_set_error_if_cancelled (cancellable, &error);
  end_stop (stop, -1, error);
  return G_SOURCE_REMOVE;
}

static void
watch_cancellable (MaltPeerStop *stop)
{
  GCancellable *cancellable = g_task_get_cancellable (stop->task);

  if (cancellable == NULL)
    return;
  stop->cancel_source = g_cancellable_source_new (cancellable);
  g_source_set_callback (stop->cancel_source, G_SOURCE_FUNC (on_stop_cancelled), stop, NULL);
  g_source_attach (stop->cancel_source, malt_monitor_get_context ());
}

/* Runs in the monitor thread. */
static gboolean
on_stop (gpointer user_data)
{
  MaltPeerStop *stop = user_data;
  /* To climb may find the worker gone, and that ends the stop. */
  g_autoptr (MaltPeer) self = g_object_ref (stop->peer);

  if (malt_peer_get_report (self) != NULL)
    {
      end_stop (stop, 0, NULL);
      return G_SOURCE_REMOVE;
    }
  g_ptr_array_add (self->stops, stop);
  watch_cancellable (stop);
  MALT_PEER_GET_CLASS (self)->climb (self, stop->exit_timeout_ms, stop->term_timeout_ms);
  return G_SOURCE_REMOVE;
}

void
malt_peer_stop (MaltPeer *self,
                guint     exit_timeout_ms,
                guint     term_timeout_ms,
                GTask    *task)
{
  MaltPeerStop *stop = g_new0 (MaltPeerStop, 1);

  stop->peer = g_object_ref (self);
  stop->task = task;
  stop->exit_timeout_ms = exit_timeout_ms;
  stop->term_timeout_ms = term_timeout_ms;
  g_main_context_invoke (malt_monitor_get_context (), on_stop, stop);
}

/* Runs in the monitor thread. */
static gboolean
on_abandoned (gpointer user_data)
{
  MaltPeer *self = user_data;

  if (malt_peer_get_report (self) == NULL)
    MALT_PEER_GET_CLASS (self)->climb (self, ABANDON_TIMEOUT_MSEC, ABANDON_TIMEOUT_MSEC);
  return G_SOURCE_REMOVE;
}

/**
 * malt_peer_abandon: (skip)
 * @self: a peer
 *
 * Has the peer ended, for nobody wants it any more, and nobody waits. Any thread.
 *
 * Since: 0.1
 */
void
malt_peer_abandon (MaltPeer *self)
{
  g_return_if_fail (MALT_IS_PEER (self));

  g_main_context_invoke_full (malt_monitor_get_context (), G_PRIORITY_DEFAULT, on_abandoned,
                              g_object_ref (self), g_object_unref);
}

gboolean
malt_peer_kill (MaltPeer  *self,
                int        signum,
                GError   **error)
{
  if (signum < 0 || signum > MAX_SIGNAL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Cannot send signal “%d”: not a signal", signum);
      return FALSE;
    }

  return malt_peer_check_running (self, error)
         && MALT_PEER_GET_CLASS (self)->kill (self, signum != 0 ? signum : SIGTERM, error);
}

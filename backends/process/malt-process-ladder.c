/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/process/malt-process-child.h"

static void arm (MaltProcessChild *self,
                 gint64            deadline);

static gint64
in_msec (guint msec)
{
  return g_get_monotonic_time () + (gint64) msec * 1000;
}

static void
step_to_term (MaltProcessChild *self)
{
  self->rung = MALT_PROCESS_RUNG_TERM;
  malt_peer_set_detail (MALT_PEER (self), "ended by SIGTERM: it did not leave within %u ms",
                        self->exit_timeout_ms);
  malt_process_child_terminate (self);
  arm (self, in_msec (self->term_timeout_ms));
}

static void
step_to_kill (MaltProcessChild *self)
{
  malt_peer_set_detail (MALT_PEER (self),
                        "ended by SIGKILL: it did not leave within %u ms, "
                        "nor within %u ms of SIGTERM",
                        self->exit_timeout_ms, self->term_timeout_ms);
  malt_process_ladder_kill_now (MALT_PEER (self));
}

/* Runs in the monitor thread. */
static gboolean
on_deadline (gpointer user_data)
{
  MaltProcessChild *self = user_data;

  malt_clear_source (&self->ladder_source);
  switch (self->rung)
    {
    case MALT_PROCESS_RUNG_ASKED:
      step_to_term (self);
      break;
    case MALT_PROCESS_RUNG_TERM:
      step_to_kill (self);
      break;
    case MALT_PROCESS_RUNG_KILL:
      self->rung = MALT_PROCESS_RUNG_GIVEN_UP;
      malt_peer_give_up (MALT_PEER (self));
      break;
    case MALT_PROCESS_RUNG_NONE:
    case MALT_PROCESS_RUNG_GIVEN_UP:
    default:
      g_assert_not_reached ();
    }
  return G_SOURCE_REMOVE;
}

/* Of the earlier deadline, when the rung has one already. */
static void
arm (MaltProcessChild *self,
     gint64            deadline)
{
  if (self->ladder_source != NULL && self->deadline <= deadline)
    return;
  malt_clear_source (&self->ladder_source);
  self->deadline = deadline;
  self->ladder_source = malt_peer_attach (MALT_PEER (self), g_timeout_source_new (0), on_deadline);
  g_source_set_ready_time (self->ladder_source, deadline);
}

void
malt_process_ladder_kill_now (MaltPeer *peer)
{
  MaltProcessChild *self = MALT_PROCESS_CHILD (peer);

  malt_clear_source (&self->ladder_source);
  self->rung = MALT_PROCESS_RUNG_KILL;
  malt_process_child_kill_tree (self);
  arm (self, in_msec (MALT_PEER_KILL_TIMEOUT_MSEC));
}

void
malt_process_ladder_climb (MaltPeer *peer,
                           guint     exit_timeout_ms,
                           guint     term_timeout_ms)
{
  MaltProcessChild *self = MALT_PROCESS_CHILD (peer);

  switch (self->rung)
    {
    case MALT_PROCESS_RUNG_NONE:
      self->rung = MALT_PROCESS_RUNG_ASKED;
      self->exit_timeout_ms = exit_timeout_ms;
      self->term_timeout_ms = term_timeout_ms;
      malt_peer_ask_to_leave (peer, exit_timeout_ms);
      arm (self, in_msec (exit_timeout_ms));
      break;
    case MALT_PROCESS_RUNG_ASKED:
      self->exit_timeout_ms = MIN (self->exit_timeout_ms, exit_timeout_ms);
      self->term_timeout_ms = MIN (self->term_timeout_ms, term_timeout_ms);
      arm (self, in_msec (exit_timeout_ms));
      break;
    case MALT_PROCESS_RUNG_TERM:
      self->term_timeout_ms = MIN (self->term_timeout_ms, term_timeout_ms);
      arm (self, in_msec (term_timeout_ms));
      break;
    case MALT_PROCESS_RUNG_KILL:
      break;
    case MALT_PROCESS_RUNG_GIVEN_UP:
      malt_process_ladder_kill_now (peer);
      break;
    default:
      g_assert_not_reached ();
    }
}

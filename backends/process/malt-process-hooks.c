/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/process/malt-process-child-private.h"

/* For a worker that lost its connection and lives on, in milliseconds; as in Malt.jl. One that
 * crashes loses it too, and is not to be taken for that. */
#define MALT_PROCESS_LOST_GRACE_MSEC 3000

/* Output that the worker wrote before an answer is shown before it. Any thread. */
static void
on_before_delivery (gpointer user_data)
{
  MaltProcessChild *self = user_data;

  malt_relay_output_drain (self->output);
}

/* Runs in the monitor thread. */
static gboolean
on_lost_too_long (gpointer user_data)
{
  MaltProcessChild *self = user_data;

  malt_process_clear_source (&self->lost_source);
  self->lost_connection = TRUE;
  malt_process_child_set_detail (self,
                                 "ended by SIGKILL: it lived on for %u ms "
                                 "without its connection: %s",
                                 MALT_PROCESS_LOST_GRACE_MSEC, self->lost_text);
  malt_process_child_kill_now (self);
  return G_SOURCE_REMOVE;
}

/* While it starts, the handshake says what is wrong; while it is being ended, the ladder sees to
 * it. */
static void
on_lost (const GError *error,
         gpointer      user_data)
{
  MaltProcessChild *self = user_data;

  if (self->unusable != NULL)
    self->unusable (self);
  if (self->start_exited != NULL || self->exit_source == NULL
      || self->rung != MALT_PROCESS_RUNG_NONE || self->lost_source != NULL)
    return;

  if (error->domain == MALT_ERROR)
    {
      malt_process_child_set_detail (self, "ended by SIGKILL: it broke the protocol: %s",
                                     error->message);
      malt_process_child_kill_now (self);
      return;
    }
  self->lost_text = g_strdup (error->message);
  self->lost_source = malt_process_child_attach (
      self, g_timeout_source_new (MALT_PROCESS_LOST_GRACE_MSEC), on_lost_too_long);
}

/* Runs in the monitor thread. */
static void
on_log (const MaltLogRecord *record,
        gpointer             user_data)
{
  MaltProcessChild *self = user_data;

  if (self->log == NULL)
    self->log = malt_relay_log_new (self->description, self->pid);
  malt_relay_log_push (self->log, record);
}

/* Runs in the monitor thread. */
static void
on_unresponsive (const char *function,
                 const char *traceback,
                 gpointer    user_data)
{
  MaltProcessChild *self = user_data;

  if (self->exit_source == NULL || self->rung >= MALT_PROCESS_RUNG_KILL)
    return;
  malt_process_child_set_detail (self, "ended by SIGKILL: “%s” did not heed its end%s%s", function,
                                 traceback != NULL ? "\n" : "",
                                 traceback != NULL ? traceback : "");
  malt_process_child_kill_now (self);
}

void
malt_process_child_connect (MaltProcessChild           *self,
                            int                         data_fd,
                            int                         control_fd,
                            const MaltConnectionLimits *limits)
{
  const MaltConnectionHooks hooks = {
    .before_delivery = on_before_delivery,
    .lost = on_lost,
    .log = on_log,
    .unresponsive = on_unresponsive,
  };

  self->connection = malt_connection_new (data_fd, control_fd, limits, &hooks,
                                          malt_process_child_ref (self),
                                          (GDestroyNotify) malt_process_child_unref);
}

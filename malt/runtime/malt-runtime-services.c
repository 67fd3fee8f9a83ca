/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/runtime/malt-runtime-private.h"

MaltChannels *
malt_runtime_get_channels (MaltRuntime *self)
{
  if (self->channels == NULL)
    self->channels = malt_channels_new (self);

  return self->channels;
}

MaltAlarms *
malt_runtime_get_alarms (MaltRuntime *self)
{
  if (self->alarms == NULL)
    self->alarms = malt_alarms_new (self->context);

  return self->alarms;
}

/**
 * MaltAlarmFunc: (skip)
 * @user_data: what was given to [method@Runtime.add_alarm]
 *
 * Is called once, in the runtime's own thread, when the time of an alarm has come.
 *
 * Since: 0.1
 */

/**
 * malt_runtime_add_alarm: (skip)
 * @self: a runtime
 * @time_us: when, in microseconds of g_get_monotonic_time(); the past is at once
 * @func: what is called then, from the main context, and never before this has returned
 * @user_data: data for @func
 *
 * Adds an alarm, for a language that can sleep. To be called in the executing thread.
 *
 * As many as one likes cost a turn of the main context nothing, as sources of their own would.
 * What is left at the end of the runtime does not ring any more.
 *
 * Returns: a number for [method@Runtime.remove_alarm], never 0
 *
 * Since: 0.1
 */
guint64
malt_runtime_add_alarm (MaltRuntime   *self,
                        gint64         time_us,
                        MaltAlarmFunc  func,
                        gpointer       user_data)
{
  g_return_val_if_fail (MALT_IS_RUNTIME (self), 0);
  g_return_val_if_fail (func != NULL, 0);

  return malt_alarms_add (malt_runtime_get_alarms (self), time_us, func, user_data, NULL);
}

/**
 * malt_runtime_remove_alarm: (skip)
 * @self: a runtime
 * @id: what [method@Runtime.add_alarm] has returned
 *
 * Takes an alarm away: it does not ring any more. Nothing happens to one that is over. To be
 * called in the executing thread; an evaluator may do so as late as when it is finalized.
 *
 * Since: 0.1
 */
void
malt_runtime_remove_alarm (MaltRuntime *self,
                           guint64      id)
{
  g_return_if_fail (MALT_IS_RUNTIME (self));

  /* An evaluator may let go of its own when the runtime has none any more. */
  if (self->alarms != NULL)
    malt_alarms_remove (self->alarms, id);
}

/**
 * malt_runtime_export_channel:
 * @self: a runtime
 * @channel: a channel that was made in this worker
 *
 * Gets the path that stands for a channel in values, for the manager or for another evaluation.
 * To be called in the executing thread.
 *
 * It does not keep the channel alive: who has exported it does, for as long as it is to be found.
 *
 * Returns: (transfer none): an object path, for a value of the type `o`, the same each time;
 *   valid as long as @channel
 *
 * Since: 0.1
 */
const char *
malt_runtime_export_channel (MaltRuntime      *self,
                             MaltLocalChannel *channel)
{
  g_return_val_if_fail (MALT_IS_RUNTIME (self), NULL);
  g_return_val_if_fail (MALT_IS_LOCAL_CHANNEL (channel), NULL);

  return malt_channels_export (malt_runtime_get_channels (self), channel);
}

/**
 * malt_runtime_lookup_channel:
 * @self: a runtime
 * @path: an object path, as it is in a value, or that of a handle of the manager's
 *
 * Gets the channel that a path stands for. To be called in the executing thread.
 *
 * Returns: (transfer none) (nullable): the channel, to be referenced by who keeps it; %NULL if
 *   there is none, or no longer
 *
 * Since: 0.1
 */
MaltLocalChannel *
malt_runtime_lookup_channel (MaltRuntime *self,
                             const char  *path)
{
  g_return_val_if_fail (MALT_IS_RUNTIME (self), NULL);
  g_return_val_if_fail (path != NULL, NULL);

  return self->channels != NULL ? malt_channels_lookup (self->channels, path) : NULL;
}

/**
 * MaltReportFunc: (skip)
 * @error: the error, only lent
 * @user_data: what was given to [method@Runtime.set_report_func]
 *
 * Takes an error that nobody waits for. In the executing thread.
 *
 * Since: 0.1
 */

/**
 * malt_runtime_set_report_func: (skip)
 * @self: a runtime
 * @func: (nullable): what takes them; %NULL, as at first, for GLib's log
 * @user_data: data for @func, valid until the end of @self or another function is set
 *
 * Sets where errors go that nobody waits for, of posts and of tasks that were started and left
 * alone. To be called in the executing thread.
 *
 * Since: 0.1
 */
void
malt_runtime_set_report_func (MaltRuntime    *self,
                              MaltReportFunc  func,
                              gpointer        user_data)
{
  g_return_if_fail (MALT_IS_RUNTIME (self));

  self->report_func = func;
  self->report_data = user_data;
}

/**
 * malt_runtime_report:
 * @self: a runtime
 * @error: the error, which stays the caller's
 *
 * Hands on an error that nobody waits for: to the function of [method@Runtime.set_report_func],
 * without one to GLib's log, as a message. To be called in the executing thread.
 *
 * Since: 0.1
 */
void
malt_runtime_report (MaltRuntime  *self,
                     const GError *error)
{
  g_return_if_fail (MALT_IS_RUNTIME (self));
  g_return_if_fail (error != NULL);

  if (self->report_func != NULL)
    self->report_func (error, self->report_data);
  else
    g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE,
                      "MESSAGE", "An error that nobody waits for: %s", error->message);
}

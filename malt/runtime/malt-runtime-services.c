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

void
malt_runtime_remove_alarm (MaltRuntime *self,
                           guint64      id)
{
  g_return_if_fail (MALT_IS_RUNTIME (self));

  /* An evaluator may let go of its own when the runtime has none any more. */
  if (self->alarms != NULL)
    malt_alarms_remove (self->alarms, id);
}

const char *
malt_runtime_export_channel (MaltRuntime      *self,
                             MaltLocalChannel *channel)
{
  g_return_val_if_fail (MALT_IS_RUNTIME (self), NULL);
  g_return_val_if_fail (MALT_IS_LOCAL_CHANNEL (channel), NULL);

  return malt_channels_export (malt_runtime_get_channels (self), channel);
}

MaltLocalChannel *
malt_runtime_lookup_channel (MaltRuntime *self,
                             const char  *path)
{
  g_return_val_if_fail (MALT_IS_RUNTIME (self), NULL);
  g_return_val_if_fail (path != NULL, NULL);

  return self->channels != NULL ? malt_channels_lookup (self->channels, path) : NULL;
}

void
malt_runtime_set_report_func (MaltRuntime    *self,
                              MaltReportFunc  func,
                              gpointer        user_data)
{
  g_return_if_fail (MALT_IS_RUNTIME (self));

  self->report_func = func;
  self->report_data = user_data;
}

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

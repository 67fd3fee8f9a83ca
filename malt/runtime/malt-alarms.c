/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/runtime/malt-alarms-private.h"

#include "malt/malt-deadlines-private.h"

struct _MaltAlarms
{
  MaltDeadlines *deadlines; /* owned; thread safe */

  /* Executing thread only. */
  GHashTable    *alarms;    /* its own id → owned Alarm */
  guint64        last_id;
};

typedef struct
{
  guint64        id;
  MaltAlarmFunc  func;
  gpointer       user_data;
  GDestroyNotify destroy; /* nullable */
} Alarm;

static void
alarm_free (gpointer data)
{
  Alarm *self = data;

  if (self->destroy != NULL)
    self->destroy (self->user_data);
  g_free (self);
}

/* One that was removed, or has rung and was advanced too late, is not there any more. */
static void
on_deadline (guint64  id,
             gpointer user_data)
{
  MaltAlarms *self = user_data;
  gpointer alarm = NULL;

  if (!g_hash_table_steal_extended (self->alarms, &id, NULL, &alarm))
    return;

  ((Alarm *) alarm)->func (((Alarm *) alarm)->user_data);
  alarm_free (alarm);
}

MaltAlarms *
malt_alarms_new (GMainContext *context)
{
  MaltAlarms *self = g_new0 (MaltAlarms, 1);

  self->deadlines = malt_deadlines_new (context, on_deadline, self);
  self->alarms = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, alarm_free);

  return self;
}

void
malt_alarms_free (MaltAlarms *self)
{
  malt_deadlines_free (self->deadlines);
  g_hash_table_unref (self->alarms);
  g_free (self);
}

guint64
malt_alarms_add (MaltAlarms     *self,
                 gint64          time_us,
                 MaltAlarmFunc   func,
                 gpointer        user_data,
                 GDestroyNotify  destroy)
{
  Alarm *alarm = g_new (Alarm, 1);

  alarm->id = ++self->last_id;
  alarm->func = func;
  alarm->user_data = user_data;
  alarm->destroy = destroy;
  g_hash_table_insert (self->alarms, &alarm->id, alarm);
  malt_deadlines_add (self->deadlines, alarm->id, time_us);

  return alarm->id;
}

void
malt_alarms_remove (MaltAlarms *self,
                    guint64     id)
{
  malt_deadlines_remove (self->deadlines, id);
  g_hash_table_remove (self->alarms, &id);
}

void
malt_alarms_advance (MaltAlarms *self,
                     guint64     id)
{
  malt_deadlines_add (self->deadlines, id, 0);
}

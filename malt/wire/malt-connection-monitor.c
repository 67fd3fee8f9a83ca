/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-connection-private.h"

#include "malt/malt-error.h"
#include "malt/wire/malt-monitor.h"

/* What a worker that has ended left in a socket is taken in this many reads. */
#define DRAIN_LOG_MAX_READS 64

/* The part of the monitor thread: the handshake, reading the control connection, writing what
 * would block, and telling the owner. One source; what it asks for is decided anew at the end of
 * each dispatch. Everything but the weak reference belongs to the monitor thread. */
struct _MaltConnectionMonitor
{
  GSource        source;
  GWeakRef       connection;
  MaltDeadlines *deadlines;   /* owned */
  gpointer       data_tag;    /* nullable */
  GIOCondition   data_condition;
  gpointer       control_tag; /* nullable */
  GIOCondition   control_condition;
  gboolean       is_control_over;
};

void
malt_connection_wake_monitor_locked (MaltConnection *self,
                                     gint64          time)
{
  if (time >= self->monitor_time)
    return;

  self->monitor_time = time;
  g_source_set_ready_time (&self->monitor->source, time);
}

void
malt_connection_lose (MaltConnection *self,
                      GError         *error)
{
  gboolean is_news;

  g_mutex_lock (&self->lock);
  is_news = !self->is_lost && self->close_error == NULL;
  if (is_news)
    {
      self->is_lost = TRUE;
      self->lost_error = error;
      malt_connection_wake_monitor_locked (self, 0);
    }
  g_mutex_unlock (&self->lock);

  if (!is_news)
    g_error_free (error);
}

static void
handle_log (MaltConnection    *self,
            const MaltMessage *message)
{
  g_autoptr (GVariant) fields = NULL;
  MaltLogRecord record;

  if (self->hooks.log == NULL || message->value == NULL || g_atomic_int_get (&self->is_closing))
    return;

  record.level = (GLogLevelFlags) (message->number & G_LOG_LEVEL_MASK);
  record.domain = message->name;
  g_variant_get (message->value, "(&su@a{sv})", &record.message, &record.n_left_out, &fields);
  record.fields = fields;
  self->hooks.log (&record, self->hooks_data);
}

static void
handle_control (MaltConnection     *self,
                const MaltMessage  *message,
                GError            **error)
{
  switch ((int) message->type)
    {
    case MALT_MESSAGE_STATUS:
      malt_connection_on_status (self, message->id, (MaltCallState) message->number, message->name);
      break;

    case MALT_MESSAGE_LOG:
      handle_log (self, message);
      break;

    case MALT_MESSAGE_GOODBYE:
      /* The end of the connection follows. */
      break;

    default:
      g_set_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                   "The worker sent a message of type “%d” on its control connection",
                   message->type);
      break;
    }
}

/* FALSE when there was nothing to be read. */
static gboolean
read_control (MaltConnectionMonitor *monitor,
              MaltConnection        *self)
{
  MaltMessage message = { 0 };
  GError *error = NULL;
  MaltStreamStatus status = malt_stream_fill (self->control, &error);

  if (status == MALT_STREAM_WOULD_BLOCK)
    return FALSE;

  if (status == MALT_STREAM_EOF)
    g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                         "The worker has closed its connection");

  while (error == NULL && malt_stream_next (self->control, &message, NULL, &error))
    {
      handle_control (self, &message, &error);
      malt_message_clear (&message);
    }

  if (error == NULL)
    return TRUE;

  monitor->is_control_over = TRUE;
  malt_connection_lose (self, error);
  return FALSE;
}

/**
 * malt_connection_drain_log: (skip)
 * @self: a connection that has shaken hands
 *
 * Tells what the worker has logged and nobody has read yet. Of one that has
 * ended that is everything. Monitor thread; does not block.
 *
 * Since: 0.1
 */
void
malt_connection_drain_log (MaltConnection *self)
{
  g_return_if_fail (MALT_IS_CONNECTION (self));

  for (guint i = 0; i < DRAIN_LOG_MAX_READS && !self->monitor->is_control_over; i++)
    if (!read_control (self->monitor, self))
      break;
}

static void
tell_lost (MaltConnection *self)
{
  g_autoptr (GError) error = NULL;

  g_mutex_lock (&self->lock);
  error = g_steal_pointer (&self->lost_error);
  g_mutex_unlock (&self->lock);

  if (error != NULL && self->hooks.lost != NULL && !g_atomic_int_get (&self->is_closing))
    self->hooks.lost (error, self->hooks_data);
}

static void
write_what_is_left (MaltConnection *self)
{
  MaltStreamStatus status;
  gboolean is_wanted;

  malt_stream_flush (self->control, NULL);

  g_mutex_lock (&self->lock);
  is_wanted = malt_connection_take_deferred_locked (self) || self->is_write_wanted;
  self->is_write_wanted = FALSE;
  g_mutex_unlock (&self->lock);
  if (!is_wanted)
    return;

  status = malt_stream_flush (self->data, NULL);
  if (status != MALT_STREAM_WOULD_BLOCK)
    return;

  g_mutex_lock (&self->lock);
  self->is_write_wanted = TRUE;
  g_mutex_unlock (&self->lock);
}

static void
set_condition (GSource      *source,
               int           fd,
               gpointer     *tag,
               GIOCondition *current,
               GIOCondition  wanted)
{
  if (wanted == *current)
    return;

  *current = wanted;
  if (*tag == NULL)
    *tag = g_source_add_unix_fd (source, fd, wanted);
  else if (wanted != 0)
    g_source_modify_unix_fd (source, *tag, wanted);
  else
    {
      g_source_remove_unix_fd (source, *tag);
      *tag = NULL;
    }
}

/* FALSE when there is nothing to do any more. */
static gboolean
update_conditions (MaltConnectionMonitor *monitor,
                   MaltConnection        *self)
{
  GIOCondition data = 0;
  GIOCondition control = 0;
  gboolean is_closed;

  g_mutex_lock (&self->lock);
  is_closed = self->is_closed;
  if (self->handshake != NULL)
    data |= G_IO_IN;
  else if (!monitor->is_control_over && self->is_greeted)
    control |= G_IO_IN;
  if (self->is_write_wanted && malt_stream_get_queued_bytes (self->data) > 0)
    data |= G_IO_OUT;
  g_mutex_unlock (&self->lock);

  if (malt_stream_get_queued_bytes (self->control) > 0)
    control |= G_IO_OUT;

  if (is_closed)
    return FALSE;

  set_condition (&monitor->source, malt_stream_get_fd (self->data),
                 &monitor->data_tag, &monitor->data_condition, data);
  set_condition (&monitor->source, malt_stream_get_fd (self->control),
                 &monitor->control_tag, &monitor->control_condition, control);
  return TRUE;
}

static gboolean
monitor_dispatch (GSource     *source,
                  GSourceFunc  callback,
                  gpointer     user_data)
{
  MaltConnectionMonitor *monitor = (MaltConnectionMonitor *) source;
  g_autoptr (MaltConnection) self = g_weak_ref_get (&monitor->connection);

  if (self == NULL)
    return G_SOURCE_REMOVE;

  g_mutex_lock (&self->lock);
  if (self->monitor_time <= g_source_get_time (source))
    {
      self->monitor_time = G_MAXINT64;
      g_source_set_ready_time (source, -1);
    }
  g_mutex_unlock (&self->lock);

  malt_connection_step_handshake (self);
  if (monitor->control_tag != NULL
      && g_source_query_unix_fd (source, monitor->control_tag) & ~G_IO_OUT)
    read_control (monitor, self);

  write_what_is_left (self);
  tell_lost (self);

  return update_conditions (monitor, self) ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
monitor_finalize (GSource *source)
{
  MaltConnectionMonitor *monitor = (MaltConnectionMonitor *) source;

  g_weak_ref_clear (&monitor->connection);
}

static GSourceFuncs monitor_funcs = {
  .dispatch = monitor_dispatch,
  .finalize = monitor_finalize,
};

static void
on_deadline (guint64  key,
             gpointer user_data)
{
  MaltConnectionMonitor *monitor = user_data;
  g_autoptr (MaltConnection) self = g_weak_ref_get (&monitor->connection);

  if (self != NULL)
    malt_connection_on_deadline (self, key);
}

void
malt_connection_start_monitor (MaltConnection *self)
{
  GMainContext *context = malt_monitor_get_context ();
  GSource *source = g_source_new (&monitor_funcs, sizeof (MaltConnectionMonitor));
  MaltConnectionMonitor *monitor = (MaltConnectionMonitor *) source;

  g_weak_ref_init (&monitor->connection, self);
  monitor->deadlines = malt_deadlines_new (context, on_deadline, monitor);
  self->monitor = monitor;
  self->monitor_time = G_MAXINT64;
  self->deadlines = monitor->deadlines;
  g_source_set_static_name (source, "malt connection monitor");
  g_source_attach (source, context);
}

/* Runs in the monitor thread, where nothing of it can be running. */
static gboolean
free_monitor (gpointer user_data)
{
  MaltConnectionMonitor *monitor = user_data;

  malt_deadlines_free (monitor->deadlines);
  g_source_destroy (&monitor->source);
  g_source_unref (&monitor->source);

  return G_SOURCE_REMOVE;
}

void
malt_connection_end_monitor (MaltConnection *self)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_set_callback (source, free_monitor, self->monitor, NULL);
  g_source_attach (source, malt_monitor_get_context ());
}

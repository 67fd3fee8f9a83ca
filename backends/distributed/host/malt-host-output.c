/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-output.h"

struct _MaltHostOutput
{
  GPollableInputStream *stream;    /* owned */
  int                   fd;        /* 1 or 2: what it is in the worker */
  MaltHostWatch        *watch;
  int                  *n_passing; /* atomic */
  void                (*done) (gpointer user_data);
  gpointer              user_data;
  GMainContext         *context;   /* owned */
  GSource              *source;    /* owned (nullable): while there is room */
  gboolean              is_done;
};

static void
stop_reading (MaltHostOutput *self)
{
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}

/* FALSE: there is no more for now, or no room. */
static gboolean
pass_on (MaltHostOutput *self)
{
  guint8 buffer[MALT_HOST_WATCH_OUTPUT_MAX_BYTES];
  g_autoptr (GError) error = NULL;
  gssize n;

  if (malt_host_watch_is_full (self->watch) || malt_host_watch_is_lost (self->watch))
    {
      stop_reading (self);
      return FALSE;
    }

  g_atomic_int_inc (self->n_passing);
  n = g_pollable_input_stream_read_nonblocking (self->stream, buffer, sizeof buffer, NULL, &error);
  if (n <= 0)
    g_atomic_int_add (self->n_passing, -1);

  if (n > 0)
    {
      malt_host_watch_send_output (self->watch, self->fd, buffer, (gsize) n);
      return TRUE;
    }

  if (n == 0 || !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      self->is_done = TRUE;
      stop_reading (self);
      self->done (self->user_data);
    }

  return FALSE;
}

static gboolean
on_readable (GObject  *stream,
             gpointer  user_data)
{
  MaltHostOutput *self = user_data;

  pass_on (self);
  return self->source != NULL ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

void
malt_host_output_flush (MaltHostOutput *self)
{
  while (self->source != NULL && pass_on (self))
    ;
}

void
malt_host_output_resume (MaltHostOutput *self)
{
  if (self->source != NULL || self->is_done || malt_host_watch_is_full (self->watch))
    return;

  self->source = g_pollable_input_stream_create_source (self->stream, NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_readable), self, NULL);
  g_source_attach (self->source, self->context);
}

MaltHostOutput *
malt_host_output_new (GInputStream   *stream,
                      int             fd,
                      MaltHostWatch  *watch,
                      int            *n_passing,
                      void          (*done) (gpointer user_data),
                      gpointer        user_data)
{
  MaltHostOutput *self = g_new0 (MaltHostOutput, 1);

  self->stream = G_POLLABLE_INPUT_STREAM (g_object_ref (stream));
  self->fd = fd;
  self->watch = watch;
  self->n_passing = n_passing;
  self->done = done;
  self->user_data = user_data;
  self->context = g_main_context_ref_thread_default ();
  malt_host_output_resume (self);

  return self;
}

void
malt_host_output_free (MaltHostOutput *self)
{
  stop_reading (self);
  g_object_unref (self->stream);
  g_main_context_unref (self->context);
  g_free (self);
}

gboolean
malt_host_output_is_done (MaltHostOutput *self)
{
  return self->is_done;
}

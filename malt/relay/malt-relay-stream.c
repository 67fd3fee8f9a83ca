/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/relay/malt-relay-stream-private.h"

#include <string.h>

/* With this many bytes, sixteen pipes' worth, it is full. */
#define MALT_RELAY_STREAM_FULL_BYTES (1 << 20)

/* What is kept while nobody reads, in bytes; the oldest go first. Beyond what makes it full there
 * is room for the read that does so, and for the rest of the pipe of a worker that ends then. */
#define MALT_RELAY_STREAM_RING_BYTES (MALT_RELAY_STREAM_FULL_BYTES + 2 * 65536)

/* How long after its last read a reader counts as being there, in microseconds. While it is, a
 * full ring stops the worker instead of losing bytes; when it is not, the worker never waits for
 * it. */
#define MALT_RELAY_STREAM_PATIENCE_USEC (1 * G_USEC_PER_SEC)

/* A pipe with a bounded memory between the monitor thread, which pushes, and the application,
 * which reads in any thread: blocking on @changed, or through sources that are woken by their
 * ready time. */
struct _MaltRelayStream
{
  GInputStream parent_instance;

  GMutex       lock;
  GCond        changed;
  char        *ring;      /* protected by @lock; NULL until the first byte */
  gsize        start;     /* protected by @lock; offset of the oldest byte */
  gsize        length;    /* protected by @lock */
  gboolean     ended;     /* protected by @lock */
  gboolean     is_held;   /* protected by @lock; its reader is there, however long it takes */
  gint64       last_read; /* protected by @lock; monotonic time, 0: never */
  GPtrArray   *sources;   /* protected by @lock; of owned GSource, those that wait for bytes */
};

static void malt_relay_stream_pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (MaltRelayStream, malt_relay_stream, G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      malt_relay_stream_pollable_init))

static gboolean
is_readable_locked (MaltRelayStream *self)
{
  return self->length > 0 || self->ended;
}

static gsize
take_locked (MaltRelayStream *self,
             char            *buffer,
             gsize            count)
{
  gsize taken = MIN (count, self->length);
  gsize first = MIN (taken, MALT_RELAY_STREAM_RING_BYTES - self->start);

  if (taken > 0)
    {
      memcpy (buffer, self->ring + self->start, first);
      memcpy (buffer + first, self->ring, taken - first);
      self->start = (self->start + taken) % MALT_RELAY_STREAM_RING_BYTES;
      self->length -= taken;
    }
  self->last_read = g_get_monotonic_time ();
  return taken;
}

/* Runs in the thread that cancels. */
static void
on_cancelled (GCancellable *cancellable,
              gpointer      user_data)
{
  MaltRelayStream *self = user_data;

  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static gssize
malt_relay_stream_read (GInputStream  *stream,
                        void          *buffer,
                        gsize          count,
                        GCancellable  *cancellable,
                        GError       **error)
{
  MaltRelayStream *self = MALT_RELAY_STREAM (stream);
  gulong handler = 0;
  gssize n_read = -1;

  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), self, NULL);

  g_mutex_lock (&self->lock);
  self->last_read = g_get_monotonic_time ();
  while (!is_readable_locked (self) && !g_cancellable_is_cancelled (cancellable))
    g_cond_wait (&self->changed, &self->lock);
  if (!g_cancellable_is_cancelled (cancellable))
    n_read = (gssize) take_locked (self, buffer, count);
  g_mutex_unlock (&self->lock);

  g_cancellable_disconnect (cancellable, handler);
  if (n_read < 0)
    g_cancellable_set_error_if_cancelled (cancellable, error);
  return n_read;
}

static gboolean
malt_relay_stream_is_readable (GPollableInputStream *stream)
{
  MaltRelayStream *self = MALT_RELAY_STREAM (stream);
  gboolean readable;

  g_mutex_lock (&self->lock);
  readable = is_readable_locked (self);
  g_mutex_unlock (&self->lock);
  return readable;
}

static gssize
malt_relay_stream_read_nonblocking (GPollableInputStream  *stream,
                                    void                  *buffer,
                                    gsize                  count,
                                    GError               **error)
{
  MaltRelayStream *self = MALT_RELAY_STREAM (stream);
  gssize n_read = -1;

  g_mutex_lock (&self->lock);
  self->last_read = g_get_monotonic_time ();
  if (is_readable_locked (self))
    n_read = (gssize) take_locked (self, buffer, count);
  g_mutex_unlock (&self->lock);

  if (n_read < 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "No output yet");
  return n_read;
}

/* Ready while there are bytes; its ready time only wakes the context that it is in. */
typedef struct
{
  GSource          source;
  MaltRelayStream *stream; /* borrowed: the source that this is a child of holds a reference */
} StreamSource;

static gboolean
stream_source_prepare (GSource *source,
                       int     *timeout)
{
  *timeout = -1;
  return malt_relay_stream_is_readable (
      G_POLLABLE_INPUT_STREAM (((StreamSource *) source)->stream));
}

static gboolean
stream_source_check (GSource *source)
{
  return malt_relay_stream_is_readable (
      G_POLLABLE_INPUT_STREAM (((StreamSource *) source)->stream));
}

static gboolean
stream_source_dispatch (GSource     *source,
                        GSourceFunc  callback,
                        gpointer     user_data)
{
  g_source_set_ready_time (source, -1);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs stream_source_funcs = {
  .prepare = stream_source_prepare,
  .check = stream_source_check,
  .dispatch = stream_source_dispatch,
};

static void
drop_destroyed_sources_locked (MaltRelayStream *self)
{
  for (guint i = self->sources->len; i > 0; i--)
    if (g_source_is_destroyed (g_ptr_array_index (self->sources, i - 1)))
      g_ptr_array_remove_index_fast (self->sources, i - 1);
}

static GSource *
malt_relay_stream_create_source (GPollableInputStream *stream,
                                 GCancellable         *cancellable)
{
  MaltRelayStream *self = MALT_RELAY_STREAM (stream);
  GSource *source = g_pollable_source_new_full (self, NULL, cancellable);
  g_autoptr (GSource) child = g_source_new (&stream_source_funcs, sizeof (StreamSource));

  g_source_set_static_name (child, "[malt] worker output");
  ((StreamSource *) child)->stream = self;

  g_mutex_lock (&self->lock);
  self->last_read = g_get_monotonic_time ();
  drop_destroyed_sources_locked (self);
  g_ptr_array_add (self->sources, g_source_ref (child));
  g_mutex_unlock (&self->lock);
  g_source_add_child_source (source, child);
  return source;
}

static void
malt_relay_stream_finalize (GObject *object)
{
  MaltRelayStream *self = MALT_RELAY_STREAM (object);

  g_clear_pointer (&self->sources, g_ptr_array_unref);
  g_clear_pointer (&self->ring, g_free);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (malt_relay_stream_parent_class)->finalize (object);
}

static void
malt_relay_stream_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = malt_relay_stream_is_readable;
  iface->create_source = malt_relay_stream_create_source;
  iface->read_nonblocking = malt_relay_stream_read_nonblocking;
}

static void
malt_relay_stream_class_init (MaltRelayStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = malt_relay_stream_finalize;
  G_INPUT_STREAM_CLASS (klass)->read_fn = malt_relay_stream_read;
}

static void
malt_relay_stream_init (MaltRelayStream *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->sources = g_ptr_array_new_with_free_func ((GDestroyNotify) g_source_unref);
}

MaltRelayStream *
malt_relay_stream_new (void)
{
  return g_object_new (MALT_TYPE_RELAY_STREAM, NULL);
}

void
malt_relay_stream_hold (MaltRelayStream *self)
{
  g_mutex_lock (&self->lock);
  self->is_held = TRUE;
  g_mutex_unlock (&self->lock);
}

gboolean
malt_relay_stream_wants_pause (MaltRelayStream *self)
{
  gboolean pause;

  g_mutex_lock (&self->lock);
  pause = self->length >= MALT_RELAY_STREAM_FULL_BYTES
          && (self->is_held
              || (self->last_read != 0
                  && g_get_monotonic_time () - self->last_read < MALT_RELAY_STREAM_PATIENCE_USEC));
  g_mutex_unlock (&self->lock);
  return pause;
}

static void
wake_locked (MaltRelayStream *self)
{
  g_cond_broadcast (&self->changed);
  drop_destroyed_sources_locked (self);
  for (guint i = 0; i < self->sources->len; i++)
    g_source_set_ready_time (g_ptr_array_index (self->sources, i), 0);
}

gsize
malt_relay_stream_push (MaltRelayStream *self,
                        const char      *bytes,
                        gsize            length)
{
  gsize lost = 0;

  g_mutex_lock (&self->lock);
  if (self->ring == NULL)
    self->ring = g_malloc (MALT_RELAY_STREAM_RING_BYTES);
  if (self->length + length > MALT_RELAY_STREAM_RING_BYTES)
    {
      lost = self->length + length - MALT_RELAY_STREAM_RING_BYTES;
      self->start = (self->start + lost) % MALT_RELAY_STREAM_RING_BYTES;
      self->length -= lost;
    }
  gsize end = (self->start + self->length) % MALT_RELAY_STREAM_RING_BYTES;
  gsize first = MIN (length, MALT_RELAY_STREAM_RING_BYTES - end);
  memcpy (self->ring + end, bytes, first);
  memcpy (self->ring, bytes + first, length - first);
  self->length += length;
  wake_locked (self);
  g_mutex_unlock (&self->lock);
  return lost;
}

void
malt_relay_stream_end (MaltRelayStream *self)
{
  g_mutex_lock (&self->lock);
  self->ended = TRUE;
  wake_locked (self);
  g_mutex_unlock (&self->lock);
}

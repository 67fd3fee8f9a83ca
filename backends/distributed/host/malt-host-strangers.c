/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-strangers.h"

#include "backends/distributed/malt-distributed-frames.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

/* For a stranger to shake hands and to say what it wants, in milliseconds. */
#define STRANGER_TIMEOUT_MSEC 5000u

/* Handshakes at once: GIO has ten threads for them and for looking up names, and makes one more a
 * tenth of a second when all of them are busy. */
#define MAX_HANDSHAKES 8u

/* How long somebody has who is in the way of others, to shake hands and to say what it wants, in
 * milliseconds: two ways around the earth and back, and a machine that is busy. */
#define PATIENCE_MSEC 1000u

typedef enum
{
  STRANGER_SILENT,  /* has not said anything, and nothing is under way */
  STRANGER_WAITING, /* for a handshake; nothing is under way */
  STRANGER_SHAKING,
  STRANGER_HEARD,   /* what it says is being read */
} StrangerStage;

struct _MaltHostStrangers
{
  MaltHostConfig  *config;   /* owned (nullable) */
  MaltHostWorkers *workers;  /* owned */
  GMainContext    *context;  /* owned */
  GPtrArray       *list;     /* owned; of Stranger, the oldest first; each ends by itself */
  GSource         *patience; /* owned (nullable): until the oldest handshake has taken too long */
};

/* What is under way owns it, and nothing else. */
typedef struct
{
  MaltHostStrangers *strangers;   /* (nullable): it is not wanted any more */
  StrangerStage      stage;
  GIOStream         *stream;      /* owned */
  GInetAddress      *address;     /* owned (nullable) */
  GCancellable      *cancellable; /* owned */
  GSource           *deadline;    /* owned */
  GSource           *silence;     /* owned (nullable) */
  gint64             since_us;    /* when it spoke up, or its handshake began; 0: it is silent */
  guint8             opening[MALT_HOST_OPENING_BYTES];
} Stranger;

static void
stranger_free (Stranger *stranger)
{
  if (stranger->strangers != NULL)
    g_ptr_array_remove (stranger->strangers->list, stranger);
  malt_clear_source (&stranger->silence);
  malt_clear_source (&stranger->deadline);
  g_clear_object (&stranger->address);
  g_object_unref (stranger->cancellable);
  g_object_unref (stranger->stream);
  g_free (stranger);
}

static void
turn_away (Stranger *stranger)
{
  g_socket_close (malt_distributed_get_socket (stranger->stream), NULL);
  stranger_free (stranger);
}

/* At once, or as soon as what is under way has been cancelled; its place is free in any case. */
static void
drop (Stranger *stranger)
{
  g_ptr_array_remove (stranger->strangers->list, stranger);
  stranger->strangers = NULL;
  malt_clear_source (&stranger->deadline);
  if (stranger->stage == STRANGER_SILENT || stranger->stage == STRANGER_WAITING)
    turn_away (stranger);
  else
    g_cancellable_cancel (stranger->cancellable);
}

static void
on_opening (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Stranger *stranger = user_data;
  gsize n_read = 0;

  if (g_input_stream_read_all_finish (G_INPUT_STREAM (source), result, &n_read, NULL)
      && n_read == MALT_HOST_OPENING_BYTES && stranger->strangers != NULL
      && malt_host_workers_accept (stranger->strangers->workers, stranger->opening,
                                   stranger->stream))
    stranger_free (stranger);
  else
    turn_away (stranger);
}

static void
read_opening (Stranger *stranger)
{
  stranger->stage = STRANGER_HEARD;
  g_input_stream_read_all_async (g_io_stream_get_input_stream (stranger->stream), stranger->opening,
                                 MALT_HOST_OPENING_BYTES, G_PRIORITY_DEFAULT, stranger->cancellable,
                                 on_opening, stranger);
}

static gboolean
is_neighbour (const Stranger *one,
              const Stranger *other)
{
  return one->address == NULL || other->address == NULL
         || g_inet_address_equal (one->address, other->address);
}

/* How many at the stages from `first` to `last` have the address of one. */
static guint
count_neighbours (MaltHostStrangers *self,
                  const Stranger    *stranger,
                  StrangerStage      first,
                  StrangerStage      last)
{
  guint n = 0;

  for (guint i = 0; i < self->list->len; i++)
    {
      const Stranger *other = g_ptr_array_index (self->list, i);

      n += other->stage >= first && other->stage <= last && is_neighbour (stranger, other);
    }

  return n;
}

static guint
count (MaltHostStrangers *self,
       StrangerStage      stage)
{
  guint n = 0;

  for (guint i = 0; i < self->list->len; i++)
    n += ((Stranger *) g_ptr_array_index (self->list, i))->stage == stage;

  return n;
}

/* Of the address that has the fewest handshakes, and there the one that came last: those before it
 * have not got on. NULL: nobody waits. */
static Stranger *
find_next (MaltHostStrangers *self)
{
  Stranger *next = NULL;
  guint fewest = G_MAXUINT;

  for (guint i = 0; i < self->list->len; i++)
    {
      Stranger *stranger = g_ptr_array_index (self->list, i);
      guint n = count_neighbours (self, stranger, STRANGER_SHAKING, STRANGER_SHAKING);

      if (stranger->stage != STRANGER_WAITING || n > fewest)
        continue;
      next = stranger;
      fewest = n;
    }

  return next;
}

/* Of the address that has the most, the oldest between two stages that has had its time. NULL:
 * there is none. */
static Stranger *
find_victim (MaltHostStrangers *self,
             StrangerStage      first,
             StrangerStage      last)
{
  gint64 late_us = g_get_monotonic_time () - PATIENCE_MSEC * G_TIME_SPAN_MILLISECOND;
  Stranger *victim = NULL;
  guint most = 0;

  for (guint i = 0; i < self->list->len; i++)
    {
      Stranger *stranger = g_ptr_array_index (self->list, i);
      guint n = count_neighbours (self, stranger, first, last);

      if (stranger->stage < first || stranger->stage > last || n <= most
          || stranger->since_us > late_us)
        continue;
      victim = stranger;
      most = n;
    }

  return victim;
}

static void shake_hands (MaltHostStrangers *self);

static void
on_tls (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  Stranger *stranger = user_data;
  MaltHostStrangers *self = stranger->strangers;
  GIOStream *stream = malt_distributed_tls_finish (result, NULL);

  if (stream == NULL)
    turn_away (stranger);
  else
    {
      g_object_unref (stranger->stream);
      stranger->stream = stream;
      read_opening (stranger);
    }
  if (self != NULL)
    shake_hands (self);
}

static gboolean
on_impatience (gpointer user_data)
{
  MaltHostStrangers *self = user_data;

  for (guint n = count (self, STRANGER_WAITING); n > 0; n--)
    {
      Stranger *victim = find_victim (self, STRANGER_SHAKING, STRANGER_SHAKING);

      if (victim == NULL)
        break;
      drop (victim);
    }

  shake_hands (self);
  return G_SOURCE_REMOVE;
}

/* While somebody waits. */
static void
set_patience (MaltHostStrangers *self)
{
  gint64 oldest_us = G_MAXINT64;
  gint64 end_us;

  malt_clear_source (&self->patience);
  for (guint i = 0; i < self->list->len; i++)
    {
      const Stranger *stranger = g_ptr_array_index (self->list, i);

      if (stranger->stage == STRANGER_SHAKING)
        oldest_us = MIN (oldest_us, stranger->since_us);
    }
  end_us = oldest_us + PATIENCE_MSEC * G_TIME_SPAN_MILLISECOND;
  self->patience = g_timeout_source_new (0);
  g_source_set_ready_time (self->patience, end_us);
  g_source_set_callback (self->patience, on_impatience, self, NULL);
  g_source_attach (self->patience, self->context);
}

/* With those whose turn it is. */
static void
shake_hands (MaltHostStrangers *self)
{
  Stranger *next = find_next (self);

  malt_clear_source (&self->patience);
  for (; next != NULL && count (self, STRANGER_SHAKING) < MAX_HANDSHAKES; next = find_next (self))
    {
      next->stage = STRANGER_SHAKING;
      next->since_us = g_get_monotonic_time ();
      malt_distributed_tls_accept_async (malt_host_config_get_tls (self->config),
                                         G_SOCKET_CONNECTION (next->stream), next->cancellable,
                                         on_tls, next);
    }
  if (next != NULL)
    set_patience (self);
}

static gboolean
on_too_late (gpointer user_data)
{
  MaltHostStrangers *self = ((Stranger *) user_data)->strangers;

  drop (user_data);
  shake_hands (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_first_byte (GSocket      *socket,
               GIOCondition  condition,
               gpointer      user_data)
{
  Stranger *stranger = user_data;

  malt_clear_source (&stranger->silence);
  stranger->since_us = g_get_monotonic_time ();
  if (stranger->strangers->config == NULL)
    read_opening (stranger);
  else
    {
      stranger->stage = STRANGER_WAITING;
      shake_hands (stranger->strangers);
    }
  return G_SOURCE_REMOVE;
}

/* (transfer full) (nullable) */
static GInetAddress *
dup_address (GSocket *socket)
{
  g_autoptr (GSocketAddress) address = g_socket_get_remote_address (socket, NULL);

  if (!G_IS_INET_SOCKET_ADDRESS (address))
    return NULL;
  return g_object_ref (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)));
}

/* Whoever has been silent for longest makes it, or who has not got on: those who are busy get their
 * time. */
gboolean
malt_host_strangers_make_room (MaltHostStrangers *self)
{
  Stranger *victim;

  if (self->list->len < MALT_HOST_MAX_STRANGERS)
    return TRUE;

  victim = find_victim (self, STRANGER_SILENT, STRANGER_SILENT);
  if (victim == NULL)
    victim = find_victim (self, STRANGER_WAITING, STRANGER_HEARD);
  if (victim == NULL)
    return FALSE;

  drop (victim);
  shake_hands (self);
  return TRUE;
}

void
malt_host_strangers_let_in (MaltHostStrangers *self,
                            GSocket           *socket)
{
  g_autoptr (GSocket) owned = socket;
  Stranger *stranger = g_new0 (Stranger, 1);

  /* A call is one small write; it is not to wait for another one. */
  if (g_socket_get_family (socket) != G_SOCKET_FAMILY_UNIX)
    g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);

  stranger->strangers = self;
  stranger->stream = G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
  stranger->address = dup_address (socket);
  stranger->cancellable = g_cancellable_new ();
  stranger->deadline = g_timeout_source_new (STRANGER_TIMEOUT_MSEC);
  g_source_set_callback (stranger->deadline, on_too_late, stranger, NULL);
  g_source_attach (stranger->deadline, self->context);
  stranger->silence = g_socket_create_source (socket, G_IO_IN, NULL);
  g_source_set_callback (stranger->silence, G_SOURCE_FUNC (on_first_byte), stranger, NULL);
  g_source_attach (stranger->silence, self->context);
  g_ptr_array_add (self->list, stranger);
}

MaltHostStrangers *
malt_host_strangers_new (MaltHostConfig  *config,
                         MaltHostWorkers *workers)
{
  MaltHostStrangers *self = g_new0 (MaltHostStrangers, 1);

  self->config = config != NULL ? malt_host_config_ref (config) : NULL;
  self->workers = g_object_ref (workers);
  self->context = g_main_context_ref_thread_default ();
  self->list = g_ptr_array_new ();

  return self;
}

void
malt_host_strangers_free (MaltHostStrangers *self)
{
  while (self->list->len > 0)
    drop (g_ptr_array_index (self->list, 0));
  malt_clear_source (&self->patience);
  g_ptr_array_unref (self->list);
  g_clear_pointer (&self->config, malt_host_config_unref);
  g_object_unref (self->workers);
  g_main_context_unref (self->context);
  g_free (self);
}

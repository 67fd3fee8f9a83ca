/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-deadlines-private.h"

/* A binary heap by time, and a table to find what is to be removed. The source is set to wake up
 * at `armed`, which is never later than the earliest deadline but may be earlier: removing a
 * deadline, which is what happens to nearly all of them, does not touch the source, and the next
 * one is then mostly later than what it is set to. */
struct _MaltDeadlines
{
  GSource          *source;     /* owned */
  MaltDeadlineFunc  func;       /* immutable, as is @user_data */
  gpointer          user_data;

  GMutex            lock;
  GPtrArray        *heap;       /* not owning; protected by @lock */
  GHashTable       *table;      /* id → owned Deadline, keyed by its own id; protected by @lock */
  gint64            armed;      /* G_MAXINT64: not; protected by @lock */
};

typedef struct
{
  guint64 id;
  gint64  time;
  guint   index; /* in the heap */
} Deadline;

typedef struct
{
  GSource        source;
  MaltDeadlines *deadlines;
} DeadlinesSource;

static Deadline *
get_at (MaltDeadlines *self,
        guint          i)
{
  return g_ptr_array_index (self->heap, i);
}

static void
put_at (MaltDeadlines *self,
        guint          i,
        Deadline      *deadline)
{
  g_ptr_array_index (self->heap, i) = deadline;
  deadline->index = i;
}

/* Of the same time, the one with the lower id comes first. */
static gboolean
is_before (const Deadline *deadline,
           const Deadline *other)
{
  return deadline->time < other->time
         || (deadline->time == other->time && deadline->id < other->id);
}

/* Moves what is at `i` up as far as it belongs. */
static void
sift_up (MaltDeadlines *self,
         guint          i)
{
  Deadline *deadline = get_at (self, i);

  while (i > 0 && is_before (deadline, get_at (self, (i - 1) / 2)))
    {
      put_at (self, i, get_at (self, (i - 1) / 2));
      i = (i - 1) / 2;
    }

  put_at (self, i, deadline);
}

static void
sift_down (MaltDeadlines *self,
           guint          i)
{
  Deadline *deadline = get_at (self, i);
  guint child;

  while ((child = 2 * i + 1) < self->heap->len)
    {
      if (child + 1 < self->heap->len
          && is_before (get_at (self, child + 1), get_at (self, child)))
        child++;
      if (is_before (deadline, get_at (self, child)))
        break;
      put_at (self, i, get_at (self, child));
      i = child;
    }

  put_at (self, i, deadline);
}

static void
remove_locked (MaltDeadlines *self,
               Deadline      *deadline)
{
  guint i = deadline->index;
  Deadline *last = get_at (self, self->heap->len - 1);

  g_ptr_array_set_size (self->heap, self->heap->len - 1);
  if (last != deadline)
    {
      put_at (self, i, last);
      sift_up (self, i);
      sift_down (self, last->index);
    }

  g_hash_table_remove (self->table, &deadline->id);
}

static void
arm_locked (MaltDeadlines *self,
            gint64         time)
{
  self->armed = time;
  g_source_set_ready_time (self->source, time < G_MAXINT64 ? time : -1);
}

/* Takes the earliest deadline if it is over; else sets the source to it. The time is that of the
 * dispatch: what a function adds, others in the context are not to wait for. */
static gboolean
take_expired (MaltDeadlines *self,
              guint64       *id)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->heap->len == 0)
    {
      arm_locked (self, G_MAXINT64);
      return FALSE;
    }

  if (get_at (self, 0)->time > g_source_get_time (self->source))
    {
      arm_locked (self, get_at (self, 0)->time);
      return FALSE;
    }

  *id = get_at (self, 0)->id;
  remove_locked (self, get_at (self, 0));
  return TRUE;
}

static gboolean
deadlines_source_dispatch (GSource     *source,
                           GSourceFunc  callback,
                           gpointer     user_data)
{
  MaltDeadlines *self = ((DeadlinesSource *) source)->deadlines;
  guint64 id;

  /* The function may free the deadlines, which destroys the source. */
  while (!g_source_is_destroyed (source) && take_expired (self, &id))
    self->func (id, self->user_data);

  return G_SOURCE_CONTINUE;
}

static GSourceFuncs deadlines_source_funcs = {
  .dispatch = deadlines_source_dispatch,
};

MaltDeadlines *
malt_deadlines_new (GMainContext     *context,
                    MaltDeadlineFunc  func,
                    gpointer          user_data)
{
  MaltDeadlines *self = g_new0 (MaltDeadlines, 1);

  g_mutex_init (&self->lock);
  self->func = func;
  self->user_data = user_data;
  self->heap = g_ptr_array_new ();
  self->table = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  self->armed = G_MAXINT64;
  self->source = g_source_new (&deadlines_source_funcs, sizeof (DeadlinesSource));
  ((DeadlinesSource *) self->source)->deadlines = self;
  g_source_set_static_name (self->source, "malt deadlines");
  /* A function may iterate the context until another one has expired. */
  g_source_set_can_recurse (self->source, TRUE);
  g_source_attach (self->source, context);

  return self;
}

void
malt_deadlines_free (MaltDeadlines *self)
{
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_hash_table_unref (self->table);
  g_ptr_array_unref (self->heap);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
malt_deadlines_add (MaltDeadlines *self,
                    guint64        id,
                    gint64         time)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  Deadline *deadline = g_hash_table_lookup (self->table, &id);

  /* A second deadline for the same id takes the place of the first. */
  if (deadline != NULL)
    remove_locked (self, deadline);

  deadline = g_new (Deadline, 1);
  deadline->id = id;
  deadline->time = time;
  g_hash_table_insert (self->table, &deadline->id, deadline);
  g_ptr_array_add (self->heap, deadline);
  sift_up (self, self->heap->len - 1);

  if (time < self->armed)
    arm_locked (self, time);
}

void
malt_deadlines_remove (MaltDeadlines *self,
                       guint64        id)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  Deadline *deadline = g_hash_table_lookup (self->table, &id);

  if (deadline != NULL)
    remove_locked (self, deadline);
}

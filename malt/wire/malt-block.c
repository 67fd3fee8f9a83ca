/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-block-private.h"

#include "malt/malt-error.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* What huge pages are as large as on most machines; where they are not, nothing is lost. Of memory
 * in pages of 4 KiB, faults cost as much again as copying what comes. */
#define BLOCK_PAGE_BYTES (2u * 1024 * 1024)

/* From here on a block is a mapping of its own. */
#define BLOCK_MAPPED_BYTES (2 * BLOCK_PAGE_BYTES)

/* The first room, whatever length is claimed; doubled as it fills. */
#define BLOCK_FIRST_BYTES (256u * 1024)

/* The largest block that is kept for the next big body. */
#define BLOCK_MAX_SPARE_BYTES (128u * 1024 * 1024)

#define ROUND_UP(size, unit) (((size) + (unit) - 1) / (unit) * (unit))

/* A mapping reserves addresses for the whole length, which costs nothing, and makes them memory
 * step by step. */
struct _MaltBlock
{
  guint8 *data;     /* owned: from g_malloc(), or a mapping */
  gsize   length;
  gsize   room;     /* bytes from `data` on that are memory, the slack included */
  gsize   reserved; /* of the mapping; 0: there is none */
};

/* The mapping that was let go of last. What it holds is the system's for the asking
 * (MADV_FREE), and until it asks there are no page faults for the next. */
static GMutex spare_lock;
static MaltBlock *spare; /* owned (nullable); protected by @spare_lock */

/* Not so much larger than what it is for that the value would sit on unused memory. */
static gboolean
is_fit_for (MaltBlock *self,
            gsize      reserved)
{
  return self != NULL && self->reserved >= reserved && self->reserved / 2 <= reserved;
}

static MaltBlock *
take_spare (gsize reserved)
{
  MaltBlock *self = NULL;

  g_mutex_lock (&spare_lock);
  if (is_fit_for (spare, reserved))
    self = g_steal_pointer (&spare);
  g_mutex_unlock (&spare_lock);

  return self;
}

static void
unmap (MaltBlock *self)
{
  munmap (self->data, self->reserved);
  g_free (self);
}

/* self: nullable. FALSE: there was none before. */
static gboolean
replace_spare (MaltBlock *self)
{
  MaltBlock *old;

  g_mutex_lock (&spare_lock);
  old = spare;
  spare = self;
  g_mutex_unlock (&spare_lock);

  if (old == NULL)
    return FALSE;

  unmap (old);
  return TRUE;
}

static void
keep_as_spare (MaltBlock *self)
{
  madvise (self->data, self->room, MADV_FREE);
  replace_spare (self);
}

/* Addresses that begin where a huge page may. */
static guint8 *
reserve (gsize size)
{
  guint8 *start = mmap (NULL, size + BLOCK_PAGE_BYTES, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  gsize before;

  if (start == MAP_FAILED)
    return NULL;

  before = ROUND_UP ((guintptr) start, BLOCK_PAGE_BYTES) - (guintptr) start;
  if (before > 0)
    munmap (start, before);
  if (before < BLOCK_PAGE_BYTES)
    munmap (start + before + size, BLOCK_PAGE_BYTES - before);
  /* Only a wish. */
  madvise (start + before, size, MADV_HUGEPAGE);

  return start + before;
}

MaltBlock *
malt_block_new (gsize    length,
                GError **error)
{
  gsize reserved = 0;
  MaltBlock *self;

  if (length >= BLOCK_MAPPED_BYTES)
    reserved = ROUND_UP (length + MALT_VALUE_SLACK_BYTES, BLOCK_PAGE_BYTES);

  self = reserved > 0 ? take_spare (reserved) : NULL;
  if (self == NULL)
    {
      self = g_new0 (MaltBlock, 1);
      self->reserved = reserved;
      if (reserved > 0)
        do
          self->data = reserve (reserved);
        while (self->data == NULL && replace_spare (NULL));
    }
  self->length = length;

  if (reserved == 0 || self->data != NULL)
    return self;

  g_set_error (error, MALT_ERROR, MALT_ERROR_LIMIT,
               "Cannot find room for a message of “%" G_GSIZE_FORMAT "” bytes: %s",
               length, g_strerror (errno));
  g_free (self);
  return NULL;
}

void
malt_block_free (MaltBlock *self)
{
  if (self->reserved > BLOCK_MAX_SPARE_BYTES)
    unmap (self);
  else if (self->reserved > 0)
    keep_as_spare (self);
  else
    {
      g_free (self->data);
      g_free (self);
    }
}

guint8 *
malt_block_get_data (MaltBlock *self)
{
  return self->data;
}

static gboolean
grow_mapping (MaltBlock  *self,
              gsize       needed,
              GError    **error)
{
  gsize room = MIN (MAX (2 * self->room, ROUND_UP (needed, BLOCK_PAGE_BYTES)), self->reserved);

  while (mprotect (self->data + self->room, room - self->room, PROT_READ | PROT_WRITE) < 0)
    {
      /* A process may be limited in what it has, whether it uses it or not. */
      if (replace_spare (NULL))
        continue;
      g_set_error (error, MALT_ERROR, MALT_ERROR_LIMIT,
                   "Cannot get memory for a message of “%" G_GSIZE_FORMAT "” bytes: %s",
                   self->length, g_strerror (errno));
      return FALSE;
    }

  self->room = room;
  return TRUE;
}

static void
grow_allocation (MaltBlock *self)
{
  gsize room = MIN (MAX (2 * self->room, BLOCK_FIRST_BYTES), self->length + MALT_VALUE_SLACK_BYTES);

  self->data = g_realloc (self->data, room);
  self->room = room;
}

gsize
malt_block_make_room (MaltBlock  *self,
                      gsize       filled,
                      GError    **error)
{
  if (self->room < filled + MALT_VALUE_SLACK_BYTES + 1)
    {
      if (self->reserved == 0)
        grow_allocation (self);
      else if (!grow_mapping (self, filled + MALT_VALUE_SLACK_BYTES + 1, error))
        return 0;
    }

  return MIN (self->room - MALT_VALUE_SLACK_BYTES, self->length);
}

GBytes *
malt_block_take_bytes (MaltBlock *self)
{
  memset (self->data + self->length, 0, MALT_VALUE_SLACK_BYTES);

  return g_bytes_new_with_free_func (self->data, self->length,
                                     (GDestroyNotify) malt_block_free, self);
}

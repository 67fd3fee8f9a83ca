/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-memory-private.h"

#include "malt/malt-error.h"
#include "malt/wire/malt-monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Nobody can write to it, make it smaller or larger, or add a seal. */
#define MEMORY_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Received files that are kept open to be sent on: the latest ones. Of others the mapping alone is
 * left, so that an application with many big values does not run out of descriptors. */
#define MEMORY_MAX_OPEN_FILES 16u

/* Files of this process, made or received; of values beyond that the bytes travel. Calls that wait
 * for room hold theirs, and a program may have 1024 descriptors if nobody has said otherwise. */
#define MEMORY_MAX_FILES 64

/* How long the file of a value that was sent is kept for the next time it is. Long enough for
 * whoever sends it to one worker after the other, and soon over for who does not. */
#define MEMORY_RECENT_MSEC 1000

/* Of larger ones it is not. */
#define MEMORY_MAX_RECENT_BYTES (128u * 1024 * 1024)

struct _MaltMemory
{
  int ref_count; /* atomic */
  int fd;        /* owned; immutable; sealed */
};

/* What a value lies in. */
typedef struct
{
  guint8 *data;
  gsize   size; /* of the value; the slack follows */
} MaltMapping;

typedef struct
{
  const guint8 *data;
  gsize         size;
  MaltMemory   *memory; /* owned */
} OpenFile;

static int n_files; /* atomic */

/* Oldest first. */
static GMutex open_files_lock;
static OpenFile open_files[MEMORY_MAX_OPEN_FILES]; /* protected by @open_files_lock, as is */
static guint n_open_files;

/* The value that was sent last, which the reference keeps where it is. */
static struct
{
  GMutex      lock;
  GVariant   *value;  /* owned (nullable); protected by @lock, as is the rest */
  MaltMemory *memory; /* owned (nullable) */
  gboolean    is_used;  /* since the last look of the monitor */
  gboolean    is_watched;
} recent;

/* Takes the descriptor. */
static MaltMemory *
memory_new_take (int fd)
{
  MaltMemory *self = g_new0 (MaltMemory, 1);

  self->ref_count = 1;
  self->fd = fd;
  g_atomic_int_inc (&n_files);
  return self;
}

MaltMemory *
malt_memory_ref (MaltMemory *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
malt_memory_unref (MaltMemory *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;

  close (self->fd);
  g_free (self);
  g_atomic_int_add (&n_files, -1);
}

int
malt_memory_get_fd (MaltMemory *self)
{
  return self->fd;
}

static gboolean
write_all (int           fd,
           const guint8 *data,
           gsize         size,
           gsize         offset)
{
  while (size > 0)
    {
      ssize_t n = pwrite (fd, data, size, (off_t) offset);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return FALSE;
      data += n;
      size -= (gsize) n;
      offset += (gsize) n;
    }

  return TRUE;
}

/* To write beyond that limit is a signal that ends the process. */
static gboolean
may_write_file (gsize size)
{
  struct rlimit limit;

  return getrlimit (RLIMIT_FSIZE, &limit) == 0
         && (limit.rlim_cur == RLIM_INFINITY || size <= limit.rlim_cur);
}

MaltMemory *
malt_memory_new (const guint8 *data,
                 gsize         size)
{
  const guint8 slack[MALT_VALUE_SLACK_BYTES] = { 0 };
  int fd;

  if (g_atomic_int_get (&n_files) >= MEMORY_MAX_FILES || !may_write_file (size + sizeof slack))
    return NULL;

  fd = memfd_create ("malt-value", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0)
    return NULL;

  if (write_all (fd, data, size, 0)
      && write_all (fd, slack, sizeof slack, size)
      && fcntl (fd, F_ADD_SEALS, MEMORY_SEALS) == 0)
    return memory_new_take (fd);

  close (fd);
  return NULL;
}

/* Runs in the monitor thread. */
static gboolean
forget_recent (gpointer user_data)
{
  g_autoptr (GVariant) value = NULL;
  g_autoptr (MaltMemory) memory = NULL;

  g_mutex_lock (&recent.lock);
  if (!recent.is_used)
    {
      value = g_steal_pointer (&recent.value);
      memory = g_steal_pointer (&recent.memory);
      recent.is_watched = FALSE;
    }
  recent.is_used = FALSE;
  g_mutex_unlock (&recent.lock);

  return memory != NULL ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static void
watch_recent_locked (void)
{
  g_autoptr (GSource) source = NULL;

  recent.is_used = TRUE;
  if (recent.is_watched)
    return;

  recent.is_watched = TRUE;
  source = g_timeout_source_new (MEMORY_RECENT_MSEC);
  g_source_set_static_name (source, "malt recent value");
  g_source_set_callback (source, forget_recent, NULL, NULL);
  g_source_attach (source, malt_monitor_get_context ());
}

static MaltMemory *
find_recent (GVariant *serialized)
{
  MaltMemory *found = NULL;

  g_mutex_lock (&recent.lock);
  if (recent.value != NULL
      && g_variant_get_data (recent.value) == g_variant_get_data (serialized)
      && g_variant_get_size (recent.value) == g_variant_get_size (serialized))
    {
      found = malt_memory_ref (recent.memory);
      recent.is_used = TRUE;
    }
  g_mutex_unlock (&recent.lock);

  return found;
}

MaltMemory *
malt_memory_new_for_value (GVariant *serialized)
{
  gsize size = g_variant_get_size (serialized);
  MaltMemory *self = find_recent (serialized);
  g_autoptr (GVariant) old_value = NULL;
  g_autoptr (MaltMemory) old_memory = NULL;

  if (self != NULL)
    return self;

  self = malt_memory_new (g_variant_get_data (serialized), size);
  if (self == NULL || size > MEMORY_MAX_RECENT_BYTES)
    return self;

  g_mutex_lock (&recent.lock);
  old_value = recent.value;
  old_memory = recent.memory;
  recent.value = g_variant_ref (serialized);
  recent.memory = malt_memory_ref (self);
  watch_recent_locked ();
  g_mutex_unlock (&recent.lock);

  return self;
}

static void
forget_open_file_locked (guint i)
{
  malt_memory_unref (open_files[i].memory);
  n_open_files--;
  for (; i < n_open_files; i++)
    open_files[i] = open_files[i + 1];
}

MaltMemory *
malt_memory_find (const guint8 *data,
                  gsize         size)
{
  MaltMemory *found = NULL;

  /* A value that is a part of what was received does not leave with the rest, which may not be for
   * the one who gets it. */
  g_mutex_lock (&open_files_lock);
  for (guint i = 0; i < n_open_files && found == NULL; i++)
    if (open_files[i].data == data && open_files[i].size == size)
      found = malt_memory_ref (open_files[i].memory);
  g_mutex_unlock (&open_files_lock);

  return found;
}

static void
mapping_free (gpointer data)
{
  MaltMapping *self = data;

  g_mutex_lock (&open_files_lock);
  for (guint i = n_open_files; i-- > 0;)
    if (open_files[i].data == self->data)
      forget_open_file_locked (i);
  g_mutex_unlock (&open_files_lock);

  munmap (self->data, self->size + MALT_VALUE_SLACK_BYTES);
  g_free (self);
}

/* Takes the descriptor. */
static void
keep_open (int           fd,
           const guint8 *data,
           gsize         size)
{
  if (g_atomic_int_get (&n_files) >= MEMORY_MAX_FILES)
    {
      close (fd);
      return;
    }

  g_mutex_lock (&open_files_lock);
  if (n_open_files == MEMORY_MAX_OPEN_FILES)
    forget_open_file_locked (0);
  open_files[n_open_files++] = (OpenFile) { data, size, memory_new_take (fd) };
  g_mutex_unlock (&open_files_lock);
}

/* Takes the descriptor and the mapping. */
static GBytes *
new_bytes (int     fd,
           guint8 *data,
           gsize   size)
{
  MaltMapping *mapping = g_new0 (MaltMapping, 1);

  mapping->data = data;
  mapping->size = size;
  keep_open (fd, data, size);

  return g_bytes_new_with_free_func (data, size, mapping_free, mapping);
}

/* Whether it is a file in memory that nobody can change. Asks nothing that the kernel would have to
 * ask somebody else about: the file of a hostile file system answers when it likes to. */
static gboolean
is_sealed (int fd)
{
  int seals = fcntl (fd, F_GET_SEALS);
  struct statfs system;

  /* Files in huge pages can be sealed too, but are mapped and unmapped by other rules. */
  return seals >= 0 && (seals & MEMORY_SEALS) == MEMORY_SEALS
         && fstatfs (fd, &system) == 0 && system.f_type == TMPFS_MAGIC;
}

/* Of a sealed file: its memory is there already. To read a hole would take it, or end the process
 * if there is none (SIGBUS). */
static gboolean
has_no_hole (int   fd,
             off_t size)
{
  return lseek (fd, 0, SEEK_HOLE) == size;
}

static gboolean
check_size (int      fd,
            gsize    max_bytes,
            gsize   *size,
            GError **error)
{
  struct stat status;
  guint64 value_size;

  if (fstat (fd, &status) < 0 || status.st_size < MALT_VALUE_SLACK_BYTES)
    {
      g_set_error_literal (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                           "The file of a value is too small for any");
      return FALSE;
    }

  value_size = (guint64) status.st_size - MALT_VALUE_SLACK_BYTES;
  if (value_size > max_bytes)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                   "Value of “%" G_GUINT64_FORMAT "” bytes is too large: at most %" G_GSIZE_FORMAT
                   " are taken", value_size, max_bytes);
      return FALSE;
    }

  if (!has_no_hole (fd, status.st_size))
    {
      g_set_error_literal (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                           "The file of a value has holes");
      return FALSE;
    }

  *size = (gsize) value_size;
  return TRUE;
}

GBytes *
malt_memory_map (int      fd,
                 gsize    max_bytes,
                 GError **error)
{
  gsize size = 0;
  guint8 *data;

  if (!is_sealed (fd))
    {
      malt_memory_discard (&fd, 1);
      g_set_error_literal (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                           "The descriptor that came with a value is not of sealed memory");
      return NULL;
    }

  if (!check_size (fd, max_bytes, &size, error))
    {
      close (fd);
      return NULL;
    }

  data = mmap (NULL, size + MALT_VALUE_SLACK_BYTES, PROT_READ, MAP_PRIVATE, fd, 0);
  if (data != MAP_FAILED)
    return new_bytes (fd, data, size);

  g_set_error (error, MALT_ERROR, MALT_ERROR_LIMIT,
               "Cannot map a value of “%" G_GSIZE_FORMAT "” bytes: %s", size, g_strerror (errno));
  close (fd);
  return NULL;
}

typedef struct
{
  guint n_fds;
  int   fds[];
} Strangers;

static void
close_strangers (Strangers *strangers)
{
  const struct linger linger = { 0, 0 };

  for (guint i = 0; i < strangers->n_fds; i++)
    {
      /* Of all but sockets that means nothing. */
      setsockopt (strangers->fds[i], SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
      close (strangers->fds[i]);
    }
  g_free (strangers);
}

static gpointer
close_strangers_thread (gpointer data)
{
  close_strangers (data);
  return NULL;
}

/* close() may take as long as somebody else wants it to: a socket that lingers, a file whose system
 * is a program of our enemy's. */
void
malt_memory_discard (const int *fds,
                     guint      n_fds)
{
  Strangers *strangers = g_malloc (sizeof (Strangers) + n_fds * sizeof (int));
  GThread *thread;

  strangers->n_fds = n_fds;
  memcpy (strangers->fds, fds, n_fds * sizeof (int));
  thread = g_thread_try_new ("malt stranger", close_strangers_thread, strangers, NULL);
  if (thread != NULL)
    g_thread_unref (thread);
  else
    close_strangers (strangers);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/relay/malt-relay-sink-private.h"

#include "malt/malt-terminal.h"
#include "malt/wire/malt-monitor.h"

#include <glib-unix.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

/* Kept in memory for a descriptor that takes nothing, in bytes, over all workers. A worker that
 * runs is not read from while its sink is busy; this bounds the last output of those that have
 * ended. */
#define MALT_RELAY_SINK_PENDING_MAX_BYTES (1 << 20)

/* How long a descriptor that takes nothing at all holds up the results that belong after the
 * output, in milliseconds. A reader that is only slow makes progress before; a terminal that was
 * stopped does not, and is not waited for again until it does. */
#define MALT_RELAY_SINK_STALL_MSEC 500

/* Colours of the prefix (ECMA-48), as in Malt.jl. */
#define COLOR_STDOUT "\033[34m"
#define COLOR_STDERR "\033[33m"
#define COLOR_NONE "\033[39m"

/* A line goes out with one write(), so that lines of several processes do not mix. When the
 * descriptor takes only a part, the rest stands in `pending` before any other line, and the
 * monitor writes it. */
struct _MaltRelaySink
{
  int         fd;           /* immutable; of a terminal an own description that does not block */
  const char *color;        /* immutable; NULL: none */
  gboolean    is_terminal;  /* immutable */
  gboolean    is_open;      /* immutable */
  gsize       chunk_bytes;  /* immutable: what write() takes without blocking when poll() says so */

  GMutex      lock;
  GString    *pending;      /* protected by @lock */
  guint64     n_pended;     /* protected by @lock; bytes that ever were pending */
  GSource    *source;       /* protected by @lock; in the monitor, while something is pending */
  gboolean    is_stalled;   /* protected by @lock; has taken nothing for long */
};

static MaltRelaySink sinks[2];

/* A closed descriptor may have been given to something of ours or of GLib: an eventfd has no
 * file type. */
static gboolean
is_open_for_output (int fd)
{
  struct stat status;

  return fstat (fd, &status) == 0 && (status.st_mode & S_IFMT) != 0;
}

/* O_NONBLOCK belongs to the description, which the terminal's other programs share: so one of our
 * own. -1 where the terminal is not ours to open, as after su. */
static int
open_terminal (int fd)
{
  char path[sizeof "/proc/self/fd/" + 11];

  g_snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  return open (path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* poll() promises PIPE_BUF bytes of a pipe and one of a terminal; files are always written
 * whole. */
static gsize
get_chunk_bytes (int fd)
{
  struct stat status;

  if (isatty (fd))
    return (fcntl (fd, F_GETFL) & O_NONBLOCK) != 0 ? G_MAXSSIZE : 1;
  if (fstat (fd, &status) == 0 && (S_ISREG (status.st_mode) || S_ISCHR (status.st_mode)))
    return G_MAXSSIZE;
  return PIPE_BUF;
}

/* https://no-color.org: set and not empty. */
static gboolean
has_no_color (void)
{
  const char *no_color = g_getenv ("NO_COLOR");

  return no_color != NULL && *no_color != '\0';
}

static gpointer
init_sinks (gpointer unused)
{
  for (guint i = 0; i < G_N_ELEMENTS (sinks); i++)
    {
      int fd = STDOUT_FILENO + (int) i;
      int own_fd = isatty (fd) ? open_terminal (fd) : -1;

      g_mutex_init (&sinks[i].lock);
      sinks[i].fd = own_fd >= 0 ? own_fd : fd;
      sinks[i].is_open = is_open_for_output (fd);
      sinks[i].is_terminal = isatty (fd);
      sinks[i].chunk_bytes = get_chunk_bytes (sinks[i].fd);
      if (!has_no_color () && g_log_writer_supports_color (fd))
        sinks[i].color = fd == STDOUT_FILENO ? COLOR_STDOUT : COLOR_STDERR;
      sinks[i].pending = g_string_new (NULL);
    }
  return sinks;
}

MaltRelaySink *
malt_relay_sink_get (int fd)
{
  static GOnce once = G_ONCE_INIT;

  g_assert (fd == STDOUT_FILENO || fd == STDERR_FILENO);
  g_once (&once, init_sinks, NULL);
  return &sinks[fd - STDOUT_FILENO];
}

int
malt_relay_sink_get_fd (MaltRelaySink *self)
{
  return self->fd;
}

static gboolean
can_write (MaltRelaySink *self)
{
  struct pollfd writable = { self->fd, POLLOUT, 0 };

  return poll (&writable, 1, 0) == 1;
}

static void
block_sigpipe (sigset_t *old_mask)
{
  sigset_t sigpipe;

  sigemptyset (&sigpipe);
  sigaddset (&sigpipe, SIGPIPE);
  pthread_sigmask (SIG_BLOCK, &sigpipe, old_mask);
}

/* Takes the signal that our own write() raised, and leaves one that was pending before alone. */
static void
unblock_sigpipe (const sigset_t *old_mask,
                 gboolean        was_pending,
                 gboolean        raised)
{
  if (raised && !was_pending)
    {
      const struct timespec at_once = { 0, 0 };
      sigset_t sigpipe;

      sigemptyset (&sigpipe);
      sigaddset (&sigpipe, SIGPIPE);
      while (sigtimedwait (&sigpipe, NULL, &at_once) < 0 && errno == EINTR)
        ;
    }
  pthread_sigmask (SIG_SETMASK, old_mask, NULL);
}

/* Writes without blocking; returns the number of bytes that are done with. What nobody can ever
 * read is. */
static gsize
write_some_locked (MaltRelaySink *self,
                   const char    *bytes,
                   gsize          length)
{
  sigset_t old_mask, already;
  gboolean broken = FALSE;
  gsize done = 0;

  if (!self->is_open)
    return length;

  block_sigpipe (&old_mask);
  sigpending (&already);
  while (done < length && !broken && can_write (self))
    {
      gssize written = write (self->fd, bytes + done, MIN (length - done, self->chunk_bytes));

      if (written >= 0)
        done += (gsize) written;
      else if (errno == EAGAIN)
        break;
      else if (errno != EINTR)
        broken = TRUE;
    }
  unblock_sigpipe (&old_mask, sigismember (&already, SIGPIPE) == 1, broken);
  if (done > 0 || broken)
    self->is_stalled = FALSE;
  return broken ? length : done;
}

static gboolean
flush_locked (MaltRelaySink *self)
{
  if (self->pending->len > 0)
    {
      gsize done = write_some_locked (self, self->pending->str, self->pending->len);

      g_string_erase (self->pending, 0, (gssize) done);
    }
  return self->pending->len == 0;
}

/* Runs in the monitor thread. */
static gboolean
on_sink_writable (int          fd,
                  GIOCondition condition,
                  gpointer     user_data)
{
  MaltRelaySink *self = user_data;
  gboolean empty;

  g_mutex_lock (&self->lock);
  empty = flush_locked (self);
  if (empty)
    g_clear_pointer (&self->source, g_source_unref);
  g_mutex_unlock (&self->lock);
  return empty ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static void
keep_rest_locked (MaltRelaySink *self,
                  const char    *bytes,
                  gsize          length)
{
  g_string_append_len (self->pending, bytes, (gssize) length);
  self->n_pended += length;
  if (self->source != NULL)
    return;
  self->source = g_unix_fd_source_new (self->fd, G_IO_OUT);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_sink_writable), self, NULL);
  g_source_attach (self->source, malt_monitor_get_context ());
}

static gboolean
is_ready_locked (MaltRelaySink *self)
{
  return !self->is_open || (flush_locked (self) && can_write (self));
}

gboolean
malt_relay_sink_is_ready (MaltRelaySink *self)
{
  gboolean ready;

  g_mutex_lock (&self->lock);
  ready = is_ready_locked (self);
  g_mutex_unlock (&self->lock);
  return ready;
}

/* Whether what was pending when `ticket` was given has been written. */
static gboolean
is_written_locked (MaltRelaySink *self,
                   guint64        ticket)
{
  flush_locked (self);
  return self->n_pended - self->pending->len >= ticket;
}

static void
wait_for (MaltRelaySink *self,
          gboolean       for_room,
          guint64        ticket)
{
  struct pollfd writable = { self->fd, POLLOUT, 0 };
  gboolean over = FALSE;

  while (!over)
    {
      g_mutex_lock (&self->lock);
      over = self->is_stalled
             || (for_room ? is_ready_locked (self) : is_written_locked (self, ticket));
      g_mutex_unlock (&self->lock);

      if (!over && poll (&writable, 1, MALT_RELAY_SINK_STALL_MSEC) == 0)
        {
          g_mutex_lock (&self->lock);
          self->is_stalled = TRUE;
          g_mutex_unlock (&self->lock);
        }
    }
}

void
malt_relay_sink_wait_for_room (MaltRelaySink *self)
{
  wait_for (self, TRUE, 0);
}

void
malt_relay_sink_wait (MaltRelaySink *self,
                      guint64        ticket)
{
  wait_for (self, FALSE, ticket);
}

static guint64
show (MaltRelaySink *self,
      const GString *shown)
{
  guint64 ticket;

  g_mutex_lock (&self->lock);
  gsize done = flush_locked (self) ? write_some_locked (self, shown->str, shown->len) : 0;
  gboolean fits = self->pending->len + shown->len <= MALT_RELAY_SINK_PENDING_MAX_BYTES;
  /* What has begun is ended: a line of another worker must not go on where this one was cut. */
  if (done < shown->len && (done > 0 || fits))
    keep_rest_locked (self, shown->str + done, shown->len - done);
  ticket = self->n_pended;
  g_mutex_unlock (&self->lock);
  return ticket;
}

static void
append (MaltRelaySink *self,
        GString       *shown,
        const char    *bytes,
        gsize          length)
{
  if (self->is_terminal)
    malt_terminal_append (shown, bytes, length);
  else
    g_string_append_len (shown, bytes, (gssize) length);
}

guint64
malt_relay_sink_write_line (MaltRelaySink *self,
                            int            pid,
                            const char    *line,
                            gsize          length)
{
  g_autoptr (GString) shown = g_string_sized_new (length + 64);

  if (self->color != NULL)
    g_string_append_printf (shown, "%s[Worker %d]: %s", self->color, pid, COLOR_NONE);
  else
    g_string_append_printf (shown, "[Worker %d]: ", pid);
  append (self, shown, line, length);
  g_string_append_c (shown, '\n');
  return show (self, shown);
}

guint64
malt_relay_sink_write (MaltRelaySink *self,
                       const char    *bytes,
                       gsize          length)
{
  g_autoptr (GString) shown = g_string_sized_new (length);

  append (self, shown, bytes, length);
  return show (self, shown);
}

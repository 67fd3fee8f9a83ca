/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fuzz-peer.h"

#include "malt/wire/malt-stream-private.h"
#include "malt/wire/malt-value-private.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* What is left after them is one piece, so that long inputs take no longer than short ones. */
#define PIECES_MAX 64u

/* What follows it with FUZZ_PEER_ZEROS: more than the first room of a big body. */
#define ZEROS_TIMES 5u

static int
new_memory (const guint8 *data,
            gsize         size,
            gboolean      is_sealed)
{
  const guint8 slack[MALT_VALUE_SLACK_BYTES] = { 0 };
  const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  int fd = memfd_create ("malt-fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, data, size), ==, (gssize) size);
  g_assert_cmpint (write (fd, slack, sizeof slack), ==, sizeof slack);
  if (is_sealed)
    g_assert_cmpint (fcntl (fd, F_ADD_SEALS, seals), ==, 0);

  return fd;
}

int
fuzz_peer_init (FuzzPeer     *self,
                const guint8 *data,
                gsize         size)
{
  int fds[2];
  gsize n_taken = 1;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  *self = (FuzzPeer) { .fd = fds[1], .memory = -1, .options = data[0] };

  if (self->options & FUZZ_PEER_DESCRIPTOR && size > 1)
    {
      gsize length = MIN (data[1], size - 2);

      self->memory = new_memory (data + 2, length, !(self->options & FUZZ_PEER_UNSEALED));
      n_taken = 2 + length;
    }
  self->bytes = data + n_taken;
  self->size = size - n_taken;

  return fds[0];
}

void
fuzz_peer_clear (FuzzPeer *self)
{
  if (self->memory >= 0)
    close (self->memory);
  if (self->fd >= 0)
    close (self->fd);
}

static gsize
send_bytes (FuzzPeer     *self,
            const guint8 *bytes,
            gsize         size)
{
  struct iovec iovec = { .iov_base = (gpointer) bytes, .iov_len = size };
  union
  {
    struct cmsghdr header;
    guint8         bytes[CMSG_SPACE (sizeof (int))];
  } control = { .header = { CMSG_LEN (sizeof (int)), SOL_SOCKET, SCM_RIGHTS } };
  struct msghdr message = { .msg_iov = &iovec, .msg_iovlen = 1 };

  if (self->memory >= 0 && self->n_sent == 0)
    {
      memcpy (CMSG_DATA (&control.header), &self->memory, sizeof self->memory);
      message.msg_control = &control;
      message.msg_controllen = sizeof control;
    }
  self->n_sent++;

  return (gsize) MAX (sendmsg (self->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL), 0);
}

gboolean
fuzz_peer_send (FuzzPeer *self)
{
  static const guint8 zeros[MALT_STREAM_BIG_BYTES];
  static const gsize sizes[] = { G_MAXSIZE, 1, 7, 31 };
  gsize size = self->n_sent < PIECES_MAX ? sizes[self->options & FUZZ_PEER_PIECES] : G_MAXSIZE;

  if (self->size > 0)
    {
      gsize n_sent = send_bytes (self, self->bytes, MIN (size, self->size));

      self->bytes += n_sent;
      self->size = n_sent > 0 ? self->size - n_sent : 0;
      return TRUE;
    }

  if (self->options & FUZZ_PEER_ZEROS)
    {
      if (++self->n_zeros == ZEROS_TIMES)
        self->options &= ~FUZZ_PEER_ZEROS;
      send_bytes (self, zeros, sizeof zeros);
      return TRUE;
    }

  shutdown (self->fd, SHUT_WR);
  return FALSE;
}

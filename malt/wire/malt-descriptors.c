/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-descriptors-private.h"

#include "malt/malt-error.h"

#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>

/* What one message can have attached (SCM_MAX_FD of the kernel). There is room for all of them,
 * though one is the most that is right: what there is no room for the kernel closes, in the thread
 * that reads, see malt_memory_discard(). */
#define DESCRIPTORS_MAX_IN_MESSAGE 253

void
malt_descriptors_clear (MaltDescriptors *self)
{
  if (self->n_fds > 0)
    malt_memory_discard (self->fds, self->n_fds);
  self->n_fds = 0;
}

/* -1 stands for one that is lost. */
static void
take_descriptor (MaltDescriptors *self,
                 int              fd)
{
  if (self->are_taken && self->n_fds < MALT_DESCRIPTORS_MAX)
    {
      self->fds[self->n_fds++] = fd;
      return;
    }

  self->has_excess = TRUE;
  if (fd >= 0)
    malt_memory_discard (&fd, 1);
}

/* Whatever the peer has attached: one descriptor, which the kernel drops when this process can have
 * no more. */
static void
take_control (MaltDescriptors *self,
              struct msghdr   *message)
{
  int fds[DESCRIPTORS_MAX_IN_MESSAGE];
  guint n_fds = 0;

  for (struct cmsghdr *header = CMSG_FIRSTHDR (message);
       header != NULL;
       header = CMSG_NXTHDR (message, header))
    {
      if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
        continue;

      n_fds = (header->cmsg_len - CMSG_LEN (0)) / sizeof (int);
      memcpy (fds, CMSG_DATA (header), n_fds * sizeof (int));
    }

  if (n_fds > 1 || (n_fds == 1 && message->msg_flags & MSG_CTRUNC))
    {
      self->has_excess = TRUE;
      malt_memory_discard (fds, n_fds);
    }
  else if (n_fds == 1)
    take_descriptor (self, fds[0]);
  else if (message->msg_flags & MSG_CTRUNC)
    take_descriptor (self, -1);
}

ssize_t
malt_descriptors_receive (MaltDescriptors *self,
                          int              fd,
                          guint8          *target,
                          gsize            room)
{
  struct iovec iovec = { .iov_base = target, .iov_len = room };
  alignas (struct cmsghdr) guint8 control[CMSG_LEN (DESCRIPTORS_MAX_IN_MESSAGE * sizeof (int))];
  struct msghdr message = { .msg_iov = &iovec, .msg_iovlen = 1,
                            .msg_control = control, .msg_controllen = sizeof control };
  ssize_t n = recvmsg (fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

  if (n >= 0 && (message.msg_controllen > 0 || message.msg_flags & MSG_CTRUNC))
    take_control (self, &message);

  return n;
}

/* There is one. */
static int
steal_oldest (MaltDescriptors *self)
{
  int fd = self->fds[0];

  self->n_fds--;
  self->fds[0] = self->fds[1];
  return fd;
}

/* The value of a frame that lies in memory, whose descriptor is the oldest. NULL without an error
 * is for malt_message_decode() to complain of. */
GBytes *
malt_descriptors_map (MaltDescriptors  *self,
                      gsize             max_bytes,
                      GError          **error)
{
  int fd;

  if (self->n_fds == 0)
    return NULL;

  fd = steal_oldest (self);
  if (fd >= 0)
    return malt_memory_map (fd, max_bytes, error);

  g_set_error_literal (error, MALT_ERROR, MALT_ERROR_LIMIT,
                       "Cannot take the descriptor of a value: too many files are open");
  return NULL;
}

void
malt_descriptors_drop (MaltDescriptors *self)
{
  int fd = self->n_fds > 0 ? steal_oldest (self) : -1;

  if (fd >= 0)
    malt_memory_discard (&fd, 1);
}

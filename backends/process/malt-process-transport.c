/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/process/malt-process-transport.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* How often a TCP pair is tried. Another program of this machine that connects to every listener
 * it finds can make one attempt fail (measured: 3 of 40 000 with two such programs), never
 * succeed with the wrong peer. */
#define MALT_PROCESS_PAIR_ATTEMPTS 3

/* For one attempt, in milliseconds: a SYN that an overflowing queue dropped is sent again after
 * a second. */
#define MALT_PROCESS_PAIR_TIMEOUT_MSEC 1500

/* Room for strangers in the listener's queue while our own connection is on its way. */
#define MALT_PROCESS_PAIR_BACKLOG 16

void
malt_process_pair_clear (MaltProcessPair *self)
{
  if (self->manager_fd >= 0)
    close (g_steal_fd (&self->manager_fd));
  if (self->worker_fd >= 0)
    close (g_steal_fd (&self->worker_fd));
}

static gboolean
set_errno_error (GError     **error,
                 const char  *what)
{
  int saved_errno = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
               "Cannot %s: %s", what, g_strerror (saved_errno));
  return FALSE;
}

static gboolean
same_address (const struct sockaddr_in *a,
              const struct sockaddr_in *b)
{
  return a->sin_family == b->sin_family && a->sin_port == b->sin_port
         && a->sin_addr.s_addr == b->sin_addr.s_addr;
}

/* Without SO_REUSEADDR, so that nobody else can be bound to the same port. */
static gboolean
open_listener (int                 *listener,
               struct sockaddr_in  *address,
               GError             **error)
{
  socklen_t length = sizeof *address;

  *address = (struct sockaddr_in) { .sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  *listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (*listener < 0)
    return set_errno_error (error, "make a TCP socket");
  if (bind (*listener, (struct sockaddr *) address, sizeof *address) < 0
      || listen (*listener, MALT_PROCESS_PAIR_BACKLOG) < 0
      || getsockname (*listener, (struct sockaddr *) address, &length) < 0)
    return set_errno_error (error, "listen on 127.0.0.1");
  return TRUE;
}

static gboolean
open_client (int                       *client,
             const struct sockaddr_in  *listener_address,
             struct sockaddr_in        *address,
             GError                   **error)
{
  socklen_t length = sizeof *address;

  *client = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (*client < 0)
    return set_errno_error (error, "make a TCP socket");
  if (connect (*client, (const struct sockaddr *) listener_address, sizeof *listener_address) < 0
      && errno != EINPROGRESS)
    return set_errno_error (error, "connect to 127.0.0.1");
  if (getsockname (*client, (struct sockaddr *) address, &length) < 0)
    return set_errno_error (error, "read the address of a socket");
  return TRUE;
}

/* Accepts until our own connection comes; strangers are turned away. */
static gboolean
accept_client (int                        listener,
               const struct sockaddr_in  *client_address,
               int                       *accepted,
               GError                   **error)
{
  gint64 deadline = g_get_monotonic_time () + MALT_PROCESS_PAIR_TIMEOUT_MSEC * 1000;

  while (TRUE)
    {
      struct pollfd readable = { listener, POLLIN, 0 };
      gint64 remaining = (deadline - g_get_monotonic_time () + 999) / 1000;
      struct sockaddr_in peer;
      socklen_t length = sizeof peer;

      if (remaining <= 0)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                               "Cannot connect to 127.0.0.1: "
                               "other programs keep the listener busy");
          return FALSE;
        }
      if (poll (&readable, 1, (int) remaining) < 0 && errno != EINTR)
        return set_errno_error (error, "wait for a connection");
      *accepted = accept4 (listener, (struct sockaddr *) &peer, &length, SOCK_CLOEXEC);
      if (*accepted >= 0 && same_address (&peer, client_address))
        return TRUE;
      if (*accepted >= 0)
        close (g_steal_fd (accepted));
      else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
        return set_errno_error (error, "accept a connection");
    }
}

static gboolean
set_no_delay (int      fd,
              GError **error)
{
  int on = 1;

  if (setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
    return set_errno_error (error, "set TCP_NODELAY");
  return TRUE;
}

/* That the accepted peer has the address of our own socket is proof that nobody else is at the
 * other end: the kernel gives the four numbers of a connection to one connection only. */
static gboolean
connect_through_listener (MaltProcessPair  *self,
                          int              *listener,
                          GError          **error)
{
  struct sockaddr_in listener_address, client_address, peer;
  socklen_t length = sizeof peer;

  if (!open_listener (listener, &listener_address, error)
      || !open_client (&self->manager_fd, &listener_address, &client_address, error)
      || !accept_client (*listener, &client_address, &self->worker_fd, error)
      || !set_no_delay (self->manager_fd, error)
      || !set_no_delay (self->worker_fd, error))
    return FALSE;
  if (getpeername (self->manager_fd, (struct sockaddr *) &peer, &length) < 0)
    return set_errno_error (error, "read the peer of a socket");
  if (!same_address (&peer, &listener_address))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                           "The socket is connected to somebody else");
      return FALSE;
    }
  self->port = ntohs (listener_address.sin_port);
  return TRUE;
}

static gboolean
open_tcp_pair (MaltProcessPair  *self,
               GError          **error)
{
  int listener = -1;
  gboolean opened = connect_through_listener (self, &listener, error);

  if (listener >= 0)
    close (listener);
  if (!opened)
    malt_process_pair_clear (self);
  return opened;
}

static gboolean
open_tcp_pair_patiently (MaltProcessPair  *self,
                         GError          **error)
{
  for (guint attempt = 1; ; attempt++)
    {
      g_autoptr (GError) local_error = NULL;

      if (open_tcp_pair (self, &local_error))
        return TRUE;
      if (attempt == MALT_PROCESS_PAIR_ATTEMPTS)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
    }
}

static gboolean
open_unix_pair (MaltProcessPair  *self,
                GError          **error)
{
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    return set_errno_error (error, "make a pair of Unix sockets");
  self->manager_fd = fds[0];
  self->worker_fd = fds[1];
  if (fcntl (self->manager_fd, F_SETFL, O_NONBLOCK) < 0)
    return set_errno_error (error, "make a socket non-blocking");
  return TRUE;
}

gboolean
malt_process_pair_open (MaltProcessPair       *self,
                        MaltProcessTransport   transport,
                        GError               **error)
{
  g_autoptr (GError) tcp_error = NULL;
  gboolean opened = FALSE;

  if (transport != MALT_PROCESS_TRANSPORT_UNIX)
    opened = open_tcp_pair_patiently (self, &tcp_error);
  /* A network namespace may be without a loopback interface, and nothing else needs one. */
  if (!opened && transport != MALT_PROCESS_TRANSPORT_TCP)
    opened = open_unix_pair (self, error);
  else if (!opened)
    g_propagate_error (error, g_steal_pointer (&tcp_error));
  if (!opened)
    return FALSE;

  self->manager_fd = malt_raise_fd (self->manager_fd);
  if (self->manager_fd < 0)
    return set_errno_error (error, "duplicate a descriptor");
  return TRUE;
}

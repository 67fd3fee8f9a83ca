/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The same work as malt's, with system calls and nothing else. */
#include "config.h"

#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PEER_SOCKET_FD 3

char *bench_limit_program;

static void
check (gboolean ok, const char *what)
{
  if (!ok)
    g_error ("%s: %s", what, g_strerror (errno));
}

static void
make_tcp_pair (int pair[2])
{
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {
    .sin_family = AF_INET,
    .sin_addr = { htonl (INADDR_LOOPBACK) },
  };
  socklen_t length = sizeof address;
  int yes = 1;

  check (listener >= 0, "socket");
  check (bind (listener, (struct sockaddr *) &address, length) == 0, "bind");
  check (listen (listener, 1) == 0, "listen");
  check (getsockname (listener, (struct sockaddr *) &address, &length) == 0, "getsockname");
  pair[0] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  check (connect (pair[0], (struct sockaddr *) &address, length) == 0, "connect");
  pair[1] = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
  check (pair[1] >= 0, "accept");
  close (listener);
  for (guint i = 0; i < 2; i++)
    setsockopt (pair[i], IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

/* Consumes both descriptors; `next_fd`: -1 for one that answers. */
static pid_t
spawn (int fd, int next_fd)
{
  char *argv[] = { bench_limit_program, next_fd >= 0 ? (char *) "hop" : NULL, NULL };
  int fds[] = { fd, next_fd };
  posix_spawn_file_actions_t actions;
  pid_t pid;

  posix_spawn_file_actions_init (&actions);
  for (int i = 0; i < 2 && fds[i] >= 0; i++)
    {
      /* Out of the way first: a descriptor that is moved onto itself keeps its close-on-exec
       * flag. */
      int away_fd = fcntl (fds[i], F_DUPFD_CLOEXEC, 10);

      check (away_fd >= 0, "dup");
      close (fds[i]);
      fds[i] = away_fd;
      posix_spawn_file_actions_adddup2 (&actions, away_fd, PEER_SOCKET_FD + i);
    }
  errno = posix_spawn (&pid, bench_limit_program, &actions, NULL, argv, environ);
  check (errno == 0, bench_limit_program);
  posix_spawn_file_actions_destroy (&actions);
  for (int i = 0; i < 2 && fds[i] >= 0; i++)
    close (fds[i]);

  return pid;
}

void
bench_peer_start (BenchPeer *peer, gboolean tcp)
{
  int pair[2];

  if (tcp)
    make_tcp_pair (pair);
  else
    check (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "socketpair");
  peer->pid = spawn (pair[1], -1);
  peer->fd = pair[0];
}

void
bench_peer_start_hop (BenchPeer *peer, BenchPeer *next)
{
  int pair[2];

  make_tcp_pair (pair);
  peer->pid = spawn (pair[1], g_steal_fd (&next->fd));
  peer->fd = pair[0];
}

void
bench_peer_stop (BenchPeer *peer)
{
  if (peer->fd >= 0)
    close (peer->fd);
  waitpid (peer->pid, NULL, 0);
}

static void
send_all (int fd, const char *p, gsize n)
{
  while (n > 0)
    {
      gssize n_sent = send (fd, p, n, MSG_NOSIGNAL);

      check (n_sent > 0, "send");
      p += n_sent;
      n -= n_sent;
    }
}

static void
receive_all (int fd, char *p, gsize n)
{
  while (n > 0)
    {
      gssize n_received = recv (fd, p, n, 0);

      check (n_received > 0, "recv");
      p += n_received;
      n -= n_received;
    }
}

static void
echo_once (int fd, char *frame, gsize size)
{
  guint64 length = size - sizeof length;

  memcpy (frame, &length, sizeof length);
  send_all (fd, frame, size);
  receive_all (fd, frame, size);
}

void
bench_limit_start (BenchPeer *unused, GArray *samples, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      char frame[BENCH_SMALL_BYTES] = "";
      double start_us = bench_now_us ();
      BenchPeer peer;

      bench_peer_start (&peer, TRUE);
      echo_once (peer.fd, frame, sizeof frame);
      bench_add (samples, bench_now_us () - start_us);
      bench_peer_stop (&peer);
    }
}

void
bench_limit_echo (BenchPeer *peer, GArray *samples, guint n)
{
  char frame[BENCH_SMALL_BYTES] = "";

  for (guint i = 0; i < n; i++)
    {
      double start_us = bench_now_us ();

      echo_once (peer->fd, frame, sizeof frame);
      bench_add (samples, bench_now_us () - start_us);
    }
}

void
bench_limit_rested (BenchPeer *peer, GArray *samples, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_usleep (BENCH_REST_USEC);
      bench_limit_echo (peer, samples, 1);
    }
}

/* A window of frames on their way, each sent and received by a system call of its own. */
void
bench_limit_pipeline (BenchPeer *peer, GArray *samples, guint n)
{
  char frame[BENCH_SMALL_BYTES] = "";
  guint64 length = sizeof frame - sizeof length;
  double start_us = bench_now_us ();
  guint n_sent = 0;

  memcpy (frame, &length, sizeof length);
  for (guint n_received = 0; n_received < n; n_received++)
    {
      for (; n_sent < n && n_sent - n_received < BENCH_WINDOW; n_sent++)
        send_all (peer->fd, frame, sizeof frame);
      receive_all (peer->fd, frame, sizeof frame);
    }
  bench_add (samples, n / (bench_now_us () - start_us) * G_USEC_PER_SEC);
}

void
bench_limit_large (BenchPeer *peer, GArray *samples, guint n)
{
  gsize size = BENCH_LARGE_BYTES + sizeof (guint64);
  g_autofree char *frame = g_malloc (size);

  memset (frame, 1, size);
  for (guint i = 0; i < n; i++)
    {
      double start_us = bench_now_us ();

      echo_once (peer->fd, frame, size);
      bench_add (samples, bench_now_us () - start_us);
    }
}

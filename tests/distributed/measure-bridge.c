/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-bridge.h"
#include "backends/distributed/malt-distributed-tls.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* What a bridge costs: round trips of a small message and the time of a large one, over a TCP
 * connection alone, with the bridge of a host behind it, and with two and TLS between them. In
 * turns, so that what else the machine does is the same for all. With a folder of make-certificates
 * as argument also with TLS. */

#define SMALL_BYTES 64
#define BIG_BYTES (64u * 1024 * 1024)
#define N_ROUND_TRIPS 2000
#define N_TURNS 15

typedef struct
{
  const char *name;
  int         fd;
  GArray     *small; /* of double: microseconds a round trip */
  GArray     *big;   /* of double: milliseconds */
} Way;

static void
transfer (int     fd,
          char   *data,
          gsize   size,
          gboolean is_sent)
{
  while (size > 0)
    {
      gssize n = is_sent ? send (fd, data, size, MSG_NOSIGNAL) : recv (fd, data, size, 0);

      if (n <= 0)
        exit (EXIT_FAILURE);
      data += n;
      size -= (gsize) n;
    }
}

/* Answers each small message with one, each large one with a small one. */
static gpointer
answer (gpointer user_data)
{
  int fd = GPOINTER_TO_INT (user_data);
  char *data = g_malloc (BIG_BYTES);

  for (;;)
    {
      for (guint i = 0; i < N_ROUND_TRIPS; i++)
        {
          transfer (fd, data, SMALL_BYTES, FALSE);
          transfer (fd, data, SMALL_BYTES, TRUE);
        }
      transfer (fd, data, BIG_BYTES, FALSE);
      transfer (fd, data, SMALL_BYTES, TRUE);
    }

  return NULL;
}

static void
connect_tcp (int fds[2])
{
  struct sockaddr_in address = {
    .sin_family = AF_INET,
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
  };
  socklen_t length = sizeof address;
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;

  bind (listener, (struct sockaddr *) &address, sizeof address);
  listen (listener, 1);
  getsockname (listener, (struct sockaddr *) &address, &length);
  fds[0] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect (fds[0], (struct sockaddr *) &address, sizeof address) != 0)
    exit (EXIT_FAILURE);
  fds[1] = accept (listener, NULL, NULL);
  close (listener);
  for (guint i = 0; i < 2; i++)
    setsockopt (fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static GIOStream *
new_stream (int fd)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, NULL);

  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

/* The outer end of a bridge to `stream`. */
static int
add_bridge (GIOStream *stream)
{
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0
      || malt_bridge_new (stream, fds[0], NULL, NULL, NULL, NULL) == NULL)
    exit (EXIT_FAILURE);
  return fds[1];
}

static void
on_tls (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  *(GIOStream **) user_data = malt_distributed_tls_finish (result, NULL);
}

static void
wrap (GIOStream  *streams[2],
      const char *folder)
{
  g_autofree char *certificate = g_build_filename (folder, "server.pem", NULL);
  g_autofree char *key = g_build_filename (folder, "server.key", NULL);
  g_autofree char *authorities = g_build_filename (folder, "ca.pem", NULL);
  g_autoptr (GError) error = NULL;
  MaltDistributedTls *tls = malt_distributed_tls_new (certificate, key, authorities, &error);
  GIOStream *wrapped[2] = { NULL, NULL };

  if (tls == NULL)
    g_error ("%s", error->message);
  malt_distributed_tls_connect_async (tls, G_SOCKET_CONNECTION (streams[0]),
                                      malt_distributed_tls_get_fingerprint (tls), NULL, on_tls,
                                      &wrapped[0]);
  malt_distributed_tls_accept_async (tls, G_SOCKET_CONNECTION (streams[1]), NULL, on_tls,
                                     &wrapped[1]);
  while (wrapped[0] == NULL || wrapped[1] == NULL)
    g_main_context_iteration (NULL, TRUE);
  streams[0] = wrapped[0];
  streams[1] = wrapped[1];
}

static void
measure (Way  *way,
         char *data)
{
  gint64 began_us = g_get_monotonic_time ();
  double small_us, big_ms;

  for (guint i = 0; i < N_ROUND_TRIPS; i++)
    {
      transfer (way->fd, data, SMALL_BYTES, TRUE);
      transfer (way->fd, data, SMALL_BYTES, FALSE);
    }
  small_us = (double) (g_get_monotonic_time () - began_us) / N_ROUND_TRIPS;

  began_us = g_get_monotonic_time ();
  transfer (way->fd, data, BIG_BYTES, TRUE);
  transfer (way->fd, data, SMALL_BYTES, FALSE);
  big_ms = (double) (g_get_monotonic_time () - began_us) / 1000;

  g_array_append_val (way->small, small_us);
  g_array_append_val (way->big, big_ms);
}

static int
compare (gconstpointer a,
         gconstpointer b)
{
  double difference = *(const double *) a - *(const double *) b;

  return difference < 0 ? -1 : difference > 0;
}

static double
get_median (GArray *values)
{
  g_array_sort (values, compare);
  return g_array_index (values, double, values->len / 2);
}

int
main (int    argc,
      char **argv)
{
  Way ways[] = { { "TCP alone", -1 }, { "one bridge", -1 }, { "two bridges and TLS", -1 } };
  guint n_ways = argc > 1 ? 3 : 2;
  char *data = g_malloc0 (BIG_BYTES);
  double small_us, big_ms;

  for (guint i = 0; i < n_ways; i++)
    {
      GIOStream *streams[2];
      int fds[2];

      connect_tcp (fds);
      ways[i].fd = fds[0];
      if (i == 1)
        fds[1] = add_bridge (new_stream (fds[1]));
      if (i == 2)
        {
          streams[0] = new_stream (fds[0]);
          streams[1] = new_stream (fds[1]);
          wrap (streams, argv[1]);
          ways[i].fd = add_bridge (streams[0]);
          fds[1] = add_bridge (streams[1]);
        }
      ways[i].small = g_array_new (FALSE, FALSE, sizeof (double));
      ways[i].big = g_array_new (FALSE, FALSE, sizeof (double));
      g_thread_unref (g_thread_new ("answer", answer, GINT_TO_POINTER (fds[1])));
    }

  for (guint turn = 0; turn < N_TURNS; turn++)
    for (guint i = 0; i < n_ways; i++)
      measure (&ways[i], data);

  for (guint i = 0; i < n_ways; i++)
    {
      small_us = get_median (ways[i].small);
      big_ms = get_median (ways[i].big);
      printf ("%-20s %u bytes: %6.1f us (%.2f)   %u MiB: %6.1f ms (%.2f)\n", ways[i].name,
              SMALL_BYTES, small_us, small_us / get_median (ways[0].small),
              BIG_BYTES / (1024 * 1024), big_ms, big_ms / get_median (ways[0].big));
    }

  return EXIT_SUCCESS;
}

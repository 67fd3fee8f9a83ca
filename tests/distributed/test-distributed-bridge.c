/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-bridge.h"

#include "tests/malt-test-slowness.h"

#include <gio/gio.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BIG_BYTES (32u * 1024 * 1024)

/* Bytes that a bridge and the sockets around it hold at most, when nobody reads. */
#define HELD_BYTES (16u * 1024 * 1024)

#define WATCHDOG_SECONDS (60 * malt_test_get_slowness ())

/* A bridge between two pairs of sockets; the test has the outer ends. */
typedef struct
{
  MaltBridge *bridge;
  int         outer;  /* behind the stream */
  int         inner;  /* behind the descriptor */
  GMutex      lock;
  GCond       cond;
  guint       n_ended[2];
  gboolean    is_gone;
} Fixture;

static void
on_ended (MaltBridgeDirection direction,
          gpointer            user_data)
{
  Fixture *fixture = user_data;

  g_mutex_lock (&fixture->lock);
  fixture->n_ended[direction]++;
  g_cond_broadcast (&fixture->cond);
  g_mutex_unlock (&fixture->lock);
}

static void
on_gone (gpointer user_data)
{
  Fixture *fixture = user_data;

  g_mutex_lock (&fixture->lock);
  fixture->is_gone = TRUE;
  g_cond_broadcast (&fixture->cond);
  g_mutex_unlock (&fixture->lock);
}

static void
fixture_init (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) connection = NULL;
  int stream_pair[2], fd_pair[2];

  memset (fixture, 0, sizeof *fixture);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream_pair), ==, 0);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd_pair), ==,
                   0);
  socket = g_socket_new_from_fd (stream_pair[0], &error);
  g_assert_no_error (error);
  connection = g_socket_connection_factory_create_connection (socket);
  fixture->outer = stream_pair[1];
  fixture->inner = fd_pair[1];
  fcntl (fixture->inner, F_SETFL, 0);
  fixture->bridge = malt_bridge_new (G_IO_STREAM (connection), fd_pair[0], on_ended, fixture,
                                     on_gone, &error);
  g_assert_no_error (error);
}

static void
fixture_wait_for_ends (Fixture *fixture)
{
  g_mutex_lock (&fixture->lock);
  while (fixture->n_ended[0] == 0 || fixture->n_ended[1] == 0)
    g_cond_wait (&fixture->cond, &fixture->lock);
  g_assert_cmpuint (fixture->n_ended[0], ==, 1);
  g_assert_cmpuint (fixture->n_ended[1], ==, 1);
  g_mutex_unlock (&fixture->lock);
}

static void
fixture_clear (Fixture *fixture)
{
  malt_bridge_close (fixture->bridge);
  fixture_wait_for_ends (fixture);
  malt_bridge_unref (fixture->bridge);
  g_mutex_lock (&fixture->lock);
  while (!fixture->is_gone)
    g_cond_wait (&fixture->cond, &fixture->lock);
  g_mutex_unlock (&fixture->lock);
  close (fixture->outer);
  close (fixture->inner);
}

static void
check_way (int from,
           int to)
{
  char text[6];

  g_assert_cmpint (send (from, "there", 6, MSG_NOSIGNAL), ==, 6);
  g_assert_cmpint (recv (to, text, 6, MSG_WAITALL), ==, 6);
  g_assert_cmpstr (text, ==, "there");
}

static void
test_both_ways (void)
{
  Fixture fixture;

  fixture_init (&fixture);
  for (guint i = 0; i < 100; i++)
    {
      check_way (fixture.outer, fixture.inner);
      check_way (fixture.inner, fixture.outer);
    }
  fixture_clear (&fixture);
}

static void
fill (guint8 *data,
      gsize   size)
{
  for (gsize i = 0; i < size; i++)
    data[i] = (guint8) (i * 7 + (i >> 11));
}

static gpointer
send_big (gpointer data)
{
  int fd = GPOINTER_TO_INT (data);
  g_autofree guint8 *bytes = g_malloc (BIG_BYTES);
  gsize n_sent = 0;

  fill (bytes, BIG_BYTES);
  while (n_sent < BIG_BYTES)
    {
      gssize n = send (fd, bytes + n_sent, BIG_BYTES - n_sent, MSG_NOSIGNAL);

      g_assert_cmpint (n, >, 0);
      n_sent += (gsize) n;
    }
  shutdown (fd, SHUT_WR);
  return NULL;
}

static void
receive_big (int fd)
{
  g_autofree guint8 *expected = g_malloc (BIG_BYTES);
  g_autofree guint8 *bytes = g_malloc (BIG_BYTES);

  fill (expected, BIG_BYTES);
  g_assert_cmpint (recv (fd, bytes, BIG_BYTES, MSG_WAITALL), ==, BIG_BYTES);
  g_assert_cmpint (memcmp (bytes, expected, BIG_BYTES), ==, 0);
}

/* Both directions at once, and each is ended when its sender has ended it, the other going on. */
static void
test_big (void)
{
  Fixture fixture;
  GThread *outer, *inner;
  char byte;

  fixture_init (&fixture);
  outer = g_thread_new ("outer", send_big, GINT_TO_POINTER (fixture.outer));
  inner = g_thread_new ("inner", send_big, GINT_TO_POINTER (fixture.inner));
  receive_big (fixture.inner);
  receive_big (fixture.outer);
  g_thread_join (outer);
  g_thread_join (inner);
  g_assert_cmpint (recv (fixture.inner, &byte, 1, 0), ==, 0);
  g_assert_cmpint (recv (fixture.outer, &byte, 1, 0), ==, 0);
  fixture_wait_for_ends (&fixture);
  fixture_clear (&fixture);
}

static void
test_half_close (void)
{
  Fixture fixture;
  char byte;

  fixture_init (&fixture);
  shutdown (fixture.inner, SHUT_WR);
  g_assert_cmpint (recv (fixture.outer, &byte, 1, 0), ==, 0);
  check_way (fixture.outer, fixture.inner);
  shutdown (fixture.outer, SHUT_WR);
  g_assert_cmpint (recv (fixture.inner, &byte, 1, 0), ==, 0);
  fixture_wait_for_ends (&fixture);
  fixture_clear (&fixture);
}

/* What nobody reads is not taken from who writes. */
static void
test_back_pressure (void)
{
  Fixture fixture;
  g_autofree guint8 *bytes = g_malloc0 (64 * 1024);
  struct timeval patience = { .tv_usec = 200 * 1000 };
  gsize n_sent = 0;
  gssize n;

  fixture_init (&fixture);
  setsockopt (fixture.outer, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  while ((n = send (fixture.outer, bytes, 64 * 1024, MSG_NOSIGNAL)) > 0)
    n_sent += (gsize) n;
  g_assert_cmpint (errno, ==, EAGAIN);
  g_assert_cmpuint (n_sent, <, HELD_BYTES);

  /* The other way is free. */
  check_way (fixture.inner, fixture.outer);
  fixture_clear (&fixture);
}

/* One side is gone in the midst of something: so is the other. */
static void
test_broken (gconstpointer data)
{
  Fixture fixture;
  g_autofree guint8 *bytes = g_malloc0 (64 * 1024);
  gboolean is_outer = data != NULL;
  int gone, left;

  fixture_init (&fixture);
  gone = is_outer ? fixture.outer : fixture.inner;
  left = is_outer ? fixture.inner : fixture.outer;
  check_way (left, gone);
  shutdown (gone, SHUT_RDWR);
  while (send (left, bytes, 64 * 1024, MSG_NOSIGNAL) > 0)
    ;
  fixture_wait_for_ends (&fixture);
  fixture_clear (&fixture);
}

static void
test_close (void)
{
  Fixture fixture;
  char byte;

  fixture_init (&fixture);
  malt_bridge_close (fixture.bridge);
  malt_bridge_close (fixture.bridge);
  g_assert_cmpint (recv (fixture.inner, &byte, 1, 0), ==, 0);
  g_assert_cmpint (recv (fixture.outer, &byte, 1, 0), ==, 0);
  fixture_wait_for_ends (&fixture);
  fixture_clear (&fixture);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  alarm ((guint) WATCHDOG_SECONDS);

  g_test_add_func ("/distributed/bridge/both-ways", test_both_ways);
  g_test_add_func ("/distributed/bridge/big", test_big);
  g_test_add_func ("/distributed/bridge/half-close", test_half_close);
  g_test_add_func ("/distributed/bridge/back-pressure", test_back_pressure);
  g_test_add_data_func ("/distributed/bridge/stream-is-gone", "", test_broken);
  g_test_add_data_func ("/distributed/bridge/socket-is-gone", NULL, test_broken);
  g_test_add_func ("/distributed/bridge/close", test_close);

  return g_test_run ();
}

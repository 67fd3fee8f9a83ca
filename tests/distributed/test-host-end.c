/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-watch.h"
#include "tests/backends/process-fixture.h"
#include "tests/distributed/host-fixture.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What the worker prints before it ends, in bytes: more than the host sends ahead, and more than is
 * kept of a stream that nobody reads. */
#define PRINTED_BYTES 3000000

/* For how long the manager takes nothing, in microseconds: longer than a reader of this machine
 * may. */
#define SLOW_USEC (1500 * 1000)

/* More than sockets hold. */
#define ANSWERED_BYTES (8u * 1024 * 1024)

/* More than a host sends ahead. */
#define BIG_BYTES (1024u * 1024)

/* What the socket of a worker takes at once. */
#define KEPT_BYTES 100000

/* A worker in Lua that ends itself. */
#define CRASH "os.execute('kill -KILL $PPID')"

static void
evaluate (NewManager *manager,
          const char *code)
{
  g_autoptr (MaltCall) call = malt_call_new_eval ("Main", code, NULL);
  g_autoptr (GError) error = NULL;

  malt_connection_post (manager->connection, call, &error);
  g_assert_no_error (error);
}

static void
test_output_comes_first (void)
{
  g_autoptr (HostFixture) host = host_fixture_new ("{}");
  g_auto (Client) client = { { -1, -1, -1 } };
  g_auto (NewManager) manager = { NULL };
  g_autoptr (MaltExitReport) report = NULL;
  g_autofree char *code =
    g_strdup_printf ("io.stdout:write(string.rep('x', %d)) "
                     "io.stdout:flush() io.stderr:write('farewell') " CRASH, PRINTED_BYTES);

  client_init (&client, host, "@a{sv} {}");
  client_open (&client);
  client_greet (&client, &manager);
  evaluate (&manager, code);
  report = client_wait_for_end (&client);
  g_assert_cmpuint (client.n_output[0], ==, PRINTED_BYTES);
  g_assert_cmpint (malt_exit_report_get_reason (report), ==, MALT_EXIT_REASON_CRASHED);
  g_assert_nonnull (strstr (malt_exit_report_get_stderr_tail (report), "farewell"));
  g_assert_cmpuint (client.n_output[1], ==, strlen (malt_exit_report_get_stderr_tail (report)));
}

/* Leaves it at that, as a terminal that is stopped. */
static void
fill_window (Client *client)
{
  while (client->n_output[0] + MALT_HOST_WATCH_OUTPUT_MAX_BYTES <= MALT_WATCH_OUTPUT_WINDOW_BYTES)
    {
      g_auto (MaltWatchFrame) frame = { 0 };

      g_assert_true (client_next (client, &frame));
      g_assert_cmpint (frame.type, ==, MALT_WATCH_OUTPUT);
      client->n_output[0] += g_bytes_get_size (frame.output);
    }
  g_assert_cmpuint (client->n_output[0], <=, MALT_WATCH_OUTPUT_WINDOW_BYTES);
}

/* The worker waits for it, and nothing is lost. */
static void
test_slow_manager (void)
{
  g_autoptr (HostFixture) host = host_fixture_new ("{}");
  g_auto (Client) client = { { -1, -1, -1 } };
  g_auto (NewManager) manager = { NULL };
  g_autoptr (GByteArray) taken = g_byte_array_new ();
  g_autofree char *code = g_strdup_printf ("io.stdout:write(string.rep('x', %d)) io.stdout:flush() "
                                           CRASH, PRINTED_BYTES);
  gint64 end_us;

  client_init (&client, host, "@a{sv} {}");
  client_open (&client);
  client_greet (&client, &manager);
  evaluate (&manager, code);
  fill_window (&client);
  end_us = g_get_monotonic_time () + SLOW_USEC;
  while (g_get_monotonic_time () < end_us)
    {
      host_iterate ();
      g_usleep (1000);
    }
  malt_watch_append_taken (taken, (guint32) client.n_output[0]);
  client_send (&client, taken);
  client_assert_end (&client);
  g_assert_cmpuint (client.n_output[0], ==, PRINTED_BYTES);
}

/* Whoever waits for its manager can be stopped. */
static void
test_stop_one_who_prints (void)
{
  g_autoptr (HostFixture) host = host_fixture_new ("{}");
  g_auto (Client) client = { { -1, -1, -1 } };
  g_auto (NewManager) manager = { NULL };
  g_autoptr (GByteArray) stop = g_byte_array_new ();

  client_init (&client, host, "@a{sv} {}");
  client_open (&client);
  client_greet (&client, &manager);
  evaluate (&manager, "while true do io.write (('x'):rep (1000)) end");
  fill_window (&client);
  malt_watch_append_stop (stop, 0, 0);
  client_send (&client, stop);
  for (;;)
    {
      g_auto (MaltWatchFrame) frame = { 0 };

      g_assert_true (client_next (&client, &frame));
      if (frame.type == MALT_WATCH_EXITED)
        break;
    }
  close (g_steal_fd (&client.fds[MALT_HOST_STREAM_WATCH]));
  host_fixture_wait_until_free (host);
}

/* Calls something whose answer nobody reads, because nobody runs the main context for it, and waits
 * until it comes. Returns a copy of the socket, where it can be read all the same. */
static int
ask_for_bytes (Client     *client,
               NewManager *manager,
               gsize       size)
{
  int data_fd = dup (client->fds[MALT_HOST_STREAM_DATA]);
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autofree char *code = g_strdup_printf ("string.rep('x', %" G_GSIZE_FORMAT ")", size);
  g_autoptr (MaltCall) call = malt_call_new_eval ("Main", code, NULL);

  client_greet (client, manager);
  g_main_context_push_thread_default (context);
  malt_connection_send_async (manager->connection, call, NULL, NULL, NULL);
  g_main_context_pop_thread_default (context);
  host_wait_for (data_fd);

  return data_fd;
}

static void
kill_worker (Client *client)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  malt_watch_append_kill (bytes, SIGKILL);
  client_send (client, bytes);
}

/* With whatever is still on its way when the worker ends: as much as a socket holds, and a
 * bridge. */
static void
test_answers_are_not_lost (void)
{
  g_autoptr (HostFixture) host = host_fixture_new ("{}");
  g_auto (Client) client = { { -1, -1, -1 } };
  g_auto (NewManager) manager = { NULL };
  g_autoptr (MaltExitReport) report = NULL;
  g_autofree char *buffer = g_malloc (KEPT_BYTES);
  int data_fd;

  client_init (&client, host, "@a{sv} {}");
  client_open (&client);
  data_fd = ask_for_bytes (&client, &manager, KEPT_BYTES);
  kill_worker (&client);
  client_assert_end (&client);
  g_assert_cmpint (recv (data_fd, buffer, KEPT_BYTES, MSG_WAITALL), ==, KEPT_BYTES);
  close (data_fd);
}

/* A manager that reads nothing of what the worker says is told all the same. */
static void
test_nobody_reads (void)
{
  g_autoptr (HostFixture) host = host_fixture_new ("{}");
  g_auto (Client) client = { { -1, -1, -1 } };
  g_auto (NewManager) manager = { NULL };
  int data_fd;

  client_init (&client, host, "@a{sv} {}");
  client_open (&client);
  data_fd = ask_for_bytes (&client, &manager, 4 * ANSWERED_BYTES);
  kill_worker (&client);
  client_assert_end (&client);
  close (data_fd);
}

static void
test_crash (void)
{
  g_autoptr (HostFixture) host = host_fixture_new ("{}");
  g_auto (Client) client = { { -1, -1, -1 } };
  g_autoptr (MaltExitReport) report = NULL;

  client_init (&client, host, "@a{sv} {}");
  client_open (&client);
  kill (client.reply->pid, SIGKILL);
  report = client_wait_for_end (&client);
  g_assert_cmpint (malt_exit_report_get_reason (report), ==, MALT_EXIT_REASON_CRASHED);
  g_assert_cmpint (malt_exit_report_get_signal (report), ==, SIGKILL);
}

/* For what other threads tell the main context, which does not run meanwhile, in microseconds. Were
 * it too short, a test would only tell less. */
#define TELL_USEC 50000

/* Data and control are open, and the end of the worker and that of its answers come in one turn. */
static void
test_nobody_watches (void)
{
  g_autoptr (HostFixture) host = host_fixture_new ("{}");
  g_auto (Client) client = { { -1, -1, -1 } };
  g_auto (NewManager) manager = { NULL };
  int data_fd;

  client_init (&client, host, "@a{sv} {}");
  for (guint i = 0; i <= MALT_HOST_STREAM_CONTROL; i++)
    {
      client.fds[i] = client_send_opening (&client, (MaltHostStream) i);
      g_assert_true (client_is_accepted (client.fds[i]));
    }
  data_fd = ask_for_bytes (&client, &manager, 4 * ANSWERED_BYTES);
  kill (client.reply->pid, SIGKILL);
  while (!fixture_is_gone (client.reply->pid))
    g_usleep (1000);
  g_usleep (TELL_USEC);
  new_manager_clear (&manager);
  close (data_fd);
  g_usleep (TELL_USEC);
  host_fixture_wait_until_free (host);
}

/* The manager goes after the worker has ended, and before it is told: no slot is lost. */
static void
test_nobody_is_told (void)
{
  g_autoptr (HostFixture) host = host_fixture_new ("{}");
  g_auto (Client) client = { { -1, -1, -1 } };
  g_auto (NewManager) manager = { NULL };
  int data_fd;

  client_init (&client, host, "@a{sv} {}");
  client_open (&client);
  data_fd = ask_for_bytes (&client, &manager, 4 * ANSWERED_BYTES);
  kill_worker (&client);
  client_wait_until_gone (&client);
  g_usleep (TELL_USEC);
  host_iterate ();
  new_manager_clear (&manager);
  close (data_fd);
  close (g_steal_fd (&client.fds[MALT_HOST_STREAM_WATCH]));
  g_usleep (TELL_USEC);
  host_fixture_wait_until_free (host);
}

/* Whoever knows of the end, and stays, does not keep the slot. */
static void
test_nobody_goes (void)
{
  g_autoptr (HostFixture) host = host_fixture_new ("{}");
  g_auto (Client) client = { { -1, -1, -1 } };
  g_auto (MaltWatchFrame) frame = { 0 };

  client_init (&client, host, NULL);
  client_open (&client);
  kill_worker (&client);
  client_assert_end (&client);
  g_assert_false (client_next (&client, &frame));
  host_fixture_wait_until_free (host);
}

/* Each stop is remembered until the worker has ended, so there cannot be any number of them. */
static void
test_too_many_stops (void)
{
  g_autoptr (HostFixture) host = host_fixture_new ("{}");
  g_auto (Client) client = { { -1, -1, -1 } };
  g_autoptr (GByteArray) stops = g_byte_array_new ();
  g_auto (MaltWatchFrame) frame = { 0 };

  client_init (&client, host, NULL);
  client_open (&client);
  kill (client.reply->pid, SIGSTOP);
  for (guint i = 0; i < 1025; i++)
    malt_watch_append_stop (stops, G_MAXUINT, G_MAXUINT);
  client_send (&client, stops);
  g_assert_false (client_next (&client, &frame));
  host_fixture_wait_until_free (host);
}

static void
on_asked (MaltHostWatch        *watch,
          const MaltWatchFrame *frame,
          gpointer              user_data)
{
  *(gboolean *) user_data = TRUE;
}

static void
on_lost (MaltHostWatch *watch,
         const GError  *error,
         gpointer       user_data)
{
  g_assert_no_error (error);
}

static void
on_drained (MaltHostWatch *watch,
            gpointer       user_data)
{
}

/* A manager that says it took what it has not even read does not get the host to keep more and
 * more. */
static void
test_taken_unread (void)
{
  static const MaltHostWatchFuncs funcs = { on_asked, on_lost, on_drained };
  g_autofree guint8 *output = g_malloc0 (BIG_BYTES);
  g_autoptr (GByteArray) frames = g_byte_array_new ();
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) stream = NULL;
  g_autoptr (GError) error = NULL;
  gboolean is_asked = FALSE;
  MaltHostWatch *watch;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==, 0);
  socket = g_socket_new_from_fd (fds[0], &error);
  g_assert_no_error (error);
  stream = g_socket_connection_factory_create_connection (socket);
  watch = malt_host_watch_new (G_IO_STREAM (stream), MALT_LEASE_MAX_MSEC, &funcs, &is_asked,
                               &error);
  g_assert_no_error (error);

  malt_host_watch_send_output (watch, 1, output, BIG_BYTES);
  malt_watch_append_taken (frames, BIG_BYTES);
  malt_watch_append_kill (frames, SIGKILL);
  g_assert_cmpint (send (fds[1], frames->data, frames->len, MSG_NOSIGNAL), ==, frames->len);
  while (!is_asked)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (malt_host_watch_is_full (watch));

  malt_host_watch_free (watch);
  close (fds[1]);
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);

  if (MALT_HAS_LUA)
    {
      fixture_add ("/host/end/output-comes-first", test_output_comes_first);
      fixture_add ("/host/end/slow-manager", test_slow_manager);
      fixture_add ("/host/end/stop-one-who-prints", test_stop_one_who_prints);
      fixture_add ("/host/end/answers-are-not-lost", test_answers_are_not_lost);
      fixture_add ("/host/end/crash", test_crash);
      fixture_add ("/host/end/nobody-reads", test_nobody_reads);
      fixture_add ("/host/end/nobody-watches", test_nobody_watches);
      fixture_add ("/host/end/nobody-is-told", test_nobody_is_told);
    }
  fixture_add ("/host/end/nobody-goes", test_nobody_goes);
  fixture_add ("/host/end/too-many-stops", test_too_many_stops);
  fixture_add ("/host/end/taken-unread", test_taken_unread);

  return g_test_run ();
}

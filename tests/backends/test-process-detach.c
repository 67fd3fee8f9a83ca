/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/process/malt-process-worker.h"
#include "tests/backends/new-manager.h"
#include "tests/backends/process-fixture.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Enough that a sender who may would pass memory instead. */
#define BIG_BYTES (4u * 1024 * 1024)

#define MESSAGE_LIMIT_BYTES (1024u * 1024)

/* The real worker program, without an evaluator. */
static MaltAbstractWorker *
start (const char *first_property,
       ...)
{
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker;
  va_list args;

  va_start (args, first_property);
  worker = MALT_ABSTRACT_WORKER (g_object_new_valist (MALT_TYPE_PROCESS_WORKER, first_property,
                                                      args));
  va_end (args);
  g_initable_init (G_INITABLE (worker), NULL, &error);
  g_assert_no_error (error);

  return worker;
}

static void
ping (MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_remote_call_fetch (worker, "malt.ping", NULL,
                                                                       NULL, NULL, &error);

  g_assert_no_error (error);
}

static void
detach (MaltAbstractWorker *worker,
        int                *data_fd,
        int                *control_fd)
{
  g_autoptr (GError) error = NULL;

  malt_peer_worker_detach (MALT_PEER_WORKER (worker), data_fd, control_fd, &error);
  g_assert_no_error (error);
}

static void
hand_on (MaltAbstractWorker *worker,
         NewManager         *manager,
         const char         *setup)
{
  g_autoptr (GError) error = NULL;
  int data_fd, control_fd;

  detach (worker, &data_fd, &control_fd);
  new_manager_init (manager, data_fd, control_fd, setup, &error);
  g_assert_no_error (error);
}

static void
wait_for_end (MaltAbstractWorker *worker)
{
  while (malt_abstract_worker_is_running (worker))
    g_main_context_iteration (NULL, FALSE);
}

static void
test_greets_again (gconstpointer transport)
{
  g_autoptr (MaltAbstractWorker) worker = start ("evaluator", "", "transport",
                                                 GPOINTER_TO_INT (transport), NULL);
  g_auto (NewManager) manager = { NULL };
  g_autofree const char **features = NULL;
  int pid;

  hand_on (worker, &manager, "@a{sv} {}");
  g_assert_true (g_variant_lookup (manager.hello, "pid", "i", &pid));
  g_assert_cmpint (pid, ==, fixture_get_pid (worker));
  g_assert_true (g_variant_lookup (manager.hello, "features", "^a&s", &features));
  g_assert_null (features[0]);
  new_manager_check_echo (&manager, 42);
  new_manager_check_echo (&manager, BIG_BYTES);

  /* And it leaves with its manager, as ever. */
  new_manager_clear (&manager);
  wait_for_end (worker);
  g_assert_cmpint (malt_exit_report_get_exit_status (malt_abstract_worker_get_exit_report (worker)),
                   ==, 0);
}

static void
test_is_gone_for_the_first (void)
{
  g_autoptr (MaltAbstractWorker) worker = start ("evaluator", "", NULL);
  g_auto (NewManager) manager = { NULL };
  g_autoptr (GError) error = NULL;
  int data_fd = -1;
  int control_fd = -1;

  hand_on (worker, &manager, "@a{sv} {}");
  g_assert_null (malt_abstract_worker_remote_call_fetch (worker, "malt.ping", NULL, NULL, NULL,
                                                         &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_FAILED);
  g_clear_error (&error);

  g_assert_false (malt_peer_worker_detach (MALT_PEER_WORKER (worker), &data_fd, &control_fd,
                                           &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpint (data_fd, ==, -1);
  g_assert_true (malt_abstract_worker_is_running (worker));
  new_manager_check_echo (&manager, 42);
}

static void
test_not_after_a_call (void)
{
  g_autoptr (MaltAbstractWorker) worker = start ("evaluator", "", NULL);
  g_autoptr (GError) error = NULL;
  int data_fd, control_fd;

  ping (worker);
  g_assert_false (malt_peer_worker_detach (MALT_PEER_WORKER (worker), &data_fd, &control_fd,
                                           &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  ping (worker);
  fixture_stop (g_steal_pointer (&worker));
}

static void
test_not_after_the_end (void)
{
  g_autoptr (MaltAbstractWorker) worker = start ("evaluator", "", NULL);
  g_autoptr (MaltAbstractWorker) unborn = g_object_new (MALT_TYPE_PROCESS_WORKER, NULL);
  g_autoptr (GError) error = NULL;
  int data_fd, control_fd;

  g_assert_true (malt_abstract_worker_kill (worker, SIGKILL, NULL));
  wait_for_end (worker);
  g_assert_false (malt_peer_worker_detach (MALT_PEER_WORKER (worker), &data_fd, &control_fd,
                                           &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_clear_error (&error);

  g_assert_false (malt_peer_worker_detach (MALT_PEER_WORKER (unborn), &data_fd, &control_fd,
                                           &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_FAILED);
}

static void
test_kill (void)
{
  g_autoptr (MaltAbstractWorker) worker = start ("evaluator", "", NULL);
  g_auto (NewManager) manager = { NULL };

  hand_on (worker, &manager, "@a{sv} {}");
  g_assert_true (malt_abstract_worker_kill (worker, SIGKILL, NULL));
  wait_for_end (worker);
  g_assert_cmpint (malt_exit_report_get_signal (malt_abstract_worker_get_exit_report (worker)),
                   ==, SIGKILL);
}

/* Whoever has it asks it; the first one's stop() waits for that, and then signals. */
static void
test_stop (gconstpointer asks)
{
  g_autoptr (MaltAbstractWorker) worker = start ("evaluator", "", NULL);
  g_auto (NewManager) manager = { NULL };
  g_autoptr (GError) error = NULL;
  MaltExitReport *report;
  gboolean was_running;

  hand_on (worker, &manager, "@a{sv} {}");
  if (asks != NULL)
    malt_connection_send_stop (manager.connection, 1);
  g_assert_true (malt_abstract_worker_stop (worker, asks != NULL ? 60000 : 0, 60000, NULL,
                                            &was_running, &error));
  g_assert_no_error (error);
  report = malt_abstract_worker_get_exit_report (worker);
  g_assert_cmpint (malt_exit_report_get_signal (report), ==, asks != NULL ? 0 : SIGTERM);
}

static rlim_t
get_fd_limit (int pid)
{
  struct rlimit limit;

  g_assert_cmpint (prlimit (pid, RLIMIT_NOFILE, NULL, &limit), ==, 0);
  return limit.rlim_max;
}

/* Whoever gets a worker has nothing to say about it. */
static void
test_weakens_nothing (void)
{
  g_autoptr (MaltAbstractWorker) worker =
    start ("evaluator", "", "sandbox", MALT_SANDBOX_LIMITS, "fd-limit", 40u, "memory-limit",
           G_GUINT64_CONSTANT (0), "working-directory", "/usr", "max-message-size",
           (guint64) MESSAGE_LIMIT_BYTES, NULL);
  g_autofree char *cwd_link = g_strdup_printf ("/proc/%d/cwd", fixture_get_pid (worker));
  g_autofree char *cwd = NULL;
  g_autofree const char **confined = NULL;
  g_auto (NewManager) manager = { NULL };
  g_autoptr (GVariant) value = NULL;
  guint8 *zeros = g_malloc0 (2 * MESSAGE_LIMIT_BYTES);
  g_autoptr (GVariant) big = NULL;
  g_autoptr (MaltCall) call = NULL;
  g_autoptr (GError) error = NULL;

  hand_on (worker, &manager,
           "@a{sv} {'sandbox': <{'profile': <'none'>, 'fd-limit': <@t 4000>}>,"
           " 'max-message-size': <@t 100000000>, 'working-directory': <b'/'>,"
           " 'modules': <['/nowhere.so']>, 'module-path': <['/']>, 'plugin-path': <['/']>,"
           " 'evaluator': <'lua'>, 'executable': <b'/bin/sh'>, 'depth': <@u 0>,"
           " 'features': <['descriptors']>}");

  g_assert_true (g_variant_lookup (manager.hello, "sandbox", "^a&s", &confined));
  g_assert_true (g_strv_contains (confined, "limits"));
  g_assert_cmpuint (get_fd_limit (fixture_get_pid (worker)), ==, 40);
  cwd = g_file_read_link (cwd_link, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (cwd, ==, "/usr");

  value = new_manager_call (&manager, "malt.eval",
                            g_variant_new_parsed ("('Main', '1', <()>)"), &error);
  g_assert_null (value);
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_clear_error (&error);

  /* More than it has been told to take at first is no message. */
  big = g_variant_ref_sink (g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING,
                                                     zeros,
                                                     2 * MESSAGE_LIMIT_BYTES, TRUE, g_free, zeros));
  call = malt_call_new ("malt.ping", g_variant_new_tuple (&big, 1), NULL);
  malt_connection_post (manager.connection, call, &error);
  g_assert_no_error (error);
  wait_for_end (worker);
}

/* What a worker that has been handed on is greeted with by somebody who is none. */
static void
test_bad_greeting (gconstpointer data)
{
  g_autoptr (MaltAbstractWorker) worker = start ("evaluator", "", NULL);
  int data_fd, control_fd;
  char byte;

  detach (worker, &data_fd, &control_fd);
  g_assert_cmpint (send (data_fd, data, 32, MSG_NOSIGNAL), ==, 32);
  g_assert_cmpint (read (data_fd, &byte, 1), <=, 0);
  wait_for_end (worker);
  close (data_fd);
  close (control_fd);
}

/* A length, the type of a setup, flags and zeros, the minor and the major version, who speaks. */
static const char other_version[32] = "\0\0\0\0" "\1" "\0\0\0" "\0\0" "\2\0" "TLAM";
static const char other_speaker[32] = "\0\0\0\0" "\1" "\0\0\0" "\0\0" "\1\0" "nope";
static const char no_value[32] = "\0\0\0\0" "\1" "\0\0\0" "\0\0" "\1\0" "TLAM";
static const char garbage[32] = "GET / HTTP/1.1\r\nHost: there\r\n";

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);

  fixture_add_data ("/process/detach/greets-again-over-tcp",
                    GINT_TO_POINTER (MALT_PROCESS_TRANSPORT_TCP), test_greets_again);
  fixture_add_data ("/process/detach/greets-again-over-unix",
                    GINT_TO_POINTER (MALT_PROCESS_TRANSPORT_UNIX), test_greets_again);
  fixture_add ("/process/detach/is-gone-for-the-first", test_is_gone_for_the_first);
  fixture_add ("/process/detach/not-after-a-call", test_not_after_a_call);
  fixture_add ("/process/detach/not-after-the-end", test_not_after_the_end);
  fixture_add ("/process/detach/kill", test_kill);
  fixture_add_data ("/process/detach/stop-when-asked", "asks", test_stop);
  fixture_add_data ("/process/detach/stop-unasked", NULL, test_stop);
  /* Valgrind lets a process set no limits. */
  if (!malt_test_is_valgrind ())
    fixture_add ("/process/detach/weakens-nothing", test_weakens_nothing);
  fixture_add_data ("/process/detach/other-version", other_version, test_bad_greeting);
  fixture_add_data ("/process/detach/other-speaker", other_speaker, test_bad_greeting);
  fixture_add_data ("/process/detach/setup-without-value", no_value, test_bad_greeting);
  fixture_add_data ("/process/detach/garbage", garbage, test_bad_greeting);

  return g_test_run ();
}

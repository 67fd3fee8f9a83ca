/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-lease.h"
#include "tests/distributed/malt-cluster.h"
#include "tests/malt-test-slowness.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

/* The manager's side of a worker on a host, with real programs. What a worker does is told by the
 * contract, what goes wrong between the two by the tests of faults. */

/* Until a slot is free again, in milliseconds; a host takes a worker that nobody wants back within
 * one. */
#define SLOT_TIMEOUT "'spawn-timeout': <uint32 30000>"

/* Sooner than a host gives up that somebody comes for a worker, in microseconds. */
#define UNWANTED_USEC (4 * G_USEC_PER_SEC)

static void
assert_contains (const char *text,
                 const char *part)
{
  if (strstr (text, part) == NULL)
    g_error ("“%s” is not in: %s", part, text);
}

static void
stop (MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_stop (worker, 10000, 10000, NULL, NULL, &error);
  g_assert_no_error (error);
}

static void
test_says_who_it_is (void)
{
  g_autoptr (MaltCluster) cluster = malt_cluster_new (1, 1);
  g_autoptr (MaltAbstractWorker) worker = NULL;
  g_autofree char *description = NULL;
  g_autofree char *pid_text = NULL;
  g_autofree char *host = NULL;
  MaltWorkerCapabilities capabilities;
  int pid;

  if (cluster == NULL)
    return;

  worker = malt_cluster_new_worker (cluster, NULL);
  g_object_get (worker, "pid", &pid, "host-name", &host, NULL);
  g_assert_cmpstr (host, ==, "host0");
  g_assert_cmpint (pid, ==, malt_cluster_get_worker_pid (cluster, 0));
  description = malt_abstract_worker_describe (worker);
  pid_text = g_strdup_printf (" on host0 with PID %d", pid);
  assert_contains (description, "MaltDistributedWorker ");
  assert_contains (description, pid_text);
  capabilities = malt_abstract_worker_get_capabilities (worker);
  g_assert_cmpuint (capabilities, ==, MALT_WORKER_CAPABILITY_INTERRUPT | MALT_WORKER_CAPABILITY_KILL
                                      | MALT_WORKER_CAPABILITY_ISOLATED
                                      | MALT_WORKER_CAPABILITY_REMOTE);

  stop (worker);
  g_assert_cmpint (malt_exit_report_get_reason (malt_abstract_worker_get_exit_report (worker)), ==,
                   MALT_EXIT_REASON_STOPPED);
}

static void
test_start_refused (void)
{
  const struct
  {
    const char *options;
    MaltError   code;
    const char *named[2];
  } cases[] = {
    { "{'profile': <'none'>}", MALT_ERROR_INVALID_CONFIG, { "“none”", "default" } },
    { "{'evaluator': <'none'>}", MALT_ERROR_START_FAILED, { "“none”", "lua" } },
    { "{'environment': <['A=b']>}", MALT_ERROR_INVALID_CONFIG, { "environment", "profile" } },
    { "{'pool': <'none'>, 'spawn-timeout': <uint32 300>}", MALT_ERROR_START_FAILED,
      { "no host of the pool “none”", "spawn-timeout" } },
    { "{'host': <'host0'>, 'pool': <'none'>}", MALT_ERROR_INVALID_CONFIG, { "“none”", "pool" } },
    { "{'host': <'none'>, 'spawn-timeout': <uint32 300>}", MALT_ERROR_START_FAILED,
      { "the host “none”", "spawn-timeout" } },
  };
  g_autoptr (MaltCluster) cluster = malt_cluster_new (1, 1);

  for (guint i = 0; cluster != NULL && i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (malt_cluster_try_worker (cluster, cases[i].options, &error));
      g_assert_error (error, MALT_ERROR, (int) cases[i].code);
      assert_contains (error->message, cases[i].named[0]);
      assert_contains (error->message, cases[i].named[1]);
    }
}

static void
test_bad_options (void)
{
  const struct
  {
    const char *options;
    const char *named;
  } cases[] = {
    { "{'pool': <'a.b'>}", "pool" },
    { "{'namespace': <'*'>}", "namespace" },
    { "{'profile': <''>}", "profile" },
    { "{'host': <'a b'>}", "host" },
    { "{'servers': <['nats://']>}", "nats://" },
    { "{'lease': <uint32 1>}", "lease" },
    { "{'launcher': <'pigeon'>}", "pigeon" },
    { "{'launcher': <'ssh'>}", "ssh-destination" },
    { "{'environment': <['=b']>}", "environment" },
    { "{'tls-ca': <'/no/such.pem'>}", "tls-certificate" },
    { "{'tls-ca': <'/no/ca.pem'>, 'tls-key': <'/no/a.key'>, 'tls-certificate': <'/no/a.pem'>}",
      "/no/" },
    { "{'working-directory': <'/'>}", "working-directory" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GVariant) options =
        g_variant_parse (G_VARIANT_TYPE_VARDICT, cases[i].options, NULL, NULL, NULL);
      g_autoptr (GError) error = NULL;

      g_assert_nonnull (options);
      g_assert_null (malt_create_worker_with_options (MALT_CLUSTER_BACKEND, options, NULL, &error));
      g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
      assert_contains (error->message, cases[i].named);
    }
}

/* As None and null of other languages. */
static void
test_options_of_nothing (void)
{
  g_autoptr (MaltCluster) cluster = malt_cluster_new (1, 1);
  const char *const servers[] = { cluster != NULL ? cluster->server->address : NULL, NULL };
  g_autoptr (MaltAbstractWorker) worker = NULL;
  g_autoptr (GError) error = NULL;

  if (cluster == NULL)
    return;
  worker = malt_create_worker (MALT_CLUSTER_BACKEND, NULL, &error, "servers", servers,
                               "namespace", NULL,
                               "pool", NULL, "host", NULL, "profile", NULL, "tls-ca", NULL,
                               "arguments", NULL, "environment", NULL, NULL);
  g_assert_no_error (error);
  stop (worker);
}

static gint64
get_processor_usec (void)
{
  struct rusage usage;

  g_assert_no_errno (getrusage (RUSAGE_SELF, &usage));

  return (gint64) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC
         + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

/* Two leases and more, of which the second half is looked at. */
static void
test_waits_at_rest (void)
{
  g_autoptr (MaltCluster) cluster = malt_cluster_new (1, 1);
  g_autofree char *options = g_strdup_printf ("{'lease': <uint32 %u>}", MALT_LEASE_MIN_MSEC);
  const gulong half_usec = (MALT_LEASE_MIN_MSEC + MALT_LEASE_MARGIN_MSEC) * 1000 + G_USEC_PER_SEC;
  g_autoptr (MaltAbstractWorker) worker = NULL;
  gint64 start_usec;

  if (cluster == NULL)
    return;
  g_test_summary ("A lease that is kept costs nothing");
  worker = malt_cluster_new_worker (cluster, options);
  g_usleep (half_usec);
  start_usec = get_processor_usec ();
  g_usleep (half_usec);
  g_assert_cmpint (get_processor_usec () - start_usec, <, half_usec / 10);
  stop (worker);
}

/* It says which were tried, and what each said. */
static void
test_no_server (void)
{
  const char *const servers[] = { "nats://127.0.0.1:1", "nats://127.0.0.1:2", NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (malt_create_worker (MALT_CLUSTER_BACKEND, NULL, &error, "servers", servers,
                                     "spawn-timeout", 1000u, NULL));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  assert_contains (error->message, "no NATS server");
  assert_contains (error->message, servers[0]);
  assert_contains (error->message, servers[1]);
  assert_contains (error->message, "1000 ms");
}

/* An address of this machine that others reach it by. (transfer full) (nullable) */
static GInetAddress *
find_own_address (void)
{
  GInetAddress *found = NULL;
  struct ifaddrs *all = NULL;

  g_assert_no_errno (getifaddrs (&all));
  for (struct ifaddrs *one = all; one != NULL && found == NULL; one = one->ifa_next)
    if (one->ifa_addr != NULL && one->ifa_addr->sa_family == AF_INET
        && (one->ifa_flags & (IFF_UP | IFF_LOOPBACK)) == IFF_UP)
      found = g_inet_address_new_from_bytes (
          (const guint8 *) &((struct sockaddr_in *) one->ifa_addr)->sin_addr, G_SOCKET_FAMILY_IPV4);
  freeifaddrs (all);

  return found;
}

/* Without TLS it may never be used, which is told of at once; one of several may be another's. */
static void
test_server_without_tls (void)
{
  g_autoptr (GInetAddress) address = find_own_address ();
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  g_autoptr (GSocketAddress) wish = address != NULL ? g_inet_socket_address_new (address, 0) : NULL;
  g_autoptr (GSocketAddress) bound = NULL;
  g_autofree char *server = NULL;
  g_autoptr (GError) error = NULL;

  if (wish == NULL)
    {
      g_test_skip ("no network but loopback");
      return;
    }
  g_socket_listener_add_address (listener, wish, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL,
                                 &bound, &error);
  g_assert_no_error (error);
  server = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (bound));

  g_assert_null (malt_create_worker (MALT_CLUSTER_BACKEND, NULL, &error, "servers",
                                     (const char *const[]) { server, NULL }, NULL));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
  assert_contains (error->message, "tls-ca");
  g_clear_error (&error);

  g_assert_null (malt_create_worker (MALT_CLUSTER_BACKEND, NULL, &error, "servers",
                                     (const char *const[]) { server, "nats://127.0.0.1:1", NULL },
                                     "spawn-timeout", 1000u, NULL));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
}

typedef struct
{
  gboolean            is_over;
  MaltAbstractWorker *worker;
  GError             *error;
} Started;

static void
on_started (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Started *started = user_data;

  started->worker = malt_create_worker_finish (result, &started->error);
  started->is_over = TRUE;
}

/* A start waits for a slot while it has time. */
static void
test_full_pool (void)
{
  g_autoptr (MaltCluster) cluster = malt_cluster_new (1, 1);
  g_autoptr (MaltAbstractWorker) first = NULL;
  g_autoptr (GVariant) options = NULL;
  g_autoptr (GError) error = NULL;
  Started started = { 0 };

  if (cluster == NULL)
    return;

  first = malt_cluster_new_worker (cluster, NULL);
  g_assert_null (malt_cluster_try_worker (cluster, "{'spawn-timeout': <uint32 300>}", &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  assert_contains (error->message, "slot");

  options = g_variant_ref_sink (g_variant_new_parsed ("{'servers': <[%s]>, " SLOT_TIMEOUT "}",
                                                      cluster->server->address));
  malt_create_worker_async (MALT_CLUSTER_BACKEND, options, NULL, on_started, &started);
  g_assert_false (started.is_over);
  stop (first);
  malt_nats_wait_until (&started.is_over);
  g_assert_no_error (started.error);
  stop (started.worker);
  g_object_unref (started.worker);
}

static gpointer
cancel (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* Whenever it is cancelled, the slot is free again. */
static void
test_start_cancelled (void)
{
  g_autoptr (MaltCluster) cluster = malt_cluster_new (1, 1);

  for (guint i = 0; cluster != NULL && i < 4; i++)
    {
      const char *const servers[] = { cluster->server->address, NULL };
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (MaltAbstractWorker) next = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (MaltAbstractWorker) worker = NULL;
      GThread *thread = NULL;

      if (i % 2 == 0)
        thread = g_thread_new ("cancel", cancel, cancellable);
      else
        g_cancellable_cancel (cancellable);
      worker = malt_create_worker (MALT_CLUSTER_BACKEND, cancellable, &error, "servers", servers,
                                   NULL);
      g_clear_pointer (&thread, g_thread_join);
      if (worker == NULL)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_object (&worker);

      next = malt_cluster_new_worker (cluster, "{" SLOT_TIMEOUT "}");
      stop (next);
    }
}

typedef struct
{
  MaltCluster  *cluster;
  GCancellable *cancellable;
} Canceller;

/* As soon as the host has begun to start it. */
static gpointer
cancel_started (gpointer data)
{
  Canceller *canceller = data;

  while (malt_cluster_get_worker_pid (canceller->cluster, 0) == 0)
    g_usleep (1000);
  g_cancellable_cancel (canceller->cancellable);
  return NULL;
}

/* The host is told that nobody comes, and does not wait for it. */
static void
test_start_unwanted (void)
{
  g_autoptr (MaltCluster) cluster = malt_cluster_new (1, 1);
  gint64 quickest_us = G_MAXINT64;

  for (guint i = 0; cluster != NULL && i < 3; i++)
    {
      const char *const servers[] = { cluster->server->address, NULL };
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (MaltAbstractWorker) worker = NULL;
      g_autoptr (MaltAbstractWorker) next = NULL;
      Canceller canceller = { cluster, cancellable };
      GThread *thread = g_thread_new ("cancel", cancel_started, &canceller);
      gint64 since_us;

      worker = malt_create_worker (MALT_CLUSTER_BACKEND, cancellable, NULL, "servers", servers,
                                   NULL);
      g_thread_join (thread);
      g_clear_object (&worker);
      since_us = g_get_monotonic_time ();
      next = malt_cluster_new_worker (cluster, "{" SLOT_TIMEOUT "}");
      quickest_us = MIN (quickest_us, g_get_monotonic_time () - since_us);
      stop (next);
    }
  if (cluster != NULL)
    {
      g_test_message ("the slot was free after %.2f s", (double) quickest_us / G_USEC_PER_SEC);
      g_assert_cmpint (quickest_us, <, UNWANTED_USEC * malt_test_get_slowness ());
    }
}

/* Nobody stops it, and its slot is free again. */
static void
test_let_go (void)
{
  g_autoptr (MaltCluster) cluster = malt_cluster_new (1, 1);
  g_autoptr (MaltAbstractWorker) next = NULL;

  if (cluster == NULL)
    return;

  g_object_unref (malt_cluster_new_worker (cluster, NULL));
  next = malt_cluster_new_worker (cluster, "{" SLOT_TIMEOUT "}");
  stop (next);
}

static void
on_called (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Started *call = user_data;
  g_autoptr (GVariant) value = malt_abstract_worker_remote_call_finish (
      MALT_ABSTRACT_WORKER (source), result, &call->error);

  g_assert_null (value);
  call->is_over = TRUE;
}

/* Ends a worker in the midst of a call, and gives its report. (transfer none) */
static MaltExitReport *
end_while_calling (MaltCluster        *cluster,
                   MaltAbstractWorker *worker,
                   gboolean            is_host)
{
  g_autoptr (GVariant) alive = NULL;
  g_autoptr (GError) error = NULL;
  Started call = { 0 };
  MaltExitReport *report;

  malt_abstract_worker_remote_call_async (worker, "malt.sleep", g_variant_new ("(d)", 1000.0),
                                                NULL, NULL, on_called, &call);
  alive = malt_abstract_worker_remote_call_fetch (worker, "malt.ping", NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  if (is_host)
    malt_cluster_kill_host (cluster, 0);
  else
    g_assert_true (malt_abstract_worker_kill (worker, SIGKILL, NULL));
  malt_nats_wait_until (&call.is_over);
  g_assert_error (call.error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_clear_error (&call.error);
  report = malt_abstract_worker_get_exit_report (worker);
  g_assert_nonnull (report);
  g_assert_cmpstr (malt_exit_report_get_running_calls (report)[0], ==, "malt.sleep");
  g_assert_false (malt_abstract_worker_kill (worker, SIGKILL, NULL));
  return report;
}

static void
test_killed (void)
{
  g_autoptr (MaltCluster) cluster = malt_cluster_new (1, 1);
  g_autoptr (MaltAbstractWorker) worker = NULL;
  MaltExitReport *report;

  if (cluster == NULL)
    return;

  worker = malt_cluster_new_worker (cluster, NULL);
  report = end_while_calling (cluster, worker, FALSE);
  g_assert_cmpint (malt_exit_report_get_reason (report), ==, MALT_EXIT_REASON_KILLED);
  g_assert_cmpint (malt_exit_report_get_signal (report), ==, SIGKILL);
  assert_contains (malt_exit_report_get_detail (report), "kill() sent it");
}

static void
test_host_killed (void)
{
  g_autoptr (MaltCluster) cluster = malt_cluster_new (1, 1);
  g_autoptr (MaltAbstractWorker) worker = NULL;
  MaltExitReport *report;

  if (cluster == NULL)
    return;

  worker = malt_cluster_new_worker (cluster, NULL);
  report = end_while_calling (cluster, worker, TRUE);
  g_assert_cmpint (malt_exit_report_get_reason (report), ==, MALT_EXIT_REASON_CONNECTION_LOST);
  assert_contains (malt_exit_report_get_detail (report), "malt-host on “host0” has ended");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  malt_cluster_register ();
  g_test_add_func ("/malt/distributed/worker/says-who-it-is", test_says_who_it_is);
  g_test_add_func ("/malt/distributed/worker/start-refused", test_start_refused);
  g_test_add_func ("/malt/distributed/worker/bad-options", test_bad_options);
  g_test_add_func ("/malt/distributed/worker/options-of-nothing", test_options_of_nothing);
  g_test_add_func ("/malt/distributed/worker/waits-at-rest", test_waits_at_rest);
  g_test_add_func ("/malt/distributed/worker/no-server", test_no_server);
  g_test_add_func ("/malt/distributed/worker/server-without-tls", test_server_without_tls);
  g_test_add_func ("/malt/distributed/worker/full-pool", test_full_pool);
  g_test_add_func ("/malt/distributed/worker/start-cancelled", test_start_cancelled);
  g_test_add_func ("/malt/distributed/worker/start-unwanted", test_start_unwanted);
  g_test_add_func ("/malt/distributed/worker/let-go", test_let_go);
  g_test_add_func ("/malt/distributed/worker/killed", test_killed);
  g_test_add_func ("/malt/distributed/worker/host-killed", test_host_killed);
  return g_test_run ();
}

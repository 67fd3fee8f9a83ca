/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/distributed/malt-cluster.h"
#include "tests/distributed/malt-fault.h"

#include "backends/distributed/malt-distributed-names.h"
#include "backends/distributed/malt-distributed-spawn.h"
#include "backends/distributed/malt-nats-client.h"
#include "tests/backends/process-fixture.h"

#include <signal.h>
#include <stdlib.h>

#define N_NODES 3
#define N_SPAWNS 9

/* For one request. */
#define REQUEST_MSEC 30000

/* Until a broker is killed: while workers are on their way, in milliseconds. */
#define KILL_MSEC 30

/* Until a host that stands still goes on: later than a request that it has is sent again, in
 * milliseconds. */
#define WAKE_MSEC 5000

static void
assert_refused (MaltCluster *cluster,
                const char  *options,
                int          code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltAbstractWorker) worker = malt_cluster_try_worker (cluster, options, &error);

  g_assert_null (worker);
  g_test_message ("%s", error->message);
  g_assert_error (error, MALT_ERROR, code);
}

static void
test_broker_killed (void)
{
  g_autoptr (MaltCluster) cluster = malt_cluster_new (1, 2);
  g_auto (MaltFaultCall) call = { 0 };
  g_autoptr (MaltAbstractWorker) worker = NULL;

  g_test_summary ("Calls do not notice; new workers are refused, until it is back.");

  if (cluster == NULL)
    return;

  worker = malt_cluster_new_worker (cluster, "{'lease': <uint32 20000>}");
  malt_fault_begin_sleep (&call, worker, 4);
  malt_nats_server_kill (cluster->server);
  assert_refused (cluster, "{'spawn-timeout': <uint32 1000>}", MALT_ERROR_START_FAILED);

  malt_fault_wait (&call);
  g_assert_no_error (call.error);
  malt_fault_assert_ping (worker);

  malt_nats_server_start (cluster->server);
  malt_cluster_wait_for_hosts (cluster);
  malt_fault_assert_ping (worker);
  fixture_stop (malt_cluster_new_worker (cluster, NULL));
  fixture_stop (g_steal_pointer (&worker));
}

static void
test_broker_stopped (void)
{
  g_autoptr (MaltCluster) cluster = malt_cluster_new (1, 2);
  g_autoptr (MaltAbstractWorker) worker = NULL;

  g_test_summary ("A broker that stands still is like none.");

  if (cluster == NULL)
    return;

  worker = malt_cluster_new_worker (cluster, "{'lease': <uint32 20000>}");
  malt_cluster_stop_process (atoi (g_subprocess_get_identifier (cluster->server->process)));
  assert_refused (cluster, "{'spawn-timeout': <uint32 1000>}", MALT_ERROR_START_FAILED);
  malt_fault_assert_ping (worker);

  malt_nats_server_signal (cluster->server, SIGCONT);
  malt_cluster_wait_for_hosts (cluster);
  fixture_stop (malt_cluster_new_worker (cluster, NULL));
  fixture_stop (g_steal_pointer (&worker));
}

static GVariant *
new_options (MaltCluster *cluster)
{
  g_autofree char *addresses = malt_cluster_get_addresses (cluster);

  return malt_cluster_new_options (addresses, cluster->secured.folder,
                                   "{'spawn-timeout': <uint32 60000>}");
}

/* What has been started lives, or says that it does not. */
static gboolean
is_alive (MaltAbstractWorker *worker)
{
  g_auto (MaltFaultCall) call = { 0 };

  malt_fault_begin_sleep (&call, worker, 0);
  malt_fault_wait (&call);
  if (call.error == NULL)
    return TRUE;

  g_assert_error (call.error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  return FALSE;
}

static void
test_node_killed (void)
{
  g_autoptr (MaltCluster) cluster = malt_cluster_new (N_NODES, N_SPAWNS);
  MaltFaultCall spawns[N_SPAWNS] = { 0 };
  guint n_alive = 0;
  int pid;

  g_test_summary ("One of three hosts dies while workers start: each comes, or its start fails.");

  if (cluster == NULL)
    return;

  for (guint i = 0; i < N_SPAWNS; i++)
    malt_fault_begin_spawn (&spawns[i], new_options (cluster));
  malt_fault_wait (&spawns[0]);
  pid = malt_cluster_get_worker_pid (cluster, 1);
  malt_cluster_kill_host (cluster, 1);
  if (pid > 0)
    fixture_wait_until_gone (pid);

  for (guint i = 0; i < N_SPAWNS; i++)
    {
      malt_fault_wait (&spawns[i]);
      g_assert_true ((spawns[i].worker != NULL) == (spawns[i].error == NULL));
      if (spawns[i].error != NULL)
        g_test_message ("%s", spawns[i].error->message);
      else if (is_alive (spawns[i].worker))
        n_alive++;
    }
  g_test_message ("%u of %u came up and live", n_alive, N_SPAWNS);
  g_assert_cmpuint (n_alive, >, 0);

  /* Those that are left take new ones. */
  fixture_stop (malt_cluster_new_worker (cluster, NULL));
  for (guint i = 0; i < N_SPAWNS; i++)
    {
      if (spawns[i].worker != NULL && malt_abstract_worker_is_running (spawns[i].worker))
        fixture_stop (g_steal_pointer (&spawns[i].worker));
      malt_fault_call_clear (&spawns[i]);
    }
}

/* Nobody comes for it, or it has been let go. */
static void
wait_until_empty (MaltCluster *cluster,
                  guint        i)
{
  while (malt_cluster_get_worker_pid (cluster, i) != 0)
    g_usleep (10000);
}

static gboolean
wake_host (gpointer cluster)
{
  malt_cluster_signal_host (cluster, 0, SIGCONT);
  return G_SOURCE_CONTINUE;
}

static void
test_asked_two (void)
{
  g_autoptr (MaltCluster) cluster = malt_cluster_new (2, N_SPAWNS);
  MaltFaultCall spawns[N_SPAWNS] = { 0 };
  guint wake;

  g_test_summary ("What a host does not answer goes to another; what the first starts later ends.");

  if (cluster == NULL)
    return;

  malt_cluster_signal_host (cluster, 0, SIGSTOP);
  for (guint i = 0; i < N_SPAWNS; i++)
    malt_fault_begin_spawn (&spawns[i], new_options (cluster));
  wake = g_timeout_add (WAKE_MSEC, wake_host, cluster);
  for (guint i = 0; i < N_SPAWNS; i++)
    {
      malt_fault_wait (&spawns[i]);
      g_assert_no_error (spawns[i].error);
      g_assert_true (is_alive (spawns[i].worker));
    }
  for (guint i = 0; i < N_SPAWNS; i++)
    {
      fixture_stop (g_steal_pointer (&spawns[i].worker));
      malt_fault_call_clear (&spawns[i]);
    }
  g_source_remove (wake);
  malt_cluster_signal_host (cluster, 0, SIGCONT);
  malt_cluster_wait_for_hosts (cluster);
  wait_until_empty (cluster, 0);
  wait_until_empty (cluster, 1);
  fixture_stop (malt_cluster_new_worker (cluster, NULL));
}

/* Starts workers, and ends them, until all have come. */
static void
start_some (MaltCluster *cluster)
{
  MaltFaultCall spawns[N_SPAWNS] = { 0 };

  for (guint i = 0; i < N_SPAWNS; i++)
    malt_fault_begin_spawn (&spawns[i], new_options (cluster));
  for (guint i = 0; i < N_SPAWNS; i++)
    {
      malt_fault_wait (&spawns[i]);
      g_assert_no_error (spawns[i].error);
      g_assert_true (is_alive (spawns[i].worker));
      fixture_stop (g_steal_pointer (&spawns[i].worker));
      malt_fault_call_clear (&spawns[i]);
    }
}

static gboolean
kill_server (gpointer server)
{
  malt_nats_server_kill (server);
  return G_SOURCE_REMOVE;
}

static void
test_brokers_killed (void)
{
  g_autoptr (MaltCluster) cluster = malt_cluster_new_trio (2, N_SPAWNS);
  g_autoptr (MaltAbstractWorker) worker = NULL;

  g_test_summary ("Of three brokers one dies after the other while workers are started: all come.");

  if (cluster == NULL)
    return;

  worker = malt_cluster_new_worker (cluster, "{'lease': <uint32 20000>}");
  for (guint i = 0; i < G_N_ELEMENTS (cluster->others); i++)
    {
      g_timeout_add (KILL_MSEC, kill_server, cluster->others[i]);
      start_some (cluster);
      /* It may be quicker than that. */
      while (cluster->others[i]->process != NULL)
        g_main_context_iteration (NULL, TRUE);
      start_some (cluster);
      malt_nats_server_start (cluster->others[i]);
    }
  malt_nats_server_kill (cluster->server);
  start_some (cluster);
  malt_fault_assert_ping (worker);
  fixture_stop (g_steal_pointer (&worker));
}

static void
test_full (void)
{
  g_autoptr (MaltCluster) cluster = malt_cluster_new (1, 1);
  g_autoptr (MaltAbstractWorker) worker = NULL;

  g_test_summary ("A host without a free slot hears of no requests to its pool, and refuses those "
                  "to itself.");

  if (cluster == NULL)
    return;

  worker = malt_cluster_new_worker (cluster, NULL);
  assert_refused (cluster, "{'spawn-timeout': <uint32 1000>}", MALT_ERROR_START_FAILED);
  assert_refused (cluster, "{'host': <'host0'>, 'spawn-timeout': <uint32 1000>}", MALT_ERROR_LIMIT);
  malt_fault_assert_ping (worker);

  fixture_stop (g_steal_pointer (&worker));
  fixture_stop (malt_cluster_new_worker (cluster, NULL));
}

static void
test_mistakes (void)
{
  g_autoptr (MaltCluster) cluster = malt_cluster_new (1, 1);

  if (cluster == NULL)
    return;

  assert_refused (cluster, "{'pool': <'nowhere'>, 'spawn-timeout': <uint32 1000>}",
                  MALT_ERROR_START_FAILED);
  assert_refused (cluster, "{'host': <'nobody'>, 'spawn-timeout': <uint32 1000>}",
                  MALT_ERROR_START_FAILED);
  assert_refused (cluster, "{'profile': <'unknown'>}", MALT_ERROR_INVALID_CONFIG);
  g_assert_cmpint (malt_cluster_get_worker_pid (cluster, 0), ==, 0);
}

typedef struct
{
  gboolean  is_over;
  GBytes   *bytes;
} Answer;

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Answer *answer = user_data;
  g_autoptr (GError) error = NULL;

  answer->bytes = malt_nats_client_request_finish (MALT_NATS_CLIENT (source), result, &error);
  g_assert_no_error (error);
  answer->is_over = TRUE;
}

static MaltSpawnReply *
ask (MaltNatsClient *client,
     GBytes         *request)
{
  g_autofree char *subject =
    malt_distributed_subject_host_spawn (MALT_DISTRIBUTED_DEFAULT_NAMESPACE, "host0");
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  MaltSpawnReply *reply;
  Answer answer = { 0 };

  malt_nats_client_request_async (client, subject, request, REQUEST_MSEC, NULL, on_answered,
                                  &answer);
  malt_nats_wait_until (&answer.is_over);
  bytes = answer.bytes;
  reply = malt_spawn_reply_from_bytes (bytes, &error);
  g_assert_no_error (error);

  return reply;
}

static void
test_reply_lost (void)
{
  g_autoptr (MaltCluster) cluster = malt_cluster_new (1, 1);
  g_autofree char *id = malt_distributed_new_id ();
  g_autofree char *inbox = malt_distributed_inbox (MALT_DISTRIBUTED_DEFAULT_NAMESPACE, "faults");
  g_autoptr (MaltSpawnRequest) request = malt_spawn_request_new (id, NULL, "default", 2000, NULL);
  g_autoptr (GBytes) bytes = malt_spawn_request_to_bytes (request, NULL);
  g_autoptr (MaltNatsClient) client = NULL;
  g_autoptr (MaltSpawnReply) first = NULL;
  g_autoptr (MaltSpawnReply) second = NULL;

  g_test_summary ("Who asks again gets the same worker; one that nobody comes for leaves nothing.");

  if (cluster == NULL)
    return;

  client = malt_cluster_new_client (cluster, inbox);
  first = ask (client, bytes);
  second = ask (client, bytes);
  malt_nats_client_close (client);

  g_assert_cmpint (first->pid, ==, second->pid);
  g_assert_cmpmem (first->token, MALT_HOST_TOKEN_BYTES, second->token, MALT_HOST_TOKEN_BYTES);
  fixture_wait_until_gone (first->pid);
  fixture_stop (malt_cluster_new_worker (cluster, NULL));
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);
  malt_cluster_register ();
  malt_cluster_parse (argc, argv);

  fixture_add ("/malt/faults/broker-killed", test_broker_killed);
  fixture_add ("/malt/faults/broker-stopped", test_broker_stopped);
  fixture_add ("/malt/faults/node-killed", test_node_killed);
  fixture_add ("/malt/faults/asked-two", test_asked_two);
  fixture_add ("/malt/faults/brokers-killed", test_brokers_killed);
  fixture_add ("/malt/faults/full", test_full);
  fixture_add ("/malt/faults/mistakes", test_mistakes);
  fixture_add ("/malt/faults/reply-lost", test_reply_lost);

  return g_test_run ();
}

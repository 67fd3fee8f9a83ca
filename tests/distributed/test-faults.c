/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/distributed/malt-cluster.h"
#include "tests/distributed/malt-fault.h"

#include "backends/distributed/malt-distributed-lease.h"
#include "tests/backends/process-fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

/* What happens at once may take so long on a busy machine. */
#define AT_ONCE_SEC 20.0

/* Whoever waits for a main loop that does not stand still. */
#define FAULT_MAX_GAP_MSEC (500.0 * malt_test_get_slowness ())

#define N_CYCLES (fixture_is_full () ? 200u : 30u)

/* Of a manager that has been told the right thing. */
#define MANAGER_EXIT_STATUS 3

/* The default one, and more when a sanitizer looks on. */
static guint
get_lease_ms (void)
{
  return MIN (MALT_LEASE_DEFAULT_MSEC * malt_test_get_slowness (), MALT_LEASE_MAX_MSEC);
}

typedef struct
{
  MaltCluster        *cluster;
  MaltAbstractWorker *worker;
  int                 pid;
} Fault;

static void
fault_clear (Fault *self)
{
  g_clear_object (&self->worker);
  g_clear_pointer (&self->cluster, malt_cluster_free);
  g_test_message ("the main context stood still for at most %.1f ms", malt_fault_get_gap ());
  g_assert_cmpfloat (malt_fault_get_gap (), <, FAULT_MAX_GAP_MSEC);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fault, fault_clear)

/* One host with one slot, and a worker there. FALSE: skipped. */
static gboolean
fault_init (Fault *self)
{
  g_autofree char *options = g_strdup_printf ("{'lease': <uint32 %u>}", get_lease_ms ());

  self->cluster = malt_cluster_new (1, 1);
  if (self->cluster == NULL)
    return FALSE;

  self->worker = malt_cluster_new_worker (self->cluster, options);
  self->pid = malt_cluster_get_worker_pid (self->cluster, 0);
  g_assert_cmpint (self->pid, >, 0);
  malt_fault_assert_ping (self->worker);

  return TRUE;
}

/* Everything is as before: the slot is free. */
static void
assert_another (Fault *self)
{
  g_autoptr (MaltAbstractWorker) worker = malt_cluster_new_worker (self->cluster, NULL);

  malt_fault_assert_ping (worker);
  fixture_stop (g_steal_pointer (&worker));
}

static void
test_worker_killed (gconstpointer signum)
{
  g_auto (Fault) fault = { 0 };
  g_auto (MaltFaultCall) call = { 0 };
  MaltExitReport *report;
  gint64 since;

  if (!fault_init (&fault))
    return;

  malt_fault_begin_sleep (&call, fault.worker, 1000);
  since = g_get_monotonic_time ();
  kill (fault.pid, GPOINTER_TO_INT (signum));

  malt_fault_assert_lost (&call, since, 0, AT_ONCE_SEC);
  report = malt_abstract_worker_get_exit_report (fault.worker);
  g_assert_cmpint (malt_exit_report_get_signal (report), ==, GPOINTER_TO_INT (signum));
  g_assert_false (malt_abstract_worker_is_running (fault.worker));
  fixture_wait_until_gone (fault.pid);
  assert_another (&fault);
}

static void
test_worker_stopped (void)
{
  g_auto (Fault) fault = { 0 };
  g_auto (MaltFaultCall) call = { 0 };
  gint64 since;

  g_test_summary ("A worker that stands still keeps its lease, and can be killed.");

  if (!fault_init (&fault))
    return;

  malt_cluster_stop_process (fault.pid);
  malt_fault_begin_sleep (&call, fault.worker, 0);
  for (gint64 end = g_get_monotonic_time () + (get_lease_ms () + 2000) * G_TIME_SPAN_MILLISECOND;
       g_get_monotonic_time () < end;)
    {
      g_usleep (10000);
      g_main_context_iteration (NULL, FALSE);
      g_assert_false (call.is_over);
    }

  since = g_get_monotonic_time ();
  malt_abstract_worker_kill (fault.worker, SIGKILL, NULL);
  malt_fault_assert_lost (&call, since, 0, AT_ONCE_SEC);
  fixture_wait_until_gone (fault.pid);
  assert_another (&fault);
}

static void
test_host_killed (void)
{
  g_auto (Fault) fault = { 0 };
  g_auto (MaltFaultCall) call = { 0 };
  gint64 since;

  if (!fault_init (&fault))
    return;

  malt_fault_begin_sleep (&call, fault.worker, 1000);
  since = g_get_monotonic_time ();
  malt_cluster_kill_host (fault.cluster, 0);

  malt_fault_assert_lost (&call, since, 0, AT_ONCE_SEC);
  fixture_wait_until_gone (fault.pid);

  malt_cluster_start_host (fault.cluster, 0);
  malt_cluster_wait_for_hosts (fault.cluster);
  assert_another (&fault);
}

static void
test_host_stopped (void)
{
  g_auto (Fault) fault = { 0 };
  g_auto (MaltFaultCall) call = { 0 };
  gint64 since;

  g_test_summary ("Its manager gives it up after the lease; when it wakes up it kills.");

  if (!fault_init (&fault))
    return;

  malt_fault_begin_sleep (&call, fault.worker, 1000);
  since = g_get_monotonic_time ();
  malt_cluster_signal_host (fault.cluster, 0, SIGSTOP);

  /* A second longer than the lease, from a beat that may be a second old. */
  malt_fault_assert_lost (&call, since, get_lease_ms () / 1000.0 - 0.5,
                          get_lease_ms () / 1000.0 + 1 + AT_ONCE_SEC);
  g_assert_false (fixture_is_gone (fault.pid));

  malt_cluster_signal_host (fault.cluster, 0, SIGCONT);
  fixture_wait_until_gone (fault.pid);
  malt_cluster_wait_for_hosts (fault.cluster);
  assert_another (&fault);
}

/* Another process, which has a worker in the cluster. */
static GSubprocess *
start_manager (MaltCluster *cluster)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDataInputStream) lines = NULL;
  g_autofree char *line = NULL;
  GSubprocess *manager = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, "/proc/self/exe",
                                           "--manager", cluster->server->address,
                                           cluster->secured.folder, NULL);

  g_assert_no_error (error);
  lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (manager));
  g_filter_input_stream_set_close_base_stream (G_FILTER_INPUT_STREAM (lines), FALSE);
  line = g_data_input_stream_read_line (lines, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (line, ==, "ready");

  return manager;
}

static int
run_manager (const char *address,
             const char *folder)
{
  g_autofree char *options = g_strdup_printf ("{'lease': <uint32 %u>}", get_lease_ms ());
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltAbstractWorker) worker = NULL;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  malt_cluster_register ();
  worker = malt_create_worker_with_options (
      MALT_CLUSTER_BACKEND, malt_cluster_new_options (address, folder, options), NULL, &error);
  g_assert_no_error (error);
  printf ("ready\n");
  fflush (stdout);
  malt_abstract_worker_remote_call_wait (worker, "malt.sleep", g_variant_new ("(d)", 1000.0), NULL,
                                         NULL, &error);

  return g_error_matches (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER) ? MANAGER_EXIT_STATUS
                                                                           : EXIT_FAILURE;
}

static void
test_manager (gconstpointer signum)
{
  g_autoptr (MaltCluster) cluster = malt_cluster_new (1, 1);
  g_autoptr (GSubprocess) manager = NULL;
  gint64 since;
  int pid;

  g_test_summary ("Its worker is gone within the lease, and the slot is free.");

  if (cluster == NULL)
    return;

  manager = start_manager (cluster);
  pid = malt_cluster_get_worker_pid (cluster, 0);
  g_assert_cmpint (pid, >, 0);

  since = g_get_monotonic_time ();
  g_subprocess_send_signal (manager, GPOINTER_TO_INT (signum));
  fixture_wait_until_gone (pid);
  g_test_message ("gone after %.2f s", (double) (g_get_monotonic_time () - since) / G_USEC_PER_SEC);
  fixture_stop (malt_cluster_new_worker (cluster, NULL));

  g_subprocess_send_signal (manager, SIGCONT);
  g_subprocess_wait (manager, NULL, NULL);
  if (GPOINTER_TO_INT (signum) == SIGSTOP)
    g_assert_cmpint (g_subprocess_get_exit_status (manager), ==, MANAGER_EXIT_STATUS);
}

static guint
count_descriptors (const char *process)
{
  g_autofree char *path = g_strdup_printf ("/proc/%s/fd", process);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  g_assert_nonnull (dir);
  while (g_dir_read_name (dir) != NULL)
    n++;

  return n;
}

/* One that is stopped, killed, and killed by somebody else, in turns. */
static void
run_worker (MaltCluster *cluster,
            guint        i)
{
  MaltAbstractWorker *worker = malt_cluster_new_worker (cluster, NULL);
  int pid = malt_cluster_get_worker_pid (cluster, 0);

  malt_fault_assert_ping (worker);
  if (i % 3 == 0)
    {
      fixture_stop (worker);
      return;
    }

  if (i % 3 == 1)
    malt_abstract_worker_kill (worker, SIGKILL, NULL);
  else
    kill (pid, SIGKILL);
  while (malt_abstract_worker_is_running (worker))
    g_usleep (1000);
  g_object_unref (worker);
}

/* Less than before is no leak: what is left of a worker goes in its own time. */
static void
wait_for_descriptors (const char *process,
                      guint       n)
{
  gint64 end = g_get_monotonic_time () + FIXTURE_AT_ONCE_MSEC * 1000;

  while (count_descriptors (process) > n && g_get_monotonic_time () < end)
    g_usleep (10000);
  g_assert_cmpuint (count_descriptors (process), <=, n);
}

static void
test_cycles (void)
{
  g_autoptr (MaltCluster) cluster = malt_cluster_new (1, 1);
  const char *host;
  guint n_here;
  guint n_there;

  g_test_summary ("Many workers one after the other leave no descriptors, in manager or host.");

  if (cluster == NULL)
    return;

  host = g_subprocess_get_identifier (g_ptr_array_index (cluster->processes, 0));
  for (guint i = 0; i < 3; i++)
    run_worker (cluster, i);
  n_here = count_descriptors ("self");
  n_there = count_descriptors (host);

  for (guint i = 0; i < N_CYCLES; i++)
    run_worker (cluster, i);
  wait_for_descriptors ("self", n_here);
  wait_for_descriptors (host, n_there);
}

int
main (int    argc,
      char **argv)
{
  if (argc >= 3 && strcmp (argv[1], "--manager") == 0)
    return run_manager (argv[2], argv[3]);

  fixture_init (&argc, &argv);
  malt_cluster_register ();
  malt_cluster_parse (argc, argv);

  fixture_add_data ("/malt/faults/worker-killed", GINT_TO_POINTER (SIGKILL), test_worker_killed);
  fixture_add_data ("/malt/faults/worker-crashed", GINT_TO_POINTER (SIGABRT), test_worker_killed);
  fixture_add ("/malt/faults/worker-stopped", test_worker_stopped);
  fixture_add ("/malt/faults/host-killed", test_host_killed);
  fixture_add ("/malt/faults/host-stopped", test_host_stopped);
  fixture_add_data ("/malt/faults/manager-killed", GINT_TO_POINTER (SIGKILL), test_manager);
  fixture_add_data ("/malt/faults/manager-stopped", GINT_TO_POINTER (SIGSTOP), test_manager);
  fixture_add ("/malt/faults/cycles", test_cycles);

  return g_test_run ();
}

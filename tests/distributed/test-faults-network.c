/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/distributed/malt-cluster.h"
#include "tests/distributed/malt-fault.h"

#include "tests/backends/process-fixture.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Broker and manager are in a network of the test's own, the host in another. */
#define MANAGER_ADDRESS "127.50.0.1"
#define HOST_ADDRESS "127.50.0.2"

#define LEASE_MSEC 4000
#define LONG_LEASE_MSEC 30000

/* What a busy machine adds. */
#define SLACK_SEC 20.0

static const char config_format[] =
  "{ \"servers\": [\"nats://" MANAGER_ADDRESS ":4222\"], \"host\": \"host0\", "
  "\"listen\": \"" HOST_ADDRESS "\" }\n";

static gboolean
run (const char *command)
{
  g_autofree char *complaint = NULL;
  int status;

  return g_spawn_command_line_sync (command, NULL, &complaint, &status, NULL)
         && g_spawn_check_wait_status (status, NULL);
}

/* 127.50.0.0/24 are ordinary addresses there. */
static gboolean
allow_loopback (const char *link)
{
  g_autofree char *path = g_strdup_printf ("/proc/sys/net/ipv4/conf/%s/route_localnet", link);
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  gboolean is_written = fd >= 0 && write (fd, "1", 1) == 1;

  if (fd >= 0)
    close (fd);

  return is_written;
}

static void
run_in_host (MaltCluster *cluster,
             const char  *command)
{
  g_autofree char *line =
    g_strdup_printf ("nsenter -t %s -n %s",
                     g_subprocess_get_identifier (g_ptr_array_index (cluster->processes, 0)),
                     command);

  g_assert_true (run (line));
}

/* Runs in the child. */
static void
leave_network (gpointer unused)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (unshare (CLONE_NEWNET) != 0)
    _exit (1);
}

static void
start_host (MaltCluster *cluster)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "host-in-network", NULL);
  g_autofree char *program = g_build_filename (g_getenv ("MALT_HOST_FOLDER"), "malt-host", NULL);
  g_autofree char *config = g_build_filename (cluster->folder, "host0.json", NULL);
  g_autofree char *link = NULL;
  g_autoptr (GError) error = NULL;
  GSubprocess *process;

  g_file_set_contents (config, config_format, -1, &error);
  g_assert_no_error (error);
  g_subprocess_launcher_set_child_setup (launcher, leave_network, NULL, NULL);
  process = g_subprocess_launcher_spawn (launcher, &error, script, HOST_ADDRESS, program, config,
                                         NULL);
  g_assert_no_error (error);
  g_ptr_array_add (cluster->processes, process);

  /* That of the test before goes with its host, in the kernel's own time. */
  run ("ip link del manager");
  link = g_strdup_printf ("ip link add manager type veth peer name host netns %s",
                          g_subprocess_get_identifier (process));
  g_assert_true (run (link));
  g_assert_true (allow_loopback ("manager"));
  g_assert_true (run ("ip addr add " MANAGER_ADDRESS "/24 dev manager"));
  g_assert_true (run ("ip link set manager up"));
}

static MaltNatsServer *
start_server (void)
{
  MaltNatsServer *server = g_new0 (MaltNatsServer, 1);
  g_autoptr (GError) error = NULL;

  server->folder = g_dir_make_tmp ("malt-nats-XXXXXX", &error);
  g_assert_no_error (error);
  server->address = g_strdup ("nats://" MANAGER_ADDRESS ":4222");
  server->process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDERR_SILENCE, &error, "nats-server",
                                      "--addr", MANAGER_ADDRESS, "--port", "4222", NULL);
  g_assert_no_error (error);

  return server;
}

static MaltCluster *
new_cluster (void)
{
  MaltCluster *self = g_new0 (MaltCluster, 1);
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("malt-cluster-XXXXXX", &error);
  g_assert_no_error (error);
  self->processes = g_ptr_array_new ();
  start_host (self);
  self->server = start_server ();
  malt_cluster_wait_for_hosts (self);

  return self;
}

typedef struct
{
  const char *break_host;    /* run in the host's network, nullable */
  const char *break_manager; /* run in the manager's, nullable */
  const char *mend_host;
  const char *mend_manager;
} Break;

/* The worker is dead before its manager says so. */
static void
test_break (gconstpointer data)
{
  const Break *what = data;
  g_autoptr (MaltCluster) cluster = new_cluster ();
  g_autofree char *options = g_strdup_printf ("{'lease': <uint32 %u>}", LEASE_MSEC);
  g_autoptr (MaltAbstractWorker) worker = malt_cluster_new_worker (cluster, options);
  g_auto (MaltFaultCall) call = { 0 };
  int pid = malt_cluster_get_worker_pid (cluster, 0);
  gint64 since = g_get_monotonic_time ();

  malt_fault_begin_sleep (&call, worker, 1000);
  if (what->break_host != NULL)
    run_in_host (cluster, what->break_host);
  if (what->break_manager != NULL)
    g_assert_true (run (what->break_manager));

  malt_fault_assert_lost (&call, since, 0, 2 * LEASE_MSEC / 1000.0 + SLACK_SEC);
  g_assert_true (fixture_is_gone (pid));

  if (what->mend_host != NULL)
    run_in_host (cluster, what->mend_host);
  if (what->mend_manager != NULL)
    g_assert_true (run (what->mend_manager));
  malt_cluster_wait_for_hosts (cluster);
  fixture_stop (malt_cluster_new_worker (cluster, NULL));
}

static void
test_blip (void)
{
  g_autoptr (MaltCluster) cluster = new_cluster ();
  g_autofree char *options = g_strdup_printf ("{'lease': <uint32 %u>}", LONG_LEASE_MSEC);
  MaltAbstractWorker *worker = malt_cluster_new_worker (cluster, options);
  g_auto (MaltFaultCall) call = { 0 };

  g_test_summary ("A link that is away for less than the lease costs nothing but time.");

  malt_fault_begin_sleep (&call, worker, 2);
  run_in_host (cluster, "ip link set host down");
  g_usleep (G_USEC_PER_SEC);
  run_in_host (cluster, "ip link set host up");

  malt_fault_wait (&call);
  g_assert_no_error (call.error);
  malt_fault_assert_ping (worker);
  fixture_stop (worker);
}

/* Why not, or NULL. */
static const char *
enter_network (void)
{
  const char *const programs[] = { "ip", "nsenter", "nats-server" };

  for (guint i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      g_autofree char *path = g_find_program_in_path (programs[i]);

      if (path == NULL)
        return "ip, nsenter or nats-server is not installed";
    }

  if (geteuid () != 0 || unshare (CLONE_NEWNET) != 0)
    return "only root may make networks";
  if (!run ("ip link set lo up") || !run ("ip addr flush dev lo")
      || !run ("ip addr add 127.0.0.1/32 dev lo")
      || !allow_loopback ("all")
      || !run ("ip link add trial type veth peer name trial2") || !run ("ip link del trial"))
    return "this kernel, or the container, has no virtual links";

  return NULL;
}

static void
test_nothing (gconstpointer why)
{
  g_test_skip (why);
}

static const Break link_down = {
  .break_host = "ip link set host down", .mend_host = "ip link set host up",
};

static const Break host_mute = {
  .break_host = "ip route add blackhole " MANAGER_ADDRESS "/32",
  .mend_host = "ip route del blackhole " MANAGER_ADDRESS "/32",
};

static const Break manager_mute = {
  .break_manager = "ip route add blackhole " HOST_ADDRESS "/32",
  .mend_manager = "ip route del blackhole " HOST_ADDRESS "/32",
};

int
main (int    argc,
      char **argv)
{
  /* Before there are threads. */
  const char *why = enter_network ();

  fixture_init (&argc, &argv);
  if (why != NULL)
    {
      fixture_add_data ("/malt/faults/network", why, test_nothing);
      return g_test_run ();
    }

  malt_cluster_register ();
  fixture_add_data ("/malt/faults/network/link-down", &link_down, test_break);
  fixture_add_data ("/malt/faults/network/host-mute", &host_mute, test_break);
  fixture_add_data ("/malt/faults/network/manager-mute", &manager_mute, test_break);
  fixture_add ("/malt/faults/network/blip", test_blip);

  return g_test_run ();
}

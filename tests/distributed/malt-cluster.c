/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/distributed/malt-cluster.h"

#include "backends/distributed/malt-distributed-names.h"
#include "backends/distributed/malt-distributed-worker.h"
#include "backends/distributed/malt-nats-client.h"
#include "tests/malt-test-slowness.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#define CLUSTER_DEADLINE_SEC 60

/* Between two looks at what nothing tells of. */
#define CLUSTER_POLL_MSEC 20

static const char host_config[] =
  "{ \"servers\": [%s], \"host\": \"host%u\", \"pools\": { \"default\": { \"slots\": %u } },\n"
  "  %s \"profiles\": { \"default\": {} } }\n";

static const char server_config[] =
  "tls { cert_file: \"@FOLDER@/server.pem\", key_file: \"@FOLDER@/server.key\", "
  "ca_file: \"@FOLDER@/ca.pem\", verify: true }\n";

static gboolean with_tls;

void
malt_cluster_parse (int    argc,
                    char **argv)
{
  with_tls = argc == 2 && strcmp (argv[1], "--tls") == 0;
}

/* Runs in the child: it does not outlive a test that crashes. */
static void
die_with_parent (gpointer unused)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static char *
get_config_path (MaltCluster *self,
                 guint        i)
{
  g_autofree char *name = g_strdup_printf ("host%u.json", i);

  return g_build_filename (self->folder, name, NULL);
}

void
malt_cluster_start_host (MaltCluster *self,
                         guint        i)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autofree char *program = g_build_filename (g_getenv ("MALT_HOST_FOLDER"), "malt-host", NULL);
  g_autofree char *path = get_config_path (self, i);
  g_autoptr (GError) error = NULL;
  GSubprocess *process;

  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  process = g_subprocess_launcher_spawn (launcher, &error, program, "--config", path, NULL);
  g_assert_no_error (error);
  g_ptr_array_index (self->processes, i) = process;
}

typedef struct
{
  guint    n_left;
  gboolean is_over;
} Roll;

static void
on_present (MaltNatsClient          *client,
            const MaltNatsOperation *message,
            gpointer                 user_data)
{
  Roll *roll = user_data;

  if (message->reply != NULL || message->status != 0)
    return;
  roll->n_left -= MIN (roll->n_left, 1);
  roll->is_over = roll->n_left == 0;
}

static gboolean
wake_up (gpointer unused)
{
  return G_SOURCE_CONTINUE;
}

static guint
count_hosts (MaltCluster *self)
{
  guint n = 0;

  for (guint i = 0; i < self->processes->len; i++)
    n += g_ptr_array_index (self->processes, i) != NULL;

  return n;
}

MaltNatsClient *
malt_cluster_new_client (MaltCluster *self,
                         const char  *inbox)
{
  g_autofree char *addresses = malt_cluster_get_addresses (self);
  g_auto (GStrv) servers = g_strsplit (addresses, " ", -1);
  MaltNatsClient *client;

  if (self->secured.folder != NULL)
    return malt_nats_secured_new_client (&self->secured, "ca", "manager", inbox);

  client = malt_nats_client_new ((const char *const *) servers, NULL, NULL, "cluster", inbox, NULL);
  malt_nats_client_open (client);
  return client;
}

void
malt_cluster_wait_for_hosts (MaltCluster *self)
{
  g_autofree char *who = malt_distributed_subject_who (MALT_DISTRIBUTED_DEFAULT_NAMESPACE);
  g_autofree char *inbox = malt_distributed_inbox (MALT_DISTRIBUTED_DEFAULT_NAMESPACE, "cluster");
  g_autoptr (GBytes) nothing = g_bytes_new (NULL, 0);
  g_autoptr (MaltNatsClient) client = malt_cluster_new_client (self, inbox);
  gint64 end = g_get_monotonic_time ()
               + CLUSTER_DEADLINE_SEC * malt_test_get_slowness () * G_USEC_PER_SEC;
  guint poll = g_timeout_add (CLUSTER_POLL_MSEC, wake_up, NULL);
  Roll roll = { 0 };

  for (guint round = 0; !roll.is_over; round++)
    {
      g_autofree char *reply = g_strdup_printf ("%s.round%u", inbox, round);
      guint64 sid = malt_nats_client_subscribe (client, reply, NULL, on_present, &roll);
      gint64 next = g_get_monotonic_time () + 10 * CLUSTER_POLL_MSEC * G_TIME_SPAN_MILLISECOND;

      roll.n_left = count_hosts (self);
      malt_nats_client_publish (client, who, reply, nothing, NULL);
      while (!roll.is_over && g_get_monotonic_time () < next)
        g_main_context_iteration (NULL, TRUE);
      malt_nats_client_unsubscribe (client, sid);
      g_assert_cmpint (g_get_monotonic_time (), <, end);
    }

  g_source_remove (poll);
  malt_nats_client_close (client);
}

void
malt_cluster_register (void)
{
  g_autoptr (GError) error = NULL;

  malt_register_backend (MALT_CLUSTER_BACKEND, MALT_TYPE_DISTRIBUTED_WORKER,
                         MALT_WORKER_CAPABILITY_INTERRUPT | MALT_WORKER_CAPABILITY_KILL
                           | MALT_WORKER_CAPABILITY_ISOLATED,
                         &error);
  g_assert_no_error (error);
}

/* NULL: there is none. */
static MaltNatsServer *
new_server (MaltNatsSecured *secured)
{
  const char *const names[] = { "host", "manager", NULL };

  if (!with_tls)
    return malt_nats_server_new (NULL);
  return malt_nats_secured_init (secured, server_config, "@FOLDER@", names) ? secured->server
                                                                            : NULL;
}

/* A member of the configuration of a host. */
static char *
new_tls_member (MaltCluster *self)
{
  const char *folder = self->secured.folder;

  if (folder == NULL)
    return g_strdup ("");
  return g_strdup_printf ("\"tls\": { \"certificate\": \"%s/host.pem\", \"key\": \"%s/host.key\", "
                          "\"ca\": \"%s/ca.pem\" },", folder, folder, folder);
}

char *
malt_cluster_get_addresses (MaltCluster *self)
{
  GString *addresses = g_string_new (self->server->address);

  for (guint i = 0; i < G_N_ELEMENTS (self->others) && self->others[i] != NULL; i++)
    g_string_append_printf (addresses, " %s", self->others[i]->address);

  return g_string_free (addresses, FALSE);
}

static void
start_hosts (MaltCluster *self,
             guint        n_hosts,
             guint        n_slots)
{
  g_autofree char *addresses = malt_cluster_get_addresses (self);
  g_auto (GStrv) servers = g_strsplit (addresses, " ", -1);
  g_autofree char *joined = g_strjoinv ("\", \"", servers);
  g_autofree char *quoted = g_strdup_printf ("\"%s\"", joined);
  g_autofree char *tls = new_tls_member (self);
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("malt-cluster-XXXXXX", &error);
  g_assert_no_error (error);
  self->processes = g_ptr_array_new ();
  g_ptr_array_set_size (self->processes, (int) n_hosts);
  for (guint i = 0; i < n_hosts; i++)
    {
      g_autofree char *path = get_config_path (self, i);
      g_autofree char *config = g_strdup_printf (host_config, quoted, i, n_slots, tls);

      g_file_set_contents (path, config, -1, &error);
      g_assert_no_error (error);
      malt_cluster_start_host (self, i);
    }
  malt_cluster_wait_for_hosts (self);
}

MaltCluster *
malt_cluster_new (guint n_hosts,
                  guint n_slots)
{
  MaltNatsSecured secured = { 0 };
  MaltNatsServer *server = new_server (&secured);
  MaltCluster *self;

  if (server == NULL)
    return NULL;

  self = g_new0 (MaltCluster, 1);
  self->server = server;
  self->secured = secured;
  start_hosts (self, n_hosts, n_slots);

  return self;
}

MaltCluster *
malt_cluster_new_trio (guint n_hosts,
                       guint n_slots)
{
  MaltNatsServer *servers[MALT_CLUSTER_MAX_SERVERS];
  MaltCluster *self;

  if (!malt_nats_server_new_cluster (servers, G_N_ELEMENTS (servers)))
    return NULL;

  self = g_new0 (MaltCluster, 1);
  self->server = servers[0];
  for (guint i = 1; i < G_N_ELEMENTS (servers); i++)
    self->others[i - 1] = servers[i];
  start_hosts (self, n_hosts, n_slots);

  return self;
}

void
malt_cluster_signal_host (MaltCluster *self,
                          guint        i,
                          int          signum)
{
  g_subprocess_send_signal (g_ptr_array_index (self->processes, i), signum);
}

void
malt_cluster_kill_host (MaltCluster *self,
                        guint        i)
{
  g_autoptr (GSubprocess) process =
    g_steal_pointer (&g_ptr_array_index (self->processes, i));

  g_subprocess_force_exit (process);
  g_subprocess_wait (process, NULL, NULL);
}

/* A host has no other children. */
int
malt_cluster_get_worker_pid (MaltCluster *self,
                             guint        i)
{
  const char *host = g_subprocess_get_identifier (g_ptr_array_index (self->processes, i));
  g_autofree char *tasks = g_strdup_printf ("/proc/%s/task", host);
  g_autoptr (GDir) dir = g_dir_open (tasks, 0, NULL);
  const char *task;
  int pid = 0;

  g_assert_nonnull (dir);
  while (pid == 0 && (task = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (tasks, task, "children", NULL);
      g_autofree char *children = NULL;

      if (g_file_get_contents (path, &children, NULL, NULL))
        pid = atoi (children);
    }

  return pid;
}

static gboolean
is_stopped (const char *tasks)
{
  g_autoptr (GDir) dir = g_dir_open (tasks, 0, NULL);
  const char *task;

  g_assert_nonnull (dir);
  while ((task = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (tasks, task, "stat", NULL);
      g_autofree char *text = NULL;
      const char *name_end;

      if (g_file_get_contents (path, &text, NULL, NULL)
          && (name_end = strrchr (text, ')')) != NULL && !g_str_has_prefix (name_end, ") T"))
        return FALSE;
    }

  return TRUE;
}

void
malt_cluster_stop_process (int pid)
{
  g_autofree char *tasks = g_strdup_printf ("/proc/%d/task", pid);

  kill (pid, SIGSTOP);
  while (!is_stopped (tasks))
    g_usleep (1000);
}

static void
add_file (GVariantDict *dict,
          const char   *option,
          const char   *folder,
          const char   *name)
{
  g_variant_dict_insert_value (dict, option, g_variant_new_printf ("%s/%s", folder, name));
}

GVariant *
malt_cluster_new_options (const char *addresses,
                          const char *folder,
                          const char *options)
{
  g_autoptr (GVariant) given =
    g_variant_parse (G_VARIANT_TYPE_VARDICT, options != NULL ? options : "@a{sv} {}", NULL, NULL,
                     NULL);
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (given);
  g_auto (GStrv) servers = g_strsplit (addresses, " ", -1);

  g_assert_nonnull (given);
  g_variant_dict_insert_value (&dict, "servers",
                               g_variant_new_strv ((const char *const *) servers, -1));
  if (folder != NULL)
    {
      add_file (&dict, "tls-certificate", folder, "manager.pem");
      add_file (&dict, "tls-key", folder, "manager.key");
      add_file (&dict, "tls-ca", folder, "ca.pem");
    }

  return g_variant_dict_end (&dict);
}

MaltAbstractWorker *
malt_cluster_try_worker (MaltCluster  *self,
                         const char   *options,
                         GError      **error)
{
  g_autofree char *addresses = malt_cluster_get_addresses (self);
  GVariant *all = malt_cluster_new_options (addresses, self->secured.folder, options);

  return malt_create_worker_with_options (MALT_CLUSTER_BACKEND, all, NULL, error);
}

MaltAbstractWorker *
malt_cluster_new_worker (MaltCluster *self,
                         const char  *options)
{
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker = malt_cluster_try_worker (self, options, &error);

  g_assert_no_error (error);

  return worker;
}

void
malt_cluster_free (MaltCluster *self)
{
  for (guint i = 0; i < self->processes->len; i++)
    {
      if (g_ptr_array_index (self->processes, i) == NULL)
        continue;

      malt_cluster_signal_host (self, i, SIGCONT);
      malt_cluster_signal_host (self, i, SIGTERM);
      g_subprocess_wait (g_ptr_array_index (self->processes, i), NULL, NULL);
      g_object_unref (g_ptr_array_index (self->processes, i));
    }
  for (guint i = 0; i < self->processes->len; i++)
    {
      g_autofree char *path = get_config_path (self, i);

      g_remove (path);
    }
  g_rmdir (self->folder);
  g_ptr_array_unref (self->processes);
  for (guint i = 0; i < G_N_ELEMENTS (self->others); i++)
    g_clear_pointer (&self->others[i], malt_nats_server_free);
  if (self->secured.folder != NULL)
    malt_nats_secured_clear (&self->secured);
  else
    malt_nats_server_free (self->server);
  g_free (self->folder);
  g_free (self);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a cluster of many hosts costs, on one machine: so many hosts that start nothing, in some
 * processes, one nats-server, and a manager. Hosts and manager are the real NATS client and the
 * real messages. */
#include "config.h"

#include "backends/distributed/malt-distributed-names.h"
#include "backends/distributed/malt-distributed-spawn.h"
#include "tests/distributed/malt-load-hosts.h"
#include "tests/distributed/malt-nats-server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* What a test harness takes as skipped. */
#define LOAD_EXIT_SKIPPED 77

/* For what takes seconds. */
#define LOAD_DEADLINE_SEC 300
#define LOAD_REQUEST_TIMEOUT_MSEC 60000

/* Requests of a manager that starts many workers at once. */
#define LOAD_WINDOW 64

#define LOAD_N_ROUNDS 5
#define LOAD_REST_USEC (5 * G_USEC_PER_SEC)

/* Of each process, besides one for each host. */
#define LOAD_SPARE_DESCRIPTORS 100

static int n_hosts = 1000;
static int n_processes = 4;
static int n_spawns = 2000;
static char *certificates;
static gboolean option_quick;
static char **hosts_of;

static const GOptionEntry options[] = {
  { "hosts", 0, 0, G_OPTION_ARG_INT, &n_hosts, "How many (1000)", "N" },
  { "processes", 0, 0, G_OPTION_ARG_INT, &n_processes, "They are spread over (4)", "N" },
  { "spawns", 0, 0, G_OPTION_ARG_INT, &n_spawns, "Requests (2000)", "N" },
  { "certificates", 0, 0, G_OPTION_ARG_FILENAME, &certificates,
    "With TLS; made by make-certificates FOLDER host; an absolute path", "FOLDER" },
  { "quick", 0, 0, G_OPTION_ARG_NONE, &option_quick, "Measure nothing that takes long", NULL },
  { "hosts-of", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING_ARRAY, &hosts_of, NULL, NULL },
  { NULL }
};

typedef struct
{
  MaltNatsServer *server;
  GPtrArray      *processes; /* owned GSubprocess */
  GPtrArray      *lines;     /* owned GDataInputStream */
  guint           n_up;      /* processes */
  MaltNatsClient *manager;   /* owned */
  GHashTable     *chosen;    /* names of hosts */
} Load;

static double
get_seconds (gint64 since)
{
  return (double) (g_get_monotonic_time () - since) / G_USEC_PER_SEC;
}

static double
read_memory_mib (MaltNatsServer *server)
{
  g_autofree char *path =
    g_strdup_printf ("/proc/%s/status", g_subprocess_get_identifier (server->process));
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents (path, &text, NULL, NULL) || (line = strstr (text, "VmRSS:")) == NULL)
    return 0;

  return strtod (line + strlen ("VmRSS:"), NULL) / 1024;
}

/* Seconds of processor. */
static double
read_processor (MaltNatsServer *server)
{
  g_autofree char *path =
    g_strdup_printf ("/proc/%s/stat", g_subprocess_get_identifier (server->process));
  g_autofree char *text = NULL;
  const char *rest;
  unsigned long user;
  unsigned long system;

  if (!g_file_get_contents (path, &text, NULL, NULL) || (rest = strrchr (text, ')')) == NULL
      || sscanf (rest + 1, "%*s %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system)
             != 2)
    return 0;

  return (double) (user + system) / (double) sysconf (_SC_CLK_TCK);
}

static gboolean
on_deadline (gpointer unused)
{
  g_error ("What is waited for has not happened");
  return G_SOURCE_REMOVE;
}

static void
wait_until_up (Load  *self,
               guint  n)
{
  guint deadline = g_timeout_add_seconds (LOAD_DEADLINE_SEC, on_deadline, NULL);

  while (self->n_up != n)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (deadline);
}

static void
on_line (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Load *self = user_data;
  GDataInputStream *lines = G_DATA_INPUT_STREAM (source);
  g_autofree char *line = g_data_input_stream_read_line_finish (lines, result, NULL, NULL);

  if (line == NULL)
    return;

  self->n_up += strcmp (line, LOAD_UP) == 0 ? 1 : -1;
  g_data_input_stream_read_line_async (lines, G_PRIORITY_DEFAULT, NULL, on_line, self);
}

/* Runs in the child. */
static void
die_with_parent (gpointer unused)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static void
start_process (Load *self,
               int   first,
               int   n)
{
  g_autoptr (GSubprocessLauncher) launcher =
    g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autofree char *first_text = g_strdup_printf ("--hosts-of=%d", first);
  g_autofree char *n_text = g_strdup_printf ("--hosts-of=%d", n);
  g_autofree char *address = g_strdup_printf ("--hosts-of=%s", self->server->address);
  g_autoptr (GError) error = NULL;
  GSubprocess *process;
  GDataInputStream *lines;

  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  process = g_subprocess_launcher_spawn (launcher, &error, "/proc/self/exe", address, first_text,
                                         n_text, certificates != NULL ? "--certificates" : NULL,
                                         certificates, NULL);
  g_assert_no_error (error);
  lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));
  g_data_input_stream_read_line_async (lines, G_PRIORITY_DEFAULT, NULL, on_line, self);
  g_ptr_array_add (self->processes, process);
  g_ptr_array_add (self->lines, lines);
}

static void
start_hosts (Load *self)
{
  double memory = read_memory_mib (self->server);
  gint64 start = g_get_monotonic_time ();

  for (int i = 0; i < n_processes; i++)
    {
      int first = n_hosts * i / n_processes;

      start_process (self, first, n_hosts * (i + 1) / n_processes - first);
    }
  wait_until_up (self, (guint) n_processes);
  g_print ("all connected           %8.2f s\n", get_seconds (start));
  g_print ("memory of the broker    %8.1f MiB, %.1f KiB a host\n", read_memory_mib (self->server),
           (read_memory_mib (self->server) - memory) * 1024 / n_hosts);
  g_print ("processor of the broker %8.2f s\n", read_processor (self->server));
}

static void
measure_rest (Load *self)
{
  double before = read_processor (self->server);
  gint64 start = g_get_monotonic_time ();

  while (g_get_monotonic_time () < start + LOAD_REST_USEC)
    {
      g_usleep (1000);
      g_main_context_iteration (NULL, FALSE);
    }
  g_print ("processor at rest       %8.2f %%\n",
           100 * (read_processor (self->server) - before) / get_seconds (start));
}

typedef struct
{
  Load    *load;
  GArray  *times;  /* double: ms */
  int      n_left; /* to ask for */
  int      n_under_way;
} Burst;

typedef struct
{
  Burst  *burst;
  gint64  start;
} Ask;

static void send_request (Burst *burst);

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autofree Ask *ask = user_data;
  Burst *burst = ask->burst;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes =
    malt_nats_client_request_finish (MALT_NATS_CLIENT (source), result, &error);
  g_autoptr (MaltSpawnReply) reply = NULL;
  double took = get_seconds (ask->start) * 1000;

  g_assert_no_error (error);
  reply = malt_spawn_reply_from_bytes (bytes, &error);
  g_assert_no_error (error);
  g_hash_table_add (burst->load->chosen, g_strdup (reply->host));
  g_array_append_val (burst->times, took);
  burst->n_under_way--;
  if (burst->n_left > 0)
    send_request (burst);
}

static void
send_request (Burst *burst)
{
  g_autofree char *subject =
    malt_distributed_subject_spawn (LOAD_NAMESPACE, MALT_DISTRIBUTED_DEFAULT_POOL);
  g_autofree char *id = malt_distributed_new_id ();
  g_autoptr (MaltSpawnRequest) request =
    malt_spawn_request_new (id, MALT_DISTRIBUTED_DEFAULT_POOL, "default", 4000, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = malt_spawn_request_to_bytes (request, &error);
  Ask *ask = g_new0 (Ask, 1);

  g_assert_no_error (error);
  *ask = (Ask) { .burst = burst, .start = g_get_monotonic_time () };
  burst->n_left--;
  burst->n_under_way++;
  malt_nats_client_request_async (burst->load->manager, subject, bytes, LOAD_REQUEST_TIMEOUT_MSEC,
                                  NULL, on_answered, ask);
}

static gint
compare (gconstpointer a,
         gconstpointer b)
{
  double first = *(const double *) a;
  double second = *(const double *) b;

  return (first > second) - (first < second);
}

static double
get_share (GArray *times,
           double  share)
{
  return g_array_index (times, double, (guint) (share * (times->len - 1)));
}

static void
measure_spawns (Load       *self,
                const char *what,
                int         window)
{
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (double));
  Burst burst = { .load = self, .times = times, .n_left = n_spawns };
  gint64 start = g_get_monotonic_time ();

  g_hash_table_remove_all (self->chosen);
  for (int i = 0; i < MIN (window, n_spawns); i++)
    send_request (&burst);
  while (burst.n_under_way > 0)
    g_main_context_iteration (NULL, TRUE);

  g_array_sort (times, compare);
  g_print ("%-23s %8.2f ms median, %.2f ms 99 %%, %.0f a second, %u hosts chosen\n", what,
           get_share (times, 0.5), get_share (times, 0.99), n_spawns / get_seconds (start),
           g_hash_table_size (self->chosen));
}

static void
on_who_answer (MaltNatsClient          *client,
               const MaltNatsOperation *message,
               gpointer                 user_data)
{
  int *n_left = user_data;

  *n_left -= 1;
}

static void
measure_who (Load *self)
{
  g_autofree char *who = malt_distributed_subject_who (LOAD_NAMESPACE);
  g_autofree char *inbox = malt_distributed_inbox (LOAD_NAMESPACE, "who");
  g_autofree char *reply = g_strdup_printf ("%s.answers", inbox);
  g_autoptr (GBytes) nothing = g_bytes_new (NULL, 0);
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (double));
  int n_left = 0;
  guint64 sid = malt_nats_client_subscribe (self->manager, reply, NULL, on_who_answer, &n_left);

  for (int i = 0; i < LOAD_N_ROUNDS; i++)
    {
      gint64 start = g_get_monotonic_time ();
      g_autoptr (GError) error = NULL;
      double took;

      n_left = n_hosts;
      malt_nats_client_publish (self->manager, who, reply, nothing, &error);
      g_assert_no_error (error);
      while (n_left > 0)
        g_main_context_iteration (NULL, TRUE);
      took = get_seconds (start) * 1000;
      g_array_append_val (times, took);
    }

  malt_nats_client_unsubscribe (self->manager, sid);
  g_array_sort (times, compare);
  g_print ("who, all answers        %8.1f ms median, %.1f ms longest of %d\n",
           get_share (times, 0.5), get_share (times, 1), LOAD_N_ROUNDS);
}

static void
measure_return (Load *self)
{
  gint64 start = g_get_monotonic_time ();

  malt_nats_server_kill (self->server);
  wait_until_up (self, 0);
  g_print ("broker killed, noticed  %8.2f s\n", get_seconds (start));

  malt_nats_server_start (self->server);
  start = g_get_monotonic_time ();
  wait_until_up (self, (guint) n_processes);
  g_print ("all back                %8.2f s after it listens again\n", get_seconds (start));
  g_print ("memory of the broker    %8.1f MiB\n", read_memory_mib (self->server));
}

static gboolean
raise_descriptors (void)
{
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
  if (limit.rlim_max >= (rlim_t) n_hosts + LOAD_SPARE_DESCRIPTORS)
    return TRUE;

  g_printerr ("The broker needs %d descriptors, and %lu are allowed (ulimit -Hn)\n",
              n_hosts + LOAD_SPARE_DESCRIPTORS, (unsigned long) limit.rlim_max);
  return FALSE;
}

static void
start_manager (Load *self)
{
  g_autofree char *inbox = malt_distributed_inbox (LOAD_NAMESPACE, "load");

  self->manager = load_client_new (self->server->address, certificates, "manager", inbox);
  malt_nats_client_open (self->manager);
  while (!malt_nats_client_is_connected (self->manager))
    g_main_context_iteration (NULL, TRUE);
}

/* What the server is to be told besides address and port; NULL: nothing. */
static char *
format_config (void)
{
  if (certificates == NULL)
    return NULL;

  return g_strdup_printf ("tls { cert_file: \"%s/server.pem\", key_file: \"%s/server.key\"\n"
                          "  ca_file: \"%s/ca.pem\", verify: true, timeout: 5 }\n",
                          certificates, certificates, certificates);
}

static int
measure (void)
{
  g_autofree char *config = format_config ();
  g_autoptr (MaltNatsServer) server = malt_nats_server_new (config);
  g_autoptr (GPtrArray) processes = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GHashTable) chosen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Load self = { .server = server, .processes = processes, .lines = lines, .chosen = chosen };

  if (server == NULL)
    return LOAD_EXIT_SKIPPED;

  g_print ("%d hosts in %d processes\n", n_hosts, n_processes);
  start_hosts (&self);
  if (!option_quick)
    measure_rest (&self);
  start_manager (&self);
  measure_spawns (&self, "spawn, one by one", 1);
  measure_spawns (&self, "spawn, 64 at a time", LOAD_WINDOW);
  measure_who (&self);
  measure_return (&self);
  measure_spawns (&self, "spawn after that", 1);

  malt_nats_client_close (self.manager);
  g_clear_object (&self.manager);
  for (guint i = 0; i < processes->len; i++)
    g_subprocess_force_exit (g_ptr_array_index (processes, i));

  return EXIT_SUCCESS;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("- many hosts on one broker");
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s\n", error->message);
      return EXIT_FAILURE;
    }

  if (!raise_descriptors ())
    return LOAD_EXIT_SKIPPED;
  if (hosts_of != NULL && g_strv_length (hosts_of) == 3)
    {
      load_hosts_run (hosts_of[0], certificates, (guint) atoi (hosts_of[1]),
                      (guint) atoi (hosts_of[2]));
      return EXIT_SUCCESS;
    }

  return measure ();
}

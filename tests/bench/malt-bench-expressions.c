/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The benchmark of Malt.jl, ported: nine expressions, and a start with one call and a stop, each
 * beside what one would build by hand: GSubprocess and a D-Bus connection, with the answers made in
 * C. That the values are the same is checked; times are printed, and judged if that is wanted. */
#include "config.h"

#include "bench-expressions.h"

#include <malt/malt.h>
#include <math.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define N_ROUNDS 5
#define N_STARTS 20
#define NO_TIMEOUT G_MAXINT

typedef struct
{
  GSubprocess     *process;
  GDBusConnection *connection;
} Peer;

typedef struct
{
  double median; /* ms */
  double sigma;  /* ms, of one sample */
} Summary;

/* What is worse, in the terms of Malt.jl's test of its benchmark: an expression by more than so
 * many standard deviations, a start by more than this factor. */
#define MAX_SIGMAS 2
#define MAX_START_RATIO 1.1

static gboolean option_judge;
static gboolean option_quick;
static gboolean option_json;
static char *option_backend = "process";
static char *peer_program;
static guint n_worse;

static void
check (const GError *error)
{
  if (error != NULL)
    g_error ("%s", error->message);
}

static Peer
peer_start (void)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr (GSocketConnection) stream = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;
  int pair[2];
  Peer peer;

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    g_error ("socketpair: %m");

  g_subprocess_launcher_take_fd (launcher, pair[1], BENCH_DBUS_SOCKET_FD);
  peer.process = g_subprocess_launcher_spawn (launcher, &error, peer_program, NULL);
  check (error);
  socket = g_socket_new_from_fd (pair[0], &error);
  check (error);
  stream = g_socket_connection_factory_create_connection (socket);
  peer.connection = g_dbus_connection_new_sync (G_IO_STREAM (stream), NULL,
                                                G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL,
                                                NULL, &error);
  check (error);

  return peer;
}

static GVariant *
peer_evaluate (const Peer *peer, guint index)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
    peer->connection, NULL, BENCH_DBUS_PATH, BENCH_DBUS_INTERFACE, BENCH_DBUS_METHOD,
    g_variant_new ("(u)", index), G_VARIANT_TYPE ("(v)"), G_DBUS_CALL_FLAGS_NONE, NO_TIMEOUT, NULL,
    &error);
  GVariant *value;

  check (error);
  g_variant_get (reply, "(v)", &value);
  return value;
}

static void
peer_stop (Peer *peer)
{
  g_autoptr (GError) error = NULL;

  g_dbus_connection_close_sync (peer->connection, NULL, &error);
  check (error);
  g_subprocess_wait (peer->process, NULL, &error);
  check (error);
  g_clear_object (&peer->connection);
  g_clear_object (&peer->process);
}

static MaltAbstractWorker *
worker_start (void)
{
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker = malt_create_worker (option_backend, NULL, &error, NULL);

  check (error);
  return worker;
}

static GVariant *
worker_evaluate (MaltAbstractWorker *worker, const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = malt_abstract_worker_remote_eval_fetch (worker, NULL, text, NULL, NULL, &error);

  check (error);
  return value;
}

static void
worker_stop (MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_stop (worker, MALT_STOP_TIMEOUT_DEFAULT, MALT_STOP_TIMEOUT_DEFAULT, NULL,
                             NULL, &error);
  check (error);
  g_object_unref (worker);
}

static double
now_ms (void)
{
  return g_get_monotonic_time () / 1e3;
}

static int
compare_samples (gconstpointer a, gconstpointer b)
{
  double first = *(const double *) a, second = *(const double *) b;

  return (first > second) - (first < second);
}

static Summary
summarize (GArray *samples)
{
  double mean = 0, variance = 0;

  g_array_sort (samples, compare_samples);
  for (guint i = 0; i < samples->len; i++)
    mean += g_array_index (samples, double, i) / samples->len;
  for (guint i = 0; i < samples->len; i++)
    variance += pow (g_array_index (samples, double, i) - mean, 2) / samples->len;

  return (Summary) {
    .median = g_array_index (samples, double, samples->len / 2),
    .sigma = sqrt (variance / samples->len),
  };
}

static void
judge (const char *name, double value, double limit)
{
  if (!option_judge || value <= limit)
    return;

  g_printerr ("“%s” is worse: %.3f ms, at most %.3f\n", name, value, limit);
  n_worse++;
}

static void
print_comparison (const char *name, const Summary *malt, const Summary *peer, guint n)
{

  if (option_json)
    g_print ("{\"figure\":\"%s\",\"unit\":\"ms\",\"n\":%u,\"median\":%.4f,\"sigma\":%.4f,"
             "\"dbus_median\":%.4f,\"dbus_sigma\":%.4f,\"ratio\":%.3f}\n",
             name, n, malt->median, malt->sigma, peer->median, peer->sigma,
             malt->median / peer->median);
  else
    g_print ("%-20s %6u %10.3f %10.3f %8.2f\n", name, n, malt->median, peer->median,
             malt->median / peer->median);
}

/* What came over D-Bus is not known to be in normal form, and g_variant_equal() would print it. */
static gboolean
are_same (GVariant *value, GVariant *other)
{
  return g_variant_type_equal (g_variant_get_type (value), g_variant_get_type (other))
         && g_variant_get_size (value) == g_variant_get_size (other)
         && memcmp (g_variant_get_data (value), g_variant_get_data (other),
                    g_variant_get_size (value)) == 0;
}

static void
measure_expression (MaltAbstractWorker *worker, const Peer *peer, guint index)
{
  const BenchExpression *expression = &bench_expressions[index];
  g_autoptr (GArray) of_malt = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) of_peer = g_array_new (FALSE, FALSE, sizeof (double));
  guint n = option_quick ? 1 : expression->n * N_ROUNDS;
  Summary malt, peer_summary;

  if (expression->prelude != NULL)
    g_variant_unref (worker_evaluate (worker, expression->prelude));

  /* In turns: what else the machine does falls on both. */
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GVariant) value = NULL;
      g_autoptr (GVariant) same = NULL;
      double start_ms = now_ms ();
      double elapsed_ms;

      value = worker_evaluate (worker, expression->text);
      elapsed_ms = now_ms () - start_ms;
      g_array_append_val (of_malt, elapsed_ms);
      start_ms = now_ms ();
      same = peer_evaluate (peer, index);
      elapsed_ms = now_ms () - start_ms;
      g_array_append_val (of_peer, elapsed_ms);
      if (!are_same (value, same))
        g_error ("“%s” has different values", expression->text);
    }

  malt = summarize (of_malt);
  peer_summary = summarize (of_peer);
  print_comparison (expression->name, &malt, &peer_summary, n);
  judge (expression->name, malt.median, peer_summary.median + MAX_SIGMAS * peer_summary.sigma);
}

static void
measure_start (void)
{
  g_autoptr (GArray) of_malt = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) of_peer = g_array_new (FALSE, FALSE, sizeof (double));
  guint n = option_quick ? 1 : N_STARTS;
  guint last = bench_n_expressions - 1;
  Summary of_malts, of_peers;

  for (guint i = 0; i < n; i++)
    {
      double start_ms = now_ms ();
      MaltAbstractWorker *worker = worker_start ();
      double elapsed_ms;
      Peer peer;

      g_variant_unref (worker_evaluate (worker, bench_expressions[last].text));
      worker_stop (worker);
      elapsed_ms = now_ms () - start_ms;
      g_array_append_val (of_malt, elapsed_ms);
      start_ms = now_ms ();
      peer = peer_start ();
      g_variant_unref (peer_evaluate (&peer, last));
      peer_stop (&peer);
      elapsed_ms = now_ms () - start_ms;
      g_array_append_val (of_peer, elapsed_ms);
    }

  of_malts = summarize (of_malt);
  of_peers = summarize (of_peer);
  print_comparison ("start, call, stop", &of_malts, &of_peers, n);
  judge ("start, call, stop", of_malts.median, of_peers.median * MAX_START_RATIO);
}

/* $MALT_BENCH_DBUS_PEER, or the program that was built beside this one. */
static char *
find_peer_program (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = self != NULL ? g_path_get_dirname (self) : g_strdup (".");
  const char *variable = g_getenv ("MALT_BENCH_DBUS_PEER");

  return variable != NULL ? g_strdup (variable)
                          : g_build_filename (folder, "bench-dbus-peer", NULL);
}

int
main (int argc, char **argv)
{
  const GOptionEntry entries[] = {
    { "backend", 0, 0, G_OPTION_ARG_STRING, &option_backend, "Whose workers", "NAME" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &option_json, "One JSON object a line", NULL },
    { "judge", 0, 0, G_OPTION_ARG_NONE, &option_judge, "Fail if malt is worse", NULL },
    { "quick", 0, 0, G_OPTION_ARG_NONE, &option_quick, "One sample: whether it works", NULL },
    { NULL }
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("— the benchmark of Malt.jl");
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker;
  Peer peer;

  malt_init (&argc, &argv);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s\n", error->message);
      return 2;
    }

  peer_program = find_peer_program ();
  if (!option_json)
    g_print ("%-20s %6s %10s %10s %8s\n", "expression", "n", "malt ms", "D-Bus ms", "ratio");
  worker = worker_start ();
  peer = peer_start ();
  for (guint i = 0; i < bench_n_expressions; i++)
    measure_expression (worker, &peer, i);
  peer_stop (&peer);
  worker_stop (worker);
  measure_start ();
  g_free (peer_program);

  return n_worse == 0 ? 0 : 1;
}

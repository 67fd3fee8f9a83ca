/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* malt's figures, each beside the limit that was measured at the same moment: on a machine that
 * does other things too only their ratio means anything. */
#include "config.h"

#include "bench.h"

#include <string.h>

#define BENCH_ROUNDS 5

typedef struct
{
  const char *name;
  const char *transport;
  const char *unit;
  double      scale;   /* from samples (µs, or calls a second) to the unit */
  guint       n;       /* samples, or calls of one sample, in a round */
  guint       n_quick;
  void      (*limit)   (BenchPeer *peer, GArray *samples, guint n);
  void      (*malt)    (MaltAbstractWorker *worker, GArray *samples, guint n);
} Figure;

typedef struct
{
  double median;
  double p99;
  guint  n;
} Summary;

static const Figure figures[] = {
  { "call", "tcp", "us", 1, 4000, 100, bench_limit_echo, bench_malt_call },
  { "call-lua", "tcp", "us", 1, 4000, 100, bench_limit_echo, bench_malt_call_language },
  { "call-unix", "unix", "us", 1, 4000, 100, bench_limit_echo, bench_malt_call },
  { "pipeline", "tcp", "calls/s", 1, 100000, 1000, bench_limit_pipeline, bench_malt_pipeline },
  { "pipeline-two", "tcp", "calls/s", 1, 100000, 1000, bench_limit_pipeline,
    bench_malt_pipeline_two },
  { "pipeline-lua", "tcp", "calls/s", 1, 100000, 1000, bench_limit_pipeline,
    bench_malt_pipeline_language },
  { "pipeline-unix", "unix", "calls/s", 1, 100000, 1000, bench_limit_pipeline,
    bench_malt_pipeline },
  { "call-in-process", "in-process", "us", 1, 20000, 100, bench_limit_value, bench_malt_call },
  { "call-lua-in-process", "in-process", "us", 1, 4000, 100, bench_limit_echo,
    bench_malt_call_language },
  { "pipeline-in-process", "in-process", "calls/s", 1, 100000, 1000, bench_limit_pipeline,
    bench_malt_pipeline },
  { "channel", "tcp", "values/s", 1, 300000, 1000, bench_limit_pipeline, bench_malt_channel },
  { "channel-async", "tcp", "values/s", 1, 300000, 1000, bench_limit_pipeline,
    bench_malt_channel_async },
  { "start", "tcp", "ms", 1e-3, 20, 3, bench_limit_start, bench_malt_start },
  { "start-spare", "tcp", "us", 1, 20, 3, bench_limit_rested, bench_malt_start_spare },
  { "64mib", "tcp", "ms", 1e-3, 3, 1, bench_limit_large, bench_malt_large },
  { "64mib-unix", "unix", "ms", 1e-3, 3, 1, bench_limit_copy, bench_malt_large },
  { "64mib-new-unix", "unix", "ms", 1e-3, 3, 1, bench_limit_copy, bench_malt_new },
  { "doubles", "tcp", "ms", 1e-3, 3, 1, bench_limit_large, bench_malt_doubles },
  { "doubles-lua", "tcp", "ms", 1e-3, 3, 1, bench_limit_large, bench_malt_doubles_language },
  { "doubles-unix", "unix", "ms", 1e-3, 3, 1, bench_limit_copy, bench_malt_doubles },
};

static gboolean option_json;
static gboolean option_quick;
static char **option_only;

static int
compare_samples (gconstpointer a, gconstpointer b)
{
  double first = *(const double *) a, second = *(const double *) b;

  return (first > second) - (first < second);
}

/* Sorts the samples. */
static double
get_quantile (GArray *samples, double quantile)
{
  g_array_sort (samples, compare_samples);
  return g_array_index (samples, double, (guint) ((samples->len - 1) * quantile + 0.5));
}

static Summary
summarize (GArray *medians, GArray *samples, const Figure *figure)
{
  return (Summary) {
    .median = get_quantile (medians, 0.5) * figure->scale,
    .p99 = get_quantile (samples, 0.99) * figure->scale,
    .n = samples->len,
  };
}

/* Moves the samples of a round to all of them; answers their median. */
static double
end_round (GArray *round, GArray *medians, GArray *samples)
{
  double median = get_quantile (round, 0.5);

  bench_add (medians, median);
  g_array_append_vals (samples, round->data, round->len);
  g_array_set_size (round, 0);
  return median;
}

static void
print_figure (const Figure *figure, const Summary *malt, const Summary *limit, double ratio)
{
  if (option_json)
    g_print ("{\"figure\":\"%s\",\"unit\":\"%s\",\"n\":%u,\"median\":%.3f,\"p99\":%.3f,"
             "\"limit_median\":%.3f,\"limit_p99\":%.3f,\"ratio\":%.3f}\n",
             figure->name, figure->unit, malt->n, malt->median, malt->p99,
             limit->median, limit->p99, ratio);
  else
    g_print ("%-20s %7u %12.2f %12.2f %12.2f %12.2f  %-8s %6.2f\n", figure->name, malt->n,
             malt->median, malt->p99, limit->median, limit->p99, figure->unit, ratio);
}

/* limit, malt, limit, malt, …: what else the machine does falls on both. */
static void
measure (const Figure *figure)
{
  g_autoptr (GArray) round = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) ratios = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) limit_medians = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) limit_samples = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) malt_medians = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) malt_samples = g_array_new (FALSE, FALSE, sizeof (double));
  MaltAbstractWorker *worker = bench_worker_start (figure->transport);
  guint n = option_quick ? figure->n_quick : figure->n;
  Summary limit, malt;
  BenchPeer peer;

  bench_peer_start (&peer, g_str_equal (figure->transport, "tcp"));
  figure->limit (&peer, round, figure->n_quick);
  figure->malt (worker, round, figure->n_quick);
  g_array_set_size (round, 0);
  for (guint i = 0; i < (option_quick ? 1 : BENCH_ROUNDS); i++)
    {
      double of_limit, of_malt;

      figure->limit (&peer, round, n);
      of_limit = end_round (round, limit_medians, limit_samples);
      figure->malt (worker, round, n);
      of_malt = end_round (round, malt_medians, malt_samples);
      bench_add (ratios, of_malt / of_limit);
    }
  bench_peer_stop (&peer);
  bench_worker_stop (worker);

  limit = summarize (limit_medians, limit_samples, figure);
  malt = summarize (malt_medians, malt_samples, figure);
  print_figure (figure, &malt, &limit, get_quantile (ratios, 0.5));
}

static void
check_names (void)
{
  for (guint i = 0; option_only != NULL && option_only[i] != NULL; i++)
    {
      guint k = 0;

      while (k < G_N_ELEMENTS (figures) && !g_str_equal (figures[k].name, option_only[i]))
        k++;
      if (k < G_N_ELEMENTS (figures))
        continue;
      g_printerr ("There is no figure “%s”; there are:", option_only[i]);
      for (k = 0; k < G_N_ELEMENTS (figures); k++)
        g_printerr (" %s", figures[k].name);
      g_printerr ("\n");
      exit (2);
    }
}

/* $MALT_BENCH_LIMIT, or the program that was built beside this one. */
static char *
find_limit_program (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = self != NULL ? g_path_get_dirname (self) : g_strdup (".");
  const char *variable = g_getenv ("MALT_BENCH_LIMIT");

  return variable != NULL ? g_strdup (variable) : g_build_filename (folder, "bench-limit", NULL);
}

int
main (int argc, char **argv)
{
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &option_json, "One JSON object a line", NULL },
    { "quick", 0, 0, G_OPTION_ARG_NONE, &option_quick, "Few samples: whether it works", NULL },
    { "only", 0, 0, G_OPTION_ARG_STRING_ARRAY, &option_only, "This figure only", "NAME" },
    { NULL }
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("— malt beside the limit");
  g_autoptr (GError) error = NULL;

  malt_init (&argc, &argv);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s\n", error->message);
      return 2;
    }
  check_names ();
  bench_limit_program = find_limit_program ();
  if (!option_json)
    g_print ("%-20s %7s %12s %12s %12s %12s  %-8s %6s\n", "figure", "n", "median", "p99",
             "limit", "limit p99", "unit", "ratio");
  for (guint i = 0; i < G_N_ELEMENTS (figures); i++)
    if (option_only == NULL ||
        g_strv_contains ((const char *const *) option_only, figures[i].name))
      measure (&figures[i]);
  g_free (bench_limit_program);
  return 0;
}

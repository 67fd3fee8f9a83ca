/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a cost grows with what there is of something: a table for each cost, with the number of
 * things multiplied from row to row. What is to be the same in each row stays near 1 in the last
 * column; the size of a value is what only the others pay for. */
#include "config.h"

#include "bench-growth.h"

#define STEP 10
#define STEP_BYTES 8

gboolean bench_growth_is_quick;
const char *bench_growth_backend = "process";

static gboolean option_json;
static gint64 option_n;
static char **option_only;
static char *option_backend;

static const BenchGrowth *const subjects[] = {
  bench_growth_calls, bench_growth_workers, bench_growth_pools, bench_growth_values,
  bench_growth_channels,
};

static int
compare_samples (gconstpointer a, gconstpointer b)
{
  double first = *(const double *) a, second = *(const double *) b;

  return (first > second) - (first < second);
}

/* Of sorted samples. */
static double
get_quantile (GArray *samples, double quantile)
{
  return g_array_index (samples, double, (guint) ((samples->len - 1) * quantile + 0.5));
}

static void
print_row (const BenchGrowth *growth, guint64 n, GArray *samples, double *first)
{
  double median = get_quantile (samples, 0.5);
  double p99 = get_quantile (samples, 0.99);

  if (*first == 0)
    *first = median;
  if (option_json)
    g_print ("{\"subject\":\"%s\",\"figure\":\"%s\",\"counted\":\"%s\",\"n\":%" G_GUINT64_FORMAT
             ",\"samples\":%u,\"median\":%.4f,\"p99\":%.4f,\"unit\":\"%s\",\"relative\":%.3f}\n",
             growth->subject, growth->name, growth->counted, n, samples->len, median, p99,
             growth->unit, median / *first);
  else
    g_print ("%-18s %12" G_GUINT64_FORMAT " %8u %14.3f %14.3f  %-10s %8.2f\n", growth->name, n,
             samples->len, median, p99, growth->unit, median / *first);
}

static void
measure_row (const BenchGrowth *growth, guint64 n, double *first)
{
  g_autoptr (GArray) samples = g_array_new (FALSE, FALSE, sizeof (double));

  for (guint i = 0; i < (bench_growth_is_quick ? 1 : growth->n_rounds); i++)
    growth->measure (n, samples);
  g_array_sort (samples, compare_samples);
  print_row (growth, n, samples, first);
}

static void
measure (const BenchGrowth *growth)
{
  guint64 max = bench_growth_is_quick ? growth->max_quick : growth->max;
  guint64 step = g_str_equal (growth->counted, "bytes") ? STEP_BYTES : STEP;
  double first = 0;

  if (!option_json)
    g_print ("%-18s %12s %8s %14s %14s  %-10s %8s\n", growth->subject, growth->counted, "samples",
             "median", "p99", "unit", "relative");
  if (option_n > 0)
    measure_row (growth, option_n, &first);
  else
    {
      for (guint64 n = 1; n < max; n *= step)
        measure_row (growth, n, &first);
      measure_row (growth, max, &first);
    }
  if (!option_json)
    g_print ("\n");
}

static gboolean
is_wanted (const BenchGrowth *growth)
{
  const char *const *only = (const char *const *) option_only;

  return only == NULL || g_strv_contains (only, growth->subject)
         || g_strv_contains (only, growth->name);
}

static void
check_names (void)
{
  gboolean is_any = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (subjects); i++)
    for (const BenchGrowth *growth = subjects[i]; growth->subject != NULL; growth++)
      is_any = is_any || is_wanted (growth);
  if (is_any)
    return;

  g_printerr ("There is nothing of that name; there are:\n");
  for (guint i = 0; i < G_N_ELEMENTS (subjects); i++)
    for (const BenchGrowth *growth = subjects[i]; growth->subject != NULL; growth++)
      g_printerr ("  %s: %s\n", growth->subject, growth->name);
  exit (2);
}

int
main (int argc, char **argv)
{
  const GOptionEntry entries[] = {
    { "backend", 0, 0, G_OPTION_ARG_STRING, &option_backend, "Whose workers", "NAME" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &option_json, "One JSON object a line", NULL },
    { "n", 0, 0, G_OPTION_ARG_INT64, &option_n, "This row only", "N" },
    { "only", 0, 0, G_OPTION_ARG_STRING_ARRAY, &option_only, "This only", "SUBJECT" },
    { "quick", 0, 0, G_OPTION_ARG_NONE, &bench_growth_is_quick, "Few: whether it works", NULL },
    { NULL }
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("— what grows with what");
  g_autoptr (GError) error = NULL;

  malt_init (&argc, &argv);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s\n", error->message);
      return 2;
    }
  check_names ();
  if (option_backend != NULL)
    bench_growth_backend = option_backend;
  for (guint i = 0; i < G_N_ELEMENTS (subjects); i++)
    {
      for (const BenchGrowth *growth = subjects[i]; growth->subject != NULL; growth++)
        if (is_wanted (growth))
          measure (growth);
      bench_growth_workers_stop ();
    }
  g_free (option_backend);
  g_strfreev (option_only);
  return 0;
}

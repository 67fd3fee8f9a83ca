/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a pool costs and what it gains: the checksums of a large file in one worker and in two,
 * beside one and two processes that do nothing else, which is what the machine has to give; a map
 * beside calls of a worker with as many on their way; and one call through a pool beside one that
 * goes straight to a worker. Medians are printed. */
#include "config.h"

#include <malt/malt.h>

#include <glib/gstdio.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_ROUNDS 7
#define N_CALLS 5000

/* The same file so many times; each takes some dozen milliseconds. */
#define N_FILES 16
#define FILE_BYTES (8 << 20)
#define FILE_BYTES_QUICK (64 << 10)

/* As the function in the workers reads it. */
#define PIECE_BYTES (256 << 10)

static gboolean option_quick;
static gboolean option_json;

static void
check (const GError *error)
{
  if (error != NULL)
    g_error ("%s", error->message);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const double *x = a;
  const double *y = b;

  return (*x > *y) - (*x < *y);
}

static double
get_median (double *samples, guint n)
{
  qsort (samples, n, sizeof *samples, compare);

  return samples[n / 2];
}

static void
stop (MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_stop (worker, MALT_STOP_TIMEOUT_DEFAULT, MALT_STOP_TIMEOUT_DEFAULT, NULL,
                             NULL, &error);
  check (error);
}

static MaltPool *
start_pool (guint size,
            guint max_in_flight)
{
  const char *module_path[] = { BENCH_MODULES, NULL };
  g_autoptr (GError) error = NULL;
  GVariantDict dict;
  MaltPool *pool;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, "module-path", g_variant_new_strv (module_path, -1));
  pool = g_initable_new (MALT_TYPE_POOL, NULL, &error,
                         "profile", "process",
                         "options", g_variant_dict_end (&dict),
                         "size", size,
                         "max-in-flight", max_in_flight,
                         NULL);
  check (error);
  malt_pool_eval_everywhere (pool, NULL, "import 'checksum'", NULL, NULL, &error);
  check (error);

  return pool;
}

/* (transfer full): the name of a file that is in memory. */
static char *
new_file (void)
{
  const gsize size = option_quick ? FILE_BYTES_QUICK : FILE_BYTES;
  g_autofree char *data = g_malloc0 (size);
  g_autoptr (GError) error = NULL;
  char *path = NULL;
  int fd = g_file_open_tmp ("malt-bench-XXXXXX", &path, &error);

  check (error);
  close (fd);
  g_file_set_contents (path, data, (gssize) size, &error);
  check (error);

  return path;
}

static double
get_elapsed_ms (gint64 start_us)
{
  return (double) (g_get_monotonic_time () - start_us) / 1000;
}

static double
time_map (MaltPool   *pool,
          const char *path)
{
  g_auto (GVariantBuilder) inputs = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ss)"));
  g_autoptr (GVariant) results = NULL;
  g_autoptr (GError) error = NULL;
  gint64 start_us;

  for (guint i = 0; i < N_FILES; i++)
    g_variant_builder_add (&inputs, "(ss)", "sha256", path);
  start_us = g_get_monotonic_time ();
  results = malt_pool_map (pool, "checksum.file", g_variant_builder_end (&inputs), NULL, &error);
  check (error);

  return get_elapsed_ms (start_us);
}

/* A process of its own does it, and only what may be done between fork() and _exit(). */
static void
compute_checksums (const char *path,
                   guint8     *piece,
                   GChecksum  *checksum,
                   guint       n)
{
  for (; n > 0; n--)
    {
      int fd = open (path, O_RDONLY | O_CLOEXEC);
      gssize n_read;

      g_checksum_reset (checksum);
      while ((n_read = read (fd, piece, PIECE_BYTES)) > 0)
        g_checksum_update (checksum, piece, n_read);
      close (fd);
    }
}

static double
time_processes (const char *path,
                guint       n_processes)
{
  g_autofree guint8 *piece = g_malloc0 (PIECE_BYTES);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gint64 start_us = g_get_monotonic_time ();
  pid_t pids[2];

  for (guint i = 0; i < n_processes; i++)
    {
      pids[i] = fork ();
      if (pids[i] == 0)
        {
          compute_checksums (path, piece, checksum, N_FILES / n_processes);
          _exit (EXIT_SUCCESS);
        }
    }
  for (guint i = 0; i < n_processes; i++)
    waitpid (pids[i], NULL, 0);

  return get_elapsed_ms (start_us);
}

/* Microseconds a call. */
static double
time_calls (MaltAbstractWorker *worker)
{
  const guint n = option_quick ? 100 : N_CALLS;
  gint64 start_us = g_get_monotonic_time ();

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = malt_abstract_worker_remote_call_fetch (
        worker, "malt.ping", g_variant_new ("(x)", (gint64) i), NULL, NULL, &error);

      check (error);
    }

  return (double) (g_get_monotonic_time () - start_us) / n;
}

/* Microseconds an input. */
static double
time_small_map (MaltPool *pool)
{
  const guint n = option_quick ? 100 : N_CALLS;
  g_auto (GVariantBuilder) inputs = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(x)"));
  g_autoptr (GVariant) results = NULL;
  g_autoptr (GError) error = NULL;
  gint64 start_us;

  for (guint i = 0; i < n; i++)
    g_variant_builder_add (&inputs, "(x)", (gint64) i);
  start_us = g_get_monotonic_time ();
  results = malt_pool_map (pool, "malt.ping", g_variant_builder_end (&inputs), NULL, &error);
  check (error);

  return get_elapsed_ms (start_us) * 1000 / n;
}

typedef struct
{
  MaltAbstractWorker *worker;
  guint               n_sent;
  guint               n_ended;
  guint               n;
} Window;

static void send_next (Window *window);

static void
on_reply (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Window *window = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value =
    malt_abstract_worker_remote_call_finish (window->worker, result, &error);

  check (error);
  window->n_ended++;
  send_next (window);
}

static void
send_next (Window *window)
{
  if (window->n_sent < window->n)
    malt_abstract_worker_remote_call_async (window->worker, "malt.ping",
                                            g_variant_new ("(x)", (gint64) window->n_sent++), NULL,
                                            NULL, on_reply, window);
}

/* Microseconds a call, of so many that are on their way at the same time. */
static double
time_window (MaltAbstractWorker *worker,
             guint               size)
{
  Window window = { .worker = worker, .n = option_quick ? 100 : N_CALLS };
  gint64 start_us = g_get_monotonic_time ();

  for (guint i = 0; i < size; i++)
    send_next (&window);
  while (window.n_ended < window.n)
    g_main_context_iteration (NULL, TRUE);

  return get_elapsed_ms (start_us) * 1000 / window.n;
}

static void
print (const char *name, double value, const char *unit)
{
  if (option_json)
    g_print ("{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"%s\"}\n", name, value, unit);
  else
    g_print ("%-40s %12.3f %s\n", name, value, unit);
}

static void
bench_files (void)
{
  g_autofree char *path = new_file ();
  g_autoptr (MaltPool) one = start_pool (1, 1);
  g_autoptr (MaltPool) two = start_pool (2, 1);
  double times_one[N_ROUNDS], times_two[N_ROUNDS], gains[N_ROUNDS], limits[N_ROUNDS],
    shares[N_ROUNDS];

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      limits[i] = time_processes (path, 1) / time_processes (path, 2);
      times_one[i] = time_map (one, path);
      times_two[i] = time_map (two, path);
      gains[i] = times_one[i] / times_two[i];
      shares[i] = gains[i] / limits[i];
    }
  print ("checksums in one worker", get_median (times_one, N_ROUNDS), "ms");
  print ("checksums in two workers", get_median (times_two, N_ROUNDS), "ms");
  print ("two workers are so many times as fast", get_median (gains, N_ROUNDS), "x");
  print ("two processes are so many times as fast", get_median (limits, N_ROUNDS), "x");
  print ("the first beside the second", get_median (shares, N_ROUNDS), "x");
  stop (MALT_ABSTRACT_WORKER (one));
  stop (MALT_ABSTRACT_WORKER (two));
  g_unlink (path);
}

/* A map has two calls on their way for each place in a worker. */
static void
bench_items (guint max_in_flight)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltAbstractWorker) worker = malt_create_worker ("process", NULL, &error, NULL);
  g_autoptr (MaltPool) pool = start_pool (1, max_in_flight);
  g_autofree char *of_worker = g_strdup_printf ("call, %u on their way", 2 * max_in_flight);
  g_autofree char *of_pool = g_strdup_printf ("input of a map, %u on their way", 2 * max_in_flight);
  double direct[N_ROUNDS], mapped[N_ROUNDS];

  check (error);
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      direct[i] = time_window (worker, 2 * max_in_flight);
      mapped[i] = time_small_map (pool);
    }
  print (of_worker, get_median (direct, N_ROUNDS), "us");
  print (of_pool, get_median (mapped, N_ROUNDS), "us");
  stop (worker);
  stop (MALT_ABSTRACT_WORKER (pool));
}

static void
bench_calls (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltAbstractWorker) worker = malt_create_worker ("process", NULL, &error, NULL);
  g_autoptr (MaltPool) pool = NULL;
  double direct[N_ROUNDS], pooled[N_ROUNDS];

  check (error);
  pool = start_pool (1, 1);
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      direct[i] = time_calls (worker);
      pooled[i] = time_calls (MALT_ABSTRACT_WORKER (pool));
    }
  print ("call of a worker", get_median (direct, N_ROUNDS), "us");
  print ("call through a pool", get_median (pooled, N_ROUNDS), "us");
  stop (worker);
  stop (MALT_ABSTRACT_WORKER (pool));
}

int
main (int argc, char *argv[])
{
  g_autoptr (GOptionContext) context = g_option_context_new ("— what a pool costs and gains");
  g_autoptr (GError) error = NULL;
  const GOptionEntry entries[] = {
    { "quick", 0, 0, G_OPTION_ARG_NONE, &option_quick, "A few calls of each kind", NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &option_json, "One object a line", NULL },
    G_OPTION_ENTRY_NULL,
  };

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_parse (context, &argc, &argv, &error);
  check (error);

  bench_files ();
  bench_items (1);
  bench_items (16);
  bench_calls ();

  return 0;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Counts the primes below a number, with the workers of a profile: it does not know on which
 * machines they are, nor whether one of them is lost meanwhile. What a lost worker had on its hands
 * is done again.
 *
 *   primes PROFILE WORKERS LIMIT */

#include <malt/malt.h>

#include <locale.h>
#include <stdlib.h>

/* Numbers in one call. */
#define RANGE_SIZE 5000

/* Milliseconds that workers have to leave by themselves, and then to end on SIGTERM. */
#define STOP_TIMEOUT_MSEC 3000u

static const char program[] =
  "local file = io.open ('/proc/sys/kernel/hostname')\n"
  "local host = file:read ('l')\n"
  "file:close ()\n"
  "function count_primes (from, below)\n"
  "  local count = 0\n"
  "  for n = math.max (from, 2), below - 1 do\n"
  "    local divisor = 2\n"
  "    while divisor * divisor <= n and n % divisor ~= 0 do divisor = divisor + 1 end\n"
  "    if divisor * divisor > n then count = count + 1 end\n"
  "  end\n"
  "  return {host = host, count = count}\n"
  "end\n";

typedef struct
{
  GMainLoop  *loop;
  GPtrArray  *ranges;   /* of owned GVariant (xx), those that are to be done */
  GPtrArray  *lost;     /* of owned GVariant (xx), those whose worker has ended */
  GHashTable *n_ranges; /* host → how many it has done */
  guint       n_all;
  guint       n_done;
  gint64      n_primes;
  GError     *error;    /* owned */
} Work;

static gboolean
on_range (MaltPool     *pool,
          guint         index,
          GVariant     *value,
          const GError *error,
          gpointer      user_data)
{
  Work *work = user_data;
  const char *host;
  gint64 count;
  guint n;

  if (g_error_matches (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER))
    {
      g_print ("%s\n", error->message);
      g_ptr_array_add (work->lost, g_variant_ref (g_ptr_array_index (work->ranges, index)));
      return TRUE;
    }
  if (error != NULL)
    {
      work->error = g_error_copy (error);
      return FALSE;
    }

  if (!g_variant_lookup (value, "host", "&s", &host)
      || !g_variant_lookup (value, "count", "x", &count))
    g_error ("“%s” is no count", g_variant_get_type_string (value));

  n = GPOINTER_TO_UINT (g_hash_table_lookup (work->n_ranges, host));
  g_hash_table_insert (work->n_ranges, g_strdup (host), GUINT_TO_POINTER (n + 1));
  work->n_primes += count;
  work->n_done++;
  if (work->n_done * 10 / work->n_all != (work->n_done - 1) * 10 / work->n_all)
    g_print ("%u %% done\n", work->n_done * 100 / work->n_all);

  return TRUE;
}

static void
on_mapped (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Work *work = user_data;

  malt_pool_map_each_finish (MALT_POOL (source), result,
                             work->error == NULL ? &work->error : NULL);
  g_main_loop_quit (work->loop);
}

/* Until nothing is lost. */
static void
count_all (Work     *work,
           MaltPool *pool)
{
  while (work->ranges->len > 0 && work->error == NULL)
    {
      g_autoptr (GVariant) inputs = g_variant_ref_sink (
        g_variant_new_array (NULL, (GVariant **) work->ranges->pdata, work->ranges->len));

      malt_pool_map_each_async (pool, "count_primes", inputs, on_range, work, NULL, NULL, on_mapped,
                                work);
      g_main_loop_run (work->loop);

      g_ptr_array_unref (work->ranges);
      work->ranges = g_steal_pointer (&work->lost);
      work->lost = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
    }
}

static void
print_result (Work   *work,
              gint64  limit,
              gint64  start_us)
{
  GHashTableIter iter;
  gpointer host, n;

  g_print ("%" G_GINT64_FORMAT " primes below %" G_GINT64_FORMAT ", %.1f s\n", work->n_primes,
           limit, (double) (g_get_monotonic_time () - start_us) / G_USEC_PER_SEC);
  g_hash_table_iter_init (&iter, work->n_ranges);
  while (g_hash_table_iter_next (&iter, &host, &n))
    g_print ("  %s: %u of %u ranges\n", (char *) host, GPOINTER_TO_UINT (n), work->n_all);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (MaltPool) pool = NULL;
  Work work = { 0 };
  guint n_workers = argc == 4 ? (guint) atoi (argv[2]) : 0;
  gint64 limit = argc == 4 ? g_ascii_strtoll (argv[3], NULL, 10) : 0;
  gint64 start_us;

  setlocale (LC_ALL, "");
  if (n_workers == 0 || limit <= 0)
    {
      g_printerr ("usage: %s PROFILE WORKERS LIMIT\n", argv[0]);
      return 2;
    }

  pool = malt_pool_new (argv[1], n_workers, NULL, &work.error);
  if (pool == NULL
      || !malt_pool_eval_everywhere (pool, NULL, program, NULL, NULL, &work.error))
    {
      g_printerr ("%s\n", work.error->message);
      return 1;
    }

  work.loop = g_main_loop_new (NULL, FALSE);
  work.ranges = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  work.lost = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  work.n_ranges = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (gint64 from = 0; from < limit; from += RANGE_SIZE)
    {
      gint64 to = MIN (from + RANGE_SIZE, limit);

      g_ptr_array_add (work.ranges, g_variant_ref_sink (g_variant_new ("(xx)", from, to)));
    }
  work.n_all = work.ranges->len;

  start_us = g_get_monotonic_time ();
  count_all (&work, pool);
  if (work.error != NULL)
    {
      g_printerr ("%s\n", work.error->message);
      return 1;
    }
  print_result (&work, limit, start_us);
  malt_abstract_worker_stop (MALT_ABSTRACT_WORKER (pool), STOP_TIMEOUT_MSEC, STOP_TIMEOUT_MSEC,
                             NULL, NULL, NULL);

  g_ptr_array_unref (work.ranges);
  g_ptr_array_unref (work.lost);
  g_hash_table_unref (work.n_ranges);
  g_main_loop_unref (work.loop);

  return 0;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/hostile/hostile-watch.h"

#include <stdlib.h>
#include <unistd.h>

/* Of a ping, in microseconds: what half of them take at most, for a machine that does other things
 * stalls anybody now and then, and what none may take. */
#define PING_MAX_USEC (100 * 1000 * (gint64) malt_test_get_slowness ())
#define PING_WORST_USEC (100 * PING_MAX_USEC)

#define WATCH_MIN_PINGS 50

/* Between two pings, in microseconds. */
#define WATCH_PAUSE_USEC 2000

/* What the process may grow by, in bytes: an output that waits for a main loop (4 MiB), log records
 * (2 MiB a worker, some of which have gone by then), a message (1 MiB, see hostile_new_worker()),
 * what malloc() keeps of each thread. */
#define WATCH_MAX_GROWTH ((gsize) 48 << 20)

static int n_own_records; /* atomic */

/* Records of workers are counted out elsewhere; here they are only swallowed. */
static GLogWriterOutput
write_log (GLogLevelFlags   level,
           const GLogField *fields,
           gsize            n_fields,
           gpointer         user_data)
{
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MALT_WORKER"))
      return G_LOG_WRITER_HANDLED;

  if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING))
    g_atomic_int_inc (&n_own_records);
  return g_log_writer_default (level, fields, n_fields, user_data);
}

static gsize
get_process_size (void)
{
  g_autofree char *text = NULL;
  char *rest;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  strtoull (text, &rest, 10);
  return strtoull (rest, NULL, 10) * (gsize) getpagesize ();
}

MaltAbstractWorker *
hostile_new_worker (const char  *mode,
                    const char  *options,
                    GError     **error)
{
  g_autofree char *executable = g_test_build_filename (G_TEST_BUILT, "hostile-peer", NULL);
  const char *const huge[] = {
    "claims-a-gigabyte", "stranger-is-huge", "last-words-are-huge", "progress-is-huge", NULL,
  };
  const char *text = options != NULL ? options : "{}";
  g_autoptr (GVariant) given = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, error);
  GVariantDict dict;

  g_assert_nonnull (given);
  g_variant_dict_init (&dict, given);
  g_variant_dict_insert (&dict, "executable", "s", executable);
  g_variant_dict_insert_value (&dict, "arguments", g_variant_new_strv (&mode, 1));
  if (!g_strv_contains (huge, mode))
    g_variant_dict_insert (&dict, "max-message-size", "t", (guint64) 1 << 20);
  return malt_create_worker_with_options ("process", g_variant_dict_end (&dict), NULL, error);
}

MaltAbstractWorker *
hostile_start (const char *mode,
               const char *options)
{
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker = hostile_new_worker (mode, options, &error);

  g_assert_no_error (error);
  return worker;
}

GVariant *
hostile_call (MaltAbstractWorker  *worker,
              const char          *result_type,
              GCancellable        *cancellable,
              GError             **error)
{
  g_autoptr (MaltCall) call = malt_call_new ("attack", NULL, NULL);

  if (result_type != NULL)
    malt_call_set_result_type (call, G_VARIANT_TYPE (result_type));
  return malt_abstract_worker_send (worker, call, cancellable, error);
}

static gpointer
watch_thread (gpointer user_data)
{
  HostileWatch *self = user_data;

  while (!g_atomic_int_get (&self->is_over) || self->times->len < WATCH_MIN_PINGS)
    {
      gint64 began_us = g_get_monotonic_time ();
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = hostile_call (self->neighbour, "()", NULL, &error);
      gint64 time_us = g_get_monotonic_time () - began_us;

      g_assert_no_error (error);
      g_assert_nonnull (value);
      g_array_append_val (self->times, time_us);
      self->peak = MAX (self->peak, get_process_size ());
      g_atomic_int_inc (&self->n_pings);
      g_usleep (WATCH_PAUSE_USEC);
    }
  return NULL;
}

HostileWatch *
hostile_watch_new (void)
{
  HostileWatch *self = g_new0 (HostileWatch, 1);
  g_autoptr (GVariant) value = NULL;

  g_atomic_int_set (&n_own_records, 0);
  self->neighbour = hostile_start ("plain", NULL);
  self->cancellable = g_cancellable_new ();
  self->times = g_array_new (FALSE, FALSE, sizeof (gint64));
  value = hostile_call (self->neighbour, "()", NULL, NULL);
  g_assert_nonnull (value);
  self->size = get_process_size ();
  self->thread = g_thread_new ("watch", watch_thread, self);
  return self;
}

void
hostile_watch_wait (HostileWatch *self)
{
  int n_pings = g_atomic_int_get (&self->n_pings);

  while (g_atomic_int_get (&self->n_pings) < n_pings + WATCH_MIN_PINGS)
    g_usleep (WATCH_PAUSE_USEC);
}

static int
compare_times (gconstpointer a,
               gconstpointer b)
{
  gint64 first = *(const gint64 *) a;
  gint64 second = *(const gint64 *) b;

  return (first > second) - (first < second);
}

/* Sorts them. */
static void
judge (GArray *times)
{
  g_array_sort (times, compare_times);
  g_test_message ("Half of the pings took at most %" G_GINT64_FORMAT " us, all at most %"
                  G_GINT64_FORMAT, g_array_index (times, gint64, times->len / 2),
                  g_array_index (times, gint64, times->len - 1));
  g_assert_cmpint (g_array_index (times, gint64, times->len / 2), <, PING_MAX_USEC);
  g_assert_cmpint (g_array_index (times, gint64, times->len - 1), <, PING_WORST_USEC);
}

static void
on_pinged (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  gboolean *is_done = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;

  value = malt_abstract_worker_send_finish (MALT_ABSTRACT_WORKER (source), result, &error);
  g_assert_no_error (error);
  *is_done = TRUE;
}

void
hostile_watch_ping_in_main_loop (HostileWatch *self)
{
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (gint64));

  while (times->len < WATCH_MIN_PINGS)
    {
      g_autoptr (MaltCall) call = malt_call_new ("ping", NULL, NULL);
      gint64 time_us = g_get_monotonic_time ();
      gboolean is_done = FALSE;

      malt_abstract_worker_send_async (self->neighbour, call, NULL, on_pinged, &is_done);
      fixture_iterate_until (&is_done);
      time_us = g_get_monotonic_time () - time_us;
      g_array_append_val (times, time_us);
    }
  judge (times);
}

/* Sanitizers and valgrind keep what has been freed. */
static gboolean
is_size_meaningful (void)
{
#if defined (__SANITIZE_ADDRESS__) || defined (__SANITIZE_THREAD__)
  return FALSE;
#else
  return !malt_test_is_valgrind ();
#endif
}

void
hostile_watch_free (HostileWatch *self)
{
  gsize growth;

  g_atomic_int_set (&self->is_over, TRUE);
  g_thread_join (self->thread);
  judge (self->times);
  growth = self->peak - MIN (self->peak, self->size);
  g_test_message ("The process has grown by %" G_GSIZE_FORMAT " bytes", growth);
  if (is_size_meaningful ())
    g_assert_cmpuint (growth, <, WATCH_MAX_GROWTH);
  fixture_stop (self->neighbour);
  g_assert_cmpint (g_atomic_int_get (&n_own_records), ==, 0);
  g_object_unref (self->cancellable);
  g_array_unref (self->times);
  g_free (self);
}

void
hostile_init (int    *argc,
              char ***argv)
{
  fixture_init (argc, argv);
  g_log_set_writer_func (write_log, NULL, NULL);
}

void
hostile_add (const char    *group,
             const char    *name,
             gconstpointer  data,
             GTestDataFunc  func)
{
  g_autofree char *path = g_strdup_printf ("/malt/hostile/%s/%s", group, name);

  fixture_add_data (path, data, func);
}

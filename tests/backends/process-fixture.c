/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/backends/process-fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Between two looks at a process that we are not told about, in microseconds. */
#define FIXTURE_POLL_USEC 1000

GVariant *
fixture_new_options (const char *mode,
                     const char *argument,
                     const char *options)
{
  g_autoptr (GVariant) parsed = NULL;
  g_autofree char *executable = g_test_build_filename (G_TEST_BUILT, "fake-worker", NULL);
  const char *const arguments[] = { mode, argument, NULL };
  GVariantDict dict;

  if (options != NULL)
    {
      g_autoptr (GError) error = NULL;

      parsed = g_variant_parse (G_VARIANT_TYPE_VARDICT, options, NULL, NULL, &error);
      g_assert_no_error (error);
    }
  g_variant_dict_init (&dict, parsed);
  if (!g_variant_dict_contains (&dict, "executable"))
    g_variant_dict_insert (&dict, "executable", "s", executable);
  g_variant_dict_insert_value (&dict, "arguments", g_variant_new_strv (arguments, -1));
  return g_variant_dict_end (&dict);
}

MaltAbstractWorker *
fixture_new_worker (const char    *mode,
                    const char    *argument,
                    const char    *options,
                    GCancellable  *cancellable,
                    GError       **error)
{
  return malt_create_worker_with_options ("process", fixture_new_options (mode, argument, options),
                                          cancellable, error);
}

MaltAbstractWorker *
fixture_start (const char *mode,
               const char *argument,
               const char *options)
{
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker = fixture_new_worker (mode, argument, options, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (malt_abstract_worker_is_running (worker));
  return worker;
}

void
fixture_stop (MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (malt_abstract_worker_stop (worker, 20000, 20000, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_false (malt_abstract_worker_is_running (worker));
  g_object_unref (worker);
}

void
fixture_assert_call (MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_remote_call_fetch (worker, "work", NULL, NULL,
                                                                       NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (g_variant_get_type_string (value), ==, "()");
}

int
fixture_get_pid (MaltAbstractWorker *worker)
{
  g_autofree char *description = malt_abstract_worker_describe (worker);
  const char *pid = strstr (description, "PID ");

  g_assert_nonnull (pid);
  return atoi (pid + strlen ("PID "));
}

gboolean
fixture_is_gone (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", pid);
  g_autofree char *stat = NULL;
  const char *name_end;

  if (!g_file_get_contents (path, &stat, NULL, NULL))
    return TRUE;
  name_end = strrchr (stat, ')');
  return name_end != NULL && strchr ("ZX", name_end[2]) != NULL;
}

void
fixture_wait_until_gone (int pid)
{
  while (!fixture_is_gone (pid))
    g_usleep (FIXTURE_POLL_USEC);
}

int
fixture_read_pid (const char *path)
{
  g_autofree char *text = NULL;

  while (!g_file_get_contents (path, &text, NULL, NULL) || *text == '\0')
    g_usleep (FIXTURE_POLL_USEC);
  return atoi (text);
}

void
fixture_iterate_until (const gboolean *flag)
{
  while (!*flag)
    g_main_context_iteration (NULL, TRUE);
}

static guint
count_files (const char *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (folder) != NULL)
    n++;
  return n;
}

static guint
count_children (void)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  const char *task;
  guint n = 0;

  while ((task = g_dir_read_name (tasks)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", task, "children", NULL);
      g_autofree char *children = NULL;

      if (g_file_get_contents (path, &children, NULL, NULL))
        for (const char *end = children; *end != '\0'; end++)
          n += *end == ' ';
    }
  return n;
}

FixtureCensus
fixture_take_census (void)
{
  static gboolean warm;
  FixtureCensus census;

  if (!warm)
    fixture_stop (fixture_start ("serve", NULL, NULL));
  warm = TRUE;
  census.n_fds = count_files ("/proc/self/fd");
  census.n_children = count_children ();
  census.n_threads = count_files ("/proc/self/task");
  return census;
}

static gboolean
has_grown (const FixtureCensus *before,
           const FixtureCensus *now)
{
  return now->n_fds > before->n_fds
         || now->n_children > before->n_children
         || now->n_threads > before->n_threads;
}

/* What the monitor thread lets go of after it has told the caller may be there for a moment, the
 * first time, too: less than before is no leak. */
void
fixture_assert_census (const FixtureCensus *before)
{
  gint64 end = g_get_monotonic_time () + FIXTURE_AT_ONCE_MSEC * 1000;
  FixtureCensus now = fixture_take_census ();

  while (has_grown (before, &now) && g_get_monotonic_time () < end)
    {
      g_usleep (FIXTURE_POLL_USEC);
      now = fixture_take_census ();
    }
  g_assert_cmpuint (now.n_fds, <=, before->n_fds);
  g_assert_cmpuint (now.n_children, <=, before->n_children);
  g_assert_cmpuint (now.n_threads, <=, before->n_threads);
}

/* The default, for a run that is as slow as that. */
#define START_TIMEOUT_MSEC (30000 * malt_test_get_slowness ())

MaltAbstractWorker *
fixture_start_worker (void)
{
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker = malt_create_worker (
    "process", NULL, &error, "start-timeout", START_TIMEOUT_MSEC, NULL);

  g_assert_no_error (error);
  return worker;
}

gboolean
fixture_is_full (void)
{
  return g_getenv ("MALT_TEST_FULL") != NULL;
}

static const char *watched_path;

static void
on_watchdog (int signum)
{
  static const char text[] = "Bail out! This test hangs: ";

  if (write (STDOUT_FILENO, text, sizeof text - 1) < 0
      || write (STDOUT_FILENO, watched_path, strlen (watched_path)) < 0
      || write (STDOUT_FILENO, "\n", 1) < 0)
    _exit (3);
  abort ();
}

void
fixture_init (int    *argc,
              char ***argv)
{
  g_test_init (argc, argv, NULL);
  signal (SIGALRM, on_watchdog);
}

static void
run_watched (gconstpointer func)
{
  watched_path = g_test_get_path ();
  alarm (FIXTURE_WATCHDOG_SECONDS);
  ((GTestFunc) func) ();
  alarm (0);
}

void
fixture_add (const char *path,
             GTestFunc   func)
{
  g_test_add_data_func (path, (gconstpointer) func, run_watched);
}

typedef struct
{
  GTestDataFunc func;
  gconstpointer data;
} DataTest;

static void
run_data_watched (gconstpointer user_data)
{
  const DataTest *test = user_data;

  watched_path = g_test_get_path ();
  alarm (FIXTURE_WATCHDOG_SECONDS);
  test->func (test->data);
  alarm (0);
}

void
fixture_add_data (const char    *path,
                  gconstpointer  data,
                  GTestDataFunc  func)
{
  DataTest *test = g_new (DataTest, 1);

  *test = (DataTest) { func, data };
  g_test_add_data_func_full (path, test, run_data_watched, g_free);
}

void
fixture_assert_at_once (gint64 began_us)
{
  g_assert_cmpint ((g_get_monotonic_time () - began_us) / 1000, <, FIXTURE_AT_ONCE_MSEC);
}

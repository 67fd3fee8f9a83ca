/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/backends/process-fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* The habits of applications, and what workers may run out of. */

#define N_DESCRIPTORS 5000

/* What a large application has in memory, in bytes; a quick run makes do with less. */
#define HEAP_BYTES (G_GUINT64_CONSTANT (1) << 30)
#define QUICK_HEAP_BYTES (G_GUINT64_CONSTANT (1) << 27)

/* Of the quickest starts with and without it. A fork() would copy its page tables: 5 to 10 ms a
 * GiB, while a start takes 2 to 3. */
#define MAX_START_RATIO 2.5

/* Pairs of starts, and how often they are measured again on a busy machine. */
#define N_STARTS 10
#define MAX_ATTEMPTS 5

static GVariant *
eval (MaltAbstractWorker  *worker,
      const char          *expression,
      GError             **error)
{
  return malt_abstract_worker_remote_eval_fetch (worker, NULL, expression, NULL, NULL, error);
}

static void
assert_answers (MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = eval (worker, "return 6 * 7", &error);

  g_assert_no_error (error);
  g_assert_cmpint (g_variant_get_int64 (value), ==, 42);
}

static void
on_answer (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_remote_call_finish (
    MALT_ABSTRACT_WORKER (source), result, &error);

  g_assert_no_error (error);
  ++*(guint *) user_data;
}

/* More than select() could be told of, and none of them in a worker. */
static void
test_many_descriptors (void)
{
  g_autoptr (GArray) fds = g_array_new (FALSE, FALSE, sizeof (int));
  struct rlimit before, more;
  MaltAbstractWorker *worker;
  guint n_answers = 0;

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &before));
  more = before;
  more.rlim_cur = MIN (before.rlim_max, N_DESCRIPTORS + 100);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &more));
  for (guint i = 0; i < N_DESCRIPTORS; i++)
    {
      int fd = open ("/dev/null", O_RDONLY);

      if (fd < 0)
        break;
      g_array_append_val (fds, fd);
    }
  if (fds->len < N_DESCRIPTORS)
    g_test_skip ("so many files may not be opened here");
  else
    {
      worker = fixture_start_worker ();
      assert_answers (worker);
      malt_abstract_worker_remote_call_async (worker, "malt.ping", NULL, NULL, NULL, on_answer,
                                              &n_answers);
      while (n_answers == 0)
        g_main_context_iteration (NULL, TRUE);
      fixture_stop (worker);
    }
  for (guint i = 0; i < fds->len; i++)
    close (g_array_index (fds, int, i));
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &before));
}

/* In microseconds, and never more than `shortest`. */
static gint64
measure_start (gint64 shortest)
{
  gint64 began = g_get_monotonic_time ();
  MaltAbstractWorker *worker = fixture_start_worker ();
  gint64 end = g_get_monotonic_time ();

  fixture_stop (worker);
  return MIN (shortest, end - began);
}

static void
test_large_heap (void)
{
  gsize n_bytes = fixture_is_full () ? HEAP_BYTES : QUICK_HEAP_BYTES;
  void *heap = mmap (NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  gint64 small_us = G_MAXINT64;
  gint64 large_us = G_MAXINT64;
  double ratio = G_MAXDOUBLE;

  g_assert_true (heap != MAP_FAILED);
  for (guint attempt = 0; attempt < MAX_ATTEMPTS && ratio > MAX_START_RATIO; attempt++)
    {
      for (guint i = 0; i < N_STARTS; i++)
        {
          memset (heap, 1, n_bytes);
          large_us = measure_start (large_us);
          g_assert_no_errno (madvise (heap, n_bytes, MADV_DONTNEED));
          small_us = measure_start (small_us);
        }
      ratio = (double) large_us / (double) small_us;
    }
  g_test_message ("A start takes %.2f times as long beside %" G_GSIZE_FORMAT " MiB", ratio,
                  n_bytes >> 20);
  g_assert_cmpfloat (ratio, <=, MAX_START_RATIO);
  munmap (heap, n_bytes);
}

typedef struct
{
  MaltAbstractWorker *worker; /* owned, given back in a callback */
  gboolean            is_over;
} Last;

static void
drop_when_answered (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  Last *last = user_data;
  g_autoptr (GVariant) value = malt_abstract_worker_remote_call_finish (
    MALT_ABSTRACT_WORKER (source), result, NULL);

  g_assert_nonnull (value);
  g_clear_object (&last->worker);
  last->is_over = TRUE;
}

static void
drop_when_stopped (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  Last *last = user_data;

  g_assert_true (malt_abstract_worker_stop_finish (MALT_ABSTRACT_WORKER (source), result, NULL,
                                                   NULL));
  g_clear_object (&last->worker);
  last->is_over = TRUE;
}

static void
drop_when_exited (MaltAbstractWorker *worker,
                  MaltExitReport     *report,
                  gpointer            user_data)
{
  Last *last = user_data;

  g_clear_object (&last->worker);
  last->is_over = TRUE;
}

static void
drop_on_progress (MaltCall   *call,
                  double      fraction,
                  const char *message,
                  gpointer    user_data)
{
  Last *last = user_data;

  g_clear_object (&last->worker);
}

static void
finish_dropped (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  Last *last = user_data;
  g_autoptr (GVariant) value = malt_abstract_worker_send_finish (MALT_ABSTRACT_WORKER (source),
                                                                 result, NULL);

  g_assert_null (last->worker);
  last->is_over = TRUE;
}

static void
drop_in_callback (guint way)
{
  Last last = { fixture_start_worker (), FALSE };
  g_autoptr (MaltCall) call = malt_call_new_eval (NULL, "malt.progress (0.5) malt.sleep (0.01)",
                                                  NULL);
  gpointer weak = last.worker;

  g_object_add_weak_pointer (weak, &weak);
  if (way == 0)
    malt_abstract_worker_remote_call_async (last.worker, "malt.ping", NULL, NULL, NULL,
                                            drop_when_answered, &last);
  else if (way == 1)
    malt_abstract_worker_stop_async (last.worker, 20000, 20000, NULL, drop_when_stopped, &last);
  else if (way == 2)
    {
      g_signal_connect (last.worker, "exited", G_CALLBACK (drop_when_exited), &last);
      kill (fixture_get_pid (last.worker), SIGKILL);
    }
  else
    {
      g_signal_connect (call, "progress", G_CALLBACK (drop_on_progress), &last);
      malt_abstract_worker_send_async (last.worker, call, NULL, finish_dropped, &last);
    }
  fixture_iterate_until (&last.is_over);
  while (weak != NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_last_reference_in_callback (void)
{
  FixtureCensus before = fixture_take_census ();

  for (guint i = 0; i < 12; i++)
    drop_in_callback (i % 4);
  fixture_assert_census (&before);
}

/* In a context that nobody iterates. */
static gpointer
live_without_loop (gpointer user_data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  MaltAbstractWorker *worker;

  g_main_context_push_thread_default (context);
  worker = fixture_start_worker ();
  for (guint i = 0; i < 20; i++)
    {
      g_assert_true (malt_abstract_worker_remote_do (worker, "malt.ping", NULL, NULL, NULL));
      assert_answers (worker);
    }
  if (user_data != NULL)
    fixture_stop (worker);
  else
    g_object_unref (worker);
  g_main_context_pop_thread_default (context);
  return NULL;
}

static void
test_no_main_loop (void)
{
  FixtureCensus before = fixture_take_census ();
  GThread *threads[8];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("host", live_without_loop, i % 2 == 0 ? threads : NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  fixture_assert_census (&before);
}

/* It does not run for a while, and nothing is lost. */
static void
test_suspended (void)
{
  MaltAbstractWorker *worker = fixture_start_worker ();
  int pid = fixture_get_pid (worker);
  guint n_answers = 0;

  kill (pid, SIGSTOP);
  for (guint i = 0; i < 50; i++)
    malt_abstract_worker_remote_call_async (worker, "malt.ping", NULL, NULL, NULL, on_answer,
                                            &n_answers);
  g_main_context_iteration (NULL, FALSE);
  kill (pid, SIGCONT);
  while (n_answers < 50)
    g_main_context_iteration (NULL, TRUE);
  assert_answers (worker);
  fixture_stop (worker);
}

static void
limit_worker (MaltAbstractWorker *worker,
              int                 resource,
              rlim_t              value)
{
  struct rlimit limit = { value, value + 1 };

  g_assert_no_errno (prlimit (fixture_get_pid (worker), resource, &limit, NULL));
}

static void
assert_fails (MaltAbstractWorker *worker,
              const char         *expression,
              const char         *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (eval (worker, expression, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_assert_nonnull (strstr (error->message, text));
  assert_answers (worker);
}

/* It can open nothing, and goes on. */
static void
test_out_of_descriptors (void)
{
  MaltAbstractWorker *worker = fixture_start_worker ();

  assert_answers (worker);
  limit_worker (worker, RLIMIT_NOFILE, 3);
  assert_fails (worker, "assert (io.open ('/dev/null'))", "Too many open files");
  fixture_stop (worker);
}

static void
test_out_of_disk (void)
{
  MaltAbstractWorker *worker = fixture_start_worker ();

  assert_fails (worker, "local f = io.open ('/dev/full', 'w') f:write ('x') assert (f:flush ())",
                "No space left");
  fixture_stop (worker);
}

static void
test_out_of_memory (void)
{
  MaltAbstractWorker *worker;

  if (malt_test_get_slowness () > 1)
    {
      g_test_skip ("a sanitizer takes the memory of its own for granted");
      return;
    }
  worker = fixture_start_worker ();
  limit_worker (worker, RLIMIT_AS, G_GUINT64_CONSTANT (1) << 30);
  assert_fails (worker, "return #('x'):rep (1 << 30)", "not enough memory");
  fixture_stop (worker);
}

/* The limits themselves, and the report of each. */
static void
assert_hits_limit (int         resource,
                   rlim_t      value,
                   const char *expression,
                   int         signum)
{
  MaltAbstractWorker *worker = fixture_start_worker ();
  g_autoptr (GError) error = NULL;
  MaltExitReport *report;

  limit_worker (worker, resource, value);
  g_assert_null (eval (worker, expression, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_test_message ("%s", error->message);
  report = malt_error_get_exit_report (error);
  g_assert_cmpint (malt_exit_report_get_reason (report), ==, MALT_EXIT_REASON_LIMIT);
  g_assert_cmpint (malt_exit_report_get_signal (report), ==, signum);
  g_object_unref (worker);
}

static void
test_limits (void)
{
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "malt-test-hosts-XXXXXX", NULL);
  g_autofree char *expression = NULL;
  int fd = g_mkstemp (path);

  g_assert_cmpint (fd, >=, 0);
  close (fd);
  expression = g_strdup_printf (
    "local f = io.open ('%s', 'w') f:write (('x'):rep (10000)) f:flush ()", path);
  assert_hits_limit (RLIMIT_FSIZE, 1000, expression, SIGXFSZ);
  unlink (path);
  assert_hits_limit (RLIMIT_CPU, 1, "while true do end", SIGXCPU);
}

/* Valgrind has descriptors, files and memory of its own in a process that is to have few. */
static void
add_without_valgrind (const char *path,
                      GTestFunc   func)
{
  if (!malt_test_is_valgrind ())
    fixture_add (path, func);
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);
  add_without_valgrind ("/malt/process/host/many-descriptors", test_many_descriptors);
  add_without_valgrind ("/malt/process/host/large-heap", test_large_heap);
  fixture_add ("/malt/process/host/last-reference-in-callback", test_last_reference_in_callback);
  fixture_add ("/malt/process/host/no-main-loop", test_no_main_loop);
  fixture_add ("/malt/process/worker/suspended", test_suspended);
  add_without_valgrind ("/malt/process/worker/out-of-descriptors", test_out_of_descriptors);
  fixture_add ("/malt/process/worker/out-of-disk", test_out_of_disk);
  fixture_add ("/malt/process/worker/out-of-memory", test_out_of_memory);
  add_without_valgrind ("/malt/process/worker/limits", test_limits);
  return g_test_run ();
}

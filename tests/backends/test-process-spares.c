/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/process/malt-process-spares.h"
#include "backends/process/malt-process-worker.h"
#include "tests/backends/process-fixture.h"
#include "tests/backends/spares-fixture.h"

#include <string.h>
#include <unistd.h>

/* Who gets a process that was started ahead. */

/* The list changes in the main context. */
static void
assert_running (GListModel *running,
                guint       n_workers)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (g_list_model_get_n_items (running), ==, n_workers);
}

static void
test_taken (void)
{
  MaltAbstractWorker *first = spares_start (NULL, NULL);
  g_autoptr (GListModel) running = malt_list_running_workers ();
  int spare = spares_wait_for_one (first);
  g_autofree char *description = NULL;
  g_autofree char *pid = g_strdup_printf ("with PID %d", spare);
  MaltAbstractWorker *second;

  assert_running (running, 1);
  second = spares_start (NULL, NULL);
  g_assert_cmpint (fixture_get_pid (second), ==, spare);
  assert_running (running, 2);
  description = malt_abstract_worker_describe (second);
  g_assert_nonnull (strstr (description, pid));
  spares_assert_answers (second);

  /* And there is the next. */
  spares_wait_for (1);
  fixture_stop (first);
  fixture_stop (second);
  assert_running (running, 0);
  spares_drop ();
}

static void
on_initialised (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (g_async_initable_init_finish (G_ASYNC_INITABLE (source), result, &error));
  g_assert_no_error (error);
  *(gboolean *) user_data = TRUE;
}

static void
test_taken_async (void)
{
  MaltAbstractWorker *first = spares_start (NULL, NULL);
  int spare = spares_wait_for_one (first);
  MaltAbstractWorker *second = g_object_new (MALT_TYPE_PROCESS_WORKER, "evaluator", "", "spare", 1u,
                                             NULL);
  gboolean is_over = FALSE;

  g_async_initable_init_async (G_ASYNC_INITABLE (second), G_PRIORITY_DEFAULT, NULL, on_initialised,
                               &is_over);
  g_assert_false (is_over);
  fixture_iterate_until (&is_over);
  g_assert_cmpint (fixture_get_pid (second), ==, spare);
  spares_assert_answers (second);
  fixture_stop (first);
  fixture_stop (second);
  spares_drop ();
}

/* What a worker can be told apart by keeps it from being taken for another. */
static void
test_other_options (void)
{
  const char *const arguments[] = { "more", NULL };
  const char *const environment[] = { "MALT_TEST=1", NULL };
  const char *const modules[] = { NULL };
  const char *const module_path[] = { "/no/such", NULL };
  const struct
  {
    const char    *option;
    gconstpointer  value;
    gboolean       is_taken;
  } cases[] = {
    { "arguments", arguments, FALSE },
    { "environment", environment, FALSE },
    { "module-path", module_path, FALSE },
    { "working-directory", "/", FALSE },
    { "max-pending-bytes", GSIZE_TO_POINTER (1 << 20), FALSE },
    { "max-message-size", GSIZE_TO_POINTER (1 << 20), FALSE },
    { "unresponsive-timeout", GUINT_TO_POINTER (9999), FALSE },
    { "modules", modules, TRUE },
    { "start-timeout", GUINT_TO_POINTER (9999), TRUE },
    { "call-timeout", GUINT_TO_POINTER (9999), TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      MaltAbstractWorker *first = spares_start (NULL, NULL);
      int spare = spares_wait_for_one (first);
      MaltAbstractWorker *second = spares_start (cases[i].option, (gpointer) cases[i].value);

      g_test_message ("%s", cases[i].option);
      g_assert_cmpint (fixture_get_pid (second) == spare, ==, cases[i].is_taken);
      fixture_stop (first);
      fixture_stop (second);
      spares_drop ();
    }
}

static void
test_other_surroundings (void)
{
  g_autofree char *folder = g_get_current_dir ();
  MaltAbstractWorker *first = spares_start (NULL, NULL);
  MaltAbstractWorker *second, *third;
  int spare = spares_wait_for_one (first);

  g_assert_no_errno (chdir ("/"));
  second = spares_start (NULL, NULL);
  g_assert_cmpint (fixture_get_pid (second), !=, spare);
  g_assert_no_errno (chdir (folder));
  g_setenv ("LC_MALT_TEST", "1", TRUE);
  third = spares_start (NULL, NULL);
  g_unsetenv ("LC_MALT_TEST");
  g_assert_cmpint (fixture_get_pid (third), !=, spare);
  fixture_stop (first);
  fixture_stop (second);
  fixture_stop (third);
  spares_drop ();
}

/* A worker that has a spare's process has its own time-out for calls. */
static void
test_call_timeout (void)
{
  MaltAbstractWorker *first = spares_start (NULL, NULL);
  int spare = spares_wait_for_one (first);
  MaltAbstractWorker *second = spares_start ("call-timeout", GUINT_TO_POINTER (50));
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (fixture_get_pid (second), ==, spare);
  g_assert_null (malt_abstract_worker_remote_call_fetch (second, "malt.sleep",
                                                         g_variant_new ("(d)", 1000.0), NULL, NULL,
                                                         &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  fixture_stop (first);
  fixture_stop (second);
  spares_drop ();
}

static void
test_new_program (void)
{
  g_autofree char *folder = spares_make_folder ();
  g_autofree char *program = spares_write_program (folder, ": one");
  MaltAbstractWorker *first = spares_start ("executable", program);
  MaltAbstractWorker *second;
  g_autofree char *same = NULL;
  int spare = spares_wait_for_one (first);

  same = spares_write_program (folder, ": another");
  second = spares_start ("executable", program);
  g_assert_cmpint (fixture_get_pid (second), !=, spare);
  fixture_wait_until_gone (spare);
  fixture_stop (first);
  fixture_stop (second);
  spares_drop ();
  spares_remove_folder (folder);
}

/* What it prints before it is anybody's belongs to whoever gets it. */
static void
test_output (void)
{
  g_autofree char *folder = spares_make_folder ();
  g_autofree char *program = spares_write_program (folder, "echo hello");
  g_autoptr (GError) error = NULL;
  g_autoptr (GInputStream) stream = NULL;
  char text[7] = "";
  gsize n_read;
  MaltAbstractWorker *first, *second;
  int spare;

  first = g_initable_new (MALT_TYPE_PROCESS_WORKER, NULL, &error, "evaluator", "", "spare", 1u,
                          "executable", program, "stdout", 2 /* stream */, NULL);
  g_assert_no_error (error);
  spare = spares_wait_for_one (first);
  second = g_initable_new (MALT_TYPE_PROCESS_WORKER, NULL, &error, "evaluator", "", "spare", 1u,
                           "executable", program, "stdout", 2 /* stream */, NULL);
  g_assert_no_error (error);
  g_assert_cmpint (fixture_get_pid (second), ==, spare);
  g_object_get (second, "stdout-stream", &stream, NULL);
  g_assert_true (g_input_stream_read_all (stream, text, 6, &n_read, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, "hello\n");
  fixture_stop (first);
  fixture_stop (second);
  spares_drop ();
  spares_remove_folder (folder);
}

static gpointer
start_and_stop (gpointer unused)
{
  for (guint i = 0; i < 10; i++)
    {
      MaltAbstractWorker *worker = spares_start (NULL, NULL);

      spares_assert_answers (worker);
      fixture_stop (worker);
    }
  return NULL;
}

static void
test_threads (void)
{
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new (NULL, start_and_stop, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  spares_drop ();
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);
  fixture_add ("/malt/process/spares/taken", test_taken);
  fixture_add ("/malt/process/spares/taken-async", test_taken_async);
  fixture_add ("/malt/process/spares/other-options", test_other_options);
  fixture_add ("/malt/process/spares/other-surroundings", test_other_surroundings);
  fixture_add ("/malt/process/spares/call-timeout", test_call_timeout);
  fixture_add ("/malt/process/spares/new-program", test_new_program);
  fixture_add ("/malt/process/spares/output", test_output);
  fixture_add ("/malt/process/spares/threads", test_threads);
  return g_test_run ();
}

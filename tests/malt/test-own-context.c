/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fake-worker.h"

static gboolean
answer (gpointer task)
{
  g_task_return_int (task, 42);

  return G_SOURCE_REMOVE;
}

static void
ask_async (GAsyncReadyCallback callback,
           gpointer            user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_callback (source, answer, task, g_object_unref);
  g_source_attach (source, g_task_get_context (task));
}

static gboolean
fail (gpointer user_data)
{
  g_assert_not_reached ();
}

static void
test_nothing_of_the_caller_runs (void)
{
  GMainContext *before = g_main_context_get_thread_default ();
  guint source_id = g_idle_add_full (G_PRIORITY_HIGH, fail, NULL, NULL);

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (MaltOwnContext) own = malt_own_context_new ();

      ask_async (malt_own_context_return, own);
      g_assert_cmpint (g_task_propagate_int (G_TASK (malt_own_context_wait (own)), NULL), ==, 42);
    }
  g_assert_true (g_main_context_get_thread_default () == before);
  g_source_remove (source_id);
}

static void
test_starts (void)
{
  g_autoptr (MaltFakeWorker) worker = malt_fake_worker_new ();
  g_autoptr (MaltFakeWorker) failing = g_object_new (MALT_TYPE_FAKE_WORKER, "text", "fail", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (malt_own_context_init (G_INITABLE (worker), NULL, &error));
  g_assert_no_error (error);
  g_assert_false (malt_own_context_init (G_INITABLE (failing), NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
}

static void
on_exited (MaltAbstractWorker *worker,
           MaltExitReport     *report,
           gpointer            n_signals)
{
  g_assert_nonnull (report);
  ++*(guint *) n_signals;
}

static gpointer
emit_exited (gpointer worker)
{
  malt_emit_exited (worker, g_main_context_default ());

  return NULL;
}

static void
test_exited_comes_in_its_context (void)
{
  g_autoptr (MaltAbstractWorker) worker = MALT_ABSTRACT_WORKER (malt_fake_worker_new ());
  guint n_signals = 0;

  g_assert_true (malt_abstract_worker_stop (worker, 0, 0, NULL, NULL, NULL));
  g_signal_connect (worker, "exited", G_CALLBACK (on_exited), &n_signals);
  g_thread_join (g_thread_new ("emit", emit_exited, worker));
  g_assert_cmpuint (n_signals, ==, 0);
  while (g_main_context_iteration (NULL, FALSE))
    {
    }
  g_assert_cmpuint (n_signals, ==, 1);
}

/* Neither does anything stay in a context that nobody runs. */
static void
test_exited_does_not_come_after_the_worker (void)
{
  MaltAbstractWorker *worker = MALT_ABSTRACT_WORKER (malt_fake_worker_new ());

  g_assert_true (malt_abstract_worker_stop (worker, 0, 0, NULL, NULL, NULL));
  malt_emit_exited (worker, g_main_context_default ());
  g_assert_true (g_main_context_pending (NULL));
  g_assert_finalize_object (worker);
  g_assert_false (g_main_context_pending (NULL));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/own-context/nothing-of-the-caller-runs",
                   test_nothing_of_the_caller_runs);
  g_test_add_func ("/malt/own-context/starts", test_starts);
  g_test_add_func ("/malt/own-context/exited-comes-in-its-context",
                   test_exited_comes_in_its_context);
  g_test_add_func ("/malt/own-context/exited-does-not-come-after-the-worker",
                   test_exited_does_not_come_after_the_worker);

  return g_test_run ();
}

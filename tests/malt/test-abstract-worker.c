/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fake-worker.h"

#include <signal.h>
#include <string.h>

static void
store_result (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static void
test_send_without_send_sync (void)
{
  g_autoptr (MaltFakeWorker) fake = malt_fake_worker_new ();
  MaltAbstractWorker *worker = MALT_ABSTRACT_WORKER (fake);
  g_autoptr (MaltCall) ping = malt_call_new ("malt.ping", g_variant_new ("(x)", (gint64) 42), NULL);
  g_autoptr (MaltCall) thread = malt_call_new ("fake.thread", NULL, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_send (worker, ping, NULL, &error);
  g_autoptr (GVariant) own_context = NULL;

  g_assert_no_error (error);
  g_assert_cmpint (g_variant_get_int64 (value), ==, 42);
  g_assert_cmpint (malt_call_get_run_time_us (ping), ==, 7);

  own_context = malt_abstract_worker_send (worker, thread, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_variant_get_boolean (own_context));
  g_assert_null (g_main_context_get_thread_default ());
}

static gboolean
must_not_run (gpointer user_data)
{
  g_assert_not_reached ();
}

/* Blocking never runs what the application has queued. */
static void
test_send_leaves_the_callers_context (void)
{
  g_autoptr (MaltFakeWorker) fake = malt_fake_worker_new ();
  g_autoptr (MaltCall) call = malt_call_new ("malt.ping", NULL, NULL);
  g_autoptr (GError) error = NULL;
  guint source_id = g_idle_add (must_not_run, NULL);
  g_autoptr (GVariant) value = malt_abstract_worker_send (MALT_ABSTRACT_WORKER (fake), call, NULL,
                                                          &error);

  g_assert_no_error (error);
  g_assert_true (
    malt_abstract_worker_stop (MALT_ABSTRACT_WORKER (fake), 0, 0, NULL, NULL, &error));
  g_assert_no_error (error);
  g_source_remove (source_id);
}

static gpointer
cancel_in_thread (gpointer data)
{
  g_cancellable_cancel (data);
  return NULL;
}

static void
test_send_is_cancelled (void)
{
  g_autoptr (MaltFakeWorker) fake = malt_fake_worker_new ();
  g_autoptr (MaltCall) call = malt_call_new ("fake.never", NULL, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GThread *thread = g_thread_new ("cancel", cancel_in_thread, cancellable);
  GVariant *value = malt_abstract_worker_send (MALT_ABSTRACT_WORKER (fake), call, cancellable,
                                               &error);

  g_thread_join (thread);
  g_assert_null (value);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (malt_call_get_run_time_us (call), ==, -1);
}

static void
test_send_fails (void)
{
  g_autoptr (MaltFakeWorker) fake = malt_fake_worker_new ();
  g_autoptr (MaltCall) call = malt_call_new ("fake.fail", NULL, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (malt_abstract_worker_send (MALT_ABSTRACT_WORKER (fake), call, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_assert_cmpstr (malt_call_get_remote_message (call), ==, "no luck");
}

static void
test_second_send_while_on_its_way (void)
{
  g_autoptr (MaltFakeWorker) fake = malt_fake_worker_new ();
  MaltAbstractWorker *worker = MALT_ABSTRACT_WORKER (fake);
  g_autoptr (MaltCall) call = malt_call_new ("fake.never", NULL, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_send_async (worker, call, cancellable, store_result, &result);
  g_assert_null (malt_abstract_worker_send (worker, call, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_FAILED);
  g_clear_error (&error);

  g_cancellable_cancel (cancellable);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (malt_abstract_worker_send_finish (worker, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_optional_functions_unset (void)
{
  g_autoptr (MaltFakeWorker) fake = malt_fake_worker_new ();
  g_autoptr (GError) interrupt_error = NULL;
  g_autoptr (GError) kill_error = NULL;

  g_assert_false (malt_abstract_worker_interrupt (MALT_ABSTRACT_WORKER (fake), &interrupt_error));
  g_assert_error (interrupt_error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_nonnull (strstr (interrupt_error->message, "MaltFakeWorker"));

  g_assert_false (malt_abstract_worker_kill (MALT_ABSTRACT_WORKER (fake), SIGTERM, &kill_error));
  g_assert_error (kill_error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
}

static void
test_stop (void)
{
  g_autoptr (MaltFakeWorker) fake = malt_fake_worker_new ();
  MaltAbstractWorker *worker = MALT_ABSTRACT_WORKER (fake);
  g_autoptr (MaltCall) call = malt_call_new ("malt.ping", NULL, NULL);
  g_autoptr (GError) error = NULL;
  gboolean was_running = FALSE;

  g_assert_true (malt_abstract_worker_is_running (worker));
  g_assert_null (malt_abstract_worker_get_exit_report (worker));
  g_assert_true (malt_abstract_worker_stop (worker, MALT_STOP_TIMEOUT_DEFAULT,
                                            MALT_STOP_TIMEOUT_DEFAULT, NULL, &was_running, &error));
  g_assert_no_error (error);
  g_assert_true (was_running);
  g_assert_false (malt_abstract_worker_is_running (worker));
  g_assert_cmpint (malt_exit_report_get_reason (malt_abstract_worker_get_exit_report (worker)), ==,
                   MALT_EXIT_REASON_STOPPED);

  g_assert_true (malt_abstract_worker_stop (worker, 0, 0, NULL, &was_running, &error));
  g_assert_no_error (error);
  g_assert_false (was_running);

  g_assert_null (malt_abstract_worker_send (worker, call, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_nonnull (malt_call_get_exit_report (call));
}

static void
test_stop_async (void)
{
  g_autoptr (MaltFakeWorker) fake = malt_fake_worker_new ();
  MaltAbstractWorker *worker = MALT_ABSTRACT_WORKER (fake);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gboolean was_running = FALSE;

  malt_abstract_worker_stop_async (worker, 1, 1, NULL, store_result, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (malt_abstract_worker_stop_finish (worker, result, &was_running, &error));
  g_assert_no_error (error);
  g_assert_true (was_running);
}

static void
test_stop_is_cancelled (void)
{
  g_autoptr (MaltFakeWorker) fake = malt_fake_worker_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_false (malt_abstract_worker_stop (MALT_ABSTRACT_WORKER (fake), 0, 0, cancellable, NULL,
                                             &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
store_line (MaltAbstractWorker *worker,
            guint               fd,
            GBytes             *line,
            gpointer            user_data)
{
  g_autofree char *text = g_strndup (g_bytes_get_data (line, NULL), g_bytes_get_size (line));

  *(char **) user_data = g_strdup_printf ("%u %s", fd, text);
}

static void
store_report (MaltAbstractWorker *worker,
              MaltExitReport     *report,
              gpointer            user_data)
{
  *(MaltExitReport **) user_data = malt_exit_report_ref (report);
}

static void
test_signals (void)
{
  g_autoptr (MaltFakeWorker) fake = malt_fake_worker_new ();
  g_autoptr (GBytes) line = g_bytes_new_static ("hello", 5);
  g_autoptr (MaltExitReport) report = malt_exit_report_new (MALT_EXIT_REASON_STOPPED, 0, 0, NULL,
                                                            NULL, NULL);
  g_autoptr (MaltExitReport) seen_report = NULL;
  g_autofree char *seen_line = NULL;

  g_signal_connect (fake, "output", G_CALLBACK (store_line), &seen_line);
  g_signal_connect (fake, "exited", G_CALLBACK (store_report), &seen_report);
  g_signal_emit_by_name (fake, "output", 2, line);
  g_signal_emit_by_name (fake, "exited", report);

  g_assert_cmpstr (seen_line, ==, "2 hello");
  g_assert_true (seen_report == report);
}

static void
test_description (void)
{
  g_autoptr (MaltFakeWorker) fake = malt_fake_worker_new ();
  g_autofree char *text = malt_abstract_worker_describe (MALT_ABSTRACT_WORKER (fake));
  g_autofree char *capabilities = g_flags_to_string (
    MALT_TYPE_WORKER_CAPABILITIES,
    malt_abstract_worker_get_capabilities (MALT_ABSTRACT_WORKER (fake)));

  g_assert_cmpstr (text, ==, "MaltFakeWorker");
  g_assert_cmpstr (capabilities, ==, "MALT_WORKER_CAPABILITY_ISOLATED");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/abstract-worker/send-without-send-sync", test_send_without_send_sync);
  g_test_add_func ("/malt/abstract-worker/send-leaves-the-callers-context",
                   test_send_leaves_the_callers_context);
  g_test_add_func ("/malt/abstract-worker/send-is-cancelled", test_send_is_cancelled);
  g_test_add_func ("/malt/abstract-worker/send-fails", test_send_fails);
  g_test_add_func ("/malt/abstract-worker/second-send-while-on-its-way",
                   test_second_send_while_on_its_way);
  g_test_add_func ("/malt/abstract-worker/optional-functions-unset",
                   test_optional_functions_unset);
  g_test_add_func ("/malt/abstract-worker/stop", test_stop);
  g_test_add_func ("/malt/abstract-worker/stop-async", test_stop_async);
  g_test_add_func ("/malt/abstract-worker/stop-is-cancelled", test_stop_is_cancelled);
  g_test_add_func ("/malt/abstract-worker/signals", test_signals);
  g_test_add_func ("/malt/abstract-worker/description", test_description);

  return g_test_run ();
}

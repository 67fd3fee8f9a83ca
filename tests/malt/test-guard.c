/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-clumsy-worker.h"

static MaltAbstractWorker *
start (const char *fault)
{
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker = malt_create_worker ("clumsy", NULL, &error, "fault", fault, NULL);

  g_assert_no_error (error);

  return worker;
}

static void
keep_result (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  GAsyncResult **kept = user_data;

  g_assert_null (*kept);
  *kept = g_object_ref (result);
}

static void
iterate (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* In the default context, so that what comes too late comes. */
static GVariant *
send (MaltAbstractWorker  *worker,
      const char          *function,
      GError             **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  malt_abstract_worker_remote_call_async (worker, function, NULL, NULL, NULL, keep_result,
                                          &result);
  g_assert_null (result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  iterate ();

  return malt_abstract_worker_remote_call_finish (worker, result, error);
}

static void
assert_answers (const char *function)
{
  g_autoptr (MaltAbstractWorker) worker = start (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = send (worker, function, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (g_variant_get_string (value, NULL), ==, function);
}

static void
test_right (void)
{
  g_autoptr (MaltAbstractWorker) worker = start (NULL);
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;

  assert_answers ("right");
  assert_answers ("thread");
  value = malt_abstract_worker_remote_call_fetch (worker, "thread", NULL, NULL, NULL, &error);
  g_assert_no_error (error);
}

#define TWICE "A worker has answered a call or a stop that it had answered before"

/* Once from within send_async(): send() sees that nobody gets it before that has returned. */
static void
test_twice (void)
{
  g_test_expect_message ("Malt", G_LOG_LEVEL_CRITICAL, TWICE);
  assert_answers ("twice");
  g_test_assert_expected_messages ();
}

static void
test_without_an_answer (void)
{
  const char *const functions[] = { "unbegun", "nothing", "no-result" };

  for (gsize i = 0; i < G_N_ELEMENTS (functions); i++)
    {
      g_autoptr (MaltAbstractWorker) worker = start (NULL);
      g_autoptr (GVariant) value = NULL;
      g_autoptr (GError) error = NULL;

      if (g_str_equal (functions[i], "no-result"))
        g_test_expect_message ("Malt", G_LOG_LEVEL_CRITICAL, TWICE);
      value = send (worker, functions[i], &error);
      g_assert_null (value);
      g_assert_error (error, MALT_ERROR, MALT_ERROR_FAILED);
      g_assert_nonnull (strstr (error->message, "MaltClumsyWorker"));
      g_test_assert_expected_messages ();
    }
}

/* What a worker in C would have said is said for it. */
static void
test_bare_errors (void)
{
  g_autoptr (MaltAbstractWorker) worker = start (NULL);
  g_autoptr (GError) raised = NULL;
  g_autoptr (GError) ended = NULL;
  g_autoptr (GError) other = NULL;

  g_assert_null (send (worker, "raise", &raised));
  g_assert_error (raised, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_assert_cmpstr (raised->message, ==, "Remote exception from Clumsy:\n\nno luck\nclumsy:1");
  g_assert_cmpstr (malt_error_get_worker (raised), ==, "Clumsy");
  g_assert_cmpstr (malt_error_get_remote_type (raised), ==, "clumsy.error");
  g_assert_cmpstr (malt_error_get_remote_traceback (raised), ==, "clumsy:1");

  g_assert_null (send (worker, "other", &other));
  g_assert_error (other, G_IO_ERROR, G_IO_ERROR_BUSY);

  g_assert_true (malt_abstract_worker_stop (worker, 0, 0, NULL, NULL, NULL));
  g_assert_null (send (worker, "ended", &ended));
  g_assert_error (ended, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_true (malt_error_get_exit_report (ended)
                 == malt_abstract_worker_get_exit_report (worker));
}

static void
test_values_as_asked_for (void)
{
  g_autoptr (MaltAbstractWorker) worker = start (NULL);
  g_autoptr (MaltCall) call = malt_call_new ("right", NULL, NULL);
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;

  malt_call_set_result_type (call, G_VARIANT_TYPE_INT64);
  g_assert_null (malt_abstract_worker_send (worker, call, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION);

  malt_call_set_discard_result (call, TRUE);
  value = malt_abstract_worker_send (worker, call, NULL, NULL);
  g_assert_true (g_variant_is_of_type (value, G_VARIANT_TYPE_UNIT));
}

static void
on_progress (MaltCall   *call,
             double      fraction,
             const char *message,
             gpointer    user_data)
{
  g_assert_cmpstr (message, ==, "half");
  ++*(guint *) user_data;
}

static void
test_one_call_at_a_time (void)
{
  g_autoptr (MaltAbstractWorker) worker = start (NULL);
  g_autoptr (MaltCall) call = malt_call_new ("thread", NULL, NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;
  guint n_reports = 0;

  g_signal_connect (call, "progress", G_CALLBACK (on_progress), &n_reports);
  malt_abstract_worker_send_async (worker, call, NULL, keep_result, &result);
  g_assert_cmpuint (n_reports, ==, 0);
  g_assert_null (malt_abstract_worker_send (worker, call, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_FAILED);

  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  value = malt_abstract_worker_send_finish (worker, result, NULL);
  g_assert_nonnull (value);
  g_assert_cmpuint (n_reports, ==, 1);
  g_assert_cmpint (malt_call_get_queue_time_us (call), >=, 0);
}

static void
assert_ends (MaltAbstractWorker *worker,
             GAsyncResult      **result,
             GQuark              domain,
             int                 code)
{
  g_autoptr (GError) error = NULL;

  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (malt_abstract_worker_remote_call_finish (worker, *result, &error));
  g_assert_error (error, domain, code);
}

/* The answer comes in the end, and for nobody. */
static void
answer_late (MaltAbstractWorker *worker)
{
  malt_clumsy_worker_answer_late (worker);
  iterate ();
}

static void
test_cancelled (void)
{
  g_autoptr (MaltAbstractWorker) worker = start (NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) before = NULL;

  malt_abstract_worker_remote_call_async (worker, "never", NULL, NULL, cancellable, keep_result,
                                          &result);
  g_cancellable_cancel (cancellable);
  g_assert_true (malt_clumsy_worker_is_told (worker));
  assert_ends (worker, &result, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  answer_late (worker);

  malt_abstract_worker_remote_call_async (worker, "unbegun", NULL, NULL, cancellable, keep_result,
                                          &before);
  assert_ends (worker, &before, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_stopped (void)
{
  g_autoptr (MaltAbstractWorker) worker = start (NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gboolean was_running = FALSE;

  malt_abstract_worker_remote_call_async (worker, "never", NULL, NULL, NULL, keep_result,
                                          &result);
  g_assert_true (malt_abstract_worker_stop (worker, 0, 0, NULL, &was_running, &error));
  g_assert_no_error (error);
  g_assert_true (was_running);
  g_assert_true (malt_clumsy_worker_is_told (worker));
  assert_ends (worker, &result, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  answer_late (worker);
}

static void
count (MaltAbstractWorker *worker,
       MaltExitReport     *report,
       gpointer            user_data)
{
  g_assert_true (report == malt_abstract_worker_get_exit_report (worker));
  ++*(guint *) user_data;
}

static void
test_marked_ended (void)
{
  g_autoptr (GListModel) list = malt_list_running_workers ();
  g_autoptr (MaltAbstractWorker) worker = start (NULL);
  g_autoptr (MaltExitReport) first =
    malt_exit_report_new (MALT_EXIT_REASON_EXITED, 3, 0, NULL, NULL, NULL);
  g_autoptr (MaltExitReport) second =
    malt_exit_report_new (MALT_EXIT_REASON_STOPPED, 0, 0, NULL, NULL, NULL);
  guint n_exits = 0;

  g_signal_connect (worker, "exited", G_CALLBACK (count), &n_exits);
  malt_running_workers_add (worker);
  g_assert_null (malt_abstract_worker_get_exit_report (worker));
  g_assert_true (malt_abstract_worker_is_running (worker));

  g_assert_true (malt_abstract_worker_mark_ended (worker, first, NULL));
  g_assert_false (malt_abstract_worker_is_running (worker));
  g_assert_false (malt_abstract_worker_mark_ended (worker, second, NULL));
  g_assert_true (malt_abstract_worker_get_exit_report (worker) == first);
  g_assert_cmpuint (n_exits, ==, 0);
  iterate ();
  g_assert_cmpuint (n_exits, ==, 1);
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 0);
}

static void
test_stop_fails (void)
{
  g_autoptr (MaltAbstractWorker) never = start ("stop");
  g_autoptr (MaltAbstractWorker) failing = start ("stop-finish");
  g_autoptr (GError) late = NULL;
  g_autoptr (GError) failure = NULL;

  g_assert_false (malt_abstract_worker_stop (failing, 0, 0, NULL, NULL, &failure));
  g_assert_error (failure, MALT_ERROR, MALT_ERROR_FAILED);
  g_assert_false (malt_abstract_worker_stop (never, 0, 0, NULL, NULL, &late));
  g_assert_error (late, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

static void
test_functions_without_errors (void)
{
  g_autoptr (MaltAbstractWorker) worker = start ("post");
  g_autoptr (MaltAbstractWorker) nameless = start ("describe");
  g_autofree char *name = malt_abstract_worker_describe (nameless);
  g_autoptr (GError) post = NULL;
  g_autoptr (GError) interrupt = NULL;
  g_autoptr (GError) kill = NULL;

  g_assert_false (malt_abstract_worker_remote_do (worker, "right", NULL, NULL, &post));
  g_assert_error (post, MALT_ERROR, MALT_ERROR_FAILED);
  g_assert_false (malt_abstract_worker_interrupt (worker, &interrupt));
  g_assert_error (interrupt, MALT_ERROR, MALT_ERROR_FAILED);
  g_assert_false (malt_abstract_worker_kill (worker, 0, &kill));
  g_assert_error (kill, MALT_ERROR, MALT_ERROR_FAILED);
  g_assert_cmpstr (name, ==, "MaltClumsyWorker");
  g_assert_true (malt_abstract_worker_remote_do (nameless, "right", NULL, NULL, NULL));
}

static void
test_start_fails (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) async_error = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  g_assert_null (malt_create_worker ("clumsy", NULL, &error, "fault", "init", NULL));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_FAILED);

  malt_create_worker_async ("clumsy", g_variant_new_parsed ("{'fault': <'init'>}"), NULL,
                            keep_result, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (malt_create_worker_finish (result, &async_error));
  g_assert_error (async_error, MALT_ERROR, MALT_ERROR_FAILED);
}

static void
test_let_go_of (void)
{
  g_autoptr (GListModel) list = malt_list_running_workers ();
  MaltAbstractWorker *worker = start (NULL);

  malt_running_workers_add (worker);
  iterate ();
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 1);
  g_object_unref (worker);
  iterate ();
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 0);
}

static void
test_registration (void)
{
  g_autoptr (MaltBackend) backend = malt_lookup_backend ("clumsy", NULL);
  const struct
  {
    const char *name;
    GType       type;
    const char *reason;
  } rows[] = {
    { "object", G_TYPE_OBJECT, "is not a “MaltAbstractWorker”" },
    { "invalid", G_TYPE_INVALID, "“(invalid)” is not a “MaltAbstractWorker”" },
    { "clumsier", MALT_TYPE_CLUMSY_WORKER, "is registered as “clumsy” already" },
    { "good", MALT_TYPE_CLUMSY_WORKER, "The name “good” belongs to “FixtureGood” already" },
  };

  g_assert_true (malt_backend_get_worker_type (backend) == MALT_TYPE_CLUMSY_WORKER);
  g_assert_null (malt_backend_get_path (backend));
  g_assert_cmpint (malt_backend_get_capabilities (backend), ==,
                   MALT_WORKER_CAPABILITY_KILL | MALT_WORKER_CAPABILITY_INTERRUPT);
  g_assert_true (malt_register_backend ("clumsy", MALT_TYPE_CLUMSY_WORKER, 0, NULL));

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (malt_register_backend (rows[i].name, rows[i].type, 0, &error));
      g_assert_error (error, MALT_ERROR, MALT_ERROR_FAILED);
      g_assert_nonnull (strstr (error->message, rows[i].reason));
    }
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GError) error = NULL;

  g_test_init (&argc, &argv, NULL);
  malt_register_backend ("clumsy", MALT_TYPE_CLUMSY_WORKER, MALT_WORKER_CAPABILITY_INTERRUPT,
                         &error);
  g_assert_no_error (error);

  g_test_add_func ("/malt/guard/right", test_right);
  g_test_add_func ("/malt/guard/twice", test_twice);
  g_test_add_func ("/malt/guard/without-an-answer", test_without_an_answer);
  g_test_add_func ("/malt/guard/bare-errors", test_bare_errors);
  g_test_add_func ("/malt/guard/values-as-asked-for", test_values_as_asked_for);
  g_test_add_func ("/malt/guard/one-call-at-a-time", test_one_call_at_a_time);
  g_test_add_func ("/malt/guard/cancelled", test_cancelled);
  g_test_add_func ("/malt/guard/stopped", test_stopped);
  g_test_add_func ("/malt/guard/marked-ended", test_marked_ended);
  g_test_add_func ("/malt/guard/stop-fails", test_stop_fails);
  g_test_add_func ("/malt/guard/functions-without-errors", test_functions_without_errors);
  g_test_add_func ("/malt/guard/start-fails", test_start_fails);
  g_test_add_func ("/malt/guard/let-go-of", test_let_go_of);
  g_test_add_func ("/malt/guard/registration", test_registration);

  return g_test_run ();
}

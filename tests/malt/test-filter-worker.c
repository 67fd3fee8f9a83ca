/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fake-worker.h"

#include <glib/gstdio.h>

/* Around a MaltFakeWorker: gives it the option "text", and notes how calls end. */
typedef struct
{
  MaltFilterWorker parent_instance;
  char            *text;
  GString         *ended; /* "function=outcome " of each call */
  GThread         *thread;
} TestFilter;

typedef MaltFilterWorkerClass TestFilterClass;

enum
{
  PROP_TEXT = 1
};

static GType test_filter_get_type (void);

G_DEFINE_TYPE (TestFilter, test_filter, MALT_TYPE_FILTER_WORKER)

static gboolean
test_filter_prepare (MaltFilterWorker  *worker,
                     GVariantDict      *options,
                     GCancellable      *cancellable,
                     GError           **error)
{
  TestFilter *self = (TestFilter *) worker;

  if (g_str_equal (self->text, "unprepared"))
    {
      g_set_error_literal (error, MALT_ERROR, MALT_ERROR_LIMIT, "Told to fail before");
      return FALSE;
    }

  g_variant_dict_insert (options, "text", "s", self->text);
  return TRUE;
}

static void
test_filter_call_ended (MaltFilterWorker *worker,
                        MaltCall         *call,
                        GVariant         *value,
                        const GError     *error)
{
  TestFilter *self = (TestFilter *) worker;
  g_autofree char *text = value != NULL ? g_variant_print (value, TRUE) : NULL;
  const char *message = malt_call_get_remote_message (call);

  g_assert_true ((value == NULL) != (error == NULL));
  g_assert_cmpint (malt_call_get_queue_time_us (call), >=, 0);
  self->thread = g_thread_self ();
  g_string_append_printf (self->ended, "%s=%s ", malt_call_get_function (call),
                          text != NULL ? text : message != NULL ? message : error->message);
}

static gboolean
test_filter_admit (MaltFilterWorker  *worker,
                   MaltCall          *call,
                   GError           **error)
{
  const char *function = malt_call_get_function (call);

  if (g_str_equal (function, "fake.refused"))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "not this one");

  return !g_str_has_prefix (function, "fake.refused");
}

static void
test_filter_set_property (GObject      *object,
                          guint         prop_id,
                          const GValue *value,
                          GParamSpec   *pspec)
{
  ((TestFilter *) object)->text = g_value_dup_string (value);
}

static void
test_filter_finalize (GObject *object)
{
  TestFilter *self = (TestFilter *) object;

  g_string_free (self->ended, TRUE);
  g_free (self->text);

  G_OBJECT_CLASS (test_filter_parent_class)->finalize (object);
}

static void
test_filter_class_init (TestFilterClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = test_filter_set_property;
  object_class->finalize = test_filter_finalize;
  klass->prepare = test_filter_prepare;
  klass->call_ended = test_filter_call_ended;
  klass->admit = test_filter_admit;
  g_object_class_install_property (
    object_class, PROP_TEXT,
    g_param_spec_string ("text", NULL, NULL, "",
                         G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS));
}

static void
test_filter_init (TestFilter *self)
{
  self->ended = g_string_new (NULL);
}

static MaltAbstractWorker *
start_filter (void)
{
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker =
    malt_create_worker ("filter", NULL, &error, "profile", "fake", "text", "through", NULL);

  g_assert_no_error (error);
  return worker;
}

static MaltAbstractWorker *
get_inner (MaltAbstractWorker *worker)
{
  return malt_filter_worker_get_inner (MALT_FILTER_WORKER (worker));
}

static void
test_everything_is_passed_on (void)
{
  g_autoptr (MaltAbstractWorker) worker = start_filter ();
  MaltFakeWorker *fake = MALT_FAKE_WORKER (get_inner (worker));
  g_autofree char *text = malt_fake_worker_dup_option (fake, "text");
  g_autofree char *name = malt_abstract_worker_describe (worker);
  g_autoptr (GError) error = NULL;
  gboolean was_running = FALSE;

  g_assert_cmpstr (text, ==, "'through'");
  g_assert_cmpstr (name, ==, "MaltFakeWorker");
  g_assert_cmpuint (malt_abstract_worker_get_capabilities (worker), ==,
                    MALT_WORKER_CAPABILITY_ISOLATED);
  g_assert_true (malt_abstract_worker_remote_do (worker, "posted", NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (malt_fake_worker_get_last_post (fake), ==, "posted");
  g_assert_false (malt_abstract_worker_interrupt (worker, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_false (malt_abstract_worker_kill (worker, 0, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);

  g_assert_true (malt_abstract_worker_is_running (worker));
  g_assert_null (malt_abstract_worker_get_exit_report (worker));
  g_assert_true (malt_abstract_worker_stop (worker, 0, 0, NULL, &was_running, &error));
  g_assert_no_error (error);
  g_assert_true (was_running);
  g_assert_false (malt_abstract_worker_is_running (worker));
  g_assert_nonnull (malt_abstract_worker_get_exit_report (worker));
}

typedef struct
{
  TestFilter *filter;
  GError     *error;
  gboolean    is_over;
} Answer;

static void
on_answer (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Answer *answer = user_data;
  g_autoptr (GVariant) value =
    malt_abstract_worker_send_finish (MALT_ABSTRACT_WORKER (source), result, &answer->error);

  g_assert_null (value);
  g_assert_cmpstr (answer->filter->ended->str, ==, "malt.ping=5 fake.fail=no luck ");
  answer->is_over = TRUE;
}

static void
test_calls_are_seen_before_their_senders_know (void)
{
  g_autoptr (MaltAbstractWorker) worker = start_filter ();
  Answer answer = { .filter = (TestFilter *) worker };
  g_autoptr (MaltCall) call = malt_call_new ("fake.fail", NULL, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_remote_call_fetch (
    worker, "malt.ping", g_variant_new ("(i)", 5), NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (g_variant_get_int32 (value), ==, 5);
  g_assert_cmpstr (answer.filter->ended->str, ==, "malt.ping=5 ");
  g_assert_true (answer.filter->thread == g_thread_self ());

  malt_abstract_worker_send_async (worker, call, NULL, on_answer, &answer);
  while (!answer.is_over)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (answer.error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_clear_error (&answer.error);
}

static void
on_result (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static void
test_a_refused_call_has_not_ended (void)
{
  g_autoptr (MaltAbstractWorker) worker = start_filter ();
  TestFilter *filter = (TestFilter *) worker;
  g_autoptr (MaltCall) call = malt_call_new ("fake.never", NULL, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_send_async (worker, call, cancellable, on_result, &result);
  g_assert_null (malt_abstract_worker_send (worker, call, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_FAILED);
  g_clear_error (&error);
  g_assert_cmpstr (filter->ended->str, ==, "");

  g_cancellable_cancel (cancellable);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (malt_abstract_worker_send_finish (worker, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpstr (filter->ended->str, !=, "");
}

static void
on_not_admitted (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  GError **error = user_data;

  g_assert_null (
    malt_abstract_worker_send_finish (MALT_ABSTRACT_WORKER (source), result, error));
}

static void
test_calls_are_not_admitted (void)
{
  g_autoptr (MaltAbstractWorker) worker = start_filter ();
  g_autoptr (MaltCall) call = malt_call_new ("fake.refused", NULL, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (
    malt_abstract_worker_remote_call_fetch (worker, "fake.refused", NULL, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_clear_error (&error);
  g_assert_cmpstr (((TestFilter *) worker)->ended->str, ==, "fake.refused=not this one ");

  malt_abstract_worker_send_async (worker, call, NULL, on_not_admitted, &error);
  g_assert_no_error (error);
  while (error == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_clear_error (&error);

  g_assert_false (
    malt_abstract_worker_remote_do (worker, "fake.refused.silently", NULL, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_FAILED);
  g_assert_cmpstr (error->message, ==, "TestFilter refuses a call of “fake.refused.silently”");
  g_assert_null (malt_fake_worker_get_last_post (MALT_FAKE_WORKER (get_inner (worker))));
}

static MaltAbstractWorkerInterface *filter_iface;

/* Answers itself what the worker inside is not to get. */
static void
overriding_filter_send_async (MaltAbstractWorker  *worker,
                              MaltCall            *call,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;

  if (!g_str_equal (malt_call_get_function (call), "fake.mine"))
    {
      filter_iface->send_async (worker, call, cancellable, callback, user_data);
      return;
    }

  task = g_task_new (worker, NULL, callback, user_data);
  g_assert_true (malt_call_begin (call, NULL));
  malt_call_end (call, -1, NULL);
  g_task_return_pointer (task, g_variant_ref_sink (g_variant_new_int32 (7)),
                         (GDestroyNotify) g_variant_unref);
}

static void
overriding_filter_iface_init (MaltAbstractWorkerInterface *iface)
{
  filter_iface = g_type_interface_peek_parent (iface);
  iface->send_async = overriding_filter_send_async;
  iface->send_sync = NULL;
}

typedef TestFilter OverridingFilter;
typedef TestFilterClass OverridingFilterClass;

static GType overriding_filter_get_type (void);

G_DEFINE_TYPE_WITH_CODE (OverridingFilter, overriding_filter, test_filter_get_type (),
                         G_IMPLEMENT_INTERFACE (MALT_TYPE_ABSTRACT_WORKER,
                                                overriding_filter_iface_init))

static void
overriding_filter_class_init (OverridingFilterClass *klass)
{
}

static void
overriding_filter_init (OverridingFilter *self)
{
}

static void
test_sending_is_overridden (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltAbstractWorker) worker =
    malt_create_worker ("overriding", NULL, &error, "profile", "fake", NULL);
  g_autoptr (GVariant) mine = NULL;
  g_autoptr (GVariant) other = NULL;

  g_assert_no_error (error);
  mine = malt_abstract_worker_remote_call_fetch (worker, "fake.mine", NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_variant_get_int32 (mine), ==, 7);
  other = malt_abstract_worker_remote_call_fetch (worker, "malt.ping", g_variant_new ("(i)", 5),
                                                  NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_variant_get_int32 (other), ==, 5);
}

static void
test_signals_are_those_of_the_outer_worker (void)
{
  g_autoptr (MaltAbstractWorker) worker = start_filter ();
  g_autoptr (MaltAbstractWorker) inner = g_object_ref (get_inner (worker));
  g_autoptr (GBytes) line = g_bytes_new_static ("x", 1);
  g_autoptr (MaltExitReport) report =
    malt_exit_report_new (MALT_EXIT_REASON_EXITED, 1, 0, NULL, NULL, NULL);
  guint n_signals = 0;

  g_signal_connect_swapped (worker, "output", G_CALLBACK (g_atomic_int_inc), &n_signals);
  g_signal_connect_swapped (worker, "exited", G_CALLBACK (g_atomic_int_inc), &n_signals);
  g_signal_emit_by_name (inner, "output", 1, line);
  g_assert_cmpuint (n_signals, ==, 1);
  g_signal_emit_by_name (inner, "exited", report);
  g_assert_cmpuint (n_signals, ==, 2);

  g_clear_object (&worker);
  g_signal_emit_by_name (inner, "output", 1, line);
  g_assert_cmpuint (n_signals, ==, 2);
}

/* (transfer none) (nullable): the one that is listed. */
static gpointer
find_listed (void)
{
  g_autoptr (GListModel) list = malt_list_running_workers ();
  g_autoptr (GObject) item = g_list_model_get_item (list, 0);

  g_assert_cmpuint (g_list_model_get_n_items (list), <=, 1);

  return item;
}

static void
test_one_of_them_is_listed (void)
{
  g_autoptr (MaltAbstractWorker) worker = start_filter ();
  g_autoptr (MaltAbstractWorker) another = start_filter ();
  MaltAbstractWorker *inner = get_inner (worker);
  g_autoptr (GError) error = NULL;

  g_assert_true (malt_abstract_worker_stop (another, 0, 0, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (find_listed () == worker);

  /* One more around both, then the end of the innermost. */
  malt_running_workers_show_as (worker, another);
  g_assert_true (find_listed () == another);
  g_assert_true (malt_abstract_worker_stop (inner, 0, 0, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_null (find_listed ());
  malt_running_workers_show_as (inner, worker);
  g_assert_null (find_listed ());
}

static void
test_two_starts_are_one_worker (void)
{
  g_autoptr (MaltAbstractWorker) worker =
    g_object_new (test_filter_get_type (), "profile", "fake", "text", "through", NULL);
  GAsyncResult *results[2] = { NULL };
  MaltAbstractWorker *inner = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    g_async_initable_init_async (G_ASYNC_INITABLE (worker), G_PRIORITY_DEFAULT, NULL, on_result,
                                 &results[i]);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr (GError) error = NULL;

      while (results[i] == NULL)
        g_main_context_iteration (NULL, TRUE);
      g_assert_true (g_async_initable_init_finish (G_ASYNC_INITABLE (worker), results[i], &error));
      g_assert_no_error (error);
      if (inner == NULL)
        inner = get_inner (worker);
      g_object_unref (results[i]);
    }
  g_assert_true (get_inner (worker) == inner);
  g_assert_true (find_listed () == worker);
}

static void
test_an_inner_worker_that_stays_is_not_listed (void)
{
  g_autoptr (MaltAbstractWorker) worker = start_filter ();
  g_autoptr (MaltAbstractWorker) inner = g_object_ref (get_inner (worker));

  g_assert_true (find_listed () == worker);
  g_clear_object (&worker);
  g_assert_true (malt_abstract_worker_is_running (inner));
  g_assert_null (find_listed ());
}

/* Both ways to start. */
static void
assert_start_fails (const char *profile,
                    const char *text,
                    int         code)
{
  g_autoptr (GVariant) options = g_variant_ref_sink (
    g_variant_new_parsed ("{'profile': <%s>, 'text': <%s>}", profile, text));
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) error_later = NULL;

  g_assert_null (malt_create_worker_with_options ("filter", options, NULL, &error));
  g_assert_error (error, MALT_ERROR, code);
  malt_create_worker_async ("filter", options, NULL, on_result, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (malt_create_worker_finish (result, &error_later));
  g_assert_error (error_later, MALT_ERROR, code);
}

static void
test_starts_fail (void)
{
  assert_start_fails ("none such", "", MALT_ERROR_UNKNOWN_BACKEND);
  assert_start_fails ("fake", "fail", MALT_ERROR_START_FAILED);
  assert_start_fails ("fake", "unprepared", MALT_ERROR_LIMIT);
}

static void
test_its_own_profile (void)
{
  assert_start_fails ("loop", "", MALT_ERROR_INVALID_CONFIG);
}

static void
test_before_the_start (void)
{
  g_autoptr (MaltAbstractWorker) worker = g_object_new (test_filter_get_type (), NULL);
  g_autofree char *name = malt_abstract_worker_describe (worker);
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (name, ==, "TestFilter that has not been started");
  g_assert_false (malt_abstract_worker_is_running (worker));
  g_assert_null (malt_abstract_worker_get_exit_report (worker));
  g_assert_null (get_inner (worker));
  g_assert_null (malt_abstract_worker_remote_eval_fetch (worker, NULL, "1", NULL, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_FAILED);
  g_clear_error (&error);
  g_assert_false (malt_abstract_worker_remote_do (worker, "f", NULL, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_FAILED);
  g_clear_error (&error);
  g_assert_false (malt_abstract_worker_stop (worker, 0, 0, NULL, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_FAILED);
}

int
main (int   argc,
      char *argv[])
{
  g_autofree char *folder = g_dir_make_tmp ("malt-test-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (folder, "config.json", NULL);
  int status;

  g_test_init (&argc, &argv, NULL);
  g_assert_true (g_file_set_contents (
    file, "{ \"profiles\": { \"loop\": { \"backend\": \"filter\", \"profile\": \"loop\" } } }", -1,
    NULL));
  g_setenv ("MALT_CONFIG", file, TRUE);
  malt_fake_worker_register ();
  g_io_extension_point_implement (MALT_WORKER_EXTENSION_POINT, test_filter_get_type (), "filter",
                                  5);
  g_io_extension_point_implement (MALT_WORKER_EXTENSION_POINT, overriding_filter_get_type (),
                                  "overriding", 5);

  g_test_add_func ("/malt/filter-worker/everything-is-passed-on", test_everything_is_passed_on);
  g_test_add_func ("/malt/filter-worker/calls-are-seen-before-their-senders-know",
                   test_calls_are_seen_before_their_senders_know);
  g_test_add_func ("/malt/filter-worker/a-refused-call-has-not-ended",
                   test_a_refused_call_has_not_ended);
  g_test_add_func ("/malt/filter-worker/calls-are-not-admitted", test_calls_are_not_admitted);
  g_test_add_func ("/malt/filter-worker/sending-is-overridden", test_sending_is_overridden);
  g_test_add_func ("/malt/filter-worker/signals-are-those-of-the-outer-worker",
                   test_signals_are_those_of_the_outer_worker);
  g_test_add_func ("/malt/filter-worker/one-of-them-is-listed", test_one_of_them_is_listed);
  g_test_add_func ("/malt/filter-worker/two-starts-are-one-worker",
                   test_two_starts_are_one_worker);
  g_test_add_func ("/malt/filter-worker/an-inner-worker-that-stays-is-not-listed",
                   test_an_inner_worker_that_stays_is_not_listed);
  g_test_add_func ("/malt/filter-worker/starts-fail", test_starts_fail);
  g_test_add_func ("/malt/filter-worker/its-own-profile", test_its_own_profile);
  g_test_add_func ("/malt/filter-worker/before-the-start", test_before_the_start);
  status = g_test_run ();

  g_remove (file);
  g_rmdir (folder);
  return status;
}

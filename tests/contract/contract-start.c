/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"

#include <string.h>

/* From the end of a child to the error of its start. */
#define NOTICED_MSEC 1000

static void
unknown_backend (Contract *contract)
{
  g_autoptr (GError) of_create = NULL;
  g_autoptr (GError) of_lookup = NULL;
  g_autoptr (MaltAbstractWorker) worker = NULL;
  g_autoptr (MaltBackend) backend = NULL;

  worker = malt_create_worker ("no-such-backend", NULL, &of_create, NULL);
  g_assert_null (worker);
  g_assert_error (of_create, MALT_ERROR, MALT_ERROR_UNKNOWN_BACKEND);
  contract_assert_contains (of_create->message, "no-such-backend");
  contract_assert_contains (of_create->message, contract->settings->backend);
  backend = malt_lookup_backend ("no-such-backend", &of_lookup);
  g_assert_null (backend);
  g_assert_error (of_lookup, MALT_ERROR, MALT_ERROR_UNKNOWN_BACKEND);
}

typedef struct
{
  const char *options;
  const char *named; /* a part of the error */
} BadOptions;

static void
assert_refused (Contract *contract, const BadOptions *cases, gsize n_cases)
{
  for (guint i = 0; i < n_cases; i++)
    {
      g_autoptr (GError) error = contract_fail_to_start (contract,
                                                         g_variant_new_parsed (cases[i].options));

      g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
      contract_assert_contains (error->message, cases[i].named);
    }
}

static void
bad_options (Contract *contract)
{
  const BadOptions cases[] = {
    { "{'no-such-option': <1>}", "no-such-option" },
    { "{'call-timeout': <'soon'>}", "call-timeout" },
    { "{'call-timeout': <-1>}", "call-timeout" },
    { "{'call-timeout': <int64 4294967296>}", "call-timeout" },
    { "{'evaluator': <7>}", "evaluator" },
    { "{'module-path': <'not a list'>}", "module-path" },
    { "{'module-path': <['']>}", "module-path" },
    { "{'n-pending': <uint32 1>}", "n-pending" },
  };

  assert_refused (contract, cases, G_N_ELEMENTS (cases));
}

static void
bad_choices (Contract *contract)
{
  const BadOptions cases[] = {
    { "{'stdout': <'loud'>}", "loud" },
    { "{'stderr': <'loud'>}", "loud" },
    { "{'transport': <'pigeon'>}", "pigeon" },
    { "{'environment-mode': <'dirty'>}", "dirty" },
    { "{'process-group': <'none'>}", "none" },
  };

  assert_refused (contract, cases, G_N_ELEMENTS (cases));
}

static void
unknown_evaluator (Contract *contract)
{
  g_autoptr (GError) error = contract_fail_to_start (
    contract, g_variant_new_parsed ("{'evaluator': <'no-such-language'>}"));

  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  contract_assert_contains (error->message, "no-such-language");
}

static void
unknown_module (Contract *contract)
{
  g_autoptr (GError) error = contract_fail_to_start (
    contract, g_variant_new_parsed ("{'modules': <['no_such_module']>}"));

  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  contract_assert_contains (error->message, "no_such_module");
}

static void
no_executable (Contract *contract)
{
  g_autoptr (GError) error = contract_fail_to_start (
    contract, g_variant_new_parsed ("{'executable': <'/no/such/file'>}"));

  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  contract_assert_contains (error->message, "/no/such/file");
}

static GError *
start_peer (Contract *contract, const char *how, guint timeout_ms)
{
  return contract_fail_to_start (
    contract,
    g_variant_new_parsed ("{'executable': <%s>, 'arguments': <[%s]>, 'start-timeout': <%u>}",
                          contract->settings->peer, how, timeout_ms));
}

static void
exits_at_once (Contract *contract)
{
  gint64 start_us = g_get_monotonic_time ();
  g_autoptr (GError) error = start_peer (contract, "leave", 30000);

  contract_assert_within (contract, start_us, NOTICED_MSEC);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  contract_assert_contains (error->message, "7");
  contract_assert_contains (error->message, contract->settings->peer);
  contract_assert_contains (error->message, "--malt-worker leave");
  contract_assert_contains (error->message, "contract-peer: told to leave");
}

static void
crashes_at_once (Contract *contract)
{
  gint64 start_us = g_get_monotonic_time ();
  g_autoptr (GError) error = start_peer (contract, "crash", 30000);

  contract_assert_within (contract, start_us, NOTICED_MSEC);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  contract_assert_contains (error->message, "contract-peer: told to crash");
}

static void
hangs (Contract *contract)
{
  gint64 start_us = g_get_monotonic_time ();
  guint timeout_ms = 200;
  g_autoptr (GError) error = start_peer (contract, "hang", timeout_ms);

  contract_assert_within (contract, start_us, timeout_ms + NOTICED_MSEC);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);

  /* A busy machine may take longer to let it say something. */
  while (strstr (error->message, "contract-peer: told to hang") == NULL)
    {
      g_clear_error (&error);
      timeout_ms *= 2;
      error = start_peer (contract, "hang", timeout_ms);
    }
}

static void
speaks_garbage (Contract *contract)
{
  gint64 start_us = g_get_monotonic_time ();
  g_autoptr (GError) error = start_peer (contract, "garbage", 30000);

  contract_assert_within (contract, start_us, NOTICED_MSEC);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
}

static gpointer
cancel_soon (gpointer cancellable)
{
  g_usleep (20 * 1000);
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
cancelled (Contract *contract)
{
  g_autoptr (GVariant) options = g_variant_ref_sink (contract_options (
    contract, g_variant_new_parsed ("{'executable': <%s>, 'arguments': <['hang']>}",
                                    contract->settings->peer)));
  gint64 start_us = g_get_monotonic_time ();

  for (guint before = 0; before < 2; before++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (MaltAbstractWorker) worker = NULL;
      g_autoptr (GError) error = NULL;
      GThread *thread = NULL;

      if (before)
        g_cancellable_cancel (cancellable);
      else
        thread = g_thread_new ("canceller", cancel_soon, cancellable);
      worker = malt_create_worker_with_options (contract->settings->backend, options, cancellable,
                                                &error);
      g_assert_null (worker);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_pointer (&thread, g_thread_join);
    }
  contract_assert_within (contract, start_us, NOTICED_MSEC);
}

typedef struct
{
  Contract *contract;
  guint     n_started;
} Starts;

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Starts *starts = user_data;
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker = malt_create_worker_finish (result, &error);

  g_assert_no_error (error);
  g_ptr_array_add (starts->contract->workers, worker);
  contract_send_call (starts->contract, worker, "malt.ping", NULL, NULL);
  starts->n_started++;
}

static void
storm (Contract *contract)
{
  g_autoptr (GVariant) options = g_variant_ref_sink (contract_options (contract, NULL));
  Starts starts = { .contract = contract };
  guint n = contract_times (16);

  for (guint i = 0; i < n; i++)
    malt_create_worker_async (contract->settings->backend, options, NULL, on_started, &starts);
  g_assert_cmpuint (starts.n_started, ==, 0);
  while (starts.n_started < n)
    g_main_context_iteration (contract->context, TRUE);
  contract_wait_all (contract);
  g_assert_cmpuint (contract_count_running (), ==, n);
  for (guint i = 0; i < contract->replies->len; i++)
    g_assert_no_error (((ContractReply *) contract->replies->pdata[i])->error);
}

static void
varargs (Contract *contract)
{
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker;
  guint timeout_ms;

  worker = malt_create_worker (contract->settings->backend, NULL, &error,
                               "call-timeout", 1234u, NULL);
  g_assert_no_error (error);
  g_ptr_array_add (contract->workers, worker);
  g_object_get (worker, "call-timeout", &timeout_ms, NULL);
  g_assert_cmpuint (timeout_ms, ==, 1234);
  contract_assert_alive (worker);
}

static void
profile (Contract *contract)
{
  g_autofree char *json = g_strdup_printf (
    "{\"profiles\": {\"mine\": {\"backend\": \"%s\", \"call-timeout\": 1234}}}",
    contract->settings->backend);
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltConfig) config = malt_config_new_from_data (json, -1, &error);
  MaltAbstractWorker *worker;
  guint timeout_ms;

  g_assert_no_error (error);
  worker = malt_config_create_worker (config, "mine", NULL, &error);
  g_assert_no_error (error);
  g_ptr_array_add (contract->workers, worker);
  g_object_get (worker, "call-timeout", &timeout_ms, NULL);
  g_assert_cmpuint (timeout_ms, ==, 1234);
  contract_assert_alive (worker);
}

static void
backends (Contract *contract)
{
  g_autoptr (GListModel) model = malt_list_backends ();
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltBackend) backend = malt_lookup_backend (contract->settings->backend, &error);
  g_autofree GParamSpec **options = NULL;
  guint n_options, n_found = 0;

  g_assert_no_error (error);
  g_assert_true (g_type_is_a (malt_backend_get_worker_type (backend), MALT_TYPE_ABSTRACT_WORKER));
  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (MaltBackend) item = g_list_model_get_item (model, i);

      n_found += g_strcmp0 (malt_backend_get_name (item), contract->settings->backend) == 0;
    }
  g_assert_cmpuint (n_found, ==, 1);
  options = malt_backend_list_options (backend, &n_options);
  g_assert_cmpuint (n_options, >, 0);
  for (guint i = 0; i < n_options; i++)
    {
      g_assert_cmpstr (g_param_spec_get_nick (options[i]), !=, "");
      g_assert_nonnull (g_param_spec_get_blurb (options[i]));
    }
}

const ContractCase contract_start_cases[] = {
  { "/start/unknown-backend", unknown_backend,
    .summary = "An unknown backend; the known are listed" },
  { "/start/bad-options", bad_options,
    .summary = "An option that is unknown, of the wrong type or out of range" },
  { "/start/bad-choices", bad_choices, .summary = "A word that is not among those of an option",
    .option = "transport" },
  { "/start/unknown-evaluator", unknown_evaluator, .summary = "An unknown evaluator",
    .option = "evaluator" },
  { "/start/unknown-module", unknown_module, .summary = "An unknown function module",
    .option = "modules" },
  { "/start/no-executable", no_executable, .summary = "An executable that does not exist",
    .option = "executable" },
  { "/start/exits-at-once", exits_at_once,
    .summary = "A program that exits is told of at once, with status, argv and stderr",
    .option = "executable" },
  { "/start/crashes-at-once", crashes_at_once, .summary = "A program that crashes",
    .option = "executable" },
  { "/start/hangs", hangs, .summary = "A program that hangs", .option = "executable" },
  { "/start/speaks-garbage", speaks_garbage,
    .summary = "A program that does not speak the protocol", .option = "executable" },
  { "/start/cancelled", cancelled, .summary = "A start that is cancelled leaves nothing",
    .option = "executable" },
  { "/start/storm", storm, .summary = "Many workers start at the same time" },
  { "/start/varargs", varargs, .summary = "Options are given as those of g_object_new()",
    .is_bare = TRUE, .option = "call-timeout" },
  { "/start/profile", profile, .summary = "A profile of a configuration that names the backend",
    .is_bare = TRUE, .option = "call-timeout" },
  { "/start/backends", backends, .summary = "A backend is listed and says its options" },
  { NULL }
};

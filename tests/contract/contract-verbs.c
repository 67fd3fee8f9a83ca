/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"

/* Each verb in each of its forms, as the manual of Malt.jl has them. */

static void
store_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static void
wait_for_result (Contract *contract, GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (contract->context, TRUE);
}

static void
call (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) args = g_variant_ref_sink (
    g_variant_new_parsed ("('I ', 'declare ', 'bankruptcy!')"));
  g_autoptr (GVariant) defined = contract_eval (
    worker, "function declare (...) said = table.concat ({...}):upper () return said end", NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GVariant) fetched = NULL;
  g_autoptr (GVariant) finished = NULL;
  g_autoptr (GVariant) said = NULL;
  g_autoptr (GError) error = NULL;

  fetched = malt_abstract_worker_remote_call_fetch (worker, "declare", args, NULL, NULL, &error);
  g_assert_no_error (error);
  contract_assert_value (fetched, "'I DECLARE BANKRUPTCY!'");

  g_assert_true (malt_abstract_worker_remote_call_wait (worker, "declare", args, NULL, NULL,
                                                        &error));
  g_assert_no_error (error);

  malt_abstract_worker_remote_call_async (worker, "declare", args, NULL, NULL, store_result,
                                          &result);
  g_assert_null (result);
  wait_for_result (contract, &result);
  finished = malt_abstract_worker_remote_call_finish (worker, result, &error);
  g_assert_no_error (error);
  g_assert_cmpvariant (finished, fetched);

  g_assert_true (malt_abstract_worker_remote_do (worker, "declare", g_variant_new ("(s)", "done"),
                                                 NULL, &error));
  g_assert_no_error (error);
  said = contract_eval (worker, "return said", NULL);
  contract_assert_value (said, "'DONE'");
}

static void
eval (Contract *contract)
{
  const char *modules[] = { NULL, "Stub" };
  MaltAbstractWorker *worker = contract_start (contract, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (modules); i++)
    {
      g_autoptr (GVariant) fetched = NULL;
      g_autoptr (GVariant) finished = NULL;
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GError) error = NULL;

      malt_abstract_worker_remote_eval_async (worker, modules[i], "x = ...",
                                              g_variant_new ("(s)", "x is a global variable"),
                                              NULL, store_result, &result);
      g_assert_null (result);
      wait_for_result (contract, &result);
      finished = malt_abstract_worker_remote_eval_finish (worker, result, &error);
      g_assert_no_error (error);
      contract_assert_value (finished, "'x is a global variable'");

      g_assert_true (malt_abstract_worker_remote_eval_wait (worker, modules[i], "y = x:len ()",
                                                            NULL, NULL, &error));
      g_assert_no_error (error);
      fetched = malt_abstract_worker_remote_eval_fetch (worker, modules[i], "x, y", NULL, NULL,
                                                        &error);
      g_assert_no_error (error);
      contract_assert_value (fetched, "('x is a global variable', int64 22)");
    }
}

/* Unlike there, an asynchronous call fails with the exception itself. */
static void
errors (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  const char *expression = "error 'DomainError with -1.0'";
  g_autoptr (GAsyncResult) of_eval = NULL;
  g_autoptr (GAsyncResult) of_call = NULL;
  g_autoptr (GError) fetched = contract_eval_error (worker, expression);
  g_autoptr (GError) evaluated = NULL;
  g_autoptr (GError) called = NULL;

  malt_abstract_worker_remote_eval_async (worker, NULL, expression, NULL, NULL, store_result,
                                          &of_eval);
  malt_abstract_worker_remote_call_async (worker, "error",
                                          g_variant_new ("(s)", "DomainError with -1.0"), NULL,
                                          NULL, store_result, &of_call);
  wait_for_result (contract, &of_eval);
  wait_for_result (contract, &of_call);
  g_assert_null (malt_abstract_worker_remote_eval_finish (worker, of_eval, &evaluated));
  g_assert_null (malt_abstract_worker_remote_call_finish (worker, of_call, &called));
  g_assert_error (fetched, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_assert_error (evaluated, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_assert_error (called, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_assert_true (g_str_has_suffix (malt_error_get_remote_message (fetched),
                                   "DomainError with -1.0"));
  g_assert_true (g_str_has_suffix (malt_error_get_remote_message (evaluated),
                                   "DomainError with -1.0"));
  g_assert_cmpstr (malt_error_get_remote_message (called), ==, "DomainError with -1.0");
}

static void
channel (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (MaltChannel) finished = NULL;
  g_autoptr (MaltChannel) again = NULL;
  g_autoptr (GVariant) answered = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_worker_channel_async (worker, "rc = malt.channel (10) return rc", NULL,
                                             store_result, &result);
  g_assert_null (result);
  wait_for_result (contract, &result);
  finished = malt_abstract_worker_worker_channel_finish (worker, result, &error);
  g_assert_no_error (error);
  g_assert_true (malt_channel_put (finished, g_variant_new_string ("to the worker"), NULL, &error));
  g_assert_no_error (error);
  answered = contract_eval (worker, "rc:put (rc:take ():upper ())", NULL);

  again = malt_abstract_worker_worker_channel (worker, "rc", NULL, &error);
  g_assert_no_error (error);
  value = malt_channel_take (again, NULL, &error);
  g_assert_no_error (error);
  contract_assert_value (value, "'TO THE WORKER'");
}

static void
stop (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GError) error = NULL;
      gboolean was_running;

      g_assert_cmpint (malt_abstract_worker_is_running (worker), ==, i == 0);
      malt_abstract_worker_stop_async (worker, MALT_STOP_TIMEOUT_DEFAULT, MALT_STOP_TIMEOUT_DEFAULT,
                                       NULL, store_result, &result);
      g_assert_null (result);
      wait_for_result (contract, &result);
      g_assert_true (malt_abstract_worker_stop_finish (worker, result, &was_running, &error));
      g_assert_no_error (error);
      g_assert_cmpint (was_running, ==, i == 0);
    }
  g_assert_false (malt_abstract_worker_is_running (worker));
}

const ContractCase contract_verb_cases[] = {
  { "/verbs/call", call, .summary = "A function is called in four ways" },
  { "/verbs/eval", eval, .summary = "An expression is evaluated in three ways, in each module" },
  { "/verbs/errors", errors, .summary = "Each way fails with the same error" },
  { "/verbs/channel", channel, .summary = "A channel is had in two ways, and more than once" },
  { "/verbs/stop", stop, .summary = "A worker is stopped asynchronously, and says whether it ran" },
  { NULL }
};

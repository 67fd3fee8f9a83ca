/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"

#include <string.h>

static const char failing[] =
  "local function inner () return nil + 1 end\n"
  "local function outer () local n = inner () return n end\n"
  "local n = outer () return n";

static void
text (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autofree char *name = malt_abstract_worker_describe (worker);
  g_autofree char *beginning = g_strdup_printf ("Remote exception from %s:\n\n", name);
  g_autoptr (GError) error = contract_eval_error (worker, failing);
  const char *traceback = malt_error_get_remote_traceback (error);
  const char *inner, *outer;

  g_assert_error (error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, beginning));
  contract_assert_contains (error->message, "attempt to perform arithmetic on a nil value");
  g_assert_cmpstr (malt_error_get_worker (error), ==, name);
  g_assert_cmpstr (malt_error_get_remote_type (error), ==, "lua.error");
  contract_assert_contains (malt_error_get_remote_message (error), "arithmetic on a nil value");
  g_assert_null (strstr (malt_error_get_remote_message (error), "traceback"));
  g_assert_nonnull (traceback);
  g_assert_true (g_regex_match_simple ("Main#[0-9]+:1:", traceback, 0, 0));
  inner = strstr (traceback, "inner");
  outer = strstr (traceback, "outer");
  g_assert_nonnull (inner);
  g_assert_nonnull (outer);
  g_assert_true (inner < outer);
  contract_assert_contains (error->message, traceback);
  contract_assert_alive (worker);
}

static void
of_the_call (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  ContractReply *reply = contract_send_eval (contract, worker, failing, NULL);

  contract_wait (contract, reply);
  g_assert_error (reply->error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_assert_cmpstr (malt_call_get_remote_type (reply->call), ==, "lua.error");
  g_assert_cmpstr (malt_call_get_remote_message (reply->call), ==,
                   malt_error_get_remote_message (reply->error));
  g_assert_cmpstr (malt_call_get_remote_traceback (reply->call), ==,
                   malt_error_get_remote_traceback (reply->error));
  g_assert_null (malt_call_get_exit_report (reply->call));
  contract_assert_alive (worker);
}

static void
discarded (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GError) by_eval = NULL;
  g_autoptr (GError) by_call = NULL;

  g_assert_false (malt_abstract_worker_remote_eval_wait (worker, NULL, "error 'x'", NULL, NULL,
                                                         &by_eval));
  g_assert_error (by_eval, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_assert_false (malt_abstract_worker_remote_call_wait (worker, "string.rep", NULL, NULL, NULL,
                                                         &by_call));
  g_assert_error (by_call, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  contract_assert_alive (worker);
}

static void
nobody_waits (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) defined = contract_eval (worker, "function bad () error 'unheard' end",
                                                NULL);
  g_autofree char *name = malt_abstract_worker_describe (worker);
  g_autoptr (GError) error = NULL;

  contract->warns = TRUE;
  g_assert_true (malt_abstract_worker_remote_do (worker, "bad", NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (malt_abstract_worker_remote_do (worker, "no.such.function", NULL, NULL, &error));
  g_assert_no_error (error);
  contract_assert_alive (worker);
  g_assert_true (contract_wait_until (contract, contract_log_has, (gpointer) "unheard", 2000));
  g_assert_true (contract_wait_until (contract, contract_log_has, (gpointer) "no.such.function",
                                      2000));
  g_assert_cmpuint (contract_log_count (name), ==, 2);
}

static void
error_values (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  const struct
  {
    const char *expression;
    const char *message;
  } errors[] = {
    { "error (setmetatable ({}, {__tostring = function () return 'secretttzz' end}))",
      "secretttzz" },
    { "error (setmetatable ({}, {__tostring = function () error 'again' end}))",
      "__tostring failed" },
    { "error {code = 7}", "'code': <int64 7>" },
    { "error ()", "nil" },
    { "error (12)", "12" },
    { "error ('\\xff\\xfe bytes')", "bytes" },
    { "local function f () return f () + 1 end f ()", "stack overflow" },
    { "coroutine.wrap (function () error 'inside' end) ()", "inside" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (errors); i++)
    {
      g_autoptr (GError) error = contract_eval_error (worker, errors[i].expression);

      g_test_message ("%s", error->message);
      g_assert_error (error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
      contract_assert_contains (malt_error_get_remote_message (error), errors[i].message);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      contract_assert_alive (worker);
    }
}

static void
returned_error (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) value = contract_eval (worker, "return pcall (error, 'a value', 0)", NULL);
  g_autoptr (GVariant) table = contract_eval (
    worker, "return select (2, pcall (error, {7}))", NULL);
  g_autoptr (GError) error = contract_eval_error (worker,
                                                  "return select (2, pcall (error, print))");

  contract_assert_value (value, "(false, 'a value')");
  contract_assert_value (table, "[<int64 7>]");
  g_assert_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION);
  contract_assert_alive (worker);
}

static void
syntax (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) before = contract_eval (worker, "seen = 1", NULL);
  g_autoptr (GError) error = contract_eval_error (worker, "seen = 2\nreturn 1 +");
  g_autoptr (GVariant) after = contract_eval (worker, "return seen", NULL);

  g_assert_error (error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_assert_cmpstr (malt_error_get_remote_type (error), ==, "lua.syntax");
  contract_assert_contains (malt_error_get_remote_message (error), "near <eof>");
  contract_assert_value (after, "int64 1");
}

static void
unknown (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  const char *functions[] = {
    "nothing_there", "nothing.there", "contract.there", "malt.there", "string.there", "a.b.c.d",
  };

  for (guint i = 0; i < G_N_ELEMENTS (functions); i++)
    {
      g_autoptr (GError) error = contract_call_error (worker, functions[i], NULL);

      g_test_message ("%s", error->message);
      g_assert_error (error, MALT_ERROR, MALT_ERROR_UNKNOWN_FUNCTION);
      contract_assert_contains (error->message, functions[i]);
      contract_assert_alive (worker);
    }
}

static void
many (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);

  for (guint i = 0; i < contract_times (200); i++)
    {
      ContractReply *bad = contract_send_eval (contract, worker, "error 'one of many'", NULL);
      ContractReply *good = contract_send_eval (contract, worker, "return 1", NULL);

      contract_wait (contract, good);
      contract_wait (contract, bad);
      g_assert_error (bad->error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
      contract_assert_value (good->value, "int64 1");
    }
  contract_assert_alive (worker);
  contract_stop (worker);
}

const ContractCase contract_exception_cases[] = {
  { "/exceptions/text", text,
    .summary = "The text names the worker, the error and where it was raised" },
  { "/exceptions/of-the-call", of_the_call,
    .summary = "An asynchronous call has the same error, and tells its parts" },
  { "/exceptions/discarded", discarded,
    .summary = "An error is told when the result is discarded, too" },
  { "/exceptions/nobody-waits", nobody_waits,
    .summary = "An error that nobody waits for is logged" },
  { "/exceptions/values", error_values,
    .summary = "An error of any kind is told in its own words" },
  { "/exceptions/returned", returned_error,
    .summary = "An error that is returned is a value" },
  { "/exceptions/syntax", syntax, .summary = "What does not compile does not run" },
  { "/exceptions/unknown", unknown, .summary = "An unknown function is named" },
  { "/exceptions/many", many, .summary = "A worker survives many errors" },
  { NULL }
};

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"

#include <string.h>

/* From the end of an outer call to that of the inner one, in milliseconds. */
#define INNER_END_MSEC 2000

/* What a worker needs to start others of its own kind, and to have those do the same: inner
 * (options) is a worker, and deep (levels, expression, …) the value of an expression in the
 * innermost one. */
static const char prelude[] =
  "BACKEND, OPTIONS, PRELUDE = ...\n"
  "function inner (more)\n"
  "  local options = {backend = BACKEND}\n"
  "  for name, value in pairs (OPTIONS) do options[name] = value end\n"
  "  for name, value in pairs (more or {}) do options[name] = value end\n"
  "  local worker = malt.worker (options)\n"
  "  worker:remote_eval (PRELUDE, BACKEND, OPTIONS, PRELUDE)\n"
  "  return worker\n"
  "end\n"
  "function deep (levels, expression, ...)\n"
  "  if levels == 0 then return assert (load (expression)) (...) end\n"
  "  local worker <close> = inner ()\n"
  "  return worker:remote_call ('deep', levels - 1, expression, ...)\n"
  "end\n"
  "return nil";

MaltAbstractWorker *
contract_start_outer (Contract *contract, GVariant *options)
{
  MaltAbstractWorker *worker = contract_start (contract, options);
  g_autoptr (GVariant) inner_options = g_variant_ref_sink (contract_options (contract, NULL));
  g_autoptr (GVariant) defined = contract_eval (
    worker, prelude,
    g_variant_new ("(s@a{sv}s)", contract->settings->backend, inner_options, prelude));

  return worker;
}

static void
whole (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start_outer (contract, NULL);
  g_autoptr (GVariant) value = contract_eval (
    worker,
    "local malt = require 'malt'\n"
    "local w = inner ()\n"
    "local name, ran = tostring (w), w:is_running ()\n"
    "local sum = w:remote_eval ('return 1 + 1')\n"
    "local again = w:remote_eval_in ('Stub', 'x = ... return x', {1, 2})\n"
    "w:remote_eval ('function set (v) kept = v end')\n"
    "w:remote_do ('set', 400)\n"
    "local kept = w:remote_eval ('return kept, Stub.x[2]')\n"
    "w:interrupt ()\n"
    "local stopped, twice = w:stop (), w:stop ()\n"
    "return sum, again, kept, name == w:describe (), ran, stopped, twice, w:is_running ()", NULL);

  contract_assert_value (value,
                         "(int64 2, [<int64 1>, <int64 2>], (int64 400, int64 2), true, true, "
                         "true, false, false)");
}

static void
three_levels (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start_outer (contract, NULL);
  const char *echo =
    "return deep (3, 'return {...}', true, 7, 0.5, 'text', {a = {1}}, malt.bytes '\\0')";
  g_autoptr (GVariant) expected = g_variant_ref_sink (g_variant_new_parsed (
    "[<true>, <int64 7>, <0.5>, <'text'>, <{'a': <[<int64 1>]>}>, <[byte 0]>]"));

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GVariant) value = contract_eval (worker, echo, NULL);

      g_assert_cmpvariant (value, expected);
    }
}

static void
traceback (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start_outer (contract, NULL);
  g_autofree char *name = malt_abstract_worker_describe (worker);
  g_autoptr (GVariant) names = NULL;
  g_autoptr (GError) error = NULL;
  const char *child, *grandchild, *message;

  names = contract_eval (worker,
                         "w = inner ()\n"
                         "w:remote_eval [[w = inner ()\n"
                         "  w:remote_eval 'function f () local x = nil + 1 end'\n"
                         "  function f () w:remote_call 'f' end]]\n"
                         "return w:describe (), w:remote_eval 'return w:describe ()'", NULL);
  g_variant_get (names, "(&s&s)", &child, &grandchild);
  error = contract_eval_error (worker, "local function g () w:remote_call 'f' end g () return 1");
  g_test_message ("%s", error->message);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_assert_cmpstr (malt_error_get_worker (error), ==, name);
  g_assert_cmpstr (malt_error_get_remote_type (error), ==, "lua.error");
  message = malt_error_get_remote_message (error);
  contract_assert_contains (message, child);
  contract_assert_contains (message, grandchild);
  g_assert_nonnull (strstr (strstr (message, child) + 1, grandchild));
  contract_assert_contains (message, "arithmetic on a nil value");
  contract_assert_contains (message, "in function 'f'");
  contract_assert_contains (malt_error_get_remote_traceback (error), "'g'");
  contract_assert_alive (worker);
}

static void
kinds (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start_outer (contract, NULL);
  const char *cases[][2] = {
    { "w:remote_eval 'error ()'", "lua.error" },
    { "w:remote_eval 'return 1 +'", "lua.syntax" },
    { "w:remote_eval 'return print'", "lua.unsendable" },
    { "w:remote_call 'nothing.there'", "malt.unknown-function" },
    { "w:remote_call 'contract.fail'", "g-io-error-quark:1" },
    { "malt.import 'contract'.fail ()", "g-io-error-quark:1" },
    { "inner {call_timeout = 20}:remote_call ('malt.sleep', 1000.0)",
      contract_has_option (contract->settings->backend, "call-timeout")
        ? "g-io-error-quark:24" : "malt.invalid-config" },
    { "inner {call_timeout = -1}", "malt.invalid-config" },
    { "inner {backend = 'none such'}", "malt.unknown-backend" },
    { "stopped:remote_eval '1'", "malt.terminated-worker" },
    { "stopped:remote_do 'f'", "malt.terminated-worker" },
    { "stopped:interrupt ()", "malt.terminated-worker" },
    { "stopped:kill ()", contract->capabilities & MALT_WORKER_CAPABILITY_KILL
                         ? "malt.terminated-worker" : "g-io-error-quark:15" },
  };
  g_autoptr (GVariant) set = contract_eval (
    worker, "w, stopped = inner (), inner () stopped:stop () return nil", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *caught = g_strdup_printf (
        "return malt.error_type (select (2, pcall (function () %s end)))", cases[i][0]);
      g_autofree char *raised = g_strconcat (cases[i][0], " return 1", NULL);
      g_autoptr (GVariant) type = contract_eval (worker, caught, NULL);
      g_autoptr (GError) error = contract_eval_error (worker, raised);

      g_test_message ("%s: %s", cases[i][0], error->message);
      g_assert_cmpstr (g_variant_get_string (type, NULL), ==, cases[i][1]);
      if (!g_str_has_prefix (cases[i][0], "malt."))
        {
          g_assert_error (error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
          g_assert_cmpstr (malt_error_get_remote_type (error), ==, cases[i][1]);
        }
      contract_assert_alive (worker);
    }
}

/* What malt.worker() and the methods are given wrong is told before anything is started. */
static void
arguments (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start_outer (contract, NULL);
  const char *cases[][2] = {
    { "malt.worker (1)", "table expected" },
    { "malt.worker {backend = 1}", "the name of a backend is a string" },
    { "malt.worker {backend = '\\xff'}", "the name of a backend is UTF-8" },
    { "malt.worker {'process'}", "the name of an option is a string" },
    { "malt.worker {call_timeout = 1, ['call-timeout'] = 1}", "is there twice" },
    { "malt.worker {modules = print}", "option “modules”: a function value cannot be sent" },
    { "malt.worker {no_such = 1}", "“no-such”" },
    { "malt.worker {call_timeout = 'long'}", "it takes an integer from 0" },
    { "malt.worker {module_path = {1}}", "it takes an array of strings" },
    { "w:remote_eval ()", "string expected" },
    { "w:remote_eval '\\xff'", "UTF-8 text expected" },
    { "w:remote_eval 'a\\0b'", "UTF-8 text expected" },
    { "w:remote_eval_in 'Main'", "string expected" },
    { "w:remote_eval ('...', print)", "a function value cannot be sent" },
    { "w:remote_call ()", "string expected" },
    { "w:remote_do ('f', print)", "a function value cannot be sent" },
    { "w:kill (0)", "number of a signal expected" },
    { "w:kill (1000)", "number of a signal expected" },
    { "w.remote_eval ('1', '1')", "malt.Worker expected" },
    { "table.sort ({1, 2}, function () w:remote_eval '1' end)", "cannot wait here" },
    { "table.sort ({1, 2}, function () malt.worker () end)", "cannot wait here" },
  };
  g_autoptr (GVariant) set = contract_eval (worker, "w = inner () return nil", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *expression = g_strconcat (cases[i][0], " return 1", NULL);
      g_autoptr (GError) error = contract_eval_error (worker, expression);

      g_test_message ("%s: %s", cases[i][0], error->message);
      g_assert_error (error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
      contract_assert_contains (malt_error_get_remote_message (error), cases[i][1]);
    }
  contract_assert_alive (worker);
}

/* The two evaluations wait for two workers; only the second may go on, and lets the first. */
static void
overlap (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start_outer (contract, NULL);
  g_autoptr (GVariant) set = contract_eval (worker, "a, b = inner (), inner () return nil", NULL);
  ContractReply *first = contract_send_eval (
    contract, worker, "return a:remote_eval 'repeat malt.sleep (0.001) until go return 1'", NULL);
  ContractReply *second = contract_send_eval (
    contract, worker, "local x = b:remote_eval 'return 2' a:remote_eval 'go = true' return x",
    NULL);

  contract_assert_alive (worker);
  contract_wait (contract, second);
  contract_assert_value (second->value, "int64 2");
  contract_wait (contract, first);
  contract_assert_value (first->value, "int64 1");
}

/* A ContractCondition: what is counted in the inner worker stands still. */
static gboolean
inner_is_over (gpointer worker)
{
  g_autoptr (GVariant) before = contract_eval (worker, "return w:remote_eval 'return n'", NULL);
  g_autoptr (GVariant) after = contract_eval (
    worker, "return w:remote_eval 'malt.sleep (0.01) return n'", NULL);

  return g_variant_equal (before, after);
}

/* A ContractCondition: the inner worker is in the midst of its work. */
static gboolean
inner_has_begun (gpointer worker)
{
  g_autoptr (GVariant) n = contract_eval (worker, "return w:remote_eval 'return n'", NULL);

  return g_variant_is_of_type (n, G_VARIANT_TYPE_INT64) && g_variant_get_int64 (n) > 0;
}

static const char counting[] =
  "return w:remote_eval 'while true do n = (n or 0) + 1 malt.sleep (0.001) end'";

static void
interrupted (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start_outer (contract, NULL);
  g_autoptr (GVariant) set = contract_eval (worker, "w = inner () return nil", NULL);
  ContractReply *reply = contract_send_eval (contract, worker, counting, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (contract_wait_until (contract, inner_has_begun, worker, INNER_END_MSEC));
  g_assert_true (malt_abstract_worker_interrupt (worker, &error));
  g_assert_no_error (error);
  contract_wait (contract, reply);
  g_assert_error (reply->error, MALT_ERROR, MALT_ERROR_INTERRUPTED);
  g_assert_true (contract_wait_until (contract, inner_is_over, worker, INNER_END_MSEC));
}

static void
cancelled (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start_outer (contract, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GVariant) set = contract_eval (worker, "w = inner () return nil", NULL);
  ContractReply *reply = contract_send_eval (contract, worker, counting, cancellable);

  g_assert_true (contract_wait_until (contract, inner_has_begun, worker, INNER_END_MSEC));
  g_cancellable_cancel (cancellable);
  contract_wait (contract, reply);
  g_assert_error (reply->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (contract_wait_until (contract, inner_is_over, worker, INNER_END_MSEC));
}

static void
inner_interrupted (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start_outer (contract, NULL);
  g_autoptr (GVariant) set = contract_eval (worker, "w = inner () return nil", NULL);
  ContractReply *reply = contract_send_eval (
    contract, worker,
    "local ok, message = pcall (w.remote_eval, w,\n"
    "  'while true do n = (n or 0) + 1 malt.sleep (0.001) end')\n"
    "return ok, malt.error_type (message)", NULL);
  g_autoptr (GVariant) asked = NULL;
  g_autoptr (GVariant) value = NULL;

  g_assert_true (contract_wait_until (contract, inner_has_begun, worker, INNER_END_MSEC));
  asked = contract_eval (worker, "w:interrupt () return nil", NULL);
  contract_wait (contract, reply);
  contract_assert_value (reply->value, "(false, 'InterruptException')");
  value = contract_eval (worker, "return w:remote_eval '3'", NULL);
  contract_assert_value (value, "int64 3");
}

static void
depth (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start_outer (contract, NULL);
  g_autoptr (GVariant) allowed = contract_eval (worker, "return deep (9, 'return 1')", NULL);
  g_autoptr (GError) error = NULL;

  contract_assert_value (allowed, "int64 1");
  error = contract_eval_error (worker, "return deep (10, 'return 1')");
  g_assert_error (error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_assert_cmpstr (malt_error_get_remote_type (error), ==, "malt.limit");
  contract_assert_contains (malt_error_get_remote_message (error),
                            "inside of 10 others: at most 10");
  contract_assert_alive (worker);
}

static void
environment (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start_outer (contract, NULL);
  g_autoptr (GVariant) value = contract_eval (
    worker, "return deep (2, [[return malt.import 'contract'.environment ()]])", NULL);
  g_autofree char *text = g_variant_print (value, FALSE);

  g_test_message ("%s", text);
  contract_assert_contains (text, "'PATH=");
  g_assert_null (strstr (text, "MALT"));
}

static void
executable (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start_outer (
    contract, g_variant_new_parsed ("{'executable': <'self'>}"));
  g_autoptr (GVariant) value = contract_eval (
    worker, "return deep (2, [[return malt.import 'contract_static'.answer ()]])", NULL);

  contract_assert_value (value, "int64 42");
}

#define NEEDS MALT_WORKER_CAPABILITY_INTERRUPT

const ContractCase contract_nesting_cases[] = {
  { "/nesting/whole", whole,
    .summary = "A worker starts one of its own, uses it and stops it" },
  { "/nesting/three-levels", three_levels,
    .summary = "Three levels deep, twice on the same outer worker" },
  { "/nesting/traceback", traceback,
    .summary = "An exception names each worker it came through, and where it was raised" },
  { "/nesting/kinds", kinds, .summary = "A program can tell what kind of error it caught" },
  { "/nesting/arguments", arguments, .summary = "What is wrong in a call says what" },
  { "/nesting/overlap", overlap,
    .summary = "A worker that waits for another answers calls meanwhile" },
  { "/nesting/interrupted", interrupted, .needs = NEEDS,
    .summary = "Interrupting the outer call ends the inner one" },
  { "/nesting/cancelled", cancelled, .summary = "Cancelling the outer call ends the inner one" },
  { "/nesting/inner-interrupted", inner_interrupted, .needs = NEEDS,
    .summary = "Interrupting an inner worker is an error of the program that called it" },
  { "/nesting/depth", depth, .summary = "Too deep is an error that says how deep" },
  { "/nesting/environment", environment, .needs = MALT_WORKER_CAPABILITY_ISOLATED,
    .summary = "Nothing hidden is in the environment of an inner worker" },
  { "/nesting/executable", executable, .option = "executable", .is_self = TRUE,
    .summary = "A program that is its own worker is its inner workers, too" },
  { NULL }
};

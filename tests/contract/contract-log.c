/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"

#include "tests/malt-test-slowness.h"

#include <signal.h>
#include <string.h>

/* What a manager may keep of the log of one worker while its writer does nothing. */
#define UNWRITTEN_BYTES (16 * 1024 * 1024)

static void
say (MaltAbstractWorker *worker, gboolean is_structured, GLogLevelFlags level, const char *text)
{
  g_autoptr (GVariant) nothing = contract_call (
    worker, "contract.log", g_variant_new ("(bus)", is_structured, (guint) level, text));
}

static void
assert_field (const char *text, const char *key, const char *expected)
{
  g_autofree char *value = contract_log_dup_field (text, key);

  g_assert_cmpstr (value, ==, expected);
}

static void
wait_for (Contract *contract, const char *text)
{
  g_assert_true (contract_wait_until (contract, contract_log_has_record, (gpointer) text, 5000));
}

/* From C, by both of GLib's ways. */
static void
of_functions (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (
    contract, g_variant_new_parsed ("{'stdout': <'lines'>, 'stderr': <'null'>}"));
  g_autofree char *name = malt_abstract_worker_describe (worker);

  contract->warns = TRUE;
  say (worker, TRUE, G_LOG_LEVEL_WARNING, "structured");
  say (worker, FALSE, G_LOG_LEVEL_CRITICAL, "plain");
  wait_for (contract, "structured");
  wait_for (contract, "plain");

  assert_field ("structured", "MALT_WORKER", name);
  assert_field ("structured", "MALT_WORKER_LEVEL", "warning");
  assert_field ("structured", "PRIORITY", "4");
  assert_field ("structured", "GLIB_DOMAIN", "contract");
  assert_field ("structured", "CONTRACT_TEXT", "Äpfel");
  assert_field ("structured", "CONTRACT_BYTES", "\\x00\\xff\\x78");
  assert_field ("structured", "CONTRACT_POINTER", NULL);
  assert_field ("structured", "lower", NULL);
  assert_field ("structured", "MALT_FIELDS_LEFT_OUT", "2");
  assert_field ("plain", "MALT_WORKER", name);
  assert_field ("plain", "MALT_WORKER_LEVEL", "critical");
  assert_field ("plain", "GLIB_DOMAIN", "contract");
}

static void
of_expressions (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autofree char *name = malt_abstract_worker_describe (worker);
  g_autoptr (GVariant) nothing = contract_eval (
    worker, "malt.log ('message', 'from Lua', {COUNT = 5, GLIB_DOMAIN = 'app', OK = true})\n"
            "malt.log ('warning', 'bare')", NULL);

  contract->warns = TRUE;
  wait_for (contract, "from Lua");
  wait_for (contract, "bare");
  assert_field ("from Lua", "MALT_WORKER", name);
  assert_field ("from Lua", "PRIORITY", "5");
  assert_field ("from Lua", "GLIB_DOMAIN", "app");
  assert_field ("from Lua", "COUNT", "5");
  assert_field ("from Lua", "OK", "true");
  assert_field ("from Lua", "CODE_LINE", "1");
  assert_field ("bare", "PRIORITY", "4");
  assert_field ("bare", "GLIB_DOMAIN", "lua");
  assert_field ("bare", "CODE_LINE", "2");
}

/* Nothing of it is printed. */
static void
on_output (MaltAbstractWorker *worker, guint fd, GBytes *line, gpointer user_data)
{
  *(guint *) user_data += 1;
}

static void
not_as_text (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (
    contract, g_variant_new_parsed ("{'stdout': <'lines'>, 'stderr': <'lines'>}"));
  g_autoptr (GVariant) nothing = NULL;
  guint n_lines = 0;

  contract->warns = TRUE;
  g_signal_connect (worker, "output", G_CALLBACK (on_output), &n_lines);
  say (worker, TRUE, G_LOG_LEVEL_WARNING, "structured");
  say (worker, FALSE, G_LOG_LEVEL_MESSAGE, "plain");
  nothing = contract_eval (worker, "malt.log ('critical', 'from Lua')", NULL);
  wait_for (contract, "from Lua");
  contract_stop (worker);
  contract_iterate_for (contract, 0);
  g_assert_cmpuint (n_lines, ==, 0);
  g_signal_handlers_disconnect_by_data (worker, &n_lines);
}

/* The worker's $G_MESSAGES_DEBUG says what it sends; the manager's says what is shown. */
static void
levels (Contract *contract)
{
  MaltAbstractWorker *quiet = contract_start (contract, NULL);
  MaltAbstractWorker *loud = contract_start (
    contract, g_variant_new_parsed ("{'environment': <['G_MESSAGES_DEBUG=contract']>}"));
  g_autoptr (GVariant) nothing = NULL;

  contract->warns = TRUE;
  say (quiet, TRUE, G_LOG_LEVEL_DEBUG, "quiet debug");
  say (quiet, FALSE, G_LOG_LEVEL_INFO, "quiet info");
  say (quiet, FALSE, G_LOG_LEVEL_MESSAGE, "quiet message");
  say (loud, TRUE, G_LOG_LEVEL_DEBUG, "loud debug");
  nothing = contract_eval (loud, "malt.log ('debug', 'another domain')", NULL);
  say (loud, FALSE, G_LOG_LEVEL_INFO, "loud info");
  wait_for (contract, "quiet message");
  wait_for (contract, "loud info");
  g_assert_false (contract_log_has_record ((gpointer) "quiet debug"));
  g_assert_false (contract_log_has_record ((gpointer) "quiet info"));
  g_assert_false (contract_log_has_record ((gpointer) "another domain"));
  assert_field ("loud debug", "PRIORITY", "7");
  assert_field ("loud info", "PRIORITY", "6");
}

static void
assert_ends_worker (Contract *contract, const char *debug, gboolean is_structured,
                    GLogLevelFlags level)
{
  MaltAbstractWorker *worker = contract_start (
    contract, g_variant_new_parsed ("{'environment': <[%s]>, 'stderr': <'lines'>}", debug));
  ContractReply *reply = contract_send_call (
    contract, worker, "contract.log",
    g_variant_new ("(bus)", is_structured, (guint) level, "the last words"), NULL);
  MaltExitReport *report;

  contract_wait (contract, reply);
  g_assert_error (reply->error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  report = malt_error_get_exit_report (reply->error);
  g_test_message ("%s", reply->error->message);
  g_assert_cmpint (malt_exit_report_get_reason (report), ==, MALT_EXIT_REASON_CRASHED);
  contract_assert_contains (malt_exit_report_get_stderr_tail (report), "the last words");
  wait_for (contract, "the last words");
  contract_log_clear ();
}

/* What GLib makes fatal ends the worker, and nobody else. */
static void
fatal (Contract *contract)
{
  contract->warns = TRUE;
  for (guint is_structured = 0; is_structured < 2; is_structured++)
    {
      assert_ends_worker (contract, "A=b", is_structured, G_LOG_LEVEL_ERROR);
      assert_ends_worker (contract, "G_DEBUG=fatal-warnings", is_structured, G_LOG_LEVEL_WARNING);
      assert_ends_worker (contract, "G_DEBUG=fatal-criticals", is_structured,
                          G_LOG_LEVEL_CRITICAL);
    }
}

/* What was said before the end is not lost with it. */
static void
before_the_end (Contract *contract)
{
  contract->warns = TRUE;
  for (guint i = 0; i < contract_times (20); i++)
    {
      MaltAbstractWorker *worker = contract_start (contract, NULL);
      g_autofree char *text = g_strdup_printf ("last record %u", i);
      ContractReply *reply = contract_send (
        contract, worker,
        malt_call_new_eval (NULL, "malt.log ('warning', ...) io.popen ('kill -9 $PPID'):read ('a')",
                            g_variant_new ("(s)", text)), NULL);

      contract_wait (contract, reply);
      g_assert_error (reply->error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
      wait_for (contract, text);
    }
}

static void
large (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) nothing = contract_eval (
    worker,
    "malt.log ('message', 'cut' .. ('ä'):rep (1000000))\n"
    "malt.log ('message', 'fields', {SMALL = 'x', LARGE = ('x'):rep (1000000)})\n"
    "local t = {} for i = 1, 32 do t['K' .. i] = ('x'):rep (1000) end\n"
    "malt.log ('message', 'many fields', t)", NULL);
  g_autofree char *message = NULL;

  contract->warns = TRUE;
  wait_for (contract, "many fields");
  message = contract_log_dup_field ("…", "MESSAGE");
  g_assert_nonnull (message);
  g_assert_cmpuint (strlen (message), <, 9000);
  assert_field ("]: fields", "SMALL", "x");
  assert_field ("]: fields", "LARGE", NULL);
  assert_field ("]: fields", "MALT_FIELDS_LEFT_OUT", "1");
  assert_field ("many fields", "MALT_FIELDS_LEFT_OUT", "16");
}

static gboolean
has_told (gpointer text)
{
  return contract_log_count (text) > 0;
}

/* A worker that logs without end costs nobody else anything, and is told of. */
static void
flood (Contract *contract)
{
  MaltAbstractWorker *other = contract_start (contract, NULL);
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  gsize before = contract_resident_bytes ();
  ContractReply *reply = contract_send_eval (
    contract, worker,
    "local text = ('x'):rep (1000) while true do malt.log ('message', text) end", NULL);
  g_autoptr (GError) error = NULL;

  contract->warns = TRUE;
  g_assert_true (contract_wait_until (contract, has_told, (gpointer) "records were dropped",
                                      20000));
  contract_assert_alive (other);
  /* A sanitizer and valgrind keep what has been freed. */
  if (malt_test_get_slowness () == 1)
    g_assert_cmpuint (contract_resident_bytes (), <, before + UNWRITTEN_BYTES);
  malt_abstract_worker_interrupt (worker, &error);
  g_assert_no_error (error);
  contract_wait (contract, reply);
  g_assert_error (reply->error, MALT_ERROR, MALT_ERROR_INTERRUPTED);
  contract_assert_alive (worker);
}

const ContractCase contract_log_cases[] = {
  { "/log/of-functions", of_functions,
    .needs = MALT_WORKER_CAPABILITY_ISOLATED, .option = "stdout",
    .summary = "Records of C functions arrive with level, domain, fields and worker" },
  { "/log/of-expressions", of_expressions, .needs = MALT_WORKER_CAPABILITY_ISOLATED,
    .summary = "Records of expressions arrive with level, domain, fields and worker" },
  { "/log/not-as-text", not_as_text,
    .needs = MALT_WORKER_CAPABILITY_ISOLATED, .option = "stderr",
    .summary = "What is logged is not printed" },
  { "/log/levels", levels,
    .needs = MALT_WORKER_CAPABILITY_ISOLATED, .option = "environment",
    .summary = "A worker sends debug records when its environment asks for them" },
  { "/log/fatal", fatal,
    .needs = MALT_WORKER_CAPABILITY_ISOLATED, .option = "environment",
    .summary = "What GLib makes fatal in a worker ends it, and is in its report" },
  { "/log/before-the-end", before_the_end, .needs = MALT_WORKER_CAPABILITY_ISOLATED,
    .summary = "What a worker logged right before its end arrives" },
  { "/log/large", large, .needs = MALT_WORKER_CAPABILITY_ISOLATED,
    .summary = "Large records are cut, and say so" },
  { "/log/flood", flood,
    .needs = MALT_WORKER_CAPABILITY_ISOLATED | MALT_WORKER_CAPABILITY_INTERRUPT,
    .summary = "Records without end are bounded, counted and told of" },
  { NULL }
};

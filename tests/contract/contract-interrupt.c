/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"

#include <signal.h>
#include <string.h>

/* What one interrupt may take, usually and at most: a busy machine's scheduler adds its own. */
#define INTERRUPT_MEDIAN_MSEC 50
#define INTERRUPT_MAXIMUM_MSEC 1000
#define INTERRUPT_ROUNDS 100

#define SWALLOWING "while true do pcall (function () while true do end end) end"

static void
interrupt (MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_interrupt (worker, &error);
  g_assert_no_error (error);
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  gint64 first = *(const gint64 *) a, second = *(const gint64 *) b;

  return (first > second) - (first < second);
}

static void
assert_times (Contract *contract, GArray *times_us)
{
  gint64 median, maximum;

  g_array_sort (times_us, compare_times);
  median = g_array_index (times_us, gint64, times_us->len / 2);
  maximum = g_array_index (times_us, gint64, times_us->len - 1);
  g_test_message ("median %" G_GINT64_FORMAT " µs, maximum %" G_GINT64_FORMAT " µs",
                  median, maximum);
  contract_assert_time (contract, median, INTERRUPT_MEDIAN_MSEC);
  contract_assert_time (contract, maximum, INTERRUPT_MAXIMUM_MSEC);
}

/* One interrupt ends it, however long it has been on its way, again and again in one worker. */
static void
assert_interruptible (Contract *contract, const char *function, GVariant *args)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GArray) times_us = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GVariant) arguments = args != NULL ? g_variant_ref_sink (args) : NULL;

  for (guint i = 0; i < contract_times (INTERRUPT_ROUNDS); i++)
    {
      ContractReply *reply = contract_send_call (contract, worker, function, arguments, NULL);
      gint64 start_us;

      contract_iterate_for (contract, i % 6);
      g_assert_cmpuint (reply->n_ends, ==, 0);
      start_us = g_get_monotonic_time ();
      interrupt (worker);
      contract_wait (contract, reply);
      start_us = reply->ended_us - start_us;
      g_array_append_val (times_us, start_us);
      g_assert_error (reply->error, MALT_ERROR, MALT_ERROR_INTERRUPTED);
      contract_assert_alive (worker);
    }
  assert_times (contract, times_us);
}

static void
assert_evaluation_interruptible (Contract *contract, const char *expression)
{
  assert_interruptible (contract, "malt.eval", g_variant_new_parsed ("('', %s, <()>)", expression));
}

static void
endless (Contract *contract)
{
  assert_evaluation_interruptible (contract, "while true do end");
}

static void
inside_coroutine (Contract *contract)
{
  assert_evaluation_interruptible (contract,
                                   "coroutine.wrap (function () while true do end end) ()");
}

static void
swallowing (Contract *contract)
{
  assert_evaluation_interruptible (contract, SWALLOWING);
}

static void
swallowing_with_handler (Contract *contract)
{
  assert_evaluation_interruptible (
    contract, "while true do xpcall (function () while true do end end, print) end");
}

static void
swallowing_in_coroutine (Contract *contract)
{
  assert_evaluation_interruptible (contract, "coroutine.wrap (function () " SWALLOWING " end) ()");
}

static void
sleeping (Contract *contract)
{
  assert_evaluation_interruptible (contract, "malt.sleep (1e6)");
}

static void
sleeping_function (Contract *contract)
{
  assert_interruptible (contract, "malt.sleep", g_variant_new ("(d)", 1e6));
}

static void
allocating (Contract *contract)
{
  assert_evaluation_interruptible (
    contract, "local t = {} while true do t[#t % 1000 + 1] = {('x'):rep (10)} end");
}

static void
arithmetic (Contract *contract)
{
  assert_evaluation_interruptible (contract,
                                   "local n = 0 for i = 1, 1 << 62 do n = n + i * i % 7 end");
}

static void
in_metamethod (Contract *contract)
{
  assert_evaluation_interruptible (
    contract, "local t = setmetatable ({}, {__index = function () while true do end end}) "
              "return t.x");
}

static void
in_comparator (Contract *contract)
{
  assert_evaluation_interruptible (
    contract, "table.sort ({3, 2, 1}, function () while true do end end)");
}

static void
function (Contract *contract)
{
  assert_interruptible (contract, "contract.spin", NULL);
}

static void
threaded_function (Contract *contract)
{
  assert_interruptible (contract, "contract.spin_threaded", NULL);
}

static void
function_from_language (Contract *contract)
{
  assert_evaluation_interruptible (contract, "import 'contract'\ncontract.spin_threaded ()");
}

/* Different ones in one worker, each twice in a row, and the first again. */
static void
in_turn (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  const char *expressions[] = {
    "local t = {} while true do t[#t % 1000 + 1] = {('x'):rep (10)} end",
    "malt.sleep (1e6)",
    "while true do end",
    "coroutine.wrap (function () while true do end end) ()",
  };

  for (guint i = 0; i <= 2 * G_N_ELEMENTS (expressions); i++)
    {
      const char *expression = expressions[i / 2 % G_N_ELEMENTS (expressions)];
      g_autofree char *text = g_strconcat ("malt.progress (0) ", expression, NULL);
      ContractReply *reply = contract_begin_eval (contract, worker, text);

      interrupt (worker);
      contract_wait (contract, reply);
      g_assert_error (reply->error, MALT_ERROR, MALT_ERROR_INTERRUPTED);
      contract_assert_alive (worker);
    }
}

static void
details (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  ContractReply *reply = contract_begin_eval (
    contract, worker,
    "local function busy ()\nmalt.progress (0) while true do end\nend\nlocal n = busy ()");

  interrupt (worker);
  contract_wait (contract, reply);
  g_assert_error (reply->error, MALT_ERROR, MALT_ERROR_INTERRUPTED);
  g_assert_cmpstr (malt_error_get_remote_type (reply->error), ==, "InterruptException");
  contract_assert_contains (malt_error_get_remote_traceback (reply->error), "busy");
  g_assert_true (g_regex_match_simple ("Main#[0-9]+:2:",
                                       malt_error_get_remote_traceback (reply->error), 0, 0));
}

static void
idle (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);

  for (guint i = 0; i < 100; i++)
    {
      interrupt (worker);
      if (i % 10 == 0)
        contract_iterate_for (contract, 1);
      contract_assert_alive (worker);
    }
}

/* The call before it is or is not hit by the interrupt; the one after it never is. */
static void
late (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) defined = contract_eval (
    worker, "function work (n) for i = 1, n do end return n end", NULL);
  guint n_hit = 0;

  for (gint64 i = 0; i < contract_times (1000); i++)
    {
      gint64 n = i % 100 * 500;
      ContractReply *reply = contract_send_call (contract, worker, "work",
                                                 g_variant_new ("(x)", n), NULL);
      g_autoptr (GVariant) next = NULL;

      if (i % 3 == 0)
        contract_iterate_for (contract, 0);
      interrupt (worker);
      next = contract_call (worker, "work", g_variant_new ("(x)", n));
      g_assert_cmpint (g_variant_get_int64 (next), ==, n);
      contract_wait (contract, reply);
      if (reply->error != NULL)
        g_assert_error (reply->error, MALT_ERROR, MALT_ERROR_INTERRUPTED);
      n_hit += reply->error != NULL;
    }
  g_test_message ("%u were hit", n_hit);
}

static void
latest (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  ContractReply *first = contract_send_eval (contract, worker, "malt.sleep (1e6)", NULL);
  ContractReply *second = contract_send_eval (contract, worker, "malt.sleep (1e6)", NULL);

  interrupt (worker);
  contract_wait (contract, second);
  g_assert_error (second->error, MALT_ERROR, MALT_ERROR_INTERRUPTED);
  contract_assert_alive (worker);
  g_assert_cmpuint (first->n_ends, ==, 0);
  interrupt (worker);
  contract_wait (contract, first);
  g_assert_error (first->error, MALT_ERROR, MALT_ERROR_INTERRUPTED);
}

static void
post (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) defined = contract_eval (
    worker, "function busy () while true do end end", NULL);
  g_autoptr (GError) error = NULL;
  gint64 start_us;

  contract->warns = TRUE;
  malt_abstract_worker_remote_do (worker, "busy", NULL, NULL, &error);
  g_assert_no_error (error);
  contract_iterate_for (contract, 20);
  start_us = g_get_monotonic_time ();
  interrupt (worker);
  contract_assert_alive (worker);
  contract_assert_within (contract, start_us, INTERRUPT_MAXIMUM_MSEC);
  g_assert_true (contract_wait_until (contract, contract_log_has, (gpointer) "busy", 2000));
}

static void
at_once (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  ContractReply *reply = contract_send_eval (contract, worker, "malt.sleep (1e6)", NULL);

  interrupt (worker);
  contract_wait (contract, reply);
  g_assert_error (reply->error, MALT_ERROR, MALT_ERROR_INTERRUPTED);
  g_assert_true (malt_abstract_worker_is_running (worker));
  contract_stop (worker);
}

static void
send_sigint (MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_kill (worker, SIGINT, &error);
  g_assert_no_error (error);
}

/* A terminal's Ctrl-C reaches the worker too: it is the interrupt of its latest call. */
static void
by_signal (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  const char *expressions[] = {
    "malt.progress (0) while true do end",
    "malt.progress (0) malt.sleep (1e6)",
  };

  for (guint i = 0; i < G_N_ELEMENTS (expressions); i++)
    {
      ContractReply *reply = contract_begin_eval (contract, worker, expressions[i]);

      send_sigint (worker);
      contract_wait (contract, reply);
      g_assert_error (reply->error, MALT_ERROR, MALT_ERROR_INTERRUPTED);
      contract_assert_alive (worker);
    }
}

/* The worker may look at the signal when a call has come, which is the latest then. */
static void
idle_by_signal (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  guint n_hit = 0;

  send_sigint (worker);
  for (guint i = 0; i < 20; i++)
    {
      ContractReply *reply = contract_send_call (contract, worker, "malt.ping", NULL, NULL);

      contract_wait (contract, reply);
      if (reply->error != NULL)
        g_assert_error (reply->error, MALT_ERROR, MALT_ERROR_INTERRUPTED);
      n_hit += reply->error != NULL;
    }
  g_assert_cmpuint (n_hit, <=, 1);
  g_assert_true (malt_abstract_worker_is_running (worker));
}

static void
queued (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  ContractReply *busy = contract_send_eval (contract, worker, "while true do end", cancellable);
  ContractReply *behind;

  contract_iterate_for (contract, 20);
  behind = contract_send_call (contract, worker, "malt.ping", NULL, NULL);
  contract_iterate_for (contract, 20);
  g_assert_cmpuint (behind->n_ends, ==, 0);
  g_cancellable_cancel (cancellable);
  contract_wait (contract, behind);
  g_assert_no_error (behind->error);
  contract_wait (contract, busy);
  g_assert_error (busy->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
dead (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GError) error = NULL;

  contract_stop (worker);
  g_assert_false (malt_abstract_worker_interrupt (worker, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
}

#define NEEDS .needs = MALT_WORKER_CAPABILITY_INTERRUPT
#define LOOPS NEEDS, .loops = TRUE

const ContractCase contract_interrupt_cases[] = {
  { "/interrupt/endless", endless, LOOPS, .summary = "An endless loop" },
  { "/interrupt/coroutine", inside_coroutine, LOOPS, .summary = "An endless loop in a coroutine" },
  { "/interrupt/swallowing", swallowing, LOOPS, .summary = "A loop that swallows errors" },
  { "/interrupt/swallowing-with-handler", swallowing_with_handler, LOOPS,
    .summary = "A loop that swallows errors with xpcall" },
  { "/interrupt/swallowing-in-coroutine", swallowing_in_coroutine, LOOPS,
    .summary = "A loop that swallows errors, in a coroutine" },
  { "/interrupt/sleeping", sleeping, NEEDS, .summary = "A sleep" },
  { "/interrupt/sleeping-function", sleeping_function, NEEDS, .summary = "The sleeping function" },
  { "/interrupt/allocating", allocating, NEEDS, .summary = "An allocating loop" },
  { "/interrupt/arithmetic", arithmetic, LOOPS, .summary = "A loop that only computes" },
  { "/interrupt/metamethod", in_metamethod, LOOPS, .summary = "A loop in a metamethod" },
  { "/interrupt/comparator", in_comparator, LOOPS, .summary = "A loop that a C function called" },
  { "/interrupt/function", function, NEEDS, .summary = "A function that heeds its cancellable" },
  { "/interrupt/threaded-function", threaded_function, NEEDS,
    .summary = "A threaded function that heeds its cancellable" },
  { "/interrupt/function-from-language", function_from_language, NEEDS,
    .summary = "A function that an expression waits for" },
  { "/interrupt/in-turn", in_turn, LOOPS,
    .summary = "Different calls in one worker, each twice in a row, and the first again" },
  { "/interrupt/details", details, LOOPS, .summary = "The error says where it was" },
  { "/interrupt/idle", idle, NEEDS, .summary = "An idle worker is not interrupted" },
  { "/interrupt/late", late, NEEDS, .summary = "A late interrupt never hits the next call" },
  { "/interrupt/latest", latest, NEEDS, .summary = "The latest call is meant" },
  { "/interrupt/post", post, LOOPS, .summary = "A call that nobody waits for is interrupted too" },
  { "/interrupt/at-once", at_once, NEEDS,
    .summary = "An interrupt just after sending leaves a worker that lives on and stops" },
  { "/interrupt/queued", queued, LOOPS,
    .summary = "What waited behind an endless loop is answered" },
  { "/interrupt/by-signal", by_signal, .option = "process-group",
    .needs = MALT_WORKER_CAPABILITY_INTERRUPT | MALT_WORKER_CAPABILITY_KILL,
    .loops = TRUE, .summary = "SIGINT is the interrupt of the latest call" },
  { "/interrupt/idle-by-signal", idle_by_signal, .option = "process-group",
    .needs = MALT_WORKER_CAPABILITY_INTERRUPT | MALT_WORKER_CAPABILITY_KILL,
    .summary = "SIGINT does an idle worker no harm" },
  { "/interrupt/dead", dead, NEEDS, .summary = "A dead worker says that it is" },
  { NULL }
};

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"

#include <glib/gstdio.h>
#include <string.h>

static void
signature (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) first = contract_call (worker, "contract.typed",
                                              g_variant_new ("(sx)", "a", (gint64) 1));
  g_autoptr (GError) error = contract_call_error (worker, "contract.typed",
                                                  g_variant_new ("(si)", "a", 1));
  g_autoptr (GVariant) second = contract_call (worker, "contract.typed",
                                               g_variant_new ("(sx)", "a", (gint64) 1));

  g_assert_error (error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_assert_cmpstr (malt_error_get_remote_type (error), ==, "malt.type");
  contract_assert_contains (error->message, "(sx)");
  contract_assert_contains (error->message, "(si)");
  /* The module may be that of this process, and older than the worker. */
  g_assert_cmpuint (g_variant_get_uint32 (second), ==, g_variant_get_uint32 (first) + 1);
}

static void
failing (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GError) error = contract_call_error (worker, "contract.fail", NULL);
  g_autofree char *type = g_strdup_printf ("%s:%d", g_quark_to_string (G_IO_ERROR),
                                           G_IO_ERROR_NOT_FOUND);

  g_assert_error (error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_assert_cmpstr (malt_error_get_remote_type (error), ==, type);
  g_assert_cmpstr (malt_error_get_remote_message (error), ==, "There is no “Äpfel”");
  contract_assert_alive (worker);
}

static void
nothing (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) value = contract_call (worker, "contract.nothing", NULL);

  contract_assert_value (value, "()");
}

static void
keywords (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) kwargs = g_variant_ref_sink (
    g_variant_new_parsed ("{'name': <'value'>, 'n': <int64 3>}"));
  g_autoptr (GVariant) defined = contract_eval (
    worker, "function f (a, k) return a, k and k.name, k and k.n end", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) of_c = NULL;
  g_autoptr (GVariant) of_language = NULL;
  g_autoptr (GVariant) without = NULL;

  of_c = malt_abstract_worker_remote_call_fetch (worker, "contract.keywords", NULL, kwargs, NULL,
                                                 &error);
  g_assert_no_error (error);
  g_assert_cmpvariant (of_c, kwargs);
  of_language = malt_abstract_worker_remote_call_fetch (
    worker, "f", g_variant_new ("(s)", "first"), kwargs, NULL, &error);
  g_assert_no_error (error);
  contract_assert_value (of_language, "('first', 'value', int64 3)");
  without = contract_call (worker, "f", g_variant_new ("(s)", "first"));
  contract_assert_value (without, "('first', @mv nothing, @mv nothing)");
}

static void
from_language (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) direct = contract_eval (
    worker, "import 'contract'\nreturn contract.typed ('a', 1) > 0", NULL);
  g_autoptr (GVariant) caught = contract_eval (
    worker, "local ok, e = pcall (contract.fail) return ok, tostring (e)", NULL);
  g_autoptr (GVariant) overlapping = NULL;
  const char *text;
  gboolean ok;

  contract_assert_value (direct, "true");
  g_variant_get (caught, "(b&s)", &ok, &text);
  g_assert_false (ok);
  contract_assert_contains (text, "Äpfel");
  overlapping = contract_eval (
    worker, "local t = {} for i = 1, 2 do t[i] = contract.pid () end return t[1] == t[2]", NULL);
  contract_assert_value (overlapping, "true");
}

typedef struct
{
  GThread *thread;
  guint    n;
  double   fraction;
  char    *message;
} ProgressSeen;

static void
on_progress (MaltCall *call, double fraction, const char *message, gpointer user_data)
{
  ProgressSeen *seen = user_data;

  g_assert_true (g_thread_self () == seen->thread);
  g_assert_cmpfloat (fraction, >, seen->fraction);
  seen->fraction = fraction;
  seen->n++;
  g_free (seen->message);
  seen->message = g_strdup (message);
}

/* What comes faster than it is told may be left out, the last one excepted. */
static void
progress (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);

  for (guint blocking = 0; blocking < 2; blocking++)
    {
      ProgressSeen seen = { .thread = g_thread_self () };
      g_autoptr (MaltCall) call = malt_call_new ("contract.progress", g_variant_new ("(u)", 5),
                                                 NULL);
      gulong handler = g_signal_connect (call, "progress", G_CALLBACK (on_progress), &seen);
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = NULL;

      if (blocking)
        value = malt_abstract_worker_send (worker, call, NULL, &error);
      else
        contract_wait (contract, contract_send (contract, worker, g_object_ref (call), NULL));
      g_assert_no_error (error);
      g_assert_cmpuint (seen.n, >=, 1);
      g_assert_cmpuint (seen.n, <=, 5);
      g_assert_cmpfloat (seen.fraction, ==, 1.0);
      g_assert_cmpstr (seen.message, ==, "step 5");
      g_signal_handler_disconnect (call, handler);
      g_free (seen.message);
    }
}

static gboolean
has_progress (gpointer seen)
{
  return ((ProgressSeen *) seen)->n > 0;
}

/* While the function runs, not with its result. */
static void
progress_in_time (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  MaltCall *calls[] = {
    malt_call_new ("contract.announce", g_variant_new ("(d)", 0.5), NULL),
    malt_call_new ("contract.announce_threaded", g_variant_new ("(d)", 0.5), NULL),
    malt_call_new_eval (NULL, "malt.progress (0.5, 'here') while true do end", NULL),
    malt_call_new_eval (NULL, "malt.progress (0.5, 'here') malt.sleep (1e6)", NULL),
  };

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      ProgressSeen seen = { .thread = g_thread_self () };
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      gulong handler = g_signal_connect (calls[i], "progress", G_CALLBACK (on_progress), &seen);
      ContractReply *reply = contract_send (contract, worker, calls[i], cancellable);

      g_assert_true (contract_wait_until (contract, has_progress, &seen, 10000));
      g_assert_cmpuint (reply->n_ends, ==, 0);
      g_assert_cmpfloat (seen.fraction, ==, 0.5);
      g_assert_cmpstr (seen.message, ==, "here");
      g_cancellable_cancel (cancellable);
      contract_wait (contract, reply);
      g_signal_handler_disconnect (calls[i], handler);
      g_free (seen.message);
    }
}

/* What a function reports that an expression calls is for whoever sent the expression. */
static void
progress_of_nested (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  const char *expressions[] = {
    "import 'contract' return contract.progress (5)",
    "import 'contract' malt.spawn (malt.yield) malt.yield () return contract.progress (5)",
    "for i = 1, 5 do malt.progress (i / 5, 'step ' .. i) end",
    "coroutine.wrap (function () malt.progress (1, 'step 5') end) ()",
    "for i = 1, 100000 do malt.progress (i / 100000, 'step ' .. (i < 100000 and 1 or 5)) end",
  };

  for (guint i = 0; i < G_N_ELEMENTS (expressions); i++)
    {
      ProgressSeen seen = { .thread = g_thread_self () };
      g_autoptr (MaltCall) call = malt_call_new_eval (NULL, expressions[i], NULL);
      gulong handler = g_signal_connect (call, "progress", G_CALLBACK (on_progress), &seen);
      ContractReply *reply = contract_send (contract, worker, g_object_ref (call), NULL);

      contract_wait (contract, reply);
      g_assert_no_error (reply->error);
      g_assert_cmpuint (seen.n, >=, 1);
      g_assert_cmpfloat (seen.fraction, ==, 1.0);
      g_assert_cmpstr (seen.message, ==, "step 5");
      g_signal_handler_disconnect (call, handler);
      g_free (seen.message);
    }
}

static void
threaded (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  ContractReply *first = contract_send_call (contract, worker, "contract.meet",
                                             g_variant_new ("(u)", 2), NULL);
  ContractReply *second;

  contract_assert_alive (worker);
  g_assert_cmpuint (first->n_ends, ==, 0);
  second = contract_send_call (contract, worker, "contract.meet", g_variant_new ("(u)", 2), NULL);
  contract_wait_all (contract);
  contract_assert_value (first->value, "uint32 2");
  contract_assert_value (second->value, "uint32 2");
}

static void
cooperative (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  ContractReply *busy = contract_send_call (contract, worker, "contract.ignore",
                                            g_variant_new ("(u)", 100), NULL);
  ContractReply *behind = contract_send_call (contract, worker, "malt.ping", NULL, NULL);

  contract_wait_all (contract);
  g_assert_no_error (busy->error);
  g_assert_no_error (behind->error);
  g_assert_cmpint (busy->ended_us, <=, behind->ended_us);
}

static void
missing_module (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GError) by_call = contract_call_error (worker, "malt.import",
                                                    g_variant_new ("(s)", "nothing_here"));
  g_autoptr (GError) by_eval = contract_eval_error (worker, "import 'nothing_here'");

  g_assert_true (by_call->domain == MALT_ERROR);
  contract_assert_contains (by_call->message, "nothing_here");
  g_assert_true (by_eval->domain == MALT_ERROR);
  contract_assert_contains (by_eval->message, "nothing_here");
  contract_assert_alive (worker);
}

static void
broken_module (Contract *contract)
{
  g_autofree char *folder = g_dir_make_tmp ("malt-contract-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (folder, "broken.so", NULL);
  MaltAbstractWorker *worker;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (file, "\177ELF and no more", -1, NULL));
  worker = contract_start (contract, g_variant_new_parsed ("{'module-path': <[%s]>}", folder));
  error = contract_call_error (worker, "malt.import", g_variant_new ("(s)", "broken"));
  g_test_message ("%s", error->message);
  g_assert_true (error->domain == MALT_ERROR);
  contract_assert_contains (error->message, "broken");
  contract_assert_alive (worker);
  g_unlink (file);
  g_rmdir (folder);
}

static void
loaded_at_start (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (
    contract, g_variant_new_parsed ("{'modules': <['contract']>}"));
  g_autoptr (GVariant) names = contract_call (worker, "malt.list", NULL);
  g_autofree const char **strings = g_variant_get_strv (names, NULL);

  g_assert_true (g_strv_contains (strings, "contract.echo"));
}

const ContractCase contract_function_cases[] = {
  { "/functions/signature", signature,
    .summary = "A call with arguments of the wrong type fails before it runs and names both" },
  { "/functions/failing", failing,
    .summary = "The GError of a function arrives with its domain, code and text" },
  { "/functions/nothing", nothing, .summary = "A function that returns nothing answers nothing" },
  { "/functions/keywords", keywords, .summary = "Keyword arguments arrive" },
  { "/functions/from-language", from_language,
    .summary = "An expression imports and calls functions of a module" },
  { "/functions/progress", progress,
    .summary = "Progress is told to the sender, in its own thread" },
  { "/functions/progress-of-nested", progress_of_nested,
    .summary = "Progress of an expression, and of functions that it calls" },
  { "/functions/progress-in-time", progress_in_time, .loops = TRUE,
    .needs = MALT_WORKER_CAPABILITY_INTERRUPT, .summary = "Progress is told while the call runs" },
  { "/functions/threaded", threaded, .summary = "Threaded functions run beside each other" },
  { "/functions/cooperative", cooperative, .summary = "Other functions run one after the other" },
  { "/functions/missing-module", missing_module, .summary = "A module that is not there is named" },
  { "/functions/broken-module", broken_module, .summary = "A broken module costs its import only",
    .option = "module-path" },
  { "/functions/loaded-at-start", loaded_at_start,
    .summary = "Modules are loaded at start", .option = "modules" },
  { NULL }
};

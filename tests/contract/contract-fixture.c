/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"
#include "tests/malt-test-slowness.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A case that takes longer has hung: the slowest takes a few seconds. */
#define CONTRACT_DEADLINE_SEC 120

/* So many times in a row a case is late, then it is not the machine. */
#define CONTRACT_ATTEMPTS 5

/* How long what a worker held may take to be released after its end. */
#define CONTRACT_CLEAN_UP_MSEC 3000

static const ContractSettings *the_settings;

static const ContractCase *const all_cases[] = {
  contract_basic_cases,
  contract_verb_cases,
  contract_namespace_cases,
  contract_value_cases,
  contract_exception_cases,
  contract_function_cases,
  contract_interrupt_cases,
  contract_cancel_cases,
  contract_timeout_cases,
  contract_end_cases,
  contract_report_cases,
  contract_log_cases,
  contract_output_cases,
  contract_relay_cases,
  contract_start_cases,
  contract_environment_cases,
  contract_limit_cases,
  contract_concurrency_cases,
  contract_channel_cases,
  contract_nesting_cases,
  contract_nesting_end_cases,
};

/* Runs in a signal handler: says what hung, then ends the program with a core. */
static void
on_deadline (int signum)
{
  static const char text[] = "Bail out! The case did not end before its deadline\n";
  gssize written = write (STDOUT_FILENO, text, sizeof text - 1);

  (void) written;
  abort ();
}

static void
reply_free (gpointer data)
{
  ContractReply *reply = data;

  g_clear_object (&reply->call);
  g_clear_pointer (&reply->value, g_variant_unref);
  g_clear_error (&reply->error);
  g_free (reply);
}

/* The thread that moves the values of channels is started by the first one. */
static void
use_first_channel (MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltChannel) channel =
    malt_abstract_worker_worker_channel (worker, "malt.channel (1)", NULL, &error);

  g_assert_no_error (error);
  g_assert_true (malt_channel_close (channel, NULL, &error));
}

/* What the first worker of a process leaves behind for good (the descriptors of threads of malt) is
 * no leak of the case that happens to be the first. */
static MaltWorkerCapabilities
start_first_worker (Contract *contract)
{
  static gsize once;

  if (g_once_init_enter (&once))
    {
      MaltAbstractWorker *worker = contract_start (contract, NULL);
      gsize capabilities = malt_abstract_worker_get_capabilities (worker);

      contract_assert_alive (worker);
      use_first_channel (worker);
      contract_stop (worker);
      g_ptr_array_set_size (contract->workers, 0);
      g_once_init_leave (&once, capabilities + 1);
    }
  return once - 1;
}

static void
contract_set_up (gpointer fixture, gconstpointer data)
{
  Contract *contract = fixture;

  contract->settings = the_settings;
  contract->test_case = data;
  contract->context = g_main_context_new ();
  g_main_context_push_thread_default (contract->context);
  contract->workers = g_ptr_array_new_with_free_func (g_object_unref);
  contract->replies = g_ptr_array_new_with_free_func (reply_free);
  alarm (contract_limit (CONTRACT_DEADLINE_SEC));
  contract->capabilities = start_first_worker (contract);
  contract_iterate_for (contract, 0);
  contract_log_clear ();
  contract->n_descriptors = contract_count_descriptors ();
}

gboolean
contract_keeps_spares (Contract *contract)
{
  guint n_spares = 0;

  return contract->settings->options != NULL &&
         g_variant_lookup (contract->settings->options, "spare", "u", &n_spares) && n_spares > 0;
}

static gboolean
is_clean (gpointer user_data)
{
  Contract *contract = user_data;

  return contract_count_running () == 0 &&
         (contract_keeps_spares (contract) ||
          (contract_count_children () == 0 &&
           contract_count_descriptors () <= contract->n_descriptors));
}

/* Ends what the case has started, and looks at what it leaves behind. */
static void
clean_up (Contract *contract)
{
  for (guint i = 0; i < contract->workers->len; i++)
    contract_stop (contract->workers->pdata[i]);
  contract_wait_all (contract);
  for (guint i = 0; i < contract->replies->len; i++)
    {
      ContractReply *reply = contract->replies->pdata[i];

      g_assert_cmpuint (reply->n_ends, ==, 1);
    }
  if (!contract->warns && contract_log_count_own (contract) > 0)
    g_error ("The case has warned; the log has %u warnings", contract_log_count (NULL));
  g_ptr_array_set_size (contract->workers, 0);
  g_ptr_array_set_size (contract->replies, 0);

  if (!contract_wait_until (contract, is_clean, contract, CONTRACT_CLEAN_UP_MSEC))
    g_error ("Left over: %u running workers, %u children, %d descriptors",
             contract_count_running (), contract_count_children (),
             (int) contract_count_descriptors () - (int) contract->n_descriptors);
}

static void
contract_tear_down (gpointer fixture, gconstpointer data)
{
  Contract *contract = fixture;

  clean_up (contract);
  alarm (0);
  g_ptr_array_unref (contract->workers);
  g_ptr_array_unref (contract->replies);
  g_main_context_pop_thread_default (contract->context);
  g_main_context_unref (contract->context);
}

gboolean
contract_has_option (const char *backend_name, const char *option)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltBackend) backend = malt_lookup_backend (backend_name, &error);
  g_autoptr (GTypeClass) worker_class = NULL;

  g_assert_no_error (error);
  worker_class = g_type_class_ref (malt_backend_get_worker_type (backend));
  return g_object_class_find_property (G_OBJECT_CLASS (worker_class), option) != NULL;
}

static void
run_until_in_time (Contract *contract)
{
  contract->test_case->run (contract);
  for (guint i = 1; contract->is_late && i < CONTRACT_ATTEMPTS; i++)
    {
      clean_up (contract);
      contract_log_clear ();
      contract->warns = FALSE;
      contract->is_late = FALSE;
      alarm (contract_limit (CONTRACT_DEADLINE_SEC));
      contract->test_case->run (contract);
    }
  if (contract->is_late)
    g_test_fail_printf ("Late %d times in a row", CONTRACT_ATTEMPTS);
}

static void
contract_run (gpointer fixture, gconstpointer data)
{
  Contract *contract = fixture;
  const ContractCase *test_case = data;
  MaltWorkerCapabilities missing = test_case->needs & ~contract->capabilities;

  g_test_summary (test_case->summary);
  if (missing != 0)
    {
      g_autofree char *text = g_flags_to_string (MALT_TYPE_WORKER_CAPABILITIES, missing);
      g_autofree char *reason = g_strdup_printf ("the backend does not declare %s", text);

      g_test_skip (reason);
    }
  else if (test_case->option != NULL
           && !contract_has_option (the_settings->backend, test_case->option))
    {
      g_autofree char *reason = g_strdup_printf ("the backend has no option “%s”",
                                                  test_case->option);

      g_test_skip (reason);
    }
  else if (the_settings->pool && !contract_pool_is_held_to (test_case->path))
    g_test_skip ("a pool is not its worker");
  else if (test_case->is_bare && the_settings->needs_options)
    g_test_skip ("the case starts workers without the options that they need");
  else if (!contract_sandbox_is_held_to (contract))
    g_test_skip ("the sandbox refuses what the case does");
  else if (test_case->is_self && malt_test_is_valgrind ())
    g_test_skip ("the program that it is itself is valgrind");
  else if (test_case->loops && MALT_TEST_HOLDS_SIGNALS_BACK)
    g_test_skip ("ThreadSanitizer holds signals back in a loop of the language alone");
  else
    run_until_in_time (contract);
}

void
malt_contract_init (const ContractSettings *settings)
{
  struct sigaction action = { .sa_handler = on_deadline };

  the_settings = settings;
  sigaction (SIGALRM, &action, NULL);
  contract_log_init ();
}

/* Each case with the marks of what it needs, as docs/contract.md has them. */
void
malt_contract_list_cases (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (all_cases); i++)
    for (const ContractCase *test_case = all_cases[i]; test_case->path != NULL; test_case++)
      printf ("%s %s%s%s%s\n", test_case->path,
              test_case->needs & MALT_WORKER_CAPABILITY_INTERRUPT ? "ⁱ" : "",
              test_case->needs & MALT_WORKER_CAPABILITY_KILL ? "ᵏ" : "",
              test_case->needs & MALT_WORKER_CAPABILITY_ISOLATED ? "ˢ" : "",
              test_case->option != NULL ? "ᵒ" : "");
}

static gboolean
begins_with_any (const char *path, const char *const *prefixes)
{
  for (guint i = 0; prefixes != NULL && prefixes[i] != NULL; i++)
    if (g_str_has_prefix (path, prefixes[i]))
      return TRUE;
  return prefixes == NULL;
}

/* As GLib's tests have them; of cases that begin with one of `only`, NULL for all. (transfer
 * full) */
char **
contract_dup_paths (const char *const *only)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; i < G_N_ELEMENTS (all_cases); i++)
    for (const ContractCase *test_case = all_cases[i]; test_case->path != NULL; test_case++)
      {
        g_autofree char *path = g_strconcat ("/malt/contract/", the_settings->backend,
                                             test_case->path, NULL);

        if (begins_with_any (test_case->path, only))
          g_strv_builder_add (builder, path);
      }
  return g_strv_builder_end (builder);
}

void
malt_contract_add_cases (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (all_cases); i++)
    for (const ContractCase *test_case = all_cases[i]; test_case->path != NULL; test_case++)
      {
        g_autofree char *path = g_strconcat ("/malt/contract/", the_settings->backend,
                                             test_case->path, NULL);

        g_test_add_vtable (path, sizeof (Contract), test_case, contract_set_up, contract_run,
                           contract_tear_down);
      }
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <malt/malt.h>
#include "tests/malt-test-slowness.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* What only workers in this process do: everything else is in the contract. */

#define N_WORKERS 4

/* The worker that the functions below call; set by each test. */
static MaltAbstractWorker *own_worker;

/* Whether on_stuck() runs, and whether it may return; atomic. */
static int is_stuck;
static int is_freed;

static MaltAbstractWorker *
start (GVariant *options)
{
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker = malt_create_worker_with_options ("in-process", options, NULL,
                                                                &error);

  g_assert_no_error (error);
  return worker;
}

static void
stop (MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_stop (worker, MALT_STOP_TIMEOUT_DEFAULT, MALT_STOP_TIMEOUT_DEFAULT, NULL,
                             NULL, &error);
  g_assert_no_error (error);
  g_object_unref (worker);
}

static gint64
call_int (MaltAbstractWorker *worker, MaltCall *call, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_send (worker, call, cancellable, &error);

  g_assert_no_error (error);
  return g_variant_get_int64 (value);
}

static gint64
eval_int (MaltAbstractWorker *worker, const char *expression)
{
  g_autoptr (MaltCall) call = malt_call_new_eval (NULL, expression, NULL);

  return call_int (worker, call, NULL);
}

static gint64
get_thread (void)
{
  return (gint64) (gintptr) g_thread_self ();
}

/* here.thread (): which thread it runs in. */
static GVariant *
on_thread (MaltInvocation *invocation, GVariant *args, GVariant *kwargs, gpointer data,
           GError **error)
{
  return g_variant_new_int64 (get_thread ());
}

/* here.within (s): evaluates in the worker that it is in. */
static GVariant *
on_within (MaltInvocation *invocation, GVariant *args, GVariant *kwargs, gpointer data,
           GError **error)
{
  const char *expression;

  g_variant_get (args, "(&s)", &expression);
  return malt_abstract_worker_remote_eval_fetch (own_worker, NULL, expression, NULL, NULL, error);
}

/* here.call (s): calls a function of the worker that it is in. */
static GVariant *
on_call (MaltInvocation *invocation, GVariant *args, GVariant *kwargs, gpointer data,
         GError **error)
{
  const char *function;

  g_variant_get (args, "(&s)", &function);
  return malt_abstract_worker_remote_call_fetch (own_worker, function, NULL, NULL, NULL, error);
}

/* here.nap (): a sleep in the worker that it is in. */
static GVariant *
on_nap (MaltInvocation *invocation, GVariant *args, GVariant *kwargs, gpointer data, GError **error)
{
  return malt_abstract_worker_remote_call_fetch (own_worker, "malt.sleep",
                                                 g_variant_new ("(d)", 0.01), NULL, NULL, error);
}

/* here.stuck (): heeds nothing. */
static GVariant *
on_stuck (MaltInvocation *invocation, GVariant *args, GVariant *kwargs, gpointer data,
          GError **error)
{
  g_atomic_int_set (&is_stuck, TRUE);
  while (!g_atomic_int_get (&is_freed))
    g_usleep (1000);
  return NULL;
}

static gboolean
load (MaltModule *module, GError **error)
{
  malt_module_add_function (module, "thread", "()", MALT_FUNCTION_FLAGS_NONE, on_thread, NULL,
                            NULL);
  malt_module_add_function (module, "within", "(s)", MALT_FUNCTION_FLAGS_NONE, on_within, NULL,
                            NULL);
  malt_module_add_function (module, "call", "(s)", MALT_FUNCTION_FLAGS_NONE, on_call, NULL, NULL);
  malt_module_add_function (module, "nap", "()", MALT_FUNCTION_FLAGS_NONE, on_nap, NULL, NULL);
  malt_module_add_function (module, "stuck", "()", MALT_FUNCTION_FLAGS_NONE, on_stuck, NULL, NULL);
  return TRUE;
}

static GVariant *
with_module (void)
{
  return g_variant_new_parsed ("{'modules': <['here']>}");
}

static void
here (void)
{
  MaltAbstractWorker *worker = start (with_module ());
  g_autoptr (MaltCall) call = malt_call_new ("here.thread", NULL, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  gint64 n_here = 0;

  /* The worker may still be about to fall asleep at first. */
  for (guint i = 0; i < 10000 && n_here == 0; i++)
    n_here += call_int (worker, call, NULL) == get_thread ();
  g_assert_cmpint (n_here, ==, 1);

  g_assert_cmpint (call_int (worker, call, cancellable), !=, get_thread ());
  malt_call_set_timeout (call, 60000);
  g_assert_cmpint (call_int (worker, call, NULL), !=, get_thread ());
  stop (worker);
}

static void
order (void)
{
  MaltAbstractWorker *worker = start (NULL);
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_remote_eval_wait (worker, NULL,
                                         "n = 0 function count () n = n + 1 end", NULL, NULL,
                                         &error);
  g_assert_no_error (error);
  for (guint i = 1; i <= 1000; i++)
    {
      g_assert_true (malt_abstract_worker_remote_do (worker, "count", NULL, NULL, &error));
      if (i % 7 == 0)
        g_assert_cmpint (eval_int (worker, "return n"), ==, i);
    }
  stop (worker);
}

static gint64
call_with_text (MaltAbstractWorker *worker, const char *function, const char *text,
                GCancellable *cancellable)
{
  g_autoptr (MaltCall) call = malt_call_new (function, g_variant_new ("(s)", text), NULL);

  return call_int (worker, call, cancellable);
}

/* In the calling thread, and, with the cancellable, in the worker's. */
static void
within (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GCancellable *cancellables[] = { NULL, cancellable };

  own_worker = start (with_module ());
  for (guint i = 0; i < 200; i++)
    {
      GCancellable *chosen = cancellables[i % 2];
      g_autoptr (MaltCall) nap = malt_call_new ("here.nap", NULL, NULL);
      g_autoptr (GVariant) nothing = NULL;
      g_autoptr (GError) error = NULL;

      g_assert_cmpint (call_with_text (own_worker, "here.within", "return 7", chosen), ==, 7);
      g_assert_cmpint (call_with_text (own_worker, "here.within", "malt.sleep (0.001) return 8",
                                       chosen), ==, 8);
      g_assert_cmpint (call_with_text (own_worker, "here.call", "here.thread", chosen), !=, 0);
      if (i >= 4)
        continue;
      nothing = malt_abstract_worker_send (own_worker, nap, chosen, &error);
      g_assert_no_error (error);
    }
  /* From the language, in its first step and in one after a wait. */
  g_assert_cmpint (eval_int (own_worker, "return malt.import ('here').within ('return 9')"), ==, 9);
  g_assert_cmpint (eval_int (own_worker, "malt.sleep (0.001) return malt.import ('here')"
                             ".within ('malt.sleep (0.001) return 10')"), ==, 10);
  stop (g_steal_pointer (&own_worker));
}

static gpointer
put_from_outside (gpointer worker)
{
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_remote_eval_wait (worker, NULL, "malt.sleep (0.001) channel:put (11)", NULL,
                                         NULL, &error);
  g_assert_no_error (error);
  return NULL;
}

/* What the worker's thread waits for in its own worker may come with a call of somebody else's. */
static void
within_for_others (void)
{
  g_autoptr (GError) error = NULL;

  own_worker = start (with_module ());
  malt_abstract_worker_remote_eval_wait (own_worker, NULL, "channel = malt.channel (1)", NULL, NULL,
                                         &error);
  g_assert_no_error (error);

  for (guint i = 0; i < 20; i++)
    {
      GThread *thread = g_thread_new ("outside", put_from_outside, own_worker);

      g_assert_cmpint (eval_int (own_worker, "return malt.import ('here')"
                                 ".within ('return channel:take ()')"), ==, 11);
      g_thread_join (thread);
    }
  stop (g_steal_pointer (&own_worker));
}

static gpointer
call_many (gpointer worker)
{
  g_autoptr (MaltCall) call = malt_call_new ("here.thread", NULL, NULL);

  for (guint i = 0; i < 2000; i++)
    {
      gint64 thread = call_int (worker, call, NULL);

      g_assert_cmpint (thread, !=, 0);
      if (i % 50 == 0)
        g_assert_cmpint (eval_int (worker, "return 1"), ==, 1);
    }
  return NULL;
}

static void
threads (void)
{
  MaltAbstractWorker *worker = start (with_module ());
  GThread *callers[N_WORKERS];

  for (guint i = 0; i < N_WORKERS; i++)
    callers[i] = g_thread_new ("caller", call_many, worker);
  for (guint i = 0; i < N_WORKERS; i++)
    g_thread_join (callers[i]);
  stop (worker);
}

static void
on_ended (GObject *source, GAsyncResult *result, gpointer n_ended)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;

  value = malt_abstract_worker_send_finish (MALT_ABSTRACT_WORKER (source), result, &error);
  g_assert_null (value);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_INTERRUPTED);
  ++*(guint *) n_ended;
}

static void
interrupts (void)
{
  const char *expressions[] = {
    "while true do end",
    "while true do pcall (function () while true do end end) end",
    "malt.sleep (1e6)",
    "coroutine.wrap (function () while true do end end) ()",
  };
  MaltAbstractWorker *workers[N_WORKERS];

  if (MALT_TEST_HOLDS_SIGNALS_BACK)
    {
      g_test_skip ("ThreadSanitizer holds signals back in a loop of the language alone");
      return;
    }

  for (guint i = 0; i < N_WORKERS; i++)
    workers[i] = start (NULL);
  for (guint round = 0; round < 25; round++)
    {
      guint n_ended = 0;

      for (guint i = 0; i < N_WORKERS; i++)
        {
          g_autoptr (MaltCall) call = malt_call_new_eval (
            NULL, expressions[(i + round) % G_N_ELEMENTS (expressions)], NULL);

          malt_abstract_worker_send_async (workers[i], call, NULL, on_ended, &n_ended);
        }
      for (guint i = 0; i < N_WORKERS; i++)
        malt_abstract_worker_interrupt (workers[(i + round) % N_WORKERS], NULL);
      while (n_ended < N_WORKERS)
        g_main_context_iteration (NULL, TRUE);
      for (guint i = 0; i < N_WORKERS; i++)
        g_assert_cmpint (eval_int (workers[i], "return 5"), ==, 5);
    }
  for (guint i = 0; i < N_WORKERS; i++)
    stop (workers[i]);
}

static int n_signals; /* atomic */

static void
on_own_signal (int signum)
{
  g_atomic_int_inc (&n_signals);
}

/* Somebody else's handler goes on being called where no evaluator runs. Runs in a process of its
 * own, for the first evaluator takes the signal. */
static void
chained_signal (void)
{
  struct sigaction action = { .sa_handler = on_own_signal };
  MaltAbstractWorker *worker;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
      g_test_trap_assert_passed ();
      return;
    }
  sigaction (SIGURG, &action, NULL);
  worker = start (NULL);
  raise (SIGURG);
  g_assert_cmpint (g_atomic_int_get (&n_signals), ==, 1);
  stop (worker);
  raise (SIGURG);
  g_assert_cmpint (g_atomic_int_get (&n_signals), ==, 2);
}

static void
timed_out (void)
{
  MaltAbstractWorker *worker = start (with_module ());
  g_autoptr (MaltCall) call = malt_call_new ("here.stuck", NULL, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;

  g_atomic_int_set (&is_freed, FALSE);
  malt_call_set_timeout (call, 20);
  value = malt_abstract_worker_send (worker, call, NULL, &error);
  g_assert_null (value);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_atomic_int_set (&is_freed, TRUE);
  stop (worker);
}

static void
stuck (void)
{
  MaltAbstractWorker *worker = start (with_module ());
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) call_error = NULL;
  g_autoptr (GVariant) value = NULL;
  gboolean was_running;

  g_atomic_int_set (&is_freed, FALSE);
  g_atomic_int_set (&is_stuck, FALSE);
  g_assert_true (malt_abstract_worker_remote_do (worker, "here.stuck", NULL, NULL, &error));
  while (!g_atomic_int_get (&is_stuck))
    g_usleep (1000);
  g_assert_false (malt_abstract_worker_stop (worker, 0, 0, NULL, &was_running, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_true (malt_abstract_worker_is_running (worker));
  g_atomic_int_set (&is_freed, TRUE);
  value = malt_abstract_worker_remote_eval_fetch (worker, NULL, "return 1", NULL, NULL,
                                                  &call_error);
  g_assert_error (call_error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  stop (worker);
}

static void
options (void)
{
  MaltAbstractWorker *worker = start (g_variant_new_parsed ("{'module': <'Tools.Deep'>}"));
  g_autofree char *description = malt_abstract_worker_describe (worker);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;

  g_assert_cmpstr (description, ==, "MaltInProcessWorker in module Tools.Deep");
  g_assert_cmpint (eval_int (worker, "x = 5 return x"), ==, 5);
  value = malt_abstract_worker_remote_eval_fetch (worker, "Main", "return Tools.Deep.x", NULL, NULL,
                                                  &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_variant_get_int64 (value), ==, 5);
  g_assert_cmpint (malt_abstract_worker_get_capabilities (worker), ==,
                   MALT_WORKER_CAPABILITY_INTERRUPT);
  g_assert_false (malt_abstract_worker_kill (worker, 0, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  stop (worker);
}

static void
bad_options (void)
{
  const char *texts[] = { "{'unresponsive-timeout': <uint32 100>}", "{'module': <''>}" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (MaltAbstractWorker) worker = malt_create_worker_with_options (
        "in-process", g_variant_new_parsed (texts[i]), NULL, &error);

      g_assert_null (worker);
      g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
    }
}

static guint
count_threads (void)
{
  g_autoptr (GDir) folder = g_dir_open ("/proc/self/task", 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *file = g_build_filename ("/proc/self/task", name, "comm", NULL);
      g_autofree char *text = NULL;

      if (g_file_get_contents (file, &text, NULL, NULL))
        n += g_str_has_prefix (text, "malt-worker");
    }
  return n;
}

static void
no_thread_left (void)
{
  MaltAbstractWorker *workers[N_WORKERS];

  for (guint i = 0; i < N_WORKERS; i++)
    workers[i] = start (NULL);
  g_assert_cmpuint (count_threads (), ==, N_WORKERS);
  for (guint i = 0; i < N_WORKERS; i++)
    stop (workers[i]);
  g_assert_cmpuint (count_threads (), ==, 0);
}

static void
post_eval (MaltAbstractWorker *worker, const char *expression)
{
  g_autoptr (MaltCall) call = malt_call_new_eval (NULL, expression, NULL);
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_post (worker, call, &error);
  g_assert_no_error (error);
}

/* The program may end while a worker sleeps, loops, or is idle. */
static void
exit_with_workers (void)
{
  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
      g_test_trap_assert_passed ();
      return;
    }
  post_eval (start (NULL), "malt.sleep (1e6)");
  post_eval (start (NULL), "while true do end");
  start (NULL);
  exit (EXIT_SUCCESS);
}

int
main (int argc, char **argv)
{
  malt_register_static_module ("here", load);
  malt_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/malt/in-process/here", here);
  g_test_add_func ("/malt/in-process/order", order);
  g_test_add_func ("/malt/in-process/within", within);
  g_test_add_func ("/malt/in-process/within-for-others", within_for_others);
  g_test_add_func ("/malt/in-process/threads", threads);
  g_test_add_func ("/malt/in-process/interrupts", interrupts);
  g_test_add_func ("/malt/in-process/chained-signal", chained_signal);
  g_test_add_func ("/malt/in-process/timed-out", timed_out);
  g_test_add_func ("/malt/in-process/stuck", stuck);
  g_test_add_func ("/malt/in-process/options", options);
  g_test_add_func ("/malt/in-process/bad-options", bad_options);
  g_test_add_func ("/malt/in-process/no-thread-left", no_thread_left);
  g_test_add_func ("/malt/in-process/exit-with-workers", exit_with_workers);
  return g_test_run ();
}

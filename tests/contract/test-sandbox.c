/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/malt-test-slowness.h"

#include <malt/malt.h>

#include <glib/gstdio.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Workers in sandboxes: what they can do, and how they end. */

#define SANDBOX_WATCHDOG_SECONDS (120 * malt_test_get_slowness ())

/* Where the one that is killed tells its processes. */
#define SANDBOX_PIDS_VARIABLE "MALT_TEST_SANDBOX_PIDS"

/* Between two looks at processes that nobody tells of, in microseconds. */
#define SANDBOX_POLL_USEC 1000

/* The folder of contract.so. */
static const char *modules;

static const char *const profiles[] = { "strict", "isolated" };

static gboolean
skip_without (const char *profile)
{
  g_autoptr (GError) error = NULL;

  if (malt_sandbox_check (profile, &error))
    return FALSE;

  g_assert_error (error, MALT_ERROR, MALT_ERROR_SANDBOX_UNAVAILABLE);
  g_test_skip (error->message);
  return TRUE;
}

/* `format`: a{sv} as text. */
static MaltAbstractWorker *
start (const char *profile,
       const char *format,
       ...) G_GNUC_PRINTF (2, 3);

static MaltAbstractWorker *
start (const char *profile,
       const char *format,
       ...)
{
  const char *const module_path[] = { modules, NULL };
  g_autofree char *text = NULL;
  g_autoptr (GVariant) parsed = NULL;
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker;
  GVariantDict dict;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  parsed = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);
  g_assert_no_error (error);

  g_variant_dict_init (&dict, parsed);
  g_variant_dict_insert (&dict, "sandbox", "s", profile);
  if (!g_variant_dict_contains (&dict, "module-path"))
    g_variant_dict_insert_value (&dict, "module-path", g_variant_new_strv (module_path, -1));
  worker = malt_create_worker_with_options ("process", g_variant_dict_end (&dict), NULL, &error);
  g_assert_no_error (error);
  return worker;
}

static void
stop (MaltAbstractWorker *worker)
{
  g_assert_true (malt_abstract_worker_stop (worker, 20000, 20000, NULL, NULL, NULL));
  g_object_unref (worker);
}

static GVariant *
eval (MaltAbstractWorker *worker,
      const char         *expression,
      const char         *argument)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = malt_abstract_worker_remote_eval_fetch (
    worker, NULL, expression, argument != NULL ? g_variant_new ("(s)", argument) : NULL, NULL,
    &error);

  g_assert_no_error (error);
  return value;
}

static gboolean
eval_boolean (MaltAbstractWorker *worker,
              const char         *expression,
              const char         *argument)
{
  g_autoptr (GVariant) value = eval (worker, expression, argument);

  return g_variant_get_boolean (value);
}

static GError *
eval_error (MaltAbstractWorker *worker,
            const char         *expression)
{
  GError *error = NULL;

  g_assert_null (malt_abstract_worker_remote_eval_fetch (worker, NULL, expression, NULL, NULL,
                                                         &error));
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  return error;
}

static void
test_reads_what_it_is_given (gconstpointer profile)
{
  g_autofree char *folder = g_dir_make_tmp ("malt-sandbox-XXXXXX", NULL);
  g_autofree char *given = g_build_filename (folder, "given", NULL);
  g_autofree char *other = g_build_filename (folder, "other", NULL);
  MaltAbstractWorker *worker;

  if (skip_without (profile))
    return;
  g_assert_true (g_file_set_contents (given, "1", 1, NULL));
  g_assert_true (g_file_set_contents (other, "2", 1, NULL));

  worker = start (profile, "{'read-paths': <['%s']>}", given);
  g_assert_true (eval_boolean (worker, "return io.open (...):read (1) == '1'", given));
  g_assert_true (eval_boolean (worker, "return io.open (...) == nil", other));
  g_assert_true (eval_boolean (worker, "return io.open (..., 'r+') == nil", given));
  g_assert_true (eval_boolean (worker, "return os.remove (...) == nil", given));
  g_assert_cmpuint (malt_abstract_worker_get_capabilities (worker)
                      & MALT_WORKER_CAPABILITY_SANDBOX,
                    !=, 0);
  stop (worker);

  g_assert_cmpint (g_unlink (given), ==, 0);
  g_assert_cmpint (g_unlink (other), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
test_loads_lua_later (gconstpointer profile)
{
  g_autofree char *folder = g_dir_make_tmp ("malt-sandbox-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (folder, "late.lua", NULL);
  MaltAbstractWorker *worker;

  if (skip_without (profile))
    return;
  g_assert_true (g_file_set_contents (file, "return { yes = true }", -1, NULL));

  worker = start (profile, "{'module-path': <['%s']>}", folder);
  g_assert_true (eval_boolean (worker, "return require ('late').yes", NULL));
  stop (worker);

  g_assert_cmpint (g_unlink (file), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
test_native_code (gconstpointer profile)
{
  MaltAbstractWorker *worker;
  g_autoptr (GError) error = NULL;

  if (skip_without (profile))
    return;

  worker = start (profile, "{'modules': <['contract']>}");
  g_assert_true (eval_boolean (worker, "return import ('contract') ~= nil", NULL));
  stop (worker);

  worker = start (profile, "@a{sv} {}");
  error = eval_error (worker, "import ('contract')");
  g_assert_error (error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  stop (worker);

  worker = start (profile, "{'allow-native-code': <true>}");
  g_assert_true (eval_boolean (worker, "return import ('contract') ~= nil", NULL));
  stop (worker);
}

static void
test_starts_none (gconstpointer profile)
{
  MaltAbstractWorker *worker;
  g_autoptr (GError) error = NULL;

  if (skip_without (profile))
    return;

  worker = start (profile, "@a{sv} {}");
  error = eval_error (worker, "malt.worker ()");
  g_assert_nonnull (strstr (error->message, profile));
  g_assert_true (eval_boolean (worker, "return true", NULL));
  stop (worker);
}

static void
test_memory (gconstpointer profile)
{
  MaltAbstractWorker *worker;
  g_autoptr (GError) error = NULL;

  if (skip_without (profile))
    return;

  worker = start (profile, "{'memory-limit': <uint64 100000000>}");
  error = eval_error (worker, "return #string.rep ('x', 200000000)");
  g_assert_error (error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_assert_true (eval_boolean (worker, "return #string.rep ('x', 20000000) == 20000000", NULL));

  /* With nothing left at all. */
  g_clear_error (&error);
  error = eval_error (worker, "while true do t = {t} end");
  g_assert_error (error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_assert_true (eval_boolean (worker, "t = nil return true", NULL));
  stop (worker);
}

/* Ends it by what the expression does. */
static void
assert_ends (MaltAbstractWorker *worker,
             const char         *expression,
             MaltExitReason      reason,
             int                 signum)
{
  g_autoptr (GError) error = eval_error (worker, expression);
  MaltExitReport *report = malt_error_get_exit_report (error);

  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_nonnull (report);
  g_assert_cmpint (malt_exit_report_get_reason (report), ==, reason);
  g_assert_cmpint (malt_exit_report_get_signal (report), ==, signum);
  g_object_unref (worker);
}

static void
test_reports (gconstpointer profile)
{
  const char *options = "{'modules': <['contract']>}";

  if (skip_without (profile))
    return;

  assert_ends (start (profile, "%s", options), "import ('contract').crash (31)",
               MALT_EXIT_REASON_SANDBOX, SIGSYS);
  assert_ends (start (profile, "%s", options), "import ('contract').crash (11)",
               MALT_EXIT_REASON_CRASHED, SIGSEGV);
  assert_ends (start (profile, "%s", options), "import ('contract').crash (6)",
               MALT_EXIT_REASON_CRASHED, SIGABRT);
  assert_ends (start (profile, "{'cpu-limit': <uint32 1>}"), "while true do end",
               MALT_EXIT_REASON_LIMIT, SIGXCPU);
  /* Whoever ignores that is killed a second later. bwrap does not tell what it has used. */
  if (!g_str_equal (profile, "isolated"))
    assert_ends (start (profile, "{'cpu-limit': <uint32 1>, 'modules': <['contract']>}"),
                 "import ('contract').ignore_signal (24) while true do end", MALT_EXIT_REASON_LIMIT,
                 SIGKILL);
}

static void
test_kill (gconstpointer profile)
{
  MaltAbstractWorker *worker;
  MaltExitReport *report;
  g_autoptr (GError) error = NULL;

  if (skip_without (profile))
    return;

  worker = start (profile, "@a{sv} {}");
  if (g_str_equal (profile, "isolated"))
    {
      g_assert_false (malt_abstract_worker_kill (worker, SIGINT, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
      g_clear_error (&error);
    }
  g_assert_true (malt_abstract_worker_kill (worker, SIGTERM, &error));
  g_assert_no_error (error);
  while ((report = malt_abstract_worker_get_exit_report (worker)) == NULL)
    g_usleep (SANDBOX_POLL_USEC);
  g_assert_cmpint (malt_exit_report_get_reason (report), ==, MALT_EXIT_REASON_KILLED);
  g_assert_cmpint (malt_exit_report_get_signal (report), ==, SIGTERM);
  g_object_unref (worker);
}

static void
test_spares (gconstpointer profile)
{
  if (skip_without (profile))
    return;

  for (guint i = 0; i < 3; i++)
    {
      MaltAbstractWorker *worker = start (profile, "{'spare': <uint32 1>}");

      g_assert_true (eval_boolean (worker, "return io.open ('/etc/passwd') == nil", NULL));
      stop (worker);
    }
}

static void
test_values_that_are_big (gconstpointer profile)
{
  MaltAbstractWorker *worker;
  g_autofree char *text = g_strnfill (4 << 20, 'x');
  g_autoptr (GVariant) answer = NULL;

  if (skip_without (profile))
    return;

  worker = start (profile, "@a{sv} {}");
  g_assert_true (eval_boolean (worker, "t = ... return #t == 4 << 20", text));
  answer = eval (worker, "return t .. 'y'", NULL);
  g_assert_cmpuint (g_variant_get_size (answer), ==, (4 << 20) + 2);
  stop (worker);
}

/* Adds the processes below one to a text, a number a line. */
static void
add_descendants (GString *pids,
                 int      pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/children", pid, pid);
  g_autofree char *text = NULL;
  g_auto (GStrv) children = NULL;

  g_string_append_printf (pids, "%d\n", pid);
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return;
  children = g_strsplit (g_strchomp (text), " ", -1);
  for (guint i = 0; children[i] != NULL; i++)
    if (*children[i] != '\0')
      add_descendants (pids, atoi (children[i]));
}

/* The manager that is killed. */
static void
test_orphan_subprocess (gconstpointer profile)
{
  MaltAbstractWorker *worker;
  g_autoptr (GString) pids = g_string_new (NULL);
  int pid;

  if (!g_test_subprocess ())
    return;
  worker = start (profile, "@a{sv} {}");
  g_object_get (worker, "pid", &pid, NULL);
  add_descendants (pids, pid);
  g_assert_true (g_file_set_contents (g_getenv (SANDBOX_PIDS_VARIABLE), pids->str, -1, NULL));
  malt_abstract_worker_remote_eval_async (worker, NULL, "while true do end", NULL, NULL, NULL,
                                          NULL);
  raise (SIGKILL);
}

static gboolean
is_gone (const char *pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%s/stat", pid);
  g_autofree char *text = NULL;

  return !g_file_get_contents (path, &text, NULL, NULL) || strstr (text, ") Z ") != NULL;
}

static void
test_orphan (gconstpointer profile)
{
  g_autofree char *path = g_strdup_printf ("/malt/sandbox/%s/orphan/subprocess",
                                           (const char *) profile);
  g_autofree char *folder = NULL;
  g_autofree char *file = NULL;
  g_autofree char *text = NULL;
  g_auto (GStrv) pids = NULL;

  if (skip_without (profile))
    return;
  folder = g_dir_make_tmp ("malt-sandbox-XXXXXX", NULL);
  file = g_build_filename (folder, "pids", NULL);
  g_setenv (SANDBOX_PIDS_VARIABLE, file, TRUE);
  g_test_trap_subprocess (path, 0, 0);
  g_test_trap_assert_failed ();

  g_assert_true (g_file_get_contents (file, &text, NULL, NULL));
  pids = g_strsplit (g_strchomp (text), "\n", -1);
  g_assert_cmpuint (g_strv_length (pids), >=, g_str_equal (profile, "isolated") ? 2 : 1);
  for (guint i = 0; pids[i] != NULL; i++)
    while (!is_gone (pids[i]))
      g_usleep (SANDBOX_POLL_USEC);
  g_assert_cmpint (g_unlink (file), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  static const struct
  {
    const char    *name;
    GTestDataFunc  func;
  } tests[] = {
    { "reads-what-it-is-given", test_reads_what_it_is_given },
    { "loads-lua-later", test_loads_lua_later },
    { "native-code", test_native_code },
    { "starts-none", test_starts_none },
    { "memory", test_memory },
    { "reports", test_reports },
    { "kill", test_kill },
    { "spares", test_spares },
    { "big-values", test_values_that_are_big },
    { "orphan", test_orphan },
    { "orphan/subprocess", test_orphan_subprocess },
  };

  g_test_init (&argc, &argv, NULL);
  modules = argc > 1 ? argv[1] : g_getenv ("MALT_TEST_SANDBOX_MODULES");
  g_assert_nonnull (modules);
  g_setenv ("MALT_TEST_SANDBOX_MODULES", modules, TRUE);
  alarm (SANDBOX_WATCHDOG_SECONDS);
  for (guint i = 0; i < G_N_ELEMENTS (profiles); i++)
    for (guint j = 0; j < G_N_ELEMENTS (tests); j++)
      {
        g_autofree char *path = g_strdup_printf ("/malt/sandbox/%s/%s", profiles[i],
                                                 tests[j].name);

        g_test_add_data_func (path, profiles[i], tests[j].func);
      }
  return g_test_run ();
}

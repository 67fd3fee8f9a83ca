/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/backends/process-fixture.h"
#include "tests/hostile/attack-target.h"
#include "tests/hostile/attacks.h"

#include <signal.h>
#include <string.h>

/* Hostile native code in workers of an unprivileged user, each attack in one of its own. Where
 * nothing holds it, it must succeed, or that it fails elsewhere proves nothing. What comes of it is
 * said in messages, from which attacks-table.py makes the table of docs/security.md. */

static const char *const profiles[] = { "none", "limits", "strict", "isolated" };

#define N_PROFILES G_N_ELEMENTS (profiles)

/* Of each profile whether the attack succeeds, Y, or is refused, -. */
static const struct
{
  const char *name;
  const char *expected;
  const char *what;
  const char *lua; /* NULL: a function of the module */
} attacks[] = {
  { "read-home", "YY--", "read a file of the user" },
  { "write-home", "YY--", "create a file among the user's" },
  { "chmod-home", "YY--", "change the mode of a file of the user" },
  { "truncate-home", "YY--", "empty a file of the user" },
  { "remove-home", "YY--", "remove a file of the user" },
  { "stat-home", "YYY-", "learn size and date of a file of the user" },
  { "read-passwd", "YY--", "read `/etc/passwd`" },
  { "create-temporary", "YY--", "create a file in `/tmp`" },
  { "create-shared", "YY--", "create a file in `/dev/shm`" },
  { "write-modules", "YY--", "write into the folder of the modules" },
  { "list-processes", "YY--", "find the manager in `/proc`" },
  { "manager-memory-file", "YY--", "open `/proc/MANAGER/mem` for writing" },
  { "manager-environment", "YY--", "read `/proc/MANAGER/environ`" },
  { "own-memory-file", "YY--", "open `/proc/self/mem` for writing" },
  { "inherited-descriptor", "----", "use a folder that the manager has open" },
  { "large-file", "Y---", "write a file of 200 MiB" },
  { "lock-file", "YY--", "lock a file that can be read" },
  { "lock-part", "YY--", "lock a part of one" },
  { "flush-file", "YY--", "have the disk flushed for one" },
  { "tcp-connect", "YY--", "connect to a TCP port" },
  { "tcp-listen", "YY--", "listen on a TCP port" },
  { "udp-send", "YY--", "send a UDP datagram" },
  { "netlink", "YY--", "make a netlink socket" },
  { "vsock", "YY--", "make a vsock socket" },
  { "path-socket", "YY--", "connect to a socket with a path (D-Bus, Wayland)" },
  { "abstract-socket", "YY--", "connect to a socket with an abstract name (X11)" },
  { "reconnect", "YY--", "turn the own connection to another port" },
  { "signal-manager", "YY--", "send the manager a signal" },
  { "signal-group", "YY--", "send the process group a signal" },
  { "signal-everybody", "YY--", "send all processes a signal" },
  { "signal-by-descriptor", "YY--", "have the manager get signals of a socket" },
  { "trace-manager", "YY--", "trace the manager" },
  { "read-manager", "YY--", "read the manager's memory" },
  { "manager-descriptor", "YY--", "take a descriptor of the manager" },
  { "manager-limits", "YY--", "set limits of the manager" },
  { "manager-processors", "YY--", "set the processors of the manager" },
  { "manager-priority", "YY--", "set the priority of the manager" },
  { "fork", "YY--", "fork()" },
  { "vfork", "YY--", "vfork()" },
  { "clone", "YY--", "clone()" },
  { "daemonise", "YY--", "leave a process behind" },
  { "execute", "YY--", "execute a program" },
  { "unshare", "YY--", "make a user namespace" },
  { "outlive-manager", "YY--", "ask not to be ended with the manager" },
  { "dumpable", "YY--", "let others of the user look into the worker" },
  { "private-memory", "Y---", "allocate 2 GiB" },
  { "shared-memory", "Y---", "allocate 2 GiB of shared memory" },
  { "system-v-memory", "YY--", "share memory of System V" },
  { "memory-file", "Y---", "write 200 MiB into a file in memory" },
  { "descriptors", "Y---", "open 300 descriptors" },
  { "descriptors-of-thread", "YY--", "have a thread with descriptors that count for itself" },
  { "descriptors-by-closing", "YY--", "the same with `close_range()`" },
  { "queued-signals", "Y---", "queue 500 signals, of which a user may have so many" },
  { "raise-limits", "Y---", "raise the own limits" },
  { "threads", "YYY-", "start 2000 threads" },
  { "executable-memory", "YY--", "make memory that can be written and executed" },
  { "make-executable", "YY--", "make memory executable" },
  { "make-executable-by-key", "YY--", "the same with `pkey_mprotect()`" },
  { "implied-execution", "YY--", "have all memory executable, as old programs have" },
  { "load-library", "YY--", "load a library" },
  { "io-uring", "YY--", "io_uring" },
  { "keyctl", "YY--", "the kernel's keys" },
  { "userfaultfd", "YY--", "userfaultfd()" },
  { "bpf", "YY--", "bpf()" },
  { "perf", "YY--", "perf_event_open()" },
  { "int80", "YY--", "system calls of 32 bits" },
  { "x32", "YY--", "system calls of x32" },
  { "lua-execute", "YY--", "`os.execute()` of Lua", "return os.execute ('true')" },
  { "lua-popen", "YY--", "`io.popen()` of Lua", "return assert (io.popen ('echo')):read () == ''" },
  { "lua-read", "YY--", "`io.open()` of Lua",
    "return assert (io.open ('/etc/passwd')):read () ~= nil" },
  { "lua-write", "YY--", "`io.open()` of Lua, for writing",
    "return assert (io.open (home .. '/victim', 'w')):write ('x') ~= nil" },
  { "lua-remove", "YY--", "`os.remove()` of Lua", "return os.remove (home .. '/victim')" },
};

typedef enum
{
  OUTCOME_NONE,
  OUTCOME_SUCCEEDED,
  OUTCOME_REFUSED,
  OUTCOME_UNAVAILABLE /* there is no worker with that profile */
} Outcome;

static AttackTargets *targets;

static MaltAbstractWorker *
start (guint      profile,
       gboolean   has_lua,
       GError   **error)
{
  const char *const modules[] = { "attacks", NULL };
  const char *const path[] = { targets->modules, NULL };
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, "modules", g_variant_new_strv (modules, -1));
  g_variant_dict_insert_value (&dict, "module-path", g_variant_new_strv (path, -1));
  g_variant_dict_insert (&dict, "evaluator", "s", has_lua ? "lua" : "");
  if (profile > 0)
    g_variant_dict_insert (&dict, "sandbox", "s", profiles[profile]);
  return malt_create_worker_with_options ("process", g_variant_dict_end (&dict), NULL, error);
}

/* What ended the worker was the attack that succeeded, or the filter, or the processor. */
static Outcome
judge_end (guint          profile,
           const GError  *error,
           char         **text)
{
  MaltExitReport *report = malt_error_get_exit_report (error);

  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_nonnull (report);
  if (malt_exit_report_get_exit_status (report) == ATTACK_SUCCEEDED_STATUS)
    {
      *text = g_strdup ("");
      return OUTCOME_SUCCEEDED;
    }

  *text = g_strdup_printf ("ended by signal %d", malt_exit_report_get_signal (report));
  if (profile > 0)
    {
      g_test_message ("%s", error->message);
      g_assert_cmpint (malt_exit_report_get_signal (report), ==, SIGSYS);
      g_assert_cmpint (malt_exit_report_get_reason (report), ==, MALT_EXIT_REASON_SANDBOX);
    }
  return OUTCOME_REFUSED;
}

static GVariant *
call_function (MaltAbstractWorker  *worker,
               const char          *name,
               GError             **error)
{
  g_autofree char *function = g_strconcat ("attacks.", name, NULL);

  return malt_abstract_worker_remote_call_fetch (worker, function,
                                                 attack_targets_to_args (targets), NULL, NULL,
                                                 error);
}

/* Answers the same as a function of the module. */
static GVariant *
eval_lua (MaltAbstractWorker  *worker,
          const char          *code,
          GError             **error)
{
  static const char format[] =
    "local home = ...\n"
    "local ok, result, why = pcall (function () %s end)\n"
    "return ok and result and true or false, tostring (why or result)";
  g_autofree char *expression = g_strdup_printf (format, code);

  return malt_abstract_worker_remote_eval_fetch (worker, NULL, expression,
                                                 g_variant_new ("(s)", targets->home), NULL,
                                                 error);
}

static Outcome
attack (gsize   i,
        guint   profile,
        char  **text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltAbstractWorker) worker = start (profile, attacks[i].lua != NULL, &error);
  g_autoptr (GVariant) answer = NULL;
  gboolean has_succeeded;

  if (g_error_matches (error, MALT_ERROR, MALT_ERROR_SANDBOX_UNAVAILABLE))
    {
      /* What bubblewrap said follows; TAP has one line for a reason. */
      *text = g_strndup (error->message, strcspn (error->message, "\n"));
      return OUTCOME_UNAVAILABLE;
    }
  g_assert_no_error (error);

  attack_targets_renew (targets);
  answer = attacks[i].lua != NULL ? eval_lua (worker, attacks[i].lua, &error)
                                  : call_function (worker, attacks[i].name, &error);
  if (answer == NULL)
    return judge_end (profile, error, text);

  g_variant_get (answer, "(bs)", &has_succeeded, text);
  malt_abstract_worker_stop (worker, 20000, 20000, NULL, NULL, &error);
  g_assert_no_error (error);
  return has_succeeded ? OUTCOME_SUCCEEDED : OUTCOME_REFUSED;
}

/* What comes of it where nothing holds it. */
static Outcome
attack_freely (gsize   i,
               char  **text)
{
  static struct
  {
    Outcome outcome;
    char   *text;
  } results[G_N_ELEMENTS (attacks)];

  if (results[i].outcome == OUTCOME_NONE)
    results[i].outcome = attack (i, 0, &results[i].text);
  *text = g_strdup (results[i].text);
  return results[i].outcome;
}

static void
test_attack (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data) / N_PROFILES;
  guint profile = GPOINTER_TO_SIZE (data) % N_PROFILES;
  gboolean is_to_succeed = attacks[i].expected[profile] == 'Y';
  g_autofree char *text = NULL;
  g_autofree char *free_text = NULL;
  Outcome outcome;

  if (attacks[i].expected[0] == 'Y' && attack_freely (i, &free_text) != OUTCOME_SUCCEEDED)
    {
      g_autofree char *why = g_strdup_printf ("it fails without a sandbox: %s", free_text);

      g_test_message ("attack|%s|%s|%s|skipped|%s", attacks[i].name, attacks[i].what,
                      profiles[profile], why);
      g_test_skip (why);
      return;
    }

  outcome = attack (i, profile, &text);
  g_test_message ("attack|%s|%s|%s|%s|%s", attacks[i].name, attacks[i].what, profiles[profile],
                  outcome == OUTCOME_SUCCEEDED ? "succeeded"
                  : outcome == OUTCOME_REFUSED ? "refused" : "unavailable", text);
  if (outcome == OUTCOME_UNAVAILABLE)
    g_test_skip (text);
  else
    g_assert_cmpint (outcome, ==, is_to_succeed ? OUTCOME_SUCCEEDED : OUTCOME_REFUSED);
}

/* Each function of the module has its row. */
static void
test_list (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltAbstractWorker) worker = start (0, FALSE, &error);
  g_autoptr (GVariant) names = NULL;
  guint n_functions = 0;

  g_assert_no_error (error);
  names = malt_abstract_worker_remote_call_fetch (worker, "malt.import",
                                                  g_variant_new ("(s)", "attacks"), NULL, NULL,
                                                  &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (attacks); i++)
    n_functions += attacks[i].lua == NULL;
  g_assert_cmpuint (g_variant_n_children (names), ==, n_functions);
}

/* A sanitizer reserves more addresses than a limited worker may have. */
static gboolean
is_sanitized (void)
{
#if defined (__SANITIZE_ADDRESS__) || defined (__SANITIZE_THREAD__)
  return TRUE;
#else
  return FALSE;
#endif
}

/* Lua is a plugin that need not have been built. */
static gboolean
has_lua (void)
{
  g_autoptr (MaltAbstractWorker) worker = start (0, TRUE, NULL);

  return worker != NULL;
}

static void
add_attacks (guint    profile,
             gboolean are_lua)
{
  for (gsize i = 0; i < G_N_ELEMENTS (attacks); i++)
    {
      g_autofree char *path = g_strdup_printf ("/malt/hostile/attacks/%s/%s", profiles[profile],
                                               attacks[i].name);

      if (are_lua == (attacks[i].lua != NULL))
        fixture_add_data (path, GSIZE_TO_POINTER (i * N_PROFILES + profile), test_attack);
    }
}

int
main (int    argc,
      char **argv)
{
  const char *why_not = is_sanitized () ? "a sanitizer needs more than a limited worker has"
                        : malt_test_is_valgrind () ? "valgrind does not know the attacks"
                                                 : attack_become_nobody (argv);
  gboolean is_lua_there;
  int status;

  if (why_not != NULL)
    {
      g_print ("1..0 # SKIP %s\n", why_not);
      return 0;
    }

  fixture_init (&argc, &argv);
  targets = attack_targets_new ();
  is_lua_there = has_lua ();
  fixture_add ("/malt/hostile/attacks/list", test_list);
  for (guint profile = 0; profile < N_PROFILES; profile++)
    {
      add_attacks (profile, FALSE);
      if (is_lua_there)
        add_attacks (profile, TRUE);
    }

  status = g_test_run ();
  attack_targets_free (targets);
  return status;
}

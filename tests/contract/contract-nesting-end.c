/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"
#include "tests/malt-test-slowness.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* From the end of an outer worker to that of everything below, in milliseconds. */
#define BELOW_END_MSEC 3000

/* A worker has one in it that has one in it. */
typedef struct
{
  MaltAbstractWorker *worker;
  int                 pids[3]; /* from the outside in */
} Tree;

static Tree
start_tree (Contract *contract)
{
  Tree tree = { .worker = contract_start_outer (contract, NULL) };
  g_autoptr (GVariant) pids = contract_eval (
    tree.worker,
    "w = inner () w:remote_eval 'w = inner () return nil'\n"
    "return malt.import 'contract'.pid (), w:remote_call 'contract.pid',\n"
    "       w:remote_eval [[return w:remote_call 'contract.pid']]", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (tree.pids); i++)
    {
      g_autoptr (GVariant) pid = g_variant_get_child_value (pids, i);

      tree.pids[i] = (int) g_variant_get_int64 (pid);
      g_assert_cmpint (tree.pids[i], >, 1);
    }
  return tree;
}

static void
assert_gone (Contract *contract, const Tree *tree)
{
  for (guint i = 0; i < G_N_ELEMENTS (tree->pids); i++)
    g_assert_true (contract_wait_until (contract, contract_process_is_gone,
                                        GINT_TO_POINTER (tree->pids[i]), BELOW_END_MSEC));
}

static void
stop_it (Contract *contract, const Tree *tree)
{
  contract_stop (tree->worker);
}

static void
kill_it (Contract *contract, const Tree *tree)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (malt_abstract_worker_kill (tree->worker, SIGKILL, &error));
  g_assert_no_error (error);
}

static void
terminate_it (Contract *contract, const Tree *tree)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (malt_abstract_worker_kill (tree->worker, SIGTERM, &error));
  g_assert_no_error (error);
}

/* As somebody else who knows nothing of what is below. */
static void
kill_only_it (Contract *contract, const Tree *tree)
{
  g_assert_cmpint (kill (tree->pids[0], SIGKILL), ==, 0);
}

static void
drop_it (Contract *contract, const Tree *tree)
{
  g_object_unref (contract_steal (contract, tree->worker));
}

/* The last only of one that nothing runs in: a call on its way keeps its worker. */
static void (*const ways[]) (Contract *contract, const Tree *tree) = {
  stop_it, kill_it, terminate_it, kill_only_it, drop_it,
};

/* What `expression`, run by the outer worker, starts is all that it does from then on. */
static void
end_while (Contract *contract, const char *expression)
{
  guint n_ways = expression == NULL ? G_N_ELEMENTS (ways) : G_N_ELEMENTS (ways) - 1;

  /* A post that a worker's end cuts short may be told of. */
  contract->warns = TRUE;
  for (guint i = 0; i < n_ways; i++)
    {
      Tree tree = start_tree (contract);

      if (expression != NULL)
        contract_send_eval (contract, tree.worker, expression, NULL);
      contract_iterate_for (contract, 20);
      ways[i] (contract, &tree);
      assert_gone (contract, &tree);
    }
}

static void
idle (Contract *contract)
{
  end_while (contract, NULL);
}

static void
waiting (Contract *contract)
{
  end_while (contract, "w:remote_eval [[w:remote_eval 'while true do end']]");
}

static void
busy (Contract *contract)
{
  end_while (contract, "w:remote_do ('contract.spin')\n"
                       "while true do pcall (function () while true do end end) end");
}

static void
stuck (Contract *contract)
{
  end_while (contract, "malt.import 'contract'.ignore (malt.typed ('u', 60000))");
}

/* All three in endless loops. */
static void
all_busy (Contract *contract)
{
  end_while (contract, "w:remote_eval [[function f () while true do end end\n"
                       "  w:remote_eval 'function f () while true do end end'\n"
                       "  w:remote_do 'f']]\n"
                       "w:remote_do 'f'\n"
                       "while true do end");
}

/* Those below a process, dead ones that nobody has asked after among them. */
static guint
count_children_of (int pid)
{
  g_autofree char *folder = g_strdup_printf ("/proc/%d/task", pid);
  g_autoptr (GDir) tasks = g_dir_open (folder, 0, NULL);
  const char *task;
  guint n_children = 0;

  while (tasks != NULL && (task = g_dir_read_name (tasks)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, task, "children", NULL);
      g_autofree char *text = NULL;

      if (g_file_get_contents (path, &text, NULL, NULL))
        for (const char *p = strchr (text, ' '); p != NULL; p = strchr (p + 1, ' '))
          n_children++;
    }
  return n_children;
}

/* The outer worker, and how many descriptors it had before it had workers of its own. */
typedef struct
{
  MaltAbstractWorker *worker;
  int                 pid;
  gsize               n_descriptors;
} Outer;

static gsize
count_descriptors_of (MaltAbstractWorker *worker)
{
  g_autoptr (GVariant) collected = contract_eval (
    worker, "collectgarbage () collectgarbage () return nil", NULL);
  g_autoptr (GVariant) descriptors = contract_call (worker, "contract.descriptors", NULL);

  return g_variant_n_children (descriptors);
}

static gboolean
has_nothing_left (gpointer user_data)
{
  Outer *outer = user_data;

  return count_children_of (outer->pid) == 0
         && count_descriptors_of (outer->worker) <= outer->n_descriptors;
}

/* However inner workers end, an outer one that lives on keeps nothing of them. */
static void
nothing_left (Contract *contract)
{
  const char *uses[] = {
    "local v = inner () v:remote_eval '1' v:stop ()",
    "do local v <close> = inner () end",
    "inner () collectgarbage () collectgarbage ()",
    "local v = inner () v:kill (9) pcall (v.remote_eval, v, 'malt.sleep (1e6)')",
    "pcall (function () local v <close> = inner () error 'x' end)",
    "deep (2, 'return 1')",
    "local v = inner () v:remote_eval 'w = inner () return nil' v:kill ()",
    "local v = inner () v:remote_eval 'w = inner () return nil' v:kill (9)",
    "pcall (inner, {modules = {'no such module'}})",
  };
  Outer outer = { NULL };
  g_autoptr (GVariant) pid = NULL;
  g_autoptr (GVariant) first = NULL;

  if (contract_keeps_spares (contract))
    {
      g_test_skip ("spare workers are left");
      return;
    }

  outer.worker = contract_start_outer (contract, NULL);
  pid = contract_call (outer.worker, "contract.pid", NULL);
  first = contract_eval (outer.worker, "local w = inner () w:stop () return nil", NULL);
  outer.pid = g_variant_get_int32 (pid);
  outer.n_descriptors = count_descriptors_of (outer.worker);
  for (guint i = 0; i < 2 * G_N_ELEMENTS (uses); i++)
    {
      const char *use = uses[i / 2];
      g_autofree char *expression = g_strdup_printf ("%s return 1", use);
      g_autoptr (GVariant) done = contract_eval (outer.worker, expression, NULL);

      g_test_message ("%s", use);
      if (!contract_wait_until (contract, has_nothing_left, &outer, BELOW_END_MSEC))
        g_error ("Left over after “%s”: %u children, %u descriptors beside %u", use,
                 count_children_of (outer.pid), (guint) count_descriptors_of (outer.worker),
                 (guint) outer.n_descriptors);
    }
}

/* Programs that are no workers, and workers that end in the middle, are errors and no more. */
static void
hostile (Contract *contract)
{
  const char *how[] = { "crash", "garbage", "leave" };
  MaltAbstractWorker *worker = contract_start_outer (contract, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (how); i++)
    {
      g_autoptr (GVariant) type = contract_eval (
        worker,
        "local ok, message = pcall (malt.worker, {backend = BACKEND, executable = ...,\n"
        "  arguments = {select (2, ...)}, start_timeout = 5000})\n"
        "return malt.error_type (message)",
        g_variant_new ("(ss)", contract->settings->peer, how[i]));

      contract_assert_value (type, "'malt.start-failed'");
      contract_assert_alive (worker);
    }
}

static void
broken (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start_outer (contract, NULL);
  const char *calls[] = {
    "'contract.crash', malt.typed ('i', 11)",
    "'contract.leave', malt.typed ('i', 3)",
    "'contract.write', malt.typed ('u', 3), malt.bytes (('x'):rep (100))",
    "'contract.disconnect', malt.typed ('u', 3)",
    "'contract.disconnect', malt.typed ('u', 4)",
  };

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autofree char *expression = g_strdup_printf (
        "local w = inner ()\n"
        "local ok, message = pcall (w.remote_call, w, %s)\n"
        "pcall (w.remote_call, w, 'malt.sleep', 1e6)\n"
        "return ok, malt.error_type (message), w:is_running ()", calls[i]);
      g_autoptr (GVariant) value = contract_eval (worker, expression, NULL);
      g_autofree char *text = g_variant_print (value, FALSE);
      gboolean is_running;

      g_test_message ("%s: %s", calls[i], text);
      g_variant_get_child (value, 2, "b", &is_running);
      g_assert_false (is_running);
      contract_assert_alive (worker);
    }
}

/* An inner worker that prints without end does so at its own expense. */
static void
flood (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start_outer (
    contract, g_variant_new_parsed ("{'stdout': <'null'>}"));
  ContractReply *reply = contract_send_eval (
    contract, worker,
    "local w <close> = inner ()\n"
    "w:remote_eval 'function f () local s = (\"x\"):rep (1e5) while true do print (s) end end'\n"
    "w:remote_do 'f'\n"
    "malt.sleep (0.2)\n"
    "return w:is_running ()", NULL);

  contract->warns = TRUE;
  contract_assert_alive (worker);
  contract_wait (contract, reply);
  contract_assert_value (reply->value, "true");
  contract_assert_alive (worker);
}

/* What bounds the number of inner workers is what a process may have: then a start fails. */
static void
too_many (Contract *contract)
{
  MaltAbstractWorker *worker;
  g_autoptr (GVariant) value = NULL;
  g_autofree char *type = NULL;
  gint64 n_workers;

  if (malt_test_is_valgrind ())
    {
      g_test_skip ("valgrind lets a worker set no limits");
      return;
    }

  worker = contract_start_outer (contract, NULL);
  value = contract_eval (worker,
                         "malt.import 'contract'.limit_descriptors (malt.typed ('u', 100))\n"
                         "all = {}\n"
                         "for i = 1, 100 do\n"
                         "  local ok, w = pcall (inner)\n"
                         "  if not ok then return i, malt.error_type (w) end\n"
                         "  all[i] = w\n"
                         "end\n"
                         "return 0, 'none'", NULL);
  g_variant_get (value, "(xs)", &n_workers, &type);
  g_test_message ("worker %d did not start: %s", (int) n_workers, type);
  g_assert_cmpstr (type, ==, "malt.start-failed");
  contract_assert_alive (worker);
  value = (g_variant_unref (value), contract_eval (worker, "return #all", NULL));
  g_assert_cmpint (g_variant_get_int64 (value), ==, n_workers - 1);
}

#define NEEDS_KILL (MALT_WORKER_CAPABILITY_KILL | MALT_WORKER_CAPABILITY_ISOLATED)

const ContractCase contract_nesting_end_cases[] = {
  { "/nesting-end/idle", idle, .needs = NEEDS_KILL,
    .summary = "However a worker ends, all below end, three levels deep" },
  { "/nesting-end/waiting", waiting, .needs = NEEDS_KILL,
    .summary = "A worker that waits for those below ends with all of them" },
  { "/nesting-end/busy", busy, .needs = NEEDS_KILL, .loops = TRUE,
    .summary = "A worker in an endless loop ends with all below" },
  { "/nesting-end/stuck", stuck, .needs = NEEDS_KILL,
    .summary = "A worker in a function that heeds nothing ends with all below" },
  { "/nesting-end/all-busy", all_busy, .needs = NEEDS_KILL, .loops = TRUE,
    .summary = "All of them end from endless loops" },
  { "/nesting-end/nothing-left", nothing_left, .needs = NEEDS_KILL,
    .summary = "A worker that lives on keeps nothing of its inner ones" },
  { "/nesting-end/hostile", hostile, .option = "executable",
    .summary = "What is no worker is an error of the program that started it" },
  { "/nesting-end/broken", broken, .needs = NEEDS_KILL,
    .summary = "An inner worker that breaks takes nothing along" },
  { "/nesting-end/flood", flood, .option = "stdout",
    .summary = "An inner worker that prints without end takes nothing along" },
  { "/nesting-end/too-many", too_many, .needs = NEEDS_KILL,
    .summary = "More workers than a process may have are an error" },
  { NULL }
};

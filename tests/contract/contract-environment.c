/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"
#include "tests/malt-test-slowness.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SECRET "MALT_CONTRACT_SECRET"

/* The worker's value of a variable, or NULL. */
static char *
get_variable (MaltAbstractWorker *worker, const char *name)
{
  g_autoptr (GVariant) variables = contract_call (worker, "contract.environment", NULL);
  g_auto (GStrv) strings = g_variant_dup_strv (variables, NULL);

  return g_strdup (g_environ_getenv (strings, name));
}

static void
assert_variable (MaltAbstractWorker *worker, const char *name, const char *expected)
{
  g_autofree char *value = get_variable (worker, name);

  g_assert_cmpstr (value, ==, expected);
}

/* What valgrind adds to the environment of each program that it follows. */
static gboolean
is_of_valgrind (const char *name)
{
  const char *const names[] = { "LD_PRELOAD", "GLIBCPP_FORCE_NEW", "GLIBCXX_FORCE_NEW", NULL };

  return malt_test_is_valgrind ()
         && (g_strv_contains (names, name) || g_str_has_prefix (name, "VALGRIND_"));
}

static gboolean
is_clean (const char *variable)
{
  const char *const names[] = { "PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR", NULL };
  g_auto (GStrv) parts = g_strsplit (variable, "=", 2);

  return g_strv_contains (names, parts[0]) || g_str_has_prefix (parts[0], "LC_")
         || is_of_valgrind (parts[0]);
}

/* By the options of every worker, as a sanitizer may need it. */
static gboolean
is_wanted (Contract *contract, const char *variable)
{
  g_autofree const char **wanted = NULL;

  return contract->settings->options != NULL
         && g_variant_lookup (contract->settings->options, "environment", "^a&s", &wanted)
         && g_strv_contains (wanted, variable);
}

static void
clean (Contract *contract)
{
  MaltAbstractWorker *worker;
  g_autoptr (GVariant) variables = NULL;
  g_autofree const char **strings = NULL;

  g_setenv (SECRET, "1", TRUE);
  worker = contract_start (contract, NULL);
  g_unsetenv (SECRET);
  variables = contract_call (worker, "contract.environment", NULL);
  strings = g_variant_get_strv (variables, NULL);
  for (guint i = 0; strings[i] != NULL; i++)
    if (!is_clean (strings[i]) && !is_wanted (contract, strings[i]))
      g_error ("Unexpected in a clean environment: %s", strings[i]);
  assert_variable (worker, "PATH", g_getenv ("PATH"));
}

static void
added (Contract *contract)
{
  MaltAbstractWorker *worker;

  g_setenv (SECRET, "taken", TRUE);
  worker = contract_start (
    contract, g_variant_new_parsed ("{'environment': <['A=b=c', 'EMPTY=', %s, 'NOT_SET_AT_ALL']>}",
                                    SECRET));
  g_unsetenv (SECRET);
  assert_variable (worker, "A", "b=c");
  assert_variable (worker, "EMPTY", "");
  assert_variable (worker, SECRET, "taken");
  assert_variable (worker, "NOT_SET_AT_ALL", NULL);
}

static void
inherited (Contract *contract)
{
  MaltAbstractWorker *worker;

  g_setenv (SECRET, "seen", TRUE);
  worker = contract_start (
    contract, g_variant_new_parsed ("{'environment-mode': <'inherit'>, 'environment': <['A=b']>}"));
  g_unsetenv (SECRET);
  assert_variable (worker, SECRET, "seen");
  assert_variable (worker, "A", "b");
}

static void
directory (Contract *contract)
{
  g_autofree char *here = g_get_current_dir ();
  MaltAbstractWorker *same = contract_start (contract, NULL);
  MaltAbstractWorker *other = contract_start (
    contract, g_variant_new_parsed ("{'working-directory': <'/'>}"));
  g_autoptr (GVariant) of_same = contract_call (same, "contract.directory", NULL);
  g_autoptr (GVariant) of_other = contract_call (other, "contract.directory", NULL);

  g_assert_cmpstr (g_variant_get_string (of_same, NULL), ==, here);
  g_assert_cmpstr (g_variant_get_string (of_other, NULL), ==, "/");
}

static void
no_directory (Contract *contract)
{
  g_autoptr (GError) error = contract_fail_to_start (
    contract, g_variant_new_parsed ("{'working-directory': <'/no/such/folder'>}"));

  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  contract_assert_contains (error->message, "/no/such/folder");
}

static void
arguments (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (
    contract, g_variant_new_parsed ("{'arguments': <['one', '--two=3 4']>}"));
  g_autoptr (GVariant) words = contract_call (worker, "contract.command_line", NULL);
  g_autofree const char **strings = g_variant_get_strv (words, NULL);

  g_assert_cmpuint (g_strv_length ((char **) strings), ==, 4);
  g_assert_cmpstr (strings[1], ==, "--malt-worker");
  g_assert_cmpstr (strings[2], ==, "one");
  g_assert_cmpstr (strings[3], ==, "--two=3 4");
}

/* A folder with version `i` of the C module "versioned" and of the Lua module "about". */
static char *
make_version (Contract *contract, guint i)
{
  char *folder = g_dir_make_tmp ("malt-contract-XXXXXX", NULL);
  g_autofree char *name = g_strdup_printf ("contract-versioned-%u.so", i);
  g_autofree char *from = g_build_filename (contract->settings->modules, name, NULL);
  g_autofree char *to = g_build_filename (folder, "versioned.so", NULL);
  g_autofree char *about = g_build_filename (folder, "about.lua", NULL);
  g_autofree char *text = g_strdup_printf ("return {version = %u}", i);
  g_autofree char *module = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  g_file_get_contents (from, &module, &length, &error);
  g_assert_no_error (error);
  g_file_set_contents (to, module, (gssize) length, &error);
  g_assert_no_error (error);
  g_file_set_contents (about, text, -1, &error);
  g_assert_no_error (error);
  return folder;
}

static void
remove_version (char *folder)
{
  g_autofree char *module = g_build_filename (folder, "versioned.so", NULL);
  g_autofree char *about = g_build_filename (folder, "about.lua", NULL);

  unlink (module);
  unlink (about);
  rmdir (folder);
  g_free (folder);
}

static void
versions (Contract *contract)
{
  char *folders[2];
  MaltAbstractWorker *workers[2];

  for (guint i = 0; i < 2; i++)
    {
      folders[i] = make_version (contract, i + 1);
      workers[i] = contract_start (contract,
                                   g_variant_new_parsed ("{'module-path': <[%s]>}", folders[i]));
    }
  for (guint i = 0; i < 4; i++)
    {
      g_autoptr (GVariant) of_c = contract_call (workers[i % 2], "versioned.version", NULL);
      g_autoptr (GVariant) of_lua = contract_eval (workers[i % 2],
                                                   "return require 'about'.version", NULL);

      g_assert_cmpuint (g_variant_get_uint32 (of_c), ==, i % 2 + 1);
      g_assert_cmpint (g_variant_get_int64 (of_lua), ==, i % 2 + 1);
    }
  for (guint i = 0; i < 2; i++)
    {
      contract_stop (workers[i]);
      remove_version (folders[i]);
    }
}

/* Each worker has its own, at the same time. */
static void
side_by_side (Contract *contract)
{
  const char *const folders[] = { "/", "/usr", "/tmp" };
  MaltAbstractWorker *workers[G_N_ELEMENTS (folders)];

  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *variable = g_strdup_printf ("WHICH=%u", i);

      workers[i] = contract_start (
        contract, g_variant_new_parsed ("{'environment': <[%s]>, 'working-directory': <%s>,"
                                        " 'arguments': <[%s]>}", variable, folders[i], variable));
    }
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *which = g_strdup_printf ("%u", i);
      g_autofree char *variable = g_strdup_printf ("WHICH=%u", i);
      g_autoptr (GVariant) directory_of = contract_call (workers[i], "contract.directory", NULL);
      g_autoptr (GVariant) words = contract_call (workers[i], "contract.command_line", NULL);
      g_autofree const char **strings = g_variant_get_strv (words, NULL);

      assert_variable (workers[i], "WHICH", which);
      g_assert_cmpstr (g_variant_get_string (directory_of, NULL), ==, folders[i]);
      g_assert_true (g_strv_contains (strings, variable));
    }
}

static void
this_program (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (
    contract, g_variant_new_parsed ("{'executable': <'self'>}"));
  g_autoptr (GVariant) pid = contract_call (worker, "contract.pid", NULL);
  g_autoptr (GVariant) value = contract_call (worker, "contract_static.answer", NULL);

  g_assert_cmpint (g_variant_get_int32 (pid), !=, getpid ());
  contract_assert_value (value, "int64 42");
}

static void
descriptors (Contract *contract)
{
  g_autofree char *name = NULL;
  g_autoptr (GError) error = NULL;
  int leaky = g_file_open_tmp ("malt-contract-XXXXXX", &name, &error);
  MaltAbstractWorker *worker;
  g_autoptr (GVariant) targets = NULL;
  g_autofree const char **strings = NULL;
  guint n_sockets = 0;

  g_assert_no_error (error);
  fcntl (leaky, F_SETFD, 0);
  contract_start (contract, NULL);
  worker = contract_start (contract, NULL);
  targets = contract_call (worker, "contract.descriptors", NULL);
  strings = g_variant_get_strv (targets, NULL);
  for (guint i = 0; strings[i] != NULL; i++)
    {
      g_test_message ("%s", strings[i]);
      g_assert_cmpstr (strings[i], !=, name);
      n_sockets += g_str_has_prefix (strings[i], "socket:");
    }
  g_assert_cmpuint (n_sockets, ==, 2);
  close (leaky);
  unlink (name);
}

/* Whether one of these sockets ("socket:[INODE]") listens. */
static gboolean
listens (const char *const *targets)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  g_assert_true (g_file_get_contents ("/proc/net/tcp", &text, NULL, NULL));
  lines = g_strsplit (g_strstrip (text), "\n", -1);
  for (guint i = 1; lines[i] != NULL; i++)
    {
      guint64 inode;
      guint state;
      g_autofree char *target = NULL;

      g_assert_cmpint (sscanf (lines[i], "%*d: %*s %*s %x %*s %*s %*s %*d %*d %" G_GUINT64_FORMAT,
                               &state, &inode), ==, 2);
      target = g_strdup_printf ("socket:[%" G_GUINT64_FORMAT "]", inode);
      if (state == TCP_LISTEN && g_strv_contains (targets, target))
        return TRUE;
    }
  return FALSE;
}

static void
no_port (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) of_worker = contract_call (worker, "contract.descriptors", NULL);
  g_autofree const char **strings = g_variant_get_strv (of_worker, NULL);
  g_auto (GStrv) of_manager = contract_list_descriptors ();

  g_assert_false (listens (strings));
  g_assert_false (listens ((const char *const *) of_manager));
}

static void
process_group (Contract *contract)
{
  const struct
  {
    const char *group;
    gboolean    is_own;
  } groups[] = { { "auto", FALSE }, { "inherit", FALSE }, { "own", TRUE } };

  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    {
      MaltAbstractWorker *worker = contract_start (
        contract, g_variant_new_parsed ("{'process-group': <%s>}", groups[i].group));
      g_autoptr (GVariant) pid = contract_call (worker, "contract.pid", NULL);
      pid_t group = getpgid (g_variant_get_int32 (pid));

      g_assert_cmpint (group, ==, groups[i].is_own ? g_variant_get_int32 (pid) : getpgrp ());
    }
}

const ContractCase contract_environment_cases[] = {
  { "/environment/clean", clean, .summary = "A worker has nothing but the basic variables",
    .option = "environment-mode" },
  { "/environment/added", added, .summary = "Variables are added or taken over",
    .option = "environment" },
  { "/environment/inherited", inherited, .summary = "All variables are inherited, if wanted",
    .option = "environment-mode" },
  { "/environment/directory", directory, .summary = "The working directory",
    .option = "working-directory" },
  { "/environment/no-directory", no_directory,
    .summary = "A working directory that does not exist is named", .option = "working-directory" },
  { "/environment/arguments", arguments, .summary = "Arguments for the program",
    .option = "arguments" },
  { "/environment/versions", versions,
    .summary = "Two workers load two versions of one C module and of one Lua module at once",
    .option = "module-path" },
  { "/environment/side-by-side", side_by_side,
    .summary = "Variables, folder and arguments of workers at the same time",
    .option = "working-directory" },
  { "/environment/this-program", this_program,
    .summary = "This program is its own worker, with its own functions", .option = "executable",
    .is_self = TRUE },
  { "/environment/descriptors", descriptors,
    .summary = "A worker has two connections and no descriptor of others",
    .needs = MALT_WORKER_CAPABILITY_ISOLATED, .option = "executable" },
  { "/environment/no-port", no_port, .summary = "No port stays open to others",
    .option = "transport" },
  { "/environment/process-group", process_group,
    .summary = "The manager's process group, unless an own one is wanted",
    .option = "process-group" },
  { NULL }
};

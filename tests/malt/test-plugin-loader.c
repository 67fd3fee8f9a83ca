/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-plugin-loader-private.h"

#include "malt/malt-abstract-worker.h"
#include "malt/malt-backend.h"
#include "malt/malt-error.h"

#include <elf.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

/* What is loaded stays loaded, so each test has a process of its own, which says
 * nothing on stderr: every fault is an error or a recorded reason. Two of the
 * fixtures make GLib print criticals; those are not fatal here, or there would be
 * nothing to test. */
static gboolean
run_apart (void)
{
  if (g_test_subprocess ())
    {
      g_log_set_always_fatal (G_LOG_FATAL_MASK);
      return TRUE;
    }

  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("");

  return FALSE;
}

static GType
look_up (const char  *name,
         GError     **error)
{
  return malt_plugin_loader_lookup (MALT_WORKER_EXTENSION_POINT, MALT_TYPE_ABSTRACT_WORKER, name,
                                    MALT_ERROR_UNKNOWN_BACKEND, error);
}

/* Those of the fixtures: what is installed on this machine is searched as well, and not our
 * business. (transfer full) */
static GHashTable *
list_failures (void)
{
  GHashTable *failures = malt_plugin_loader_list_failures ();
  GHashTableIter iter;
  gpointer path;

  g_hash_table_iter_init (&iter, failures);
  while (g_hash_table_iter_next (&iter, &path, NULL))
    {
      if (g_str_has_prefix (path, MALT_PLUGINS_DIR))
        g_hash_table_iter_remove (&iter);
    }

  return failures;
}

/* (transfer full) */
static char *
find_reason (const char *basename)
{
  g_autoptr (GHashTable) failures = list_failures ();
  GHashTableIter iter;
  gpointer path, reason;

  g_hash_table_iter_init (&iter, failures);
  while (g_hash_table_iter_next (&iter, &path, &reason))
    {
      if (g_str_has_suffix (path, basename))
        return g_strdup (reason);
    }

  return NULL;
}

static void
assert_contains (const char *text,
                 const char *part)
{
  if (text == NULL || strstr (text, part) == NULL)
    g_error ("“%s” is not in “%s”", part, text);
}

static void
test_asks_for_one_file_first (void)
{
  g_autoptr (GHashTable) failures = NULL;
  g_autoptr (GError) error = NULL;
  GType type;

  if (!run_apart ())
    return;

  type = look_up ("good", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (g_type_name (type), ==, "FixtureGood");
  g_assert_true (look_up ("good", &error) == type);

  /* None of the broken ones has been touched. */
  failures = list_failures ();
  g_assert_cmpuint (g_hash_table_size (failures), ==, 0);
}

static void
test_reasons (void)
{
  static const struct
  {
    const char *basename;
    const char *reason;
  } cases[] = {
    { "libfixture-absent.so", "g_io_fixture_absent_load" },
    { "libmalt-abstract.so", "GAsyncInitable that can be made" },
    { "libmalt-incomplete.so", "Its type “FixtureIncomplete” does not implement “post”" },
    { "malt-unprefixed.so", "Its name does not begin with “lib”" },
    { "libmalt-missing-library.so", "libfixture-absent-at-run-time.so" },
    { "libmalt-no-init.so", "Its type “FixtureNoInit” does not implement “init”" },
    { "libmalt-no-symbol.so", "g_io_malt_no_symbol_load" },
    { "libmalt-refuses.so", "There is no such machine" },
    { "libmalt-same-name.so", "The name “good” belongs to “FixtureGood” already" },
    { "libmalt-same-type.so", "FixtureGood" },
    { "libmalt-silent.so", "neither a backend nor an evaluator" },
    { "libmalt-started.so", "Its type “FixtureStarted” is not a “MaltAbstractWorker”, GInitable" },
    { "libmalt-text.so", "libmalt-text.so" },
    { "libmalt-truncated.so", "truncated" },
    { "libmalt-undefined.so", "fixture_function_that_nobody_has" },
    { "libmalt-unknown-point.so", "malt-fixture-point" },
    { "libmalt-wrong-type.so", "“GObject” for “wrong-type” is not a “MaltAbstractWorker”" },
  };
  g_autoptr (GHashTable) failures = NULL;
  g_autoptr (GList) extensions = NULL;
  g_autoptr (GError) error = NULL;

  if (!run_apart ())
    return;

  look_up ("good", &error);
  g_assert_no_error (error);
  extensions = malt_plugin_loader_list (MALT_WORKER_EXTENSION_POINT, MALT_TYPE_ABSTRACT_WORKER);
  failures = list_failures ();
  g_assert_cmpuint (g_hash_table_size (failures), ==, G_N_ELEMENTS (cases));
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *reason = find_reason (cases[i].basename);

      assert_contains (reason, cases[i].reason);
    }

  for (GList *l = extensions; l != NULL; l = l->next)
    {
      const char *type_name = g_type_name (g_io_extension_get_type (l->data));

      if (g_str_has_prefix (type_name, "Fixture"))
        g_assert_cmpstr (type_name, ==, "FixtureGood");
    }
  g_assert_cmpuint (g_list_length (extensions), >=, 1);
}

static void
test_error_says_why (void)
{
  static const struct
  {
    const char *name;
    const char *reason;
  } cases[] = {
    { "truncated", "libmalt-truncated.so”: The file is truncated" },
    { "undefined", "fixture_function_that_nobody_has" },
    { "no-symbol", "g_io_malt_no_symbol_load" },
    { "wrong-type", "is not a “MaltAbstractWorker”" },
    { "incomplete", "does not implement “post”" },
    { "started", "GInitable and GAsyncInitable" },
    { "goood", "not among good" },
    { "../plugins/libmalt-good", "not among good" },
    { "", "not among good" },
  };

  if (!run_apart ())
    return;

  look_up ("good", NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_true (look_up (cases[i].name, &error) == G_TYPE_INVALID);
      g_assert_error (error, MALT_ERROR, MALT_ERROR_UNKNOWN_BACKEND);
      assert_contains (error->message, cases[i].reason);
    }
}

static void
test_tells_where_a_type_is_from (void)
{
  g_autofree char *path = NULL;

  if (!run_apart ())
    return;

  path = malt_plugin_loader_dup_path (look_up ("good", NULL));
  g_assert_true (g_str_has_suffix (path, "/libmalt-good.so"));
  g_assert_null (malt_plugin_loader_dup_path (G_TYPE_LIST_STORE));
}

static void
test_looks_up_while_it_loads (void)
{
  g_autofree char *path = NULL;
  g_autofree char *good_path = NULL;
  g_autofree char *reason = NULL;
  g_autofree char *same_name_reason = NULL;
  g_autoptr (GError) error = NULL;

  if (!run_apart ())
    return;

  path = malt_plugin_loader_dup_path (look_up ("nested", &error));
  g_assert_no_error (error);
  good_path = malt_plugin_loader_dup_path (look_up ("good", NULL));
  reason = find_reason ("libmalt-nested.so");
  same_name_reason = find_reason ("libmalt-same-name.so");
  g_assert_true (g_str_has_suffix (path, "/libmalt-nested.so"));
  g_assert_true (g_str_has_suffix (good_path, "/libmalt-good.so"));
  g_assert_null (reason);
  assert_contains (same_name_reason, "belongs to “FixtureGood” already");
}

static void
test_evaluators_are_another_point (void)
{
  g_autoptr (GError) error = NULL;

  if (!run_apart ())
    return;

  g_assert_true (malt_plugin_loader_lookup ("malt-evaluator", G_TYPE_LIST_MODEL, "good",
                                            MALT_ERROR_START_FAILED, &error)
                 == G_TYPE_INVALID);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  assert_contains (error->message, "Cannot load evaluator “good”");
}

/* An extension point's type may be known only after a plugin was loaded. */
static void
test_type_is_checked_late (void)
{
  g_autoptr (GError) error = NULL;

  if (!run_apart ())
    return;

  g_io_extension_point_register ("malt-evaluator");
  g_io_extension_point_implement ("malt-evaluator", G_TYPE_LIST_STORE, "store", 0);
  g_io_extension_point_implement ("malt-evaluator", G_TYPE_CANCELLABLE, "other", 0);

  g_assert_true (malt_plugin_loader_lookup ("malt-evaluator", G_TYPE_LIST_MODEL, "store",
                                            MALT_ERROR_START_FAILED, &error)
                 == G_TYPE_LIST_STORE);
  g_assert_no_error (error);
  g_assert_true (malt_plugin_loader_lookup ("malt-evaluator", G_TYPE_LIST_MODEL, "other",
                                            MALT_ERROR_START_FAILED, &error)
                 == G_TYPE_INVALID);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
}

/* (transfer full): a new folder with libmalt-good.so, and that alone is searched. */
static char *
make_folder (void)
{
  g_autofree char *from = g_build_filename (g_getenv ("MALT_PLUGIN_PATH"), "libmalt-good.so", NULL);
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("malt-loader-XXXXXX", &error);
  g_autofree char *to = g_build_filename (folder, "libmalt-good.so", NULL);
  g_autoptr (GFile) source = g_file_new_for_path (from);
  g_autoptr (GFile) target = g_file_new_for_path (to);

  g_file_copy (source, target, G_FILE_COPY_NONE, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_setenv ("MALT_PLUGIN_PATH", folder, TRUE);

  return folder;
}

static void
remove_folder (const char *folder)
{
  g_autoptr (GDir) directory = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_assert_no_errno (g_remove (path));
    }
  g_assert_no_errno (g_rmdir (folder));
}

typedef enum
{
  CACHE_FRESH,
  CACHE_STALE, /* older than the plugin */
  CACHE_PIPE,
  CACHE_FOLDER
} CacheKind;

typedef struct
{
  const char *name;
  CacheKind   kind;
  const char *text;
  gboolean    is_found;
} CacheCase;

static void
write_cache (const char      *folder,
             const CacheCase *test)
{
  g_autofree char *path = g_build_filename (folder, "giomodule.cache", NULL);
  struct utimbuf long_ago = { 1, 1 };
  g_autoptr (GError) error = NULL;

  if (test->kind == CACHE_PIPE)
    g_assert_no_errno (mkfifo (path, 0600));
  else if (test->kind == CACHE_FOLDER)
    g_assert_no_errno (g_mkdir (path, 0700));
  else
    g_file_set_contents (path, test->text, -1, &error);
  g_assert_no_error (error);
  if (test->kind == CACHE_STALE)
    g_assert_no_errno (g_utime (path, &long_ago));
}

/* A plugin is passed over only for what a cache says that can be believed. */
static void
test_cache (gconstpointer data)
{
  const CacheCase *test = data;
  g_autoptr (GHashTable) failures = NULL;
  g_autofree char *folder = NULL;
  GType type;

  if (!run_apart ())
    return;

  folder = make_folder ();
  write_cache (folder, test);
  type = look_up ("good", NULL);
  failures = list_failures ();
  remove_folder (folder);
  g_assert_true ((type != G_TYPE_INVALID) == test->is_found);
  g_assert_cmpuint (g_hash_table_size (failures), ==, 0);
}

static void
add_cache_tests (void)
{
  static const CacheCase cases[] = {
    { "other-point", CACHE_FRESH, "libmalt-good.so: malt-evaluator\n", FALSE },
    { "this-point", CACHE_FRESH, "libmalt-good.so: malt-evaluator,malt-worker\n", TRUE },
    { "no-newline", CACHE_FRESH, "libmalt-good.so: malt-worker", TRUE },
    { "other-plugins", CACHE_FRESH, "libmalt-absent.so: malt-worker\n", TRUE },
    { "comment", CACHE_FRESH, "# libmalt-good.so: malt-evaluator\n", TRUE },
    { "nonsense", CACHE_FRESH, "\177ELF\001\n:\n\n:::\xff\n libmalt-good.so : x", TRUE },
    { "empty", CACHE_FRESH, "", TRUE },
    { "stale", CACHE_STALE, "libmalt-good.so: malt-evaluator\n", TRUE },
    { "pipe", CACHE_PIPE, NULL, TRUE },
    { "folder", CACHE_FOLDER, NULL, TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/malt/plugin-loader/cache/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_cache);
    }
}

/* Of another kind of machine: the number of the real one, in the other order of bytes. */
static void
copy_for_other_machine (const char *from,
                        const char *to)
{
  g_autofree char *bytes = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;
  char first;

  g_file_get_contents (from, &bytes, &length, &error);
  g_assert_no_error (error);
  first = bytes[G_STRUCT_OFFSET (Elf64_Ehdr, e_machine)];
  bytes[G_STRUCT_OFFSET (Elf64_Ehdr, e_machine)] =
    bytes[G_STRUCT_OFFSET (Elf64_Ehdr, e_machine) + 1];
  bytes[G_STRUCT_OFFSET (Elf64_Ehdr, e_machine) + 1] = first;
  g_file_set_contents (to, bytes, (gssize) length, &error);
  g_assert_no_error (error);
}

/* What has the name of a plugin, and is none. */
static void
test_odd_files (void)
{
  static const char *const names[] = { "libmalt-empty.so", "libmalt-folder.so", "libmalt-pipe.so",
                                       "libmalt-link.so", "libmalt-machine.so" };
  static const char *const reasons[] = { "file too short", "not a regular file",
                                         "not a regular file", "No such file", "" };
  char *paths[G_N_ELEMENTS (names)];
  g_autofree char *folder = NULL;
  g_autofree char *good = NULL;
  g_autoptr (GHashTable) failures = NULL;
  g_autoptr (GList) extensions = NULL;

  if (!run_apart ())
    return;

  folder = make_folder ();
  good = g_build_filename (folder, "libmalt-good.so", NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    paths[i] = g_build_filename (folder, names[i], NULL);
  g_file_set_contents (paths[0], "", 0, NULL);
  g_assert_no_errno (g_mkdir (paths[1], 0700));
  g_assert_no_errno (mkfifo (paths[2], 0600));
  g_assert_no_errno (symlink ("/no/such/plugin.so", paths[3]));
  copy_for_other_machine (good, paths[4]);

  extensions = malt_plugin_loader_list (MALT_WORKER_EXTENSION_POINT, MALT_TYPE_ABSTRACT_WORKER);
  failures = list_failures ();
  remove_folder (folder);
  g_assert_cmpuint (g_list_length (extensions), >=, 1);
  g_assert_cmpuint (g_hash_table_size (failures), ==, G_N_ELEMENTS (names));
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      assert_contains (g_hash_table_lookup (failures, paths[i]), reasons[i]);
      g_free (paths[i]);
    }
}

static void
test_first_folder_hides_the_second (void)
{
  g_autofree char *fixtures = g_strdup (g_getenv ("MALT_PLUGIN_PATH"));
  g_autofree char *folder = NULL;
  g_autofree char *reason = NULL;

  if (!run_apart ())
    return;

  folder = make_folder ();
  malt_add_plugin_path (folder);
  g_setenv ("MALT_PLUGIN_PATH", fixtures, TRUE);

  g_assert_true (look_up ("good", NULL) != G_TYPE_INVALID);
  reason = find_reason ("libmalt-good.so");
  assert_contains (reason, "hidden by");
  assert_contains (reason, folder);
  remove_folder (folder);
}

static gpointer
look_up_in_thread (gpointer data)
{
  return GSIZE_TO_POINTER (look_up ("good", NULL));
}

static void
test_many_threads (void)
{
  GThread *threads[8];

  if (!run_apart ())
    return;

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("look up", look_up_in_thread, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_assert_cmpstr (g_type_name (GPOINTER_TO_SIZE (g_thread_join (threads[i]))), ==,
                     "FixtureGood");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/plugin-loader/asks-for-one-file-first", test_asks_for_one_file_first);
  g_test_add_func ("/malt/plugin-loader/reasons", test_reasons);
  g_test_add_func ("/malt/plugin-loader/error-says-why", test_error_says_why);
  g_test_add_func ("/malt/plugin-loader/tells-where-a-type-is-from",
                   test_tells_where_a_type_is_from);
  g_test_add_func ("/malt/plugin-loader/looks-up-while-it-loads", test_looks_up_while_it_loads);
  g_test_add_func ("/malt/plugin-loader/evaluators-are-another-point",
                   test_evaluators_are_another_point);
  g_test_add_func ("/malt/plugin-loader/type-is-checked-late", test_type_is_checked_late);
  add_cache_tests ();
  g_test_add_func ("/malt/plugin-loader/odd-files", test_odd_files);
  g_test_add_func ("/malt/plugin-loader/first-folder-hides-the-second",
                   test_first_folder_hides_the_second);
  g_test_add_func ("/malt/plugin-loader/many-threads", test_many_threads);

  return g_test_run ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "malt-test-folder.h"

#include <malt/malt-plugin.h>

#include <glib/gstdio.h>

#include <string.h>
#include <sys/stat.h>

/* A namespace that looks into a folder of its own first, then among the fixtures. */
typedef struct
{
  char          *folder;   /* owned */
  char          *fixtures; /* owned */
  MaltNamespace *namespace;
} Fixture;

static void
set_up (Fixture      *self,
        gconstpointer data)
{
  const char *path[3] = { NULL };

  self->folder = test_folder_new ();
  self->fixtures = g_test_build_filename (G_TEST_BUILT, ".", NULL);
  path[0] = self->folder;
  path[1] = self->fixtures;
  self->namespace = malt_namespace_new (path);
}

static void
tear_down (Fixture      *self,
           gconstpointer data)
{
  malt_namespace_free (self->namespace);
  test_folder_free (self->folder);
  g_free (self->fixtures);
}

static void
assert_import_fails (Fixture    *self,
                     const char *name,
                     const char *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (malt_namespace_import (self->namespace, name, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_assert_cmpstr (malt_error_get_remote_type (error), ==, "malt.import");
  if (strstr (error->message, text) == NULL)
    g_error ("“%s” is not in “%s”", text, error->message);
}

static void
assert_lists (Fixture    *self,
              const char *expected)
{
  g_auto (GStrv) names = malt_namespace_list_functions (self->namespace);
  g_autofree char *joined = NULL;

  if (names[0] != NULL && names[1] != NULL && strcmp (names[0], names[1]) > 0)
    {
      char *first = g_steal_pointer (&names[0]);

      names[0] = g_steal_pointer (&names[1]);
      names[1] = first;
    }
  joined = g_strjoinv (" ", names);
  g_assert_cmpstr (joined, ==, expected);
}

static void
test_bad_names (Fixture      *fixture,
                gconstpointer data)
{
  const char *const names[] = {
    "", "malt", "../good", "a/b", "good.so", "a b", "caf\303\251", ".",
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    assert_import_fails (fixture, names[i], "a module's name is made of");
}

static void
test_missing_names_the_folders (Fixture      *fixture,
                                gconstpointer data)
{
  assert_import_fails (fixture, "absent", "there is no absent.so in ");
  assert_import_fails (fixture, "absent", fixture->folder);
}

static void
test_broken_modules (Fixture      *fixture,
                     gconstpointer data)
{
  const struct
  {
    const char *name;
    const char *text;
  } cases[] = {
    { "no-symbol", "It does not export malt_function_module_load()" },
    { "load-fails", "There is no room for it" },
    { "load-fails-silently", "Its load function failed without saying why" },
    { "undefined-symbol", "function_of_a_library_that_is_missing" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      assert_import_fails (fixture, cases[i].name, cases[i].text);
      assert_import_fails (fixture, cases[i].name, cases[i].text);
    }
  assert_lists (fixture, "");
}

static void
test_truncated_files (Fixture      *fixture,
                      gconstpointer data)
{
  g_autofree char *good = g_build_filename (fixture->fixtures, "good.so", NULL);
  g_autofree char *part = g_build_filename (fixture->folder, "part.so", NULL);
  g_autofree char *contents = NULL;
  gsize length;

  g_test_summary ("The linker would die of SIGBUS in some of them");

  g_assert_true (g_file_get_contents (good, &contents, &length, NULL));
  /* Within what is loaded; what comes after it is for debuggers. */
  for (guint i = 0; i < 8; i++)
    {
      gssize part_length = (gssize) (length * i / 32);

      g_assert_true (g_file_set_contents (part, contents, part_length, NULL));
      assert_import_fails (fixture, "part", i == 0 ? "part.so" : "The file is truncated");
    }
}

static void
test_other_files (Fixture      *fixture,
                  gconstpointer data)
{
  g_autofree char *text = g_build_filename (fixture->folder, "text.so", NULL);
  g_autofree char *fifo = g_build_filename (fixture->folder, "fifo.so", NULL);
  g_autofree char *folder = g_build_filename (fixture->folder, "folder.so", NULL);

  g_assert_true (g_file_set_contents (text, "INPUT (libc.so.6)\n", -1, NULL));
  g_assert_no_errno (mkfifo (fifo, 0600));
  g_assert_no_errno (g_mkdir (folder, 0700));

  assert_import_fails (fixture, "text", text);
  assert_import_fails (fixture, "fifo", "It is not a regular file");
  assert_import_fails (fixture, "folder", "It is not a regular file");
}

static void
test_imports_once (Fixture      *fixture,
                   gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  MaltModule *module = malt_namespace_import (fixture->namespace, "good", &error);

  g_assert_no_error (error);
  g_assert_true (MALT_IS_MODULE (module));
  g_assert_true (malt_namespace_import (fixture->namespace, "good", &error) == module);
  assert_lists (fixture, "good.add good.n_preloads");
}

static void
test_first_folder_wins (Fixture      *fixture,
                        gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->folder, "good.so", NULL);

  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  assert_import_fails (fixture, "good", path);
}

static void
test_relative_folder (Fixture      *fixture,
                      gconstpointer data)
{
  const char *const path[] = { "", ".", NULL };
  g_autofree char *previous = g_get_current_dir ();
  MaltNamespace *namespace;
  g_autoptr (GError) error = NULL;

  g_assert_no_errno (g_chdir (fixture->fixtures));
  namespace = malt_namespace_new (path);
  g_assert_no_errno (g_chdir (previous));
  g_assert_nonnull (malt_namespace_import (namespace, "good", &error));
  g_assert_no_error (error);
  malt_namespace_free (namespace);
}

static void
test_lists_what_is_available (Fixture      *fixture,
                              gconstpointer data)
{
  const char *path[] = { fixture->folder, "/nonexistent", fixture->fixtures, NULL };
  g_autofree char *first = g_build_filename (fixture->folder, "good.so", NULL);
  g_autofree char *odd = g_build_filename (fixture->folder, "no module.so", NULL);
  g_autoptr (GHashTable) available = NULL;

  g_assert_true (g_file_set_contents (first, "", 0, NULL));
  g_assert_true (g_file_set_contents (odd, "", 0, NULL));
  available = malt_namespace_list_available (path);

  g_assert_cmpstr (g_hash_table_lookup (available, "good"), ==, first);
  g_assert_nonnull (g_hash_table_lookup (available, "no-symbol"));
  g_assert_false (g_hash_table_contains (available, "no module"));
  g_assert_false (g_hash_table_contains (available, "test-namespace"));
}

static int destroyed;

static void
count_destroy (gpointer data)
{
  destroyed++;
}

static GVariant *
do_nothing (MaltInvocation  *invocation,
            GVariant        *args,
            GVariant        *kwargs,
            gpointer         user_data,
            GError         **error)
{
  return NULL;
}

static gboolean
load_static (MaltModule  *module,
             GError     **error)
{
  malt_module_add_function (module, "one", "()", MALT_FUNCTION_FLAGS_NONE, do_nothing, &destroyed,
                            count_destroy);

  return TRUE;
}

static void
test_static_module (Fixture      *fixture,
                    gconstpointer data)
{
  const char *const no_path[] = { NULL };
  MaltNamespace *namespace = malt_namespace_new (no_path);
  g_autoptr (GError) error = NULL;

  malt_register_static_module ("compiled-in", load_static);
  malt_register_static_module ("compiled-in", load_static);
  g_assert_nonnull (malt_namespace_import (fixture->namespace, "compiled-in", &error));
  g_assert_nonnull (malt_namespace_import (namespace, "compiled-in", &error));
  g_assert_no_error (error);
  assert_lists (fixture, "compiled-in.one");

  g_assert_cmpint (destroyed, ==, 0);
  malt_namespace_free (namespace);
  g_assert_cmpint (destroyed, ==, 1);
}

static gboolean
load_wrongly (MaltModule  *module,
              GError     **error)
{
  const struct
  {
    const char *name;
    const char *signature;
  } cases[] = {
    { "", NULL },
    { "a.b", NULL },
    { "bad-signature", "(" },
    { "no-tuple", "s" },
    { "good", "()" }, /* a second one of this name */
  };

  malt_module_add_function (module, "good", NULL, MALT_FUNCTION_FLAGS_NONE, do_nothing, NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_expect_message ("Malt", G_LOG_LEVEL_CRITICAL, "malt_module_add_function*");
      malt_module_add_function (module, cases[i].name, cases[i].signature, MALT_FUNCTION_FLAGS_NONE,
                                do_nothing, NULL, NULL);
      g_test_assert_expected_messages ();
    }

  return TRUE;
}

static void
test_wrong_functions_are_critical (Fixture      *fixture,
                                   gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  MaltModule *module;

  malt_register_static_module ("wrong", load_wrongly);
  module = malt_namespace_import (fixture->namespace, "wrong", &error);
  g_assert_no_error (error);
  assert_lists (fixture, "wrong.good");

  /* It is closed once it is loaded. */
  g_test_expect_message ("Malt", G_LOG_LEVEL_CRITICAL, "malt_module_add_function*");
  malt_module_add_function (module, "late", NULL, MALT_FUNCTION_FLAGS_NONE, do_nothing, NULL, NULL);
  g_test_assert_expected_messages ();
}

static void
add_test (const char *path,
          void      (*func) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, set_up, func, tear_down);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/malt/namespace/bad-names", test_bad_names);
  add_test ("/malt/namespace/missing-names-the-folders", test_missing_names_the_folders);
  add_test ("/malt/namespace/broken-modules", test_broken_modules);
  add_test ("/malt/namespace/truncated-files", test_truncated_files);
  add_test ("/malt/namespace/other-files", test_other_files);
  add_test ("/malt/namespace/imports-once", test_imports_once);
  add_test ("/malt/namespace/first-folder-wins", test_first_folder_wins);
  add_test ("/malt/namespace/relative-folder", test_relative_folder);
  add_test ("/malt/namespace/lists-what-is-available", test_lists_what_is_available);
  add_test ("/malt/namespace/static-module", test_static_module);
  add_test ("/malt/namespace/wrong-functions-are-critical", test_wrong_functions_are_critical);

  return g_test_run ();
}

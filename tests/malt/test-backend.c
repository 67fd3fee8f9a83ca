/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fake-worker.h"

#include <string.h>

static void
test_lookup (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltBackend) backend = malt_lookup_backend ("fake", &error);
  g_autofree char *name = NULL;
  GType type;

  g_assert_no_error (error);
  g_assert_cmpstr (malt_backend_get_name (backend), ==, "fake");
  g_assert_true (malt_backend_get_worker_type (backend) == MALT_TYPE_FAKE_WORKER);

  g_object_get (backend, "name", &name, "worker-type", &type, NULL);
  g_assert_cmpstr (name, ==, "fake");
  g_assert_true (type == MALT_TYPE_FAKE_WORKER);
}

static void
test_lookup_in_plugin (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltBackend) backend = malt_lookup_backend ("good", &error);

  g_assert_no_error (error);
  g_assert_cmpstr (g_type_name (malt_backend_get_worker_type (backend)), ==, "FixtureGood");
}

static void
test_what_it_declares (void)
{
  g_autoptr (MaltBackend) good = malt_lookup_backend ("good", NULL);
  g_autoptr (MaltBackend) fake = malt_lookup_backend ("fake", NULL);
  g_autofree char *path = NULL;
  MaltWorkerCapabilities capabilities;

  g_object_get (good, "path", &path, "capabilities", &capabilities, NULL);
  g_assert_cmpstr (path, ==, malt_backend_get_path (good));
  g_assert_true (g_str_has_suffix (path, "/libmalt-good.so"));
  g_assert_cmpint (capabilities, ==, MALT_WORKER_CAPABILITY_NONE);

  g_assert_null (malt_backend_get_path (fake));
  g_assert_cmpint (malt_backend_get_capabilities (fake), ==, MALT_WORKER_CAPABILITY_ISOLATED);
}

static void
test_plugin_failures (void)
{
  g_autoptr (GHashTable) failures = malt_list_plugin_failures ();
  g_autofree char *path = g_build_filename (g_getenv ("MALT_PLUGIN_PATH"), "libmalt-silent.so",
                                            NULL);
  g_autofree char *good = g_build_filename (g_getenv ("MALT_PLUGIN_PATH"), "libmalt-good.so",
                                            NULL);

  g_assert_cmpstr (g_hash_table_lookup (failures, path), ==,
                   "It registers neither a backend nor an evaluator");
  g_assert_false (g_hash_table_contains (failures, good));
}

static void
test_unknown (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (malt_lookup_backend ("fakke", &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_UNKNOWN_BACKEND);
  /* Others may be installed. */
  g_assert_nonnull (strstr (error->message, "Cannot load backend “fakke”: not among "));
  g_assert_nonnull (strstr (error->message, "did you mean “fake”?"));
}

static void
test_null_is_the_default (void)
{
  g_autoptr (MaltBackend) backend = NULL;
  g_autoptr (GError) error = NULL;

  g_setenv ("MALT_BACKEND", "fake", TRUE);
  backend = malt_lookup_backend (NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (malt_backend_get_name (backend), ==, "fake");

  /* The process backend may be installed or not. */
  g_setenv ("MALT_BACKEND", "", TRUE);
  g_clear_object (&backend);
  backend = malt_lookup_backend (NULL, &error);
  if (backend != NULL)
    g_assert_cmpstr (malt_backend_get_name (backend), ==, "process");
  else
    g_assert_nonnull (strstr (error->message, "“process”"));
  g_unsetenv ("MALT_BACKEND");
}

static void
test_mandatory_function_is_missing (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (malt_lookup_backend ("incomplete", &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_UNKNOWN_BACKEND);
  g_assert_nonnull (strstr (error->message, "does not implement “post”"));
}

static void
test_list (void)
{
  g_autoptr (GListModel) backends = malt_list_backends ();
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  g_assert_true (g_list_model_get_item_type (backends) == MALT_TYPE_BACKEND);
  for (guint i = 0; i < g_list_model_get_n_items (backends); i++)
    {
      g_autoptr (MaltBackend) backend = g_list_model_get_item (backends, i);

      g_ptr_array_add (names, g_strdup (malt_backend_get_name (backend)));
    }

  /* The first has the higher priority; those that are incomplete are left out. */
  g_assert_cmpstr (g_ptr_array_index (names, 0), ==, "fake");
  g_assert_true (g_ptr_array_find_with_equal_func (names, "good", g_str_equal, NULL));
  g_assert_false (g_ptr_array_find_with_equal_func (names, "incomplete", g_str_equal, NULL));
}

static void
test_options (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltBackend) backend = malt_lookup_backend ("fake", &error);
  g_autofree GParamSpec **options = NULL;
  guint n_options;

  g_assert_no_error (error);
  options = malt_backend_list_options (backend, &n_options);
  g_assert_cmpuint (n_options, ==, 20);
  g_assert_cmpstr (options[0]->name, ==, "boolean");
  for (guint i = 0; i < n_options; i++)
    {
      g_assert_cmpstr (options[i]->name, !=, "n-pending");
      g_assert_cmpstr (options[i]->name, !=, "later");
      g_assert_true (malt_backend_find_option (backend, options[i]->name) == options[i]);
    }
  g_assert_null (malt_backend_find_option (backend, "later"));
  g_assert_null (malt_backend_find_option (backend, ""));
}

static void
test_plugin_paths (void)
{
  g_auto (GStrv) paths = NULL;
  g_autofree char *before = g_strdup (g_getenv ("MALT_PLUGIN_PATH"));

  malt_add_plugin_path ("/added/one");
  malt_add_plugin_path ("/added/two");
  malt_add_plugin_path ("/added/one");
  g_setenv ("MALT_PLUGIN_PATH", "/environment/one::/environment/two", TRUE);
  paths = malt_dup_plugin_paths ();
  g_setenv ("MALT_PLUGIN_PATH", before, TRUE);

  g_assert_cmpuint (g_strv_length (paths), ==, 5);
  g_assert_cmpstr (paths[0], ==, "/added/one");
  g_assert_cmpstr (paths[1], ==, "/added/two");
  g_assert_cmpstr (paths[2], ==, "/environment/one");
  g_assert_cmpstr (paths[3], ==, "/environment/two");
  g_assert_cmpstr (paths[4], ==, MALT_PLUGINS_DIR);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* One of the fixtures that listing loads makes GLib print criticals, which are caught. */
  g_log_set_always_fatal (G_LOG_FATAL_MASK);
  malt_fake_worker_register ();

  g_test_add_func ("/malt/backend/lookup", test_lookup);
  g_test_add_func ("/malt/backend/lookup-in-plugin", test_lookup_in_plugin);
  g_test_add_func ("/malt/backend/what-it-declares", test_what_it_declares);
  g_test_add_func ("/malt/backend/plugin-failures", test_plugin_failures);
  g_test_add_func ("/malt/backend/unknown", test_unknown);
  g_test_add_func ("/malt/backend/null-is-the-default", test_null_is_the_default);
  g_test_add_func ("/malt/backend/mandatory-function-is-missing",
                   test_mandatory_function_is_missing);
  g_test_add_func ("/malt/backend/list", test_list);
  g_test_add_func ("/malt/backend/options", test_options);
  g_test_add_func ("/malt/backend/plugin-paths", test_plugin_paths);

  return g_test_run ();
}

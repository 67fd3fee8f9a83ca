/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fake-worker.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

static MaltConfig *
new_config (const char *json)
{
  g_autoptr (GError) error = NULL;
  MaltConfig *config = malt_config_new_from_data (json, -1, &error);

  g_assert_no_error (error);

  return config;
}

static MaltAbstractWorker *
create (MaltConfig *config,
        const char *profile)
{
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker = malt_config_create_worker (config, profile, NULL, &error);

  g_assert_no_error (error);

  return worker;
}

static void
assert_option (MaltConfig *config,
               const char *profile,
               const char *option,
               const char *expected)
{
  g_autoptr (MaltAbstractWorker) worker = create (config, profile);
  g_autofree char *found = malt_fake_worker_dup_option (MALT_FAKE_WORKER (worker), option);

  g_assert_cmpstr (found, ==, expected);
}

static void
test_options (void)
{
  static const struct
  {
    const char *option;
    const char *value;
    const char *expected;
  } cases[] = {
    { "boolean", "true", "TRUE" },
    { "char", "-8", "-8" },
    { "uchar", "200", "200" },
    { "int", "-100", "-100" },
    { "uint", "1000", "1000" },
    { "int64", "9223372036854775807", "9223372036854775807" },
    { "long", "-9223372036854775808", "-9223372036854775808" },
    { "uint64", "9223372036854775807", "9223372036854775807" },
    { "float", "1", "1.000000" },
    { "double", "-5e-1", "-0.500000" },
    { "text", "\"pl\\u00e4in \\ud83d\\ude00\\/\\n\"", "'pläin 😀/\n'" },
    { "text", "\"\"", "''" },
    { "strings", "[\"a\", \"b\"]", "a|b" },
    { "strings", "[]", "" },
    { "mode", "\"stream\"", "7" },
    { "mode", "1", "1" },
    { "features", "[\"fast\", \"safe\"]", "3" },
    { "features", "[]", "0" },
    { "dict", "{}", "@a{sv} {}" },
    { "dict", "{\"a\": 1}", "{'a': <int64 1>}" },
    { "dict", "{\"a\": [\"x\"]}", "{'a': <['x']>}" },
    { "dict", "{\"a\": [1, true, {}]}", "{'a': <[<int64 1>, <true>, <@a{sv} {}>]>}" },
    { "file", "\"/a/../b\"", "'/b'" },
    { "program", "\"program\"", "'program'" },
    { "program", "\"/bin/program\"", "'/bin/program'" },
    { "uint", "null", "5" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *json = g_strdup_printf (
        "{\"profiles\": {\"a\": {\"backend\": \"fake\", \"%s\": %s}}}", cases[i].option,
        cases[i].value);
      g_autoptr (MaltConfig) config = new_config (json);

      assert_option (config, "a", cases[i].option, cases[i].expected);
    }
}

static const char family[] =
  "{ \"default\": \"child\",\n"
  "  \"profiles\": {\n"
  "    \"child\": { \"extends\": \"mother\", \"int\": 3, \"text\": null },\n"
  "    \"mother\": { \"extends\": \"grandmother\", \"int\": 2, \"uint\": 2 },\n"
  "    \"grandmother\": { \"backend\": \"fake\", \"int\": 1, \"uint\": 1, \"int64\": 1,\n"
  "                     \"text\": \"old\" } } }";

static void
test_extends (void)
{
  g_autoptr (MaltConfig) config = new_config (family);

  assert_option (config, "grandmother", "text", "'old'");
  assert_option (config, "mother", "text", "'old'");
  assert_option (config, "mother", "int", "2");
  assert_option (config, "child", "int", "3");
  assert_option (config, "child", "uint", "2");
  assert_option (config, "child", "int64", "1");
  /* null: as if nobody had said anything. */
  assert_option (config, "child", "text", "''");
}

static void
test_describe (void)
{
  g_autoptr (MaltConfig) config = new_config (family);
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltBackend) backend = malt_config_lookup_backend (config, "child", &error);
  g_autofree char *description = malt_config_describe_profile (config, "child", &error);
  g_autofree char *bare = malt_config_describe_profile (config, "fake", &error);
  g_auto (GStrv) profiles = malt_config_list_profiles (config);
  g_auto (GStrv) options = malt_config_list_options (config, "child", &error);
  const char *const expected_profiles[] = { "child", "mother", "grandmother", NULL };
  const char *const expected_options[] = { "int", "uint", "int64", NULL };

  g_assert_no_error (error);
  g_assert_cmpstr (malt_backend_get_name (backend), ==, "fake");
  g_assert_cmpstr (description, ==,
                   "backend: fake (profile grandmother)\n"
                   "int: 3 (profile child, line 3)\n"
                   "uint: 2 (profile mother, line 4)\n"
                   "int64: 1 (profile grandmother, line 5)\n");
  g_assert_cmpstr (bare, ==, "backend: fake\n");
  g_assert_cmpstrv (profiles, expected_profiles);
  g_assert_cmpstrv (options, expected_options);
}

static void
test_default (void)
{
  g_autoptr (MaltConfig) config = new_config (family);
  g_autoptr (MaltConfig) empty = new_config ("{}");
  g_autofree char *by_file = malt_config_dup_default_profile (config);
  g_autofree char *by_nobody = malt_config_dup_default_profile (empty);
  g_autofree char *by_environment = NULL;

  g_assert_cmpstr (by_file, ==, "child");
  g_assert_cmpstr (by_nobody, ==, "process");
  assert_option (config, NULL, "int", "3");

  g_setenv ("MALT_BACKEND", "mother", TRUE);
  by_environment = malt_config_dup_default_profile (config);
  g_assert_cmpstr (by_environment, ==, "mother");
  assert_option (config, NULL, "int", "2");
  g_setenv ("MALT_BACKEND", "", TRUE);
  assert_option (config, NULL, "int", "3");
  g_unsetenv ("MALT_BACKEND");
}

/* A profile may stand for a backend, also for another one than it is named after. */
static void
test_name_of_a_backend (void)
{
  g_autoptr (MaltConfig) config = new_config (
    "{\"default\": \"fake\", \"profiles\": {\"fake\": {\"backend\": \"fake\", \"int\": 7}}}");
  g_autoptr (MaltConfig) other = new_config ("{\"default\": \"fake\"}");

  assert_option (config, "fake", "int", "7");
  assert_option (config, NULL, "int", "7");
  assert_option (other, "fake", "int", "0");
  assert_option (other, NULL, "int", "0");
}

static void
test_unknown_profile (void)
{
  g_autoptr (MaltConfig) config = new_config (family);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) of_default = NULL;

  g_assert_null (malt_config_create_worker (config, "childe", NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_UNKNOWN_BACKEND);
  g_assert_true (g_str_has_prefix (error->message, "There is no profile “childe”; did you mean "
                                                   "“child”? Cannot load backend “childe”: "));

  g_setenv ("MALT_BACKEND", "xyzzy", TRUE);
  g_assert_null (malt_config_create_worker (config, NULL, NULL, &of_default));
  g_unsetenv ("MALT_BACKEND");
  g_assert_error (of_default, MALT_ERROR, MALT_ERROR_UNKNOWN_BACKEND);
  g_assert_true (g_str_has_prefix (of_default->message,
                                   "There is no profile “xyzzy”: not among child, mother, "
                                   "grandmother. Cannot load"));
}

static void
store_result (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static MaltAbstractWorker *
create_asynchronously (MaltConfig    *config,
                       const char    *profile,
                       GError       **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  malt_config_create_worker_async (config, profile, NULL, store_result, &result);
  g_assert_null (result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);

  return malt_config_create_worker_finish (config, result, error);
}

static void
test_async (void)
{
  g_autoptr (MaltConfig) config = new_config (
    "{\"profiles\": {\"a\": {\"backend\": \"fake\", \"int\": 7},"
    " \"b\": {\"backend\": \"fake\", \"text\": \"fail\"}}}");
  g_autoptr (MaltAbstractWorker) worker = NULL;
  g_autofree char *found = NULL;
  g_autoptr (GError) error = NULL;

  worker = create_asynchronously (config, "a", &error);
  g_assert_no_error (error);
  found = malt_fake_worker_dup_option (MALT_FAKE_WORKER (worker), "int");
  g_assert_cmpstr (found, ==, "7");

  g_assert_null (create_asynchronously (config, "b", &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  g_clear_error (&error);
  g_assert_null (create_asynchronously (config, "c", &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_UNKNOWN_BACKEND);
}

static void
test_cancelled (void)
{
  g_autoptr (MaltConfig) config = new_config (family);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GFile) file = g_file_new_for_path ("/dev/null");
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_null (malt_config_create_worker (config, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (malt_config_new_from_file (file, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (malt_config_check_file (file, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* A file in a folder of its own. */
typedef struct
{
  char  *folder;
  char  *path;
  GFile *file;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  fixture->folder = g_dir_make_tmp ("malt-test-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->path = g_build_filename (fixture->folder, "config.json", NULL);
  fixture->file = g_file_new_for_path (fixture->path);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_unlink (fixture->path);
  g_assert_cmpint (g_rmdir (fixture->folder), ==, 0);
  g_clear_pointer (&fixture->folder, g_free);
  g_clear_pointer (&fixture->path, g_free);
  g_clear_object (&fixture->file);
}

static void
write_config (Fixture    *fixture,
              const char *json)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (fixture->path, json, -1, &error);
  g_assert_no_error (error);
}

static MaltConfig *
read_config (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  MaltConfig *config = malt_config_new_from_file (fixture->file, NULL, &error);

  g_assert_no_error (error);

  return config;
}

static void
test_relative_paths (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autofree char *file = g_strdup_printf ("'%s/a'", fixture->folder);
  g_autofree char *parent = g_path_get_dirname (fixture->folder);
  g_autofree char *files = g_strdup_printf ("%s/b|%s/c|/d", parent, fixture->folder);
  g_autofree char *program = g_strdup_printf ("'%s/bin/e'", fixture->folder);
  g_autofree char *plugins = g_strdup_printf ("%s/plugins", fixture->folder);
  g_autofree char *home_plugins = g_build_filename (g_get_home_dir (), "plugins", NULL);
  g_autofree char *home_program = g_strdup_printf ("'%s/bin/e'", g_get_home_dir ());
  g_autofree char *home_files = g_strdup_printf ("%s|%s/b|%s/~c|%s/d/~", g_get_home_dir (),
                                                 g_get_home_dir (), fixture->folder,
                                                 fixture->folder);
  g_auto (GStrv) paths = NULL;
  g_autoptr (MaltConfig) config = NULL;

  write_config (fixture, "{\"plugin-path\": [\"plugins\", \"~/plugins\"], \"profiles\": {\"a\": {\n"
                         "\"backend\": \"fake\", \"file\": \"a\", \"program\": \"./bin/e\",\n"
                         "\"files\": [\"../b\", \"c\", \"/d\"]},\n"
                         "\"b\": {\"backend\": \"fake\", \"program\": \"e\", \"text\": \"a/b\",\n"
                         "\"file\": \"\"},\n"
                         "\"c\": {\"backend\": \"fake\", \"program\": \"~/bin/e\",\n"
                         "\"text\": \"~\",\n"
                         "\"files\": [\"~\", \"~/./b\", \"~c\", \"d/~\"]}}}");
  config = read_config (fixture);

  assert_option (config, "a", "file", file);
  assert_option (config, "a", "files", files);
  assert_option (config, "a", "program", program);
  assert_option (config, "b", "program", "'e'");
  assert_option (config, "b", "text", "'a/b'");
  assert_option (config, "b", "file", "''");
  assert_option (config, "c", "program", home_program);
  assert_option (config, "c", "text", "'~'");
  assert_option (config, "c", "files", home_files);

  /* Before the installed folder, which is the last. */
  paths = malt_dup_plugin_paths ();
  g_assert_cmpstr (paths[g_strv_length (paths) - 3], ==, plugins);
  g_assert_cmpstr (paths[g_strv_length (paths) - 2], ==, home_plugins);
}

static void
test_unreadable (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autofree char *no_file = g_strdup_printf ("%s: it cannot be read: ", fixture->path);
  g_autoptr (GFile) folder = g_file_new_for_path (fixture->folder);
  g_autoptr (GError) error = NULL;

  g_assert_null (malt_config_new_from_file (fixture->file, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
  g_assert_true (g_str_has_prefix (error->message, no_file));
  g_clear_error (&error);

  g_assert_null (malt_config_new_from_file (folder, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
}

/* Nobody ever writes into it. */
static void
test_pipe (Fixture       *fixture,
           gconstpointer  data)
{
  g_autofree char *expected = g_strdup_printf ("%s: it cannot be read: it is a pipe or a device",
                                               fixture->path);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (mkfifo (fixture->path, 0600), ==, 0);
  g_assert_null (malt_config_new_from_file (fixture->file, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
  g_assert_cmpstr (error->message, ==, expected);
}

/* It claims to be a regular file, and waits for what the kernel has to say next. */
static void
test_file_that_would_block (Fixture       *fixture,
                            gconstpointer  data)
{
  g_autoptr (GFile) file = g_file_new_for_path ("/proc/kmsg");
  g_autoptr (MaltConfig) config = NULL;
  g_autoptr (GError) error = NULL;

  config = malt_config_new_from_file (file, NULL, &error);

  g_assert_null (config);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
}

static void
count_change (GObject *object,
              guint   *n_changes)
{
  ++*n_changes;
}

static void
test_reload (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr (MaltConfig) config = NULL;
  g_autoptr (MaltConfig) of_data = new_config ("{}");
  g_autoptr (MaltAbstractWorker) early = NULL;
  g_autofree char *found = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) noted = NULL;
  guint n_changes = 0;

  write_config (fixture, "{\"profiles\": {\"a\": {\"backend\": \"fake\", \"int\": 1}}}");
  config = read_config (fixture);
  g_signal_connect (config, "changed", G_CALLBACK (count_change), &n_changes);
  early = create (config, "a");

  write_config (fixture, "{\"profiles\": {\"a\": {\"backend\": \"fake\", \"int\": 2}}}");
  assert_option (config, "a", "int", "1");
  g_assert_true (malt_config_reload (config, NULL, &error));
  g_assert_no_error (error);
  assert_option (config, "a", "int", "2");
  found = malt_fake_worker_dup_option (MALT_FAKE_WORKER (early), "int");
  g_assert_cmpstr (found, ==, "1");

  write_config (fixture, "{\"profiles\": {\"a\": {\"backend\": \"fake\", \"int\": \"x\"}}}");
  g_assert_false (malt_config_reload (config, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
  noted = malt_config_dup_error (config);
  g_assert_error (noted, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
  g_assert_cmpstr (noted->message, ==, error->message);
  assert_option (config, "a", "int", "2");
  g_clear_error (&error);

  write_config (fixture, "{}");
  g_assert_true (malt_config_reload (config, NULL, &error));
  g_assert_null (malt_config_dup_error (config));
  g_assert_cmpuint (n_changes, ==, 3);

  g_assert_false (malt_config_reload (of_data, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
}

/* A backend that does something as soon as a configuration names it. */
typedef struct
{
  MaltFilterWorker parent_instance;
} Curious;

typedef struct
{
  MaltFilterWorkerClass parent_class;
} CuriousClass;

static GType curious_get_type (void);

G_DEFINE_TYPE (Curious, curious, MALT_TYPE_FILTER_WORKER)

static Fixture *curious_fixture;
static MaltConfig *curious_config;

static void
curious_class_init (CuriousClass *klass)
{
  write_config (curious_fixture, "{\"profiles\": {\"late\": {\"backend\": \"fake\"}}}");
  g_assert_true (malt_config_reload (curious_config, NULL, NULL));
}

static void
curious_init (Curious *self)
{
}

static void
test_reload_overtaken (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autoptr (MaltConfig) config = NULL;
  g_auto (GStrv) profiles = NULL;
  g_autoptr (GError) error = NULL;
  guint n_changes = 0;

  g_test_summary ("What is read while an older reading takes its time stays");
  write_config (fixture, "{}");
  config = read_config (fixture);
  g_signal_connect (config, "changed", G_CALLBACK (count_change), &n_changes);
  curious_fixture = fixture;
  curious_config = config;
  g_assert_nonnull (g_io_extension_point_implement (MALT_WORKER_EXTENSION_POINT,
                                                    curious_get_type (), "curious", -100));

  write_config (fixture, "{\"profiles\": {\"early\": {\"backend\": \"curious\"}}}");
  g_assert_true (malt_config_reload (config, NULL, &error));
  g_assert_no_error (error);
  profiles = malt_config_list_profiles (config);
  g_assert_cmpstr (profiles[0], ==, "late");
  g_assert_cmpuint (n_changes, ==, 1);
}

#define N_THREADS 4
#define N_ROUNDS 50

static gpointer
create_often (gpointer data)
{
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      g_autoptr (MaltAbstractWorker) worker = create (data, "a");
      g_autofree char *one = malt_fake_worker_dup_option (MALT_FAKE_WORKER (worker), "int");
      g_autofree char *other = malt_fake_worker_dup_option (MALT_FAKE_WORKER (worker), "int64");

      /* Never half of a file. */
      g_assert_cmpstr (one, ==, other);
    }

  return NULL;
}

static void
test_threads (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr (MaltConfig) config = NULL;
  GThread *threads[N_THREADS];

  write_config (fixture,
                "{\"profiles\": {\"a\": {\"backend\": \"fake\", \"int\": 0, \"int64\": 0}}}");
  config = read_config (fixture);
  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("test", create_often, config);

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      g_autofree char *json = g_strdup_printf (
        "{\"profiles\": {\"a\": {\"backend\": \"fake\", \"int\": %u, \"int64\": %u}}}", i, i);
      g_autoptr (GError) error = NULL;

      write_config (fixture, json);
      malt_config_reload (config, NULL, &error);
      g_assert_no_error (error);
    }
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
}

#define ADD(name, function) \
  g_test_add ("/malt/config/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  malt_fake_worker_register ();

  g_test_add_func ("/malt/config/options", test_options);
  g_test_add_func ("/malt/config/extends", test_extends);
  g_test_add_func ("/malt/config/describe", test_describe);
  g_test_add_func ("/malt/config/default", test_default);
  g_test_add_func ("/malt/config/name-of-a-backend", test_name_of_a_backend);
  g_test_add_func ("/malt/config/unknown-profile", test_unknown_profile);
  g_test_add_func ("/malt/config/async", test_async);
  g_test_add_func ("/malt/config/cancelled", test_cancelled);
  ADD ("relative-paths", test_relative_paths);
  ADD ("unreadable", test_unreadable);
  ADD ("pipe", test_pipe);
  ADD ("file-that-would-block", test_file_that_would_block);
  ADD ("reload", test_reload);
  ADD ("reload-overtaken", test_reload_overtaken);
  ADD ("threads", test_threads);

  return g_test_run ();
}

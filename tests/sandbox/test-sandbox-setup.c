/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <malt/malt.h>

#include "malt/sandbox/malt-sandbox-filter-private.h"
#include "malt/sandbox/malt-sandbox-launcher-private.h"
#include "malt/sandbox/malt-sandbox-mechanisms.h"
#include "malt/sandbox/malt-sandbox-profile-private.h"
#include "malt/sandbox/malt-sandbox-setup.h"

#include <string.h>

/* The manager's side: options, what a worker is told, and what it has to answer. */

/* The options of a worker as the process backend has them, with their defaults. */
static MaltSandboxOptions
new_options (MaltSandbox profile)
{
  return (MaltSandboxOptions) {
    .profile = profile,
    .memory_limit = G_GUINT64_CONSTANT (512) << 20,
    .fd_limit = 64,
    .file_size_limit = 16 << 20,
    .task_limit = 64,
    .bwrap_path = g_strdup (MALT_SANDBOX_BWRAP_PATH),
  };
}

static gboolean
has_strict (void)
{
  g_autoptr (GError) error = NULL;

  if (malt_sandbox_check ("strict", &error))
    return TRUE;

  g_assert_error (error, MALT_ERROR, MALT_ERROR_SANDBOX_UNAVAILABLE);
  g_test_skip (error->message);
  return FALSE;
}

static void
test_names (void)
{
  for (MaltSandbox profile = MALT_SANDBOX_NONE; profile <= MALT_SANDBOX_ISOLATED; profile++)
    {
      g_autoptr (GError) error = NULL;
      MaltSandbox parsed = MALT_SANDBOX_NONE;

      g_assert_true (malt_sandbox_parse (malt_sandbox_get_name (profile), &parsed, &error));
      g_assert_no_error (error);
      g_assert_cmpint (parsed, ==, profile);
    }
}

static void
test_unknown (void)
{
  const char *const names[] = { "", "Strict", "strict ", "all" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (malt_sandbox_check (names[i], &error));
      g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
      g_assert_nonnull (strstr (error->message, "isolated"));
    }
}

static void
test_always_there (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (malt_sandbox_check ("none", &error));
  g_assert_true (malt_sandbox_check ("limits", &error));
  g_assert_no_error (error);
}

static void
test_names_the_weaker (void)
{
  g_autoptr (GError) error = NULL;

  malt_sandbox_set_error (&error, MALT_SANDBOX_ISOLATED, "there is no “%s”", "moon");
  g_assert_error (error, MALT_ERROR, MALT_ERROR_SANDBOX_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, "“isolated”"));
  g_assert_nonnull (strstr (error->message, "there is no “moon”"));
  g_assert_nonnull (strstr (error->message, "“strict”"));
}

static void
assert_refused (MaltSandboxOptions *options,
                const char         *name)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (malt_sandbox_options_check (options, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
  g_assert_nonnull (strstr (error->message, name));
  malt_sandbox_options_clear (options);
}

static void
test_not_honoured (void)
{
  const char *const here[] = { "/", NULL };

  for (MaltSandbox profile = MALT_SANDBOX_NONE; profile <= MALT_SANDBOX_STRICT; profile++)
    {
      MaltSandboxOptions options = new_options (profile);

      options.task_limit = 8;
      assert_refused (&options, "task-limit");

      options = new_options (profile);
      g_free (options.bwrap_path);
      options.bwrap_path = g_strdup ("/bin/bwrap");
      assert_refused (&options, "bwrap-path");
    }

  for (MaltSandbox profile = MALT_SANDBOX_NONE; profile <= MALT_SANDBOX_LIMITS; profile++)
    {
      MaltSandboxOptions options = new_options (profile);

      options.read_paths = g_strdupv ((char **) here);
      assert_refused (&options, "read-paths");

      options = new_options (profile);
      options.allow_native_code = TRUE;
      assert_refused (&options, "allow-native-code");
    }
}

static void
test_limits_without_sandbox (void)
{
  MaltSandboxOptions options = new_options (MALT_SANDBOX_NONE);

  options.memory_limit = 0;
  assert_refused (&options, "memory-limit");
  options = new_options (MALT_SANDBOX_NONE);
  options.cpu_limit = 1;
  assert_refused (&options, "cpu-limit");
  options = new_options (MALT_SANDBOX_NONE);
  options.fd_limit = 20;
  assert_refused (&options, "fd-limit");
  options = new_options (MALT_SANDBOX_NONE);
  options.file_size_limit = 1;
  assert_refused (&options, "file-size-limit");
}

static void
test_wrong_values (void)
{
  const char *const missing[] = { "/", "/nonexistent/file", NULL };
  MaltSandboxOptions options = new_options (MALT_SANDBOX_STRICT);

  options.read_paths = g_strdupv ((char **) missing);
  assert_refused (&options, "/nonexistent/file");
  options = new_options (MALT_SANDBOX_LIMITS);
  options.memory_limit = 4096;
  assert_refused (&options, "4096");
  options = new_options (MALT_SANDBOX_ISOLATED);
  g_free (options.bwrap_path);
  options.bwrap_path = g_strdup ("bwrap");
  assert_refused (&options, "bwrap-path");
}

static void
test_filter_is_kept (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) data_only = NULL;
  g_autoptr (GBytes) again = NULL;
  g_autoptr (GBytes) native = NULL;

  if (!has_strict ())
    return;

  data_only = malt_sandbox_filter_get (FALSE, &error);
  g_assert_no_error (error);
  again = malt_sandbox_filter_get (FALSE, &error);
  native = malt_sandbox_filter_get (TRUE, &error);
  g_assert_no_error (error);
  g_assert_true (data_only == again);
  g_assert_false (g_bytes_equal (data_only, native));
  g_assert_cmpuint (g_bytes_get_size (data_only) % 8, ==, 0);
}

static void
test_setup_of_limits (void)
{
  MaltSandboxOptions options = new_options (MALT_SANDBOX_LIMITS);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) setup = malt_sandbox_new_setup (&options, NULL, &error);
  const char *profile;
  guint64 limit;

  g_assert_no_error (error);
  g_assert_true (g_variant_lookup (setup, "profile", "&s", &profile));
  g_assert_cmpstr (profile, ==, "limits");
  g_assert_true (g_variant_lookup (setup, "memory-limit", "t", &limit));
  g_assert_cmpuint (limit, ==, options.memory_limit);
  g_assert_false (g_variant_lookup (setup, "task-limit", "t", &limit));
  g_assert_false (g_variant_lookup (setup, "filter", "ay", NULL));
  malt_sandbox_options_clear (&options);
}

static void
test_setup_of_strict (void)
{
  const char *const folders[] = { "relative", "/srv/modules", NULL };
  MaltSandboxOptions options = new_options (MALT_SANDBOX_STRICT);
  g_autofree char *relative = g_canonicalize_filename ("relative", NULL);
  g_autofree const char **readable = NULL;
  g_autoptr (GVariant) setup = NULL;
  g_autoptr (GError) error = NULL;

  if (has_strict ())
    {
      setup = malt_sandbox_new_setup (&options, folders, &error);
      g_assert_no_error (error);
      g_assert_true (g_variant_lookup (setup, "readable", "^a&ay", &readable));
      g_assert_true (g_strv_contains ((const char *const *) readable, relative));
      g_assert_true (g_strv_contains ((const char *const *) readable, "/srv/modules"));
      g_assert_false (g_strv_contains ((const char *const *) readable, "/"));
    }
  malt_sandbox_options_clear (&options);
}

/* What a worker says, and what is missing in it under which profile. */
static const struct
{
  const char  *hello;
  MaltSandbox  profile;
  const char  *missing; /* NULL: nothing */
} hellos[] = {
  { "@a{sv} {}", MALT_SANDBOX_NONE, NULL },
  { "@a{sv} {}", MALT_SANDBOX_LIMITS, "no-new-privs" },
  { "{'sandbox': <@as []>}", MALT_SANDBOX_LIMITS, "no-new-privs" },
  { "{'sandbox': <'limits no-new-privs'>}", MALT_SANDBOX_LIMITS, "no-new-privs" },
  { "{'sandbox': <['no-new-privs']>}", MALT_SANDBOX_LIMITS, "limits" },
  { "{'sandbox': <['limits', 'no-new-privs']>}", MALT_SANDBOX_LIMITS, NULL },
  { "{'sandbox': <['limits', 'no-new-privs']>}", MALT_SANDBOX_STRICT, "not-dumpable" },
  { "{'sandbox': <['limits', 'no-new-privs', 'not-dumpable', 'landlocked', 'seccomp']>}",
    MALT_SANDBOX_STRICT, "landlock" },
  { "{'sandbox': <['limits', 'no-new-privs', 'not-dumpable', 'landlock-1']>}",
    MALT_SANDBOX_ISOLATED, "seccomp" },
  { "{'sandbox': <['limits', 'no-new-privs', 'not-dumpable', 'landlock-1', 'seccomp', 'more']>}",
    MALT_SANDBOX_ISOLATED, NULL },
};

static void
test_hellos (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (hellos); i++)
    {
      g_autoptr (GVariant) hello = g_variant_ref_sink (g_variant_new_parsed (hellos[i].hello));
      g_autoptr (GError) error = NULL;
      gboolean is_kept = malt_sandbox_check_hello (hellos[i].profile, hello, &error);

      g_assert_cmpint (is_kept, ==, hellos[i].missing == NULL);
      if (is_kept)
        continue;
      g_assert_error (error, MALT_ERROR, MALT_ERROR_SANDBOX_UNAVAILABLE);
      g_assert_nonnull (strstr (error->message, hellos[i].missing));
    }
}

static void
test_launcher (void)
{
  const char *const visible[] = { "/srv/modules", NULL };
  MaltSandboxOptions options = new_options (MALT_SANDBOX_ISOLATED);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) argv = NULL;
  guint n;

  /* Whatever can be executed. */
  g_free (options.bwrap_path);
  options.bwrap_path = g_strdup ("/bin/sh");
  argv = malt_sandbox_new_launcher (&options, "/opt/program", visible, &error);
  g_assert_no_error (error);
  n = g_strv_length (argv);
  g_assert_cmpstr (argv[0], ==, "/bin/sh");
  g_assert_cmpstr (argv[n - 1], ==, "/opt/program");
  g_assert_cmpstr (argv[n - 2], ==, "--");
  g_assert_true (g_strv_contains ((const char *const *) argv, "--unshare-all"));
  g_assert_true (g_strv_contains ((const char *const *) argv, "--die-with-parent"));
  g_assert_true (g_strv_contains ((const char *const *) argv, "/srv/modules"));
  g_assert_false (g_strv_contains ((const char *const *) argv, "--proc"));
  g_assert_false (g_strv_contains ((const char *const *) argv, "--bind"));
  malt_sandbox_options_clear (&options);
}

/* Folders hide what is bound before them, and devices in them cannot be opened. */
static void
test_devices_come_last (void)
{
  const char *const read_paths[] = { "/dev", NULL };
  MaltSandboxOptions options = new_options (MALT_SANDBOX_ISOLATED);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) argv = NULL;
  gsize folder = 0, device = 0;

  g_free (options.bwrap_path);
  options.bwrap_path = g_strdup ("/bin/sh");
  options.read_paths = g_strdupv ((char **) read_paths);
  argv = malt_sandbox_new_launcher (&options, "/opt/program", NULL, &error);
  g_assert_no_error (error);
  for (gsize i = 0; argv[i] != NULL; i++)
    {
      if (g_str_equal (argv[i], "/dev"))
        folder = i;
      else if (g_str_equal (argv[i], "/dev/null"))
        device = i;
    }
  g_assert_cmpuint (folder, >, 0);
  g_assert_cmpuint (device, >, folder);
  malt_sandbox_options_clear (&options);
}

static void
test_no_launcher (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (malt_sandbox_launcher_is_there ("/nonexistent/bwrap", "/nonexistent", &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_SANDBOX_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, "/nonexistent/bwrap"));
  g_clear_error (&error);

  /* As if this file were the one of Flatpak. */
  g_assert_false (malt_sandbox_launcher_is_there ("/bin/sh", "/bin/sh", &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_SANDBOX_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, "Flatpak"));
}

static void
test_mechanisms (void)
{
  g_autoptr (GVariant) mechanisms = malt_sandbox_list_mechanisms ();
  GVariantIter iter;
  const char *name;
  const char *text;
  gboolean is_there;

  g_variant_iter_init (&iter, mechanisms);
  while (g_variant_iter_next (&iter, "(&sb&s)", &name, &is_there, &text))
    {
      g_test_message ("%s: %d %s", name, is_there, text);
      g_assert_true (is_there || *text != '\0');
    }
  g_assert_cmpuint (g_variant_n_children (mechanisms), ==, 4);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/sandbox/setup/names", test_names);
  g_test_add_func ("/malt/sandbox/setup/unknown", test_unknown);
  g_test_add_func ("/malt/sandbox/setup/always-there", test_always_there);
  g_test_add_func ("/malt/sandbox/setup/names-the-weaker", test_names_the_weaker);
  g_test_add_func ("/malt/sandbox/setup/not-honoured", test_not_honoured);
  g_test_add_func ("/malt/sandbox/setup/limits-without-sandbox", test_limits_without_sandbox);
  g_test_add_func ("/malt/sandbox/setup/wrong-values", test_wrong_values);
  g_test_add_func ("/malt/sandbox/setup/filter-is-kept", test_filter_is_kept);
  g_test_add_func ("/malt/sandbox/setup/of-limits", test_setup_of_limits);
  g_test_add_func ("/malt/sandbox/setup/of-strict", test_setup_of_strict);
  g_test_add_func ("/malt/sandbox/setup/hellos", test_hellos);
  g_test_add_func ("/malt/sandbox/setup/launcher", test_launcher);
  g_test_add_func ("/malt/sandbox/setup/devices-come-last", test_devices_come_last);
  g_test_add_func ("/malt/sandbox/setup/no-launcher", test_no_launcher);
  g_test_add_func ("/malt/sandbox/setup/mechanisms", test_mechanisms);

  return g_test_run ();
}

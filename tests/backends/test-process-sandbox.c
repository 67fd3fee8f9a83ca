/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/backends/process-fixture.h"

#include <glib/gstdio.h>

#include <string.h>
#include <unistd.h>

/* Starts with sandboxes that end with an error, and what the error says. */

typedef struct
{
  const char *name;
  const char *options;
  const char *needs; /* a profile that must be there (nullable) */
  int         code;
  const char *texts[4];
} BadSandbox;

static const BadSandbox bad_sandboxes[] = {
  { "tcp-and-strict", "{'sandbox': <'strict'>, 'transport': <'tcp'>}", NULL,
    MALT_ERROR_INVALID_CONFIG, { "“tcp”", "“transport”", "“strict”" } },
  { "tcp-and-isolated", "{'sandbox': <'isolated'>, 'transport': <'tcp'>}", NULL,
    MALT_ERROR_INVALID_CONFIG, { "“tcp”", "“isolated”" } },
  { "shared-group-and-isolated", "{'sandbox': <'isolated'>, 'process-group': <'inherit'>}", NULL,
    MALT_ERROR_INVALID_CONFIG, { "“inherit”", "“process-group”" } },
  { "own-stdout-and-strict", "{'sandbox': <'strict'>, 'stdout': <'inherit'>}", NULL,
    MALT_ERROR_INVALID_CONFIG, { "“inherit”", "“stdout”", "“strict”" } },
  { "own-stderr-and-isolated", "{'sandbox': <'isolated'>, 'stderr': <'inherit'>}", NULL,
    MALT_ERROR_INVALID_CONFIG, { "“inherit”", "“stderr”", "“isolated”" } },
  { "limit-without-sandbox", "{'fd-limit': <uint32 20>}", NULL, MALT_ERROR_INVALID_CONFIG,
    { "“fd-limit”", "“limits”" } },
  { "unreadable-path", "{'sandbox': <'strict'>, 'read-paths': <['/no/such/file']>}", NULL,
    MALT_ERROR_INVALID_CONFIG, { "“read-paths”", "/no/such/file" } },
  /* It greets, and has applied nothing. */
  { "does-not-know-limits", "{'sandbox': <'limits'>}", NULL, MALT_ERROR_SANDBOX_UNAVAILABLE,
    { "“limits”", "did not apply", "“none”" } },
  { "does-not-know-strict", "{'sandbox': <'strict'>}", "strict", MALT_ERROR_SANDBOX_UNAVAILABLE,
    { "“strict”", "did not apply", "“limits”" } },
  { "no-bwrap", "{'sandbox': <'isolated'>, 'bwrap-path': <'/no/such/bwrap'>}", "strict",
    MALT_ERROR_SANDBOX_UNAVAILABLE,
    { "“isolated”", "/no/such/bwrap", "No such file", "“strict”" } },
  { "isolated-without-program", "{'sandbox': <'isolated'>, 'executable': <'/no/such/program'>}",
    "strict", MALT_ERROR_START_FAILED, { "/no/such/program", "No such file" } },
  /* It exits with 1, as bwrap does that cannot isolate. */
  { "isolated-program-fails", "{'sandbox': <'isolated'>, 'executable': <'/bin/false'>}", "isolated",
    MALT_ERROR_START_FAILED, { "“/bin/false”", "status 1" } },
};

static gboolean
skip_without (const char *profile)
{
  g_autoptr (GError) error = NULL;

  if (profile == NULL || malt_sandbox_check (profile, &error))
    return FALSE;
  g_test_skip (error->message);
  return TRUE;
}

static void
assert_fails (const char        *options,
              int                code,
              const char *const *texts,
              gsize              n_texts)
{
  FixtureCensus before = fixture_take_census ();
  g_autoptr (GError) error = NULL;

  g_assert_null (fixture_new_worker ("serve", NULL, options, NULL, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, MALT_ERROR, code);
  for (gsize i = 0; i < n_texts && texts[i] != NULL; i++)
    g_assert_nonnull (strstr (error->message, texts[i]));
  fixture_assert_census (&before);
}

static void
test_bad_sandbox (gconstpointer data)
{
  const BadSandbox *bad = data;

  if (!skip_without (bad->needs))
    assert_fails (bad->options, bad->code, bad->texts, G_N_ELEMENTS (bad->texts));
}

/* What stands in for bwrap says why it cannot, as bwrap does, wherever stderr goes. */
static void
test_failing_bwrap (void)
{
  static const char *const modes[] = { "lines", "relay", "stream", "null" };
  g_autofree char *folder = g_dir_make_tmp ("malt-bwrap-XXXXXX", NULL);
  g_autofree char *program = g_build_filename (folder, "bwrap", NULL);
  const char *const texts[] = { "“isolated”", "status 1", "“strict”", "bwrap: No permissions" };

  if (skip_without ("strict"))
    return;
  g_assert_true (g_file_set_contents (
    program, "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n", -1,
    NULL));
  g_assert_cmpint (g_chmod (program, 0755), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      gboolean is_null = g_str_equal (modes[i], "null");
      g_autofree char *options = g_strdup_printf (
        "{'sandbox': <'isolated'>, 'bwrap-path': <'%s'>, 'stderr': <'%s'>}", program, modes[i]);

      assert_fails (options, MALT_ERROR_SANDBOX_UNAVAILABLE, texts,
                    G_N_ELEMENTS (texts) - (is_null ? 1 : 0));
    }
  g_unlink (program);
  g_rmdir (folder);
}

static void
test_options_are_properties (void)
{
  g_autoptr (MaltAbstractWorker) worker = fixture_start ("serve", NULL, NULL);
  g_auto (GStrv) read_paths = NULL;
  g_autofree char *bwrap_path = NULL;
  guint64 memory_limit;
  guint fd_limit;
  gboolean allow_native_code;
  int sandbox;

  g_object_get (worker,
                "sandbox", &sandbox,
                "memory-limit", &memory_limit,
                "fd-limit", &fd_limit,
                "read-paths", &read_paths,
                "bwrap-path", &bwrap_path,
                "allow-native-code", &allow_native_code,
                NULL);
  g_assert_cmpint (sandbox, ==, 0);
  g_assert_cmpuint (memory_limit, ==, 512 << 20);
  g_assert_cmpuint (fd_limit, ==, 64);
  g_assert_null (read_paths);
  g_assert_cmpstr (bwrap_path, ==, "/usr/bin/bwrap");
  g_assert_false (allow_native_code);
  g_assert_cmpuint (malt_abstract_worker_get_capabilities (worker)
                      & MALT_WORKER_CAPABILITY_SANDBOX,
                    ==, 0);
  fixture_stop (g_steal_pointer (&worker));
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);
  for (gsize i = 0; i < G_N_ELEMENTS (bad_sandboxes); i++)
    {
      g_autofree char *path = g_strconcat ("/malt/process/sandbox/", bad_sandboxes[i].name, NULL);

      fixture_add_data (path, &bad_sandboxes[i], test_bad_sandbox);
    }
  fixture_add ("/malt/process/sandbox/failing-bwrap", test_failing_bwrap);
  fixture_add ("/malt/process/sandbox/options-are-properties", test_options_are_properties);
  return g_test_run ();
}

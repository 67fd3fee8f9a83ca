/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "malt-module-fixture.h"

#include <string.h>
#include <sys/stat.h>

typedef struct
{
  const char *algorithm;
  const char *text;
  const char *digest;
} VectorCase;

/* Source: RFC 1321, appendix A.5; FIPS 180-4, its examples. */
static const VectorCase vectors[] = {
  { "md5", "", "d41d8cd98f00b204e9800998ecf8427e" },
  { "md5", "abc", "900150983cd24fb0d6963f7d28e17f72" },
  { "sha1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
  { "sha256", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
  { "sha256", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
  { "sha384", "abc",
    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
    "8086072ba1e7cc2358baeca134c825a7" },
  { "sha512", "abc",
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
};

static void
test_known_digests (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      const VectorCase *vector = &vectors[i];
      gsize length = strlen (vector->text);
      g_autofree char *expected = g_strdup_printf ("'%s'", vector->digest);
      g_autofree char *path = NULL;
      ModuleFixture fixture;
      g_autoptr (Outcome) of_file = outcome_new ();
      GVariant *bytes;

      module_fixture_set_up (&fixture, NULL);
      bytes = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, vector->text, length, 1);
      test_runtime_call (fixture.runtime, "checksum.bytes",
                         g_variant_new ("(s@ay)", vector->algorithm, bytes), fixture.outcome);
      assert_answered (fixture.outcome, expected);

      path = test_folder_write (fixture.folder, "file", vector->text, length);
      test_runtime_call (fixture.runtime, "checksum.file",
                         g_variant_new ("(ss)", vector->algorithm, path), of_file);
      assert_answered (of_file, expected);
      module_fixture_tear_down (&fixture, NULL);
    }
}

static void
test_large_file (ModuleFixture *fixture,
                 gconstpointer  data)
{
  const gsize length = 3 * 256 * 1024 + 17;
  g_autofree char *contents = g_malloc (length);
  g_autoptr (Outcome) of_bytes = outcome_new ();
  g_autofree char *path = NULL;
  g_autofree char *digest = NULL;
  g_autofree char *expected = NULL;
  GVariant *bytes;

  for (gsize i = 0; i < length; i++)
    contents[i] = (char) (i * 31 + i / 251);
  path = test_folder_write (fixture->folder, "large", contents, length);
  digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) contents, length);
  expected = g_strdup_printf ("'%s'", digest);

  test_runtime_call (fixture->runtime, "checksum.file", g_variant_new ("(ss)", "sha256", path),
                     fixture->outcome);
  assert_answered (fixture->outcome, expected);
  g_assert_cmpfloat (fixture->outcome->fraction, ==, 1.0);
  g_assert_cmpstr (fixture->outcome->message, ==, path);

  bytes = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, contents, length, 1);
  test_runtime_call (fixture->runtime, "checksum.bytes",
                     g_variant_new ("(s@ay)", "sha256", bytes), of_bytes);
  assert_answered (of_bytes, expected);
  g_assert_cmpfloat (of_bytes->fraction, ==, 1.0);
}

static void
test_several_files (ModuleFixture *fixture,
                    gconstpointer  data)
{
  g_autofree char *abc = test_folder_write (fixture->folder, "abc", "abc", 3);
  g_autofree char *empty = test_folder_write (fixture->folder, "empty", "", 0);
  const char *const paths[] = { abc, empty, NULL };
  const char *digest;

  test_runtime_call (fixture->runtime, "checksum.files", g_variant_new ("(s^as)", "md5", paths),
                     fixture->outcome);
  g_assert_no_error (fixture->outcome->error);
  g_assert_cmpstr (g_variant_get_type_string (fixture->outcome->value), ==, "a{ss}");
  g_assert_cmpuint (g_variant_n_children (fixture->outcome->value), ==, 2);
  g_assert_true (g_variant_lookup (fixture->outcome->value, abc, "&s", &digest));
  g_assert_cmpstr (digest, ==, "900150983cd24fb0d6963f7d28e17f72");
  g_assert_true (g_variant_lookup (fixture->outcome->value, empty, "&s", &digest));
  g_assert_cmpstr (digest, ==, "d41d8cd98f00b204e9800998ecf8427e");
  g_assert_cmpfloat (fixture->outcome->fraction, ==, 1.0);
}

static void
test_no_files (ModuleFixture *fixture,
               gconstpointer  data)
{
  test_runtime_call (fixture->runtime, "checksum.files",
                     g_variant_new ("(s@as)", "md5", g_variant_new_strv (NULL, 0)),
                     fixture->outcome);
  assert_answered (fixture->outcome, "@a{ss} {}");
}

/* Paths in the folder of the fixture, or absolute ones. */
static void
test_what_cannot_be_read (ModuleFixture *fixture,
                          gconstpointer  data)
{
  const struct
  {
    const char   *path;
    GIOErrorEnum  code;
  } cases[] = {
    { "absent", G_IO_ERROR_NOT_FOUND },
    { "", G_IO_ERROR_IS_DIRECTORY },
    { "fifo", G_IO_ERROR_NOT_REGULAR_FILE },
    { "/dev/zero", G_IO_ERROR_NOT_REGULAR_FILE },
    { "abc/def", G_IO_ERROR_NOT_DIRECTORY },
  };
  g_autofree char *abc = test_folder_write (fixture->folder, "abc", "abc", 3);
  g_autofree char *fifo = g_build_filename (fixture->folder, "fifo", NULL);

  g_assert_no_errno (mkfifo (fifo, 0600));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_canonicalize_filename (cases[i].path, fixture->folder);
      const char *const paths[] = { abc, path, NULL };

      module_fixture_assert_unreadable (fixture, "checksum.file",
                                        g_variant_new ("(ss)", "md5", path), path, cases[i].code);
      module_fixture_assert_unreadable (fixture, "checksum.files",
                                        g_variant_new ("(s^as)", "md5", paths), path,
                                        cases[i].code);
    }
}

static void
test_unknown_algorithm (void)
{
  const struct
  {
    const char *function;
    const char *args;
  } cases[] = {
    { "checksum.file", "('md4', '/etc/passwd')" },
    { "checksum.files", "('md4', @as [])" },
    { "checksum.bytes", "('md4', b'abc')" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      ModuleFixture fixture;

      module_fixture_set_up (&fixture, NULL);
      test_runtime_call (fixture.runtime, cases[i].function,
                         g_variant_new_parsed (cases[i].args), fixture.outcome);
      assert_failed (fixture.outcome, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION,
                     "Cannot compute “md4”: not among md5, sha1, sha256, sha384, sha512");
      module_fixture_tear_down (&fixture, NULL);
    }
}

static void
test_is_cancelled (void)
{
  const char *const functions[] = { "checksum.file", "checksum.files" };

  for (guint i = 0; i < G_N_ELEMENTS (functions); i++)
    {
      ModuleFixture fixture;
      g_autofree char *path = NULL;
      const char *paths[2] = { NULL };
      gboolean is_running = FALSE;

      module_fixture_set_up (&fixture, NULL);
      path = test_folder_write_endless (fixture.folder);
      paths[0] = path;
      if (path == NULL)
        {
          g_test_skip ("The file system has no files of 1 TiB");
          module_fixture_tear_down (&fixture, NULL);
          return;
        }

      test_runtime_start (fixture.runtime, functions[i],
                          i == 0 ? g_variant_new ("(ss)", "sha256", path)
                                 : g_variant_new ("(s^as)", "sha256", paths),
                          fixture.outcome);
      while (!is_running)
        {
          g_mutex_lock (&fixture.outcome->lock);
          is_running = fixture.outcome->n_progress > 0;
          g_mutex_unlock (&fixture.outcome->lock);
          g_thread_yield ();
        }
      g_assert_cmpuint (fixture.outcome->n_finished, ==, 0);
      malt_runtime_cancel (fixture.runtime->runtime, 1);
      test_runtime_wait (fixture.runtime, fixture.outcome);
      assert_failed (fixture.outcome, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
      module_fixture_tear_down (&fixture, NULL);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/checksum/known-digests", test_known_digests);
  module_fixture_add ("/malt/checksum/large-file", NULL, test_large_file);
  module_fixture_add ("/malt/checksum/several-files", NULL, test_several_files);
  module_fixture_add ("/malt/checksum/no-files", NULL, test_no_files);
  module_fixture_add ("/malt/checksum/what-cannot-be-read", NULL, test_what_cannot_be_read);
  g_test_add_func ("/malt/checksum/unknown-algorithm", test_unknown_algorithm);
  g_test_add_func ("/malt/checksum/is-cancelled", test_is_cancelled);

  return g_test_run ();
}

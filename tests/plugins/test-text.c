/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "malt-module-fixture.h"

#include <string.h>
#include <sys/stat.h>

/* As the module reads them. */
#define PIECE_BYTES (256 * 1024)

static void
assert_counts (ModuleFixture    *self,
               const char *contents,
               gsize       length,
               guint64     lines,
               guint64     words)
{
  g_autofree char *path = test_folder_write (self->folder, "file", contents, length);
  g_autoptr (Outcome) outcome = outcome_new ();
  g_autofree char *expected =
    g_strdup_printf ("(uint64 %" G_GUINT64_FORMAT ", uint64 %" G_GUINT64_FORMAT
                     ", uint64 %" G_GSIZE_FORMAT ")", lines, words, length);

  test_runtime_call (self->runtime, "text.count", g_variant_new ("(s)", path), outcome);
  assert_answered (outcome, expected);
}

typedef struct
{
  const char *name;
  const char *text;
  guint64     lines;
  guint64     words;
} CountCase;

static const CountCase count_cases[] = {
  { "empty", "", 0, 0 },
  { "one-line", "one two  three\n", 1, 3 },
  { "no-newline-at-the-end", "one\ntwo", 1, 2 },
  { "only-newlines", "\n\n\n", 3, 0 },
  { "only-space", " \t \v\f\r ", 0, 0 },
  { "every-white-space", "a b\tc\nd\ve\ff\rg", 1, 7 },
  { "around-white-space", "\x08x \x0ey\n", 1, 2 },
  { "utf-8-is-bytes", "caf\303\251 na\303\257ve\n", 1, 2 },
  { "no-break-space-is-no-space", "a\302\240b c\n", 1, 2 },
  { "word-without-ascii", "\303\251\n", 1, 1 },
};

static void
test_count (ModuleFixture *fixture,
            gconstpointer  data)
{
  const CountCase *count = data;

  assert_counts (fixture, count->text, strlen (count->text), count->lines, count->words);
}

static void
test_nul_is_of_a_word (ModuleFixture *fixture,
                       gconstpointer  data)
{
  assert_counts (fixture, "a\0b c\n", 6, 1, 2);
}

static void
test_word_across_pieces (ModuleFixture *fixture,
                         gconstpointer  data)
{
  const gsize length = 2 * PIECE_BYTES;
  g_autofree char *contents = g_strnfill (length, 'x');

  assert_counts (fixture, contents, length, 0, 1);
  contents[PIECE_BYTES] = ' ';
  assert_counts (fixture, contents, length, 0, 2);
  contents[PIECE_BYTES - 1] = '\n';
  assert_counts (fixture, contents, length, 1, 2);
}

static void
test_counts_as_wc (ModuleFixture *fixture,
                   gconstpointer  data)
{
  static const char letters[] = "ab. \n\t";
  const gsize length = PIECE_BYTES + 4321;
  g_autofree char *contents = g_malloc (length);
  g_autofree char *path = NULL;
  g_autofree char *printed = NULL;
  guint64 counts[3];
  char *end;
  const char *argv[] = { "wc", "-lwc", NULL, NULL };
  const char *envp[] = { "LC_ALL=C", "PATH=/usr/bin:/bin", NULL };

  for (gsize i = 0; i < length; i++)
    contents[i] = letters[g_test_rand_int_range (0, strlen (letters))];
  path = test_folder_write (fixture->folder, "random", contents, length);
  argv[2] = path;
  if (!g_spawn_sync (NULL, (char **) argv, (char **) envp, G_SPAWN_SEARCH_PATH, NULL, NULL,
                     &printed, NULL, NULL, NULL))
    {
      g_test_skip ("There is no wc");
      return;
    }

  end = printed;
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    counts[i] = g_ascii_strtoull (end, &end, 10);
  g_assert_cmpuint (counts[2], ==, length);
  assert_counts (fixture, contents, length, counts[0], counts[1]);
}

static void
test_several_files (ModuleFixture *fixture,
                    gconstpointer  data)
{
  g_autofree char *one = test_folder_write (fixture->folder, "one", "a b\n", 4);
  g_autofree char *two = test_folder_write (fixture->folder, "two", "c", 1);
  const char *const paths[] = { one, two, NULL };
  guint64 lines;
  guint64 words;
  guint64 bytes;

  test_runtime_call (fixture->runtime, "text.count_files", g_variant_new ("(^as)", paths),
                     fixture->outcome);
  g_assert_no_error (fixture->outcome->error);
  g_assert_cmpstr (g_variant_get_type_string (fixture->outcome->value), ==, "a{s(ttt)}");
  g_assert_cmpuint (g_variant_n_children (fixture->outcome->value), ==, 2);
  g_assert_true (g_variant_lookup (fixture->outcome->value, one, "(ttt)", &lines, &words, &bytes));
  g_assert_cmpuint (lines, ==, 1);
  g_assert_cmpuint (words, ==, 2);
  g_assert_cmpuint (bytes, ==, 4);
  g_assert_true (g_variant_lookup (fixture->outcome->value, two, "(ttt)", &lines, &words, &bytes));
  g_assert_cmpuint (lines, ==, 0);
  g_assert_cmpuint (words, ==, 1);
  g_assert_cmpuint (bytes, ==, 1);
  g_assert_cmpfloat (fixture->outcome->fraction, ==, 1.0);
  g_assert_cmpstr (fixture->outcome->message, ==, two);
}

static void
test_no_files (ModuleFixture *fixture,
               gconstpointer  data)
{
  test_runtime_call (fixture->runtime, "text.count_files",
                     g_variant_new ("(@as)", g_variant_new_strv (NULL, 0)), fixture->outcome);
  assert_answered (fixture->outcome, "@a{s(ttt)} {}");
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
  };
  g_autofree char *fifo = g_build_filename (fixture->folder, "fifo", NULL);

  g_assert_no_errno (mkfifo (fifo, 0600));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_canonicalize_filename (cases[i].path, fixture->folder);
      const char *const paths[] = { path, NULL };

      module_fixture_assert_unreadable (fixture, "text.count", g_variant_new ("(s)", path), path,
                                        cases[i].code);
      module_fixture_assert_unreadable (fixture, "text.count_files",
                                        g_variant_new ("(^as)", paths), path, cases[i].code);
    }
}

static void
test_times_out (ModuleFixture *fixture,
                gconstpointer  data)
{
  g_autofree char *path = test_folder_write_endless (fixture->folder);
  g_autoptr (MaltInvocation) invocation = NULL;

  if (path == NULL)
    {
      g_test_skip ("The file system has no files of 1 TiB");
      return;
    }

  invocation = test_runtime_new_invocation (fixture->runtime, "text.count",
                                            g_variant_new ("(s)", path), fixture->outcome);
  malt_invocation_set_timeout (invocation, 1);
  malt_runtime_dispatch (fixture->runtime->runtime, invocation);
  test_runtime_wait (fixture->runtime, fixture->outcome);
  assert_failed (fixture->outcome, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, NULL);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (count_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/malt/text/count/", count_cases[i].name, NULL);

      module_fixture_add (path, &count_cases[i], test_count);
    }
  module_fixture_add ("/malt/text/nul-is-of-a-word", NULL, test_nul_is_of_a_word);
  module_fixture_add ("/malt/text/word-across-pieces", NULL, test_word_across_pieces);
  module_fixture_add ("/malt/text/counts-as-wc", NULL, test_counts_as_wc);
  module_fixture_add ("/malt/text/several-files", NULL, test_several_files);
  module_fixture_add ("/malt/text/no-files", NULL, test_no_files);
  module_fixture_add ("/malt/text/what-cannot-be-read", NULL, test_what_cannot_be_read);
  module_fixture_add ("/malt/text/times-out", NULL, test_times_out);

  return g_test_run ();
}

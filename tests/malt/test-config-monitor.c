/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fake-worker.h"

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* A configuration whose file changes while it is watched. Which of the states that follow each
 * other quickly is seen is a matter of chance, so every test waits for the last one. */

/* Nobody waits longer for a change, in seconds; a main loop that is stalled ends the program then.
 * */
#define DEADLINE 60

/* How often a file changes that changes all the time. */
#define N_CHANGES (g_getenv ("MALT_TEST_SLOW") != NULL ? 100 : 1000)

#define NONE "{}"
#define ONE "{\"profiles\": {\"a\": {\"backend\": \"fake\"}}}"
#define TWO "{\"profiles\": {\"a\": {\"backend\": \"fake\"}, \"b\": {\"extends\": \"a\"}}}"
#define BROKEN "{\"profiles\": "

/* A file in a folder in another one. */
typedef struct
{
  char       *outer;
  char       *folder;
  char       *path;
  MaltConfig *config;    /* watches the file */
  guint       n_changes; /* how often it has been read */
  guint       n_errors;  /* how often its error has changed */
} Fixture;

static void
write_file (const char *path,
            const char *text)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

/* In the same file, not by another that takes its place. */
static void
rewrite (Fixture    *fixture,
         const char *text)
{
  FILE *stream = g_fopen (fixture->path, "we");

  g_assert_nonnull (stream);
  g_assert_cmpint (fputs (text, stream), >=, 0);
  g_assert_cmpint (fclose (stream), ==, 0);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) folder = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL
                                                                       : g_dir_open (path, 0, NULL);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *below = g_build_filename (path, name, NULL);

      remove_tree (below);
    }
  g_assert_cmpint (g_remove (path), ==, 0);
}

static void
count_change (GObject *object,
              Fixture *fixture)
{
  fixture->n_changes++;
}

static void
count_error (GObject    *object,
             GParamSpec *pspec,
             Fixture    *fixture)
{
  fixture->n_errors++;
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile) file = NULL;

  alarm (DEADLINE + DEADLINE);
  fixture->outer = g_dir_make_tmp ("malt-test-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->folder = g_build_filename (fixture->outer, "inner", NULL);
  g_assert_cmpint (g_mkdir (fixture->folder, 0700), ==, 0);
  fixture->path = g_build_filename (fixture->folder, "config.json", NULL);
  write_file (fixture->path, ONE);

  file = g_file_new_for_path (fixture->path);
  fixture->config = malt_config_new_from_file (file, NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (fixture->config, "changed", G_CALLBACK (count_change), fixture);
  g_signal_connect (fixture->config, "notify::error", G_CALLBACK (count_error), fixture);
  malt_config_set_monitor (fixture->config, TRUE);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_assert_finalize_object (g_steal_pointer (&fixture->config));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  remove_tree (fixture->outer);
  g_clear_pointer (&fixture->path, g_free);
  g_clear_pointer (&fixture->folder, g_free);
  g_clear_pointer (&fixture->outer, g_free);
}

static gboolean
note_deadline (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;

  return G_SOURCE_REMOVE;
}

static gboolean
is_at (MaltConfig *config,
       guint       n_profiles,
       gboolean    is_wrong)
{
  g_auto (GStrv) profiles = malt_config_list_profiles (config);
  g_autoptr (GError) error = malt_config_dup_error (config);

  if (error != NULL)
    g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);

  return g_strv_length (profiles) == n_profiles && (error != NULL) == is_wrong;
}

/* Until so many profiles are known, and whether the file is wrong as it is now. */
static void
wait_until (Fixture *fixture,
            guint    n_profiles,
            gboolean is_wrong)
{
  gboolean is_late = FALSE;
  guint deadline = g_timeout_add_seconds (DEADLINE, note_deadline, &is_late);

  while (!is_at (fixture->config, n_profiles, is_wrong))
    {
      g_assert_false (is_late);
      g_main_context_iteration (NULL, TRUE);
    }
  g_source_remove (deadline);
}

/* What was right last holds, and workers are made of it. */
static void
assert_one_holds (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltAbstractWorker) worker = malt_config_create_worker (fixture->config, "a", NULL,
                                                                     &error);

  g_assert_no_error (error);
  g_assert_nonnull (worker);
}

static void
assert_error_has (Fixture    *fixture,
                  const char *part)
{
  g_autoptr (GError) error = malt_config_dup_error (fixture->config);

  g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
  g_test_message ("%s", error->message);
  g_assert_nonnull (g_strstr_len (error->message, -1, part));
}

static void
test_replaced (Fixture       *fixture,
               gconstpointer  data)
{
  g_autofree char *other = g_build_filename (fixture->folder, "other", NULL);

  write_file (other, TWO);
  g_assert_cmpint (g_rename (other, fixture->path), ==, 0);
  wait_until (fixture, 2, FALSE);
  g_assert_cmpuint (fixture->n_changes, >=, 1);
  g_assert_cmpuint (fixture->n_errors, ==, 0);
}

static void
test_rewritten (Fixture       *fixture,
                gconstpointer  data)
{
  rewrite (fixture, TWO);
  wait_until (fixture, 2, FALSE);
  rewrite (fixture, ONE);
  wait_until (fixture, 1, FALSE);
}

/* The last that was right stays, and who has asked for it is told. */
static void
test_wrong_for_a_while (Fixture       *fixture,
                        gconstpointer  data)
{
  rewrite (fixture, BROKEN);
  wait_until (fixture, 1, TRUE);
  assert_error_has (fixture, "config.json:1: it is not JSON");
  g_assert_cmpuint (fixture->n_errors, >=, 1);
  g_assert_cmpuint (fixture->n_changes, >=, 1);
  assert_one_holds (fixture);

  rewrite (fixture, "");
  rewrite (fixture, "{\"profiles\": {\"a\": {\"backend\": \"none\"}}}");
  assert_one_holds (fixture);
  rewrite (fixture, TWO);
  wait_until (fixture, 2, FALSE);
  g_assert_cmpuint (fixture->n_errors, >=, 2);
}

static void
test_removed (Fixture       *fixture,
              gconstpointer  data)
{
  g_assert_cmpint (g_unlink (fixture->path), ==, 0);
  wait_until (fixture, 1, TRUE);
  assert_error_has (fixture, "cannot be read");
  assert_one_holds (fixture);

  write_file (fixture->path, TWO);
  wait_until (fixture, 2, FALSE);
}

static void
test_folder_removed (Fixture       *fixture,
                     gconstpointer  data)
{
  remove_tree (fixture->folder);
  wait_until (fixture, 1, TRUE);
  assert_one_holds (fixture);

  g_assert_cmpint (g_mkdir (fixture->folder, 0700), ==, 0);
  write_file (fixture->path, TWO);
  wait_until (fixture, 2, FALSE);
}

/* Nobody ever writes into it: whoever waited would wait for ever. */
static void
test_pipe (Fixture       *fixture,
           gconstpointer  data)
{
  g_assert_cmpint (g_unlink (fixture->path), ==, 0);
  g_assert_cmpint (mkfifo (fixture->path, 0600), ==, 0);
  wait_until (fixture, 1, TRUE);
  g_assert_false (malt_config_reload (fixture->config, NULL, NULL));
  assert_error_has (fixture, "it is a pipe or a device");
  assert_one_holds (fixture);

  g_assert_cmpint (g_unlink (fixture->path), ==, 0);
  write_file (fixture->path, TWO);
  wait_until (fixture, 2, FALSE);
}

static void
test_folder_in_its_place (Fixture       *fixture,
                          gconstpointer  data)
{
  g_assert_cmpint (g_unlink (fixture->path), ==, 0);
  g_assert_cmpint (g_mkdir (fixture->path, 0700), ==, 0);
  wait_until (fixture, 1, TRUE);
  g_assert_false (malt_config_reload (fixture->config, NULL, NULL));
  assert_error_has (fixture, "it is a folder");

  g_assert_cmpint (g_rmdir (fixture->path), ==, 0);
  write_file (fixture->path, TWO);
  wait_until (fixture, 2, FALSE);
}

/* What a link leads to counts, also when it leads elsewhere since. */
static void
test_link (Fixture       *fixture,
           gconstpointer  data)
{
  g_autofree char *first = g_build_filename (fixture->outer, "first", NULL);
  g_autofree char *second = g_build_filename (fixture->outer, "second", NULL);
  g_autofree char *link = g_build_filename (fixture->outer, "link", NULL);

  write_file (first, NONE);
  write_file (second, TWO);
  g_assert_cmpint (symlink (first, link), ==, 0);
  g_assert_cmpint (g_rename (link, fixture->path), ==, 0);
  wait_until (fixture, 0, FALSE);
  write_file (first, ONE);
  wait_until (fixture, 1, FALSE);

  g_assert_cmpint (symlink (second, link), ==, 0);
  g_assert_cmpint (g_rename (link, fixture->path), ==, 0);
  wait_until (fixture, 2, FALSE);
  write_file (second, NONE);
  wait_until (fixture, 0, FALSE);
}

static guint
count_descriptors (void)
{
  g_autoptr (GDir) folder = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n_found = 0;

  while (g_dir_read_name (folder) != NULL)
    n_found++;

  return n_found;
}

/* Whether the main loop goes on meanwhile. */
static gboolean
count_turn (gpointer user_data)
{
  ++*(guint *) user_data;

  return G_SOURCE_CONTINUE;
}

static void
test_quick_changes (Fixture       *fixture,
                    gconstpointer  data)
{
  static const char *const texts[] = { NONE, ONE, BROKEN, TWO, "" };
  guint n_descriptors = count_descriptors ();
  guint n_turns = 0;
  guint idle = g_idle_add (count_turn, &n_turns);

  for (int i = 0; i < N_CHANGES; i++)
    {
      const char *text = texts[i % G_N_ELEMENTS (texts)];

      if (i % 3 == 0)
        rewrite (fixture, text);
      else
        write_file (fixture->path, text);
      g_main_context_iteration (NULL, FALSE);
    }
  g_source_remove (idle);
  g_assert_cmpuint (n_turns, >=, 1);

  write_file (fixture->path, BROKEN);
  write_file (fixture->path, TWO);
  wait_until (fixture, 2, FALSE);
  g_assert_cmpuint (count_descriptors (), ==, n_descriptors);
}

/* A file that never rests is read all the same. */
static void
test_never_quiet (Fixture       *fixture,
                  gconstpointer  data)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE * G_USEC_PER_SEC;

  while (fixture->n_changes < 2)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      rewrite (fixture, TWO);
      g_main_context_iteration (NULL, FALSE);
    }
  wait_until (fixture, 2, FALSE);
}

static void
test_switched (Fixture       *fixture,
               gconstpointer  data)
{
  gboolean is_on;

  g_object_get (fixture->config, "monitor", &is_on, NULL);
  g_assert_true (is_on);
  malt_config_set_monitor (fixture->config, TRUE);
  malt_config_set_monitor (fixture->config, FALSE);
  malt_config_set_monitor (fixture->config, FALSE);
  g_assert_false (malt_config_get_monitor (fixture->config));

  write_file (fixture->path, TWO);
  g_object_set (fixture->config, "monitor", TRUE, NULL);
  write_file (fixture->path, NONE);
  wait_until (fixture, 0, FALSE);
}

/* It may go while a change is on its way. */
static void
test_ends (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr (GFile) file = g_file_new_for_path (fixture->path);

  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (MaltConfig) config = malt_config_new_from_file (file, NULL, &error);

      g_assert_no_error (error);
      malt_config_set_monitor (config, TRUE);
      write_file (fixture->path, ONE);
      g_main_context_iteration (NULL, FALSE);
    }
}

#define ADD(name, function) \
  g_test_add ("/malt/config-monitor/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  malt_fake_worker_register ();

  ADD ("replaced", test_replaced);
  ADD ("rewritten", test_rewritten);
  ADD ("wrong-for-a-while", test_wrong_for_a_while);
  ADD ("removed", test_removed);
  ADD ("folder-removed", test_folder_removed);
  ADD ("pipe", test_pipe);
  ADD ("folder-in-its-place", test_folder_in_its_place);
  ADD ("link", test_link);
  ADD ("quick-changes", test_quick_changes);
  ADD ("never-quiet", test_never_quiet);
  ADD ("switched", test_switched);
  ADD ("ends", test_ends);

  return g_test_run ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "survey.h"

#include <string.h>

static void
survey_file_free (gpointer data)
{
  SurveyFile *self = data;

  g_free (self->path);
  g_free (self->sha256);
  g_free (self->expected_sha256);
  g_free (self);
}

static void
add_file (GPtrArray *files,
          GFile     *file)
{
  const char *path = g_file_peek_path (file);
  SurveyFile *self;

  /* A string on the wire is UTF-8, and so are the names of these files. */
  if (!g_utf8_validate (path, -1, NULL))
    return;

  self = g_new0 (SurveyFile, 1);
  self->path = g_strdup (path);
  g_ptr_array_add (files, self);
}

/* What cannot be read is left out. */
static void
add_folder (GPtrArray *files,
            GFile     *folder)
{
  g_autoptr (GFileEnumerator) children =
    g_file_enumerate_children (folder, "standard::name,standard::type",
                               G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL, NULL);
  GFileInfo *info;
  GFile *child;

  while (children != NULL
         && g_file_enumerator_iterate (children, &info, &child, NULL, NULL)
         && info != NULL)
    {
      if (g_file_info_get_file_type (info) == G_FILE_TYPE_DIRECTORY)
        add_folder (files, child);
      else if (g_file_info_get_file_type (info) == G_FILE_TYPE_REGULAR)
        add_file (files, child);
    }
}

static int
compare_paths (gconstpointer a,
               gconstpointer b)
{
  const SurveyFile *const *first = a;
  const SurveyFile *const *second = b;

  return strcmp ((*first)->path, (*second)->path);
}

/* Every plain file below the folders, at most `max_files`. */
GPtrArray *
survey_find_files (char  **folders,
                   guint   max_files)
{
  GPtrArray *files = g_ptr_array_new_with_free_func (survey_file_free);

  for (guint i = 0; folders[i] != NULL; i++)
    {
      g_autoptr (GFile) folder = g_file_new_for_path (folders[i]);
      add_folder (files, folder);
    }

  g_ptr_array_sort (files, compare_paths);
  if (files->len > max_files)
    g_ptr_array_set_size (files, (int) max_files);

  return files;
}

/* (transfer full): what a command prints when it gets the paths as its arguments. */
static char *
run_on_files (const char *const  *command,
              GPtrArray          *files,
              GError            **error)
{
  g_autoptr (GStrvBuilder) argv_builder = g_strv_builder_new ();
  g_autoptr (GSubprocessLauncher) launcher = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_auto (GStrv) argv = NULL;
  g_autofree char *output = NULL;

  g_strv_builder_addv (argv_builder, (const char **) command);
  for (guint i = 0; i < files->len; i++)
    {
      SurveyFile *file = g_ptr_array_index (files, i);
      g_strv_builder_add (argv_builder, file->path);
    }
  argv = g_strv_builder_end (argv_builder);

  launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C", TRUE);
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *) argv, error);
  if (process == NULL
      || !g_subprocess_communicate_utf8 (process, NULL, NULL, &output, NULL, error)
      || !g_spawn_check_wait_status (g_subprocess_get_status (process), error))
    return NULL;

  return g_steal_pointer (&output);
}

/* What a word is made of beyond ASCII is another question to wc in every locale. */
static gboolean
is_ascii_file (const char *path)
{
  g_autofree char *contents = NULL;
  gsize length;

  if (!g_file_get_contents (path, &contents, &length, NULL))
    return FALSE;

  for (gsize i = 0; i < length; i++)
    {
      if (!g_ascii_isprint (contents[i]) && !g_ascii_isspace (contents[i]))
        return FALSE;
    }

  return TRUE;
}

/* Splits the output in lines, one for each file in their order, that begin with what was found. */
static char **
dup_first_words (const char *output,
                 guint       n_lines)
{
  char **lines = g_strsplit (output, "\n", -1);

  g_assert (g_strv_length (lines) >= n_lines);
  for (guint i = 0; i < n_lines; i++)
    {
      g_strchug (lines[i]);
      lines[i][strcspn (lines[i], " ")] = '\0';
    }

  return lines;
}

/* Asks sha256sum and wc about every file. */
gboolean
survey_run_reference (GPtrArray  *files,
                      GError    **error)
{
  const char *const sha256sum[] = { "sha256sum", "--", NULL };
  const char *const wc[] = { "wc", "-w", "--", NULL };
  g_autofree char *sums = run_on_files (sha256sum, files, error);
  g_autofree char *counts = sums != NULL ? run_on_files (wc, files, error) : NULL;
  g_auto (GStrv) sum_lines = NULL;
  g_auto (GStrv) count_lines = NULL;

  if (counts == NULL)
    return FALSE;

  sum_lines = dup_first_words (sums, files->len);
  count_lines = dup_first_words (counts, files->len);
  for (guint i = 0; i < files->len; i++)
    {
      SurveyFile *file = g_ptr_array_index (files, i);
      file->expected_sha256 = g_strdup (sum_lines[i]);
      file->expected_words = g_ascii_strtoull (count_lines[i], NULL, 10);
      file->is_ascii = is_ascii_file (file->path);
    }

  return TRUE;
}

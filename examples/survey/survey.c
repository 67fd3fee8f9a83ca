/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Surveys the plain files below some folders, with the work spread over several workers, and goes
 * on to what malt is for: workers that fail, hang and crash, and an application that goes on.
 *
 *   survey [OPTION…] FOLDER…
 *
 * Only public API: compile with `pkg-config --cflags --libs malt-1`. */

#include "survey.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static guint n_failed_checks;

void
survey_check (gboolean    is_so,
              const char *format,
              ...)
{
  g_autofree char *message = NULL;
  va_list args;

  if (is_so)
    return;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);

  n_failed_checks++;
  g_printerr ("survey: not as it should be: %s\n", message);
}

static void
print_heading (const char *text)
{
  g_print ("\n%s\n", text);
}

/* What the command line says. */
typedef struct
{
  int    n_workers;
  int    max_files;
  char **module_path;
  char  *executable;
  char **folders;
} Options;

static gboolean
parse_options (Options   *self,
               int       *argc,
               char    ***argv,
               GError   **error)
{
  const GOptionEntry entries[] = {
    { "workers", 'w', 0, G_OPTION_ARG_INT, &self->n_workers, "How many workers (4)", "N" },
    { "max-files", 'n', 0, G_OPTION_ARG_INT, &self->max_files, "At most so many files (600)", "N" },
    { "module-path", 'm', 0, G_OPTION_ARG_FILENAME_ARRAY, &self->module_path,
      "Where the function module “broken” lies; may be repeated", "FOLDER" },
    { "executable", 'x', 0, G_OPTION_ARG_FILENAME, &self->executable,
      "The worker program, if not the installed one", "FILE" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->folders, NULL, "FOLDER…" },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;

  if (self->folders == NULL || self->n_workers < 2 || self->max_files < 1)
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                           "At least one folder, two workers and one file are needed");
      return FALSE;
    }

  return TRUE;
}

static MaltAbstractWorker *
start_worker (const Options  *options,
              GError        **error)
{
  g_auto (GVariantDict) dictionary = G_VARIANT_DICT_INIT (NULL);

  if (options->module_path != NULL)
    g_variant_dict_insert (&dictionary, "module-path", "^as", options->module_path);
  if (options->executable != NULL)
    g_variant_dict_insert (&dictionary, "executable", "s", options->executable);

  return malt_create_worker_with_options ("process", g_variant_dict_end (&dictionary), NULL, error);
}

static GPtrArray *
start_workers (const Options  *options,
               GError        **error)
{
  g_autoptr (GPtrArray) workers = g_ptr_array_new_with_free_func (g_object_unref);

  for (int i = 0; i < options->n_workers; i++)
    {
      MaltAbstractWorker *worker = start_worker (options, error);
      g_autofree char *description = NULL;

      if (worker == NULL)
        return NULL;
      g_ptr_array_add (workers, worker);
      description = malt_abstract_worker_describe (worker);
      g_print ("  %s\n", description);
    }

  return g_steal_pointer (&workers);
}

static void
stop_workers (GPtrArray *workers)
{
  for (guint i = 0; i < workers->len; i++)
    {
      g_autoptr (GError) error = NULL;

      survey_check (malt_abstract_worker_stop (g_ptr_array_index (workers, i),
                                               MALT_STOP_TIMEOUT_DEFAULT, MALT_STOP_TIMEOUT_DEFAULT,
                                               NULL, NULL, &error),
                    "a worker does not stop: %s", error != NULL ? error->message : "");
    }
}

/* How many processes have this one as their parent, asked of the kernel; zombies count. */
static guint
count_children (void)
{
  g_autoptr (GDir) proc = g_dir_open ("/proc", 0, NULL);
  const char *name;
  guint n_children = 0;

  while (proc != NULL && (name = g_dir_read_name (proc)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc", name, "stat", NULL);
      g_autofree char *stat = NULL;
      const char *after_name;

      if (!g_ascii_isdigit (*name) || !g_file_get_contents (path, &stat, NULL, NULL))
        continue;

      /* “PID (NAME) STATE PPID …”: NAME may hold anything, a parenthesis, too. */
      after_name = strrchr (stat, ')');
      if (after_name != NULL && strlen (after_name) > 4
          && g_ascii_strtoll (after_name + 4, NULL, 10) == getpid ())
        n_children++;
    }

  return n_children;
}

static void
compare_with_reference (GPtrArray *files)
{
  g_autoptr (GError) error = NULL;
  guint n_same_sums = 0;
  guint n_same_words = 0;
  guint n_ascii = 0;

  survey_check (survey_run_reference (files, &error), "%s", error != NULL ? error->message : "");
  for (guint i = 0; i < files->len; i++)
    {
      SurveyFile *file = g_ptr_array_index (files, i);

      n_same_sums += g_strcmp0 (file->sha256, file->expected_sha256) == 0;
      n_ascii += file->is_ascii;
      n_same_words += file->is_ascii && file->words == file->expected_words;
    }

  g_print ("  sha256sum agrees on %u of %u files\n", n_same_sums, files->len);
  g_print ("  wc -w agrees on %u of %u; the others are not ASCII, where wc counts otherwise\n",
           n_same_words, n_ascii);
  survey_check (n_same_sums == files->len, "sha256sum disagrees");
  survey_check (n_same_words == n_ascii, "wc -w disagrees");
}

static void
survey (GPtrArray *workers,
        GPtrArray *files)
{
  gint64 begun_us = g_get_monotonic_time ();
  guint64 n_bytes = 0;
  guint64 n_words = 0;
  guint n_answered = survey_spread (workers, files);
  double elapsed_ms = (double) (g_get_monotonic_time () - begun_us) / 1000.0;

  for (guint i = 0; i < files->len; i++)
    {
      SurveyFile *file = g_ptr_array_index (files, i);
      n_bytes += file->bytes;
      n_words += file->words;
    }

  survey_check (n_answered == files->len * 2, "%u of %u calls were answered",
                n_answered, files->len * 2);
  g_print ("  %u calls answered in %.0f ms: %u files, %.1f MB, %" G_GUINT64_FORMAT " words\n",
           n_answered, elapsed_ms, files->len, (double) n_bytes / 1e6, n_words);
  compare_with_reference (files);
}

static gboolean
run (const Options  *options,
     GError        **error)
{
  gint64 begun_us = g_get_monotonic_time ();
  g_autoptr (GPtrArray) files = survey_find_files (options->folders, (guint) options->max_files);
  g_autoptr (GPtrArray) workers = NULL;
  guint n_children;

  survey_check (files->len > 0, "there are no files to survey");

  print_heading ("Starting workers:");
  workers = start_workers (options, error);
  if (workers == NULL)
    return FALSE;

  print_heading ("SHA-256 and word count of every file, spread over the workers:");
  survey (workers, files);
  print_heading ("Expressions, and a function defined in a worker:");
  survey_evaluate (g_ptr_array_index (workers, 1));
  print_heading ("An exception in a worker, with its traceback:");
  survey_fail (g_ptr_array_index (workers, 1));
  print_heading ("An endless loop, interrupted; the worker keeps what it knew:");
  survey_interrupt (g_ptr_array_index (workers, 1));
  print_heading ("A worker that crashes while the others go on:");
  survey_crash (workers, files);

  print_heading ("Stopping:");
  stop_workers (workers);
  n_children = count_children ();
  survey_check (n_children == 0, "%u processes are left", n_children);
  g_print ("  %u workers stopped, %u processes left; all of it took %.2f s\n", workers->len,
           n_children, (double) (g_get_monotonic_time () - begun_us) / 1e6);

  return TRUE;
}

int
main (int    argc,
      char **argv)
{
  Options options = { .n_workers = 4, .max_files = 600 };
  g_autoptr (GError) error = NULL;
  gboolean is_done;

  setlocale (LC_ALL, "");
  is_done = parse_options (&options, &argc, &argv, &error) && run (&options, &error);
  if (!is_done)
    g_printerr ("survey: %s\n", error->message);

  g_strfreev (options.module_path);
  g_strfreev (options.folders);
  g_free (options.executable);

  return is_done && n_failed_checks == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

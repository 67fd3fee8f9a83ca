/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"

#include <stdio.h>
#include <string.h>

/* What is shown of a case that did not hold: the end says most. */
#define APART_MAX_LINES 40

typedef struct
{
  const char *const *arguments; /* how this program is started */
  guint  deadline_sec;
  guint  n_cases;
  guint  n_failed;
  guint  n_skipped;
} Apart;

/* What every test program of GLib says. */
static gboolean
is_frame (const char *line)
{
  return *line == '\0' || g_str_has_prefix (line, "# Start of ")
         || g_str_has_prefix (line, "# random seed: ");
}

/* The last lines, as TAP comments. */
static void
print_comments (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint n_lines = g_strv_length (lines);

  for (guint i = n_lines > APART_MAX_LINES ? n_lines - APART_MAX_LINES : 0; i < n_lines; i++)
    if (!is_frame (lines[i]))
      printf ("# %s\n", lines[i]);
}

/* "# SKIP reason" of the one result there is; NULL: none, or it was not passed over. */
static char *
find_skip (const char *output)
{
  const char *skip = strstr (output, " # SKIP ");

  return skip != NULL ? g_strndup (skip, strcspn (skip, "\n")) : NULL;
}

static void
print_result (Apart *self, const char *path, GSubprocess *child, const char *output)
{
  g_autofree char *skip = find_skip (output);
  gboolean holds = g_subprocess_get_if_exited (child) && g_subprocess_get_exit_status (child) == 0;

  self->n_cases++;
  if (!holds)
    {
      self->n_failed++;
      print_comments (output);
      if (g_subprocess_get_if_signaled (child))
        printf ("# ended by signal %d\n", g_subprocess_get_term_sig (child));
    }
  self->n_skipped += holds && skip != NULL;
  printf ("%s %u %s%s\n", holds ? "ok" : "not ok", self->n_cases, path,
          holds && skip != NULL ? skip : "");
  fflush (stdout);
}

static gboolean
on_deadline (gpointer user_data)
{
  g_subprocess_force_exit (user_data);
  return G_SOURCE_REMOVE;
}

typedef struct
{
  char    *output; /* owned */
  gboolean is_over;
} Reading;

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Reading *reading = user_data;
  g_autoptr (GBytes) bytes = NULL;

  g_subprocess_communicate_finish (G_SUBPROCESS (source), result, &bytes, NULL, NULL);
  reading->output = bytes != NULL ? g_strndup (g_bytes_get_data (bytes, NULL),
                                               g_bytes_get_size (bytes))
                                  : g_strdup ("");
  reading->is_over = TRUE;
}

static void
run_case (Apart *self, const char *path)
{
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();
  g_autoptr (GSubprocess) child = NULL;
  g_autoptr (GError) error = NULL;
  Reading reading = { NULL, FALSE };
  g_autofree char *output = NULL;
  guint deadline;

  for (guint i = 0; self->arguments[i] != NULL; i++)
    g_ptr_array_add (arguments, (gpointer) self->arguments[i]);
  g_ptr_array_add (arguments, (gpointer) "-p");
  g_ptr_array_add (arguments, (gpointer) path);
  g_ptr_array_add (arguments, NULL);
  child = g_subprocess_newv ((const char *const *) arguments->pdata,
                             G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE,
                             &error);
  if (child == NULL)
    g_error ("%s", error->message);

  deadline = g_timeout_add_seconds (contract_limit (self->deadline_sec), on_deadline, child);
  g_subprocess_communicate_async (child, NULL, NULL, on_read, &reading);
  while (!reading.is_over)
    g_main_context_iteration (NULL, TRUE);
  output = reading.output;
  if (g_main_context_find_source_by_id (NULL, deadline) != NULL)
    g_source_remove (deadline);
  print_result (self, path, child, output);
}

/* Runs each case whose path begins with one of `only` (NULL: all) in a process of its own, so that
 * one that crashes, or is not over after so many seconds, is one that does not hold. Answers the
 * exit status. */
int
contract_run_apart (const char *const *arguments, const char *const *only, guint deadline_sec)
{
  g_auto (GStrv) paths = contract_dup_paths (only);
  Apart self = { .arguments = arguments, .deadline_sec = deadline_sec };

  /* None at all would look as if all of them held. */
  if (paths[0] == NULL)
    {
      g_autofree char *wanted = g_strjoinv (", ", (char **) only);

      g_printerr ("No case begins with %s\n", wanted);
      return CONTRACT_EXIT_USAGE;
    }

  printf ("1..%u\n", g_strv_length (paths));
  for (guint i = 0; paths[i] != NULL; i++)
    run_case (&self, paths[i]);
  printf ("# %u cases hold, %u do not, %u were passed over\n",
          self.n_cases - self.n_failed - self.n_skipped, self.n_failed, self.n_skipped);
  return self.n_failed > 0 ? 1 : 0;
}

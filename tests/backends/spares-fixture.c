/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/backends/spares-fixture.h"

#include "backends/process/malt-process-spares.h"
#include "backends/process/malt-process-worker.h"
#include "tests/backends/process-fixture.h"

#include <glib/gstdio.h>

#include <stdlib.h>

/* The real worker program, without an evaluator, and with one spare. */
MaltAbstractWorker *
spares_try_start (const char  *first_property,
                  gpointer     value,
                  GError     **error)
{
  return g_initable_new (MALT_TYPE_PROCESS_WORKER, NULL, error, "evaluator", "", "spare", 1u,
                         first_property, value, NULL);
}

MaltAbstractWorker *
spares_start (const char *first_property,
              gpointer    value)
{
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker = spares_try_start (first_property, value, &error);

  g_assert_no_error (error);
  g_assert_true (malt_abstract_worker_is_running (worker));
  return worker;
}

void
spares_assert_answers (MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_remote_call_fetch (
      worker, "malt.ping", g_variant_new ("(i)", 42), NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (g_variant_get_int32 (value), ==, 42);
}

void
spares_wait_for (guint n_spares)
{
  while (malt_process_spares_count () != n_spares)
    g_usleep (SPARES_POLL_USEC);
}

static void
add_children (GArray     *pids,
              const char *task)
{
  g_autofree char *path = g_build_filename ("/proc/self/task", task, "children", NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) numbers = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return;
  numbers = g_strsplit (text, " ", -1);
  for (guint i = 0; numbers[i] != NULL; i++)
    {
      int pid = atoi (numbers[i]);

      if (pid != 0 && !fixture_is_gone (pid))
        g_array_append_val (pids, pid);
    }
}

/* Of this process, without the dead. */
static GArray *
list_children (void)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  GArray *pids = g_array_new (FALSE, FALSE, sizeof (int));
  const char *task;

  while ((task = g_dir_read_name (tasks)) != NULL)
    add_children (pids, task);
  return pids;
}

/* The only child beside that of `worker`, once it is ready. */
int
spares_wait_for_one (MaltAbstractWorker *worker)
{
  int own = worker != NULL ? fixture_get_pid (worker) : 0;

  while (TRUE)
    {
      g_autoptr (GArray) pids = NULL;
      int spare = 0;

      spares_wait_for (1);
      pids = list_children ();
      for (guint i = 0; i < pids->len; i++)
        if (g_array_index (pids, int, i) != own)
          spare = g_array_index (pids, int, i);
      /* What was counted may have been one that is gone, and this the next, which is not ready
       * yet. */
      if (spare != 0 && pids->len == (own != 0 ? 2 : 1) && malt_process_spares_count () == 1)
        return spare;
      g_usleep (SPARES_POLL_USEC);
    }
}

/* Nothing is left for the next test. */
void
spares_drop (void)
{
  while (TRUE)
    {
      g_autoptr (GArray) pids = NULL;

      malt_process_spares_drop_idle (G_MAXINT64);
      pids = list_children ();
      if (pids->len == 0)
        return;
      g_usleep (SPARES_POLL_USEC);
    }
}

/* A program that is a worker by way of a script. (transfer full) */
char *
spares_write_program (const char *folder,
                      const char *line)
{
  char *path = g_build_filename (folder, "worker", NULL);
  g_autofree char *script = g_strdup_printf ("#!/bin/sh\n%s\nexec '%s' \"$@\"\n", line,
                                             g_getenv ("MALT_WORKER"));
  g_autoptr (GError) error = NULL;

  g_file_set_contents_full (path, script, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0700, &error);
  g_assert_no_error (error);
  return path;
}

char *
spares_make_folder (void)
{
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("malt-spares-XXXXXX", &error);

  g_assert_no_error (error);
  return folder;
}

void
spares_remove_folder (const char *folder)
{
  g_autoptr (GDir) files = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (files)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (folder);
}

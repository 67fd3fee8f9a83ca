/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-descendants-private.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process that forks while it is being looked at is caught in the next round; everything found
 * is stopped first, so that more than a few rounds mean that somebody outside the tree feeds it. */
#define DESCENDANTS_MAX_ROUNDS 4

/* Threads of a process that are asked one by one for their children, some 30 microseconds each. Of
 * one that has more, all processes that there are get asked for their parent: threads cost next to
 * nothing, and a look at a worker that hoards them would hold up all others. */
#define DESCENDANTS_MAX_THREADS 256

/* How often, in microseconds, it is asked after orphans, and how long, in seconds: as long as it
 * may take on a busy machine until all are dead. */
#define DESCENDANTS_REAP_INTERVAL_USEC 10000
#define DESCENDANTS_REAP_MAX_SECONDS 10

/* What is dead already, and only waits for its parent to look, is not ours to end. A process looks
 * like that, too, whose first thread has ended before others. Source: proc(5), fields 3 and 20. */
static gboolean
is_zombie (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int) pid);
  g_autofree char *stat = NULL;
  const char *name_end;
  char state;
  int n_threads;

  if (!g_file_get_contents (path, &stat, NULL, NULL))
    return TRUE;

  name_end = strrchr (stat, ')');
  if (name_end == NULL
      || sscanf (name_end,
                 ") %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %d",
                 &state, &n_threads) != 2)
    return TRUE;

  return state == 'X' || (state == 'Z' && n_threads <= 1);
}

static void
append_children_of_task (const char *path,
                         GArray     *children)
{
  g_autofree char *text = NULL;
  char *next;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return;

  next = text;
  while (*next != '\0')
    {
      char *end;
      pid_t child = (pid_t) strtol (next, &end, 10);

      if (end == next)
        break;
      g_array_append_val (children, child);
      next = end + strspn (end, " \n");
    }
}

/* 0 for none, or nothing that is a process. */
static pid_t
read_parent (const char *process)
{
  g_autofree char *path = g_build_filename ("/proc", process, "status", NULL);
  g_autofree char *text = NULL;
  const char *line;

  if (!g_ascii_isdigit (process[0]) || !g_file_get_contents (path, &text, NULL, NULL))
    return 0;

  line = strstr (text, "\nPPid:");
  return line != NULL ? (pid_t) strtol (line + strlen ("\nPPid:"), NULL, 10) : 0;
}

static void
append_children_by_parent (pid_t   pid,
                           GArray *children)
{
  g_autoptr (GDir) processes = g_dir_open ("/proc", 0, NULL);
  const char *process;

  while (processes != NULL && (process = g_dir_read_name (processes)) != NULL)
    if (read_parent (process) == pid)
      {
        pid_t child = (pid_t) strtol (process, NULL, 10);

        g_array_append_val (children, child);
      }
}

/* A child belongs to the thread that started it. */
void
malt_append_children (pid_t   pid,
                      GArray *children)
{
  g_autofree char *tasks_path = g_strdup_printf ("/proc/%d/task", (int) pid);
  g_autoptr (GDir) tasks = g_dir_open (tasks_path, 0, NULL);
  guint n_before = children->len;
  guint n_threads = 0;
  const char *task;

  if (tasks == NULL)
    return;

  while ((task = g_dir_read_name (tasks)) != NULL && n_threads++ < DESCENDANTS_MAX_THREADS)
    {
      g_autofree char *path = g_build_filename (tasks_path, task, "children", NULL);

      append_children_of_task (path, children);
    }
  if (task == NULL)
    return;

  g_array_set_size (children, n_before);
  append_children_by_parent (pid, children);
}

static void
add_children (pid_t       pid,
              GArray     *found,
              GHashTable *known)
{
  g_autoptr (GArray) children = g_array_new (FALSE, FALSE, sizeof (pid_t));

  malt_append_children (pid, children);
  for (guint i = 0; i < children->len; i++)
    {
      pid_t child = g_array_index (children, pid_t, i);

      if (child <= 1 || !g_hash_table_add (known, GINT_TO_POINTER (child)) || is_zombie (child))
        continue;
      /* Stopped before its own children are read, it can start no more. */
      if (kill (child, SIGSTOP) == 0)
        g_array_append_val (found, child);
    }
}

/* It is no more. It is our child from the end of its parent on. */
static gboolean
is_reaped (gpointer key,
           gpointer value,
           gpointer user_data)
{
  pid_t pid = GPOINTER_TO_INT (key);
  pid_t reaped = waitpid (pid, NULL, WNOHANG);

  return reaped == pid || (reaped < 0 && kill (pid, 0) != 0);
}

/* Runs in a thread of its own. */
static gpointer
reap (gpointer user_data)
{
  g_autoptr (GHashTable) known = user_data;
  gint64 end_us = g_get_monotonic_time () + DESCENDANTS_REAP_MAX_SECONDS * G_USEC_PER_SEC;

  while (g_hash_table_size (known) > 0 && g_get_monotonic_time () < end_us)
    {
      g_usleep (DESCENDANTS_REAP_INTERVAL_USEC);
      g_hash_table_foreach_remove (known, is_reaped, NULL);
    }
  return NULL;
}

/* Orphans fall to a worker, who has not started them and does not wait for them: the dead would
 * stay. */
static void
reap_orphans (GHashTable *known)
{
  g_autoptr (GThread) thread = NULL;
  int is_subreaper = 0;

  if (prctl (PR_GET_CHILD_SUBREAPER, &is_subreaper) != 0 || !is_subreaper)
    return;

  thread = g_thread_try_new ("malt-reap", reap, g_hash_table_ref (known), NULL);
  if (thread == NULL)
    g_hash_table_unref (known);
}

/**
 * malt_kill_descendants: (skip)
 * @pid: a process, for instance a worker, or the calling one
 *
 * Ends everything that a process started and what that started in turn: each
 * process below @pid in the process tree is stopped and then killed, parents
 * before their children. @pid itself is not touched; whoever wants it gone too
 * stops it first, kills its descendants, and then kills it.
 *
 * Best effort: processes that have detached themselves, because their parent
 * ended, are not below @pid any more. Where `/proc` cannot be read nothing is
 * found. Any thread; reads a few files and does not wait for anybody. In a
 * worker, which inherits them once @pid has ended, they are waited for in a
 * thread.
 *
 * Returns: the number of processes killed
 *
 * Since: 0.1
 */
guint
malt_kill_descendants (pid_t pid)
{
  g_autoptr (GHashTable) known = g_hash_table_new (NULL, NULL);
  guint n_killed = 0;

  g_return_val_if_fail (pid > 0, 0);

  g_hash_table_add (known, GINT_TO_POINTER (pid));

  for (int round = 0; round < DESCENDANTS_MAX_ROUNDS; round++)
    {
      g_autoptr (GArray) found = g_array_new (FALSE, FALSE, sizeof (pid_t));

      add_children (pid, found, known);
      /* Grows while it is walked: breadth first. */
      for (guint i = 0; i < found->len; i++)
        add_children (g_array_index (found, pid_t, i), found, known);

      if (found->len == 0)
        break;

      for (guint i = 0; i < found->len; i++)
        if (kill (g_array_index (found, pid_t, i), SIGKILL) == 0)
          n_killed++;
    }

  /* Its own children are waited for by whoever has started them. */
  g_hash_table_remove (known, GINT_TO_POINTER (pid));
  if (pid != getpid () && g_hash_table_size (known) > 0)
    reap_orphans (known);
  return n_killed;
}

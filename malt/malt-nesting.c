/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-nesting-private.h"

#include "malt/malt-error.h"

#include <string.h>

/* What a program gets as its first argument when it is started as a worker. */
#define WORKER_ARGUMENT "--malt-worker"

/* A worker process is at one depth, with all its threads. Workers that are threads of a process
 * are each at one of their own, below that of the process. */
static guint process_depth;        /* immutable after malt_nesting_set_process() */
static char *process_executable;   /* owned (nullable); likewise */
static char *process_sandbox;      /* owned (nullable); immutable after malt_nesting_forbid() */
static _Thread_local guint thread_depth;

/**
 * MALT_NESTING_MAX_DEPTH: (skip)
 *
 * How many workers may be inside each other. Code that starts a worker which runs the
 * same code is a mistake, and ends here before the machine does: with
 * %MALT_ERROR_LIMIT, when a worker is to be made.
 *
 * Since: 0.1
 */

/**
 * malt_nesting_get_depth: (skip)
 *
 * Gets how many workers the calling thread is inside of. Any thread.
 *
 * A backend tells each worker that it starts its own depth, which is one more.
 *
 * Returns: the depth, 0 in a manager that is no worker, at most
 *   %MALT_NESTING_MAX_DEPTH
 *
 * Since: 0.1
 */
guint
malt_nesting_get_depth (void)
{
  return MAX (process_depth, thread_depth);
}

/**
 * malt_nesting_set_thread_depth: (skip)
 * @depth: how many workers the thread is inside of from here on
 *
 * Says that the calling thread is the inside of a worker, for backends whose
 * workers are threads: what it starts is nested in that worker. A thread that
 * only lends itself sets what it was before when it is done.
 *
 * Returns: the depth that was set before, 0 at first
 *
 * Since: 0.1
 */
guint
malt_nesting_set_thread_depth (guint depth)
{
  guint previous = thread_depth;

  thread_depth = depth;

  return previous;
}

/**
 * malt_nesting_get_executable: (skip)
 *
 * Gets the program that workers of this process are by default: in a worker, the
 * one that it was itself started as, which has the same functions. Any thread.
 *
 * Returns: (nullable): a path, or `self`; %NULL in a process that is no worker
 *
 * Since: 0.1
 */
const char *
malt_nesting_get_executable (void)
{
  return process_executable;
}

static gboolean
was_started_as_worker (void)
{
  g_autofree char *command_line = NULL;
  gsize length;
  gsize first;

  if (!g_file_get_contents ("/proc/self/cmdline", &command_line, &length, NULL))
    return FALSE;

  /* What is read ends with a NUL more. */
  first = strlen (command_line) + 1;
  return first < length && g_str_equal (command_line + first, WORKER_ARGUMENT);
}

gboolean
malt_nesting_check (GError **error)
{
  guint depth = malt_nesting_get_depth ();

  /* Else it would start itself again, and that again, without end: it never learns its depth. */
  if (process_depth == 0 && was_started_as_worker ())
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_START_FAILED,
                   "This program was started as a worker, but does not serve as one: it has to "
                   "call malt_init() first thing in main()");
      return FALSE;
    }

  if (process_sandbox != NULL)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_START_FAILED,
                   "Cannot start a worker inside of one with the sandbox profile “%s”: it may not "
                   "start processes, nor load code", process_sandbox);
      return FALSE;
    }

  if (depth < MALT_NESTING_MAX_DEPTH)
    return TRUE;

  g_set_error (error, MALT_ERROR, MALT_ERROR_LIMIT,
               "Cannot start a worker inside of %u others: at most %u may be inside each other",
               depth, MALT_NESTING_MAX_DEPTH);

  return FALSE;
}

void
malt_nesting_set_process (guint       depth,
                          const char *executable)
{
  process_depth = depth;
  g_free (process_executable);
  process_executable = g_strdup (executable);
}

void
malt_nesting_raise_process (guint depth)
{
  process_depth = MAX (process_depth, depth);
}

void
malt_nesting_forbid (const char *sandbox)
{
  g_free (process_sandbox);
  process_sandbox = g_strdup (sandbox);
}

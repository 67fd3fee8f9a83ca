/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-return-task.h"

typedef struct
{
  GTask  *task;   /* owned */
  int     result; /* −1: @error */
  GError *error;  /* owned */
} Completion;

static void
completion_free (Completion *completion)
{
  g_clear_object (&completion->task);
  g_clear_error (&completion->error);
  g_free (completion);
}

static gboolean
on_completion (gpointer user_data)
{
  Completion *completion = user_data;

  if (completion->error != NULL)
    g_task_return_error (completion->task, g_steal_pointer (&completion->error));
  else
    g_task_return_int (completion->task, completion->result);
  return G_SOURCE_REMOVE;
}

/**
 * malt_return_task: (skip)
 * @task: (transfer full): a task that returns an int
 * @result: what it returns without an error
 * @error: (transfer full) (nullable): what it fails with
 *
 * Ends a task from any thread, never before it has come round in its context,
 * where its last reference is dropped too.
 *
 * Since: 0.1
 */
void
malt_return_task (GTask  *task,
                  int     result,
                  GError *error)
{
  /* Let go of after the source. A blocking form has a context of its own, which may be gone as soon
   * as the source is attached, and to let go of a source takes the lock of its context. */
  g_autoptr (GMainContext) context = g_main_context_ref (g_task_get_context (task));
  g_autoptr (GSource) source = g_idle_source_new ();
  Completion *completion = g_new0 (Completion, 1);

  completion->task = task;
  completion->result = result;
  completion->error = error;
  g_source_set_priority (source, g_task_get_priority (task));
  g_source_set_callback (source, on_completion, completion, (GDestroyNotify) completion_free);
  g_source_attach (source, context);
}

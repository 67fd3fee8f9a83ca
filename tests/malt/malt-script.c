/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-script.h"

typedef struct
{
  MaltScriptWay ways[MALT_SCRIPT_N_STEPS];
  guint         counts[MALT_SCRIPT_N_STEPS];
  gint64        run_time_us;
  int           pid;
  gboolean      is_remote;
} Script;

static GMutex lock;

/* Protected by @lock. */
static Script script;
static GQueue waiting = G_QUEUE_INIT; /* owned GTask, with an Action each */

/* The data of a task. */
typedef struct
{
  MaltCall *call;           /* owned, nullable */
  gulong    cancel_handler;
} Action;

static void
action_free (gpointer data)
{
  Action *action = data;

  g_clear_object (&action->call);
  g_free (action);
}

void
malt_script_reset (void)
{
  g_mutex_lock (&lock);
  g_assert_cmpuint (waiting.length, ==, 0);
  script = (Script) { 0 };
  g_mutex_unlock (&lock);
}

void
malt_script_set (MaltScriptStep step,
                 MaltScriptWay  way)
{
  g_mutex_lock (&lock);
  script.ways[step] = way;
  g_mutex_unlock (&lock);
}

void
malt_script_set_run_time (gint64 run_time_us)
{
  g_mutex_lock (&lock);
  script.run_time_us = run_time_us;
  g_mutex_unlock (&lock);
}

void
malt_script_set_pid (int pid)
{
  g_mutex_lock (&lock);
  script.pid = pid;
  g_mutex_unlock (&lock);
}

int
malt_script_get_pid (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  return script.pid;
}

void
malt_script_set_remote (gboolean is_remote)
{
  g_mutex_lock (&lock);
  script.is_remote = is_remote;
  g_mutex_unlock (&lock);
}

gboolean
malt_script_is_remote (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  return script.is_remote;
}

guint
malt_script_count (MaltScriptStep step)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  return script.counts[step];
}

guint
malt_script_count_waiting (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  return waiting.length;
}

GTask *
malt_script_begin (MaltScriptStep       step,
                   gpointer             worker,
                   MaltCall            *call,
                   GCancellable        *cancellable,
                   GAsyncReadyCallback  callback,
                   gpointer             user_data,
                   MaltScriptWay       *way)
{
  GTask *task = g_task_new (worker, cancellable, callback, user_data);
  Action *action = g_new0 (Action, 1);

  g_set_object (&action->call, call);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, action, action_free);

  g_mutex_lock (&lock);
  script.counts[step]++;
  *way = script.ways[step];
  g_mutex_unlock (&lock);

  return task;
}

static gint64
get_run_time (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  return script.run_time_us;
}

void
malt_script_return (GTask  *task,
                    int     outcome,
                    GError *error)
{
  Action *action = g_task_get_task_data (task);

  g_cancellable_disconnect (g_task_get_cancellable (task), action->cancel_handler);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, outcome);
  g_object_unref (task);
}

/* The first argument, () without. */
static GVariant *
dup_value (MaltCall *call)
{
  GVariant *args = malt_call_get_args (call);

  return g_variant_n_children (args) > 0 ? g_variant_get_child_value (args, 0)
                                         : g_variant_ref (args);
}

void
malt_script_answer (GTask  *task,
                    GError *error)
{
  Action *action = g_task_get_task_data (task);

  g_cancellable_disconnect (g_task_get_cancellable (task), action->cancel_handler);
  malt_call_end (action->call, get_run_time (), error);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, dup_value (action->call), (GDestroyNotify) g_variant_unref);
  g_object_unref (task);
}

static void
finish (GTask  *task,
        GError *error)
{
  Action *action = g_task_get_task_data (task);

  if (action->call != NULL)
    malt_script_answer (task, error);
  else
    malt_script_return (task, 1, error);
}

/* The one, or any, of one worker, or of any. (transfer full) (nullable) */
static GTask *
steal_waiting (gconstpointer task,
               gconstpointer worker)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  for (GList *link = waiting.head; link != NULL; link = link->next)
    {
      GTask *found = link->data;

      if ((task != NULL && found != task)
          || (worker != NULL && g_task_get_source_object (found) != worker))
        continue;
      g_queue_delete_link (&waiting, link);
      return found;
    }

  return NULL;
}

/* In the task's context, and not in the handler, where it could not be disconnected. */
static gboolean
end_cancelled (gpointer user_data)
{
  finish (user_data, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Was cancelled"));

  return G_SOURCE_REMOVE;
}

/* Any thread. */
static void
on_cancelled (GCancellable *cancellable,
              gpointer      user_data)
{
  GTask *task = steal_waiting (user_data, NULL);
  g_autoptr (GSource) source = NULL;

  if (task == NULL)
    return;

  source = g_idle_source_new ();
  g_source_set_callback (source, end_cancelled, task, NULL);
  g_source_attach (source, g_task_get_context (task));
}

void
malt_script_wait (GTask    *task,
                  gboolean  is_deaf)
{
  g_autoptr (GTask) held = g_object_ref (task);
  GCancellable *cancellable = is_deaf ? NULL : g_task_get_cancellable (task);
  Action *action = g_task_get_task_data (task);

  if (cancellable != NULL)
    action->cancel_handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled),
                                                    g_object_ref (task), g_object_unref);
  g_mutex_lock (&lock);
  g_queue_push_tail (&waiting, task);
  g_mutex_unlock (&lock);
  if (g_cancellable_is_cancelled (cancellable))
    on_cancelled (cancellable, task);
}

void
malt_script_end (gpointer        worker,
                 MaltExitReport *report)
{
  GTask *task;

  while ((task = steal_waiting (NULL, worker)) != NULL)
    {
      Action *action = g_task_get_task_data (task);

      finish (task, action->call != NULL ? malt_error_new_terminated ("MaltScriptedWorker", report)
                                         : NULL);
    }
}

/* What begins to wait meanwhile is not meant. */
void
malt_script_release (void)
{
  guint n = malt_script_count_waiting ();

  for (; n > 0; n--)
    {
      GTask *task = steal_waiting (NULL, NULL);

      if (task != NULL)
        finish (task, NULL);
    }
}

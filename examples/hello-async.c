/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The asynchronous form, for a program with a main loop: starts a worker, calls a function in it
 * and stops it, without ever waiting. The three steps are one GTask, as in an application. */

#include <malt/malt.h>

static void
on_stopped (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (malt_abstract_worker_stop_finish (MALT_ABSTRACT_WORKER (source), result, NULL, &error))
    g_task_return_pointer (task, g_strdup (g_task_get_task_data (task)), g_free);
  else
    g_task_return_error (task, error);
}

static void
on_called (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  MaltAbstractWorker *worker = MALT_ABSTRACT_WORKER (source);
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_remote_call_finish (worker, result, &error);

  if (value == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  g_task_set_task_data (task, g_variant_dup_string (value, NULL), g_free);
  malt_abstract_worker_stop_async (worker, MALT_STOP_TIMEOUT_DEFAULT, MALT_STOP_TIMEOUT_DEFAULT,
                                   NULL, on_stopped, g_steal_pointer (&task));
}

static void
on_started (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GCancellable *cancellable = g_task_get_cancellable (task);
  GError *error = NULL;
  g_autoptr (MaltAbstractWorker) worker = malt_create_worker_finish (result, &error);

  if (worker == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  malt_abstract_worker_remote_call_async (worker, "string.upper", g_variant_new ("(s)", "hello"),
                                          NULL, cancellable, on_called, g_steal_pointer (&task));
}

static void
say_hello_async (GCancellable        *cancellable,
                 GAsyncReadyCallback  callback,
                 gpointer             user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, say_hello_async);
  malt_create_worker_async ("process", NULL, cancellable, on_started, task);
}

static char *
say_hello_finish (GAsyncResult  *result,
                  GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_said (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  GMainLoop *loop = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = say_hello_finish (result, &error);

  if (text == NULL)
    g_error ("%s", error->message);
  g_print ("%s\n", text);
  g_main_loop_quit (loop);
}

int
main (void)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  say_hello_async (NULL, on_said, loop);
  g_main_loop_run (loop);

  return 0;
}

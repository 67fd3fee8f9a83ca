/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <malt/malt.h>

/* Workers in this process that are called, cancelled, interrupted, stopped and let go of by many
 * threads at the same time. What comes out is one of a few errors, and everything ends. */

#define N_ROUNDS 30
#define N_THREADS 4

/* Calls of each thread before and after the worker is stopped. */
#define N_CALLS 60

typedef struct
{
  MaltAbstractWorker *worker; /* owned */
  guint               kind;   /* of its first call */
} Caller;

/* That of one of the calls which are running; protected by the lock. */
static GMutex lock;
static GCancellable *latest;

static void
set_latest (GCancellable *cancellable)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  g_set_object (&latest, cancellable);
}

static void
cancel_latest (void)
{
  g_autoptr (GCancellable) cancellable = NULL;

  g_mutex_lock (&lock);
  cancellable = g_steal_pointer (&latest);
  g_mutex_unlock (&lock);
  g_cancellable_cancel (cancellable);
}

static void
check_error (const GError *error)
{
  if (error == NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
      || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)
      || g_error_matches (error, MALT_ERROR, MALT_ERROR_INTERRUPTED)
      || g_error_matches (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER))
    return;

  g_error ("%s", error->message);
}

static MaltCall *
new_call (guint kind)
{
  MaltCall *call;

  switch (kind % 4)
    {
    case 0:
      return malt_call_new ("malt.ping", NULL, NULL);
    case 1:
      return malt_call_new ("malt.sleep", g_variant_new ("(d)", 0.002), NULL);
    case 2:
      call = malt_call_new_eval (NULL, "local s = 0 for i = 1, 10000 do s = s + i end return s",
                                 NULL);
      malt_call_set_timeout (call, 1);
      return call;
    default:
      return malt_call_new_eval (NULL, "return 1", NULL);
    }
}

static gpointer
call_thread (gpointer user_data)
{
  Caller *caller = user_data;

  for (guint i = 0; i < N_CALLS; i++)
    {
      g_autoptr (MaltCall) call = new_call (caller->kind + i);
      g_autoptr (GCancellable) cancellable = i % 3 > 0 ? g_cancellable_new () : NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = NULL;

      set_latest (cancellable);
      value = malt_abstract_worker_send (caller->worker, call, cancellable, &error);
      check_error (error);
    }
  g_object_unref (caller->worker);

  return NULL;
}

static gpointer
trouble_thread (gpointer user_data)
{
  Caller *caller = user_data;

  for (guint i = 0; i < N_CALLS; i++)
    {
      g_autoptr (GError) error = NULL;

      malt_abstract_worker_interrupt (caller->worker, &error);
      check_error (error);
      cancel_latest ();
    }
  g_object_unref (caller->worker);

  return NULL;
}

static gpointer
stop_thread (gpointer user_data)
{
  Caller *caller = user_data;
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_stop (caller->worker, MALT_STOP_TIMEOUT_DEFAULT, MALT_STOP_TIMEOUT_DEFAULT,
                             NULL, NULL, &error);
  g_assert_no_error (error);
  g_object_unref (caller->worker);

  return NULL;
}

static gboolean
has_worker_thread (void)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  const char *task;

  while ((task = g_dir_read_name (tasks)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", task, "comm", NULL);
      g_autofree char *name = NULL;

      if (g_file_get_contents (path, &name, NULL, NULL) && g_str_has_prefix (name, "malt-worker"))
        return TRUE;
    }

  return FALSE;
}

/* The last reference goes in whichever thread is the last. Workers that were let go of end by
 * themselves. */
static void
storm (gconstpointer data)
{
  gboolean is_stopped = GPOINTER_TO_INT (data);

  for (guint round = 0; round < N_ROUNDS; round++)
    {
      g_autoptr (GError) error = NULL;
      GThread *threads[N_THREADS + 3];
      Caller callers[G_N_ELEMENTS (threads)];
      MaltAbstractWorker *worker = malt_create_worker_with_options ("in-process", NULL, NULL,
                                                                    &error);
      guint n_threads = 0;

      g_assert_no_error (error);
      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        {
          GThreadFunc func = i < N_THREADS ? call_thread
                             : i == N_THREADS ? trouble_thread : stop_thread;

          if (func == stop_thread && !is_stopped)
            break;
          callers[i] = (Caller) { g_object_ref (worker), i };
          threads[n_threads++] = g_thread_new ("storm", func, &callers[i]);
        }
      g_object_unref (worker);
      while (n_threads > 0)
        g_thread_join (threads[--n_threads]);
      set_latest (NULL);
    }
  while (has_worker_thread ())
    g_usleep (1000);
}

int
main (int    argc,
      char **argv)
{
  malt_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/malt/in-process/storm/stopped", GINT_TO_POINTER (TRUE), storm);
  g_test_add_data_func ("/malt/in-process/storm/let-go", GINT_TO_POINTER (FALSE), storm);

  return g_test_run ();
}

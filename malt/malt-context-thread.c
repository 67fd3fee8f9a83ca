/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-context-thread-private.h"

#include "malt/malt-error.h"

gboolean
malt_context_thread_start (const char    *name,
                           GThreadFunc    func,
                           GMainContext **context,
                           GError       **error)
{
  static GMutex lock;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);
  g_autoptr (GMainContext) own = NULL;
  g_autoptr (GThread) thread = NULL;
  g_autoptr (GError) local_error = NULL;

  if (*context != NULL)
    return TRUE;

  own = g_main_context_new ();
  thread = g_thread_try_new (name, func, own, &local_error);
  if (thread == NULL)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_START_FAILED,
                   "Cannot start the thread “%s”: %s; expected that the user and the service may "
                   "have more (ulimit -u, TasksMax)", name, local_error->message);
      return FALSE;
    }

  g_atomic_pointer_set (context, g_steal_pointer (&own));
  return TRUE;
}

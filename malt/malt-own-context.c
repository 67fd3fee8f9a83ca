/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-own-context.h"

#include "malt/malt-error.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

/**
 * MaltOwnContext: (skip)
 *
 * How a blocking function runs its asynchronous form to its end, without ever
 * iterating a main context of the caller's:
 *
 * ```c
 * g_autoptr (MaltOwnContext) own = malt_own_context_new ();
 *
 * thing_do_async (self, cancellable, malt_own_context_return, own);
 * return thing_do_finish (self, malt_own_context_wait (own), error);
 * ```
 *
 * It belongs to one thread, from its making to its end.
 *
 * Since: 0.1
 */

struct _MaltOwnContext
{
  GMainContext *context; /* owned; the thread-default one as long as this lives */
  GAsyncResult *result;  /* owned; NULL until the operation is over */
};

/**
 * malt_own_context_new: (skip)
 *
 * Creates a main context and makes it the thread-default one, so that an
 * asynchronous operation that begins now comes back to it.
 *
 * Returns: (transfer full): to be freed in the same thread, before what was
 *   pushed earlier is popped
 *
 * Since: 0.1
 */
MaltOwnContext *
malt_own_context_new (void)
{
  MaltOwnContext *self = g_new0 (MaltOwnContext, 1);

  self->context = g_main_context_new ();
  g_main_context_push_thread_default (self->context);

  return self;
}

/**
 * malt_own_context_free: (skip)
 * @self: (transfer full): a context of one's own
 *
 * Lets go of the result and the context. What was the thread-default context
 * before is that again.
 *
 * Since: 0.1
 */
void
malt_own_context_free (MaltOwnContext *self)
{
  g_return_if_fail (self != NULL);

  g_clear_object (&self->result);
  g_main_context_pop_thread_default (self->context);
  g_main_context_unref (self->context);
  g_free (self);
}

/**
 * malt_own_context_return: (skip)
 * @source: (nullable): the object of the operation
 * @result: its result
 * @own_context: the `MaltOwnContext`, which is the `user_data` of the operation
 *
 * Is the callback of the operation.
 *
 * Since: 0.1
 */
void
malt_own_context_return (GObject      *source,
                         GAsyncResult *result,
                         gpointer      own_context)
{
  MaltOwnContext *self = own_context;

  g_return_if_fail (G_IS_ASYNC_RESULT (result));

  g_set_object (&self->result, result);
}

/**
 * malt_own_context_wait: (skip)
 * @self: a context of one's own, in which an operation has begun
 *
 * Blocks until the operation is over. Nothing of the caller's is dispatched.
 *
 * Returns: (transfer none): its result, which lives as long as @self
 *
 * Since: 0.1
 */
GAsyncResult *
malt_own_context_wait (MaltOwnContext *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  while (self->result == NULL)
    g_main_context_iteration (self->context, TRUE);

  return self->result;
}

/* GLib ends the program when it cannot have the one of a main context. */
static gboolean
check_descriptor (GError **error)
{
  int fd = eventfd (0, EFD_CLOEXEC);

  if (fd < 0)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_START_FAILED,
                   "Cannot wait for a worker: Cannot make an event descriptor: %s",
                   g_strerror (errno));
      return FALSE;
    }

  close (fd);

  return TRUE;
}

/**
 * malt_own_context_init: (skip)
 * @initable: an object that is a #GAsyncInitable as well
 * @cancellable: (nullable): ends the start
 * @error: return location for an error
 *
 * Starts an object by its asynchronous form and blocks until it has started.
 * What it remembers as its main context it has to remember from its
 * construction, not from here.
 *
 * Errors: %MALT_ERROR_START_FAILED if the program may not open another file;
 * those of its g_async_initable_init_finish().
 *
 * Returns: whether it has started
 *
 * Since: 0.1
 */
gboolean
malt_own_context_init (GInitable     *initable,
                       GCancellable  *cancellable,
                       GError       **error)
{
  GAsyncInitable *async_initable = G_ASYNC_INITABLE (initable);
  g_autoptr (MaltOwnContext) own = NULL;

  if (!check_descriptor (error))
    return FALSE;

  own = malt_own_context_new ();
  g_async_initable_init_async (async_initable, G_PRIORITY_DEFAULT, cancellable,
                               malt_own_context_return, own);

  return g_async_initable_init_finish (async_initable, malt_own_context_wait (own), error);
}

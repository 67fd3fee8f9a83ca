/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-pool-fixture.h"

MaltPool *
scripted_pool_start (const char *options)
{
  malt_script_reset ();

  return pool_start ("scripted", options);
}

static gpointer
caller_thread (gpointer user_data)
{
  ScriptedCaller *self = user_data;
  g_autoptr (GVariant) value =
    malt_abstract_worker_remote_call_fetch (MALT_ABSTRACT_WORKER (self->pool), self->function,
                                            g_variant_new ("(x)", (gint64) 1), NULL,
                                            self->cancellable, &self->error);

  g_clear_object (&self->pool);
  g_clear_object (&self->cancellable);

  return NULL;
}

void
scripted_caller_start (ScriptedCaller *self,
                       MaltPool       *pool,
                       const char     *function,
                       GCancellable   *cancellable)
{
  *self = (ScriptedCaller) { .function = function, .pool = g_object_ref (pool) };
  g_set_object (&self->cancellable, cancellable);
  self->thread = g_thread_new ("caller", caller_thread, self);
}

void
scripted_caller_join (ScriptedCaller *self)
{
  g_thread_join (g_steal_pointer (&self->thread));
}

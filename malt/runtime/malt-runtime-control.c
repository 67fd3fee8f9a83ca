/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/runtime/malt-runtime-private.h"

void
malt_runtime_cancel (MaltRuntime *self,
                     guint64      id)
{
  g_return_if_fail (MALT_IS_RUNTIME (self));

  malt_scheduler_cancel (self->scheduler, id);
}

void
malt_runtime_interrupt (MaltRuntime *self,
                        guint64      up_to)
{
  g_return_if_fail (MALT_IS_RUNTIME (self));

  malt_scheduler_interrupt (self->scheduler, up_to);
}

void
malt_runtime_interrupt_latest (MaltRuntime *self)
{
  g_return_if_fail (MALT_IS_RUNTIME (self));

  malt_scheduler_interrupt_latest (self->scheduler);
}

void
malt_runtime_stop (MaltRuntime *self)
{
  g_return_if_fail (MALT_IS_RUNTIME (self));

  malt_scheduler_stop (self->scheduler);
}

guint
malt_runtime_get_n_unfinished (MaltRuntime *self)
{
  g_return_val_if_fail (MALT_IS_RUNTIME (self), 0);

  return malt_scheduler_get_n_unfinished (self->scheduler);
}

int
malt_runtime_get_call_state (MaltRuntime *self,
                             guint64      id)
{
  g_return_val_if_fail (MALT_IS_RUNTIME (self), 0);

  return malt_scheduler_get_call_state (self->scheduler, id);
}

char *
malt_runtime_dup_position (MaltRuntime *self,
                           guint64     *id)
{
  g_autoptr (MaltInvocation) invocation = NULL;
  MaltInvocation *root;
  char *position;

  g_return_val_if_fail (MALT_IS_RUNTIME (self), NULL);
  g_return_val_if_fail (id != NULL, NULL);

  position = self->evaluator != NULL ? malt_evaluator_dup_position (self->evaluator, &invocation)
                                     : NULL;
  if (position == NULL)
    return NULL;

  for (root = invocation; root->parent != NULL; root = root->parent)
    ;
  *id = root->id;
  return position;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-clear-source.h"

/**
 * malt_clear_source: (skip)
 * @source: (inout) (transfer full) (nullable): where a source is kept
 *
 * Destroys a source, if there is one, and forgets it. What its callback holds is
 * let go of last, and may be what @source lies in. Any thread; where its context
 * runs in another one the callback may be running.
 *
 * Since: 0.1
 */
void
malt_clear_source (GSource **source)
{
  g_return_if_fail (source != NULL);

  g_autoptr (GSource) former = g_steal_pointer (source);

  if (former != NULL)
    g_source_destroy (former);
}

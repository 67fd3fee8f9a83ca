/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "workbench-faults.h"

#include <string.h>

/* Bugs that are there on purpose, for an image that asks for one: decoders do not crash on demand.
 * A PNG asks with a text chunk:
 *
 *   convert photo.png -set malt-workbench crash crash.png
 *   convert photo.png -set malt-workbench slow slow.png
 *
 * A module that is more than an example has no such file. */

/* Milliseconds that a slow image takes: time enough for somebody to press a button. */
#define SLOW_MSEC 40000

static void
be_slow (MaltInvocation *invocation)
{
  GCancellable *cancellable = malt_invocation_get_cancellable (invocation);

  for (int passed = 0; passed < SLOW_MSEC && !g_cancellable_is_cancelled (cancellable); passed++)
    {
      malt_invocation_report_progress (invocation, (double) passed / SLOW_MSEC, NULL);
      g_usleep (1000);
    }
}

static gboolean
asks_for (const guint8 *data,
          gsize         length,
          const char   *fault)
{
  static const char chunk[] = "tEXtmalt-workbench";
  const guint8 *found = memmem (data, length, chunk, sizeof chunk);

  return found != NULL
         && memmem (found, (gsize) (data + length - found), fault, strlen (fault))
              == found + sizeof chunk;
}

/* `data`: the bytes of the image. */
void
workbench_commit_faults (MaltInvocation *invocation,
                         const guint8   *data,
                         gsize           length)
{
  if (asks_for (data, length, "crash"))
    {
      g_printerr ("This image has found a bug of its decoder.\n");
      *(volatile int *) NULL = 1;
    }
  if (asks_for (data, length, "slow"))
    be_slow (invocation);
}

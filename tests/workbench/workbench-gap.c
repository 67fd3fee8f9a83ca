/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "workbench-gap.h"

#include <stdio.h>

/* Milliseconds between two ticks. */
#define TICK_MSEC 4

/* Microseconds that this thread was ready to run and another had the processor: not the program's
 * fault, and most of what a loaded machine adds. 0 where the kernel does not count it. */
static gint64
get_waited_us (void)
{
  g_autofree char *text = NULL;
  gint64 waited_ns;

  if (!g_file_get_contents ("/proc/thread-self/schedstat", &text, NULL, NULL)
      || sscanf (text, "%*d %" G_GINT64_FORMAT, &waited_ns) != 1)
    return 0;

  return waited_ns / 1000;
}

static void
look (WorkbenchGap *self)
{
  gint64 now_us = g_get_monotonic_time ();
  gint64 waited_us = get_waited_us ();
  gint64 gap_us = now_us - self->last_us - (waited_us - self->last_waited_us);

  self->longest_us = MAX (self->longest_us, gap_us);
  self->last_us = now_us;
  self->last_waited_us = waited_us;
}

static gboolean
on_tick (gpointer user_data)
{
  look (user_data);

  return G_SOURCE_CONTINUE;
}

void
workbench_gap_start (WorkbenchGap *self)
{
  self->last_us = g_get_monotonic_time ();
  self->last_waited_us = get_waited_us ();
  self->longest_us = 0;
  self->source = g_timeout_add_full (G_PRIORITY_HIGH, TICK_MSEC, on_tick, self, NULL);
}

/* Microseconds. */
gint64
workbench_gap_stop (WorkbenchGap *self)
{
  g_source_remove (self->source);
  look (self);

  return self->longest_us;
}

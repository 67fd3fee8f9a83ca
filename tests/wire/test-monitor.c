/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-monitor.h"

typedef struct
{
  GThread *thread;
  guint    depth;
} Visit;

static void
visit (gpointer user_data)
{
  Visit *seen = user_data;

  seen->thread = g_thread_self ();
  seen->depth++;
  if (seen->depth < 3)
    malt_monitor_run (visit, seen);
}

static void
test_runs_in_one_thread (void)
{
  Visit first = { 0 };
  Visit second = { 0 };

  malt_monitor_run (visit, &first);
  malt_monitor_run (visit, &second);
  g_assert_true (first.thread == second.thread);
  g_assert_true (first.thread != g_thread_self ());
  g_assert_cmpuint (first.depth, ==, 3);
}

static gpointer
run_often (gpointer user_data)
{
  GThread *monitor = user_data;

  for (int i = 0; i < 200; i++)
    {
      Visit seen = { .depth = 2 };

      malt_monitor_run (visit, &seen);
      g_assert_true (seen.thread == monitor);
    }

  return NULL;
}

static void
test_many_at_once (void)
{
  GThread *threads[4];
  Visit seen = { 0 };

  malt_monitor_run (visit, &seen);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("caller", run_often, seen.thread);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

/* Nobody else gets to iterate it, not even between two of its own iterations. */
static void
test_context_is_never_free (void)
{
  Visit seen = { 0 };

  malt_monitor_run (visit, &seen);
  for (int i = 0; i < 1000; i++)
    g_assert_false (g_main_context_acquire (malt_monitor_get_context ()));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/monitor/runs-in-one-thread", test_runs_in_one_thread);
  g_test_add_func ("/malt/monitor/many-at-once", test_many_at_once);
  g_test_add_func ("/malt/monitor/context-is-never-free", test_context_is_never_free);

  return g_test_run ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-deadlines-private.h"

typedef struct
{
  GMainContext  *context;
  MaltDeadlines *deadlines;
  GArray        *expired; /* of guint64 */
  gboolean       adds_another;
  gboolean       iterates;
} Fixture;

static void
on_expired (guint64  id,
            gpointer user_data)
{
  Fixture *fixture = user_data;

  if (fixture->iterates && id == 1)
    while (g_main_context_iteration (fixture->context, FALSE))
      ;
  g_array_append_val (fixture->expired, id);
  if (fixture->adds_another && id < 10)
    malt_deadlines_add (fixture->deadlines, id + 1, 0);
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->context = g_main_context_new ();
  fixture->deadlines = malt_deadlines_new (fixture->context, on_expired, fixture);
  fixture->expired = g_array_new (FALSE, FALSE, sizeof (guint64));
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_clear_pointer (&fixture->deadlines, malt_deadlines_free);
  while (g_main_context_iteration (fixture->context, FALSE))
    ;
  g_array_unref (fixture->expired);
  g_main_context_unref (fixture->context);
}

static void
check_expired (Fixture       *fixture,
               const guint64 *ids,
               gsize          n_ids)
{
  while (g_main_context_iteration (fixture->context, FALSE))
    ;
  g_assert_cmpmem (fixture->expired->data, fixture->expired->len * sizeof (guint64),
                   ids, n_ids * sizeof (guint64));
}

static void
test_order (Fixture       *fixture,
            gconstpointer  data)
{
  const guint64 expected[] = { 3, 1, 4, 2 };

  malt_deadlines_add (fixture->deadlines, 1, 20);
  malt_deadlines_add (fixture->deadlines, 2, 40);
  malt_deadlines_add (fixture->deadlines, 3, 10);
  malt_deadlines_add (fixture->deadlines, 4, 30);
  check_expired (fixture, expected, G_N_ELEMENTS (expected));
}

/* What one of them does may wait for another. */
static void
test_within_another (Fixture       *fixture,
                     gconstpointer  data)
{
  const guint64 expected[] = { 2, 3, 1 };

  fixture->iterates = TRUE;
  malt_deadlines_add (fixture->deadlines, 1, 10);
  malt_deadlines_add (fixture->deadlines, 2, 20);
  malt_deadlines_add (fixture->deadlines, 3, 30);
  check_expired (fixture, expected, G_N_ELEMENTS (expected));
}

static void
test_same_time (Fixture       *fixture,
                gconstpointer  data)
{
  const guint64 expected[] = { 1, 2, 3, 4, 5 };

  malt_deadlines_add (fixture->deadlines, 4, 10);
  malt_deadlines_add (fixture->deadlines, 2, 10);
  malt_deadlines_add (fixture->deadlines, 5, 10);
  malt_deadlines_add (fixture->deadlines, 1, 10);
  malt_deadlines_add (fixture->deadlines, 3, 10);
  check_expired (fixture, expected, G_N_ELEMENTS (expected));
}

static void
test_not_before (Fixture       *fixture,
                 gconstpointer  data)
{
  const guint64 expected[] = { 1 };
  gint64 time = g_get_monotonic_time () + 20000;

  malt_deadlines_add (fixture->deadlines, 1, time);
  while (fixture->expired->len == 0)
    g_main_context_iteration (fixture->context, TRUE);
  g_assert_cmpint (g_get_monotonic_time (), >=, time);

  malt_deadlines_add (fixture->deadlines, 2, g_get_monotonic_time () + G_TIME_SPAN_HOUR);
  check_expired (fixture, expected, G_N_ELEMENTS (expected));
}

static void
test_removed (Fixture       *fixture,
              gconstpointer  data)
{
  const guint64 expected[] = { 3 };

  malt_deadlines_add (fixture->deadlines, 1, 10);
  malt_deadlines_add (fixture->deadlines, 2, 20);
  malt_deadlines_add (fixture->deadlines, 3, 30);
  malt_deadlines_remove (fixture->deadlines, 1);
  malt_deadlines_remove (fixture->deadlines, 2);
  malt_deadlines_remove (fixture->deadlines, 7);
  check_expired (fixture, expected, G_N_ELEMENTS (expected));
}

static void
test_second_replaces_first (Fixture       *fixture,
                            gconstpointer  data)
{
  const guint64 expected[] = { 2, 1 };

  malt_deadlines_add (fixture->deadlines, 1, 10);
  malt_deadlines_add (fixture->deadlines, 2, 20);
  malt_deadlines_add (fixture->deadlines, 1, 30);
  check_expired (fixture, expected, G_N_ELEMENTS (expected));
}

static void
test_added_in_the_callback (Fixture       *fixture,
                            gconstpointer  data)
{
  const guint64 expected[] = { 8, 9, 10 };

  fixture->adds_another = TRUE;
  malt_deadlines_add (fixture->deadlines, 8, 0);
  check_expired (fixture, expected, G_N_ELEMENTS (expected));
}

/* Against a plain list. */
static void
test_random (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  gint64 times[100] = { 0 };
  gint64 last = 0;
  guint n_left = 0;

  for (int i = 0; i < 5000; i++)
    {
      guint64 id = g_rand_int_range (rand, 0, G_N_ELEMENTS (times));

      times[id] = g_rand_int_range (rand, 0, 3) > 0 ? g_rand_int_range (rand, 1, 1000) : 0;
      if (times[id] > 0)
        malt_deadlines_add (fixture->deadlines, id, times[id]);
      else
        malt_deadlines_remove (fixture->deadlines, id);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (times); i++)
    n_left += times[i] > 0;

  while (g_main_context_iteration (fixture->context, FALSE))
    ;
  g_assert_cmpuint (fixture->expired->len, ==, n_left);
  for (guint i = 0; i < fixture->expired->len; i++)
    {
      guint64 id = g_array_index (fixture->expired, guint64, i);

      g_assert_cmpint (times[id], >=, last);
      last = times[id];
    }
}

static gpointer
add_from_afar (gpointer user_data)
{
  Fixture *fixture = user_data;

  malt_deadlines_add (fixture->deadlines, 2, 10);
  return NULL;
}

static void
test_earlier_one_wakes_the_context (Fixture       *fixture,
                                    gconstpointer  data)
{
  GThread *thread;

  malt_deadlines_add (fixture->deadlines, 1, g_get_monotonic_time () + G_TIME_SPAN_HOUR);
  thread = g_thread_new ("other", add_from_afar, fixture);
  while (fixture->expired->len == 0)
    g_main_context_iteration (fixture->context, TRUE);
  g_assert_cmpuint (g_array_index (fixture->expired, guint64, 0), ==, 2);
  g_thread_join (thread);
}

static void
on_expired_free (guint64  id,
                 gpointer user_data)
{
  Fixture *fixture = user_data;

  g_array_append_val (fixture->expired, id);
  g_clear_pointer (&fixture->deadlines, malt_deadlines_free);
}

static void
test_freed_in_the_callback (Fixture       *fixture,
                            gconstpointer  data)
{
  const guint64 expected[] = { 1 };

  malt_deadlines_free (fixture->deadlines);
  fixture->deadlines = malt_deadlines_new (fixture->context, on_expired_free, fixture);
  malt_deadlines_add (fixture->deadlines, 1, 10);
  malt_deadlines_add (fixture->deadlines, 2, 20);
  while (g_main_context_iteration (fixture->context, FALSE))
    ;
  check_expired (fixture, expected, G_N_ELEMENTS (expected));
  fixture->deadlines = malt_deadlines_new (fixture->context, on_expired, fixture);
}

#define ADD(path, test) g_test_add (path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/malt/deadlines/order", test_order);
  ADD ("/malt/deadlines/same-time", test_same_time);
  ADD ("/malt/deadlines/within-another", test_within_another);
  ADD ("/malt/deadlines/not-before", test_not_before);
  ADD ("/malt/deadlines/removed", test_removed);
  ADD ("/malt/deadlines/second-replaces-first", test_second_replaces_first);
  ADD ("/malt/deadlines/added-in-the-callback", test_added_in_the_callback);
  ADD ("/malt/deadlines/random", test_random);
  ADD ("/malt/deadlines/earlier-one-wakes-the-context", test_earlier_one_wakes_the_context);
  ADD ("/malt/deadlines/freed-in-the-callback", test_freed_in_the_callback);

  return g_test_run ();
}

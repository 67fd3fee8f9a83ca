/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fake-worker.h"

/* What "items-changed" said, one "position-removed+added" after the other. */
typedef struct
{
  GListModel *list;
  GString    *changes;
} Fixture;

static void
note_change (GListModel *list,
             guint       position,
             guint       removed,
             guint       added,
             gpointer    user_data)
{
  g_string_append_printf (user_data, "%u-%u+%u ", position, removed, added);
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->list = malt_list_running_workers ();
  fixture->changes = g_string_new (NULL);
  g_signal_connect (fixture->list, "items-changed", G_CALLBACK (note_change), fixture->changes);
  g_assert_cmpuint (g_list_model_get_n_items (fixture->list), ==, 0);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_assert_finalize_object (fixture->list);
  g_string_free (fixture->changes, TRUE);
}

static void
iterate (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    {
    }
}

static guint
count_now (void)
{
  g_autoptr (GListModel) list = malt_list_running_workers ();

  return g_list_model_get_n_items (list);
}

static MaltAbstractWorker *
start_worker (void)
{
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker = malt_create_worker ("fake", NULL, &error, NULL);

  g_assert_no_error (error);
  return worker;
}

static void
test_starts_and_stops (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autoptr (MaltAbstractWorker) first = start_worker ();
  g_autoptr (MaltAbstractWorker) second = start_worker ();
  g_autoptr (GListModel) fresh = malt_list_running_workers ();
  g_autoptr (MaltAbstractWorker) item = g_list_model_get_item (fresh, 1);
  g_autoptr (GError) error = NULL;

  g_assert_true (item == second);
  g_assert_null (g_list_model_get_item (fresh, 2));
  g_assert_true (g_list_model_get_item_type (fresh) == MALT_TYPE_ABSTRACT_WORKER);

  iterate ();
  g_assert_cmpuint (g_list_model_get_n_items (fixture->list), ==, 2);

  g_assert_true (malt_abstract_worker_stop (first, 0, 0, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (count_now (), ==, 1);

  iterate ();
  g_assert_cmpuint (g_list_model_get_n_items (fixture->list), ==, 1);
  g_assert_cmpstr (fixture->changes->str, ==, "0-0+2 0-1+0 ");
}

static void
test_keeps_no_worker_alive (Fixture       *fixture,
                            gconstpointer  data)
{
  MaltAbstractWorker *worker = start_worker ();

  iterate ();
  g_assert_cmpuint (g_list_model_get_n_items (fixture->list), ==, 1);
  g_assert_finalize_object (worker);
  g_assert_cmpuint (count_now (), ==, 0);
  iterate ();
  g_assert_cmpuint (g_list_model_get_n_items (fixture->list), ==, 0);
}

static gboolean
drop_worker (gpointer user_data)
{
  Fixture *fixture = user_data;
  MaltAbstractWorker *worker = g_list_model_get_item (fixture->list, 0);

  g_object_unref (worker);
  g_assert_finalize_object (worker);
  g_assert_cmpuint (g_list_model_get_n_items (fixture->list), ==, 0);

  return G_SOURCE_REMOVE;
}

static void
test_is_told_at_once_in_its_own_context (Fixture       *fixture,
                                         gconstpointer  data)
{
  start_worker ();
  iterate ();
  g_idle_add (drop_worker, fixture);
  iterate ();
  g_assert_cmpstr (fixture->changes->str, ==, "0-0+1 0-1+0 ");
}

static void
test_twice_is_once (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr (MaltFakeWorker) fake = malt_fake_worker_new ();

  malt_running_workers_add (MALT_ABSTRACT_WORKER (fake));
  malt_running_workers_add (MALT_ABSTRACT_WORKER (fake));
  g_assert_cmpuint (count_now (), ==, 1);
  malt_running_workers_remove (MALT_ABSTRACT_WORKER (fake));
  malt_running_workers_remove (MALT_ABSTRACT_WORKER (fake));
  g_assert_cmpuint (count_now (), ==, 0);
  iterate ();
  g_assert_cmpuint (g_list_model_get_n_items (fixture->list), ==, 0);
}

static void
stop_in_handler (GListModel *list,
                 guint       position,
                 guint       removed,
                 guint       added,
                 gpointer    user_data)
{
  g_autoptr (MaltAbstractWorker) worker = NULL;

  if (added == 0)
    return;

  worker = g_list_model_get_item (list, position);
  g_assert_true (malt_abstract_worker_stop (worker, 0, 0, NULL, NULL, NULL));
}

/* A handler that makes the list change again. */
static void
test_change_in_a_handler (Fixture       *fixture,
                          gconstpointer  data)
{
  g_autoptr (MaltAbstractWorker) first = start_worker ();
  g_autoptr (MaltAbstractWorker) second = start_worker ();

  g_signal_connect (fixture->list, "items-changed", G_CALLBACK (stop_in_handler), NULL);
  iterate ();
  g_assert_cmpuint (g_list_model_get_n_items (fixture->list), ==, 1);
  g_assert_cmpuint (count_now (), ==, 1);
}

#define N_THREADS 4u
#define N_ROUNDS 50u

static gpointer
churn (gpointer data)
{
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      g_autoptr (MaltAbstractWorker) worker = start_worker ();
      g_autoptr (GListModel) list = malt_list_running_workers ();

      g_assert_cmpuint (g_list_model_get_n_items (list), >=, 1);
    }

  return NULL;
}

static void
test_many_threads (Fixture       *fixture,
                   gconstpointer  data)
{
  GThread *threads[N_THREADS];

  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("churn", churn, NULL);
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      iterate ();
      for (guint j = 0; j < g_list_model_get_n_items (fixture->list); j++)
        {
          g_autoptr (MaltAbstractWorker) item = g_list_model_get_item (fixture->list, j);
        }
    }
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);

  iterate ();
  g_assert_cmpuint (g_list_model_get_n_items (fixture->list), ==, 0);
}

static void
test_list_goes_before_it_is_told (Fixture       *fixture,
                                  gconstpointer  data)
{
  GListModel *list = malt_list_running_workers ();
  g_autoptr (MaltAbstractWorker) worker = start_worker ();

  g_assert_finalize_object (list);
  iterate ();
}

int
main (int    argc,
      char **argv)
{
  static const struct
  {
    const char *path;
    void (*test) (Fixture *fixture, gconstpointer data);
  } tests[] = {
    { "/malt/running-workers/starts-and-stops", test_starts_and_stops },
    { "/malt/running-workers/keeps-no-worker-alive", test_keeps_no_worker_alive },
    { "/malt/running-workers/is-told-at-once-in-its-own-context",
      test_is_told_at_once_in_its_own_context },
    { "/malt/running-workers/twice-is-once", test_twice_is_once },
    { "/malt/running-workers/change-in-a-handler", test_change_in_a_handler },
    { "/malt/running-workers/many-threads", test_many_threads },
    { "/malt/running-workers/list-goes-before-it-is-told", test_list_goes_before_it_is_told },
  };

  g_test_init (&argc, &argv, NULL);
  malt_fake_worker_register ();

  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);

  return g_test_run ();
}

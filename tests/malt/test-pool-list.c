/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-pool-fixture.h"

/* A pool as a list: what a list view that follows its signals would show. */

typedef struct
{
  GPtrArray *items;     /* owned */
  guint      n_signals;
  guint      wants_size; /* 0: none; what the next change of the list sets */
} Mirror;

/* As a view does it: takes away and adds what the signal says, and nothing else. */
static void
on_items_changed (GListModel *model,
                  guint       position,
                  guint       n_removed,
                  guint       n_added,
                  gpointer    user_data)
{
  Mirror *self = user_data;
  guint wants_size = self->wants_size;

  self->n_signals++;
  g_assert_cmpuint (n_removed + n_added, >, 0);
  g_assert_cmpuint (position + n_removed, <=, self->items->len);
  if (n_removed > 0)
    g_ptr_array_remove_range (self->items, position, n_removed);
  for (guint i = 0; i < n_added; i++)
    g_ptr_array_insert (self->items, (int) (position + i), g_list_model_get_item (model,
                                                                                 position + i));

  g_assert_cmpuint (g_list_model_get_n_items (model), ==, self->items->len);
  for (guint i = 0; i < self->items->len; i++)
    {
      g_autoptr (MaltPoolWorker) item = g_list_model_get_item (model, i);

      g_assert_true (MALT_IS_POOL_WORKER (item));
      g_assert_true ((gpointer) item == g_ptr_array_index (self->items, i));
    }
  g_assert_null (g_list_model_get_item (model, self->items->len));

  self->wants_size = 0;
  if (wants_size > 0)
    g_object_set (model, "size", wants_size, NULL);
}

static void
mirror (Mirror   *self,
        MaltPool *pool)
{
  GListModel *model = G_LIST_MODEL (pool);

  self->items = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    g_ptr_array_add (self->items, g_list_model_get_item (model, i));
  g_signal_connect (pool, "items-changed", G_CALLBACK (on_items_changed), self);
}

static void
test_mirror (void)
{
  const guint sizes[] = { 5, 2, 7, 1, 4 };
  PoolReplies replies = { 0 };
  Mirror self = { 0 };
  MaltPool *pool;

  g_test_summary ("Each signal says exactly what has changed");
  pool = scripted_pool_start ("{'size': 3, 'max-calls-per-worker': 3}");
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (pool)), ==, 3);
  g_assert_true (g_list_model_get_item_type (G_LIST_MODEL (pool)) == MALT_TYPE_POOL_WORKER);
  mirror (&self, pool);

  for (guint i = 0; i < 100; i++)
    {
      pool_echo_async (pool, "echo", i, NULL, &replies);
      if (i % 20 == 10)
        g_object_set (pool, "size", sizes[i / 20], NULL);
      if (i % 20 == 0)
        malt_scripted_worker_exit (i / 20 % 3, 1, i / 20 % 2 == 0);
      g_main_context_iteration (NULL, FALSE);
    }
  pool_poll_until (replies.n_ended == 100 && self.items->len == 4);
  g_assert_cmpuint (self.n_signals, >=, 2);

  g_clear_error (&replies.error);
  g_object_ref (pool);
  pool_stop (pool);
  pool_poll_until (self.items->len == 0);
  g_clear_pointer (&self.items, g_ptr_array_unref);
  g_object_unref (pool);
}

static void
test_changed_while_told (void)
{
  Mirror self = { .wants_size = 6 };
  MaltPool *pool;

  g_test_summary ("Who is told may change the pool");
  pool = scripted_pool_start ("{'size': 2}");
  mirror (&self, pool);
  g_object_set (pool, "size", 4, NULL);
  pool_poll_until (self.items->len == 6);
  self.wants_size = 1;
  malt_scripted_worker_exit (0, 1, TRUE);
  pool_poll_until (self.items->len == 1);
  g_signal_handlers_disconnect_by_data (pool, &self);
  g_clear_pointer (&self.items, g_ptr_array_unref);
  pool_stop (pool);
}

static void
on_notified (GObject    *item,
             GParamSpec *pspec,
             gpointer    user_data)
{
  MaltPoolWorkerState *state = user_data;

  g_object_get (item, "state", state, NULL);
}

static void
test_states (void)
{
  PoolReplies replies = { 0 };
  MaltPoolWorkerState state = MALT_POOL_WORKER_STATE_IDLE;
  g_autoptr (GObject) item = NULL;
  MaltPool *pool;
  guint n_pending;

  g_test_summary ("An item tells what its worker does, to its end and beyond the pool's");
  pool = scripted_pool_start ("{'size': 1}");
  item = g_list_model_get_item (G_LIST_MODEL (pool), 0);
  g_signal_connect (item, "notify::state", G_CALLBACK (on_notified), &state);
  pool_echo_async (pool, "hold", 1, NULL, &replies);
  pool_poll_until (state == MALT_POOL_WORKER_STATE_BUSY && malt_script_count_waiting () == 1);
  g_object_get (item, "n-pending", &n_pending, NULL);
  g_assert_cmpuint (n_pending, ==, 1);
  malt_script_release ();
  pool_poll_until (replies.n_ended == 1 && state == MALT_POOL_WORKER_STATE_IDLE);

  malt_script_set (MALT_SCRIPT_STOP, MALT_SCRIPT_IS_DEAF);
  malt_script_set (MALT_SCRIPT_START, MALT_SCRIPT_HANGS);
  g_object_set (pool, "max-calls-per-worker", 1, NULL);
  g_assert_true (pool_echo (pool, "echo", 2, NULL));
  pool_poll_until (state == MALT_POOL_WORKER_STATE_RETIRING);
  malt_script_set (MALT_SCRIPT_STOP, MALT_SCRIPT_GOES_WELL);
  malt_scripted_worker_exit (0, 1, TRUE);
  pool_poll_until (state == MALT_POOL_WORKER_STATE_ENDED);
  pool_stop (pool);
  g_assert_false (malt_abstract_worker_is_running (MALT_ABSTRACT_WORKER (item)));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  malt_scripted_worker_register ();

  g_test_add_func ("/malt/pool-list/mirror", test_mirror);
  g_test_add_func ("/malt/pool-list/changed-while-told", test_changed_while_told);
  g_test_add_func ("/malt/pool-list/states", test_states);

  return g_test_run ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-pool-fixture.h"

#include <dlfcn.h>
#include <unistd.h>

/* Workers that are replaced while calls run. */

#define N_CALLS 300

/* How long, in microseconds, it takes the kernel to say how large a process is that is slow to look
 * at, how long calls go to its worker, and how many times the former lies between two looks. */
#define SLOW_LOOK_USEC 20000
#define SLOW_CALLS_USEC 200000
#define SLOW_INTERVAL_LOOKS 100

static int is_slow;      /* atomic */
static int n_slow_looks; /* atomic */

/* The library, too, calls this one and not GLib's. */
gboolean
g_file_get_contents (const char  *name,
                     char       **contents,
                     gsize       *length,
                     GError     **error)
{
  __typeof__ (g_file_get_contents) *real = dlsym (RTLD_NEXT, "g_file_get_contents");

  if (g_atomic_int_get (&is_slow) && g_str_has_suffix (name, "/statm"))
    {
      g_atomic_int_inc (&n_slow_looks);
      g_usleep (SLOW_LOOK_USEC);
    }
  return real (name, contents, length, error);
}

static void
test_by_calls (void)
{
  g_autoptr (GError) error = NULL;
  PoolReplies replies = { 0 };
  MaltPool *pool;
  gint64 sum = 0;

  g_test_summary ("No call is lost, none is made twice, and none is answered twice");
  pool = scripted_pool_start ("{'size': 3, 'max-in-flight': 4,"
                                 " 'max-calls-per-worker': 5}");
  for (guint i = 0; i < N_CALLS; i++)
    {
      pool_echo_async (pool, i % 3 == 0 ? "hold" : "echo", i, NULL, &replies);
      sum += i;
    }
  while (replies.n_ended < N_CALLS)
    {
      g_main_context_iteration (NULL, FALSE);
      malt_script_release ();
    }
  g_assert_no_error (replies.error);
  g_assert_cmpint (replies.sum, ==, sum);
  g_assert_cmpuint (malt_script_count (MALT_SCRIPT_CALL), ==, N_CALLS);
  g_assert_cmpuint (malt_script_count (MALT_SCRIPT_START), >=, N_CALLS / 5);
  g_assert_cmpuint (pool_get_uint64 (pool, "n-calls"), ==, N_CALLS);
  g_assert_cmpuint (pool_get_uint64 (pool, "n-restarts"), ==, 0);
  pool_stop (pool);
  g_assert_cmpuint (replies.n_ended, ==, N_CALLS);
}

static MaltPoolWorkerState
get_state (gpointer item)
{
  MaltPoolWorkerState state;

  g_object_get (item, "state", &state, NULL);
  return state;
}

static void
test_by_age (void)
{
  PoolReplies replies = { 0 };
  g_autoptr (GObject) item = NULL;
  MaltPool *pool;

  g_test_summary ("One that is old enough ends its call, while another has taken its place");
  pool = scripted_pool_start ("{'size': 1}");
  item = g_list_model_get_item (G_LIST_MODEL (pool), 0);
  pool_echo_async (pool, "hold", 1, NULL, &replies);
  pool_poll_until (malt_script_count_waiting () == 1);
  g_object_set (pool, "max-age", 1, NULL);
  pool_poll_until (get_state (item) == MALT_POOL_WORKER_STATE_RETIRING);
  g_object_set (pool, "max-age", 0, NULL);
  g_assert_true (pool_echo (pool, "echo", 2, NULL));
  g_assert_cmpuint (replies.n_ended, ==, 0);
  g_assert_cmpuint (malt_script_count (MALT_SCRIPT_STOP), ==, 0);
  malt_script_release ();
  pool_poll_until (replies.n_ended == 1 && get_state (item) == MALT_POOL_WORKER_STATE_ENDED);
  g_assert_no_error (replies.error);
  g_assert_cmpuint (malt_script_count (MALT_SCRIPT_STOP), ==, 1);
  g_assert_cmpuint (pool_get_uint64 (pool, "n-restarts"), ==, 0);
  pool_stop (pool);
}

static void
test_by_memory (void)
{
  MaltPool *pool;

  g_test_summary ("Workers that are too large go, and calls do not notice");
  pool = scripted_pool_start ("{'size': 2}");
  malt_script_set_pid (getpid ());
  g_object_set (pool, "max-memory", (guint64) 1, NULL);
  for (gint64 i = 0; malt_script_count (MALT_SCRIPT_STOP) < 4; i++)
    g_assert_true (pool_echo (pool, "echo", i, NULL));
  g_assert_cmpuint (pool_get_uint64 (pool, "n-failed"), ==, 0);
  g_assert_cmpuint (pool_get_uint64 (pool, "n-restarts"), ==, 0);
  pool_stop (pool);
}

static void
test_slow_looks (void)
{
  gint64 begin_us = g_get_monotonic_time ();
  gint64 time_us = 0;
  gint64 n_looks;
  MaltPool *pool;

  g_test_summary ("A worker that is slow to look at does not take up the thread of all pools");
  pool = scripted_pool_start ("{'size': 1}");
  malt_script_set_pid (getpid ());
  g_atomic_int_set (&is_slow, TRUE);
  g_object_set (pool, "max-memory", G_MAXUINT64, NULL);
  for (gint64 i = 0; time_us < SLOW_CALLS_USEC || g_atomic_int_get (&n_slow_looks) == 0; i++)
    {
      g_assert_true (pool_echo (pool, "echo", i, NULL));
      time_us = g_get_monotonic_time () - begin_us;
    }
  n_looks = g_atomic_int_get (&n_slow_looks);
  time_us = g_get_monotonic_time () - begin_us;
  g_assert_cmpint (n_looks, <=, 1 + time_us / (SLOW_INTERVAL_LOOKS * SLOW_LOOK_USEC));
  g_atomic_int_set (&is_slow, FALSE);
  pool_stop (pool);
}

static guint64
get_memory_of (MaltPool *pool,
               int       pid)
{
  g_autoptr (GObject) item = g_list_model_get_item (G_LIST_MODEL (pool), 0);
  guint64 memory;

  malt_script_set_pid (pid);
  g_object_get (item, "memory", &memory, NULL);

  return memory;
}

static void
test_lies (void)
{
  const gint64 run_times[] = { G_MAXINT64, G_MININT64, G_MAXINT64, -1, G_MAXINT64, 0 };
  gint64 start_us = g_get_monotonic_time ();
  MaltPool *pool;

  g_test_summary ("What workers say of themselves is believed as far as it can be");
  pool = scripted_pool_start ("{'size': 1}");
  for (guint i = 0; i < G_N_ELEMENTS (run_times); i++)
    {
      malt_script_set_run_time (run_times[i]);
      g_assert_true (pool_echo (pool, "echo", i, NULL));
    }
  g_assert_cmpuint (pool_get_uint64 (pool, "run-time-max"), <=,
                    (guint64) (g_get_monotonic_time () - start_us));
  g_assert_cmpuint (pool_get_uint64 (pool, "run-time-mean"), <=,
                    pool_get_uint64 (pool, "run-time-max"));
  g_assert_cmpuint (pool_get_uint64 (pool, "queue-time-max"), <=,
                    (guint64) (g_get_monotonic_time () - start_us));
  g_assert_cmpuint (pool_get_uint64 (pool, "queue-time-mean"), <=,
                    pool_get_uint64 (pool, "queue-time-max"));

  g_assert_cmpuint (get_memory_of (pool, G_MAXINT), ==, 0);
  g_assert_cmpuint (get_memory_of (pool, G_MININT), ==, 0);
  g_assert_cmpuint (get_memory_of (pool, -1), ==, 0);
  g_assert_cmpuint (get_memory_of (pool, getpid ()), >, 0);
  pool_stop (pool);
}

static void
test_elsewhere (void)
{
  MaltPool *pool;

  g_test_summary ("A number of another machine is no process of this one");
  pool = scripted_pool_start ("{'size': 1}");
  malt_script_set_remote (TRUE);
  g_assert_cmpuint (get_memory_of (pool, getpid ()), ==, 0);
  malt_script_set_remote (FALSE);
  g_assert_cmpuint (get_memory_of (pool, getpid ()), >, 0);
  pool_stop (pool);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  malt_scripted_worker_register ();

  g_test_add_func ("/malt/pool-recycle/by-calls", test_by_calls);
  g_test_add_func ("/malt/pool-recycle/by-age", test_by_age);
  g_test_add_func ("/malt/pool-recycle/by-memory", test_by_memory);
  g_test_add_func ("/malt/pool-recycle/slow-looks", test_slow_looks);
  g_test_add_func ("/malt/pool-recycle/elsewhere", test_elsewhere);
  g_test_add_func ("/malt/pool-recycle/lies", test_lies);

  return g_test_run ();
}

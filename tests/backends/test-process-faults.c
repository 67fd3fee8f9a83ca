/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/backends/process-fixture.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* What may happen to workers and their manager, many times at random. */

/* What one worker has on its way, so that there is always something to lose. */
#define CALLS_ON_THEIR_WAY 16

/* Of large arguments, in bytes: more than a socket holds, so that workers end in the midst of
 * one. */
#define LARGE_BYTES (512 * 1024)

/* Between two kills, in microseconds, at the most. */
#define KILL_INTERVAL_USEC 4000

/* From the end of a manager to that of all it has started, in milliseconds. */
#define ALL_GONE_MSEC 1000

/* A test that takes longer than this hangs, when it is not quick. */
#define FULL_WATCHDOG_SECONDS 1800

/* What the manager may grow by while workers come and go, in pages. */
#define MAX_GROWTH_PAGES 4096

/* Also gives the test the time that it takes. */
static guint
quick_or_full (guint quick,
               guint full)
{
  if (fixture_is_full ())
    alarm (FULL_WATCHDOG_SECONDS);

  return fixture_is_full () ? full : MAX (quick / malt_test_get_slowness (), 2);
}

/* A thread keeps a descriptor from its first blocking call on. */
static FixtureCensus
take_census (void)
{
  MaltAbstractWorker *worker = fixture_start_worker ();

  g_assert_true (malt_abstract_worker_remote_call_wait (worker, "malt.ping", NULL, NULL, NULL,
                                                        NULL));
  fixture_stop (worker);
  return fixture_take_census ();
}

typedef struct _Load Load;

typedef struct
{
  Load               *load;
  MaltAbstractWorker *worker; /* owned; changed under the lock of the load */
  int                 pid;    /* likewise */
  guint               n_on_their_way;
} Slot;

struct _Load
{
  GMutex  lock;
  GPtrArray *slots;
  guint   n_to_send, n_sent, n_values, n_terminated;
  guint   n_to_kill;
  int     n_kills;       /* atomic */
  int     n_blocking;    /* atomic: calls of other threads */
  int     is_over;       /* atomic */
};

/* One call, which ends once. */
typedef struct
{
  Slot   *slot;
  gint64  number;
  guint   n_ends;
} Sent;

/* Every error names the signal; a call of a worker that is already gone does so, too. */
static void
assert_killed (const GError *error)
{
  MaltExitReport *report;

  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  report = malt_error_get_exit_report (error);
  g_assert_nonnull (report);
  g_assert_cmpint (malt_exit_report_get_signal (report), ==, SIGKILL);
  g_assert_cmpint (malt_exit_report_get_reason (report), ==, MALT_EXIT_REASON_CRASHED);
}

static void send_calls (Slot *slot);

static void
replace_worker (Slot *slot)
{
  MaltAbstractWorker *worker = fixture_start_worker ();

  g_mutex_lock (&slot->load->lock);
  g_object_unref (slot->worker);
  slot->worker = worker;
  slot->pid = fixture_get_pid (worker);
  g_mutex_unlock (&slot->load->lock);
}

static void
on_ended (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Sent *sent = user_data;
  Slot *slot = sent->slot;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_remote_call_finish (
    MALT_ABSTRACT_WORKER (source), result, &error);

  g_assert_cmpuint (++sent->n_ends, ==, 1);
  slot->n_on_their_way--;
  if (value != NULL)
    {
      slot->load->n_values++;
      if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
        g_assert_cmpint (g_variant_get_int64 (value), ==, sent->number);
    }
  else
    {
      slot->load->n_terminated++;
      assert_killed (error);
      if (source == (GObject *) slot->worker)
        replace_worker (slot);
    }
  send_calls (slot);
}

static void
send_one (Slot *slot)
{
  static GPtrArray *all_sent;
  Sent *sent = g_new0 (Sent, 1);
  const char *function = "malt.ping";
  GVariant *args;

  if (all_sent == NULL)
    all_sent = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (all_sent, sent);
  sent->slot = slot;
  sent->number = slot->load->n_sent++;
  slot->n_on_their_way++;
  if (sent->number % 50 == 0)
    args = g_variant_new ("(@ay)", g_variant_new_fixed_array (
      G_VARIANT_TYPE_BYTE, memset (g_alloca (LARGE_BYTES), 'x', LARGE_BYTES), LARGE_BYTES, 1));
  else if (sent->number % 10 == 0)
    {
      function = "malt.sleep";
      args = g_variant_new ("(d)", 0.001);
    }
  else
    args = g_variant_new ("(x)", sent->number);
  malt_abstract_worker_remote_call_async (slot->worker, function, args, NULL, NULL, on_ended, sent);
}

/* Until everybody has what they came for. */
static void
send_calls (Slot *slot)
{
  Load *load = slot->load;

  if (load->n_sent >= load->n_to_send
      && (guint) g_atomic_int_get (&load->n_kills) >= load->n_to_kill)
    return;
  while (slot->n_on_their_way < CALLS_ON_THEIR_WAY)
    send_one (slot);
}

/* Not through malt, which would know. */
static gpointer
kill_at_random (gpointer user_data)
{
  Load *load = user_data;
  g_autoptr (GRand) random = g_rand_new_with_seed (23);

  while ((guint) load->n_kills < load->n_to_kill)
    {
      Slot *slot;

      g_usleep ((gulong) g_rand_int_range (random, 0, KILL_INTERVAL_USEC));
      g_mutex_lock (&load->lock);
      slot = g_ptr_array_index (load->slots, g_rand_int_range (random, 0, (int) load->slots->len));
      if (slot->pid != 0 && kill (slot->pid, SIGKILL) == 0)
        g_atomic_int_inc (&load->n_kills);
      slot->pid = 0;
      g_mutex_unlock (&load->lock);
    }
  return NULL;
}

static gpointer
call_blocking (gpointer user_data)
{
  Load *load = user_data;

  for (gint64 number = 0; !g_atomic_int_get (&load->is_over); number++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = NULL;
      g_autoptr (MaltAbstractWorker) worker = NULL;

      g_mutex_lock (&load->lock);
      worker = g_object_ref (
        ((Slot *) g_ptr_array_index (load->slots, (guint) number % load->slots->len))->worker);
      g_mutex_unlock (&load->lock);
      value = malt_abstract_worker_remote_call_fetch (worker, "malt.ping",
                                                      g_variant_new ("(x)", number), NULL, NULL,
                                                      &error);
      if (value == NULL)
        assert_killed (error);
      else
        g_assert_cmpint (g_variant_get_int64 (value), ==, number);
      g_atomic_int_inc (&load->n_blocking);
    }
  return NULL;
}

static Slot *
slot_new (Load *load)
{
  Slot *slot = g_new0 (Slot, 1);

  slot->load = load;
  slot->worker = fixture_start_worker ();
  slot->pid = fixture_get_pid (slot->worker);
  return slot;
}

static gboolean
is_anything_on_its_way (Load *load)
{
  for (guint i = 0; i < load->slots->len; i++)
    if (((Slot *) g_ptr_array_index (load->slots, i))->n_on_their_way > 0)
      return TRUE;
  return FALSE;
}

static void
stop_slot (gpointer data)
{
  Slot *slot = data;

  malt_abstract_worker_stop (slot->worker, 20000, 20000, NULL, NULL, NULL);
  g_object_unref (slot->worker);
  g_free (slot);
}

static void
test_kills_under_load (void)
{
  FixtureCensus before = take_census ();
  guint n_workers = fixture_is_full () ? 8 : 4;
  Load load = { .n_to_send = quick_or_full (4000, 100000), .n_to_kill = quick_or_full (40, 1000) };
  GThread *threads[3];

  load.slots = g_ptr_array_new_with_free_func (stop_slot);
  g_mutex_init (&load.lock);
  for (guint i = 0; i < n_workers; i++)
    g_ptr_array_add (load.slots, slot_new (&load));
  threads[0] = g_thread_new ("kill", kill_at_random, &load);
  threads[1] = g_thread_new ("call", call_blocking, &load);
  threads[2] = g_thread_new ("call", call_blocking, &load);
  for (guint i = 0; i < n_workers; i++)
    send_calls (g_ptr_array_index (load.slots, i));
  while (is_anything_on_its_way (&load))
    g_main_context_iteration (NULL, TRUE);
  g_atomic_int_set (&load.is_over, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);

  g_test_message ("%u workers: %u calls, of which %u lost their worker, and %d blocking ones; "
                  "%d kills",
                  n_workers, load.n_sent, load.n_terminated, load.n_blocking, load.n_kills);
  g_assert_cmpuint (load.n_values + load.n_terminated, ==, load.n_sent);
  g_assert_cmpuint (load.n_sent, >=, load.n_to_send);
  g_ptr_array_unref (load.slots);
  g_mutex_clear (&load.lock);
  fixture_assert_census (&before);
}

/* What a worker has started is written down, then it spins. */
static void
on_progress (MaltCall   *call,
             double      fraction,
             const char *message,
             gpointer    user_data)
{
  guint *n_spinning = user_data;

  g_print ("%s\n", message);
  ++*n_spinning;
}

/* Runs in a process of its own: a manager of workers that heed nothing. */
static void
manage_and_die (void)
{
  static const char expression[] =
    "local out = io.popen ('sleep 1000 & echo $!')\n"
    "malt.progress (0, out:read ('l'))\n"
    "while true do pcall (function () while true do end end) end";
  MaltAbstractWorker *workers[2];
  guint n_spinning = 0;

  for (guint i = 0; i < G_N_ELEMENTS (workers); i++)
    {
      g_autoptr (MaltCall) call = malt_call_new_eval (NULL, expression, NULL);

      workers[i] = fixture_start_worker ();
      g_print ("%d\n", fixture_get_pid (workers[i]));
      g_signal_connect (call, "progress", G_CALLBACK (on_progress), &n_spinning);
      malt_abstract_worker_send_async (workers[i], call, NULL, NULL, NULL);
    }
  while (n_spinning < G_N_ELEMENTS (workers))
    g_main_context_iteration (NULL, TRUE);
  g_print ("%" G_GINT64_FORMAT "\n", g_get_monotonic_time ());
  kill (getpid (), SIGKILL);
}

/* What the manager has written: two workers, what each has started, and when it died. In
 * milliseconds. */
static double
wait_until_all_gone (char **lines)
{
  g_assert_cmpuint (g_strv_length (lines), ==, 6);
  for (guint i = 0; i < 4; i++)
    {
      g_assert_cmpint (atoi (lines[i]), >, 1);
      fixture_wait_until_gone (atoi (lines[i]));
    }
  return (double) (g_get_monotonic_time () - g_ascii_strtoll (lines[4], NULL, 10)) / 1000;
}

static void
test_manager_killed (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_BUILT, "test-process-faults", NULL);
  char *argv[] = { path, (char *) "--die", NULL };
  guint n_times = quick_or_full (5, 100);
  double longest_ms = 0;

  for (guint i = 0; i < n_times; i++)
    {
      g_autofree char *output = NULL;
      g_auto (GStrv) lines = NULL;

      g_assert_true (g_spawn_sync (NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, NULL,
                                   NULL, NULL));
      lines = g_strsplit (output, "\n", -1);
      longest_ms = MAX (longest_ms, wait_until_all_gone (lines));
    }
  g_test_message ("%u times, all gone after %.1f ms at the most", n_times, longest_ms);
  if (fixture_is_full ())
    g_assert_cmpfloat (longest_ms, <, ALL_GONE_MSEC);
}

static void
on_lost (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_remote_call_finish (
    MALT_ABSTRACT_WORKER (source), result, &error);

  if (value == NULL)
    g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  ++*(guint *) user_data;
}

/* One of the ways to end, while a call is on its way. */
static void
start_and_end (guint way)
{
  MaltAbstractWorker *worker = fixture_start_worker ();
  guint n_lost = 0;

  malt_abstract_worker_remote_call_async (worker, "malt.sleep", g_variant_new ("(d)", 0.05), NULL,
                                          NULL, on_lost, &n_lost);
  if (way == 1)
    malt_abstract_worker_kill (worker, SIGKILL, NULL);
  else if (way == 2)
    kill (fixture_get_pid (worker), SIGKILL);
  else if (way == 3)
    malt_abstract_worker_kill (worker, 0, NULL);
  if (way == 0)
    fixture_stop (worker);
  else
    g_object_unref (worker);
  while (n_lost == 0)
    g_main_context_iteration (NULL, TRUE);
}

static guint64
get_resident_pages (void)
{
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  return g_ascii_strtoull (strchr (text, ' '), NULL, 10);
}

static void
test_cycles (void)
{
  guint n_cycles = quick_or_full (40, 2000);
  guint64 n_pages = 0, n_more;
  FixtureCensus before;

  for (guint i = 0; i < 5; i++)
    start_and_end (i);
  before = take_census ();
  for (guint i = 0; i < n_cycles; i++)
    {
      /* What the allocator keeps has been used by then. */
      if (i == n_cycles / 4)
        n_pages = get_resident_pages ();
      start_and_end (i % 5);
    }
  n_more = get_resident_pages () - MIN (n_pages, get_resident_pages ());
  fixture_assert_census (&before);
  g_test_message ("%u cycles, %" G_GUINT64_FORMAT " pages more in the last three quarters",
                  n_cycles, n_more);
  /* A sanitizer and valgrind keep what has been freed. */
  if (malt_test_get_slowness () == 1)
    g_assert_cmpuint (n_more, <, MAX_GROWTH_PAGES);
}

static void
test_many_workers (void)
{
  guint n_workers = quick_or_full (20, 500);
  FixtureCensus before = take_census ();
  g_autoptr (GPtrArray) workers = g_ptr_array_new ();
  gint64 began = g_get_monotonic_time ();
  struct rlimit limit;

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &limit));
  limit.rlim_cur = limit.rlim_max;
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
  for (guint i = 0; i < n_workers; i++)
    g_ptr_array_add (workers, fixture_start_worker ());
  for (guint i = 0; i < n_workers; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = malt_abstract_worker_remote_eval_fetch (
        workers->pdata[i], NULL, "return (...) + 1", g_variant_new ("(x)", (gint64) i), NULL,
        &error);

      g_assert_no_error (error);
      g_assert_cmpint (g_variant_get_int64 (value), ==, i + 1);
    }
  for (guint i = 0; i < n_workers; i++)
    fixture_stop (workers->pdata[i]);
  g_test_message ("%u workers were there at once, %.1f s from the first start to the last end",
                  n_workers, (double) (g_get_monotonic_time () - began) / G_USEC_PER_SEC);
  fixture_assert_census (&before);
}

int
main (int    argc,
      char **argv)
{
  if (argc == 2 && strcmp (argv[1], "--die") == 0)
    manage_and_die ();
  fixture_init (&argc, &argv);
  fixture_add ("/malt/process/faults/kills-under-load", test_kills_under_load);
  fixture_add ("/malt/process/faults/manager-killed", test_manager_killed);
  fixture_add ("/malt/process/faults/cycles", test_cycles);
  fixture_add ("/malt/process/faults/many-workers", test_many_workers);
  return g_test_run ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <malt/malt-plugin.h>

/* What a test waits for happens at once, a busy machine excepted. In seconds. */
#define DEADLINE 60

/* Takes in a row before values are asked for in advance, and one. */
#define N_STREAK_TAKES 9

/* A worker whose answers are those of the test. */
#define TEST_TYPE_WORKER (test_worker_get_type ())
G_DECLARE_FINAL_TYPE (TestWorker, test_worker, TEST, WORKER, GObject)

struct _TestWorker
{
  GObject parent_instance;
  GMutex  lock;
  GCond   changed;
  GQueue  requests; /* protected by @lock; of owned GTask, whose data is the call */
};

static void test_worker_init_interface (MaltAbstractWorkerInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TestWorker, test_worker, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MALT_TYPE_ABSTRACT_WORKER,
                                                      test_worker_init_interface))

static char *
test_worker_describe (MaltAbstractWorker *worker)
{
  return g_strdup ("TestWorker");
}

static gboolean
test_worker_is_running (MaltAbstractWorker *worker)
{
  return TRUE;
}

static void
test_worker_send_async (MaltAbstractWorker  *worker,
                        MaltCall            *call,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  TestWorker *self = TEST_WORKER (worker);
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_assert_true (malt_call_begin (call, NULL));
  g_task_set_task_data (task, g_object_ref (call), g_object_unref);
  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->requests, task);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static GVariant *
test_worker_send_finish (MaltAbstractWorker  *worker,
                         GAsyncResult        *result,
                         GError             **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
test_worker_post (MaltAbstractWorker  *worker,
                  MaltCall            *call,
                  GError             **error)
{
  return TRUE;
}

static void
test_worker_init_interface (MaltAbstractWorkerInterface *iface)
{
  iface->describe = test_worker_describe;
  iface->is_running = test_worker_is_running;
  iface->send_async = test_worker_send_async;
  iface->send_finish = test_worker_send_finish;
  iface->post = test_worker_post;
}

static void
test_worker_finalize (GObject *object)
{
  TestWorker *self = TEST_WORKER (object);

  g_assert_cmpuint (self->requests.length, ==, 0);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (test_worker_parent_class)->finalize (object);
}

static void
test_worker_class_init (TestWorkerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_worker_finalize;
}

static void
test_worker_init (TestWorker *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
}

static GTask *
find_request_locked (TestWorker *self,
                     const char *function)
{
  for (GList *l = self->requests.head; l != NULL; l = l->next)
    {
      GTask *task = l->data;

      if (g_str_equal (malt_call_get_function (g_task_get_task_data (task)), function))
        {
          g_queue_delete_link (&self->requests, l);
          return task;
        }
    }

  return NULL;
}

/* Waits for a request of that name. (transfer full) */
static GTask *
expect (TestWorker *self,
        const char *function)
{
  gint64 end_time = g_get_monotonic_time () + DEADLINE * G_USEC_PER_SEC;
  GTask *task;

  g_mutex_lock (&self->lock);
  while ((task = find_request_locked (self, function)) == NULL)
    g_assert_true (g_cond_wait_until (&self->changed, &self->lock, end_time));
  g_mutex_unlock (&self->lock);

  return task;
}

/* Takes the request, and the text of the answer or an error. */
static void
answer (GTask      *request,
        const char *text,
        GError     *error)
{
  g_autoptr (GTask) task = request;

  malt_call_end (g_task_get_task_data (task), 0, error);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_variant_ref_sink (g_variant_new_parsed (text)),
                           (GDestroyNotify) g_variant_unref);
}

typedef struct
{
  TestWorker   *worker;
  MaltChannel  *channel;
  GAsyncResult *result; /* of what was begun last */
} Fixture;

static void
store_result (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  Fixture *fixture = user_data;

  g_assert_null (fixture->result);
  fixture->result = g_object_ref (result);
}

static gboolean
on_deadline (gpointer user_data)
{
  g_assert_not_reached ();
}

/* (transfer full) */
static GAsyncResult *
wait_for_result (Fixture *fixture)
{
  guint deadline = g_timeout_add_seconds (DEADLINE, on_deadline, NULL);

  while (fixture->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (deadline);

  return g_steal_pointer (&fixture->result);
}

static void
store_channel (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  MaltChannel **channel = user_data;
  g_autoptr (GError) error = NULL;

  *channel = malt_abstract_worker_worker_channel_finish (MALT_ABSTRACT_WORKER (source), result,
                                                         &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->worker = g_object_new (TEST_TYPE_WORKER, NULL);
  malt_abstract_worker_worker_channel_async (MALT_ABSTRACT_WORKER (fixture->worker), "c", NULL,
                                             store_channel, &fixture->channel);
  answer (expect (fixture->worker, "malt.channel.open"), "objectpath '/c'", NULL);
  while (fixture->channel == NULL)
    g_main_context_iteration (NULL, TRUE);
}

/* Another thread may be about to let go of them. */
static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_clear_object (&fixture->channel);
  g_clear_object (&fixture->worker);
}

static void
begin_take (Fixture *fixture)
{
  malt_channel_take_async (fixture->channel, NULL, store_result, fixture);
}

static void
assert_taken (Fixture    *fixture,
              const char *expected)
{
  g_autoptr (GAsyncResult) result = wait_for_result (fixture);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_channel_take_finish (fixture->channel, result, &error);
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  text = g_variant_print (value, FALSE);
  g_assert_cmpstr (text, ==, expected);
}

static void
take (Fixture    *fixture,
      const char *text,
      const char *expected)
{
  begin_take (fixture);
  answer (expect (fixture->worker, "malt.channel.take_many"), text, NULL);
  assert_taken (fixture, expected);
}

/* Wrong types, too few values and too many: an error for who takes, and the next take is none the
 * worse. */
static void
test_wrong_lots (Fixture       *fixture,
                 gconstpointer  data)
{
  static const char *const lots[] = {
    "'text'", "()", "(@av [], false)", "(@av [], true)", "([<1>, <2>], false)", "([1], false)",
    "([<1>], 'false')", "(@av [], false, 1)", "objectpath '/c'",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (lots); i++)
    {
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GError) error = NULL;

      begin_take (fixture);
      answer (expect (fixture->worker, "malt.channel.take_many"), lots[i], NULL);
      result = wait_for_result (fixture);
      g_assert_null (malt_channel_take_finish (fixture->channel, result, &error));
      g_assert_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION);

      take (fixture, "([<7>], false)", "7");
    }
}

/* 0 without a withdraw is nothing; more than were sent is as good as all. */
static void
test_wrong_counts (Fixture       *fixture,
                   gconstpointer  data)
{
  static const struct
  {
    const char *text;
    gboolean    is_put;
  } counts[] = {
    { "uint32 0", FALSE }, { "-1", FALSE }, { "'text'", FALSE }, { "()", FALSE },
    { "uint32 4294967295", TRUE }, { "uint32 1", TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GError) error = NULL;

      malt_channel_put_async (fixture->channel, g_variant_new_int32 (1), NULL, store_result,
                              fixture);
      answer (expect (fixture->worker, "malt.channel.put_many"), counts[i].text, NULL);
      result = wait_for_result (fixture);
      g_assert_true (malt_channel_put_finish (fixture->channel, result, &error)
                     == counts[i].is_put);
      if (counts[i].is_put)
        g_assert_no_error (error);
      else
        g_assert_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION);
    }
}

/* A verb that fails says why, whatever the worker answers. */
static void
test_wrong_verbs (Fixture       *fixture,
                  gconstpointer  data)
{
  static const char *const answers[] = { "false", "'text'", "[<1>]", "()", "true" };

  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      gboolean is_boolean = g_str_equal (answers[i], "false") || g_str_equal (answers[i], "true");
      g_autoptr (GAsyncResult) asked = NULL;
      g_autoptr (GAsyncResult) closed = NULL;
      g_autoptr (GError) error = NULL;
      gboolean is_ready;

      malt_channel_is_ready_async (fixture->channel, NULL, store_result, fixture);
      answer (expect (fixture->worker, "malt.channel.is_ready"), answers[i], NULL);
      asked = wait_for_result (fixture);
      g_assert_true (malt_channel_is_ready_finish (fixture->channel, asked, &is_ready, &error)
                     == is_boolean);
      if (is_boolean)
        g_assert_true (is_ready == g_str_equal (answers[i], "true"));
      else
        g_assert_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION);
      g_clear_error (&error);

      malt_channel_close_async (fixture->channel, NULL, store_result, fixture);
      answer (expect (fixture->worker, "malt.channel.close"), answers[i], NULL);
      closed = wait_for_result (fixture);
      g_assert_true (malt_channel_close_finish (fixture->channel, closed, &error));
      g_assert_no_error (error);
    }
}

/* Somebody in the worker asks for the loan while a take is on its way that has the worker lend
 * anew: all that this one brings counts, and what nobody waits for goes back. */
static void
test_recall_meets_take (Fixture       *fixture,
                        gconstpointer  data)
{
  GTask *take_request, *give_back;
  g_autoptr (GVariant) unused = NULL;
  g_autofree char *text = NULL;

  for (guint i = 0; i < N_STREAK_TAKES; i++)
    take (fixture, "([<0>], false)", "0");
  take (fixture, "([<1>, <2>, <3>], false)", "1");
  begin_take (fixture);
  assert_taken (fixture, "2");
  begin_take (fixture);
  assert_taken (fixture, "3");

  begin_take (fixture);
  take_request = expect (fixture->worker, "malt.channel.take_many");
  answer (expect (fixture->worker, "malt.channel.recall"), "()", NULL);
  answer (take_request, "([<4>, <5>, <6>], false)", NULL);
  assert_taken (fixture, "4");

  give_back = expect (fixture->worker, "malt.channel.give_back");
  unused = g_variant_get_child_value (malt_call_get_args (g_task_get_task_data (give_back)), 1);
  text = g_variant_print (unused, FALSE);
  g_assert_cmpstr (text, ==, "[<5>, <6>]");
  answer (give_back, "()", NULL);
}

/* A worker that asks for its loan back as soon as it has given one: every value still comes, in its
 * order, and what is asked for in advance ends. */
static void
test_endless_recall (Fixture       *fixture,
                     gconstpointer  data)
{
  guint n_recalls = 0;

  for (guint i = 0; i < 200; i++)
    {
      GTask *request;
      guint n_ahead;

      begin_take (fixture);
      request = expect (fixture->worker, "malt.channel.take_many");
      g_variant_get_child (malt_call_get_args (g_task_get_task_data (request)), 2, "u", &n_ahead);
      if (n_ahead > 0)
        {
          answer (expect (fixture->worker, "malt.channel.recall"), "()", NULL);
          n_recalls++;
        }
      answer (request, n_ahead > 0 ? "([<1>, <2>], false)" : "([<1>], false)", NULL);
      assert_taken (fixture, "1");
      if (n_ahead > 0)
        answer (expect (fixture->worker, "malt.channel.give_back"), "()", NULL);
    }

  g_assert_cmpuint (n_recalls, >, 0);
  g_assert_cmpuint (n_recalls, <, 10);
}

/* Who has stopped waiting does not wait for a worker that says nothing any more. */
static void
test_no_answer_to_a_cancelled_take (Fixture       *fixture,
                                    gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GTask *request;

  malt_channel_take_async (fixture->channel, cancellable, store_result, fixture);
  request = expect (fixture->worker, "malt.channel.take_many");
  g_cancellable_cancel (cancellable);
  result = wait_for_result (fixture);
  g_assert_null (malt_channel_take_finish (fixture->channel, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  /* Late, and of a worker that ends. */
  answer (expect (fixture->worker, "malt.channel.withdraw"), "'what?'", NULL);
  answer (request, NULL, g_error_new (MALT_ERROR, MALT_ERROR_TERMINATED_WORKER, "gone"));
}

#define ADD(name, function) \
  g_test_add ("/malt/remote-channel/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("wrong-lots", test_wrong_lots);
  ADD ("wrong-counts", test_wrong_counts);
  ADD ("wrong-verbs", test_wrong_verbs);
  ADD ("recall-meets-take", test_recall_meets_take);
  ADD ("endless-recall", test_endless_recall);
  ADD ("no-answer-to-a-cancelled-take", test_no_answer_to_a_cancelled_take);

  return g_test_run ();
}

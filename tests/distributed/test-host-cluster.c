/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-cluster.h"
#include "backends/distributed/malt-distributed-inventory.h"
#include "backends/distributed/malt-distributed-names.h"
#include "backends/distributed/malt-nats-client.h"
#include "tests/distributed/malt-host-fake.h"
#include "tests/distributed/malt-nats-server.h"

/* Of one question. It is asked again where that is the answer to a server that has just started. */
#define ASK_TIMEOUT_MSEC 60000u

typedef struct
{
  MaltHostWorkers *workers;
  MaltHostCluster *cluster;
} Host;

typedef struct
{
  MaltNatsServer *server;
  MaltNatsClient *manager;
  Host            hosts[2];
} Fixture;

static Host
new_host (const char *server,
          const char *name,
          guint       n_slots)
{
  g_autoptr (MaltHostConfig) config = malt_host_fake_config_new (server, name, n_slots);
  g_autoptr (GError) error = NULL;
  Host host = { malt_host_workers_new (config, "127.0.0.1", 4300), NULL };

  host.cluster = malt_host_cluster_new (config, host.workers, "127.0.0.1", 4300, &error);
  g_assert_no_error (error);

  return host;
}

static void
clear_host (Host *host)
{
  g_clear_object (&host->cluster);
  g_clear_object (&host->workers);
}

typedef struct
{
  gboolean        is_over;
  MaltSpawnReply *reply;
  MaltInventory  *inventory;
  GError         *error;
} Answer;

static void
answer_clear (Answer *answer)
{
  g_clear_pointer (&answer->reply, malt_spawn_reply_free);
  g_clear_pointer (&answer->inventory, malt_inventory_free);
  g_clear_error (&answer->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answer, answer_clear)

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Answer *answer = user_data;
  g_autoptr (GBytes) bytes =
    malt_nats_client_request_finish (MALT_NATS_CLIENT (source), result, &answer->error);

  if (bytes != NULL)
    {
      answer->inventory = malt_inventory_from_bytes (bytes, NULL);
      if (answer->inventory == NULL)
        answer->reply = malt_spawn_reply_from_bytes (bytes, &answer->error);
    }
  answer->is_over = TRUE;
}

static Answer
ask (Fixture    *fixture,
     const char *subject,
     GBytes     *payload)
{
  Answer answer = { 0 };

  malt_nats_client_request_async (fixture->manager, subject, payload, ASK_TIMEOUT_MSEC, NULL,
                                  on_answered, &answer);
  malt_nats_wait_until (&answer.is_over);

  return answer;
}

static GBytes *
new_request (const char *pool)
{
  g_autofree char *id = malt_distributed_new_id ();
  g_autoptr (MaltSpawnRequest) request = malt_spawn_request_new (id, pool, "lua", 4000, NULL);

  return malt_spawn_request_to_bytes (request, NULL);
}

static Answer
ask_for_worker (Fixture    *fixture,
                const char *subject,
                const char *pool)
{
  g_autoptr (GBytes) payload = new_request (pool);

  return ask (fixture, subject, payload);
}

/* Asks again while nobody listens yet, and while the one who does is full and about to stop it. */
static Answer
ask_until_granted (Fixture    *fixture,
                 const char *subject,
                 const char *pool)
{
  for (;;)
    {
      g_auto (Answer) answer = ask_for_worker (fixture, subject, pool);

      if (!g_error_matches (answer.error, G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND)
          && !g_error_matches (answer.error, MALT_ERROR, MALT_ERROR_LIMIT))
        {
          Answer result = answer;

          answer = (Answer) { 0 };
          return result;
        }
    }
}

static void
wait_for_host (Fixture    *fixture,
               const char *name)
{
  g_autofree char *subject = malt_distributed_subject_host_spawn ("test", name);
  g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0);
  gboolean is_heard = FALSE;

  while (!is_heard)
    {
      g_auto (Answer) answer = ask (fixture, subject, nothing);

      is_heard = answer.error->domain == MALT_ERROR;
    }
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  guint n_slots = GPOINTER_TO_UINT (data);
  const char *servers[] = { NULL, NULL };
  g_autoptr (GError) error = NULL;

  fixture->server = malt_nats_server_new (NULL);
  if (fixture->server == NULL)
    return;

  servers[0] = fixture->server->address;
  fixture->manager =
    malt_nats_client_new (servers, NULL, NULL, "test", "malt.test.manager.1", &error);
  g_assert_no_error (error);
  malt_nats_client_open (fixture->manager);
  fixture->hosts[0] = new_host (servers[0], "a", n_slots);
  fixture->hosts[1] = new_host (servers[0], "b.example", n_slots);
  wait_for_host (fixture, "a");
  wait_for_host (fixture, "b.example");
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  clear_host (&fixture->hosts[0]);
  clear_host (&fixture->hosts[1]);
  g_clear_object (&fixture->manager);
  g_clear_pointer (&fixture->server, malt_nats_server_free);
}

static void
test_spawn (Fixture       *fixture,
            gconstpointer  data)
{
  g_auto (Answer) answer = { 0 };
  const MaltSpawnRequest *request;
  Host *host;

  if (fixture->server == NULL)
    return;

  answer = ask_for_worker (fixture, "malt.test.spawn.gpu", "gpu");
  g_assert_no_error (answer.error);
  g_assert_cmpstr (answer.reply->address, ==, "127.0.0.1");
  g_assert_cmpuint (answer.reply->port, ==, 4300);

  host = &fixture->hosts[g_str_equal (answer.reply->host, "a") ? 0 : 1];
  request = malt_host_fake_get_request (host->workers);
  g_assert_cmpstr (request->pool, ==, "gpu");
  g_assert_cmpstr (request->profile, ==, "lua");
}

/* None is asked that has no free slot, while another has one. */
static void
test_full (Fixture       *fixture,
           gconstpointer  data)
{
  g_auto (Answer) first = { 0 };
  g_auto (Answer) second = { 0 };
  g_auto (Answer) third = { 0 };
  g_auto (Answer) fourth = { 0 };
  g_auto (Answer) of_host = { 0 };

  if (fixture->server == NULL)
    return;

  first = ask_for_worker (fixture, "malt.test.spawn.default", "default");
  g_assert_no_error (first.error);
  second = ask_for_worker (fixture, "malt.test.spawn.default", "default");
  g_assert_no_error (second.error);
  g_assert_cmpstr (first.reply->host, !=, second.reply->host);
  third = ask_for_worker (fixture, "malt.test.spawn.default", "default");
  g_assert_error (third.error, G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND);
  /* Who asks a host by its name is told. */
  of_host = ask_for_worker (fixture, "malt.test.host.a.spawn", "default");
  g_assert_error (of_host.error, MALT_ERROR, MALT_ERROR_LIMIT);

  malt_host_fake_free_slots (fixture->hosts[1].workers);
  fourth = ask_until_granted (fixture, "malt.test.spawn.default", "default");
  g_assert_no_error (fourth.error);
  g_assert_cmpstr (fourth.reply->host, ==, "b.example");
}

/* A worker takes its slot when it is asked for, not when it runs. */
static void
test_slow (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr (GBytes) payload = new_request ("default");
  g_auto (Answer) slow = { 0 };
  g_auto (Answer) quick = { 0 };

  if (fixture->server == NULL)
    return;

  for (int i = 0; i < 2; i++)
    malt_host_fake_set_slow (fixture->hosts[i].workers, TRUE);
  malt_nats_client_request_async (fixture->manager, "malt.test.host.a.spawn", payload,
                                  ASK_TIMEOUT_MSEC, NULL, on_answered, &slow);
  while (malt_host_workers_get_n (fixture->hosts[0].workers) == 0)
    g_main_context_iteration (NULL, TRUE);
  malt_host_fake_set_slow (fixture->hosts[1].workers, FALSE);

  quick = ask_until_granted (fixture, "malt.test.spawn.default", "default");
  g_assert_no_error (quick.error);
  g_assert_cmpstr (quick.reply->host, ==, "b.example");
  malt_host_fake_set_slow (fixture->hosts[0].workers, FALSE);
  malt_nats_wait_until (&slow.is_over);
  g_assert_no_error (slow.error);
  g_assert_cmpstr (slow.reply->host, ==, "a");
}

static void
test_named_host (Fixture       *fixture,
                 gconstpointer  data)
{
  static const char *const names[] = { "a", "b.example" };

  if (fixture->server == NULL)
    return;

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *subject = malt_distributed_subject_host_spawn ("test", names[i]);
      g_auto (Answer) answer = ask_for_worker (fixture, subject, NULL);

      g_assert_no_error (answer.error);
      g_assert_cmpstr (answer.reply->host, ==, names[i]);
    }
}

static void
test_wrong_requests (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr (GBytes) rubbish = g_bytes_new_static ("rubbish", 7);
  g_auto (Answer) unreadable = { 0 };
  g_auto (Answer) other_pool = { 0 };
  g_auto (Answer) no_pool = { 0 };

  if (fixture->server == NULL)
    return;

  unreadable = ask (fixture, "malt.test.spawn.default", rubbish);
  g_assert_error (unreadable.error, MALT_ERROR, MALT_ERROR_START_FAILED);
  other_pool = ask_for_worker (fixture, "malt.test.spawn.default", "gpu");
  g_assert_error (other_pool.error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
  no_pool = ask_for_worker (fixture, "malt.test.spawn.default", NULL);
  g_assert_error (no_pool.error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
  for (int i = 0; i < 2; i++)
    g_assert_cmpuint (malt_host_workers_get_n (fixture->hosts[i].workers), ==, 0);
}

/* Nobody makes a host say something to whom it has nothing to say. */
static void
test_strange_reply (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr (GBytes) payload = new_request (NULL);
  g_autoptr (GError) error = NULL;
  g_auto (Answer) answer = { 0 };

  if (fixture->server == NULL)
    return;

  malt_nats_client_publish (fixture->manager, "malt.test.host.a.spawn", "malt.test.host.b.spawn",
                            payload, &error);
  g_assert_no_error (error);
  malt_nats_client_publish (fixture->manager, "malt.test.host.a.spawn", NULL, payload, &error);
  g_assert_no_error (error);
  /* What is asked later is answered later. */
  answer = ask_for_worker (fixture, "malt.test.host.a.spawn", "gpu");
  g_assert_no_error (answer.error);
  g_assert_cmpuint (malt_host_workers_get_n (fixture->hosts[0].workers), ==, 1);
}

static void
on_inventory (MaltNatsClient          *client,
              const MaltNatsOperation *message,
              gpointer                 user_data)
{
  g_autoptr (GError) error = NULL;

  g_ptr_array_add (user_data, malt_inventory_from_bytes (message->payload, &error));
  g_assert_no_error (error);
}

static void
test_who (Fixture       *fixture,
          gconstpointer  data)
{
  g_autoptr (GPtrArray) hosts =
    g_ptr_array_new_with_free_func ((GDestroyNotify) malt_inventory_free);
  g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0);
  g_auto (Answer) answer = { 0 };
  g_autoptr (GError) error = NULL;

  if (fixture->server == NULL)
    return;

  answer = ask_for_worker (fixture, "malt.test.host.a.spawn", "gpu");
  g_assert_no_error (answer.error);
  malt_nats_client_subscribe (fixture->manager, "malt.test.manager.2", NULL, on_inventory, hosts);
  malt_nats_client_publish (fixture->manager, "malt.test.who", "malt.test.manager.2", nothing,
                            &error);
  g_assert_no_error (error);
  while (hosts->len < 2)
    g_main_context_iteration (NULL, TRUE);

  for (guint i = 0; i < hosts->len; i++)
    {
      const MaltInventory *host = g_ptr_array_index (hosts, i);
      const MaltInventoryPool *gpu = g_ptr_array_index (host->pools, 1);
      gboolean is_a = g_str_equal (host->host, "a");

      g_assert_cmpstr (host->version, ==, MALT_VERSION);
      g_assert_cmpstr (host->address, ==, "127.0.0.1:4300");
      g_assert_cmpuint (host->n_workers, ==, is_a ? 1 : 0);
      g_assert_cmpstr (gpu->name, ==, "gpu");
      g_assert_cmpuint (gpu->n_slots, ==, 1);
      g_assert_cmpuint (gpu->n_used, ==, is_a ? 1 : 0);
    }
}

static void
test_server_restarts (Fixture       *fixture,
                      gconstpointer  data)
{
  g_auto (Answer) before = { 0 };
  g_auto (Answer) after = { 0 };
  g_auto (Answer) full = { 0 };

  if (fixture->server == NULL)
    return;

  before = ask_for_worker (fixture, "malt.test.host.a.spawn", "default");
  g_assert_no_error (before.error);
  malt_nats_server_kill (fixture->server);
  while (malt_nats_client_is_connected (fixture->manager))
    g_main_context_iteration (NULL, TRUE);
  malt_nats_server_start (fixture->server);
  wait_for_host (fixture, "a");
  wait_for_host (fixture, "b.example");

  g_assert_cmpuint (malt_host_workers_get_n (fixture->hosts[0].workers), ==, 1);
  /* The one that was full is not asked by the new server, either. */
  after = ask_for_worker (fixture, "malt.test.spawn.default", "default");
  g_assert_no_error (after.error);
  g_assert_cmpstr (after.reply->host, ==, "b.example");
  full = ask_for_worker (fixture, "malt.test.spawn.default", "default");
  g_assert_error (full.error, G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND);
}

static void
test_leave (Fixture       *fixture,
            gconstpointer  data)
{
  gboolean is_gone = FALSE;
  g_auto (Answer) of_pool = { 0 };

  if (fixture->server == NULL)
    return;

  malt_host_cluster_leave (fixture->hosts[0].cluster);
  while (!is_gone)
    {
      g_auto (Answer) answer = ask_for_worker (fixture, "malt.test.host.a.spawn", "gpu");

      is_gone = g_error_matches (answer.error, G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND);
      malt_host_fake_free_slots (fixture->hosts[0].workers);
    }
  of_pool = ask_for_worker (fixture, "malt.test.spawn.gpu", "gpu");
  g_assert_no_error (of_pool.error);
  g_assert_cmpstr (of_pool.reply->host, ==, "b.example");
}

static void
test_bad_server (void)
{
  g_autoptr (MaltHostConfig) config = malt_host_fake_config_new ("nats://", "a", 1);
  g_autoptr (MaltHostWorkers) workers = malt_host_workers_new (config, "127.0.0.1", 4300);
  g_autoptr (GError) error = NULL;

  g_assert_null (malt_host_cluster_new (config, workers, "127.0.0.1", 4300, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
}

static const struct
{
  const char *name;
  void      (*func) (Fixture *fixture, gconstpointer data);
} tests[] = {
  { "spawn", test_spawn },
  { "full", test_full },
  { "slow", test_slow },
  { "named-host", test_named_host },
  { "wrong-requests", test_wrong_requests },
  { "strange-reply", test_strange_reply },
  { "who", test_who },
  { "server-restarts", test_server_restarts },
  { "leave", test_leave },
};

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/malt/host/cluster/", tests[i].name, NULL);

      g_test_add (path, Fixture, GUINT_TO_POINTER (1), set_up, tests[i].func, tear_down);
    }
  g_test_add_func ("/malt/host/cluster/bad-server", test_bad_server);

  return g_test_run ();
}

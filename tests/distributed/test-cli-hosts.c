/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-cluster.h"
#include "tests/distributed/malt-host-fake.h"
#include "tests/distributed/malt-nats-secured.h"

#include <json-glib/json-glib.h>
#include <string.h>

/* The command malt hosts, with hosts of which nothing but the cluster's side is there. */

typedef struct
{
  char *out;
  char *err;
  int   status;
} Outcome;

static void
outcome_clear (Outcome *outcome)
{
  g_free (outcome->out);
  g_free (outcome->err);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Outcome, outcome_clear)

static void
keep (GObject      *source,
      GAsyncResult *result,
      gpointer      user_data)
{
  GAsyncResult **kept = user_data;

  *kept = g_object_ref (result);
}

/* `argv`: after “malt hosts”. The hosts are in this process, and answer meanwhile. */
static Outcome
run (const char *const *argv)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) words = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  Outcome outcome = { 0 };

  g_strv_builder_add_many (builder, g_getenv ("MALT_CLI"), "hosts", NULL);
  g_strv_builder_addv (builder, (const char **) argv);
  words = g_strv_builder_end (builder);
  process = g_subprocess_newv ((const char *const *) words,
                               G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE,
                               &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8_async (process, NULL, NULL, keep, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_subprocess_communicate_utf8_finish (process, result, &outcome.out, &outcome.err, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (process));
  outcome.status = g_subprocess_get_exit_status (process);

  return outcome;
}

typedef struct
{
  MaltNatsServer  *server;
  MaltHostWorkers *workers[2];
  MaltHostCluster *clusters[2];
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  static const char *const names[] = { "b.example", "a" };

  fixture->server = malt_nats_server_new (NULL);
  for (gsize i = 0; fixture->server != NULL && i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (MaltHostConfig) config =
        malt_host_fake_config_new (fixture->server->address, names[i], 3);
      g_autoptr (GError) error = NULL;

      fixture->workers[i] = malt_host_workers_new (config, "127.0.0.1", 4300);
      fixture->clusters[i] =
        malt_host_cluster_new (config, fixture->workers[i], "127.0.0.1", 4300, &error);
      g_assert_no_error (error);
    }
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (fixture->clusters); i++)
    {
      g_clear_object (&fixture->clusters[i]);
      g_clear_object (&fixture->workers[i]);
    }
  g_clear_pointer (&fixture->server, malt_nats_server_free);
}

/* Hosts connect when it suits them. */
static Outcome
run_until_listed (const char *const *argv)
{
  for (;;)
    {
      g_auto (Outcome) outcome = run (argv);

      g_assert_cmpint (outcome.status, ==, 0);
      if (strstr (outcome.out, "\nb.example ") != NULL && strstr (outcome.out, "\na ") != NULL)
        {
          Outcome result = outcome;

          outcome = (Outcome) { 0 };
          return result;
        }
    }
}

static void
test_table (Fixture       *fixture,
            gconstpointer  data)
{
  g_auto (Outcome) outcome = { 0 };
  g_auto (GStrv) lines = NULL;

  if (fixture->server == NULL)
    return;

  outcome = run_until_listed ((const char *const[]) { "--server", fixture->server->address,
                                                      "--namespace", "test", NULL });
  lines = g_strsplit (outcome.out, "\n", -1);
  g_assert_true (g_str_has_prefix (lines[0], "HOST       FREE/SLOTS"));
  g_assert_true (g_str_has_prefix (lines[1], "a          default 3/3, gpu 3/3        0  "));
  g_assert_true (g_str_has_prefix (lines[2], "b.example  default 3/3, gpu 3/3        0  "));
  g_assert_nonnull (strstr (lines[2], MALT_VERSION));
  g_assert_nonnull (strstr (lines[2], "127.0.0.1:4300"));
  g_assert_cmpstr (lines[3], ==, "");
}

static void
test_json (Fixture       *fixture,
           gconstpointer  data)
{
  g_auto (Outcome) outcome = { 0 };
  g_autoptr (JsonNode) root = NULL;
  g_autoptr (GError) error = NULL;
  JsonObject *host;
  JsonObject *pool;

  if (fixture->server == NULL)
    return;

  do
    {
      outcome_clear (&outcome);
      outcome = run ((const char *const[]) { "--server", fixture->server->address, "--namespace",
                                             "test", "--json", NULL });
      g_clear_pointer (&root, json_node_unref);
      root = json_from_string (outcome.out, &error);
      g_assert_no_error (error);
    }
  while (json_array_get_length (json_node_get_array (root)) < 2);

  host = json_array_get_object_element (json_node_get_array (root), 1);
  g_assert_cmpstr (json_object_get_string_member (host, "host"), ==, "b.example");
  g_assert_cmpstr (json_object_get_string_member (host, "version"), ==, MALT_VERSION);
  g_assert_cmpstr (json_object_get_string_member (host, "address"), ==, "127.0.0.1:4300");
  g_assert_cmpint (json_object_get_int_member (host, "workers"), ==, 0);
  g_assert_cmpint (json_object_get_int_member (host, "processors"), >, 0);
  g_assert_true (json_object_has_member (host, "load"));
  g_assert_true (json_object_has_member (host, "uptime"));
  pool = json_object_get_object_member (json_object_get_object_member (host, "pools"), "gpu");
  g_assert_cmpint (json_object_get_int_member (pool, "slots"), ==, 3);
  g_assert_cmpint (json_object_get_int_member (pool, "used"), ==, 0);
}

static void
test_nobody (Fixture       *fixture,
             gconstpointer  data)
{
  g_auto (Outcome) outcome = { 0 };

  if (fixture->server == NULL)
    return;

  outcome = run ((const char *const[]) { "--server", fixture->server->address, NULL });
  g_assert_cmpint (outcome.status, ==, 0);
  g_assert_cmpstr (outcome.out, ==, "");
  g_assert_nonnull (strstr (outcome.err, "No host has answered"));
}

static void
test_no_server (Fixture       *fixture,
                gconstpointer  data)
{
  g_auto (Outcome) outcome = { 0 };

  if (fixture->server == NULL)
    return;

  malt_nats_server_kill (fixture->server);
  outcome = run ((const char *const[]) { "--server", fixture->server->address, NULL });
  g_assert_cmpint (outcome.status, ==, 1);
  g_assert_cmpstr (outcome.out, ==, "");
  g_assert_nonnull (strstr (outcome.err, fixture->server->address + strlen ("nats://")));
}

static const struct
{
  const char *words[4];
  int         status;
  const char *text;
} mistakes[] = {
  { { "one" }, 2, "one" },
  { { "--wait=0" }, 2, "--wait" },
  { { "--wait=-1" }, 2, "--wait" },
  { { "--namespace=a.b" }, 2, "a.b" },
  { { "--tls-ca=/nowhere" }, 2, "tls-key" },
  { { "--tls-ca=/nowhere/a", "--tls-certificate=/nowhere/b", "--tls-key=/nowhere/c" },
    2, "/nowhere/" },
  { { "--server=nats://192.0.2.1:x" }, 2, "192.0.2.1:x" },
  { { "--profile=process" }, 2, "distributed" },
  { { "--profile=nothing" }, 2, "nothing" },
};

static void
test_mistakes (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (mistakes); i++)
    {
      g_auto (Outcome) outcome = run (mistakes[i].words);

      g_test_message ("%s: %s", mistakes[i].words[0], outcome.err);
      g_assert_cmpint (outcome.status, ==, mistakes[i].status);
      g_assert_nonnull (strstr (outcome.err, mistakes[i].text));
      g_assert_cmpstr (outcome.out, ==, "");
    }
}

static const char manager_config[] =
  "tls { cert_file: \"@FOLDER@/server.pem\", key_file: \"@FOLDER@/server.key\"\n"
  "  ca_file: \"@FOLDER@/ca.pem\", verify_and_map: true, timeout: 5 }\n"
  "accounts { A { users = [\n"
  "  { user: \"manager\" }\n"
  "  { user: \"deaf\", permissions: { publish: { deny: [\"malt.default.who\"] } } } ] } }\n";

static const struct
{
  const char *name;
  int         status;
  const char *text;
} identities[] = {
  { "manager", 0, "No host has answered" },
  { "deaf", 1, "malt.default.who" },
  { "stranger", 1, "No host can be asked" },
};

static void
test_tls (void)
{
  g_auto (MaltNatsSecured) secured = { 0 };

  if (!malt_nats_secured_init (&secured, manager_config, "@FOLDER@",
                               (const char *const[]) { "manager", "deaf", NULL }))
    return;

  for (gsize i = 0; i < G_N_ELEMENTS (identities); i++)
    {
      g_autofree char *ca = g_strdup_printf ("--tls-ca=%s/ca.pem", secured.folder);
      g_autofree char *certificate =
        g_strdup_printf ("--tls-certificate=%s/%s.pem", secured.folder, identities[i].name);
      g_autofree char *key =
        g_strdup_printf ("--tls-key=%s/%s.key", secured.folder, identities[i].name);
      g_auto (Outcome) outcome = run ((const char *const[]) { "--server", secured.server->address,
                                                              ca, certificate, key, NULL });

      g_test_message ("%s: %s", identities[i].name, outcome.err);
      g_assert_cmpint (outcome.status, ==, identities[i].status);
      g_assert_nonnull (strstr (outcome.err, identities[i].text));
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/malt/cli/hosts/table", Fixture, NULL, set_up, test_table, tear_down);
  g_test_add ("/malt/cli/hosts/json", Fixture, NULL, set_up, test_json, tear_down);
  g_test_add ("/malt/cli/hosts/nobody", Fixture, NULL, set_up, test_nobody, tear_down);
  g_test_add ("/malt/cli/hosts/no-server", Fixture, NULL, set_up, test_no_server, tear_down);
  g_test_add_func ("/malt/cli/hosts/mistakes", test_mistakes);
  g_test_add_func ("/malt/cli/hosts/tls", test_tls);

  return g_test_run ();
}

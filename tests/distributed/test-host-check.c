/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/distributed/malt-nats-secured.h"

#include <glib/gstdio.h>
#include <string.h>

/* What malt-host check finds, with the real server: all is as the example for administrators says,
 * but for one thing. */

#define HOST "node1.hosts.example"

static const char *const names[] = { HOST, NULL };

/* A server that knows the host, and lets it do everything. */
static const char lax_config[] =
  "tls { cert_file: \"/etc/nats/server.pem\", key_file: \"/etc/nats/server.key\"\n"
  "  ca_file: \"/etc/nats/ca.pem\", verify_and_map: true, timeout: 5 }\n"
  "accounts { A { users = [ { user: \"" HOST "\" } ] } }\n";

/* One that encrypts, and asks nobody who he is. */
static const char open_config[] =
  "tls { cert_file: \"/etc/nats/server.pem\", key_file: \"/etc/nats/server.key\"\n"
  "  ca_file: \"/etc/nats/ca.pem\", verify: false, timeout: 5 }\n";

static const struct
{
  const char *name;
  const char *nats;        /* NULL: the example */
  const char *host;        /* its “host” */
  const char *pool;
  const char *certificate;
  const char *key;
  guint       key_mode;
  int         status;
  const char *text;        /* in a line of its output */
} cases[] = {
  { "good", NULL, "node1", "default", HOST, HOST, 0600, 0, "ok: not requests to another host" },
  { "other-host", NULL, "node2", "default", HOST, HOST, 0600, 1,
    "FAILED: to answer managers, or to hear" },
  { "other-pool", NULL, "node1", "gpu", HOST, HOST, 0600, 1,
    "FAILED: requests to a pool is missing: subscribe to malt.default.spawn.gpu hosts" },
  { "too-much", lax_config, "node1", "default", HOST, HOST, 0600, 1,
    "FAILED: requests to another host is too much" },
  { "strangers", open_config, "node1", "default", HOST, HOST, 0600, 1,
    "FAILED: the server lets in who shows none" },
  { "key-for-all", NULL, "node1", "default", HOST, HOST, 0644, 1, "anybody can use it" },
  { "other-key", NULL, "node1", "default", HOST, "server", 0600, 1, "FAILED" },
  { "expired", NULL, "node1", "default", "expired", "expired", 0600, 1, "FAILED: it has expired" },
  { "two-names", NULL, "node1", "default", "double", "double", 0600, 1, "it has 2 DNS names" },
  { "of-a-stranger", NULL, "node1", "default", "stranger", "stranger", 0600, 1,
    "FAILED: with ourselves" },
  { "no-file", NULL, "node1", "default", "nothing", "nothing", 0600, 1, "configuration" },
};

static char *
load_example (void)
{
  g_autofree char *path =
    g_test_build_filename (G_TEST_DIST, "..", "..", "data", "nats-server.conf", NULL);
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);

  return text;
}

/* Runs malt-host check to its end. Returns its exit status. */
static int
run_check (const char  *config,
           char       **output)
{
  g_autofree char *folder = g_dir_make_tmp ("malt-check-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "host.json", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = NULL;

  g_file_set_contents (path, config, -1, &error);
  g_assert_no_error (error);
  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, g_getenv ("MALT_HOST"),
                              "check", "--config", path, NULL);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, output, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (process));
  g_test_message ("%s", *output);
  g_remove (path);
  g_rmdir (folder);

  return g_subprocess_get_exit_status (process);
}

static void
test_case (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autofree char *nats = cases[i].nats != NULL ? g_strdup (cases[i].nats) : load_example ();
  g_auto (MaltNatsSecured) secured = { 0 };
  g_autofree char *key = NULL;
  g_autofree char *config = NULL;
  g_autofree char *output = NULL;
  int status;

  if (!malt_nats_secured_init (&secured, nats, "/etc/nats", names))
    return;

  key = g_strdup_printf ("%s/%s.key", secured.folder, cases[i].key);
  g_chmod (key, cases[i].key_mode);
  config = g_strdup_printf ("{\"servers\": [\"%s\"], \"host\": \"%s\", \"tls\": {"
                            "\"certificate\": \"%s/%s.pem\", \"key\": \"%s\", "
                            "\"ca\": \"%s/ca.pem\"},"
                            "\"pools\": {\"%s\": {\"slots\": 1}}}",
                            secured.server->address, cases[i].host, secured.folder,
                            cases[i].certificate, key, secured.folder, cases[i].pool);
  status = run_check (config, &output);
  g_assert_nonnull (strstr (output, cases[i].text));
  g_assert_cmpint (status, ==, cases[i].status);
  g_assert_true ((strstr (output, "FAILED") == NULL) == (status == 0));
}

/* Without TLS on this machine, for those who try it. */
static void
test_without_tls (void)
{
  g_autoptr (MaltNatsServer) server = malt_nats_server_new (NULL);
  g_autofree char *config = NULL;
  g_autofree char *output = NULL;
  g_autofree char *output_without = NULL;

  if (server == NULL)
    return;

  config = g_strdup_printf ("{\"servers\": [\"nats://127.0.0.1:1\", \"%s\"]}", server->address);
  g_assert_cmpint (run_check (config, &output), ==, 0);
  g_assert_nonnull (strstr (output, "note: none, so only this machine is served"));
  g_assert_nonnull (strstr (output, "nats://127.0.0.1:1 cannot be reached now"));

  malt_nats_server_kill (server);
  g_assert_cmpint (run_check (config, &output_without), ==, 1);
  g_assert_nonnull (strstr (output_without, "FAILED: none can be reached"));
}

static void
test_wrong_configuration (void)
{
  g_autofree char *output = NULL;

  g_assert_cmpint (run_check ("{\"poools\": {}}", &output), ==, 1);
  g_assert_nonnull (strstr (output, "poools"));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/malt/host/check/", cases[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_case);
    }
  g_test_add_func ("/malt/host/check/without-tls", test_without_tls);
  g_test_add_func ("/malt/host/check/wrong-configuration", test_wrong_configuration);

  return g_test_run ();
}

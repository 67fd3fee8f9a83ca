/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-config.h"

#include <glib/gstdio.h>

#include <string.h>

/* JSON with other quotes. */
static MaltHostConfig *
read_text (const char  *text,
           GError     **error)
{
  g_autofree char *json = g_strdelimit (g_strdup (text), "'", '"');

  return malt_host_config_new_from_data (json, error);
}

static MaltHostConfig *
read_good (const char *text)
{
  g_autoptr (GError) error = NULL;
  MaltHostConfig *config = read_text (text, &error);

  g_assert_no_error (error);
  return config;
}

static void
test_default (void)
{
  g_autoptr (MaltHostConfig) config = read_good ("{}");
  g_autoptr (GVariant) wish = g_variant_ref_sink (g_variant_new_parsed ("@a{sv} {}"));
  g_autoptr (MaltAbstractWorker) worker = NULL;
  g_autoptr (GError) error = NULL;
  const MaltHostPool *pool;

  g_assert_cmpstr (malt_host_config_get_servers (config)[0], ==, "nats://127.0.0.1:4222");
  g_assert_null (malt_host_config_get_servers (config)[1]);
  g_assert_cmpstr (malt_host_config_get_namespace (config), ==, "default");
  g_assert_cmpstr (malt_host_config_get_host (config), ==, g_get_host_name ());
  g_assert_cmpstr (malt_host_config_get_address (config), ==, "127.0.0.1");
  g_assert_cmpuint (malt_host_config_get_port (config), ==, 0);
  g_assert_null (malt_host_config_get_tls (config));
  g_assert_cmpuint (malt_host_config_get_pools (config)->len, ==, 1);
  pool = g_ptr_array_index (malt_host_config_get_pools (config), 0);
  g_assert_cmpstr (pool->name, ==, "default");
  g_assert_cmpuint (pool->n_slots, ==, g_get_num_processors ());

  worker = malt_host_config_construct_worker (config, "default", wish, &error);
  g_assert_no_error (error);
  g_assert_false (malt_abstract_worker_is_running (worker));
}

/* The nick of the sandbox that a worker of the default profile is put in. (transfer full) */
static char *
dup_sandbox (MaltHostConfig *config)
{
  g_autoptr (GVariant) wish = g_variant_ref_sink (g_variant_new_parsed ("@a{sv} {}"));
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltAbstractWorker) worker =
    malt_host_config_construct_worker (config, "default", wish, &error);
  MaltSandbox sandbox;

  g_assert_no_error (error);
  g_object_get (worker, "sandbox", &sandbox, NULL);

  return g_enum_to_string (MALT_TYPE_SANDBOX, (int) sandbox);
}

static void
test_without_file (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltHostConfig) empty = read_good ("{}");
  g_autoptr (MaltHostConfig) none = malt_host_config_new_default (&error);
  g_autofree char *of_empty = dup_sandbox (empty);
  g_autofree char *of_none = dup_sandbox (none);

  g_test_summary ("Who has not been told whom to serve lets nobody out of the sandbox");
  g_assert_no_error (error);
  g_assert_cmpstr (of_empty, ==, "MALT_SANDBOX_NONE");
  g_assert_cmpstr (of_none, ==, "MALT_SANDBOX_STRICT");
}

static void
test_all (void)
{
  g_autoptr (MaltHostConfig) config = read_good (
      "{ 'servers': [ 'nats://127.0.0.1:1', 'nats://127.0.0.1:2' ], 'namespace': 'team',"
      "  'host': 'bench-7.lab', 'listen': '[::1]:7000',"
      "  'pools': { 'gpu': { 'slots': 2 }, 'none': { 'slots': 0 } },"
      "  'profiles': { 'small': { 'memory-limit': 1000000000, 'sandbox': 'limits' } } }");

  g_assert_cmpuint (g_strv_length ((char **) malt_host_config_get_servers (config)), ==, 2);
  g_assert_cmpstr (malt_host_config_get_namespace (config), ==, "team");
  g_assert_cmpstr (malt_host_config_get_host (config), ==, "bench-7.lab");
  g_assert_cmpstr (malt_host_config_get_address (config), ==, "::1");
  g_assert_cmpuint (malt_host_config_get_port (config), ==, 7000);
  g_assert_cmpuint (malt_host_config_get_pools (config)->len, ==, 2);
}

static void
test_listen (void)
{
  static const struct
  {
    const char *text;
    const char *address;
    guint16     port;
  } cases[] = {
    { "127.0.0.2", "127.0.0.2", 0 },
    { "127.0.0.1:80", "127.0.0.1", 80 },
    { "::1", "::1", 0 },
    { "[::1]:1", "::1", 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strdup_printf ("{ 'listen': '%s' }", cases[i].text);
      g_autoptr (MaltHostConfig) config = read_good (text);

      g_assert_cmpstr (malt_host_config_get_address (config), ==, cases[i].address);
      g_assert_cmpuint (malt_host_config_get_port (config), ==, cases[i].port);
    }
}

/* What is wrong, and what the message names. */
static void
test_mistakes (void)
{
  static const struct
  {
    const char *text;
    const char *named;
  } cases[] = {
    { "", "JSON" },
    { "[]", "JSON" },
    { "{", "" },
    { "{ 'sevrers': [] }", "sevrers" },
    { "{ 'servers': 'nats://127.0.0.1' }", "servers" },
    { "{ 'servers': [] }", "servers" },
    { "{ 'servers': [ 1 ] }", "servers" },
    { "{ 'namespace': 'a.b' }", "a.b" },
    { "{ 'namespace': 1 }", "namespace" },
    { "{ 'host': '' }", "" },
    { "{ 'listen': 'localhost' }", "localhost" },
    { "{ 'listen': '127.0.0.1:' }", "listen" },
    { "{ 'listen': '127.0.0.1:65536' }", "listen" },
    { "{ 'listen': '::1:80:' }", "listen" },
    { "{ 'listen': '0.0.0.0' }", "0.0.0.0" },
    { "{ 'listen': '192.0.2.1' }", "tls" },
    { "{ 'tls': true }", "tls" },
    { "{ 'tls': { 'cert': '/x' } }", "tls.cert" },
    { "{ 'tls': { 'certificate': '/x', 'key': '/y' } }", "tls-" },
    { "{ 'tls': { 'certificate': 'x', 'key': '/y', 'ca': '/z' } }", "absolute" },
    { "{ 'pools': [] }", "pools" },
    { "{ 'pools': { 'a b': {} } }", "a b" },
    { "{ 'pools': { 'a': { 'slots': -1 } } }", "pools.a" },
    { "{ 'pools': { 'a': { 'slots': 4097 } } }", "pools.a" },
    { "{ 'pools': { 'a': { 'slots': '4' } } }", "pools.a" },
    { "{ 'pools': { 'a': { 'slot': 4 } } }", "pools.a.slot" },
    { "{ 'profiles': { 'a': 1 } }", "profiles.a" },
    { "{ 'profiles': { 'a/b': {} } }", "a/b" },
    { "{ 'profiles': { 'a': { 'backend': 'in-process' } } }", "profiles.a.backend" },
    { "{ 'profiles': { 'a': { 'environment': 'PATH' } } }", "profiles.a.environment" },
    { "{ 'profiles': { 'a': { 'environment': [ 1 ] } } }", "profiles.a.environment" },
    { "{ 'profiles': { 'a': { 'memory': 1 } } }", "profiles.a.memory" },
    { "{ 'profiles': { 'a': { 'extends': 'b' } } }", "“b”" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (read_text (cases[i].text, &error));
      g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, cases[i].named));
    }
}

static void
test_file (void)
{
  g_autofree char *path = NULL;
  g_autoptr (MaltHostConfig) config = NULL;
  g_autoptr (GError) error = NULL;
  int fd = g_file_open_tmp ("malt-host-XXXXXX.json", &path, &error);

  g_assert_no_error (error);
  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, "{ \"host\": \"h\" }", -1, NULL));
  config = malt_host_config_new_from_file (path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (malt_host_config_get_host (config), ==, "h");

  g_assert_true (g_file_set_contents (path, "{ \"hots\": \"h\" }", -1, NULL));
  g_assert_null (malt_host_config_new_from_file (path, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
  g_assert_true (g_str_has_prefix (error->message, path));
  g_clear_error (&error);

  g_unlink (path);
  g_assert_null (malt_host_config_new_from_file (path, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/host/config/default", test_default);
  g_test_add_func ("/host/config/without-file", test_without_file);
  g_test_add_func ("/host/config/all", test_all);
  g_test_add_func ("/host/config/listen", test_listen);
  g_test_add_func ("/host/config/mistakes", test_mistakes);
  g_test_add_func ("/host/config/file", test_file);

  return g_test_run ();
}

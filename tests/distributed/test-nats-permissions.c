/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-names.h"
#include "tests/distributed/malt-nats-secured.h"

#include <malt/malt.h>
#include <string.h>

/* The example for administrators, with the real server: what each may say and hear, and what
 * not. */

/* Where the example has its certificates. */
#define EXAMPLE_FOLDER "/etc/nats"

#define MANAGER "alice.users.example"
#define HOST "node1.hosts.example"

#define MANAGER_INBOX "malt.default.manager.1"
#define HOST_INBOX "malt.default.host.node1.inbox"

static const char *const names[] = { MANAGER, HOST, NULL };

typedef enum
{
  SAYS,
  HEARS
} What;

static const struct
{
  const char *subject;
  const char *queue;    /* nullable */
  What        what;
  gboolean    is_allowed;
} of_host[] = {
  { "malt.default.host.node1.spawn", MALT_DISTRIBUTED_QUEUE, HEARS, TRUE },
  { "malt.default.spawn.default", MALT_DISTRIBUTED_QUEUE, HEARS, TRUE },
  { "malt.default.who", NULL, HEARS, TRUE },
  { "malt.default.manager.1.2", NULL, SAYS, TRUE },
  { "malt.default.host.node2.spawn", MALT_DISTRIBUTED_QUEUE, HEARS, FALSE },
  { "malt.default.host.node2.inbox.*", NULL, HEARS, FALSE },
  { "malt.default.host.*.spawn", NULL, HEARS, FALSE },
  { "malt.default.host.>", NULL, HEARS, FALSE },
  { "malt.default.spawn.default", NULL, HEARS, FALSE },
  { "malt.default.spawn.default", "others", HEARS, FALSE },
  { "malt.default.spawn.gpu", MALT_DISTRIBUTED_QUEUE, HEARS, FALSE },
  { "malt.default.spawn.*", MALT_DISTRIBUTED_QUEUE, HEARS, FALSE },
  { "malt.default.manager.1.*", NULL, HEARS, FALSE },
  { "malt.default.manager.>", NULL, HEARS, FALSE },
  { "malt.other.who", NULL, HEARS, FALSE },
  { ">", NULL, HEARS, FALSE },
  { "_INBOX.>", NULL, HEARS, FALSE },
  { "malt.default.host.node2.spawn", NULL, SAYS, FALSE },
  { "malt.default.spawn.default", NULL, SAYS, FALSE },
  { "malt.default.who", NULL, SAYS, FALSE },
}, of_manager[] = {
  /* Not its own: that nobody listens is told to any of the subscriptions that match. */
  { "malt.default.manager.3.*", NULL, HEARS, TRUE },
  { "malt.default.spawn.gpu", NULL, SAYS, TRUE },
  { "malt.default.host.node1.spawn", NULL, SAYS, TRUE },
  { "malt.default.who", NULL, SAYS, TRUE },
  { "malt.default.spawn.default", MALT_DISTRIBUTED_QUEUE, HEARS, FALSE },
  { "malt.default.spawn.default", NULL, HEARS, FALSE },
  { "malt.default.spawn.*", NULL, HEARS, FALSE },
  { "malt.default.host.node1.spawn", NULL, HEARS, FALSE },
  { "malt.default.who", NULL, HEARS, FALSE },
  { "malt.other.manager.1", NULL, HEARS, FALSE },
  { ">", NULL, HEARS, FALSE },
  { "$SYS.>", NULL, HEARS, FALSE },
  { "malt.default.manager.2.1", NULL, SAYS, FALSE },
  { "malt.default.host.node1.inbox.1", NULL, SAYS, FALSE },
  { "malt.other.spawn.default", NULL, SAYS, FALSE },
};

static void
on_refused (MaltNatsClient *client,
            const GError   *error,
            gpointer        user_data)
{
  *(gboolean *) user_data = TRUE;
}

static void
on_message (MaltNatsClient          *client,
            const MaltNatsOperation *message,
            gpointer                 user_data)
{
}

/* The server does one after the other: what it refuses it has refused before it answers `probe`,
 * which may be said. */
static gboolean
is_allowed (MaltNatsClient *client,
            const char     *subject,
            const char     *queue,
            What            what,
            const char     *probe)
{
  g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0);
  gboolean is_refused = FALSE;
  gulong handler = g_signal_connect (client, "refused", G_CALLBACK (on_refused), &is_refused);
  g_autoptr (GError) error = NULL;

  if (what == HEARS)
    malt_nats_client_subscribe (client, subject, queue, on_message, NULL);
  else
    malt_nats_client_publish (client, subject, NULL, nothing, &error);
  g_assert_no_error (error);
  error = malt_nats_ask (client, probe);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND);
  g_signal_handler_disconnect (client, handler);

  return !is_refused;
}

static gboolean
set_up (MaltNatsSecured *secured)
{
  g_autofree char *path =
    g_test_build_filename (G_TEST_DIST, "..", "..", "data", "nats-server.conf", NULL);
  g_autofree char *config = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &config, NULL, &error);
  g_assert_no_error (error);

  return malt_nats_secured_init (secured, config, EXAMPLE_FOLDER, names);
}

static void
test_host (void)
{
  g_auto (MaltNatsSecured) secured = { 0 };
  g_autoptr (MaltNatsClient) client = NULL;

  if (!set_up (&secured))
    return;

  client = malt_nats_secured_new_client (&secured, "ca", HOST, HOST_INBOX);
  malt_nats_wait_for_connection (client);
  for (gsize i = 0; i < G_N_ELEMENTS (of_host); i++)
    {
      g_test_message ("%s %s", of_host[i].what == SAYS ? "says" : "hears", of_host[i].subject);
      g_assert_cmpint (is_allowed (client, of_host[i].subject, of_host[i].queue, of_host[i].what,
                                   "malt.default.manager.nobody"),
                       ==, of_host[i].is_allowed);
    }
}

static void
test_manager (void)
{
  g_auto (MaltNatsSecured) secured = { 0 };
  g_autoptr (MaltNatsClient) client = NULL;

  if (!set_up (&secured))
    return;

  client = malt_nats_secured_new_client (&secured, "ca", MANAGER, MANAGER_INBOX);
  malt_nats_wait_for_connection (client);
  for (gsize i = 0; i < G_N_ELEMENTS (of_manager); i++)
    {
      g_test_message ("%s %s", of_manager[i].what == SAYS ? "says" : "hears",
                      of_manager[i].subject);
      g_assert_cmpint (is_allowed (client, of_manager[i].subject, of_manager[i].queue,
                                   of_manager[i].what, "malt.default.spawn.nobody"),
                       ==, of_manager[i].is_allowed);
    }
}

/* Nobody gets in with a certificate that the example does not name, or with none. */
static void
test_strangers (void)
{
  static const char *const shown[] = { "server", "stranger", NULL };
  g_auto (MaltNatsSecured) secured = { 0 };

  if (!set_up (&secured))
    return;

  for (gsize i = 0; i < G_N_ELEMENTS (shown); i++)
    {
      g_autoptr (MaltNatsClient) client =
        malt_nats_secured_new_client (&secured, "ca", shown[i], MANAGER_INBOX);

      while (malt_nats_client_get_last_error (client) == NULL)
        g_main_context_iteration (NULL, TRUE);
      g_assert_false (malt_nats_client_is_connected (client));
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/nats/permissions/host", test_host);
  g_test_add_func ("/malt/nats/permissions/manager", test_manager);
  g_test_add_func ("/malt/nats/permissions/strangers", test_strangers);

  return g_test_run ();
}

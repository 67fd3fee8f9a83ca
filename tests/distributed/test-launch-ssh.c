/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-launch-ssh.h"
#include "backends/distributed/malt-distributed-lease.h"
#include "backends/distributed/malt-distributed-names.h"
#include "backends/distributed/malt-distributed-ssh-folder.h"
#include "tests/distributed/malt-nats-server.h"
#include "tests/distributed/malt-ssh-server.h"

#include <gio/gunixsocketaddress.h>
#include <malt/malt-plugin.h>

#include <signal.h>
#include <string.h>

/* What ssh brings, and what it says when it cannot. The session with a worker is tested
 * elsewhere. */

typedef struct
{
  gboolean        is_over;
  MaltSpawnReply *reply;
  GError         *error;
} Outcome;

static void
outcome_clear (Outcome *outcome)
{
  g_clear_pointer (&outcome->reply, malt_spawn_reply_free);
  g_clear_error (&outcome->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Outcome, outcome_clear)

static void
on_launched (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Outcome *outcome = user_data;
  g_autofree char *id = NULL;

  outcome->reply =
    malt_distributed_launcher_launch_finish (MALT_DISTRIBUTED_LAUNCHER (source), result, &id,
                                             &outcome->error);
  g_assert_null (id);
  outcome->is_over = TRUE;
}

static MaltSshServer *
new_server (const char *extra)
{
  g_autofree char *worker = g_strdup_printf ("MALT_WORKER=%s", g_getenv ("MALT_WORKER"));
  g_autofree char *plugins = g_strdup_printf ("MALT_PLUGIN_PATH=%s", g_getenv ("MALT_PLUGIN_PATH"));
  g_autofree char *path = g_strdup_printf ("PATH=%s:/usr/bin:/bin", g_getenv ("MALT_HOST_FOLDER"));
  const char *const environment[] = { worker, plugins, extra != NULL ? extra : path, NULL };

  return malt_ssh_server_new (environment);
}

static Outcome
launch (MaltDistributedLauncher      *launcher,
        const MaltDistributedOptions *options,
        const char                   *profile,
        GCancellable                 *cancellable)
{
  g_autofree char *id = malt_distributed_new_id ();
  g_autoptr (MaltSpawnRequest) request =
    malt_spawn_request_new (id, NULL, profile, MALT_LEASE_DEFAULT_MSEC,
                            g_variant_new_parsed ("{'evaluator': <''>}"));
  Outcome outcome = { 0 };

  malt_distributed_launcher_launch_async (launcher, options, request, cancellable, on_launched,
                                          &outcome);
  malt_nats_wait_until (&outcome.is_over);

  return outcome;
}

/* The launcher keeps itself until ssh has ended, which removes the socket. */
static void
assert_gone (MaltDistributedLauncher *launcher,
             const char              *socket)
{
  g_autofree char *folder = g_path_get_dirname (socket);

  g_object_add_weak_pointer (G_OBJECT (launcher), (gpointer *) &launcher);
  g_object_unref (launcher);
  while (launcher != NULL)
    malt_nats_wait_ms (2);
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));
}

static void
test_launch (void)
{
  g_autoptr (MaltSshServer) server = new_server (NULL);
  MaltDistributedLauncher *launcher;
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (Outcome) outcome = { 0 };
  const char *path;

  if (server == NULL)
    return;

  launcher = malt_distributed_launch_ssh_new ();
  outcome = launch (launcher, &(MaltDistributedOptions) { .ssh_destination = server->destination,
                                                          .ssh_arguments = server->arguments },
                    "default", NULL);
  g_assert_no_error (outcome.error);
  g_assert_cmpint (kill (outcome.reply->pid, 0), ==, 0);
  g_assert_true (g_str_has_prefix (outcome.reply->address, MALT_SPAWN_UNIX_PREFIX "/"));
  g_assert_cmpuint (outcome.reply->port, ==, 0);

  path = outcome.reply->address + strlen (MALT_SPAWN_UNIX_PREFIX);
  address = g_unix_socket_address_new (path);
  connection = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, &error);
  g_assert_no_error (error);

  /* It does not wait for what still goes through it. */
  malt_distributed_launcher_stop (launcher);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  malt_distributed_launcher_stop (launcher);
  assert_gone (launcher, path);
  while (kill (outcome.reply->pid, 0) == 0)
    malt_nats_wait_ms (2);
}

static void
test_unknown_profile (void)
{
  g_autoptr (MaltSshServer) server = new_server (NULL);
  g_autoptr (MaltDistributedLauncher) launcher = NULL;
  g_auto (Outcome) outcome = { 0 };

  if (server == NULL)
    return;

  launcher = malt_distributed_launch_ssh_new ();
  outcome = launch (launcher, &(MaltDistributedOptions) { .ssh_destination = server->destination,
                                                          .ssh_arguments = server->arguments },
                    "nothing", NULL);
  g_assert_error (outcome.error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
  g_assert_nonnull (strstr (outcome.error->message, "nothing"));
  malt_distributed_launcher_stop (launcher);
}

/* What is wrong there is what ssh says. */
static void
test_no_malt_host (void)
{
  g_autoptr (MaltSshServer) server = new_server ("PATH=/nowhere");
  g_autoptr (MaltDistributedLauncher) launcher = NULL;
  g_auto (Outcome) outcome = { 0 };

  if (server == NULL)
    return;

  launcher = malt_distributed_launch_ssh_new ();
  outcome = launch (launcher, &(MaltDistributedOptions) { .ssh_destination = server->destination,
                                                          .ssh_arguments = server->arguments },
                    "default", NULL);
  g_assert_error (outcome.error, MALT_ERROR, MALT_ERROR_START_FAILED);
  g_assert_nonnull (strstr (outcome.error->message, "malt-host"));
  g_assert_nonnull (strstr (outcome.error->message, "127"));
}

static const struct
{
  const char *name;
  const char *option;  /* in the place of the known hosts, or of the port */
  const char *text;
} refusals[] = {
  { "unknown-host", "UserKnownHostsFile=/dev/null", "verification failed" },
  { "no-listener", "Port=1", "refused" },
  { "no-option", "NoSuchOption=yes", "option" },
};

static void
test_refused (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr (MaltSshServer) server = new_server (NULL);
  g_autoptr (MaltDistributedLauncher) launcher = NULL;
  g_autofree char *option = g_strdup (refusals[i].option);
  char *arguments[] = { (char *) "-F", (char *) "none", (char *) "-o", option, NULL, NULL, NULL };
  g_auto (Outcome) outcome = { 0 };

  if (server == NULL)
    return;

  if (!g_str_has_prefix (option, "Port"))
    {
      arguments[4] = server->arguments[2];
      arguments[5] = server->arguments[3];
    }
  launcher = malt_distributed_launch_ssh_new ();
  outcome = launch (launcher, &(MaltDistributedOptions) { .ssh_destination = server->destination,
                                                          .ssh_arguments = arguments },
                    "default", NULL);
  g_test_message ("%s", outcome.error->message);
  g_assert_error (outcome.error, MALT_ERROR, MALT_ERROR_START_FAILED);
  g_assert_nonnull (strstr (outcome.error->message, refusals[i].text));
}

static gboolean
cancel (gpointer user_data)
{
  g_cancellable_cancel (user_data);

  return G_SOURCE_REMOVE;
}

static void
test_cancelled (void)
{
  g_autoptr (MaltSshServer) server = new_server (NULL);
  MaltDistributedLauncher *launcher;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *waits_for = NULL;
  g_auto (Outcome) outcome = { 0 };
  MaltError code;

  if (server == NULL)
    return;

  /* It connects, and nothing comes. */
  g_subprocess_send_signal (server->process, SIGSTOP);
  launcher = malt_distributed_launch_ssh_new ();
  g_timeout_add (20, cancel, cancellable);
  outcome = launch (launcher, &(MaltDistributedOptions) { .ssh_destination = server->destination,
                                                          .ssh_arguments = server->arguments },
                    "default", cancellable);
  g_assert_error (outcome.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  waits_for = malt_distributed_launcher_describe (launcher, &code);
  g_assert_cmpint (code, ==, MALT_ERROR_START_FAILED);
  g_assert_nonnull (strstr (waits_for, server->destination));
  malt_distributed_launcher_stop (launcher);
  assert_gone (launcher, "/nowhere/at/all");
}

/* (transfer full) */
static char *
make_left (void)
{
  g_autofree char *folder = g_dir_make_tmp ("malt-ssh-XXXXXX", NULL);
  g_autofree char *socket = g_build_filename (folder, "socket", NULL);

  g_assert_true (g_file_set_contents (socket, "", 0, NULL));
  return g_steal_pointer (&folder);
}

/* What was left by a program that was killed goes, and what another one has stays. */
static void
test_swept (void)
{
  MaltDistributedSshFolder first = { .fd = -1 };
  MaltDistributedSshFolder second = { .fd = -1 };
  g_autofree char *left = make_left ();
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;

  malt_distributed_ssh_folder_make (&first, &error);
  g_assert_no_error (error);
  path = g_strdup (first.path);
  g_assert_false (g_file_test (left, G_FILE_TEST_EXISTS));
  malt_distributed_ssh_folder_make (&second, &error);
  g_assert_no_error (error);
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_DIR));
  malt_distributed_ssh_folder_remove (&second);
  malt_distributed_ssh_folder_remove (&first);
  malt_distributed_ssh_folder_remove (&first);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/distributed/ssh/launch", test_launch);
  g_test_add_func ("/malt/distributed/ssh/unknown-profile", test_unknown_profile);
  g_test_add_func ("/malt/distributed/ssh/no-malt-host", test_no_malt_host);
  for (gsize i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autofree char *path = g_strconcat ("/malt/distributed/ssh/", refusals[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_refused);
    }
  g_test_add_func ("/malt/distributed/ssh/cancelled", test_cancelled);
  g_test_add_func ("/malt/distributed/ssh/swept", test_swept);

  return g_test_run ();
}

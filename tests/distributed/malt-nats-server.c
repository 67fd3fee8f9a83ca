/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/distributed/malt-nats-server.h"

#include "tests/malt-test-slowness.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/prctl.h>

/* How long something may take that takes milliseconds. */
#define SERVER_DEADLINE_SEC 30

int
malt_server_find_port (void)
{
  for (int i = 0; i < 100; i++)
    {
      int port = g_random_int_range (20000, 32000);
      g_autoptr (GSocketAddress) address =
        g_inet_socket_address_new_from_string ("127.0.0.1", (guint) port);
      g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
                                                 G_SOCKET_PROTOCOL_TCP, NULL);

      if (socket != NULL && g_socket_bind (socket, address, FALSE, NULL))
        return port;
    }

  g_error ("No port is free");
}

static gboolean
is_listening (int port)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;

  g_socket_client_set_enable_proxy (client, FALSE);
  connection = g_socket_client_connect_to_host (client, "127.0.0.1", (guint16) port, NULL, NULL);

  return connection != NULL;
}

/* Runs in the child: it does not outlive a test that crashes. */
static void
die_with_parent (gpointer unused)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

GSubprocess *
malt_server_start (int                port,
                   const char *const *argv)
{
  g_autoptr (GSubprocessLauncher) launcher =
    g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE
                               | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  gint64 end_us = g_get_monotonic_time ()
                  + SERVER_DEADLINE_SEC * malt_test_get_slowness () * G_USEC_PER_SEC;
  g_autoptr (GError) error = NULL;
  GSubprocess *process;

  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  process = g_subprocess_launcher_spawnv (launcher, argv, &error);
  g_assert_no_error (error);
  while (!is_listening (port))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end_us);
      g_usleep (2000);
    }

  return process;
}

void
malt_nats_server_start (MaltNatsServer *self)
{
  g_autofree char *port = g_strdup_printf ("%d", self->port);
  const char *const argv[] = { "nats-server", "--addr", "127.0.0.1", "--port", port,
                               self->config != NULL ? "--config" : NULL, self->config, NULL };

  self->process = malt_server_start (self->port, argv);
}

MaltNatsServer *
malt_nats_server_new (const char *config)
{
  g_autofree char *program = g_find_program_in_path ("nats-server");
  g_autoptr (GError) error = NULL;
  MaltNatsServer *self;

  if (program == NULL)
    {
      g_test_skip ("nats-server is not installed");
      return NULL;
    }

  self = g_new0 (MaltNatsServer, 1);
  self->folder = g_dir_make_tmp ("malt-nats-XXXXXX", &error);
  g_assert_no_error (error);
  self->port = malt_server_find_port ();
  self->address = g_strdup_printf ("nats://127.0.0.1:%d", self->port);
  if (config != NULL)
    {
      self->config = g_build_filename (self->folder, "server.conf", NULL);
      g_file_set_contents (self->config, config, -1, &error);
      g_assert_no_error (error);
    }
  malt_nats_server_start (self);

  return self;
}

gboolean
malt_nats_server_new_cluster (MaltNatsServer **servers,
                              guint            n)
{
  g_autofree int *ports = g_new (int, n);
  g_autoptr (GString) routes = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    {
      ports[i] = malt_server_find_port ();
      g_string_append_printf (routes, "%s\"nats://127.0.0.1:%d\"", i > 0 ? ", " : "", ports[i]);
    }
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *config =
        g_strdup_printf ("cluster { name: test, listen: \"127.0.0.1:%d\", routes: [ %s ] }\n",
                         ports[i], routes->str);

      servers[i] = malt_nats_server_new (config);
      if (servers[i] == NULL)
        return FALSE;
    }

  return TRUE;
}

void
malt_nats_server_signal (MaltNatsServer *self,
                         int             signum)
{
  g_subprocess_send_signal (self->process, signum);
}

void
malt_nats_server_kill (MaltNatsServer *self)
{
  g_subprocess_force_exit (self->process);
  g_subprocess_wait (self->process, NULL, NULL);
  g_clear_object (&self->process);
}

void
malt_nats_server_free (MaltNatsServer *self)
{
  if (self->process != NULL)
    malt_nats_server_kill (self);
  if (self->config != NULL)
    g_remove (self->config);
  g_rmdir (self->folder);
  g_free (self->config);
  g_free (self->folder);
  g_free (self->address);
  g_free (self);
}

static gboolean
on_deadline (gpointer unused)
{
  g_error ("What is waited for has not happened");
  return G_SOURCE_REMOVE;
}

void
malt_nats_wait_until (const gboolean *flag)
{
  guint deadline = g_timeout_add_seconds (SERVER_DEADLINE_SEC * malt_test_get_slowness (),
                                          on_deadline, NULL);

  while (!*flag)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (deadline);
}

static gboolean
set_flag (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;

  return G_SOURCE_REMOVE;
}

void
malt_nats_wait_ms (guint ms)
{
  gboolean is_over = FALSE;

  g_timeout_add (ms, set_flag, &is_over);
  malt_nats_wait_until (&is_over);
}

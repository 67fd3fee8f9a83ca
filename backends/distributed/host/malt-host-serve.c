/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-serve.h"

#include "backends/distributed/host/malt-host-cluster.h"
#include "backends/distributed/host/malt-host-listener.h"

#include <glib-unix.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

/* For all workers to end, in milliseconds. Each has been sent SIGTERM, and a second later SIGKILL;
 * those that are just starting are not waited for. */
#define LEAVE_TIMEOUT_MSEC 5000u

typedef struct
{
  MaltHostWorkers *workers; /* owned */
  MaltHostCluster *cluster; /* owned */
  GMainLoop       *loop;    /* owned */
  gboolean         is_leaving;
} Service;

static void
on_ended (MaltHostWorkers *workers,
          const char      *id,
          gpointer         user_data)
{
  Service *service = user_data;

  if (service->is_leaving && malt_host_workers_get_n (workers) == 0)
    g_main_loop_quit (service->loop);
}

static gboolean
on_left_too_late (gpointer user_data)
{
  Service *service = user_data;

  g_main_loop_quit (service->loop);
  return G_SOURCE_REMOVE;
}

/* The second one does not wait. */
static gboolean
on_signal (gpointer user_data)
{
  Service *service = user_data;

  if (service->is_leaving || malt_host_workers_get_n (service->workers) == 0)
    g_main_loop_quit (service->loop);

  service->is_leaving = TRUE;
  malt_host_cluster_leave (service->cluster);
  malt_host_workers_stop_all (service->workers);
  g_timeout_add (LEAVE_TIMEOUT_MSEC, on_left_too_late, service);
  return G_SOURCE_CONTINUE;
}

static void
run (Service        *service,
     GSocket        *socket,
     MaltHostConfig *config)
{
  g_autoptr (MaltHostListener) listener = malt_host_listener_new (socket, config, service->workers);
  gulong handler = g_signal_connect (service->workers, "ended", G_CALLBACK (on_ended), service);

  g_unix_signal_add (SIGTERM, on_signal, service);
  g_unix_signal_add (SIGINT, on_signal, service);
  g_main_loop_run (service->loop);
  g_signal_handler_disconnect (service->workers, handler);
}

/* Nobody has to prove anything then. */
static void
tell_who_is_served (MaltHostConfig *config)
{
  if (malt_host_config_get_tls (config) == NULL)
    g_message ("Without “tls” every user of this machine can have workers, which run as “%s”",
               g_get_user_name ());
}

static gboolean
serve_at (MaltHostConfig  *config,
          GSocket         *socket,
          guint16          port,
          GError         **error)
{
  const char *address = malt_host_config_get_address (config);
  Service service = { .workers = malt_host_workers_new (config, address, port) };
  gboolean is_good;

  service.cluster = malt_host_cluster_new (config, service.workers, address, port, error);
  is_good = service.cluster != NULL;
  if (is_good)
    {
      service.loop = g_main_loop_new (NULL, FALSE);
      tell_who_is_served (config);
      run (&service, socket, config);
      g_main_loop_unref (service.loop);
    }

  g_clear_object (&service.cluster);
  g_object_unref (service.workers);
  return is_good;
}

int
malt_host_serve (MaltHostConfig *config)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GSocket) socket = malt_host_listener_bind (malt_host_config_get_address (config),
                                                        malt_host_config_get_port (config), &error);

  if (socket != NULL)
    address = g_socket_get_local_address (socket, &error);
  if (address != NULL
      && serve_at (config, socket,
                   g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)), &error))
    return EXIT_SUCCESS;

  fprintf (stderr, "malt-host: %s\n", error->message);
  return EXIT_FAILURE;
}

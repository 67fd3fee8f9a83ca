/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-once.h"

#include "backends/distributed/host/malt-host-listener.h"
#include "backends/distributed/host/malt-host-request.h"
#include "backends/distributed/malt-distributed-frames.h"

#include <glib-unix.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct
{
  MaltHostWorkers        *workers; /* owned */
  const MaltSpawnRequest *request;
  gboolean                in_messages;
  GMainLoop              *loop;    /* owned */
  int                     status;
} Once;

static void
print_reply (const char           *id,
             const MaltSpawnReply *reply)
{
  g_autofree char *token = malt_host_to_hex (reply->token, MALT_HOST_TOKEN_BYTES);
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *text = NULL;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "id");
  json_builder_add_string_value (builder, id);
  json_builder_set_member_name (builder, "token");
  json_builder_add_string_value (builder, token);
  json_builder_set_member_name (builder, "host");
  json_builder_add_string_value (builder, reply->host);
  json_builder_set_member_name (builder, "pid");
  json_builder_add_int_value (builder, reply->pid);
  json_builder_end_object (builder);

  root = json_builder_get_root (builder);
  text = json_to_string (root, FALSE);
  printf ("%s\n", text);
  fflush (stdout);
}

static void
tell_reply (Once                 *once,
            const MaltSpawnReply *reply)
{
  if (once->in_messages)
    malt_host_write_answer (STDOUT_FILENO, malt_spawn_reply_to_bytes (reply, NULL));
  else
    print_reply (once->request->id, reply);
}

static void
on_spawned (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Once *once = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltSpawnReply) reply =
    malt_host_workers_spawn_finish (MALT_HOST_WORKERS (source), result, &error);

  if (reply != NULL)
    {
      once->status = EXIT_SUCCESS;
      tell_reply (once, reply);
      return;
    }

  if (once->in_messages)
    malt_host_write_answer (STDOUT_FILENO, malt_spawn_error_to_bytes (error));
  fprintf (stderr, "malt-host: %s\n", error->message);
  g_main_loop_quit (once->loop);
}

static void
on_ended (MaltHostWorkers *workers,
          const char      *id,
          gpointer         user_data)
{
  Once *once = user_data;

  g_main_loop_quit (once->loop);
}

static void
leave (Once *once)
{
  malt_host_workers_stop_all (once->workers);
  if (malt_host_workers_get_n (once->workers) == 0)
    g_main_loop_quit (once->loop);
}

static gboolean
on_signal (gpointer user_data)
{
  leave (user_data);
  return G_SOURCE_CONTINUE;
}

/* Whoever started this is gone. What it says is nothing to us. */
static gboolean
on_stdin (int          fd,
          GIOCondition condition,
          gpointer     user_data)
{
  char buffer[256];

  if (read (fd, buffer, sizeof buffer) > 0)
    return G_SOURCE_CONTINUE;

  leave (user_data);
  return G_SOURCE_REMOVE;
}

/* Nobody else is to be able to put a socket where ours is. */
static gboolean
make_folder (const char  *folder,
             gboolean    *is_new,
             GError     **error)
{
  GStatBuf status;
  int error_number;

  *is_new = g_mkdir (folder, 0700) == 0;
  if (*is_new)
    return TRUE;

  error_number = errno;
  if (error_number == EEXIST && g_lstat (folder, &status) == 0 && S_ISDIR (status.st_mode)
      && status.st_uid == geteuid () && (status.st_mode & (S_IRWXG | S_IRWXO)) == 0)
    return TRUE;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
               "Cannot use the folder “%s”: %s", folder,
               error_number == EEXIST ? "expected one that only its owner, this user, may enter"
                                      : g_strerror (error_number));
  return FALSE;
}

static void
run (Once    *once,
     GSocket *socket)
{
  g_autoptr (MaltHostListener) listener = malt_host_listener_new (socket, NULL, once->workers);
  guint sigterm = g_unix_signal_add (SIGTERM, on_signal, once);
  guint sigint = g_unix_signal_add (SIGINT, on_signal, once);
  GSource *input = g_unix_fd_source_new (STDIN_FILENO, G_IO_IN);

  g_source_set_callback (input, G_SOURCE_FUNC (on_stdin), once, NULL);
  g_source_attach (input, NULL);
  g_signal_connect (once->workers, "ended", G_CALLBACK (on_ended), once);

  malt_host_workers_spawn_async (once->workers, once->request, on_spawned, once);
  g_main_loop_run (once->loop);

  g_source_destroy (input);
  g_source_unref (input);
  g_source_remove (sigterm);
  g_source_remove (sigint);
}

int
malt_host_serve_once (MaltHostConfig         *config,
                      const char             *path,
                      const MaltSpawnRequest *request,
                      gboolean                in_messages)
{
  g_autofree char *address = g_strconcat (MALT_SPAWN_UNIX_PREFIX, path, NULL);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = NULL;
  gboolean is_new = FALSE;
  Once once = { .request = request, .in_messages = in_messages, .status = EXIT_FAILURE };

  if (make_folder (folder, &is_new, &error))
    socket = malt_host_listener_bind_path (path, &error);
  if (socket == NULL)
    {
      fprintf (stderr, "malt-host: %s: %s\n", path, error->message);
      return EXIT_FAILURE;
    }

  once.workers = malt_host_workers_new (config, address, 0);
  once.loop = g_main_loop_new (NULL, FALSE);
  run (&once, socket);
  g_unlink (path);
  if (is_new)
    g_rmdir (folder);
  g_main_loop_unref (once.loop);
  g_object_unref (once.workers);

  return once.status;
}

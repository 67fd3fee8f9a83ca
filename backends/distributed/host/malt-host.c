/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-check.h"
#include "backends/distributed/host/malt-host-once.h"
#include "backends/distributed/host/malt-host-request.h"
#include "backends/distributed/host/malt-host-room.h"
#include "backends/distributed/host/malt-host-serve.h"
#include "backends/distributed/malt-distributed-lease.h"
#include "backends/distributed/malt-distributed-names.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_USAGE 2

static char *config_path;
static char *listen_address;
static char *profile;
static gboolean is_once;
static gboolean is_request;
static gboolean is_version;

static const GOptionEntry entries[] = {
  { "config", 0, 0, G_OPTION_ARG_FILENAME, &config_path, "What this host offers", "FILE" },
  { "once", 0, 0, G_OPTION_ARG_NONE, &is_once, "Serve one worker over a Unix socket, then leave",
    NULL },
  { "listen", 0, 0, G_OPTION_ARG_FILENAME, &listen_address, "Where, with --once", "unix:PATH" },
  { "profile", 0, 0, G_OPTION_ARG_STRING, &profile, "Of which worker, with --once", "NAME" },
  { "request", 0, 0, G_OPTION_ARG_NONE, &is_request,
    "Read which worker from standard input, with --once; for the backend’s launcher ssh", NULL },
  { "version", 0, 0, G_OPTION_ARG_NONE, &is_version, "Print the version", NULL },
  { NULL }
};

static int
fail (int           status,
      const GError *error)
{
  fprintf (stderr, "malt-host: %s\n", error->message);
  return status;
}

/* (transfer full) */
static MaltSpawnRequest *
find_request (GError **error)
{
  g_autofree char *id = NULL;

  if (is_request)
    return malt_host_read_request (STDIN_FILENO, error);

  id = malt_distributed_new_id ();
  return malt_spawn_request_new (id, NULL, profile != NULL ? profile : "default",
                                 MALT_LEASE_DEFAULT_MSEC, NULL);
}

static int
serve_once (MaltHostConfig *config)
{
  const char *path = listen_address;
  g_autoptr (MaltSpawnRequest) request = NULL;
  g_autoptr (GError) error = NULL;

  if (path == NULL || !g_str_has_prefix (path, MALT_SPAWN_UNIX_PREFIX)
      || !g_path_is_absolute (path + strlen (MALT_SPAWN_UNIX_PREFIX)))
    {
      fprintf (stderr, "malt-host: --once needs --listen unix:PATH, an absolute path\n");
      return EXIT_USAGE;
    }

  request = find_request (&error);
  if (request == NULL)
    return fail (EXIT_FAILURE, error);

  return malt_host_serve_once (config, path + strlen (MALT_SPAWN_UNIX_PREFIX), request, is_request);
}

/* Who asks for one worker over ssh is the user himself. */
static MaltHostConfig *
find_config (GError **error)
{
  if (config_path != NULL)
    return malt_host_config_new_from_file (config_path, error);

  return is_once ? malt_host_config_new_from_data ("{}", error)
                 : malt_host_config_new_default (error);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("[check]");
  g_autoptr (MaltHostConfig) config = NULL;
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  /* Whoever reads our output may have gone. */
  signal (SIGPIPE, SIG_IGN);
  malt_host_room_widen ();
  g_option_context_set_summary (context, "Runs the workers of managers on other machines.");
  g_option_context_set_description (context, "With “check” it only tells whether it could serve "
                                             "with its configuration, and nobody else for it.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    return fail (EXIT_USAGE, error);

  if (is_version)
    {
      printf ("malt-host %s\n", MALT_VERSION);
      return EXIT_SUCCESS;
    }
  if (argc == 2 && strcmp (argv[1], "check") == 0 && !is_once)
    return malt_host_check (config_path);
  if (argc > 1 || (!is_once && (listen_address != NULL || profile != NULL || is_request)))
    {
      g_autofree char *help = g_option_context_get_help (context, TRUE, NULL);

      fprintf (stderr, "%s", help);
      return EXIT_USAGE;
    }

  config = find_config (&error);
  if (config == NULL)
    return fail (EXIT_FAILURE, error);

  return is_once ? serve_once (config) : malt_host_serve (config);
}

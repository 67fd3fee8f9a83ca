/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-names-private.h"
#include "malt/programs/malt-cli-private.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const MaltCliVerb *const verbs[] = {
  &malt_cli_verb_eval,
  &malt_cli_verb_call,
  &malt_cli_verb_map,
  &malt_cli_verb_repl,
  &malt_cli_verb_backends,
  &malt_cli_verb_modules,
  &malt_cli_verb_config,
  &malt_cli_verb_conformance,
  &malt_cli_verb_doctor,
  &malt_cli_verb_hosts,
};

static void
print_help (FILE *stream)
{
  fputs ("Usage: malt COMMAND [OPTION…] [ARGUMENT…]\n"
         "\n"
         "Runs code in a worker, a process of its own, and survives whatever it does.\n"
         "\n"
         "Commands:\n",
         stream);
  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    fprintf (stream, "  %-11s %s\n", verbs[i]->name, verbs[i]->summary);
  fputs ("  help        Shows this, or the help of a command\n"
         "\n"
         "Exit status:\n"
         "  0    success\n"
         "  1    the function or expression failed in the worker, or a check did not pass\n"
         "  2    the command line is wrong\n"
         "  3    no worker could be started\n"
         "  4    the worker ended before the call did\n"
         "  124  the call timed out\n"
         "  130  the call was interrupted\n"
         "\n"
         "malt COMMAND --help says more, with examples; malt --version shows the version.\n",
         stream);
}

static const MaltCliVerb *
find_verb (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    {
      if (strcmp (verbs[i]->name, name) == 0)
        return verbs[i];
    }

  return NULL;
}

static MaltCliExit
fail_unknown (const char *name)
{
  const char *names[G_N_ELEMENTS (verbs) + 2] = { "help" };
  const char *nearest;

  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    names[i + 1] = verbs[i]->name;
  nearest = malt_names_find_nearest (name, names);

  if (name[0] == '-')
    malt_cli_print (stderr, "malt: “%s” is no command: options come after one.", name);
  else if (nearest != NULL)
    malt_cli_print (stderr, "malt: There is no command “%s”; did you mean “%s”?", name, nearest);
  else
    malt_cli_print (stderr, "malt: There is no command “%s”.", name);
  fputs (" Try “malt --help”.\n", stderr);

  return MALT_CLI_EXIT_USAGE;
}

static int
run_verb (const char  *name,
          int          argc,
          char       **argv)
{
  const MaltCliVerb *verb = find_verb (name);
  g_autofree char *program = NULL;

  if (verb == NULL)
    return fail_unknown (name);

  program = g_strconcat ("malt ", verb->name, NULL);
  g_set_prgname (program);

  return verb->run (argc, argv);
}

static gboolean
is_help (const char *argument)
{
  return g_str_equal (argument, "--help") || g_str_equal (argument, "-h");
}

static int
run_help (const char *name)
{
  char *argv[] = { (char *) "help", (char *) "--help", NULL };

  if (name != NULL && !is_help (name))
    return run_verb (name, 2, argv);

  print_help (stdout);
  return malt_cli_finish_output (MALT_CLI_EXIT_SUCCESS);
}

/* A socket that got the number of a closed standard stream would be written to: in its place comes
 * what cannot be read, or written, so that using it is the error it was. */
static void
fill_closed_streams (void)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    {
      if (fcntl (fd, F_GETFD) == -1)
        (void) open ("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    }
}

int
main (int    argc,
      char **argv)
{
  fill_closed_streams ();
  setlocale (LC_ALL, "");
  g_set_prgname ("malt");
  malt_cli_guard_log ();
  /* Somebody may close our output, or a worker its socket: errors that have a return value. */
  signal (SIGPIPE, SIG_IGN);

  if (argc < 2)
    {
      print_help (stderr);
      return MALT_CLI_EXIT_USAGE;
    }

  if (g_str_equal (argv[1], "--version"))
    {
      puts ("malt " MALT_VERSION);
      return malt_cli_finish_output (MALT_CLI_EXIT_SUCCESS);
    }

  if (is_help (argv[1]))
    return run_help (NULL);
  if (g_str_equal (argv[1], "help"))
    return run_help (argv[2]);

  return run_verb (argv[1], argc - 1, argv + 1);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/programs/malt-cli-private.h"

#include <malt/malt-plugin.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

/* Namespaces are tried in a process of its own, for there is no way back. Returns an errno. */
static int
try_user_namespace (void)
{
  int status = 0;
  pid_t pid;

  /* Whoever has started this program may ignore it, and then no child can be waited for. */
  signal (SIGCHLD, SIG_DFL);
  pid = fork ();
  if (pid < 0)
    return errno;
  if (pid == 0)
    _exit (unshare (CLONE_NEWUSER) == 0 ? 0 : errno);

  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    ;
  return WIFEXITED (status) ? WEXITSTATUS (status) : EIO;
}

/* Of the kernel's own, what malt itself has no use for. */
static void
add_kernel (GVariantBuilder *builder)
{
  struct utsname name;
  int error_number = try_user_namespace ();
  g_autofree char *kernel = NULL;

  uname (&name);
  kernel = g_strdup_printf ("%s %s", name.sysname, name.release);
  g_variant_builder_add (builder, "(sbs)", "kernel", TRUE, kernel);
  g_variant_builder_add (builder, "(sbs)", "user namespaces", error_number == 0,
                         error_number == 0 ? "" : g_strerror (error_number));
}

/* (transfer full): a(sbs), name, whether it is there, text. */
static GVariant *
list_mechanisms (void)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(sbs)"));
  g_autoptr (GVariant) mechanisms = malt_sandbox_list_mechanisms ();

  add_kernel (&builder);
  for (gsize i = 0; i < g_variant_n_children (mechanisms); i++)
    {
      g_autoptr (GVariant) mechanism = g_variant_get_child_value (mechanisms, i);

      g_variant_builder_add_value (&builder, mechanism);
    }

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static GVariant *
list_profiles (void)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(sbs)"));

  for (MaltSandbox profile = MALT_SANDBOX_NONE; profile <= MALT_SANDBOX_ISOLATED; profile++)
    {
      const char *name = malt_sandbox_get_name (profile);
      g_autoptr (GError) error = NULL;
      gboolean is_there = malt_sandbox_check (name, &error);

      g_variant_builder_add (&builder, "(sbs)", name, is_there,
                             is_there ? "" : error->message);
    }

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/* `absent` comes before the reason, unless that says it. */
static void
print_list (const char *title,
            GVariant   *list,
            const char *absent)
{
  GVariantIter iter;
  const char *name;
  const char *text;
  gboolean is_there;

  printf ("%s:\n", title);
  g_variant_iter_init (&iter, list);
  while (g_variant_iter_next (&iter, "(&sb&s)", &name, &is_there, &text))
    malt_cli_print (stdout, "  %-16s %s%s%s\n", name, is_there ? "available" : absent,
                    is_there && *text != '\0' ? ": " : "", text);
}

static GVariant *
to_dictionary (GVariant *list)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  GVariantIter iter;
  const char *name;
  const char *text;
  gboolean is_there;

  g_variant_iter_init (&iter, list);
  while (g_variant_iter_next (&iter, "(&sb&s)", &name, &is_there, &text))
    {
      g_auto (GVariantDict) item = G_VARIANT_DICT_INIT (NULL);

      g_variant_dict_insert (&item, "available", "b", is_there);
      g_variant_dict_insert (&item, "text", "s", text);
      g_variant_dict_insert_value (&dict, name, g_variant_dict_end (&item));
    }

  return g_variant_dict_end (&dict);
}

static void
print_json (GVariant *mechanisms,
            GVariant *profiles)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GVariant) value = NULL;
  g_autofree char *text = NULL;

  g_variant_dict_insert_value (&dict, "mechanisms", to_dictionary (mechanisms));
  g_variant_dict_insert_value (&dict, "profiles", to_dictionary (profiles));
  value = g_variant_ref_sink (g_variant_dict_end (&dict));
  text = malt_cli_value_to_json (value);
  puts (text);
}

static int
run_doctor (int    argc,
            char **argv)
{
  const MaltCliVerb *verb = &malt_cli_verb_doctor;
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &json, "Print as JSON", NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_auto (GStrv) words = NULL;
  g_autoptr (GVariant) mechanisms = NULL;
  g_autoptr (GVariant) profiles = NULL;
  MaltCliExit status;

  if (!malt_cli_parse (verb, entries, NULL, NULL, argc, argv, &words, &status))
    return status;
  if (words[0] != NULL)
    return malt_cli_fail_usage (verb, "“%s” is one too many: expected no argument", words[0]);

  mechanisms = list_mechanisms ();
  profiles = list_profiles ();
  if (json)
    print_json (mechanisms, profiles);
  else
    {
      print_list ("Sandbox profiles", profiles, "");
      print_list ("Made of", mechanisms, "not available: ");
    }

  return malt_cli_finish_output (MALT_CLI_EXIT_SUCCESS);
}

const MaltCliVerb malt_cli_verb_doctor = {
  .name = "doctor",
  .parameters = "",
  .summary = "Tells which sandboxes workers can have here, and why not the others",
  .description =
    "A profile is chosen with the option sandbox of the backend process. There is never a weaker\n"
    "one instead of one that is not available: a worker with that does not start.\n"
    "\n"
    "Examples:\n"
    "  malt doctor\n"
    "  malt doctor --json\n"
    "  malt eval --backend process --option sandbox=strict 'os.execute (\"true\")'",
  .run = run_doctor,
};

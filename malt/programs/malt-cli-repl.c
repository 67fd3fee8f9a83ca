/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/programs/malt-cli-private.h"

#define PROMPT "malt> "
#define PROMPT_MORE "    > "

/* What Lua says of a text that could go on. */
#define INCOMPLETE_TYPE "lua.syntax"
#define INCOMPLETE_MARK "near <eof>"

/* `pending` is text whose end is still to come, with its newlines; empty between expressions. */
typedef struct
{
  MaltCliSession *session;
  MaltCliLine    *line;
  MaltCliFormat   format;
  const char     *module;
  GString        *pending;
  GError         *incomplete; /* owned: why `pending` is not an expression yet */
} Repl;

static gboolean
is_incomplete (const GError *error)
{
  const char *message = malt_error_get_remote_message (error);

  return g_error_matches (error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION)
         && g_strcmp0 (malt_error_get_remote_type (error), INCOMPLETE_TYPE) == 0
         && message != NULL
         && g_str_has_suffix (message, INCOMPLETE_MARK);
}

static void
forget_pending (Repl *self)
{
  g_string_truncate (self->pending, 0);
  g_clear_error (&self->incomplete);
}

/* FALSE when there is no worker to go on with. */
static gboolean
replace_worker (Repl *self)
{
  g_autoptr (MaltAbstractWorker) worker =
    g_object_ref (malt_cli_session_get_worker (self->session));
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  MaltExitReport *report;

  malt_cli_session_stop (self->session);
  report = malt_abstract_worker_get_exit_report (worker);
  text = report != NULL ? malt_exit_report_to_string (report) : g_strdup ("no exit report");
  malt_cli_print (stderr, "The worker is gone (%s). A new one takes its place; what was defined is "
                  "lost.\n", text);

  if (malt_cli_session_start (self->session, &error))
    return TRUE;

  malt_cli_print_error (error);
  return FALSE;
}

static gboolean
ensure_worker (Repl *self)
{
  return malt_cli_session_has_worker (self->session) || replace_worker (self);
}

static void
evaluate_pending (Repl *self)
{
  g_autoptr (MaltCall) call = malt_call_new_eval (self->module, self->pending->str, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_cli_session_send (self->session, call, &error);

  g_clear_error (&self->incomplete);
  if (value == NULL && is_incomplete (error))
    {
      g_string_append_c (self->pending, '\n');
      self->incomplete = g_steal_pointer (&error);
      return;
    }

  if (value == NULL)
    malt_cli_print_error (error);
  else if (!g_variant_is_of_type (value, G_VARIANT_TYPE_UNIT))
    malt_cli_print_value (value, self->format);
  forget_pending (self);
}

/* FALSE when there is no worker to go on with. */
static gboolean
take_line (Repl       *self,
           const char *line)
{
  g_autofree char *text = g_utf8_make_valid (line, -1);

  if (self->pending->len == 0 && *g_strstrip (text) == '\0')
    return TRUE;
  if (!ensure_worker (self))
    return FALSE;

  g_string_append (self->pending, text);
  evaluate_pending (self);
  return ensure_worker (self);
}

static MaltCliExit
read_and_evaluate (Repl *self)
{
  for (;;)
    {
      g_autofree char *line = NULL;
      const char *prompt = self->pending->len == 0 ? PROMPT : PROMPT_MORE;

      switch (malt_cli_line_read (self->line, prompt, &line))
        {
        case MALT_CLI_LINE_READ:
          if (!take_line (self, line))
            return MALT_CLI_EXIT_START_FAILED;
          break;

        case MALT_CLI_LINE_INTERRUPTED:
          forget_pending (self);
          break;

        case MALT_CLI_LINE_END:
        default:
          if (self->incomplete != NULL)
            malt_cli_print_error (self->incomplete);
          return MALT_CLI_EXIT_SUCCESS;
        }
    }
}

static void
greet (Repl *self)
{
  MaltAbstractWorker *worker = malt_cli_session_get_worker (self->session);
  g_autofree char *description = malt_abstract_worker_describe (worker);

  if (malt_cli_line_is_interactive (self->line))
    malt_cli_print (stdout, "malt " MALT_VERSION ", %s\nCtrl-C interrupts, Ctrl-D leaves.\n",
                    description);
}

static MaltCliExit
converse (MaltCliSession *session,
          const char     *module,
          MaltCliFormat   format)
{
  g_autoptr (MaltCliLine) line = malt_cli_line_new (session);
  Repl repl = {
    .session = session,
    .line = line,
    .format = format,
    .module = module,
    .pending = g_string_new (NULL),
  };
  MaltCliExit status;

  greet (&repl);
  status = read_and_evaluate (&repl);
  forget_pending (&repl);
  g_string_free (repl.pending, TRUE);

  return status;
}

static int
run_repl (int    argc,
          char **argv)
{
  const MaltCliVerb *verb = &malt_cli_verb_repl;
  g_autofree char *module = NULL;
  const GOptionEntry entries[] = {
    { "module", 'm', 0, G_OPTION_ARG_FILENAME, &module,
      "Evaluate in this module of the worker (Main)", "NAME" },
    G_OPTION_ENTRY_NULL,
  };
  g_auto (MaltCliWorkerOptions) options = { .own_process_group = TRUE };
  g_auto (GStrv) words = NULL;
  g_autoptr (MaltCliSession) session = NULL;
  g_autoptr (GError) error = NULL;
  MaltCliFormatOptions format = { 0 };
  MaltCliExit status;

  if (!malt_cli_parse (verb, entries, &options, &format, argc, argv, &words, &status))
    return status;
  if (words[0] != NULL)
    return malt_cli_fail_usage (verb, "“%s” is one too many: expected no argument", words[0]);
  if (module != NULL && !malt_cli_check_utf8 (module, &error))
    return malt_cli_fail_usage (verb, "%s", error->message);

  session = malt_cli_session_new (&options, &error);
  if (session == NULL)
    {
      malt_cli_print_error (error);
      return MALT_CLI_EXIT_USAGE;
    }

  if (!malt_cli_session_start (session, &error))
    return malt_cli_fail_start (error);

  status = converse (session, module, malt_cli_format_get (&format));
  malt_cli_session_stop (session);
  return malt_cli_finish_output (status);
}

const MaltCliVerb malt_cli_verb_repl = {
  .name = "repl",
  .parameters = "",
  .summary = "Evaluates what is typed, line by line, in a worker",
  .description =
    "An expression that is not complete goes on in the next line. Ctrl-C interrupts what runs and\n"
    "keeps the worker with all that was defined; a second one ends the worker, and a new one\n"
    "takes its place. At the prompt Ctrl-C drops the line; Ctrl-D leaves.\n"
    "\n"
    "The lines are remembered in malt/history in the XDG state folder. The worker is in a process\n"
    "group of its own.\n"
    "\n"
    "Examples:\n"
    "  malt repl\n"
    "  malt repl --timeout 2000 --option module-path=$PWD\n"
    "  printf 'x = 6\\nx * 7\\n' | malt repl",
  .run = run_repl,
};

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/programs/malt-cli-private.h"

#include <glib-unix.h>

#include <signal.h>
#include <unistd.h>

/* A command that is over should be over: a worker that does not leave at once is made to. */
#define STOP_EXIT_TIMEOUT_MSEC 1000u
#define STOP_TERM_TIMEOUT_MSEC 1000u

typedef enum
{
  SESSION_IDLE,
  SESSION_STARTING,
  SESSION_CALLING,
  SESSION_STOPPING
} SessionState;

/* One worker, and what Ctrl-C means at the moment. Everything happens in the main thread: an
 * operation is started and the default main context iterated until it has ended, so that SIGINT,
 * progress and standard input are served meanwhile. A session without a worker (`worker` NULL) has
 * not been started, or was stopped. */
struct _MaltCliSession
{
  GObject             parent_instance;

  char               *profile;       /* or a backend; NULL: the configured default */
  GVariant           *options;       /* owned, a{sv} */
  guint               timeout_ms;
  gboolean            shows_progress;
  MaltAbstractWorker *worker;        /* owned, or NULL */
  SessionState        state;
  GCancellable       *cancellable;   /* owned; of what is under way */
  GAsyncResult       *result;        /* owned; of what is under way, once it has ended */
  guint               n_interrupts;  /* Ctrl-C since it began */
  gboolean            is_given_up;   /* the worker was killed, its end may take a moment */
  guint               sigint_source;
};

G_DEFINE_FINAL_TYPE (MaltCliSession, malt_cli_session, G_TYPE_OBJECT)

static void
on_result (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  MaltCliSession *self = user_data;

  self->result = g_object_ref (result);
}

static void
begin (MaltCliSession *self,
       SessionState    state)
{
  self->state = state;
  self->n_interrupts = 0;
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
}

/* (transfer full): the result of what begin() announced. */
static GAsyncResult *
wait_for_result (MaltCliSession *self)
{
  while (self->result == NULL)
    g_main_context_iteration (NULL, TRUE);

  self->state = SESSION_IDLE;
  return g_steal_pointer (&self->result);
}

/* The first Ctrl-C asks the call to end and waits for its answer; whoever presses it again has
 * waited long enough. */
static void
interrupt_call (MaltCliSession *self)
{
  g_autoptr (GError) error = NULL;

  if (self->n_interrupts == 1 && malt_abstract_worker_interrupt (self->worker, &error))
    return;

  self->is_given_up = TRUE;
  g_cancellable_cancel (self->cancellable);
  malt_abstract_worker_kill (self->worker, SIGKILL, NULL);
}

static gboolean
on_sigint (gpointer user_data)
{
  MaltCliSession *self = user_data;

  self->n_interrupts++;
  switch (self->state)
    {
    case SESSION_STARTING:
      g_cancellable_cancel (self->cancellable);
      break;

    case SESSION_CALLING:
      interrupt_call (self);
      break;

    case SESSION_STOPPING:
      malt_abstract_worker_kill (self->worker, SIGKILL, NULL);
      break;

    case SESSION_IDLE:
    default:
      break;
    }

  return G_SOURCE_CONTINUE;
}

static void
malt_cli_session_dispose (GObject *object)
{
  MaltCliSession *self = MALT_CLI_SESSION (object);

  malt_cli_session_stop (self);
  g_clear_handle_id (&self->sigint_source, g_source_remove);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->profile, g_free);
  g_clear_pointer (&self->options, g_variant_unref);

  G_OBJECT_CLASS (malt_cli_session_parent_class)->dispose (object);
}

static void
malt_cli_session_class_init (MaltCliSessionClass *class)
{
  G_OBJECT_CLASS (class)->dispose = malt_cli_session_dispose;
}

static void
malt_cli_session_init (MaltCliSession *self)
{
  self->sigint_source = g_unix_signal_add (SIGINT, on_sigint, self);
}

/* Whether somebody has said which sandbox a worker is to have. */
static gboolean
is_sandbox_chosen (const char *const          *configured,
                   const MaltCliWorkerOptions *options)
{
  for (gsize i = 0; options->options != NULL && options->options[i] != NULL; i++)
    if (g_str_has_prefix (options->options[i], "sandbox="))
      return TRUE;

  return g_strv_contains (configured, "sandbox");
}

/* What a person at a terminal expects, if the backend knows it and the profile (which sets the
 * options in `configured`) does not say another. A word of the command line wins, for it comes
 * later. Who distrusts a worker does not hand it the terminal: what it prints is relayed. */
static char **
add_own_defaults (MaltBackend                *backend,
                  const char *const          *configured,
                  const MaltCliWorkerOptions *options)
{
  gboolean is_trusted = !is_sandbox_chosen (configured, options);
  const struct
  {
    const char *name;
    const char *word;
    gboolean    is_wanted;
  } defaults[] = {
    { "stdout", "stdout=inherit", is_trusted },
    { "stderr", "stderr=inherit", is_trusted },
    { "process-group", "process-group=own", options->own_process_group },
  };
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (defaults); i++)
    {
      if (defaults[i].is_wanted
          && malt_backend_find_option (backend, defaults[i].name) != NULL
          && !g_strv_contains (configured, defaults[i].name))
        g_strv_builder_add (words, defaults[i].word);
    }
  if (options->options != NULL)
    g_strv_builder_addv (words, (const char **) options->options);

  return g_strv_builder_end (words);
}

GVariant *
malt_cli_find_options (const MaltCliWorkerOptions  *options,
                       GError                     **error)
{
  MaltConfig *config = malt_config_get_default (error);
  g_autoptr (MaltBackend) backend = NULL;
  g_auto (GStrv) configured = NULL;
  g_auto (GStrv) words = NULL;

  if (config != NULL)
    backend = malt_config_lookup_backend (config, options->profile, error);
  if (backend != NULL)
    configured = malt_config_list_options (config, options->profile, error);
  if (configured == NULL)
    return NULL;

  words = add_own_defaults (backend, (const char *const *) configured, options);

  return malt_cli_parse_options (backend, words, error);
}

MaltCliSession *
malt_cli_session_new (const MaltCliWorkerOptions  *options,
                      GError                     **error)
{
  g_autoptr (GVariant) values = malt_cli_find_options (options, error);
  MaltCliSession *self;

  if (values == NULL)
    return NULL;

  self = g_object_new (MALT_CLI_TYPE_SESSION, NULL);
  self->profile = g_strdup (options->profile);
  self->options = g_steal_pointer (&values);
  self->timeout_ms = (guint) options->timeout_ms;
  self->shows_progress = !options->no_progress;
  return self;
}

gboolean
malt_cli_session_start (MaltCliSession  *self,
                        GError         **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  malt_cli_session_stop (self);

  begin (self, SESSION_STARTING);
  malt_create_worker_async (self->profile, self->options, self->cancellable, on_result, self);
  result = wait_for_result (self);
  self->worker = malt_create_worker_finish (result, error);
  self->is_given_up = FALSE;

  return self->worker != NULL;
}

gboolean
malt_cli_session_has_worker (MaltCliSession *self)
{
  return self->worker != NULL && !self->is_given_up
         && malt_abstract_worker_is_running (self->worker);
}

MaltAbstractWorker *
malt_cli_session_get_worker (MaltCliSession *self)
{
  return self->worker;
}

static void
on_progress (MaltCall   *call,
             double      fraction,
             const char *message,
             gpointer    user_data)
{
  malt_cli_print_progress (fraction, message);
}

GVariant *
malt_cli_session_send (MaltCliSession  *self,
                       MaltCall        *call,
                       GError         **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  if (self->timeout_ms != 0)
    malt_call_set_timeout (call, self->timeout_ms);
  if (self->shows_progress)
    g_signal_connect (call, "progress", G_CALLBACK (on_progress), NULL);

  begin (self, SESSION_CALLING);
  malt_abstract_worker_send_async (self->worker, call, self->cancellable, on_result, self);
  result = wait_for_result (self);
  malt_cli_clear_progress ();

  return malt_abstract_worker_send_finish (self->worker, result, error);
}

char *
malt_cli_session_dup_signature (MaltCliSession  *self,
                                const char      *function,
                                GError         **error)
{
  g_autoptr (MaltCall) call = malt_call_new ("malt.signature", g_variant_new ("(s)", function),
                                             NULL);
  g_autoptr (GVariant) signature = NULL;
  g_autoptr (GError) local_error = NULL;

  malt_call_set_result_type (call, G_VARIANT_TYPE_STRING);
  signature = malt_cli_session_send (self, call, &local_error);
  if (signature != NULL && g_variant_type_string_is_valid (g_variant_get_string (signature, NULL)))
    return g_variant_dup_string (signature, NULL);

  /* Some other worker, which does not say. */
  if (signature != NULL
      || g_error_matches (local_error, MALT_ERROR, MALT_ERROR_UNKNOWN_FUNCTION))
    return g_strdup ("");

  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

/* (transfer full): the call with the arguments that its function takes. */
static MaltCall *
fit_call (MaltCliSession  *self,
          MaltCall        *call,
          char           **words,
          GError         **error)
{
  g_autoptr (GVariant) args = NULL;
  g_autofree char *signature = NULL;

  if (words == NULL || words[0] == NULL)
    return g_object_ref (call);

  signature = malt_cli_session_dup_signature (self, malt_call_get_function (call), error);
  if (signature == NULL)
    return NULL;
  if (*signature == '\0')
    return g_object_ref (call);

  args = malt_cli_fit_arguments (malt_call_get_args (call), words, G_VARIANT_TYPE (signature));
  return malt_call_new (malt_call_get_function (call), args, malt_call_get_kwargs (call));
}

static gboolean
on_input (int          fd,
          GIOCondition condition,
          gpointer     user_data)
{
  gboolean *is_ready = user_data;

  *is_ready = TRUE;
  return G_SOURCE_CONTINUE;
}

gboolean
malt_cli_session_wait_input (MaltCliSession *self)
{
  gboolean is_ready = FALSE;
  guint source = g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR | G_IO_NVAL,
                                on_input, &is_ready);

  self->n_interrupts = 0;
  while (!is_ready && self->n_interrupts == 0)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (source);

  return self->n_interrupts == 0;
}

void
malt_cli_session_stop (MaltCliSession *self)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  if (self->worker == NULL)
    return;

  begin (self, SESSION_STOPPING);
  malt_abstract_worker_stop_async (self->worker, STOP_EXIT_TIMEOUT_MSEC, STOP_TERM_TIMEOUT_MSEC,
                                   NULL, on_result, self);
  result = wait_for_result (self);
  if (!malt_abstract_worker_stop_finish (self->worker, result, NULL, &error))
    malt_cli_print_error (error);

  g_clear_object (&self->worker);
}

MaltCliExit
malt_cli_fail_start (const GError *error)
{
  MaltCliExit status = malt_cli_exit_for_error (error);

  malt_cli_print_error (error);

  return status == MALT_CLI_EXIT_FAILED ? MALT_CLI_EXIT_START_FAILED : status;
}

MaltCliExit
malt_cli_run_call (const MaltCliWorkerOptions *options,
                   MaltCall                   *call,
                   char                      **words,
                   MaltCliFormat               format)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (MaltCall) fitting_call = NULL;
  g_autoptr (MaltCliSession) session = malt_cli_session_new (options, &error);
  MaltCliExit status = MALT_CLI_EXIT_SUCCESS;

  if (session == NULL)
    {
      malt_cli_print_error (error);
      return MALT_CLI_EXIT_USAGE;
    }

  if (!malt_cli_session_start (session, &error))
    return malt_cli_fail_start (error);

  fitting_call = fit_call (session, call, words, &error);
  if (fitting_call != NULL)
    value = malt_cli_session_send (session, fitting_call, &error);
  if (value != NULL)
    {
      malt_cli_print_value (value, format);
    }
  else
    {
      malt_cli_print_error (error);
      status = session->n_interrupts > 0 ? MALT_CLI_EXIT_INTERRUPTED
                                         : malt_cli_exit_for_error (error);
    }

  malt_cli_session_stop (session);
  return malt_cli_finish_output (status);
}

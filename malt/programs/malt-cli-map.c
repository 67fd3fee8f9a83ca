/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/programs/malt-cli-private.h"

#include <glib-unix.h>

#include <signal.h>

/* As many processes as one pool takes. */
#define MAX_JOBS 1024

/* A command that is over should be over: workers that do not leave at once are made to. */
#define STOP_TIMEOUT_MSEC 1000u

/* Everything happens in the main thread, whose context is iterated while the pool works. */
typedef struct
{
  MaltPool      *pool;        /* owned; NULL before it is up */
  char         **files;       /* borrowed, as is what follows */
  MaltCliFormat  format;
  GCancellable  *cancellable; /* owned */
  GAsyncResult  *result;      /* owned; of what is under way, once it has ended */
  GVariant     **values;      /* owned, by file; taken when it is their turn to be printed */
  GError       **errors;      /* likewise */
  guint          n_files;
  guint          n_printed;
  guint          n_interrupts;
  MaltCliExit    status;      /* of the first failure */
} Mapping;

static void
mapping_clear (Mapping *self)
{
  for (guint i = 0; i < self->n_files; i++)
    {
      g_clear_pointer (&self->values[i], g_variant_unref);
      g_clear_error (&self->errors[i]);
    }
  g_clear_pointer (&self->values, g_free);
  g_clear_pointer (&self->errors, g_free);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->pool);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Mapping, mapping_clear)

static void
on_result (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Mapping *self = user_data;

  self->result = g_object_ref (result);
}

/* (transfer full) */
static GAsyncResult *
wait_for_result (Mapping *self)
{
  while (self->result == NULL)
    g_main_context_iteration (NULL, TRUE);

  return g_steal_pointer (&self->result);
}

/* The first Ctrl-C ends the calls; whoever presses it again has waited long enough. */
static gboolean
on_sigint (gpointer user_data)
{
  Mapping *self = user_data;

  self->n_interrupts++;
  g_cancellable_cancel (self->cancellable);
  if (self->n_interrupts > 1 && self->pool != NULL)
    malt_abstract_worker_kill (MALT_ABSTRACT_WORKER (self->pool), SIGKILL, NULL);

  return G_SOURCE_CONTINUE;
}

static void
fail (Mapping      *self,
      const GError *error)
{
  malt_cli_print_error (error);
  if (self->status == MALT_CLI_EXIT_SUCCESS)
    self->status = malt_cli_exit_for_error (error);
}

/* One line where there is one: which worker it was says nothing about the file. */
static void
tell_failure (Mapping      *self,
              const char   *file,
              const GError *error)
{
  const char *message = malt_error_get_remote_message (error);
  g_autofree char *shown = g_filename_display_name (file);
  g_autoptr (GError) short_error = g_error_new (error->domain, error->code, "%s: %s", shown,
                                                message != NULL ? message : error->message);

  fail (self, short_error);
}

static void
print_file (Mapping *self,
            guint    index)
{
  if (self->values[index] != NULL)
    {
      malt_cli_print_value (self->values[index], self->format);
      g_clear_pointer (&self->values[index], g_variant_unref);
      return;
    }

  tell_failure (self, self->files[index], self->errors[index]);
  g_clear_error (&self->errors[index]);
}

/* Prints what is there, in the order of the files. */
static gboolean
on_file (MaltPool     *pool,
         guint         index,
         GVariant     *value,
         const GError *error,
         gpointer      user_data)
{
  Mapping *self = user_data;

  self->values[index] = value != NULL ? g_variant_ref (value) : NULL;
  self->errors[index] = error != NULL ? g_error_copy (error) : NULL;
  for (; self->n_printed < self->n_files
         && (self->values[self->n_printed] != NULL || self->errors[self->n_printed] != NULL);
       self->n_printed++)
    print_file (self, self->n_printed);
  malt_cli_note_write_error (fflush (stdout) != 0);

  return TRUE;
}

static void
on_progress (MaltPool *pool,
             guint     done,
             guint     total,
             gpointer  user_data)
{
  g_autofree char *text = g_strdup_printf ("%u of %u", done, total);

  malt_cli_print_progress ((double) done / total, text);
}

/* (transfer full): for each file the arguments, and its name. */
static GVariant *
new_inputs (char     **files,
            GVariant  *args)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("av"));

  for (guint i = 0; files[i] != NULL; i++)
    {
      g_auto (GVariantBuilder) tuple = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_TUPLE);
      GVariantIter iter;
      GVariant *arg;

      g_variant_iter_init (&iter, args);
      while ((arg = g_variant_iter_next_value (&iter)) != NULL)
        {
          g_variant_builder_add_value (&tuple, arg);
          g_variant_unref (arg);
        }
      if (g_utf8_validate (files[i], -1, NULL))
        g_variant_builder_add (&tuple, "s", files[i]);
      else
        g_variant_builder_add (&tuple, "^ay", files[i]);
      g_variant_builder_add (&builder, "v", g_variant_builder_end (&tuple));
    }

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/* FALSE: there is no pool, and why has been said. */
static gboolean
start (Mapping                    *self,
       const MaltCliWorkerOptions *options,
       guint                       n_jobs)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) values = malt_cli_find_options (options, &error);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GObject) source = NULL;

  if (values == NULL)
    {
      malt_cli_print_error (error);
      self->status = MALT_CLI_EXIT_USAGE;
      return FALSE;
    }

  g_async_initable_new_async (MALT_TYPE_POOL, G_PRIORITY_DEFAULT, self->cancellable, on_result,
                              self,
                              "profile", options->profile,
                              "options", values,
                              "size", n_jobs,
                              NULL);
  result = wait_for_result (self);
  self->pool = malt_pool_new_finish (result, &error);
  if (self->pool != NULL)
    return TRUE;

  fail (self, error);
  if (self->status == MALT_CLI_EXIT_FAILED)
    self->status = MALT_CLI_EXIT_START_FAILED;
  return FALSE;
}

static void
map (Mapping    *self,
     const char *function,
     GVariant   *args,
     gboolean    shows_progress)
{
  g_autoptr (GVariant) inputs = new_inputs (self->files, args);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  if (shows_progress)
    g_signal_connect (self->pool, "map-progress", G_CALLBACK (on_progress), NULL);
  malt_pool_map_each_async (self->pool, function, inputs, on_file, self, NULL, self->cancellable,
                            on_result, self);
  result = wait_for_result (self);
  malt_cli_clear_progress ();
  if (!malt_pool_map_each_finish (self->pool, result, &error))
    fail (self, error);
}

static void
stop (Mapping *self)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_stop_async (MALT_ABSTRACT_WORKER (self->pool), STOP_TIMEOUT_MSEC,
                                   STOP_TIMEOUT_MSEC, NULL, on_result, self);
  result = wait_for_result (self);
  if (!malt_abstract_worker_stop_finish (MALT_ABSTRACT_WORKER (self->pool), result, NULL, &error))
    malt_cli_print_error (error);
}

static MaltCliExit
map_files (const MaltCliWorkerOptions *options,
           const char                 *function,
           GVariant                   *args,
           char                      **files,
           guint                       n_jobs,
           MaltCliFormat               format)
{
  g_auto (Mapping) self = { .files = files, .format = format, .n_files = g_strv_length (files) };
  guint sigint_source = g_unix_signal_add (SIGINT, on_sigint, &self);

  self.cancellable = g_cancellable_new ();
  self.values = g_new0 (GVariant *, self.n_files);
  self.errors = g_new0 (GError *, self.n_files);
  if (start (&self, options, MIN (n_jobs, self.n_files)))
    {
      map (&self, function, args, !options->no_progress);
      stop (&self);
    }
  g_source_remove (sigint_source);
  if (self.n_interrupts > 0)
    self.status = MALT_CLI_EXIT_INTERRUPTED;

  return malt_cli_finish_output (self.status);
}

static void
set_timeout (MaltCliWorkerOptions *options)
{
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  g_autofree char *word = g_strdup_printf ("call-timeout=%d", options->timeout_ms);

  if (options->timeout_ms == 0)
    return;

  if (options->options != NULL)
    g_strv_builder_addv (words, (const char **) options->options);
  g_strv_builder_add (words, word);
  g_strfreev (options->options);
  options->options = g_strv_builder_end (words);
}

static int
run_map (int    argc,
         char **argv)
{
  const MaltCliVerb *verb = &malt_cli_verb_map;
  g_auto (GStrv) argument_words = NULL;
  int n_jobs = (int) MIN (g_get_num_processors (), MAX_JOBS);
  MaltCliFormatOptions format = { 0 };
  const GOptionEntry entries[] = {
    { "jobs", 'j', 0, G_OPTION_ARG_INT, &n_jobs, "So many workers (one a processor)", "N" },
    { "argument", 'a', 0, G_OPTION_ARG_FILENAME_ARRAY, &argument_words,
      "An argument before the file; may be repeated", "ARGUMENT" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &format.json, "Print results as JSON", NULL },
    { "types", 'T', 0, G_OPTION_ARG_NONE, &format.types,
      "Print results with their types, so that they can be read back exactly", NULL },
    G_OPTION_ENTRY_NULL,
  };
  char *no_words[] = { NULL };
  g_auto (MaltCliWorkerOptions) options = { 0 };
  g_auto (GStrv) words = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) args = NULL;
  MaltCliExit status;

  if (!malt_cli_parse (verb, entries, &options, NULL, argc, argv, &words, &status))
    return status;
  if (!malt_cli_check_function (words[0], &error))
    return malt_cli_fail_usage (verb, "%s", error->message);
  if (n_jobs < 1 || n_jobs > MAX_JOBS)
    return malt_cli_fail_usage (verb, "There can be 1 to %d workers, not %d", MAX_JOBS, n_jobs);
  if (words[1] == NULL)
    return MALT_CLI_EXIT_SUCCESS;

  args = malt_cli_parse_arguments (argument_words != NULL ? argument_words : no_words, &error);
  if (args == NULL)
    return malt_cli_fail_usage (verb, "%s", error->message);

  set_timeout (&options);
  return map_files (&options, words[0], args, words + 1, (guint) n_jobs,
                    malt_cli_format_get (&format));
}

const MaltCliVerb malt_cli_verb_map = {
  .name = "map",
  .parameters = "FUNCTION [FILE…]",
  .summary = "Calls a function for each file, in several workers",
  .description =
    "FUNCTION gets the name of a FILE as its last argument, and those of --argument before it.\n"
    "One result a line is printed, in the order of the files. What fails is told on standard\n"
    "error, with the name of the file; the others go on. The exit status is that of the first\n"
    "failure.\n"
    "\n"
    "Ctrl-C ends all calls; a second one ends the workers.\n"
    "\n"
    "Examples:\n"
    "  malt map text.count *.txt\n"
    "  malt map --argument sha256 checksum.file -j 4 *.iso",
  .run = run_map,
};

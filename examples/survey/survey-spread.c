/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "survey.h"

/* Calls on their way to each worker: enough that it never waits for us. */
#define CALLS_IN_FLIGHT 8

/* The whole of the work: file i has the calls 2 i and 2 i + 1. `retry` holds numbers of calls whose
 * worker ended before it answered; that worker is taken out of `workers`. */
typedef struct
{
  GMainLoop *loop;
  GPtrArray *files;
  GPtrArray *workers;
  guint      n_calls;
  guint      next;
  GQueue     retry;
  guint      n_in_flight;
  guint      n_answered;
} Spread;

typedef struct
{
  Spread *spread;
  guint   number;
} SpreadCall;

static gpointer
copy_worker (gconstpointer worker,
             gpointer      user_data)
{
  return g_object_ref ((gpointer) worker);
}

static void send_next (Spread             *self,
                       MaltAbstractWorker *worker);

static SurveyFile *
get_file (Spread *self,
          guint   number)
{
  return g_ptr_array_index (self->files, number / 2);
}

static gboolean
is_sum (guint number)
{
  return number % 2 == 0;
}

static void
take_answer (Spread   *self,
             guint     number,
             GVariant *value)
{
  SurveyFile *file = get_file (self, number);

  if (is_sum (number))
    {
      g_free (file->sha256);
      file->sha256 = g_variant_dup_string (value, NULL);
    }
  else
    {
      g_variant_get (value, "(ttt)", NULL, &file->words, &file->bytes);
    }

  self->n_answered++;
}

static void
on_answer (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  MaltAbstractWorker *worker = MALT_ABSTRACT_WORKER (source);
  g_autofree SpreadCall *call = user_data;
  Spread *self = call->spread;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_remote_call_finish (worker, result, &error);

  self->n_in_flight--;
  if (g_error_matches (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER))
    {
      g_ptr_array_remove (self->workers, worker);
      g_queue_push_tail (&self->retry, GUINT_TO_POINTER (call->number));
      if (self->workers->len > 0)
        worker = g_ptr_array_index (self->workers, call->number % self->workers->len);
    }
  else if (value != NULL)
    {
      take_answer (self, call->number, value);
    }
  else
    {
      survey_check (FALSE, "%s", error->message);
    }

  if (self->workers->len > 0)
    send_next (self, worker);
  if (self->n_in_flight == 0)
    g_main_loop_quit (self->loop);
}

/* Each worker asks for more when it has answered, so a quick one does more than a slow one. */
static void
send_next (Spread             *self,
           MaltAbstractWorker *worker)
{
  SpreadCall *call;
  SurveyFile *file;
  guint number;

  if (!g_queue_is_empty (&self->retry))
    number = GPOINTER_TO_UINT (g_queue_pop_head (&self->retry));
  else if (self->next < self->n_calls)
    number = self->next++;
  else
    return;

  call = g_new (SpreadCall, 1);
  call->spread = self;
  call->number = number;
  file = get_file (self, number);

  self->n_in_flight++;
  if (is_sum (number))
    malt_abstract_worker_remote_call_async (worker, "checksum.file",
                                            g_variant_new ("(ss)", "sha256", file->path),
                                            NULL, NULL, on_answer, call);
  else
    malt_abstract_worker_remote_call_async (worker, "text.count",
                                            g_variant_new ("(s)", file->path),
                                            NULL, NULL, on_answer, call);
}

guint
survey_spread (GPtrArray *workers,
               GPtrArray *files)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GPtrArray) running = g_ptr_array_copy (workers, copy_worker, NULL);
  Spread spread = {
    .loop = loop,
    .files = files,
    .workers = running,
    .n_calls = files->len * 2,
    .retry = G_QUEUE_INIT,
  };

  for (guint i = 0; i < CALLS_IN_FLIGHT; i++)
    {
      for (guint j = 0; j < workers->len; j++)
        send_next (&spread, g_ptr_array_index (workers, j));
    }

  if (spread.n_in_flight > 0)
    g_main_loop_run (loop);
  g_queue_clear (&spread.retry);

  return spread.n_answered;
}

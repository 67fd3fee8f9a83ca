/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-nats-requests.h"

#include <malt/malt-plugin.h>

#include <string.h>

struct _MaltNatsRequests
{
  GMainContext *context; /* owned */
  GHashTable   *table;   /* number → MaltNatsRequest */
  guint64       last;
};

typedef struct
{
  MaltNatsRequests *requests; /* not owned */
  guint64           number;
} Watch;

static void
request_free (gpointer data)
{
  MaltNatsRequest *request = data;

  malt_clear_source (&request->timeout);
  malt_clear_source (&request->cancelled);
  g_free (request->subject);
  g_bytes_unref (request->payload);
  g_object_unref (request->task);
  g_free (request);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltNatsRequest, request_free)

MaltNatsRequests *
malt_nats_requests_new (GMainContext *context)
{
  MaltNatsRequests *self = g_new0 (MaltNatsRequests, 1);

  self->context = g_main_context_ref (context);
  self->table = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, request_free);

  return self;
}

void
malt_nats_requests_free (MaltNatsRequests *self)
{
  g_hash_table_unref (self->table);
  g_main_context_unref (self->context);
  g_free (self);
}

MaltNatsRequest *
malt_nats_requests_lookup (MaltNatsRequests *self,
                           guint64           number)
{
  return g_hash_table_lookup (self->table, &number);
}

/* What a task calls may ask and end others: it is called when the table knows nothing of it any
 * more. */
static MaltNatsRequest *
take (MaltNatsRequests *self,
      guint64           number)
{
  gpointer request = NULL;

  g_hash_table_steal_extended (self->table, &number, NULL, &request);

  return request;
}

void
malt_nats_requests_answer (MaltNatsRequests *self,
                           guint64           number,
                           GBytes           *payload)
{
  g_autoptr (MaltNatsRequest) request = take (self, number);

  if (request != NULL)
    g_task_return_pointer (request->task, g_bytes_ref (payload), (GDestroyNotify) g_bytes_unref);
}

void
malt_nats_requests_fail (MaltNatsRequests *self,
                         guint64           number,
                         GError           *error)
{
  g_autoptr (MaltNatsRequest) request = take (self, number);

  if (request != NULL)
    g_task_return_error (request->task, error);
  else
    g_error_free (error);
}

static gboolean
on_timed_out (gpointer user_data)
{
  Watch *watch = user_data;
  MaltNatsRequest *request = malt_nats_requests_lookup (watch->requests, watch->number);

  malt_nats_requests_fail (watch->requests, watch->number,
                           g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                        request->is_sent ? "Nobody has answered on “%s”"
                                                         : "No NATS server could be asked on “%s”",
                                        request->subject));

  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable,
              gpointer      user_data)
{
  Watch *watch = user_data;
  MaltNatsRequest *request = malt_nats_requests_lookup (watch->requests, watch->number);

  malt_nats_requests_fail (watch->requests, watch->number,
                           g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                        "The request on “%s” was cancelled", request->subject));

  return G_SOURCE_REMOVE;
}

/* Takes the source, which goes with the request. */
static GSource *
watch (MaltNatsRequests *self,
       guint64           number,
       GSource          *source,
       GSourceFunc       func)
{
  Watch *data = g_new (Watch, 1);

  *data = (Watch) { self, number };
  g_source_set_callback (source, func, data, g_free);
  g_source_attach (source, self->context);

  return source;
}

MaltNatsRequest *
malt_nats_requests_add (MaltNatsRequests *self,
                        GTask            *task,
                        const char       *subject,
                        GBytes           *payload,
                        guint             timeout_ms)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  MaltNatsRequest *request = g_new0 (MaltNatsRequest, 1);

  request->number = ++self->last;
  request->task = g_object_ref (task);
  request->subject = g_strdup (subject);
  request->payload = g_bytes_ref (payload);
  request->timeout =
    watch (self, request->number, g_timeout_source_new (timeout_ms), on_timed_out);
  if (cancellable != NULL)
    request->cancelled = watch (self, request->number, g_cancellable_source_new (cancellable),
                                G_SOURCE_FUNC (on_cancelled));
  g_hash_table_insert (self->table, &request->number, request);

  return request;
}

GArray *
malt_nats_requests_list_unsent (MaltNatsRequests *self)
{
  GArray *numbers = g_array_new (FALSE, FALSE, sizeof (guint64));
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->table);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      MaltNatsRequest *request = value;

      if (!request->is_sent)
        g_array_append_val (numbers, request->number);
    }

  return numbers;
}

gboolean
malt_nats_names_subject (const char *text,
                         const char *subject)
{
  g_autofree char *quoted = g_strdup_printf ("\"%s\"", subject);

  return strstr (text, quoted) != NULL;
}

void
malt_nats_requests_fail_sent (MaltNatsRequests *self,
                              const char       *text,
                              const GError     *error)
{
  g_autoptr (GPtrArray) taken =
    g_ptr_array_new_with_free_func ((GDestroyNotify) request_free);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->table);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      MaltNatsRequest *request = value;

      if (!request->is_sent
          || (text != NULL && !malt_nats_names_subject (text, request->subject)))
        continue;

      g_ptr_array_add (taken, request);
      g_hash_table_iter_steal (&iter);
    }

  for (guint i = 0; i < taken->len; i++)
    {
      MaltNatsRequest *request = g_ptr_array_index (taken, i);

      g_task_return_error (request->task, g_error_copy (error));
    }
}

void
malt_nats_requests_fail_all (MaltNatsRequests *self,
                             const GError     *error)
{
  g_autoptr (GArray) unsent = malt_nats_requests_list_unsent (self);

  for (guint i = 0; i < unsent->len; i++)
    malt_nats_requests_fail (self, g_array_index (unsent, guint64, i), g_error_copy (error));
  malt_nats_requests_fail_sent (self, NULL, error);
}

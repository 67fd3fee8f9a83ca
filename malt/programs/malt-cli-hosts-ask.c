/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/programs/malt-cli-hosts-private.h"

#include "backends/distributed/malt-distributed-names.h"
#include "backends/distributed/malt-nats-client.h"
#include "malt/programs/malt-cli-private.h"

/* Milliseconds for a server to take us on: all of a cluster have been tried. */
#define HOSTS_CONNECT_MSEC 10000u

/* Hosts of a cluster; who sends more is none. */
#define HOSTS_MAX 65536u

typedef struct
{
  MaltNatsClient *client;   /* owned */
  GPtrArray      *hosts;    /* owned MaltInventory */
  guint           n_failed; /* attempts to connect */
  guint           n_answers;
  gboolean        has_news;
  gboolean        is_over;  /* no more answers will come */
  GError         *error;    /* owned */
} Asking;

static void
asking_clear (Asking *self)
{
  g_clear_object (&self->client);
  g_clear_pointer (&self->hosts, g_ptr_array_unref);
  g_clear_error (&self->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Asking, asking_clear)

static void
on_answer (MaltNatsClient          *client,
           const MaltNatsOperation *message,
           gpointer                 user_data)
{
  Asking *asking = user_data;
  g_autoptr (GError) error = NULL;
  MaltInventory *host;

  asking->has_news = TRUE;
  asking->is_over = ++asking->n_answers == HOSTS_MAX;
  if (message->status == MALT_NATS_STATUS_NO_RESPONDERS)
    {
      asking->is_over = TRUE;
      return;
    }

  host = malt_inventory_from_bytes (message->payload, &error);
  if (host == NULL)
    malt_cli_print (stderr, "An answer cannot be read: %s\n", error->message);
  else
    g_ptr_array_add (asking->hosts, host);
}

static void
on_connected (Asking *asking)
{
  asking->has_news = TRUE;
}

static void
on_failed (Asking       *asking,
           const GError *error)
{
  asking->has_news = TRUE;
  asking->n_failed++;
  g_clear_error (&asking->error);
  asking->error = g_error_copy (error);
}

static void
on_refused (Asking       *asking,
            const GError *error)
{
  asking->has_news = TRUE;
  asking->is_over = TRUE;
  g_clear_error (&asking->error);
  asking->error = g_error_copy (error);
}

static gboolean
set_flag (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;

  return G_SOURCE_REMOVE;
}

/* Iterates until something has happened. FALSE: the time is over. */
static gboolean
wait_for (guint   ms,
          Asking *asking)
{
  gboolean is_late = FALSE;
  guint timer = g_timeout_add (ms, set_flag, &is_late);

  asking->has_news = FALSE;
  while (!is_late && !asking->has_news)
    g_main_context_iteration (NULL, TRUE);
  if (!is_late)
    g_source_remove (timer);

  return !is_late;
}

static gboolean
connect_client (Asking               *asking,
                const MaltCliTarget  *target,
                GError              **error)
{
  g_autofree char *id = malt_distributed_new_id ();
  g_autofree char *inbox = malt_distributed_inbox (target->ns, id);
  MaltDistributedTls *tls = target->tls;

  asking->client =
    malt_nats_client_new ((const char *const *) target->servers,
                          tls != NULL ? malt_distributed_tls_get_authorities (tls) : NULL,
                          tls != NULL ? malt_distributed_tls_get_certificate (tls) : NULL,
                          "malt hosts", inbox, error);
  if (asking->client == NULL)
    return FALSE;

  g_signal_connect_swapped (asking->client, "notify::connected", G_CALLBACK (on_connected), asking);
  g_signal_connect_swapped (asking->client, "failed", G_CALLBACK (on_failed), asking);
  g_signal_connect_swapped (asking->client, "refused", G_CALLBACK (on_refused), asking);
  malt_nats_client_open (asking->client);
  while (!asking->is_over && !malt_nats_client_is_connected (asking->client)
         && asking->n_failed < g_strv_length (target->servers))
    if (!wait_for (HOSTS_CONNECT_MSEC, asking))
      break;

  if (malt_nats_client_is_connected (asking->client) && !asking->is_over)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED, "No host can be asked: %s",
               asking->error != NULL ? asking->error->message
                                     : "no NATS server has answered in time");
  return FALSE;
}

GPtrArray *
malt_cli_ask_hosts (const MaltCliTarget  *target,
                    GError              **error)
{
  g_auto (Asking) asking = { 0 };
  g_autofree char *id = malt_distributed_new_id ();
  g_autofree char *inbox = malt_distributed_inbox (target->ns, id);
  g_autofree char *subject = malt_distributed_subject_who (target->ns);
  g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0);

  asking.hosts = g_ptr_array_new_with_free_func ((GDestroyNotify) malt_inventory_free);
  if (!connect_client (&asking, target, error))
    return NULL;

  malt_nats_client_subscribe (asking.client, inbox, NULL, on_answer, &asking);
  if (!malt_nats_client_publish (asking.client, subject, inbox, nothing, error))
    return NULL;

  /* Of servers that were tried before the one that is there. */
  asking.n_failed = 0;
  g_clear_error (&asking.error);
  while (!asking.is_over && asking.n_failed == 0)
    if (!wait_for (target->wait_ms, &asking))
      break;

  if (asking.error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&asking.error));
      return NULL;
    }

  return g_steal_pointer (&asking.hosts);
}

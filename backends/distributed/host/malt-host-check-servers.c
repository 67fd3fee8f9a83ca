/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-check.h"

#include "backends/distributed/malt-distributed-names.h"
#include "backends/distributed/malt-nats-client.h"

/* Milliseconds for a server to take us on, or to refuse it. */
#define CHECK_CONNECT_MSEC 10000u

/* Milliseconds for a server to say that nobody listens. */
#define CHECK_ASK_MSEC 5000u

typedef struct
{
  MaltHostReport *report;
  MaltHostConfig *config;
  const char     *server;
  MaltNatsClient *client;   /* owned */
  gboolean        has_news;
  GError         *refused;  /* owned, nullable */
} Check;

static void
check_clear (Check *self)
{
  g_clear_object (&self->client);
  g_clear_error (&self->refused);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Check, check_clear)

static void
on_news (Check *check)
{
  check->has_news = TRUE;
}

static void
on_refused (Check        *check,
            const GError *error)
{
  g_clear_error (&check->refused);
  check->refused = g_error_copy (error);
}

static gboolean
set_flag (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;

  return G_SOURCE_REMOVE;
}

/* Whether it has been taken on; why not is said by the client. */
static gboolean
connect_client (Check   *check,
                gboolean with_certificate,
                GError **error)
{
  const char *const servers[] = { check->server, NULL };
  MaltDistributedTls *tls = malt_host_config_get_tls (check->config);
  const char *host = malt_host_config_get_host (check->config);
  g_autofree char *inbox =
    malt_distributed_host_inbox (malt_host_config_get_namespace (check->config), host);
  GTlsCertificate *certificate = NULL;
  gboolean is_late = FALSE;
  guint timer;

  if (tls != NULL && with_certificate)
    certificate = malt_distributed_tls_get_certificate (tls);
  check->client =
    malt_nats_client_new (servers, tls != NULL ? malt_distributed_tls_get_authorities (tls) : NULL,
                          certificate, "malt-host check", inbox, error);
  if (check->client == NULL)
    return FALSE;

  g_signal_connect_swapped (check->client, "notify::connected", G_CALLBACK (on_news), check);
  g_signal_connect_swapped (check->client, "failed", G_CALLBACK (on_news), check);
  g_signal_connect_swapped (check->client, "refused", G_CALLBACK (on_refused), check);
  malt_nats_client_open (check->client);
  timer = g_timeout_add (CHECK_CONNECT_MSEC, set_flag, &is_late);
  while (!check->has_news && !is_late)
    g_main_context_iteration (NULL, TRUE);
  if (!is_late)
    g_source_remove (timer);

  if (malt_nats_client_is_connected (check->client))
    return TRUE;

  if (malt_nats_client_get_last_error (check->client) != NULL)
    g_propagate_error (error, g_error_copy (malt_nats_client_get_last_error (check->client)));
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "Nothing came within %u ms",
                 CHECK_CONNECT_MSEC);

  return FALSE;
}

typedef struct
{
  gboolean is_over;
  GError  *error;   /* owned */
} Answer;

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Answer *answer = user_data;
  g_autoptr (GBytes) bytes =
    malt_nats_client_request_finish (MALT_NATS_CLIENT (source), result, &answer->error);

  answer->is_over = TRUE;
}

/* Asks a manager that is not there. The server has refused by then what it has to. FALSE: something
 * else than that nobody listens. */
static gboolean
ask_nobody (Check   *check,
            GError **error)
{
  g_autofree char *id = malt_distributed_new_id ();
  g_autofree char *subject =
    malt_distributed_inbox (malt_host_config_get_namespace (check->config), id);
  g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0);
  Answer answer = { 0 };

  malt_nats_client_request_async (check->client, subject, nothing, CHECK_ASK_MSEC, NULL,
                                  on_answered, &answer);
  while (!answer.is_over)
    g_main_context_iteration (NULL, TRUE);

  if (answer.error == NULL || g_error_matches (answer.error, G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND))
    {
      g_clear_error (&answer.error);
      return TRUE;
    }

  g_propagate_error (error, answer.error);
  return FALSE;
}

/* The host may be running, and a request for it come here: its manager is to ask again. */
static void
on_request (MaltNatsClient          *client,
            const MaltNatsOperation *message,
            gpointer                 user_data)
{
  g_autoptr (GError) busy =
    g_error_new_literal (MALT_ERROR, MALT_ERROR_LIMIT, "The host looks at its permissions");
  g_autoptr (GBytes) bytes = malt_spawn_error_to_bytes (busy);

  if (message->reply != NULL)
    malt_nats_client_publish (client, message->reply, NULL, bytes, NULL);
}

/* Takes the subject. Whether the server lets us hear it. */
static gboolean
can_hear (Check      *check,
          char       *subject,
          const char *queue)
{
  g_autofree char *owned = subject;
  guint64 sid;
  gboolean is_asked;

  g_clear_error (&check->refused);
  sid = malt_nats_client_subscribe (check->client, owned, queue, on_request, NULL);
  malt_nats_client_set_active (check->client, sid, FALSE);
  is_asked = ask_nobody (check, NULL);
  malt_nats_client_unsubscribe (check->client, sid);

  return is_asked && check->refused == NULL;
}

static void
need (Check      *check,
      const char *what,
      char       *subject,
      const char *queue)
{
  g_autofree char *shown = g_strdup (subject);

  if (can_hear (check, subject, queue))
    malt_host_report_ok (check->report, "  permission", "%s, %s", what, shown);
  else
    malt_host_report_failed (check->report, "  permission", "%s is missing: subscribe to %s%s%s",
                             what, shown, queue != NULL ? " " : "", queue != NULL ? queue : "");
}

static void
must_not (Check      *check,
          const char *what,
          char       *subject)
{
  g_autofree char *shown = g_strdup (subject);

  if (can_hear (check, subject, NULL))
    malt_host_report_failed (check->report, "  permission", "%s is too much: subscribe to %s", what,
                             shown);
  else
    malt_host_report_ok (check->report, "  permission", "not %s", what);
}

static void
check_permissions (Check *check)
{
  const char *ns = malt_host_config_get_namespace (check->config);
  const char *host = malt_host_config_get_host (check->config);
  GPtrArray *pools = malt_host_config_get_pools (check->config);
  g_autofree char *other = malt_distributed_new_id ();
  g_autoptr (GError) error = NULL;

  /* Everything that follows is found out by it. */
  if (!ask_nobody (check, &error))
    {
      malt_host_report_failed (check->report, "  permission",
                               "to answer managers, or to hear what is "
                               "below the host’s own subject, is missing: %s",
                               error->message);
      return;
    }

  malt_host_report_ok (check->report, "  permission", "to answer managers");
  need (check, "requests to this host", malt_distributed_subject_host_spawn (ns, host),
        MALT_DISTRIBUTED_QUEUE);
  need (check, "questions who is there", malt_distributed_subject_who (ns), NULL);
  for (guint i = 0; i < pools->len; i++)
    {
      const MaltHostPool *pool = g_ptr_array_index (pools, i);

      need (check, "requests to a pool", malt_distributed_subject_spawn (ns, pool->name),
            MALT_DISTRIBUTED_QUEUE);
    }

  /* Without TLS there are no identities that could have permissions. */
  if (malt_host_config_get_tls (check->config) == NULL)
    return;

  must_not (check, "requests to another host", malt_distributed_subject_host_spawn (ns, other));
  must_not (check, "answers to managers", malt_distributed_inbox (ns, other));
}

/* A server that lets in somebody whom nobody knows lets everybody start workers. */
static void
check_strangers (MaltHostReport *report,
                 MaltHostConfig *config,
                 const char     *server)
{
  g_auto (Check) check = { .report = report, .config = config, .server = server };
  g_autoptr (GError) error = NULL;

  if (malt_host_config_get_tls (config) == NULL)
    malt_host_report_note (report, "  no certificate",
                           "not tried: it is on this machine, without TLS");
  else if (connect_client (&check, FALSE, &error))
    malt_host_report_failed (report, "  no certificate",
                             "the server lets in who shows none: in its "
                             "configuration, “verify_and_map” and all users inside “accounts”");
  else
    malt_host_report_ok (report, "  no certificate", "refused");
}

/* FALSE: it cannot be reached. */
static gboolean
check_server (MaltHostReport *report,
              MaltHostConfig *config,
              const char     *server)
{
  g_auto (Check) check = { .report = report, .config = config, .server = server };
  g_autoptr (GError) error = NULL;

  if (!connect_client (&check, TRUE, &error))
    {
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED)
          || error->domain == MALT_ERROR || error->domain == G_TLS_ERROR)
        malt_host_report_failed (report, "server", "%s: %s", server, error->message);
      else
        malt_host_report_note (report, "server", "%s cannot be reached now: %s", server,
                               error->message);
      return FALSE;
    }

  malt_host_report_ok (report, "server", "%s", server);
  check_permissions (&check);
  check_strangers (report, config, server);

  return TRUE;
}

void
malt_host_check_servers (MaltHostReport *report,
                         MaltHostConfig *config)
{
  const char *const *servers = malt_host_config_get_servers (config);
  guint n_reached = 0;

  for (gsize i = 0; servers[i] != NULL; i++)
    if (check_server (report, config, servers[i]))
      n_reached++;

  if (n_reached == 0)
    malt_host_report_failed (report, "servers", "none can be reached");
}

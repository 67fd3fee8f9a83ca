/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-nats-client.h"

#include "backends/distributed/malt-nats-link.h"
#include "backends/distributed/malt-nats-requests.h"
#include "backends/distributed/malt-nats-servers.h"

#include <malt/malt-plugin.h>

#include <string.h>

/* Bytes of a message, until the server says what it takes. */
#define NATS_DEFAULT_MAX_PAYLOAD (1024 * 1024)

struct _MaltNatsClient
{
  GObject          parent_instance;

  MaltNatsServers *servers;       /* owned */
  GTlsDatabase    *authorities;   /* owned, nullable */
  GTlsCertificate *certificate;   /* owned, nullable */
  char            *name;
  char            *inbox;
  GMainContext    *context;       /* owned */

  MaltNatsLink    *link;          /* owned, nullable */
  GSource         *retry;         /* owned, nullable */
  GError          *last_error;    /* owned, nullable */
  gint64           max_payload;
  gboolean         is_greeted;    /* subscriptions are sent */
  gboolean         is_connected;

  GHashTable      *subscriptions; /* sid → Subscription */
  guint64          last_sid;
  MaltNatsRequests *requests;     /* owned */
};

G_DEFINE_FINAL_TYPE (MaltNatsClient, malt_nats_client, G_TYPE_OBJECT)

enum
{
  PROP_CONNECTED = 1,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

enum
{
  SIGNAL_FAILED,
  SIGNAL_REFUSED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

typedef struct
{
  guint64       sid;
  char         *subject;
  char         *queue;     /* nullable */
  gboolean      is_active;
  MaltNatsFunc  func;
  gpointer      user_data;
} Subscription;

static void
subscription_free (gpointer data)
{
  Subscription *subscription = data;

  g_free (subscription->subject);
  g_free (subscription->queue);
  g_free (subscription);
}

static void
set_connected (MaltNatsClient *self,
               gboolean        is_connected)
{
  if (self->is_connected == is_connected)
    return;

  self->is_connected = is_connected;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CONNECTED]);
}

/* Nothing is done when it cannot be sent: the connection is lost, or about to be, and what it was
 * to say is said again by the next one. */
static void
send_line (MaltNatsClient *self,
           char           *line)
{
  g_autofree char *owned = line;

  if (self->link != NULL)
    malt_nats_link_send (self->link, owned, NULL, NULL);
}

static void
send_subscription (MaltNatsClient *self,
                   Subscription   *subscription)
{
  send_line (self, g_strdup_printf ("SUB %s %s %" G_GUINT64_FORMAT, subscription->subject,
                                    subscription->queue != NULL ? subscription->queue : "",
                                    subscription->sid));
}

static void
send_request (MaltNatsClient  *self,
              MaltNatsRequest *request)
{
  guint64 number = request->number;
  g_autofree char *reply = g_strdup_printf ("%s.%" G_GUINT64_FORMAT, self->inbox, number);
  GError *error = NULL;

  request->is_sent = TRUE;
  if (!malt_nats_client_publish (self, request->subject, reply, request->payload, &error))
    malt_nats_requests_fail (self->requests, number, error);
}

/* Answers that nobody waits for any more are late ones. */
static void
on_answer (MaltNatsClient          *self,
           const MaltNatsOperation *message,
           gpointer                 user_data)
{
  const char *last = strrchr (message->subject, '.');
  guint64 number;

  if (last == NULL
      || !g_ascii_string_to_unsigned (last + 1, 10, 0, G_MAXUINT64, &number, NULL))
    return;

  if (message->status == MALT_NATS_STATUS_NO_RESPONDERS)
    malt_nats_requests_fail (self->requests, number,
                             g_error_new_literal (G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND,
                                                  "Nobody listens to what was asked"));
  else
    malt_nats_requests_answer (self->requests, number, message->payload);
}

static void
on_greeted (gpointer user_data)
{
  MaltNatsClient *self = user_data;
  GHashTableIter iter;
  gpointer value;

  self->is_greeted = TRUE;
  g_hash_table_iter_init (&iter, self->subscriptions);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Subscription *subscription = value;

      if (subscription->is_active)
        send_subscription (self, subscription);
    }
}

static void
on_ready (gpointer user_data)
{
  g_autoptr (MaltNatsClient) self = g_object_ref (user_data);
  g_autoptr (GArray) unsent = malt_nats_requests_list_unsent (self->requests);

  malt_nats_servers_set_connected (self->servers);
  g_clear_error (&self->last_error);
  set_connected (self, TRUE);

  for (guint i = 0; i < unsent->len && self->is_connected; i++)
    {
      MaltNatsRequest *request =
        malt_nats_requests_lookup (self->requests, g_array_index (unsent, guint64, i));

      if (request != NULL && !request->is_sent)
        send_request (self, request);
    }
}

/* The others of the cluster, of which one may be left when those that were given are gone. */
static void
on_info (JsonObject *info,
         gpointer    user_data)
{
  MaltNatsClient *self = user_data;
  JsonNode *urls = json_object_get_member (info, "connect_urls");
  JsonArray *array =
    urls != NULL && JSON_NODE_HOLDS_ARRAY (urls) ? json_node_get_array (urls) : NULL;
  gint64 max_payload =
    json_object_get_int_member_with_default (info, "max_payload", NATS_DEFAULT_MAX_PAYLOAD);

  self->max_payload = CLAMP (max_payload, 0, G_MAXINT32);
  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      const char *server = json_node_get_string (json_array_get_element (array, i));

      if (server != NULL)
        malt_nats_servers_learn (self->servers, server);
    }
}

static void
on_message (const MaltNatsOperation *message,
            gpointer                 user_data)
{
  MaltNatsClient *self = user_data;
  Subscription *subscription = g_hash_table_lookup (self->subscriptions, &message->sid);

  if (subscription != NULL)
    subscription->func (self, message, subscription->user_data);
}

static void
on_refused (const char *text,
            gpointer    user_data)
{
  g_autoptr (MaltNatsClient) self = g_object_ref (user_data);
  g_autoptr (GError) error =
    g_error_new (G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "The NATS server says: %s", text);

  malt_nats_requests_fail_sent (self->requests, text, error);
  g_signal_emit (self, signals[SIGNAL_REFUSED], 0, error);
}

static gboolean on_retry (gpointer user_data);

static void
schedule_retry (MaltNatsClient *self,
                guint           delay_ms)
{
  self->retry = g_timeout_source_new (delay_ms);
  g_source_set_static_name (self->retry, "malt nats");
  g_source_set_callback (self->retry, on_retry, self, NULL);
  g_source_attach (self->retry, self->context);
}

static void
on_lost (const GError *error,
         gpointer      user_data)
{
  g_autoptr (MaltNatsClient) self = g_object_ref (user_data);

  g_clear_error (&self->last_error);
  self->last_error = g_error_copy (error);
  g_clear_pointer (&self->link, malt_nats_link_free);
  self->is_greeted = FALSE;
  schedule_retry (self, malt_nats_servers_get_delay_ms (self->servers, error));
  set_connected (self, FALSE);
  malt_nats_requests_fail_sent (self->requests, NULL, error);
  g_signal_emit (self, signals[SIGNAL_FAILED], 0, error);
}

static const MaltNatsLinkFuncs link_funcs = {
  .greeted = on_greeted,
  .ready = on_ready,
  .info = on_info,
  .message = on_message,
  .refused = on_refused,
  .lost = on_lost,
};

static void
try_next_server (MaltNatsClient *self)
{
  self->link = malt_nats_link_new (malt_nats_servers_next (self->servers), self->authorities,
                                   self->certificate, self->name, &link_funcs, self);
}

static gboolean
on_retry (gpointer user_data)
{
  MaltNatsClient *self = user_data;

  malt_clear_source (&self->retry);
  try_next_server (self);

  return G_SOURCE_REMOVE;
}

static void
malt_nats_client_dispose (GObject *object)
{
  malt_nats_client_close (MALT_NATS_CLIENT (object));

  G_OBJECT_CLASS (malt_nats_client_parent_class)->dispose (object);
}

static void
malt_nats_client_finalize (GObject *object)
{
  MaltNatsClient *self = MALT_NATS_CLIENT (object);

  g_clear_pointer (&self->servers, malt_nats_servers_free);
  g_clear_object (&self->authorities);
  g_clear_object (&self->certificate);
  g_hash_table_unref (self->subscriptions);
  malt_nats_requests_free (self->requests);
  g_clear_error (&self->last_error);
  g_main_context_unref (self->context);
  g_free (self->name);
  g_free (self->inbox);

  G_OBJECT_CLASS (malt_nats_client_parent_class)->finalize (object);
}

static void
malt_nats_client_get_property (GObject    *object,
                               guint       prop_id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  MaltNatsClient *self = MALT_NATS_CLIENT (object);

  switch (prop_id)
    {
    case PROP_CONNECTED:
      g_value_set_boolean (value, self->is_connected);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
malt_nats_client_class_init (MaltNatsClientClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = malt_nats_client_dispose;
  object_class->finalize = malt_nats_client_finalize;
  object_class->get_property = malt_nats_client_get_property;

  properties[PROP_CONNECTED] =
    g_param_spec_boolean ("connected", "Connected", "Whether a server has taken it on", FALSE,
                          G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[SIGNAL_FAILED] =
    g_signal_new ("failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, G_TYPE_ERROR | G_SIGNAL_TYPE_STATIC_SCOPE);
  signals[SIGNAL_REFUSED] =
    g_signal_new ("refused", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, G_TYPE_ERROR | G_SIGNAL_TYPE_STATIC_SCOPE);
}

static void
malt_nats_client_init (MaltNatsClient *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->max_payload = NATS_DEFAULT_MAX_PAYLOAD;
  self->subscriptions =
    g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, subscription_free);
  self->requests = malt_nats_requests_new (self->context);
}

MaltNatsClient *
malt_nats_client_new (const char *const  *servers,
                      GTlsDatabase       *authorities,
                      GTlsCertificate    *certificate,
                      const char         *name,
                      const char         *inbox,
                      GError            **error)
{
  g_autoptr (MaltNatsClient) self = NULL;
  g_autofree char *answers = NULL;

  g_return_val_if_fail (servers != NULL && servers[0] != NULL, NULL);

  self = g_object_new (MALT_TYPE_NATS_CLIENT, NULL);
  self->servers = malt_nats_servers_new (servers, error);
  if (self->servers == NULL)
    return NULL;

  g_set_object (&self->authorities, authorities);
  g_set_object (&self->certificate, certificate);
  self->name = g_strdup (name);
  self->inbox = g_strdup (inbox);
  answers = g_strconcat (inbox, ".*", NULL);
  malt_nats_client_subscribe (self, answers, NULL, on_answer, NULL);

  return g_steal_pointer (&self);
}

void
malt_nats_client_set_tls (MaltNatsClient  *self,
                          GTlsDatabase    *authorities,
                          GTlsCertificate *certificate)
{
  g_return_if_fail (MALT_IS_NATS_CLIENT (self));
  g_return_if_fail (self->authorities != NULL && authorities != NULL);

  g_set_object (&self->authorities, authorities);
  g_set_object (&self->certificate, certificate);
}

void
malt_nats_client_open (MaltNatsClient *self)
{
  g_return_if_fail (MALT_IS_NATS_CLIENT (self));

  if (self->link == NULL && self->retry == NULL)
    try_next_server (self);
}

void
malt_nats_client_close (MaltNatsClient *self)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (MALT_IS_NATS_CLIENT (self));

  g_clear_pointer (&self->link, malt_nats_link_free);
  self->is_greeted = FALSE;
  malt_clear_source (&self->retry);
  set_connected (self, FALSE);
  error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED, "The connection was closed");
  malt_nats_requests_fail_all (self->requests, error);
}

gboolean
malt_nats_client_is_connected (MaltNatsClient *self)
{
  g_return_val_if_fail (MALT_IS_NATS_CLIENT (self), FALSE);

  return self->is_connected;
}

const GError *
malt_nats_client_get_last_error (MaltNatsClient *self)
{
  g_return_val_if_fail (MALT_IS_NATS_CLIENT (self), NULL);

  return self->last_error;
}

guint64
malt_nats_client_subscribe (MaltNatsClient *self,
                            const char     *subject,
                            const char     *queue,
                            MaltNatsFunc    func,
                            gpointer        user_data)
{
  Subscription *subscription;

  g_return_val_if_fail (MALT_IS_NATS_CLIENT (self), 0);
  g_return_val_if_fail (func != NULL, 0);

  subscription = g_new0 (Subscription, 1);
  subscription->sid = ++self->last_sid;
  subscription->subject = g_strdup (subject);
  subscription->queue = g_strdup (queue);
  subscription->is_active = TRUE;
  subscription->func = func;
  subscription->user_data = user_data;
  g_hash_table_insert (self->subscriptions, &subscription->sid, subscription);
  if (self->is_greeted)
    send_subscription (self, subscription);

  return subscription->sid;
}

void
malt_nats_client_set_active (MaltNatsClient *self,
                             guint64         sid,
                             gboolean        is_active)
{
  Subscription *subscription;

  g_return_if_fail (MALT_IS_NATS_CLIENT (self));

  subscription = g_hash_table_lookup (self->subscriptions, &sid);
  g_return_if_fail (subscription != NULL);

  if (subscription->is_active == is_active)
    return;

  subscription->is_active = is_active;
  if (self->is_greeted && is_active)
    send_subscription (self, subscription);
  else if (self->is_greeted)
    send_line (self, g_strdup_printf ("UNSUB %" G_GUINT64_FORMAT, sid));
}

void
malt_nats_client_unsubscribe (MaltNatsClient *self,
                              guint64         sid)
{
  g_return_if_fail (MALT_IS_NATS_CLIENT (self));

  if (g_hash_table_remove (self->subscriptions, &sid) && self->is_greeted)
    send_line (self, g_strdup_printf ("UNSUB %" G_GUINT64_FORMAT, sid));
}

gboolean
malt_nats_client_publish (MaltNatsClient  *self,
                          const char      *subject,
                          const char      *reply,
                          GBytes          *payload,
                          GError         **error)
{
  g_autofree char *line = NULL;
  gsize size = g_bytes_get_size (payload);

  g_return_val_if_fail (MALT_IS_NATS_CLIENT (self), FALSE);

  /* What a subscription brings is there before the server has said that it has taken us on, and may
   * be answered. */
  if (!self->is_greeted)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED, "No NATS server is connected%s%s",
                   self->last_error != NULL ? ": " : "",
                   self->last_error != NULL ? self->last_error->message : "");
      return FALSE;
    }
  if (size > (gsize) self->max_payload)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_LIMIT,
                   "A message of %" G_GSIZE_FORMAT " bytes is more than the %" G_GINT64_FORMAT
                   " that the NATS server takes", size, self->max_payload);
      return FALSE;
    }

  line = g_strdup_printf ("PUB %s %s %" G_GSIZE_FORMAT, subject, reply != NULL ? reply : "", size);

  return malt_nats_link_send (self->link, line, payload, error);
}

void
malt_nats_client_request_async (MaltNatsClient      *self,
                                const char          *subject,
                                GBytes              *payload,
                                guint                timeout_ms,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  MaltNatsRequest *request;

  g_return_if_fail (MALT_IS_NATS_CLIENT (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, malt_nats_client_request_async);
  request = malt_nats_requests_add (self->requests, task, subject, payload, timeout_ms);
  if (self->is_connected)
    send_request (self, request);
}

GBytes *
malt_nats_client_request_finish (MaltNatsClient  *self,
                                 GAsyncResult    *result,
                                 GError         **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, malt_nats_client_request_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

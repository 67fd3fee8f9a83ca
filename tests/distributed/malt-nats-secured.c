/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/distributed/malt-nats-secured.h"

#include "tests/distributed/malt-certificates.h"

/* One that answers takes no milliseconds. */
#define SECURED_ASK_MSEC 60000u

gboolean
malt_nats_secured_init (MaltNatsSecured   *self,
                        const char        *config,
                        const char        *placeholder,
                        const char *const *names)
{
  g_auto (GStrv) parts = g_strsplit (config, placeholder, -1);
  g_autofree char *text = NULL;
  const char *missing;

  *self = (MaltNatsSecured) { .folder = malt_certificates_make (names, &missing) };
  if (self->folder == NULL)
    {
      g_test_skip_printf ("%s is not installed", missing);
      return FALSE;
    }

  text = g_strjoinv (self->folder, parts);
  self->server = malt_nats_server_new (text);

  return self->server != NULL;
}

void
malt_nats_secured_clear (MaltNatsSecured *self)
{
  g_clear_pointer (&self->server, malt_nats_server_free);
}

MaltNatsClient *
malt_nats_secured_new_client (MaltNatsSecured *self,
                              const char      *authority,
                              const char      *name,
                              const char      *inbox)
{
  const char *const servers[] = { self->server->address, NULL };
  g_autofree char *ca = g_strdup_printf ("%s/%s.pem", self->folder, authority);
  g_autofree char *pem = g_strdup_printf ("%s/%s.pem", self->folder, name);
  g_autofree char *key = g_strdup_printf ("%s/%s.key", self->folder, name);
  g_autoptr (GError) error = NULL;
  g_autoptr (GTlsDatabase) authorities = g_tls_file_database_new (ca, &error);
  g_autoptr (GTlsCertificate) certificate = NULL;
  MaltNatsClient *client;

  g_assert_no_error (error);
  if (name != NULL)
    certificate = g_tls_certificate_new_from_files (pem, key, &error);
  g_assert_no_error (error);
  client = malt_nats_client_new (servers, authorities, certificate, "test", inbox, &error);
  g_assert_no_error (error);
  malt_nats_client_open (client);

  return client;
}

static void
set_flag_if_connected (MaltNatsClient *client,
                       GParamSpec     *pspec,
                       gpointer        user_data)
{
  *(gboolean *) user_data = malt_nats_client_is_connected (client);
}

void
malt_nats_wait_for_connection (MaltNatsClient *client)
{
  gboolean is_connected = malt_nats_client_is_connected (client);
  gulong handler = g_signal_connect (client, "notify::connected",
                                     G_CALLBACK (set_flag_if_connected), &is_connected);

  malt_nats_wait_until (&is_connected);
  g_signal_handler_disconnect (client, handler);
}

typedef struct
{
  gboolean is_over;
  GError  *error;
} Outcome;

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Outcome *outcome = user_data;
  g_autoptr (GBytes) answer =
    malt_nats_client_request_finish (MALT_NATS_CLIENT (source), result, &outcome->error);

  g_assert_true ((answer == NULL) == (outcome->error != NULL));
  outcome->is_over = TRUE;
}

GError *
malt_nats_ask (MaltNatsClient *client,
               const char     *subject)
{
  g_autoptr (GBytes) payload = g_bytes_new_static ("", 0);
  Outcome outcome = { 0 };

  malt_nats_client_request_async (client, subject, payload, SECURED_ASK_MSEC, NULL, on_answered,
                                  &outcome);
  malt_nats_wait_until (&outcome.is_over);

  return outcome.error;
}

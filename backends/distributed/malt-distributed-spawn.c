/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-spawn.h"

#include "backends/distributed/malt-distributed-lease.h"
#include "backends/distributed/malt-distributed-message.h"
#include "backends/distributed/malt-distributed-names.h"

#include <malt/malt.h>

#include <string.h>

/* Bytes of the text of an error: it holds the end of what a worker has said on stderr. */
#define SPAWN_MAX_TEXT_BYTES (16u * 1024)

/* Hex digits of SHA-256. */
#define SPAWN_FINGERPRINT_LENGTH 64u

/* How the errors of a host are called on the wire, by the nicks of their codes. */
static const MaltError spawn_codes[] = {
  MALT_ERROR_START_FAILED,
  MALT_ERROR_SANDBOX_UNAVAILABLE,
  MALT_ERROR_LIMIT,
  MALT_ERROR_INVALID_CONFIG,
};

MaltSpawnRequest *
malt_spawn_request_new (const char *id,
                        const char *pool,
                        const char *profile,
                        guint       lease_ms,
                        GVariant   *options)
{
  MaltSpawnRequest *self = g_new0 (MaltSpawnRequest, 1);

  self->id = g_strdup (id);
  self->pool = g_strdup (pool);
  self->profile = g_strdup (profile);
  self->lease_ms = lease_ms;
  self->options = g_variant_ref_sink (options != NULL ? options : g_variant_new ("a{sv}", NULL));

  return self;
}

MaltSpawnRequest *
malt_spawn_request_copy (const MaltSpawnRequest *self)
{
  return malt_spawn_request_new (self->id, self->pool, self->profile, self->lease_ms,
                                 self->options);
}

void
malt_spawn_request_free (MaltSpawnRequest *self)
{
  g_free (self->id);
  g_free (self->pool);
  g_free (self->profile);
  g_clear_pointer (&self->options, g_variant_unref);
  g_free (self);
}

GBytes *
malt_spawn_request_to_bytes (const MaltSpawnRequest  *self,
                             GError                 **error)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&dict, "id", "s", self->id);
  if (self->pool != NULL)
    g_variant_dict_insert (&dict, "pool", "s", self->pool);
  g_variant_dict_insert (&dict, "profile", "s", self->profile);
  g_variant_dict_insert (&dict, "lease", "u", self->lease_ms);
  g_variant_dict_insert (&dict, "options", "@a{sv}", self->options);

  return malt_distributed_message_to_bytes (g_variant_dict_end (&dict), error);
}

static gboolean
check_lease (guint    lease_ms,
             GError **error)
{
  if (lease_ms >= MALT_LEASE_MIN_MSEC && lease_ms <= MALT_LEASE_MAX_MSEC)
    return TRUE;

  g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
               "A lease of %u ms cannot be: between %d and %d are allowed", lease_ms,
               MALT_LEASE_MIN_MSEC, MALT_LEASE_MAX_MSEC);
  return FALSE;
}

MaltSpawnRequest *
malt_spawn_request_from_bytes (GBytes  *bytes,
                               GError **error)
{
  g_autoptr (GVariant) message = malt_distributed_message_from_bytes (bytes, error);
  g_autoptr (MaltSpawnRequest) self = NULL;

  if (message == NULL)
    return NULL;

  self = g_new0 (MaltSpawnRequest, 1);
  if (!malt_distributed_message_get (message, error, "id", "s", &self->id)
      || !malt_distributed_message_get (message, error, "profile", "s", &self->profile)
      || !malt_distributed_message_get (message, error, "lease", "u", &self->lease_ms)
      || !malt_distributed_message_get (message, error, "options", "@a{sv}", &self->options)
      || (g_variant_lookup (message, "pool", "*", NULL)
          && !malt_distributed_message_get (message, error, "pool", "s", &self->pool)))
    return NULL;

  if (!malt_distributed_check_id (self->id, error)
      || (self->pool != NULL && !malt_distributed_check_name (self->pool, "Pool", error))
      || !malt_distributed_check_name (self->profile, "Profile", error)
      || !check_lease (self->lease_ms, error))
    return NULL;

  return g_steal_pointer (&self);
}

MaltSpawnReply *
malt_spawn_reply_new (const char   *address,
                      guint16       port,
                      const guint8 *token,
                      const char   *fingerprint,
                      const char   *host,
                      int           pid)
{
  MaltSpawnReply *self = g_new0 (MaltSpawnReply, 1);

  self->address = g_strdup (address);
  self->port = port;
  memcpy (self->token, token, sizeof self->token);
  self->fingerprint = g_strdup (fingerprint);
  self->host = g_strdup (host);
  self->pid = pid;

  return self;
}

MaltSpawnReply *
malt_spawn_reply_copy (const MaltSpawnReply *self)
{
  return malt_spawn_reply_new (self->address, self->port, self->token, self->fingerprint,
                               self->host, self->pid);
}

void
malt_spawn_reply_free (MaltSpawnReply *self)
{
  g_free (self->address);
  g_free (self->fingerprint);
  g_free (self->host);
  /* Who reads freed memory is not to find it. */
  explicit_bzero (self->token, sizeof self->token);
  g_free (self);
}

GBytes *
malt_spawn_reply_to_bytes (const MaltSpawnReply  *self,
                           GError               **error)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&dict, "address", "s", self->address);
  g_variant_dict_insert (&dict, "port", "q", self->port);
  g_variant_dict_insert_value (&dict, "token",
                               g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, self->token,
                                                          sizeof self->token, 1));
  if (self->fingerprint != NULL)
    g_variant_dict_insert (&dict, "fingerprint", "s", self->fingerprint);
  g_variant_dict_insert (&dict, "host", "s", self->host);
  g_variant_dict_insert (&dict, "pid", "i", self->pid);

  return malt_distributed_message_to_bytes (g_variant_dict_end (&dict), error);
}

static char *
shorten (const char *text)
{
  return g_utf8_make_valid (text, (gssize) strnlen (text, SPAWN_MAX_TEXT_BYTES));
}

GBytes *
malt_spawn_error_to_bytes (const GError *error)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GEnumClass) codes = g_type_class_ref (MALT_TYPE_ERROR);
  g_autofree char *text = shorten (error->message);
  MaltError code = spawn_codes[0];
  const char *nick;

  for (gsize i = 0; i < G_N_ELEMENTS (spawn_codes); i++)
    if (g_error_matches (error, MALT_ERROR, (int) spawn_codes[i]))
      code = spawn_codes[i];

  nick = g_enum_get_value (codes, (int) code)->value_nick;
  g_variant_dict_insert (&dict, "error", "(ss)", nick, text);

  return malt_distributed_message_to_bytes (g_variant_dict_end (&dict), NULL);
}

/* Always fails. */
static gboolean
fail_as_host_says (GVariant  *message,
                   GError   **error)
{
  g_autoptr (GEnumClass) codes = g_type_class_ref (MALT_TYPE_ERROR);
  g_autofree char *nick = NULL;
  g_autofree char *text = NULL;
  g_autofree char *shortened = NULL;
  const GEnumValue *value;
  MaltError code = spawn_codes[0];

  if (!malt_distributed_message_get (message, error, "error", "(ss)", &nick, &text))
    return FALSE;

  value = g_enum_get_value_by_nick (codes, nick);
  for (gsize i = 0; value != NULL && i < G_N_ELEMENTS (spawn_codes); i++)
    if (value->value == (int) spawn_codes[i])
      code = spawn_codes[i];

  shortened = shorten (text);
  g_set_error_literal (error, MALT_ERROR, (int) code, shortened);
  return FALSE;
}

/* Not a name, which somebody would have to be asked for. */
static gboolean
is_ip_address (const char *address,
               guint16     port)
{
  g_autoptr (GSocketAddress) full = g_inet_socket_address_new_from_string (address, port);

  return full != NULL;
}

static gboolean
is_address (const char *address,
            guint16     port)
{
  if (g_str_has_prefix (address, MALT_SPAWN_UNIX_PREFIX))
    return address[strlen (MALT_SPAWN_UNIX_PREFIX)] == '/' && port == 0
           && malt_distributed_check_host (address, NULL);

  return port > 0 && is_ip_address (address, port);
}

static gboolean
is_fingerprint (const char *fingerprint)
{
  return strlen (fingerprint) == SPAWN_FINGERPRINT_LENGTH
         && strspn (fingerprint, "0123456789abcdef") == SPAWN_FINGERPRINT_LENGTH;
}

static gboolean
check_reply (const MaltSpawnReply  *self,
             GVariant              *token,
             GError               **error)
{
  const char *wrong = NULL;

  if (!is_address (self->address, self->port))
    wrong = "address";
  else if (g_variant_get_size (token) != MALT_HOST_TOKEN_BYTES)
    wrong = "token";
  else if (self->fingerprint != NULL && !is_fingerprint (self->fingerprint))
    wrong = "fingerprint";
  else if (!malt_distributed_check_host (self->host, NULL))
    wrong = "host";
  else if (self->pid <= 0)
    wrong = "pid";

  if (wrong != NULL)
    g_set_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                 "The reply of a host to a spawn request has a “%s” that cannot be", wrong);

  return wrong == NULL;
}

MaltSpawnReply *
malt_spawn_reply_from_bytes (GBytes  *bytes,
                             GError **error)
{
  g_autoptr (GVariant) message = malt_distributed_message_from_bytes (bytes, error);
  g_autoptr (GVariant) token = NULL;
  g_autoptr (MaltSpawnReply) self = NULL;

  if (message == NULL
      || (g_variant_lookup (message, "error", "*", NULL) && !fail_as_host_says (message, error)))
    return NULL;

  self = g_new0 (MaltSpawnReply, 1);
  if (!malt_distributed_message_get (message, error, "address", "s", &self->address)
      || !malt_distributed_message_get (message, error, "port", "q", &self->port)
      || !malt_distributed_message_get (message, error, "token", "@ay", &token)
      || !malt_distributed_message_get (message, error, "host", "s", &self->host)
      || !malt_distributed_message_get (message, error, "pid", "i", &self->pid)
      || (g_variant_lookup (message, "fingerprint", "*", NULL)
          && !malt_distributed_message_get (message, error, "fingerprint", "s", &self->fingerprint))
      || !check_reply (self, token, error))
    return NULL;

  memcpy (self->token, g_variant_get_data (token), sizeof self->token);

  return g_steal_pointer (&self);
}

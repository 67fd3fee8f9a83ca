/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-config.h"

#include "backends/distributed/host/malt-host-profiles.h"
#include "backends/distributed/malt-distributed-names.h"
#include "backends/distributed/malt-distributed-tls-files.h"

#include <string.h>

#define DEFAULT_SERVER "nats://127.0.0.1:4222"
#define DEFAULT_ADDRESS "127.0.0.1"
#define DEFAULT_PROFILE "default"

/* Of a file, in bytes, as in any configuration of malt. */
#define MAX_FILE_BYTES (1024u * 1024)

/* Workers of a pool: each costs the host four threads and about a dozen descriptors. */
#define MAX_SLOTS 4096

/* Reference counted. */
struct _MaltHostConfig
{
  char               **servers;    /* owned */
  char                *ns;         /* owned */
  char                *host;       /* owned */
  char                *address;    /* owned */
  guint16              port;
  MaltDistributedTls  *tls;        /* owned (nullable) */
  char                *tls_files[3]; /* owned: certificate, key, authorities */
  GPtrArray           *pools;      /* owned, of owned MaltHostPool */
  MaltHostProfiles    *profiles;   /* owned */
};

static void
pool_free (gpointer data)
{
  MaltHostPool *pool = data;

  g_free (pool->name);
  g_free (pool);
}

static void
clear (gpointer data)
{
  MaltHostConfig *self = data;

  g_strfreev (self->servers);
  g_free (self->ns);
  g_free (self->host);
  g_free (self->address);
  g_clear_pointer (&self->tls, malt_distributed_tls_unref);
  for (guint i = 0; i < G_N_ELEMENTS (self->tls_files); i++)
    g_free (self->tls_files[i]);
  g_clear_pointer (&self->pools, g_ptr_array_unref);
  g_clear_pointer (&self->profiles, malt_host_profiles_free);
}

MaltHostConfig *
malt_host_config_ref (MaltHostConfig *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
malt_host_config_unref (MaltHostConfig *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

G_GNUC_PRINTF (3, 4)
static gboolean
refuse (const char  *member,
        GError     **error,
        const char  *format,
        ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG, "Cannot use “%s”: %s", member, text);
  return FALSE;
}

/* `known`: separated by blanks. */
static gboolean
check_members (JsonObject  *object,
               const char  *where,
               const char  *known,
               GError     **error)
{
  g_auto (GStrv) names = g_strsplit (known, " ", -1);
  g_autoptr (GList) members = json_object_get_members (object);

  for (GList *l = members; l != NULL; l = l->next)
    if (!g_strv_contains ((const char *const *) names, l->data))
      {
        g_autofree char *shown = g_strjoinv (", ", names);
        g_autofree char *member = g_strdup_printf ("%s%s", where, (char *) l->data);

        return refuse (member, error, "there is no such member: expected %s", shown);
      }

  return TRUE;
}

/* NULL without an error when it is not there; FALSE when it is something else. */
static gboolean
get_string (JsonObject  *object,
            const char  *name,
            const char **value,
            GError     **error)
{
  JsonNode *node = json_object_get_member (object, name);

  *value = NULL;
  if (node == NULL)
    return TRUE;
  if (json_node_get_value_type (node) != G_TYPE_STRING)
    return refuse (name, error, "expected a string");

  *value = json_node_get_string (node);
  return TRUE;
}

static gboolean
get_object (JsonObject   *object,
            const char   *name,
            JsonObject  **value,
            GError      **error)
{
  JsonNode *node = json_object_get_member (object, name);

  *value = NULL;
  if (node == NULL)
    return TRUE;
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return refuse (name, error, "expected an object");

  *value = json_node_get_object (node);
  return TRUE;
}

static gboolean
read_servers (MaltHostConfig  *self,
              JsonObject      *root,
              GError         **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  JsonNode *node = json_object_get_member (root, "servers");
  JsonArray *array;

  if (node != NULL && !JSON_NODE_HOLDS_ARRAY (node))
    return refuse ("servers", error, "expected an array of strings");

  array = node != NULL ? json_node_get_array (node) : NULL;
  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      if (json_node_get_value_type (json_array_get_element (array, i)) != G_TYPE_STRING)
        return refuse ("servers", error, "expected an array of strings");
      g_strv_builder_add (builder, json_array_get_string_element (array, i));
    }
  if (array == NULL)
    g_strv_builder_add (builder, DEFAULT_SERVER);

  self->servers = g_strv_builder_end (builder);
  return self->servers[0] != NULL || refuse ("servers", error, "expected at least one");
}

static gboolean
read_names (MaltHostConfig  *self,
            JsonObject      *root,
            GError         **error)
{
  const char *ns, *host;

  if (!get_string (root, "namespace", &ns, error) || !get_string (root, "host", &host, error))
    return FALSE;

  self->ns = g_strdup (ns != NULL ? ns : MALT_DISTRIBUTED_DEFAULT_NAMESPACE);
  self->host = g_strdup (host != NULL ? host : g_get_host_name ());
  return malt_distributed_check_name (self->ns, "namespace", error)
         && malt_distributed_check_host (self->host, error);
}

static gboolean
read_tls (MaltHostConfig  *self,
          JsonObject      *root,
          GError         **error)
{
  JsonObject *tls;
  const char *certificate, *key, *ca;

  if (!get_object (root, "tls", &tls, error))
    return FALSE;
  if (tls == NULL)
    return TRUE;
  if (!check_members (tls, "tls.", "certificate key ca", error)
      || !get_string (tls, "certificate", &certificate, error)
      || !get_string (tls, "key", &key, error)
      || !get_string (tls, "ca", &ca, error))
    return FALSE;

  self->tls_files[0] = g_strdup (certificate);
  self->tls_files[1] = g_strdup (key);
  self->tls_files[2] = g_strdup (ca);
  self->tls = malt_distributed_tls_files_load (certificate, key, ca, error);
  return self->tls != NULL;
}

/* ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT. */
static GInetAddress *
parse_address (const char *text,
               guint16    *port)
{
  g_autoptr (GInetAddress) whole = g_inet_address_new_from_string (text);
  g_autofree char *head = NULL;
  const char *colon = strrchr (text, ':');
  guint64 number;
  gsize length;

  *port = 0;
  if (whole != NULL || colon == NULL)
    return g_steal_pointer (&whole);
  if (!g_ascii_string_to_unsigned (colon + 1, 10, 0, G_MAXUINT16, &number, NULL))
    return NULL;

  *port = (guint16) number;
  head = g_strndup (text, (gsize) (colon - text));
  length = strlen (head);
  if (length < 2 || head[0] != '[' || head[length - 1] != ']')
    return strchr (head, ':') == NULL ? g_inet_address_new_from_string (head) : NULL;

  head[length - 1] = '\0';
  return g_inet_address_new_from_string (head + 1);
}

static gboolean
read_listen (MaltHostConfig  *self,
             JsonObject      *root,
             GError         **error)
{
  g_autoptr (GInetAddress) address = NULL;
  const char *text;

  if (!get_string (root, "listen", &text, error))
    return FALSE;

  address = parse_address (text != NULL ? text : DEFAULT_ADDRESS, &self->port);
  if (address == NULL)
    return refuse ("listen", error, "“%s” is no IP address, with or without a port", text);
  if (g_inet_address_get_is_any (address))
    return refuse ("listen", error, "“%s” is none that managers can connect to", text);
  if (self->tls == NULL && !g_inet_address_get_is_loopback (address))
    return refuse ("listen", error, "“%s” can be reached from other machines, which takes “tls”",
                   text);

  self->address = g_inet_address_to_string (address);
  return TRUE;
}

static gboolean
add_pool (MaltHostConfig  *self,
          const char      *name,
          JsonObject      *pool,
          GError         **error)
{
  g_autofree char *where = g_strdup_printf ("pools.%s.", name);
  gint64 n_slots = g_get_num_processors ();
  MaltHostPool *added;

  if (!malt_distributed_check_name (name, "pool", error)
      || (pool != NULL && !check_members (pool, where, "slots", error)))
    return FALSE;
  if (pool != NULL && json_object_has_member (pool, "slots"))
    {
      JsonNode *node = json_object_get_member (pool, "slots");

      n_slots = json_node_get_value_type (node) == G_TYPE_INT64 ? json_node_get_int (node) : -1;
    }
  if (n_slots < 0 || n_slots > MAX_SLOTS)
    return refuse (where, error, "expected “slots” from 0 to %d", MAX_SLOTS);

  added = g_new0 (MaltHostPool, 1);
  added->name = g_strdup (name);
  added->n_slots = (guint) n_slots;
  g_ptr_array_add (self->pools, added);
  return TRUE;
}

static gboolean
read_pools (MaltHostConfig  *self,
            JsonObject      *root,
            GError         **error)
{
  g_autoptr (GList) names = NULL;
  JsonObject *pools;

  self->pools = g_ptr_array_new_with_free_func (pool_free);
  if (!get_object (root, "pools", &pools, error))
    return FALSE;
  if (pools == NULL)
    return add_pool (self, MALT_DISTRIBUTED_DEFAULT_POOL, NULL, error);

  names = json_object_get_members (pools);
  for (GList *l = names; l != NULL; l = l->next)
    {
      JsonObject *pool;

      if (!get_object (pools, l->data, &pool, error) || !add_pool (self, l->data, pool, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
read_profiles (MaltHostConfig  *self,
               JsonObject      *root,
               GError         **error)
{
  g_autoptr (JsonObject) none = NULL;
  JsonObject *profiles;

  if (!get_object (root, "profiles", &profiles, error))
    return FALSE;
  if (profiles == NULL)
    {
      none = json_object_new ();
      json_object_set_object_member (none, DEFAULT_PROFILE, json_object_new ());
      profiles = none;
    }

  self->profiles = malt_host_profiles_new (profiles, error);
  return self->profiles != NULL;
}

static MaltHostConfig *
new_from_object (JsonObject  *root,
                 GError     **error)
{
  g_autoptr (MaltHostConfig) self = g_atomic_rc_box_new0 (MaltHostConfig);

  if (check_members (root, "", "servers namespace host listen tls pools profiles", error)
      && read_servers (self, root, error)
      && read_names (self, root, error)
      && read_tls (self, root, error)
      && read_listen (self, root, error)
      && read_pools (self, root, error)
      && read_profiles (self, root, error))
    return g_steal_pointer (&self);

  return NULL;
}

MaltHostConfig *
malt_host_config_new_from_data (const char  *json,
                                GError     **error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) syntax_error = NULL;
  JsonNode *root;

  if (strlen (json) > MAX_FILE_BYTES)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                   "The configuration is larger than %u bytes", MAX_FILE_BYTES);
      return NULL;
    }
  if (!json_parser_load_from_data (parser, json, -1, &syntax_error))
    {
      g_set_error_literal (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG, syntax_error->message);
      return NULL;
    }

  root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    {
      g_set_error_literal (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                           "The configuration is no object of JSON");
      return NULL;
    }

  return new_from_object (json_node_get_object (root), error);
}

MaltHostConfig *
malt_host_config_new_default (GError **error)
{
  return malt_host_config_new_from_data (
    "{ \"profiles\": { \"" DEFAULT_PROFILE "\": { \"sandbox\": \"strict\" } } }", error);
}

MaltHostConfig *
malt_host_config_new_from_file (const char  *path,
                                GError     **error)
{
  g_autofree char *json = NULL;
  MaltHostConfig *self;

  if (!g_file_get_contents (path, &json, NULL, error))
    return NULL;

  self = malt_host_config_new_from_data (json, error);
  if (self == NULL)
    g_prefix_error (error, "%s: ", path);
  return self;
}

const char *const *
malt_host_config_get_servers (MaltHostConfig *self)
{
  return (const char *const *) self->servers;
}

const char *
malt_host_config_get_namespace (MaltHostConfig *self)
{
  return self->ns;
}

const char *
malt_host_config_get_host (MaltHostConfig *self)
{
  return self->host;
}

const char *
malt_host_config_get_address (MaltHostConfig *self)
{
  return self->address;
}

guint16
malt_host_config_get_port (MaltHostConfig *self)
{
  return self->port;
}

MaltDistributedTls *
malt_host_config_get_tls (MaltHostConfig *self)
{
  return self->tls;
}

void
malt_host_config_renew_tls (MaltHostConfig *self)
{
  g_autoptr (GError) error = NULL;
  MaltDistributedTls *tls;

  if (self->tls == NULL)
    return;

  tls = malt_distributed_tls_files_load (self->tls_files[0], self->tls_files[1], self->tls_files[2],
                                         &error);
  if (tls == NULL)
    {
      g_message ("The certificates stay what they were: %s", error->message);
      return;
    }

  malt_distributed_tls_unref (self->tls);
  self->tls = tls;
}

GPtrArray *
malt_host_config_get_pools (MaltHostConfig *self)
{
  return self->pools;
}

MaltAbstractWorker *
malt_host_config_construct_worker (MaltHostConfig  *self,
                                   const char      *profile,
                                   GVariant        *options,
                                   GError         **error)
{
  return malt_host_profiles_construct (self->profiles, profile, options, error);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-names.h"
#include "malt/programs/malt-cli-hosts-private.h"
#include "malt/programs/malt-cli-private.h"

#include <malt/malt-plugin.h>

/* Where a NATS server is that nobody has said another place of. */
#define HOSTS_DEFAULT_SERVER "nats://127.0.0.1:4222"

static void
target_clear (MaltCliTarget *self)
{
  g_clear_pointer (&self->servers, g_strfreev);
  g_clear_pointer (&self->ns, g_free);
  g_clear_pointer (&self->tls, malt_distributed_tls_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MaltCliTarget, target_clear)

/* What the command line may say; all owned. */
typedef struct
{
  char   **servers;
  char    *ns;
  char    *certificate;
  char    *key;
  char    *authorities;
  char    *profile;
  int      wait_ms;
  gboolean json;
} HostsOptions;

static void
hosts_options_clear (HostsOptions *self)
{
  g_strfreev (self->servers);
  g_free (self->ns);
  g_free (self->certificate);
  g_free (self->key);
  g_free (self->authorities);
  g_free (self->profile);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HostsOptions, hosts_options_clear)

/* Of the profile, what the command line does not say. */
static gboolean
add_profile (HostsOptions  *options,
             GError       **error)
{
  MaltConfig *config = malt_config_get_default (error);
  g_autoptr (MaltAbstractWorker) worker =
    config != NULL ? malt_config_construct_worker (config, options->profile, NULL, error) : NULL;
  g_auto (HostsOptions) found = { 0 };

  if (worker == NULL)
    return FALSE;
  if (g_object_class_find_property (G_OBJECT_GET_CLASS (worker), "servers") == NULL)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                   "“%s” has workers on this machine only: expected a profile of the backend "
                   "distributed",
                   options->profile);
      return FALSE;
    }

  g_object_get (worker, "servers", &found.servers, "namespace", &found.ns,
                "tls-certificate", &found.certificate, "tls-key", &found.key,
                "tls-ca", &found.authorities, NULL);
  if (options->servers == NULL)
    options->servers = g_steal_pointer (&found.servers);
  if (options->ns == NULL)
    options->ns = g_steal_pointer (&found.ns);
  if (options->certificate == NULL && options->key == NULL && options->authorities == NULL)
    {
      options->certificate = g_steal_pointer (&found.certificate);
      options->key = g_steal_pointer (&found.key);
      options->authorities = g_steal_pointer (&found.authorities);
    }

  return TRUE;
}

static gboolean
add_tls (const HostsOptions  *options,
         MaltCliTarget       *target,
         GError             **error)
{
  g_autofree char *certificate = NULL;
  g_autofree char *key = NULL;
  g_autofree char *authorities = NULL;

  if (options->certificate == NULL && options->key == NULL && options->authorities == NULL)
    return TRUE;
  if (options->certificate == NULL || options->key == NULL || options->authorities == NULL)
    {
      g_set_error_literal (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                           "TLS takes three files: expected all of tls-certificate, tls-key and "
                           "tls-ca");
      return FALSE;
    }

  certificate = g_canonicalize_filename (options->certificate, NULL);
  key = g_canonicalize_filename (options->key, NULL);
  authorities = g_canonicalize_filename (options->authorities, NULL);
  target->tls = malt_distributed_tls_new (certificate, key, authorities, error);

  return target->tls != NULL;
}

static gboolean
find_target (HostsOptions   *options,
             MaltCliTarget  *target,
             GError        **error)
{
  if (options->profile != NULL && !add_profile (options, error))
    return FALSE;

  target->servers = options->servers != NULL && options->servers[0] != NULL
                      ? g_strdupv (options->servers)
                      : g_strsplit (HOSTS_DEFAULT_SERVER, ",", -1);
  target->ns = g_strdup (options->ns != NULL ? options->ns : MALT_DISTRIBUTED_DEFAULT_NAMESPACE);
  target->wait_ms = (guint) options->wait_ms;

  return malt_distributed_check_name (target->ns, "Namespace", error)
         && add_tls (options, target, error);
}

static int
compare_hosts (gconstpointer a,
               gconstpointer b)
{
  const MaltInventory *const *left = a;
  const MaltInventory *const *right = b;

  return g_strcmp0 ((*left)->host, (*right)->host);
}

static GVariant *
to_dictionary (const MaltInventory *host)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_auto (GVariantDict) pools = G_VARIANT_DICT_INIT (NULL);

  for (guint i = 0; i < host->pools->len; i++)
    {
      const MaltInventoryPool *pool = g_ptr_array_index (host->pools, i);
      g_auto (GVariantDict) item = G_VARIANT_DICT_INIT (NULL);

      g_variant_dict_insert (&item, "slots", "u", pool->n_slots);
      g_variant_dict_insert (&item, "used", "u", pool->n_used);
      g_variant_dict_insert_value (&pools, pool->name, g_variant_dict_end (&item));
    }

  g_variant_dict_insert (&dict, "host", "s", host->host);
  g_variant_dict_insert (&dict, "version", "s", host->version);
  g_variant_dict_insert (&dict, "address", "s", host->address);
  g_variant_dict_insert (&dict, "workers", "u", host->n_workers);
  g_variant_dict_insert (&dict, "processors", "u", host->n_processors);
  g_variant_dict_insert (&dict, "load", "d", host->load);
  g_variant_dict_insert (&dict, "uptime", "t", host->uptime_s);
  g_variant_dict_insert_value (&dict, "pools", g_variant_dict_end (&pools));

  return g_variant_dict_end (&dict);
}

static void
print_json (GPtrArray *hosts)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GVariant) value = NULL;
  g_autofree char *text = NULL;

  for (guint i = 0; i < hosts->len; i++)
    g_variant_builder_add_value (&builder, to_dictionary (g_ptr_array_index (hosts, i)));
  value = g_variant_ref_sink (g_variant_builder_end (&builder));
  text = malt_cli_value_to_json (value);
  puts (text);
}

static char *
describe_pools (const MaltInventory *host)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < host->pools->len; i++)
    {
      const MaltInventoryPool *pool = g_ptr_array_index (host->pools, i);

      g_string_append_printf (text, "%s%s %u/%u", i > 0 ? ", " : "", pool->name,
                              pool->n_slots - MIN (pool->n_used, pool->n_slots), pool->n_slots);
    }

  return g_string_free (g_steal_pointer (&text), FALSE);
}

static char *
describe_uptime (guint64 seconds)
{
  if (seconds >= 24 * 60 * 60)
    return g_strdup_printf ("%" G_GUINT64_FORMAT "d", seconds / (24 * 60 * 60));
  if (seconds >= 60 * 60)
    return g_strdup_printf ("%" G_GUINT64_FORMAT "h", seconds / (60 * 60));

  if (seconds >= 60)
    return g_strdup_printf ("%" G_GUINT64_FORMAT "min", seconds / 60);

  return g_strdup_printf ("%" G_GUINT64_FORMAT "s", seconds);
}

static void
print_table (GPtrArray *hosts)
{
  glong host_width = (glong) strlen ("HOST");
  glong pools_width = (glong) strlen ("FREE/SLOTS");
  g_autoptr (GPtrArray) pools = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < hosts->len; i++)
    {
      const MaltInventory *host = g_ptr_array_index (hosts, i);
      char *text = describe_pools (host);

      g_ptr_array_add (pools, text);
      host_width = MAX (host_width, g_utf8_strlen (host->host, -1));
      pools_width = MAX (pools_width, g_utf8_strlen (text, -1));
    }

  malt_cli_print (stdout, "%-*s  %-*s  %7s  %8s  %6s  %-8s  %s\n", (int) host_width, "HOST",
                  (int) pools_width, "FREE/SLOTS", "WORKERS", "LOAD", "UP", "VERSION", "ADDRESS");
  for (guint i = 0; i < hosts->len; i++)
    {
      const MaltInventory *host = g_ptr_array_index (hosts, i);
      g_autofree char *load = g_strdup_printf ("%.1f/%u", host->load, host->n_processors);
      g_autofree char *uptime = describe_uptime (host->uptime_s);

      malt_cli_print (stdout, "%s%*s  %-*s  %7u  %8s  %6s  %-8s  %s\n", host->host,
                      (int) (host_width - g_utf8_strlen (host->host, -1)), "", (int) pools_width,
                      (const char *) g_ptr_array_index (pools, i), host->n_workers, load, uptime,
                      host->version, host->address);
    }
}

static int
run_hosts (int    argc,
           char **argv)
{
  const MaltCliVerb *verb = &malt_cli_verb_hosts;
  g_auto (HostsOptions) options = { .wait_ms = MALT_CLI_HOSTS_WAIT_MSEC };
  const GOptionEntry entries[] = {
    { "server", 's', 0, G_OPTION_ARG_FILENAME_ARRAY, &options.servers,
      "A NATS server, " HOSTS_DEFAULT_SERVER " without; may be repeated", "ADDRESS" },
    { "namespace", 'n', 0, G_OPTION_ARG_FILENAME, &options.ns,
      "That of the hosts, “default” without", "NAME" },
    { "profile", 'p', 0, G_OPTION_ARG_FILENAME, &options.profile,
      "Take servers, namespace and TLS from a profile of the backend distributed", "NAME" },
    { "tls-certificate", 0, 0, G_OPTION_ARG_FILENAME, &options.certificate,
      "Who asks: a file in PEM", "FILE" },
    { "tls-key", 0, 0, G_OPTION_ARG_FILENAME, &options.key, "The key of the certificate", "FILE" },
    { "tls-ca", 0, 0, G_OPTION_ARG_FILENAME, &options.authorities,
      "The authorities that the server's certificate is to be of", "FILE" },
    { "wait", 'w', 0, G_OPTION_ARG_INT, &options.wait_ms,
      "How long to wait for another answer", "MS" },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &options.json, "Print as JSON", NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_auto (GStrv) words = NULL;
  g_auto (MaltCliTarget) target = { 0 };
  g_autoptr (GPtrArray) hosts = NULL;
  g_autoptr (GError) error = NULL;
  MaltCliExit status;

  if (!malt_cli_parse (verb, entries, NULL, NULL, argc, argv, &words, &status))
    return status;
  if (words[0] != NULL)
    return malt_cli_fail_usage (verb, "“%s” is one too many: expected no argument", words[0]);
  if (options.wait_ms <= 0)
    return malt_cli_fail_usage (verb, "--wait takes milliseconds, not %d", options.wait_ms);

  hosts = find_target (&options, &target, &error) ? malt_cli_ask_hosts (&target, &error) : NULL;
  if (hosts == NULL)
    {
      malt_cli_print_error (error);
      return malt_cli_exit_for_error (error);
    }

  g_ptr_array_sort (hosts, compare_hosts);
  if (options.json)
    print_json (hosts);
  else if (hosts->len > 0)
    print_table (hosts);
  else
    fputs ("No host has answered.\n", stderr);

  return malt_cli_finish_output (MALT_CLI_EXIT_SUCCESS);
}

const MaltCliVerb malt_cli_verb_hosts = {
  .name = "hosts",
  .parameters = "",
  .summary = "Lists the machines of a cluster that can have workers, and how busy they are",
  .description =
    "Each pool of a host has slots for workers; one that has none free gets no more. The load is\n"
    "that of the last minute, beside the number of processors.\n"
    "\n"
    "Examples:\n"
    "  malt hosts\n"
    "  malt hosts --server nats://broker.example:4222 --tls-ca ca.pem --tls-certificate me.pem \\\n"
    "    --tls-key me.key\n"
    "  malt hosts --profile cluster --json",
  .run = run_hosts,
};

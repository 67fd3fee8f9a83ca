/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-nats-servers.h"

#include <malt/malt-plugin.h>

#include <string.h>

/* Where a server listens that does not say. */
#define NATS_DEFAULT_PORT 4222

/* Servers of a cluster that one of them may name, besides those that were given. */
#define NATS_MAX_KNOWN_SERVERS 64u

/* Milliseconds before the next round through the servers: the first round is tried at once, then
 * they double. Twice as long at random, so that not all clients of a cluster come back at once. */
#define NATS_FIRST_DELAY_MSEC 50u
#define NATS_MAX_DELAY_MSEC 2000u

/* The same when the last server did not answer in time. It is reached by too many clients then, who
 * make it worse if each of them tries again every few seconds: a broker that could take 400 a
 * second and was restarted under 5000 hosts had not all of them back after two minutes. */
#define NATS_FIRST_BUSY_DELAY_MSEC 1000u
#define NATS_MAX_BUSY_DELAY_MSEC 15000u

struct _MaltNatsServers
{
  GPtrArray *addresses;  /* owned; of GNetworkAddress */
  guint      n_given;    /* the first of them; the others were learned */
  guint      next;
  guint      n_attempts; /* since one has taken us on */
};

/* (transfer full) (nullable) */
static GSocketConnectable *
parse_server (const char  *server,
              GError     **error)
{
  const char *address = g_str_has_prefix (server, "nats://") ? server + strlen ("nats://") : server;
  g_autoptr (GError) local_error = NULL;
  GSocketConnectable *connectable =
    *address != '\0' ? g_network_address_parse (address, NATS_DEFAULT_PORT, &local_error) : NULL;

  if (connectable == NULL)
    g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                 "“%s” is no address of a NATS server: expected nats://HOST:PORT%s%s", server,
                 local_error != NULL ? ": " : "", local_error != NULL ? local_error->message : "");

  return connectable;
}

MaltNatsServers *
malt_nats_servers_new (const char *const  *servers,
                       GError            **error)
{
  g_autoptr (MaltNatsServers) self = g_new0 (MaltNatsServers, 1);

  self->addresses = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; servers[i] != NULL; i++)
    {
      GSocketConnectable *server = parse_server (servers[i], error);

      if (server == NULL)
        return NULL;
      g_ptr_array_add (self->addresses, server);
    }
  self->n_given = self->addresses->len;
  self->next = (guint) g_random_int_range (0, (gint32) self->n_given);

  return g_steal_pointer (&self);
}

void
malt_nats_servers_free (MaltNatsServers *self)
{
  g_ptr_array_unref (self->addresses);
  g_free (self);
}

static gboolean
knows_server (MaltNatsServers *self,
              GNetworkAddress *server)
{
  for (guint i = 0; i < self->addresses->len; i++)
    {
      GNetworkAddress *known = g_ptr_array_index (self->addresses, i);

      if (g_network_address_get_port (known) == g_network_address_get_port (server)
          && g_str_equal (g_network_address_get_hostname (known),
                          g_network_address_get_hostname (server)))
        return TRUE;
    }

  return FALSE;
}

void
malt_nats_servers_learn (MaltNatsServers *self,
                         const char      *server)
{
  g_autoptr (GSocketConnectable) address = NULL;

  if (self->addresses->len >= self->n_given + NATS_MAX_KNOWN_SERVERS)
    return;

  address = parse_server (server, NULL);
  if (address != NULL && !knows_server (self, G_NETWORK_ADDRESS (address)))
    g_ptr_array_add (self->addresses, g_steal_pointer (&address));
}

GSocketConnectable *
malt_nats_servers_next (MaltNatsServers *self)
{
  self->n_attempts++;

  return g_ptr_array_index (self->addresses, self->next++ % self->addresses->len);
}

/* One that refuses us refuses us in a millisecond, too. */
guint
malt_nats_servers_get_delay_ms (MaltNatsServers *self,
                                const GError    *error)
{
  gboolean is_busy = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  guint first_ms = is_busy ? NATS_FIRST_BUSY_DELAY_MSEC : NATS_FIRST_DELAY_MSEC;
  guint max_ms = is_busy ? NATS_MAX_BUSY_DELAY_MSEC : NATS_MAX_DELAY_MSEC;
  guint round = self->n_attempts / self->addresses->len;
  guint delay_ms = round > 0 ? first_ms << MIN (round - 1, 6) : 0;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
    delay_ms = max_ms;
  delay_ms = MIN (delay_ms, max_ms);

  return delay_ms + (guint) g_random_int_range (0, (gint32) delay_ms + 20);
}

void
malt_nats_servers_set_connected (MaltNatsServers *self)
{
  self->n_attempts = 0;
}

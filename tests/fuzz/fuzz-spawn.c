/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fuzz.h"

#include "backends/distributed/malt-distributed-inventory.h"
#include "backends/distributed/malt-distributed-lease.h"
#include "backends/distributed/malt-distributed-line.h"
#include "backends/distributed/malt-distributed-spawn.h"
#include "malt/malt-error.h"

#include <string.h>

/* Whatever comes as a request, a reply, a list of what a host has, or a line with one of them: what
 * is taken can be, and is the same when it is sent on. */

static void
check_error (gconstpointer  taken,
             const GError  *error)
{
  g_assert_true ((taken == NULL) == (error != NULL));
  if (error == NULL)
    return;

  g_assert_true (error->domain == MALT_ERROR);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static void
try_request (GBytes *bytes)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltSpawnRequest) request = malt_spawn_request_from_bytes (bytes, &error);
  g_autoptr (MaltSpawnRequest) again = NULL;
  g_autoptr (GBytes) sent = NULL;

  check_error (request, error);
  if (request == NULL)
    return;

  g_assert_cmpuint (request->lease_ms, <=, MALT_LEASE_MAX_MSEC);
  /* One of just the largest size may have left out what is written, see fuzz-value.c. */
  sent = malt_spawn_request_to_bytes (request, NULL);
  if (sent == NULL)
    return;

  again = malt_spawn_request_from_bytes (sent, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (request->id, ==, again->id);
  g_assert_cmpstr (request->pool, ==, again->pool);
  g_assert_cmpstr (request->profile, ==, again->profile);
}

static void
try_reply (GBytes *bytes)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltSpawnReply) reply = malt_spawn_reply_from_bytes (bytes, &error);
  g_autoptr (MaltSpawnReply) again = NULL;
  g_autoptr (GBytes) sent = NULL;

  check_error (reply, error);
  if (reply == NULL)
    {
      g_autoptr (GBytes) told = malt_spawn_error_to_bytes (error);

      g_assert_null (malt_spawn_reply_from_bytes (told, NULL));
      return;
    }

  sent = malt_spawn_reply_to_bytes (reply, &error);
  g_assert_no_error (error);
  again = malt_spawn_reply_from_bytes (sent, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (reply->address, ==, again->address);
  g_assert_cmpmem (reply->token, sizeof reply->token, again->token, sizeof again->token);
  g_assert_cmpint (reply->pid, ==, again->pid);
}

static void
try_inventory (GBytes *bytes)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltInventory) inventory = malt_inventory_from_bytes (bytes, &error);

  check_error (inventory, error);
  if (inventory != NULL)
    g_assert_true (g_utf8_validate (inventory->version, -1, NULL));
}

static void
try_line (const guint8 *data,
          gsize         size)
{
  g_autofree char *line = g_strndup ((const char *) data, size);
  g_autoptr (GBytes) message = malt_distributed_line_parse (line);

  if (message != NULL)
    try_request (message);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);

  try_request (bytes);
  try_reply (bytes);
  try_inventory (bytes);
  try_line (data, size);

  return 0;
}

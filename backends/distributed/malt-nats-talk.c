/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-nats-link-private.h"

#include <malt/malt-plugin.h>

#include <string.h>

/* Seconds between two questions whether the server is there, and how many may be unanswered. */
#define NATS_PING_INTERVAL_SEC 2u
#define NATS_MAX_UNANSWERED_PINGS 2u

/* Objects and arrays inside of each other in what a server tells of itself: there are two. A
 * bracket in an IPv6 address is one besides. */
#define NATS_MAX_INFO_DEPTH 16u

/* Nothing is sent in a broken link; what is lost is told by the read. */
static void
say (MaltNatsLink *self,
     const char   *line)
{
  if (self->is_over)
    return;

  malt_nats_link_send (self, line, NULL, NULL);
}

static gboolean
on_ping_due (gpointer user_data)
{
  g_autoptr (MaltNatsLink) self = g_rc_box_acquire (user_data);

  if (self->n_unanswered_pings == NATS_MAX_UNANSWERED_PINGS)
    {
      malt_nats_link_fail (self, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                           "The NATS server has been silent for %u s",
                           NATS_PING_INTERVAL_SEC * NATS_MAX_UNANSWERED_PINGS);
      return G_SOURCE_REMOVE;
    }

  self->n_unanswered_pings++;
  say (self, "PING");

  return G_SOURCE_CONTINUE;
}

/* The answer to the first PING comes when it has done all that was said before. */
void
malt_nats_talk_begin (MaltNatsLink *self)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  g_autofree char *json = NULL;
  g_autofree char *line = NULL;

  json_object_set_boolean_member (object, "verbose", FALSE);
  json_object_set_boolean_member (object, "pedantic", FALSE);
  json_object_set_boolean_member (object, "tls_required", self->authorities != NULL);
  json_object_set_string_member (object, "name", self->name);
  json_object_set_string_member (object, "lang", "malt");
  json_object_set_string_member (object, "version", MALT_VERSION);
  json_object_set_int_member (object, "protocol", 1);
  json_object_set_boolean_member (object, "echo", FALSE);
  json_object_set_boolean_member (object, "headers", TRUE);
  json_object_set_boolean_member (object, "no_responders", TRUE);
  json_node_take_object (node, object);
  json = json_to_string (node, FALSE);
  line = g_strconcat ("CONNECT ", json, NULL);

  say (self, line);
  if (!self->is_over)
    self->funcs->greeted (self->user_data);
  say (self, "PING");
}

static void
greeted (MaltNatsLink *self,
         JsonObject   *info)
{
  self->is_greeted = TRUE;
  if (self->authorities != NULL)
    malt_nats_link_start_tls (self);
  else if (json_object_get_boolean_member_with_default (info, "tls_required", FALSE))
    malt_nats_link_fail (self, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                         "The NATS server wants TLS: expected an option tls-ca");
  else
    malt_nats_talk_begin (self);
}

/* The parser calls itself for each level. */
static gboolean
is_shallow (const char *json)
{
  guint depth = 0;

  for (; *json != '\0' && depth <= NATS_MAX_INFO_DEPTH; json++)
    if (*json == '{' || *json == '[')
      depth++;
    else if ((*json == '}' || *json == ']') && depth > 0)
      depth--;

  return depth <= NATS_MAX_INFO_DEPTH;
}

static void
on_info (MaltNatsLink *self,
         const char   *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = is_shallow (text) ? json_from_string (text, &error) : NULL;

  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    {
      malt_nats_link_fail (self, MALT_ERROR, MALT_ERROR_PROTOCOL,
                           "The NATS server introduced itself with what is no JSON object: %s",
                           error != NULL ? error->message : "it is nested too deeply");
      return;
    }

  self->funcs->info (json_node_get_object (node), self->user_data);
  if (!self->is_over && !self->is_greeted)
    greeted (self, json_node_get_object (node));
}

static void
on_pong (MaltNatsLink *self)
{
  self->n_unanswered_pings = 0;
  if (self->is_ready || !self->is_greeted)
    return;

  self->is_ready = TRUE;
  malt_nats_link_set_timer (self, g_timeout_source_new_seconds (NATS_PING_INTERVAL_SEC),
                            on_ping_due);
  self->funcs->ready (self->user_data);
}

/* Permissions are of one subject; the server closes the connection for everything else. */
static void
on_error (MaltNatsLink *self,
          const char   *text)
{
  if (strstr (text, "Permissions Violation") != NULL)
    self->funcs->refused (text, self->user_data);
  else
    malt_nats_link_fail (self, G_IO_ERROR,
                         strstr (text, "Auth") != NULL ? G_IO_ERROR_PERMISSION_DENIED
                                                       : G_IO_ERROR_CONNECTION_CLOSED,
                         "The NATS server says: %s", text);
}

void
malt_nats_talk_take (MaltNatsLink            *self,
                     const MaltNatsOperation *operation)
{
  switch (operation->type)
    {
    case MALT_NATS_INFO:
      on_info (self, operation->text);
      break;
    case MALT_NATS_PING:
      say (self, "PONG");
      break;
    case MALT_NATS_PONG:
      on_pong (self);
      break;
    case MALT_NATS_ERROR:
      on_error (self, operation->text);
      break;
    case MALT_NATS_MESSAGE:
    default:
      self->funcs->message (operation, self->user_data);
      break;
    }
}

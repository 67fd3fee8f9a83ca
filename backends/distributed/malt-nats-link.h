/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/malt-nats-parser.h"

#include <gio/gio.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* One connection to one server, from the first attempt to its end. In the main context that is the
 * thread-default one where it is created. */
typedef struct _MaltNatsLink MaltNatsLink;

/* None is called after the link was freed, or after `lost`, where nothing else is left to do but
 * that. */
typedef struct
{
  /* To subscribe. When the server has done so and is `ready`, it has taken us on. */
  void (*greeted) (gpointer                 user_data);
  void (*ready)   (gpointer                 user_data);
  void (*info)    (JsonObject              *info,
                   gpointer                 user_data);
  void (*message) (const MaltNatsOperation *message,
                   gpointer                 user_data);
  /* What is not to be sent or received, while the rest goes on. */
  void (*refused) (const char              *text,
                   gpointer                 user_data);
  void (*lost)    (const GError            *error,
                   gpointer                 user_data);
} MaltNatsLinkFuncs;

/* As malt_nats_client_new(). */
MaltNatsLink *malt_nats_link_new  (GSocketConnectable      *server,
                                   GTlsDatabase            *authorities,
                                   GTlsCertificate         *certificate,
                                   const char              *name,
                                   const MaltNatsLinkFuncs *funcs,
                                   gpointer                 user_data);
void          malt_nats_link_free (MaltNatsLink            *self);

/* Sends a line, and a payload with its end if there is one. MALT_ERROR_LIMIT when too much
 * waits. */
gboolean      malt_nats_link_send (MaltNatsLink            *self,
                                   const char              *line,
                                   GBytes                  *payload,
                                   GError                 **error);

G_END_DECLS

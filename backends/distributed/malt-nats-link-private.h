/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/malt-nats-link.h"

G_BEGIN_DECLS

/* -link is the connection, -talk what is said over it. Reference counted: what is under way has a
 * reference. */
struct _MaltNatsLink
{
  GSocketConnectable      *server;      /* owned */
  GTlsDatabase            *authorities; /* owned, nullable */
  GTlsCertificate         *certificate; /* owned, nullable */
  char                    *name;
  const MaltNatsLinkFuncs *funcs;
  gpointer                 user_data;

  GMainContext            *context;     /* owned */
  GCancellable            *cancellable; /* owned */
  GIOStream               *stream;      /* owned; NULL: not connected */
  MaltNatsParser          *parser;      /* owned */
  GByteArray              *queued;      /* owned; what waits to be sent */
  GSource                 *reading;     /* owned, nullable */
  GSource                 *writing;     /* owned, nullable */
  GSource                 *timer;       /* owned; of the greeting, then of the pings */
  guint                    n_unanswered_pings;
  gboolean                 is_greeted;
  gboolean                 is_ready;
  gboolean                 is_mute;     /* the server has closed it; why is still to be read */
  gboolean                 is_over;
};

/* -link */
void malt_nats_link_unref     (MaltNatsLink            *self);
/* It is lost. The link may be freed when this returns, if the caller has no reference. */
void malt_nats_link_fail      (MaltNatsLink            *self,
                               GQuark                   domain,
                               int                      code,
                               const char              *format,
                               ...) G_GNUC_PRINTF (4, 5);
/* The server speaks TLS from here on; malt_nats_talk_begin() comes next. */
void malt_nats_link_start_tls (MaltNatsLink            *self);
/* Takes the place of what the link waited for before. */
void malt_nats_link_set_timer (MaltNatsLink            *self,
                               GSource                 *source,
                               GSourceFunc              func);

/* -talk */
void malt_nats_talk_begin     (MaltNatsLink            *self);
void malt_nats_talk_take      (MaltNatsLink            *self,
                               const MaltNatsOperation *operation);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltNatsLink, malt_nats_link_unref)

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Questions that have not been answered. Each is a task that returns a GBytes; it fails by itself
 * when its cancellable is cancelled or its time is over. */
typedef struct _MaltNatsRequests MaltNatsRequests;

typedef struct
{
  guint64  number;
  GTask   *task;      /* owned */
  char    *subject;
  GBytes  *payload;   /* owned */
  gboolean is_sent;   /* set by who sends it */
  GSource *timeout;   /* owned */
  GSource *cancelled; /* owned, nullable */
} MaltNatsRequest;

MaltNatsRequests *malt_nats_requests_new       (GMainContext       *context);
/* They must have ended. */
void              malt_nats_requests_free      (MaltNatsRequests   *self);

MaltNatsRequest  *malt_nats_requests_add       (MaltNatsRequests   *self,
                                                GTask              *task,
                                                const char         *subject,
                                                GBytes             *payload,
                                                guint               timeout_ms);
/* NULL: it has ended. */
MaltNatsRequest  *malt_nats_requests_lookup    (MaltNatsRequests   *self,
                                                guint64             number);
/* The numbers of those that nobody has sent. (transfer full) */
GArray           *malt_nats_requests_list_unsent (MaltNatsRequests *self);

/* Ends one, if it has not ended. */
void              malt_nats_requests_answer    (MaltNatsRequests   *self,
                                                guint64             number,
                                                GBytes             *payload);
/* Takes the error. */
void              malt_nats_requests_fail      (MaltNatsRequests   *self,
                                                guint64             number,
                                                GError             *error);
/* Whether what a server says is about that subject: it stands in quotes there, and others begin
 * alike. */
gboolean          malt_nats_names_subject      (const char         *text,
                                                const char         *subject);
/* Those that were sent: to what the text names, if there is one. */
void              malt_nats_requests_fail_sent (MaltNatsRequests   *self,
                                                const char         *text,
                                                const GError       *error);
void              malt_nats_requests_fail_all  (MaltNatsRequests   *self,
                                                const GError       *error);

G_END_DECLS

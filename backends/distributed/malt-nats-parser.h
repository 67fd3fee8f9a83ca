/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a NATS server says, piece by piece as it arrives. The server is only half trusted: nothing
 * that it sends makes this grow beyond one message. */
typedef struct _MaltNatsParser MaltNatsParser;

typedef enum
{
  MALT_NATS_INFO,
  MALT_NATS_MESSAGE,
  MALT_NATS_PING,
  MALT_NATS_PONG,
  MALT_NATS_ERROR
} MaltNatsType;

/* The status of a message that a server sends when a request has no receiver. */
#define MALT_NATS_STATUS_NO_RESPONDERS 503u

typedef struct
{
  MaltNatsType  type;
  char         *text;    /* of INFO a JSON object, of an error what it says; UTF-8 */
  guint64       sid;     /* of a message: the subscription that it is for */
  char         *subject;
  char         *reply;   /* nullable */
  guint         status;  /* 0: an ordinary message */
  GBytes       *payload;
} MaltNatsOperation;

void            malt_nats_operation_clear (MaltNatsOperation  *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MaltNatsOperation, malt_nats_operation_clear)

MaltNatsParser *malt_nats_parser_new      (void);
void            malt_nats_parser_free     (MaltNatsParser     *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltNatsParser, malt_nats_parser_free)

/* Appends what was read. */
void            malt_nats_parser_feed     (MaltNatsParser     *self,
                                           const guint8       *data,
                                           gsize               size);
/* Whether something is left that has not been taken. */
gboolean        malt_nats_parser_has_more (MaltNatsParser     *self);
/* TRUE and an operation; FALSE without an error: nothing is complete; FALSE with
 * MALT_ERROR_PROTOCOL: the connection is of no use any more. */
gboolean        malt_nats_parser_next     (MaltNatsParser     *self,
                                           MaltNatsOperation  *operation,
                                           GError            **error);

G_END_DECLS

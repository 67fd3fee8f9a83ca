/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Carries bytes both ways between a stream and a connected socket, in two threads of its own. What
 * one side does not take the other does not get rid of, so that memory is bounded; what one side
 * ends is ended on the other. */
typedef struct _MaltBridge MaltBridge;

typedef enum
{
  MALT_BRIDGE_FROM_STREAM, /* to the socket */
  MALT_BRIDGE_TO_STREAM    /* from the socket */
} MaltBridgeDirection;

/* Once for each direction, in a thread of the bridge: everything that came this way has been passed
 * on, or never will be. */
typedef void (*MaltBridgeFunc) (MaltBridgeDirection direction,
                                gpointer            user_data);

/* `stream`: a GSocketConnection or a GTlsConnection over one; nobody else uses it any more. Takes
 * `fd`, also on failure. `destroy` is called in any thread, when nothing is left of the bridge.
 * Errors: MALT_ERROR_LIMIT when no thread can be started; nothing is left then. */
MaltBridge *malt_bridge_new   (GIOStream       *stream,
                               int              fd,
                               MaltBridgeFunc   ended,
                               gpointer         user_data,
                               GDestroyNotify   destroy,
                               GError         **error);
/* With `before` (nullable), which is called in a thread of the bridge when bytes have come from the
 * socket, before they are passed on. */
MaltBridge *malt_bridge_new_full (GIOStream       *stream,
                                  int              fd,
                                  MaltBridgeFunc   before,
                                  MaltBridgeFunc   ended,
                                  gpointer         user_data,
                                  GDestroyNotify   destroy,
                                  GError         **error);
/* Ends both sides at once, for both directions. Any thread, any number of times; waits for
 * nothing. */
void        malt_bridge_close (MaltBridge      *self);
/* The threads hold references until they end: without malt_bridge_close() it goes on. */
void        malt_bridge_unref (MaltBridge      *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltBridge, malt_bridge_unref)

G_END_DECLS

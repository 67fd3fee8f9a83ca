/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Something to be done in another thread's main context, such as the return of a GTask: many of
 * them share one source, where g_task_return_value() makes one each, and what they hold is let
 * go of there. It lies in memory of whoever delivers it. */
typedef struct _MaltDelivery MaltDelivery;

struct _MaltDelivery
{
  GList   link;
  gint64  time;  /* of its sending, monotonic, microseconds */
  void  (*func) (MaltDelivery *self);
};

/* Any thread. Has `func` called in `context`, in the order of delivery, never before this returns.
 * Whoever delivers keeps the context alive until then. */
void malt_delivery_send (MaltDelivery  *self,
                         GMainContext  *context);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <gio/gio.h>

#include <malt/malt-visibility.h>

G_BEGIN_DECLS

/* Something to be done in another thread's main context, such as the return of a GTask: many of
 * them share one source, where g_task_return_value() makes one each, and what they hold is let
 * go of there. It lies in memory of whoever delivers it. */
typedef struct _MaltDelivery MaltDelivery;

struct _MaltDelivery
{
  /*< private >*/
  GList   link;
  gint64  time;  /* of its sending, monotonic, microseconds */

  /*< public >*/
  void  (*func) (MaltDelivery *self);
};

MALT_AVAILABLE_IN_ALL
void malt_delivery_send (MaltDelivery  *self,
                         GMainContext  *context);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <gio/gio.h>

#include <malt/malt-visibility.h>

G_BEGIN_DECLS

typedef struct _MaltDelivery MaltDelivery;

typedef void (*MaltDeliveryFunc) (MaltDelivery *self);

/* Something to be done in another thread's main context. It lies in memory of whoever delivers. */
struct _MaltDelivery
{
  /*< private >*/
  GList   link;
  gint64  time;  /* of its sending, monotonic, microseconds */

  /*< public >*/
  /* g-ir-scanner wants a type with a name, which abidiff takes for another type. */
#ifdef __GI_SCANNER__
  MaltDeliveryFunc  func;
#else
  void  (*func) (MaltDelivery *self);
#endif
};

MALT_AVAILABLE_IN_ALL
void malt_delivery_send (MaltDelivery  *self,
                         GMainContext  *context);

G_END_DECLS

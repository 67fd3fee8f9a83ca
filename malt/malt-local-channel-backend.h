/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-local-channel.h>

G_BEGIN_DECLS

/* The operations of a MaltLocalChannel without a GTask. */
typedef struct _MaltChannelWaiter MaltChannelWaiter;

typedef enum
{
  MALT_CHANNEL_VERB_PUT,
  MALT_CHANNEL_VERB_TAKE,
  MALT_CHANNEL_VERB_IS_READY,
  MALT_CHANNEL_VERB_WAIT
} MaltChannelVerb;

typedef void (*MaltChannelWaiterFunc) (MaltChannelWaiter *waiter);

struct _MaltChannelWaiter
{
  /*< public >*/
  /* Set before it begins. */
  MaltChannelVerb        verb;
  MaltChannelWaiterFunc  func;
  GVariant              *value;    /* owned: of a put, not floating; of a take that is over */

  /* What came of it. */
  gboolean               is_ready; /* of is_ready */
  GError                *error;    /* owned (nullable): MALT_ERROR_CHANNEL_CLOSED */

  /*< private >*/
  GList                  link;
  GQueue                *queue;     /* NULL: it does not wait */
  gboolean               is_claimed;
  gboolean               is_cancelled;
};

MALT_AVAILABLE_IN_ALL
gboolean  malt_local_channel_try_put      (MaltLocalChannel   *self,
                                           GVariant           *value);
MALT_AVAILABLE_IN_ALL
GVariant *malt_local_channel_try_take     (MaltLocalChannel   *self);
MALT_AVAILABLE_IN_ALL
gboolean  malt_local_channel_begin        (MaltLocalChannel   *self,
                                           MaltChannelWaiter  *waiter);
MALT_AVAILABLE_IN_ALL
gboolean  malt_local_channel_withdraw     (MaltLocalChannel   *self,
                                           MaltChannelWaiter  *waiter);
MALT_AVAILABLE_IN_ALL
void      malt_local_channel_untake       (MaltLocalChannel   *self,
                                           GVariant           *value);
MALT_AVAILABLE_IN_ALL
void      malt_local_channel_close        (MaltLocalChannel   *self);
MALT_AVAILABLE_IN_ALL
guint     malt_local_channel_get_capacity (MaltLocalChannel   *self);

G_END_DECLS

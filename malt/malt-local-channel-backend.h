/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-local-channel.h>

G_BEGIN_DECLS

/* The operations of a MaltLocalChannel without a GTask, for evaluators, whose coroutines wait in
 * their own way. Any thread. */
typedef struct _MaltChannelWaiter MaltChannelWaiter;

typedef enum
{
  MALT_CHANNEL_VERB_PUT,
  MALT_CHANNEL_VERB_TAKE,
  MALT_CHANNEL_VERB_IS_READY,
  MALT_CHANNEL_VERB_WAIT
} MaltChannelVerb;

/* The operation is over. Once, in whatever thread made it possible, without a lock held. */
typedef void (*MaltChannelWaiterFunc) (MaltChannelWaiter *waiter);

/* One operation, in memory of whoever begins it. */
struct _MaltChannelWaiter
{
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

/* At once or not at all: FALSE and NULL also where the channel is closed, which begin() tells
 * apart. */
MALT_AVAILABLE_IN_ALL
gboolean  malt_local_channel_try_put  (MaltLocalChannel   *self,
                                       GVariant           *value);
MALT_AVAILABLE_IN_ALL
GVariant *malt_local_channel_try_take (MaltLocalChannel   *self);

/* TRUE: it is over, and `func` will not be called. FALSE: it waits; the memory stays, and the
 * channel with it, until `func` has been called, possibly before this returns, or withdraw() has
 * answered TRUE. */
MALT_AVAILABLE_IN_ALL
gboolean  malt_local_channel_begin    (MaltLocalChannel   *self,
                                       MaltChannelWaiter  *waiter);
/* TRUE: it has had no effect, and `func` will not be called. FALSE: `func` has been or will be. */
MALT_AVAILABLE_IN_ALL
gboolean  malt_local_channel_withdraw (MaltLocalChannel   *self,
                                       MaltChannelWaiter  *waiter);
/* What has been taken and came too late: it is the oldest value again. */
MALT_AVAILABLE_IN_ALL
void      malt_local_channel_untake   (MaltLocalChannel   *self,
                                       GVariant           *value);
/* As malt_channel_close(), at once. */
MALT_AVAILABLE_IN_ALL
void      malt_local_channel_close    (MaltLocalChannel   *self);
/* What it was made with. */
MALT_AVAILABLE_IN_ALL
guint     malt_local_channel_get_capacity (MaltLocalChannel *self);

G_END_DECLS

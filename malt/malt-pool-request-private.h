/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-call.h"
#include "malt/malt-pool-core-private.h"

G_BEGIN_DECLS

/* One call that a pool is asked for, on its way to a member. */
typedef struct _MaltPoolRequest MaltPoolRequest;

typedef enum
{
  MALT_POOL_REQUEST_NEW,
  MALT_POOL_REQUEST_QUEUED,
  MALT_POOL_REQUEST_ASSIGNED, /* the pool thread is to send it */
  MALT_POOL_REQUEST_SENDING,  /* it does so now */
  MALT_POOL_REQUEST_SENT,     /* or its own thread is about to */
  MALT_POOL_REQUEST_REFUSED
} MaltPoolRequestState;

/* Runs in the pool thread, once. */
typedef void (*MaltPoolRequestFunc) (MaltPoolRequest *self,
                                     GVariant        *value,
                                     const GError    *error);

struct _MaltPoolRequest
{
  GList                 link;        /* protected by the core's lock */
  int                   ref_count;   /* atomic */

  /* Immutable. */
  MaltPoolCore         *core;        /* owned */
  GCancellable         *cancellable; /* owned, nullable */
  MaltPoolRequestFunc   done;        /* NULL: a thread waits for @turn */
  gpointer              data;        /* of @done */
  gint64                begin_us;
  MaltCall             *call;        /* owned; what is sent, or for a thread a copy of it */

  gulong                cancel_handler; /* of whoever sends it */

  /* Protected by the core's lock. */
  GCond                *turn;
  MaltPoolRequestState  state;
  MaltPoolMember       *member;      /* owned, once assigned */
  guint64               number;      /* of all that were assigned; 0: never */
  gboolean              is_interrupted; /* while it was being sent */
  GError               *error;       /* owned; of one that is refused */
};

/* malt-pool-request.c */
MaltPoolRequest *malt_pool_request_new        (MaltPoolCore         *core,
                                               MaltCall             *call,
                                               GCancellable         *cancellable,
                                               MaltPoolRequestFunc   done,
                                               gpointer              data);
MaltPoolRequest *malt_pool_request_ref        (MaltPoolRequest      *self);
void             malt_pool_request_unref      (MaltPoolRequest      *self);
/* Takes the request unless it fails; `done` runs later. `is_part`: of something that has been taken
 * on, so that there are neither too many of them, nor is it too late. */
gboolean         malt_pool_request_submit     (MaltPoolRequest      *self,
                                               gboolean              is_part,
                                               GError              **error);
/* For a blocking call, which is sent by the caller's thread: waits for a member. */
gboolean         malt_pool_request_wait       (MaltPoolRequest      *self,
                                               GError              **error);
/* The call that the member was sent is over, after so many microseconds as the member says: gives
 * its room to the next. */
void             malt_pool_request_release    (MaltPoolRequest      *self,
                                               gint64                run_time_us,
                                               const GError         *error);
void             malt_pool_request_unwatch    (MaltPoolRequest      *self);
gboolean         malt_pool_request_is_channel_operation (MaltPoolRequest *self);

/* malt-pool-queue.c */
void             malt_pool_request_enqueue_locked (MaltPoolRequest  *self);
/* Takes the error. Of one that is not sent; its place must have been left. */
void             malt_pool_request_refuse_locked (MaltPoolRequest   *self,
                                               GError               *error);
/* Leaves the place that it has in a member. */
void             malt_pool_request_leave_locked (MaltPoolRequest    *self);
/* Whether the member still runs. If not, it waits for another: nothing of it was sent. */
gboolean         malt_pool_request_check_member (MaltPoolRequest    *self);

/* malt-pool-interrupt.c */
GError          *malt_pool_request_new_interruption (MaltPoolRequest *self);
gboolean         malt_pool_core_interrupt     (MaltPoolCore         *core,
                                               GError              **error);

/* malt-pool-send.c */
void             malt_pool_core_send_task     (MaltPoolCore         *core,
                                               MaltCall             *call,
                                               GTask                *task);
GVariant        *malt_pool_core_send_sync     (MaltPoolCore         *core,
                                               MaltCall             *call,
                                               GCancellable         *cancellable,
                                               GError              **error);
gboolean         malt_pool_core_post          (MaltPoolCore         *core,
                                               MaltCall             *call,
                                               GError              **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltPoolRequest, malt_pool_request_unref)

G_END_DECLS

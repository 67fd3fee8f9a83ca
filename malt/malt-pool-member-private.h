/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-abstract-worker.h"

G_BEGIN_DECLS

typedef struct _MaltPoolCore   MaltPoolCore;
typedef struct _MaltPoolMember MaltPoolMember;
typedef struct _MaltPoolSetup  MaltPoolSetup;

typedef enum
{
  MALT_POOL_MEMBER_STARTING,
  MALT_POOL_MEMBER_SETTING_UP, /* evaluates what was asked for everywhere */
  MALT_POOL_MEMBER_READY,
  MALT_POOL_MEMBER_RETIRING,   /* gets no more calls; stopped when those it has are over */
  MALT_POOL_MEMBER_STOPPING,
  MALT_POOL_MEMBER_ENDED
} MaltPoolMemberState;

/* What the pool thread is to do about a member. */
typedef enum
{
  MALT_POOL_MEMBER_TASK_NONE,
  MALT_POOL_MEMBER_TASK_BURY,   /* it has ended */
  MALT_POOL_MEMBER_TASK_DROP,   /* its start, that is */
  MALT_POOL_MEMBER_TASK_CANCEL, /* likewise */
  MALT_POOL_MEMBER_TASK_STOP,
  MALT_POOL_MEMBER_TASK_SET_UP
} MaltPoolMemberTask;

struct _MaltPoolMember
{
  GCancellable        *cancellable;  /* owned, immutable; of its start */
  GWeakRef             item;         /* of the list; asked in the context of the pool */

  /* Protected by the core's lock. */
  MaltAbstractWorker  *worker;       /* owned; set once, by the pool thread, when it has started */
  MaltPoolMemberState  state;
  gboolean             has_ended;    /* has been seen; the pool thread does the rest */
  GQueue               calls;        /* requests by their @link, oldest first */
  guint64              n_assigned;   /* calls, and not taken back */
  guint64              n_calls;      /* of those, that are over */
  gint64               ready_us;     /* monotonic; since when it is, 0: it never was */
  gboolean             wants_memory_check;
  gint64               memory_check_us; /* not before */

  /* Pool thread only. */
  MaltPoolMemberTask   task;
  guint                n_set_up;     /* of the core's set-ups, done */
  MaltPoolSetup       *setup;        /* not owned; that it evaluates now, NULL: none */
};

/* malt-pool-member.c */
MaltPoolMember *malt_pool_member_ref          (MaltPoolMember       *self);
void            malt_pool_member_unref        (MaltPoolMember       *self);
guint64         malt_pool_member_get_memory   (MaltAbstractWorker   *worker);
/* Whether it counts to the size of the pool. */
gboolean        malt_pool_member_is_active_locked (MaltPoolMember   *self);
/* Run in the pool thread. */
void            malt_pool_member_start        (MaltPoolCore         *core);
/* One whose start has failed, or is not waited for. */
void            malt_pool_member_drop         (MaltPoolCore         *core,
                                               MaltPoolMember       *self,
                                               const GError         *error);
void            malt_pool_member_stop         (MaltPoolCore         *core,
                                               MaltPoolMember       *self,
                                               guint                 exit_timeout_ms,
                                               guint                 term_timeout_ms);
void            malt_pool_member_ended        (MaltPoolCore         *core,
                                               MaltPoolMember       *self);

/* malt-pool-signals.c */
/* Run in the pool thread. */
void            malt_pool_member_watch        (MaltPoolCore         *core,
                                               MaltPoolMember       *self,
                                               MaltAbstractWorker   *worker);
void            malt_pool_member_unwatch      (MaltPoolMember       *self);
void            malt_pool_member_tell_exited  (MaltPoolCore         *core,
                                               MaltPoolMember       *self);

/* malt-pool-setup.c */
/* Takes the task, which returns an int. */
void            malt_pool_setup_begin         (MaltPoolCore         *core,
                                               const char           *module,
                                               const char           *expression,
                                               GVariant             *args,
                                               GTask                *task);
void            malt_pool_setup_unref         (MaltPoolSetup        *self);
/* Run in the pool thread. */
/* Whether it is not sure yet that it can be evaluated: then it is to blame for what happens. */
gboolean        malt_pool_setup_is_on_trial   (MaltPoolSetup        *self);
void            malt_pool_setup_advance       (MaltPoolCore         *core,
                                               MaltPoolMember       *member);
void            malt_pool_setup_settle        (MaltPoolCore         *core);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltPoolMember, malt_pool_member_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltPoolSetup, malt_pool_setup_unref)

G_END_DECLS

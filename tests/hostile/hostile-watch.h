/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tests/backends/process-fixture.h"

/* A thread that calls a good worker all the time. At the end it must have been answered at once,
 * the process not have grown, and nothing have been logged that a worker did not say. */
typedef struct
{
  MaltAbstractWorker *neighbour;   /* owned */
  GCancellable       *cancellable; /* owned; for who wants it */
  GThread            *thread;      /* owned */
  GArray             *times;       /* of gint64, microseconds; @thread only until it is joined */
  gsize               size;        /* of the process at the beginning, in bytes */
  gsize               peak;        /* as @times */
  int                 n_pings;     /* atomic */
  int                 is_over;     /* atomic */
} HostileWatch;

HostileWatch       *hostile_watch_new               (void);
/* Until there have been enough pings to judge by. */
void                hostile_watch_wait              (HostileWatch   *self);
/* Pings from the default main context, and judges them too. */
void                hostile_watch_ping_in_main_loop (HostileWatch   *self);
void                hostile_watch_free              (HostileWatch   *self);

/* `mode`: of hostile-peer.c. */
MaltAbstractWorker *hostile_new_worker              (const char     *mode,
                                                     const char     *options,
                                                     GError        **error);
MaltAbstractWorker *hostile_start                   (const char     *mode,
                                                     const char     *options);
GVariant           *hostile_call                    (MaltAbstractWorker *worker,
                                                     const char     *result_type,
                                                     GCancellable   *cancellable,
                                                     GError        **error);

void                hostile_init                    (int            *argc,
                                                     char         ***argv);
void                hostile_add                     (const char     *group,
                                                     const char     *name,
                                                     gconstpointer   data,
                                                     GTestDataFunc   func);

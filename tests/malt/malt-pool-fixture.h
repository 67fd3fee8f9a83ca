/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt-scripted-worker.h"
#include "tests/contract/pool-fixture.h"

G_BEGIN_DECLS

/* For the tests of pools of scripted workers. */

/* A blocking call in a thread of its own, which holds the pool until it is over. */
typedef struct
{
  const char   *function;
  MaltPool     *pool;        /* owned */
  GCancellable *cancellable; /* owned (nullable) */
  GError       *error;
  GThread      *thread;
} ScriptedCaller;

/* With a new script, by which all goes well. */
MaltPool *scripted_pool_start   (const char     *options);

void      scripted_caller_start (ScriptedCaller *self,
                                 MaltPool       *pool,
                                 const char     *function,
                                 GCancellable   *cancellable);
/* Waits for the end of the call; `error` is the caller's then. */
void      scripted_caller_join  (ScriptedCaller *self);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tests/malt-test-slowness.h"

#include <malt/malt.h>

/* Pools of processes, for the tests of them. */

/* Far beyond what any of this takes. */
#define POOL_WATCHDOG_SECONDS (120 * malt_test_get_slowness ())

/* Iterates the main context until it holds. */
#define pool_wait_until(condition) \
  while (!(condition)) \
    g_main_context_iteration (NULL, TRUE)

/* What became of calls of pool_on_reply(). */
typedef struct
{
  guint   n_ended;
  guint   n_failed;
  GError *error; /* the last */
} PoolReplies;

/* Takes the program's one argument, the folder of contract.so. */
void      pool_test_init  (int           *argc,
                           char        ***argv);
/* `options`: text of an a{su}, properties of the pool. */
MaltPool *pool_start      (const char    *options);
/* Lets go of it, too. */
void      pool_stop       (MaltPool      *pool);
gint64    pool_eval_int   (MaltPool      *pool,
                           const char    *expression);
/* (transfer full): what the expression fails with. */
GError   *pool_eval_error (MaltPool      *pool,
                           const char    *expression);
guint     pool_get_uint   (MaltPool      *pool,
                           const char    *name);
guint64   pool_get_uint64 (MaltPool      *pool,
                           const char    *name);
void      pool_on_reply   (GObject       *source,
                           GAsyncResult  *result,
                           gpointer       user_data);

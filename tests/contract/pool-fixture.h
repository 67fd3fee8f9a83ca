/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tests/malt-test-slowness.h"

#include <malt/malt.h>

/* For the tests of pools. */

/* Far beyond what any of this takes. */
#define POOL_WATCHDOG_SECONDS (120 * malt_test_get_slowness ())

/* Iterates the main context until it holds. */
#define pool_wait_until(condition) \
  while (!(condition)) \
    g_main_context_iteration (NULL, TRUE)

/* The same, for what is done in other threads, too. */
#define pool_poll_until(condition) \
  while (!(condition)) \
    if (!g_main_context_iteration (NULL, FALSE)) \
      g_usleep (200)

/* What became of calls of pool_on_reply(). */
typedef struct
{
  guint   n_ended;
  guint   n_failed;
  gint64  sum;   /* of those that answered a number */
  GError *error; /* the last */
} PoolReplies;

/* Takes the program's one argument, the folder of contract.so. */
void      pool_test_init  (int           *argc,
                           char        ***argv);
/* `options`: text of an a{su}, properties of the pool. Not started. */
MaltPool *pool_new        (const char    *backend,
                           GVariant      *worker_options,
                           const char    *options);
MaltPool *pool_start      (const char    *backend,
                           const char    *options);
/* Lets go of it, too. */
void      pool_stop       (MaltPool      *pool);
gint64    pool_eval_int   (MaltPool      *pool,
                           const char    *expression);
/* (transfer full): what the expression fails with. */
GError   *pool_eval_error (MaltPool      *pool,
                           const char    *expression);
/* Calls a function that answers its argument. */
gboolean  pool_echo       (MaltPool      *pool,
                           const char    *function,
                           gint64         value,
                           GError       **error);
void      pool_echo_async (MaltPool      *pool,
                           const char    *function,
                           gint64         value,
                           GCancellable  *cancellable,
                           PoolReplies   *replies);
guint     pool_get_uint   (MaltPool      *pool,
                           const char    *name);
guint64   pool_get_uint64 (MaltPool      *pool,
                           const char    *name);
void      pool_on_reply   (GObject       *source,
                           GAsyncResult  *result,
                           gpointer       user_data);
/* Inputs of a map: (0,), (1,), … (transfer floating) */
GVariant *pool_new_numbers (gint64        n);
/* A map that goes well; user_data: where its results go, GVariant **. */
void      pool_on_mapped  (GObject       *source,
                           GAsyncResult  *result,
                           gpointer       user_data);

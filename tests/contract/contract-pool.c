/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"

/* A pool of one is held to the contract of a worker, its worker's own affairs excepted. */

/* Calls that the worker has at the same time: as many as a case sends. */
#define POOL_CALLS 65536u

/* The pool is not its worker: it has another name, which the worker's errors and records do not
 * know; it goes on when the worker has ended; it knows of a post until that is over, and tells in
 * the log what is wrong with one that has been taken on. */
static const char *const cases_of_the_worker[] = {
  "/basic/describe",
  "/basic/fire-and-forget",
  "/basic/running-workers",
  "/exceptions/nobody-waits",
  "/exceptions/text",
  "/limits/message-size",
  "/limits/posts-to-frozen",
  "/log/of-expressions",
  "/log/of-functions",
  "/nesting/traceback",
  "/output/stream",
  "/output/unread-stream",
  "/report/by-others",
  "/report/crashed",
  "/report/disconnected",
  "/report/left",
  "/report/limits",
  "/report/of-errors",
  "/report/out-of-memory",
  "/report/told",
  "/timeout/frozen",
  "/timeout/unresponsive",
  NULL
};

gboolean
contract_pool_is_held_to (const char *path)
{
  return !g_strv_contains (cases_of_the_worker, path);
}

MaltAbstractWorker *
contract_pool_new (const char *backend, GVariant *options, GError **error)
{
  return g_initable_new (MALT_TYPE_POOL, NULL, error,
                         "profile", backend,
                         "options", options,
                         "size", 1u,
                         "max-in-flight", POOL_CALLS,
                         NULL);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/sandbox/malt-sandbox-profile.h"

#include <errno.h>
#include <unistd.h>

G_BEGIN_DECLS

/* A child says which line of a test does not hold. */
#define expect(condition) \
  G_STMT_START { \
    if (!(condition)) \
      { \
        g_printerr ("%d: %s does not hold: %s\n", __LINE__, #condition, g_strerror (errno)); \
        _exit (1); \
      } \
  } G_STMT_END

#define expect_errno(call, number) \
  G_STMT_START { \
    errno = 0; \
    expect ((call) < 0 && errno == (number)); \
  } G_STMT_END

/* Runs it in a child; the status of waitpid(). */
int       sandbox_run_apart   (void        (*func) (gconstpointer data),
                               gconstpointer data);
void      sandbox_assert_runs (void        (*func) (gconstpointer data),
                               gconstpointer data);
/* NULL, and the test is passed over, where it cannot be had. Without limits of memory, for
 * sanitizers take it all. */
GVariant *sandbox_new_setup   (MaltSandbox   profile,
                               const char   *readable);
/* In a child: by the set-up. */
void      sandbox_close       (gconstpointer data);

G_END_DECLS

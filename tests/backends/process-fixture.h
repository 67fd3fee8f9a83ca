/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tests/malt-test-slowness.h"

#include <malt/malt.h>

/* A test that takes longer than this many seconds hangs. */
#define FIXTURE_WATCHDOG_SECONDS (60 * malt_test_get_slowness ())

/* What happens at once may take so long, in milliseconds: less than the time-outs that it must not
 * wait for, and enough for a machine that has other things to do. */
#define FIXTURE_AT_ONCE_MSEC (10000 * malt_test_get_slowness ())

/* Whether a test is to do what it does as often as it takes to find what is rare. */
gboolean            fixture_is_full           (void);

/* Tells which modes there are: fake-worker.c. `options`: a{sv} in text format, or NULL. */
MaltAbstractWorker *fixture_new_worker        (const char          *mode,
                                               const char          *argument,
                                               const char          *options,
                                               GCancellable        *cancellable,
                                               GError             **error);
/* The same for one that must come up. */
MaltAbstractWorker *fixture_start             (const char          *mode,
                                               const char          *argument,
                                               const char          *options);
GVariant           *fixture_new_options       (const char          *mode,
                                               const char          *argument,
                                               const char          *options);
/* A real one, which has as much time to come up as the run is slow. */
MaltAbstractWorker *fixture_start_worker      (void);
/* Stops it and drops the reference. */
void                fixture_stop              (MaltAbstractWorker  *worker);
void                fixture_assert_call       (MaltAbstractWorker  *worker);

int                 fixture_get_pid           (MaltAbstractWorker  *worker);
/* A process that is dead but not waited for, for its new parent does not, is gone. */
gboolean            fixture_is_gone           (int                  pid);
void                fixture_wait_until_gone   (int                  pid);
/* The PID that a mode has written. */
int                 fixture_read_pid          (const char          *path);

/* Iterates the main context until *flag. */
void                fixture_iterate_until     (const gboolean      *flag);

/* What must not grow: open descriptors, children, threads. Starts the monitor thread first. */
typedef struct
{
  guint n_fds;
  guint n_children;
  guint n_threads;
} FixtureCensus;

FixtureCensus       fixture_take_census       (void);
void                fixture_assert_census     (const FixtureCensus *before);

/* g_test_init(), and a watchdog for each test that is added. */
void                fixture_init              (int                 *argc,
                                               char              ***argv);
void                fixture_add               (const char          *path,
                                               GTestFunc            func);
void                fixture_add_data          (const char          *path,
                                               gconstpointer        data,
                                               GTestDataFunc        func);

void                fixture_assert_at_once    (gint64               began_us);

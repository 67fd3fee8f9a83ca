/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-plugin.h>

G_BEGIN_DECLS

/* Between two looks at what nobody tells, in microseconds. */
#define SPARES_POLL_USEC 1000

/* The real worker program, without an evaluator, and with one spare. */
MaltAbstractWorker *spares_try_start      (const char          *first_property,
                                           gpointer             value,
                                           GError             **error);
MaltAbstractWorker *spares_start          (const char          *first_property,
                                           gpointer             value);
void                spares_assert_answers (MaltAbstractWorker  *worker);
void                spares_wait_for       (guint                n_spares);
/* The only child beside that of `worker`, once it is ready. */
int                 spares_wait_for_one   (MaltAbstractWorker  *worker);
/* Nothing is left for the next test. */
void                spares_drop           (void);

/* A program that is a worker by way of a script. (transfer full) */
char               *spares_write_program  (const char          *folder,
                                           const char          *line);
char               *spares_make_folder    (void);
void                spares_remove_folder  (const char          *folder);

G_END_DECLS

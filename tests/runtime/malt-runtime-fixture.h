/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt-test-runtime.h"

G_BEGIN_DECLS

/* A runtime with the evaluator "fake" and the module "unit", and what two of its calls came to. */
typedef struct
{
  TestRuntime *runtime;
  Outcome     *outcome;
  Outcome     *other;
} Fixture;

/* Instead of g_test_init(). */
void fixture_init (int           *argc,
                   char        ***argv);
/* As /malt/runtime/GROUP/NAME; group: "" for none. */
void fixture_add  (const char    *group,
                   const char    *name,
                   gconstpointer  data,
                   void         (*func) (Fixture *, gconstpointer));

G_END_DECLS

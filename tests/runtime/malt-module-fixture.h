/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt-test-folder.h"
#include "malt-test-runtime.h"

G_BEGIN_DECLS

/* A test of a function module: a runtime that finds those of $MALT_TEST_MODULES, and a folder. */
typedef struct
{
  TestRuntime *runtime;
  Outcome     *outcome;
  char        *folder; /* owned */
} ModuleFixture;

typedef void (*ModuleTestFunc) (ModuleFixture *fixture,
                                gconstpointer  data);

void module_fixture_set_up          (ModuleFixture  *self,
                                     gconstpointer   data);
void module_fixture_tear_down       (ModuleFixture  *self,
                                     gconstpointer   data);
void module_fixture_add             (const char     *path,
                                     gconstpointer   data,
                                     ModuleTestFunc  func);

/* Calls `function` with `args`, floating, and expects an error of reading the file at `path`. */
void module_fixture_assert_unreadable (ModuleFixture *self,
                                       const char    *function,
                                       GVariant      *args,
                                       const char    *path,
                                       GIOErrorEnum   code);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "malt-module-fixture.h"

void
module_fixture_set_up (ModuleFixture *self,
                       gconstpointer  data)
{
  self->runtime = test_runtime_new_with_modules (NULL, g_getenv ("MALT_TEST_MODULES"));
  self->outcome = outcome_new ();
  self->folder = test_folder_new ();
}

void
module_fixture_tear_down (ModuleFixture *self,
                          gconstpointer  data)
{
  test_runtime_free (self->runtime);
  outcome_free (self->outcome);
  test_folder_free (self->folder);
}

void
module_fixture_add (const char     *path,
                    gconstpointer   data,
                    ModuleTestFunc  func)
{
  g_test_add (path, ModuleFixture, data, module_fixture_set_up, func, module_fixture_tear_down);
}

void
module_fixture_assert_unreadable (ModuleFixture *self,
                                  const char    *function,
                                  GVariant      *args,
                                  const char    *path,
                                  GIOErrorEnum   code)
{
  g_autofree char *type = g_strdup_printf ("g-io-error-quark:%d", code);
  g_autoptr (Outcome) outcome = outcome_new ();

  test_runtime_call (self->runtime, function, args, outcome);
  assert_failed (outcome, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION, path);
  g_assert_cmpstr (malt_error_get_remote_type (outcome->error), ==, type);
}

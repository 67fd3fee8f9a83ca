/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "malt-runtime-fixture.h"

#include "malt-fake-evaluator.h"
#include "malt-unit-module.h"

void
fixture_init (int    *argc,
              char ***argv)
{
  g_test_init (argc, argv, NULL);
  fake_evaluator_register ();
  unit_module_register ();
}

static void
set_up (Fixture      *self,
        gconstpointer data)
{
  self->runtime = test_runtime_new ("fake");
  self->outcome = outcome_new ();
  self->other = outcome_new ();
}

static void
tear_down (Fixture      *self,
           gconstpointer data)
{
  test_runtime_free (self->runtime);
  outcome_free (self->outcome);
  outcome_free (self->other);
}

void
fixture_add (const char    *group,
             const char    *name,
             gconstpointer  data,
             void         (*func) (Fixture *, gconstpointer))
{
  g_autofree char *path = g_build_path ("/", "/malt/runtime", group, name, NULL);

  g_test_add (path, Fixture, data, set_up, func, tear_down);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"

static GVariant *
eval_in (MaltAbstractWorker *worker, const char *module, const char *expression)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = malt_abstract_worker_remote_eval_fetch (worker, module, expression, NULL, NULL,
                                                            &error);

  g_assert_no_error (error);
  return value;
}

static void
assert_in (MaltAbstractWorker *worker,
           const char         *module,
           const char         *expression,
           const char         *expected)
{
  g_autoptr (GVariant) value = eval_in (worker, module, expression);

  contract_assert_value (value, expected);
}

static void
modules (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);

  assert_in (worker, NULL, "x = 1", "int64 1");
  assert_in (worker, "Main", "x", "int64 1");
  assert_in (worker, "Stub", "return x == nil", "true");
  assert_in (worker, "Stub", "x = 2", "int64 2");
  assert_in (worker, NULL, "return x", "int64 1");
  assert_in (worker, NULL, "return Stub.x", "int64 2");
  assert_in (worker, "Stub", "print = 1", "int64 1");
  assert_in (worker, NULL, "return type (print)", "'function'");
}

static void
parents (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);

  assert_in (worker, "Outer.Inner", "z = 3", "int64 3");
  assert_in (worker, NULL, "return Outer.Inner.z", "int64 3");
}

static void
defined_functions (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  const struct
  {
    const char *function;
    const char *expected;
  } calls[] = {
    { "double", "int64 42" },
    { "Main.double", "int64 42" },
    { "Outer.Inner.triple", "int64 63" },
    { "math.abs", "int64 21" },
  };
  g_autoptr (GVariant) upper = NULL;

  assert_in (worker, NULL, "function double (n) return 2 * n end", "()");
  assert_in (worker, "Outer.Inner", "function triple (n) return 3 * n end", "()");
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autoptr (GVariant) value = contract_call (worker, calls[i].function,
                                                  g_variant_new ("(x)", (gint64) 21));

      contract_assert_value (value, calls[i].expected);
    }
  upper = contract_call (worker, "string.upper", g_variant_new ("(s)", "loud"));
  contract_assert_value (upper, "'LOUD'");
}

static gboolean
lists (GVariant *names, const char *name)
{
  g_autofree const char **strings = g_variant_get_strv (names, NULL);

  return g_strv_contains (strings, name);
}

static void
list (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) imported = NULL;
  g_autoptr (GVariant) names = NULL;

  assert_in (worker, NULL, "function double (n) return 2 * n end", "()");
  imported = contract_call (worker, "malt.import", g_variant_new ("(s)", "contract"));
  g_assert_true (g_variant_is_of_type (imported, G_VARIANT_TYPE_STRING_ARRAY));
  g_assert_true (lists (imported, "echo"));
  names = contract_call (worker, "malt.list", NULL);
  g_assert_true (lists (names, "malt.ping"));
  g_assert_true (lists (names, "malt.eval"));
  g_assert_true (lists (names, "contract.echo"));
  g_assert_true (lists (names, "double") || lists (names, "Main.double"));
}

static void
separate (Contract *contract)
{
  MaltAbstractWorker *first = contract_start (contract, NULL);
  MaltAbstractWorker *second = contract_start (contract, NULL);

  assert_in (first, NULL, "x = 1", "int64 1");
  assert_in (second, NULL, "return x == nil", "true");
}

static void
binary_chunk (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GError) by_eval = contract_eval_error (worker, "\x1bLuaT\x01\x19");
  g_autoptr (GVariant) by_load = NULL;
  g_autoptr (GVariant) dump = NULL;

  g_assert_error (by_eval, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_assert_cmpstr (malt_error_get_remote_type (by_eval), ==, "lua.syntax");
  by_load = contract_eval (worker, "return (load ('\\27LuaT\\0\\x19\\x93', 'b', 'b'))", NULL);
  contract_assert_value (by_load, "()");
  dump = contract_eval (worker, "return string.dump == nil", NULL);
  contract_assert_value (dump, "true");
  contract_assert_alive (worker);
}

const ContractCase contract_namespace_cases[] = {
  { "/namespaces/modules", modules, .summary = "Each module has its own globals, seen from Main" },
  { "/namespaces/parents", parents, .summary = "A module is created with its parents" },
  { "/namespaces/defined-functions", defined_functions,
    .summary = "Functions that an evaluation defined, and the language's, are called by name" },
  { "/namespaces/list", list, .summary = "malt.import and malt.list say what can be called" },
  { "/namespaces/separate", separate, .summary = "Workers share nothing" },
  { "/namespaces/binary-chunk", binary_chunk, .summary = "Bytecode is refused" },
  { NULL }
};

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "malt-lua-fixture.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct
{
  const char *module;
  const char *expression;
  const char *value;
} Case;

static void
run_cases (LuaFixture *fixture,
           const Case *cases,
           gsize       n_cases)
{
  for (gsize i = 0; i < n_cases; i++)
    {
      g_autofree char *text = lua_eval_in (fixture, cases[i].module, cases[i].expression);
      g_autofree char *what = g_strdup_printf ("%s: %s", cases[i].module, cases[i].expression);

      lua_check_text (G_STRLOC, what, text, cases[i].value);
    }
}

static void
test_modules (void)
{
  static const Case cases[] = {
    { "Stub", "x = 'x is in Stub'", "'x is in Stub'" },
    { "", "Stub.x", "'x is in Stub'" },
    { "Main", "Stub.x", "'x is in Stub'" },
    { "Main.Stub", "x", "'x is in Stub'" },
    { "", "Stub.y = 2", "int64 2" },
    { "Stub", "y", "int64 2" },
    { "", "x0 = 1", "int64 1" },
    { "Stub", "x0", "()" },
    { "Stub", "_G.x == x and _G._G == _G", "true" },
    { "A.B.C", "z = 5", "int64 5" },
    { "", "A.B.C.z", "int64 5" },
    { "A.B", "C.z", "int64 5" },
    { "A", "B.C.z", "int64 5" },
    { "Stub", "print = 1", "int64 1" },
    { "", "type(print)", "'function'" },
    { "Stub", "load('w = 3')() ; w", "int64 3" },
    { "", "w", "()" },
    { "Stub", "load('return x', 'name', 't', {x = 7})()", "int64 7" },
    { "Stub", "function f() return x end", "()" },
    { "", "Stub.f()", "'x is in Stub'" },
    { "", "setmetatable(_G, {})", "~cannot change a protected metatable" },
    { "", "tostring(_G):match('malt.Module') ", "'malt.Module'" },
    { "", "local n = 0 for k in pairs(_G) do n = n + 1 end return n", "int64 3" },
    /* A table becomes a module with what it has. */
    { "", "plain = {n = 1}", "{'n': <int64 1>}" },
    { "plain", "n", "int64 1" },
    { "plain", "type(print)", "'function'" },
    /* One that is taken away is gone. */
    { "", "Stub = nil", "()" },
    { "Stub", "x", "()" },
  };
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);

  run_cases (fixture, cases, G_N_ELEMENTS (cases));
}

static void
test_wrong_names (void)
{
  static const Case cases[] = {
    { "", "number = 5; own = setmetatable({}, {})", "*" },
    { "number", "1", "lua.error: Cannot evaluate in module “number”: “number” is a number value" },
    { "own", "1", "lua.error: Cannot evaluate in module “own”: “own” is a table value" },
    { "string", "1",
      "lua.error: Cannot evaluate in module “string”: the name belongs to Lua's library" },
    { "A..B", "1", "lua.error: Cannot evaluate in module “A..B”: a part of the name is empty" },
    { ".A", "1", "~a part of the name is empty" },
    { "A.", "1", "~a part of the name is empty" },
  };
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);

  run_cases (fixture, cases, G_N_ELEMENTS (cases));
}

static void
test_calls_by_name (void)
{
  static const struct
  {
    const char *function;
    const char *args;
    const char *value;
  } cases[] = {
    { "f", "(21,)", "int64 42" },
    { "Main.f", "(21,)", "int64 42" },
    { "Stub.f", "()", "'stub'" },
    { "A.B.f", "()", "'deep'" },
    { "table_of.g", "()", "'g'" },
    { "callable", "(1,)", "int64 2" },
    { "string.upper", "('abc',)", "'ABC'" },
    { "math.max", "(int64 3, 9.5)", "9.5" },
    { "type", "(1,)", "'number'" },
    { "unit.add", "(int64 1, int64 2)", "int64 3" },
    { "value", "()", "~There is no function “value”" },
    { "nope", "()", "~There is no function “nope”" },
    { "Stub.nope", "()", "~There is no function “Stub.nope”" },
    { "Stub.string.upper", "()", "~There is no function" },
    { "f.x", "()", "~There is no function" },
    { "table_of.", "()", "~There is no function" },
    { "lazy.f", "()", "~There is no function" },
  };
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);

  lua_assert_eval (fixture, "function f(a) return a * 2 end value = 5 table_of = {g = function() "
                   "return 'g' end}", "*");
  lua_assert_eval (fixture, "callable = setmetatable({}, {__call = function(self, n) return n + "
                   "1 end})",
                   "*");
  lua_assert_eval (fixture, "lazy = setmetatable({}, {__index = function() error('user code') "
                   "end})",
                   "*");
  lua_assert_text (lua_eval_in (fixture, "Stub", "function f() return 'stub' end"), "()");
  lua_assert_text (lua_eval_in (fixture, "A.B", "function f() return 'deep' end"), "()");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = lua_call (fixture, cases[i].function, cases[i].args);

      lua_check_text (G_STRLOC, cases[i].function, text, cases[i].value);
    }
}

static void
test_list (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);
  g_autoptr (LuaResult) result = NULL;
  g_autofree const char **names = NULL;

  lua_assert_eval (fixture, "function f() end value = 1 import 'unit' t = {g = f, print = print} "
                   "t.t = t t['a.b'] = f", "*");
  lua_assert_text (lua_eval_in (fixture, "Stub", "function h() end"), "()");
  result = lua_start_call (fixture, "malt.list", NULL);
  names = g_variant_get_strv (result->value, NULL);
  g_assert_true (g_strv_contains (names, "f"));
  g_assert_true (g_strv_contains (names, "Stub.h"));
  g_assert_true (g_strv_contains (names, "t.g"));
  g_assert_false (g_strv_contains (names, "t.t.g"));
  g_assert_false (g_strv_contains (names, "t.a.b"));
  g_assert_false (g_strv_contains (names, "t.print"));
  g_assert_false (g_strv_contains (names, "value"));
  g_assert_false (g_strv_contains (names, "print"));
}

static void
test_import (void)
{
  static const Case cases[] = {
    { "", "import 'unit'; unit.add(1, 2)", "int64 3" },
    { "", "import('unit').add == nil", "false" },
    { "Stub", "unit", "()" },
    { "Stub", "import 'unit'; unit.add(3, 4)", "int64 7" },
    { "Other", "local u = malt.import 'unit' return u.add(5, 6), unit == nil", "(int64 11, true)" },
    { "", "unit.nothing()", "()" },
    { "", "select('#', unit.nothing())", "int64 0" },
    { "", "unit.echo()", "()" },
    { "", "unit.echo(1, 'x', nil, {2})", "(int64 1, 'x', @mv nothing, [<int64 2>])" },
    { "", "unit.typed_echo(1, 2, 'x\\0', {'y'})", "(uint32 1, 2.0, b'x', ['y'])" },
    { "", "unit.typed_echo(-1, 2, 'x', {'y'})", "~(xxsav)" },
    { "", "unit.typed_echo(1)", "~(udayas)" },
    { "", "unit.slow_add(1, 2) + unit.slow_add(3, 4)", "int64 10" },
    { "", "coroutine.wrap(function() return unit.slow_add(1, 2) end)()", "int64 3" },
    /* One that answers at once may be called where nothing can wait. */
    { "", "local t = {3, 1, 2} table.sort(t, function(a, b) return unit.add(a, 0) < b end) "
      "return t[1]",
      "int64 1" },
    { "", "table.sort({3, 1, 2}, function(a, b) return unit.slow_add(a, 0) < b end)",
      "~cannot wait here" },
    { "", "import 'nope'", "~import \"nope\": " },
    { "", "import()", "~string expected" },
  };
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);

  run_cases (fixture, cases, G_N_ELEMENTS (cases));
}

static void
write_file (const char *folder,
            const char *name,
            const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

static void
remove_file (const char *folder,
             const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_assert_cmpint (g_remove (path), ==, 0);
}

static void
test_require (void)
{
  static const Case cases[] = {
    { "", "require('mymod').f(4)", "int64 8" },
    { "", "require 'mymod' == require 'mymod'", "true" },
    { "Stub", "require('mymod').version", "'A'" },
    { "", "global_of_mymod", "int64 1" },
    { "", "require 'package.path' ", "~module 'package.path' not found" },
    { "", "require 'binary'", "~attempt to load a binary chunk" },
    { "", "require 'broken'", "~error loading module 'broken'" },
    { "", "require 'waits'", "~cannot wait here" },
    { "", "#package.searchers", "int64 2" },
    { "", "package.cpath", "''" },
    { "", "package.loadlib", "()" },
    { "", "package.loaded._G == _G", "true" },
    { "", "package.path:match('/nowhere') or package.path:sub(1, 1)", "'/'" },
    { "", "package.preload.own = function(name) return {name = name} end require('own').name",
      "'own'" },
  };
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("malt-lua-XXXXXX", &error);
  g_autoptr (LuaFixture) fixture = NULL;

  g_assert_no_error (error);
  write_file (folder, "mymod.lua", "global_of_mymod = 1 return {version = 'A', f = function(x) "
              "return x * 2 end}");
  write_file (folder, "binary.lua", "\033Lua");
  write_file (folder, "broken.lua", "x = = 1");
  write_file (folder, "waits.lua", "malt.sleep(0)");

  fixture = lua_fixture_new (NULL, folder);
  run_cases (fixture, cases, G_N_ELEMENTS (cases));

  remove_file (folder, "mymod.lua");
  remove_file (folder, "binary.lua");
  remove_file (folder, "broken.lua");
  remove_file (folder, "waits.lua");
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
test_removed (void)
{
  static const Case cases[] = {
    { "", "debug.sethook", "()" },
    { "", "string.dump", "()" },
    { "", "dofile", "()" },
    { "", "loadfile", "()" },
    { "", "os.exit", "()" },
    { "", "load(string.char(27) .. 'Lua')", "(@mv nothing, \"attempt to load a binary chunk "
      "(mode is 't')\")" },
    { "", "load('return 1', 'x', 'b')", "(@mv nothing, 'binary chunks are refused')" },
    { "", "load('return 1', 'x', 'bt')()", "int64 1" },
    { "", "load('x = ')", "~near <eof>" },
    { "", "type(os.time())", "'number'" },
    { "", "type(io.open)", "'function'" },
  };
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);

  run_cases (fixture, cases, G_N_ELEMENTS (cases));
}

static void
test_restricted (void)
{
  static const Case cases[] = {
    { "", "io", "()" },
    { "", "os", "()" },
    { "", "debug", "()" },
    { "", "package", "()" },
    { "", "require", "()" },
    { "", "type(string.upper)", "'function'" },
    { "", "type(math.pi), type(utf8.char), type(table.sort), type(coroutine.wrap)",
      "('number', 'function', 'function', 'function')" },
    { "", "import 'unit'; unit.add(1, 2)", "int64 3" },
    { "", "malt.sleep(0)", "()" },
  };
  g_autoptr (LuaFixture) fixture = lua_fixture_new ("{'restricted': <true>}", NULL);

  run_cases (fixture, cases, G_N_ELEMENTS (cases));
}

static void
test_wrong_options (void)
{
  static const struct
  {
    const char *options;
    const char *message;
  } cases[] = {
    { "{'nonsense': <1>}", "Unknown option “nonsense”" },
    { "{'memory-limit': <1>}", "Wrong type “i” of the Lua evaluator's option “memory-limit”" },
    { "{'restricted': <'yes'>}", "Wrong type “s” of the Lua evaluator's option “restricted”" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GMainContext) context = g_main_context_new ();
      g_autoptr (GVariant) options = g_variant_parse (NULL, cases[i].options, NULL, NULL, NULL);
      g_autoptr (GError) error = NULL;
      MaltRuntime *runtime = malt_runtime_new ("lua", options, NULL, NULL, context, &error);

      g_assert_null (runtime);
      g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
      g_assert_nonnull (strstr (error->message, cases[i].message));
      while (g_main_context_iteration (context, FALSE))
        ;
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/lua/namespace/modules", test_modules);
  g_test_add_func ("/malt/lua/namespace/wrong-names", test_wrong_names);
  g_test_add_func ("/malt/lua/namespace/calls-by-name", test_calls_by_name);
  g_test_add_func ("/malt/lua/namespace/list", test_list);
  g_test_add_func ("/malt/lua/namespace/import", test_import);
  g_test_add_func ("/malt/lua/namespace/require", test_require);
  g_test_add_func ("/malt/lua/namespace/removed", test_removed);
  g_test_add_func ("/malt/lua/namespace/restricted", test_restricted);
  g_test_add_func ("/malt/lua/namespace/wrong-options", test_wrong_options);

  return g_test_run ();
}

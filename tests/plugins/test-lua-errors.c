/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "malt-lua-fixture.h"

static const struct
{
  const char *expression;
  const char *type;
  const char *message;   /* as for lua_check_text() */
  const char *traceback; /* likewise; NULL: there is none */
} cases[] = {
  { "error('boom')", "lua.error", "~:1: boom", "stack traceback:\n\t[C]: in global 'error'\n*" },
  { "error('boom', 0)", "lua.error", "boom", "stack traceback:*" },
  { "error({code = 7})", "lua.error", "(error object is a table: {'code': <int64 7>})",
    "~traceback" },
  { "error({f = print})", "lua.error",
    "(error object is a table: a function value cannot be sent (at value.f))", "~traceback" },
  { "error(setmetatable({}, {__tostring = function() return 'own text' end}))", "lua.error",
    "own text", "~traceback" },
  { "error(setmetatable({}, {__tostring = function() error('no') end}))", "lua.error",
    "(error object's __tostring failed)", "~traceback" },
  { "error(setmetatable({}, {__tostring = function() return {} end}))", "lua.error",
    "(error object's __tostring failed)", "~traceback" },
  { "error()", "lua.error", "nil (error called without a message)", "~traceback" },
  { "error(nil)", "lua.error", "nil (error called without a message)", "~traceback" },
  { "error(print)", "lua.error", "~function: ", "~traceback" },
  { "error(true)", "lua.error", "true", "~traceback" },
  { "error(42)", "lua.error", "42", "~traceback" },
  { "error(malt.typed('i', 5))", "lua.error", "5", "~traceback" },
  { "error('a\\xffb', 0)", "lua.error", "a\357\277\275b", "~traceback" },
  { "error('a\\0b', 0)", "lua.error", "a\357\277\275b", "~traceback" },
  { "local function inner() return nil + 1 end\n"
    "local function outer() local r = inner() return r end\n"
    "local x = outer()", "lua.error", "~:1: attempt to perform arithmetic on a nil value",
    "~in upvalue 'inner'\n" },
  { "local function deep() error('inside') end\n"
    "local it = coroutine.wrap(function() deep() end)\n"
    "local x = it()", "lua.error", "~:1: inside", "~in main chunk" },
  { "local a = coroutine.wrap(function() error('inside', 0) end)\n"
    "local b = coroutine.wrap(function() a() end)\n"
    "local x = b()", "lua.error", "~inside", "~resumed from:\nstack traceback:\n" },
  { "coroutine.wrap(function() error({}) end)()", "lua.error", "(error object is a table: [])",
    "~traceback" },
  { "local function r() return 1 + r() end return r()", "lua.error", "~stack overflow", "~..." },
  { "string.rep('x', -1, {})", "lua.error", "~bad argument #3 to 'rep'", "~traceback" },
  { "table.sort({3, 2, 1}, function(a, b) malt.sleep(0) return a < b end)", "lua.error",
    "~malt: cannot wait here (a C function such as table.sort, string.gsub or require",
    "~traceback" },
  { "local x <close> = setmetatable({}, {__close = function() error('closing', 0) end}) "
    "error('first')",
    "lua.error", "closing", "~traceback" },
  { "xpcall(function() error('x', 0) end, function(m) return m .. '!' end)", NULL, "(false, 'x!')",
    NULL },
  { "pcall(error, 'x')", NULL, "(false, 'x')", NULL },
  { "pcall(error)", NULL, "(false, @mv nothing)", NULL },
  { "select('#', pcall(function() return 1, 2 end))", NULL, "int64 3", NULL },
  { "x = (", "lua.syntax", "~near <eof>", NULL },
  { "x = 1 1", "lua.syntax", "~unexpected symbol near '1'", NULL },
  { "error('not enough memory', 0)", "lua.memory", "not enough memory", NULL },
};

static void
test_cases (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (LuaResult) result = lua_start_eval (fixture, "", cases[i].expression, NULL);
      const char *traceback;

      g_assert_cmpuint (result->n_answers, ==, 1);
      if (cases[i].type == NULL)
        {
          lua_assert_text (lua_result_to_string (result), cases[i].message);
          continue;
        }

      g_assert_error (result->error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
      traceback = malt_error_get_remote_traceback (result->error);
      g_assert_cmpstr (malt_error_get_remote_type (result->error), ==, cases[i].type);
      lua_check_text (G_STRLOC, cases[i].expression, malt_error_get_remote_message (result->error),
                      cases[i].message);
      if (cases[i].traceback != NULL)
        lua_check_text (G_STRLOC, cases[i].expression, traceback, cases[i].traceback);
      else
        g_assert_null (traceback);
    }
}

static void
test_traceback (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);
  g_autoptr (LuaResult) result = NULL;
  g_autoptr (LuaResult) in_coroutine = NULL;

  g_test_summary ("Newest first, without frames of our own");

  result = lua_start_eval (fixture, "",
                           "local function inner() local q = nil + 1 end\n"
                           "local function outer() inner() return 1 end\n"
                           "local x = outer()\n"
                           "return x", NULL);
  g_assert_cmpstr (malt_error_get_remote_traceback (result->error), ==,
                   "stack traceback:\n"
                   "\tMain#1:1: in upvalue 'inner'\n"
                   "\tMain#1:2: in local 'outer'\n"
                   "\tMain#1:3: in main chunk");

  in_coroutine = lua_start_eval (fixture, "Stub",
                                 "local it = coroutine.wrap(function() error('x', 0) end)\n"
                                 "local x = it()", NULL);
  g_assert_cmpstr (malt_error_get_remote_traceback (in_coroutine->error), ==,
                   "stack traceback:\n"
                   "\t[C]: in global 'error'\n"
                   "\tStub#2:1: in function <Stub#2:1>\n"
                   "resumed from:\n"
                   "stack traceback:\n"
                   "\t[C]: in local 'it'\n"
                   "\tStub#2:2: in main chunk");
}

static void
test_of_c_functions (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);
  g_autoptr (LuaResult) quark = lua_start_eval (fixture, "", "import 'unit'; unit.fail()", NULL);
  g_autoptr (LuaResult) code = NULL;
  g_autoptr (LuaResult) type = NULL;
  g_autoptr (LuaResult) late = NULL;
  g_autoptr (LuaResult) wrapped = NULL;
  g_autoptr (LuaResult) changed = NULL;

  g_test_summary ("An error that nobody catches is the function's; one that is caught is a text");

  g_assert_error (quark->error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  lua_assert_text (lua_result_to_string (quark), "g-io-error-quark:1: C function failed");
  lua_check_text (G_STRLOC, "", malt_error_get_remote_traceback (quark->error), "~Main#1:1:");

  code = lua_start_eval (fixture, "", "unit.limit()", NULL);
  g_assert_error (code->error, MALT_ERROR, MALT_ERROR_LIMIT);
  lua_check_text (G_STRLOC, "", code->error->message, "~enough");

  type = lua_start_eval (fixture, "", "unit.add(1, 'x')", NULL);
  lua_assert_text (lua_result_to_string (type), "~(xx)");
  g_assert_cmpstr (malt_error_get_remote_type (type->error), ==, "malt.type");

  late = lua_start_eval (fixture, "", "unit.slow_fail()", NULL);
  lua_wait (fixture, late);
  lua_assert_text (lua_result_to_string (late), "g-io-error-quark:1: C function failed");

  wrapped = lua_start_eval (fixture, "", "coroutine.wrap(function() unit.fail() end)()", NULL);
  lua_assert_text (lua_result_to_string (wrapped), "g-io-error-quark:1: C function failed");

  lua_assert_eval (fixture, "pcall(unit.fail)", "(false, 'C function failed')");
  lua_assert_eval (fixture, "pcall(function() unit.fail() end)", "(false, 'Main#*");
  changed = lua_start_eval (fixture, "", "local ok, e = pcall(unit.fail) error(e .. '!', 0)", NULL);
  lua_assert_text (lua_result_to_string (changed), "lua.error: C function failed!");
  lua_assert_eval (fixture, "local ok, e = pcall(unit.fail) error(e, 0)",
                   "g-io-error-quark:1: C function failed");
  lua_assert_eval (fixture, "unit.echo(print)", "~a function value cannot be sent (at value[1])");
}

static void
test_unknown_function (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);
  g_autoptr (LuaResult) result = lua_start_call (fixture, "nope", NULL);

  g_assert_error (result->error, MALT_ERROR, MALT_ERROR_UNKNOWN_FUNCTION);
}

static void
test_memory (void)
{
  static const char *const hungry[] = {
    "local t = {} while true do t[#t + 1] = {1, 2, 3} end",
    "local s = 'x' while true do s = s .. s end",
    "#string.rep('x', 1e9)",
    "malt.Array('y', 1 << 40)",
    "local t = {} while true do t[#t + 1] = malt.Array('d', 100000) end",
    "local t = {} while true do t[#t + 1] = coroutine.create(print) end",
    "string.rep('x', 1000):gsub('.', function() return string.rep('y', 1000000) end)",
    "collectgarbage('stop') local t = {} while true do t = {t} end",
    "coroutine.wrap(function() local t = {} while true do t = {t} end end)()",
  };
  g_autoptr (LuaFixture) fixture = lua_fixture_new ("{'memory-limit': <uint64 16777216>}", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (hungry); i++)
    {
      g_autofree char *text = lua_eval (fixture, hungry[i]);

      lua_check_text (G_STRLOC, hungry[i], text, "lua.memory: not enough memory (limit 16384 KiB)");
      lua_assert_eval (fixture, "1 + 1", "int64 2");
    }

  lua_assert_eval (fixture, "pcall(string.rep, 'x', 1e9)", "(false, 'not enough memory')");
  lua_assert_eval (fixture, "pcall(malt.Array, 'y', 1e9)", "(false, 'not enough memory')");
  lua_assert_eval (fixture, "for i = 1, 1000 do local a = malt.Array('d', 100000) end return 'ok'",
                   "'ok'");
}

static void
test_memory_of_arguments (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new ("{'memory-limit': <uint64 4194304>}", NULL);
  g_autofree char *bytes = g_strnfill (8 * 1024 * 1024, 'x');
  g_autofree char *args = g_strdup_printf ("(b'%s',)", bytes);

  g_test_summary ("What is received counts, and is free again when the call has ended");

  lua_assert_eval (fixture, "function f(a) local t = {} for i = 1, 1000 do t[i] = {} end return "
                   "#a end",
                   "()");
  lua_assert_text (lua_call (fixture, "f", args), "lua.memory: *");
  lua_assert_eval (fixture, "local t = {} for i = 1, 1000 do t[i] = {} end return #t",
                   "int64 1000");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/lua/errors/cases", test_cases);
  g_test_add_func ("/malt/lua/errors/traceback", test_traceback);
  g_test_add_func ("/malt/lua/errors/of-c-functions", test_of_c_functions);
  g_test_add_func ("/malt/lua/errors/unknown-function", test_unknown_function);
  g_test_add_func ("/malt/lua/errors/memory", test_memory);
  g_test_add_func ("/malt/lua/errors/memory-of-arguments", test_memory_of_arguments);

  return g_test_run ();
}

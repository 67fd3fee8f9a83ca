/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "malt-lua-fixture.h"

static void
test_at_once (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);
  g_autoptr (LuaResult) result = NULL;

  g_test_summary ("What does not wait is answered before the call returns");

  lua_assert_eval (fixture, "import 'unit' function f(a) return unit.add(a, 1) end", "*");
  for (int i = 0; i < 100; i++)
    {
      const LuaCallOptions options = { .args = "(int64 4,)" };

      g_clear_pointer (&result, lua_result_free);
      result = lua_start_call (fixture, "f", &options);
      g_assert_cmpuint (result->n_answers, ==, 1);
      g_assert_cmpint (g_variant_get_int64 (result->value), ==, 5);
    }
}

static void
test_overlap (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);
  g_autoptr (LuaResult) first = NULL;
  g_autoptr (LuaResult) second = NULL;

  g_test_summary ("Calls that wait do not hold up the others, and end in their own order");

  first = lua_start_eval (fixture, "",
                          "repeat malt.sleep(.001) until log log = log .. 'a' return log", NULL);
  second = lua_start_eval (fixture, "", "malt.sleep(.03) log = 'b' return log", NULL);
  lua_assert_eval (fixture, "log", "()");
  lua_wait (fixture, first);
  lua_assert_text (lua_result_to_string (second), "'b'");
  lua_assert_text (lua_result_to_string (first), "'ba'");
}

static void
test_turns (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);
  g_autoptr (LuaResult) first = NULL;
  g_autoptr (LuaResult) second = NULL;

  lua_assert_eval (fixture, "log = {} function turn(name) for i = 1, 3 do log[#log + 1] = name "
                   "malt.yield() end end", "()");
  first = lua_start_eval (fixture, "", "turn('a')", NULL);
  second = lua_start_eval (fixture, "", "turn('b')", NULL);
  lua_wait (fixture, second);
  lua_assert_eval (fixture, "table.concat(log)", "'ababab'");
}

static void
test_cases (void)
{
  static const struct
  {
    const char *expression;
    const char *value;
  } cases[] = {
    { "malt.sleep(0)", "()" },
    { "malt.sleep(.001) return 1, 2", "(int64 1, int64 2)" },
    { "malt.sleep(-1)", "~number of seconds expected" },
    { "malt.sleep(0/0)", "~number of seconds expected" },
    { "malt.sleep('x')", "~number expected" },
    { "coroutine.yield() return 3", "int64 3" },
    { "coroutine.yield(1, 2, 3) return 3", "int64 3" },
    { "pcall(malt.sleep, .001)", "true" },
    { "pcall(function() malt.sleep(.001) error('x', 0) end)", "(false, 'x')" },
    { "xpcall(function() malt.sleep(.001) error('x', 0) end, string.upper)", "(false, 'X')" },
    { "local f = coroutine.wrap(function() for i = 1, 3 do malt.sleep(.001) coroutine.yield(i) "
      "end end) return f(), f(), f()", "(int64 1, int64 2, int64 3)" },
    { "for i in coroutine.wrap(function() malt.sleep(.001) coroutine.yield(7) end) do return i end",
      "int64 7" },
    { "coroutine.wrap(function() return coroutine.wrap(function() malt.yield() return 5 end)() "
      "end)()",
      "int64 5" },
    { "local c = coroutine.create(function(a) local b = coroutine.yield(a + 1) return b * 2 end) "
      "local _, p = coroutine.resume(c, 1) local _, q = coroutine.resume(c, 21) "
      "return p, q, coroutine.resume(c)",
      "(int64 2, int64 42, false, 'cannot resume dead coroutine')" },
    { "coroutine.resume(coroutine.running())", "(false, 'cannot resume non-suspended coroutine')" },
    { "coroutine.wrap(function() error('x', 0) end)()", "~x" },
    { "local f = coroutine.wrap(function() end) f() f()", "~cannot resume dead coroutine" },
    { "local c = coroutine.create(function() error({}) end) local ok, e = coroutine.resume(c) "
      "return ok, type(e), coroutine.status(c)", "(false, 'table', 'dead')" },
    { "local n = 0 local c = coroutine.create(function() local x <close> = setmetatable({}, "
      "{__close = function() n = n + 1 end}) coroutine.yield() end) coroutine.resume(c) "
      "return coroutine.close(c), coroutine.status(c), n", "(true, 'dead', int64 1)" },
    { "local c = coroutine.create(function() local x <close> = setmetatable({}, "
      "{__close = function() error('closing', 0) end}) coroutine.yield() end) coroutine.resume(c) "
      "return coroutine.close(c)", "(false, 'closing')" },
    { "coroutine.close(coroutine.running())", "~cannot close a running coroutine" },
    { "coroutine.close(coroutine.create(print))", "true" },
    { "local n = 0 local f = coroutine.wrap(function() local x <close> = setmetatable({}, "
      "{__close = function(_, e) n = e end}) error('why', 0) end) pcall(f) return n", "'why'" },
    { "coroutine.resume(1)", "~coroutine expected" },
    { "coroutine.wrap(1)", "~function expected" },
    { "coroutine.isyieldable()", "true" },
    { "table.sort({3, 2, 1}, function(a, b) malt.sleep(0) return a < b end)", "~cannot wait here" },
    { "('x'):gsub('.', function() coroutine.wrap(function() malt.yield() end)() end)",
      "~cannot wait here" },
    { "setmetatable({}, {__gc = function() ok, why = pcall(malt.sleep, 0) end}) collectgarbage() "
      "return ok", "false" },
    { "malt.progress('x')", "~number expected" },
    { "malt.log('error', 'x')", "~invalid option 'error'" },
    { "malt.log('info')", "~string expected, got no value" },
    { "malt.log('info', 'x', 'y')", "~table expected, got string" },
    { "malt.log('info', 'x', {lower = 1})", "~bad name of a field 'lower'" },
    { "malt.log('info', 'x', {'y'})", "~bad name of a field '?'" },
    { "malt.log('info', 'x', {MESSAGE = 'y'})", "~bad name of a field 'MESSAGE'" },
    { "malt.log('info', 'x', {KEY = {}})", "~bad value of the field 'KEY'" },
    { "local t = {} for i = 1, 33 do t['K' .. i] = i end malt.log('info', 'x', t)",
      "~too many fields (at most 32)" },
    { "malt.spawn()", "~function expected" },
    { "pcall()", "~value expected" },
    { "xpcall(print)", "~function expected" },
    { "select('#', table.unpack({}, 1, 200))", "int64 200" },
  };
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    lua_assert_eval (fixture, cases[i].expression, cases[i].value);
}

static void
test_foreign_coroutines (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);
  g_autoptr (LuaResult) base = NULL;
  g_autoptr (LuaResult) inner = NULL;

  g_test_summary ("No call can resume or close what another one waits in");

  base = lua_start_eval (fixture, "", "base = coroutine.running() malt.sleep(.02) return 'base'",
                         NULL);
  inner = lua_start_eval (fixture, "",
                          "inner = coroutine.create(function() malt.sleep(.02) return 'inner' end) "
                          "return select(2, coroutine.resume(inner))", NULL);
  lua_assert_eval (fixture, "coroutine.resume(base)", "(false, 'cannot resume non-suspended "
                   "coroutine')");
  lua_assert_eval (fixture, "coroutine.resume(inner)", "(false, 'cannot resume non-suspended "
                   "coroutine')");
  lua_assert_eval (fixture, "coroutine.close(base)", "~cannot close a normal coroutine");
  lua_assert_eval (fixture, "coroutine.close(inner)", "~cannot close a normal coroutine");
  lua_wait (fixture, base);
  lua_wait (fixture, inner);
  lua_assert_text (lua_result_to_string (base), "'base'");
  lua_assert_text (lua_result_to_string (inner), "'inner'");

  /* A thread that has ended is used again; who kept it cannot reach into the next call. */
  lua_assert_eval (fixture, "coroutine.resume(base)", "(false, *");
}

static void
test_shared_coroutine (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);

  g_test_summary ("A coroutine that has yielded belongs to nobody");

  lua_assert_eval (fixture, "c = coroutine.wrap(function() for i = 1, 9 do malt.yield() "
                   "coroutine.yield(i) end end) c()", "int64 1");
  lua_assert_eval (fixture, "c()", "int64 2");
  lua_assert_eval (fixture, "c()", "int64 3");
}

static void
test_spawn (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);

  lua_assert_eval (fixture, "n = 0 malt.spawn(function(a, b) malt.yield() n = a + b end, 2, 3)",
                   "()");
  lua_assert_eval (fixture, "n", "int64 0");
  lua_assert_eval (fixture, "while n == 0 do malt.yield() end return n", "int64 5");

  lua_assert_eval (fixture, "malt.spawn(function() error('lost', 0) end)", "()");
  lua_assert_eval (fixture, "malt.yield()", "()");
  g_assert_cmpuint (fixture->reports->len, ==, 1);
  lua_check_text (G_STRLOC, "", g_ptr_array_index (fixture->reports, 0), "~lost");

  lua_assert_eval (fixture, "import 'unit' malt.spawn(function() n = unit.slow_add(40, 2) end)",
                   "*");
  lua_assert_eval (fixture, "while n ~= 42 do malt.yield() end return n", "int64 42");
  lua_assert_eval (fixture, "malt.spawn(function() malt.progress(.5) return print end)", "()");
  lua_assert_eval (fixture, "malt.yield()", "()");
  g_assert_cmpuint (fixture->reports->len, ==, 1);
}

static void
test_progress (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);
  g_autoptr (LuaResult) result = lua_start_eval (fixture, "", "malt.progress(.25, 'a quarter')",
                                                 NULL);
  g_autoptr (LuaResult) invalid = lua_start_eval (fixture, "", "malt.progress(.5, '\\xff')", NULL);

  g_assert_cmpfloat (result->fraction, ==, .25);
  g_assert_cmpstr (result->message, ==, "a quarter");
  g_assert_cmpfloat (invalid->fraction, ==, .5);
  g_assert_true (g_utf8_validate (invalid->message, -1, NULL));
}

static void
test_many_waiting (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func ((GDestroyNotify) lua_result_free);

  g_test_summary ("More at once than are kept for reuse");

  lua_assert_eval (fixture, "go = false function wait(n) while not go do malt.yield() end return "
                   "n end",
                   "()");
  for (int i = 0; i < 200; i++)
    {
      g_autofree char *args = g_strdup_printf ("(%d,)", i);
      const LuaCallOptions options = { .args = args };

      g_ptr_array_add (results, lua_start_call (fixture, "wait", &options));
    }
  lua_assert_eval (fixture, "go = true", "true");
  for (int i = 0; i < 200; i++)
    {
      LuaResult *result = g_ptr_array_index (results, i);

      lua_wait (fixture, result);
      g_assert_cmpint (g_variant_get_int64 (result->value), ==, i);
    }
}

static void
test_processes (void)
{
  static const struct
  {
    const char *expression;
    const char *value;
  } cases[] = {
    { "os.execute()", "true" },
    { "os.execute('true')", "(true, 'exit', int64 0)" },
    { "os.execute('exit 3')", "(@mv nothing, 'exit', int64 3)" },
    { "os.execute('kill -9 $$')", "(@mv nothing, 'signal', int64 9)" },
    { "table.sort({2, 1}, function() os.execute('true') end)", "~cannot wait here" },
    { "io.popen('printf abc'):read('a')", "'abc'" },
    { "io.popen('printf \"one\\ntwo\\n\"'):read('l', 'L', 'l')", "('one', 'two\\n', @mv nothing)" },
    { "io.popen('printf \"one\\ntwo\"'):read('*l', '*a', 'a', 1)",
      "('one', 'two', '', @mv nothing)" },
    { "io.popen('printf abcdef'):read(2, 0, 10, 0)", "('ab', '', 'cdef', @mv nothing)" },
    { "io.popen('printf abc'):read()", "'abc'" },
    { "local s = 0 for l in io.popen('seq 3'):lines() do s = s + tonumber(l) end return s",
      "int64 6" },
    { "local t = {} for a, b in io.popen('printf abcd'):lines(1, 1) do t[#t + 1] = a .. '-' .. b "
      "end return table.concat(t, ' ')", "'a-b c-d'" },
    { "#io.popen('head -c 300000 /dev/zero'):read('a')", "int64 300000" },
    { "io.popen('exit 2'):close()", "(@mv nothing, 'exit', int64 2)" },
    { "io.popen('cat'):close()", "(true, 'exit', int64 0)" },
    { "local p = io.popen('cat > /dev/null', 'w') p:write('a', 1, 'b'):flush() return p:close()",
      "(true, 'exit', int64 0)" },
    { "local p = io.popen('read a; exit $a', 'w') p:write('7\\n') return p:close()",
      "(@mv nothing, 'exit', int64 7)" },
    { "local p = io.popen('true') p:close() p:read()", "~closed" },
    { "local p <close> = io.popen('echo x') return p:read(), tostring(p)", "('x', 'pipe')" },
    { "io.popen('true', 'rw')", "~invalid mode" },
    { "io.popen('true'):read('n')", "~invalid format" },
    { "io.popen('true'):read(-1)", "~number of bytes expected" },
    { "io.popen('true'):write('x')", "~the pipe is for reading" },
    { "io.popen('cat', 'w'):read()", "~the pipe is for writing" },
    { "io.popen()", "~string expected" },
  };
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    lua_assert_eval (fixture, cases[i].expression, cases[i].value);
}

static void
test_processes_overlap (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);
  g_autoptr (LuaResult) first = lua_start_eval (fixture, "", "io.popen('cat', 'w'):close()", NULL);
  g_autoptr (LuaResult) second = lua_start_eval (fixture, "", "io.popen('echo x'):read('a')", NULL);

  lua_assert_eval (fixture, "1 + 1", "int64 2");
  lua_wait (fixture, first);
  lua_wait (fixture, second);
  lua_assert_text (lua_result_to_string (second), "'x\\n'");
}

static void
test_processes_end (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);

  g_test_summary ("A program ends with the request that started it, and what it started too");

  lua_assert_eval (fixture, "pipe = io.popen('sleep 1000 | cat; true')", "()");
  lua_assert_eval (fixture, "pipe:read('a')", "''");
  lua_assert_eval (fixture, "pipe:close()", "(@mv nothing, 'signal', int64 9)");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/lua/requests/at-once", test_at_once);
  g_test_add_func ("/malt/lua/requests/overlap", test_overlap);
  g_test_add_func ("/malt/lua/requests/turns", test_turns);
  g_test_add_func ("/malt/lua/requests/cases", test_cases);
  g_test_add_func ("/malt/lua/requests/foreign-coroutines", test_foreign_coroutines);
  g_test_add_func ("/malt/lua/requests/shared-coroutine", test_shared_coroutine);
  g_test_add_func ("/malt/lua/requests/spawn", test_spawn);
  g_test_add_func ("/malt/lua/requests/progress", test_progress);
  g_test_add_func ("/malt/lua/requests/many-waiting", test_many_waiting);
  g_test_add_func ("/malt/lua/processes/cases", test_processes);
  g_test_add_func ("/malt/lua/processes/overlap", test_processes_overlap);
  g_test_add_func ("/malt/lua/processes/end-with-request", test_processes_end);

  return g_test_run ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "malt-lua-fixture.h"

typedef struct
{
  const char *expression;
  const char *value;
} Case;

static const Case from_lua[] = {
  { "nil", "()" },
  { "malt.null", "()" },
  { "true", "true" },
  { "false", "false" },
  { "1", "int64 1" },
  { "1.0", "1.0" },
  { "-0.0", "-0.0" },
  { "1/0", "inf" },
  { "0/0 ~= 0/0", "true" },
  { "math.mininteger", "int64 -9223372036854775808" },
  { "math.maxinteger", "int64 9223372036854775807" },
  { "2^53", "9007199254740992.0" },
  { "3 // 1", "int64 3" },
  { "'h\\u{e9}'", "'h\303\251'" },
  { "''", "''" },
  { "'\\xff'", "[byte 0xff]" },
  { "'a\\0b' == 'a\\0b' and 'a\\0b'", "[byte 0x61, 0x00, 0x62]" },
  { "malt.bytes('abc')", "[byte 0x61, 0x62, 0x63]" },
  { "{}", "@av []" },
  { "{1, 'a', 2.5}", "[<int64 1>, <'a'>, <2.5>]" },
  { "{b = 1, a = {true}}", "{'a': <[<true>]>, 'b': <int64 1>}" },
  { "{[5] = 1}", "{int64 5: <int64 1>}" },
  { "{[1] = 1, [3] = 3}", "{int64 1: <int64 1>, 3: <int64 3>}" },
  { "{[1.5] = 1, [0.5] = 2}", "{0.5: <int64 2>, 1.5: <int64 1>}" },
  { "{[true] = 1, [false] = 2}", "{false: <int64 2>, true: <int64 1>}" },
  { "{1, malt.null, 3}", "[<int64 1>, <@mv nothing>, <int64 3>]" },
  { "{a = malt.null}", "{'a': <@mv nothing>}" },
  { "1, 'x'", "(int64 1, 'x')" },
  { "nil, 2", "(@mv nothing, int64 2)" },
  { "1, nil", "(int64 1, @mv nothing)" },
  { "malt.typed('t', '18446744073709551615')", "uint64 18446744073709551615" },
  { "malt.typed('y', 7)", "byte 0x07" },
  { "malt.typed('o', '/x')", "objectpath '/x'" },
  { "malt.typed('a(sx)', {{'a', 1}, {'b', 2}})", "[('a', int64 1), ('b', 2)]" },
  { "malt.typed('v', 5)", "<int64 5>" },
  { "{malt.typed('q', 5)}", "[<uint16 5>]" },
  { "tostring(malt.typed('t', '18446744073709551615'))", "'18446744073709551615'" },
  { "malt.typed('i', 5) == malt.typed('i', 5)", "true" },
  { "malt.typed('i', 5) == malt.typed('u', 5)", "false" },
  { "malt.Array('d', {1, 2})", "[1.0, 2.0]" },
  { "malt.Array('n', {-1, 2})", "[int16 -1, 2]" },
  { "malt.Array('x', 3)", "[int64 0, 0, 0]" },
  { "malt.Array('d', 0)", "@ad []" },
  { "malt.Array('q', '\\1\\0\\2\\0')", "[uint16 1, 2]" },
  { "malt.Array('t', {malt.typed('t', '18446744073709551615')})", "[uint64 18446744073709551615]" },
  { "malt.Array('t', {malt.typed('t', '18446744073709551615')})[1]",
    "uint64 18446744073709551615" },
  { "#malt.Array('x', 5)", "int64 5" },
  { "local a = malt.Array('i', {1, 2}); a[2] = 9; return a", "[1, 9]" },
  { "malt.Array('d', {1})[2]", "()" },
  { "malt.Array('d', {1})[0]", "()" },
  { "malt.Array('i', {4, 5}):table()", "[<int64 4>, <int64 5>]" },
  { "table.concat(malt.Array('x', {1, 2, 3}), ',')", "'1,2,3'" },
  { "table.unpack(malt.Array('d', {1, 2}))", "(1.0, 2.0)" },
  { "local s = 0 for i, v in ipairs(malt.Array('x', {4, 5})) do s = s + i * v end return s",
    "int64 14" },
  { "tostring(malt.bytes('a\\0b')) == 'a\\0b'", "true" },
  { "tostring(malt.Array('d', 3))", "\"malt.Array('d', 3)\"" },
  { "tostring(malt.null)", "'malt.null'" },
  { "{x = {y = {z = {}}}}", "{'x': <{'y': <{'z': <@av []>}>}>}" },
  /* The same table twice is no cycle. */
  { "local t = {1} return {t, t}", "[<[<int64 1>]>, <[<int64 1>]>]" },
};

static const Case unsendable[] = {
  { "print", "a function value cannot be sent" },
  { "{a = {b = {1, print}}}", "a function value cannot be sent (at value.a.b[2])" },
  { "{['a b'] = print}", "a function value cannot be sent (at value['a b'])" },
  { "{[7] = print}", "a function value cannot be sent (at value[7])" },
  { "1, print", "a function value cannot be sent (at value[2])" },
  { "coroutine.create(print)", "a thread value cannot be sent" },
  { "{io.stdout}", "a userdata value cannot be sent (at value[1])" },
  { "{1, x = 2}", "a table with keys of several types cannot be sent" },
  { "{1, nil, 3, x = 1}", "a table with keys of several types cannot be sent" },
  { "{[{}] = 1}",
    "a table with keys that are no strings, numbers or booleans cannot be sent" },
  { "c = {}; c.me = c; c", "a table that contains itself cannot be sent (at value.me)" },
  { "_G", "a module cannot be sent" },
  { "{['\\xff'] = 1}", "a string value does not fit type 's'" },
};

static const struct
{
  const char *expression;
  const char *type;
  const char *value;
} strict[] = {
  { "{1, 2, 3}", "ad", "[1.0, 2.0, 3.0]" },
  { "{1, 2, 3}", "ay", "[byte 0x01, 0x02, 0x03]" },
  { "{}", "a{sv}", "@a{sv} {}" },
  { "{}", "as", "@as []" },
  { "{'a', 'b'}", "as", "['a', 'b']" },
  { "{1, 'b', true}", "(isb)", "(1, 'b', true)" },
  { "1, 'b', true", "(isb)", "(1, 'b', true)" },
  { "{1, nil, 3}", "(imsi)", "(1, @ms nothing, 3)" },
  { "7.0", "i", "7" },
  { "7", "d", "7.0" },
  { "200", "y", "byte 0xc8" },
  { "nil", "ms", "@ms nothing" },
  { "nil", "()", "()" },
  { "malt.null", "mx", "@mx nothing" },
  { "'x'", "ms", "@ms 'x'" },
  { "'abc'", "ay", "[byte 0x61, 0x62, 0x63]" },
  { "'/a/b'", "o", "objectpath '/a/b'" },
  { "'a{sv}'", "g", "signature 'a{sv}'" },
  { "{k = 1}", "a{su}", "{'k': uint32 1}" },
  { "{[1] = 'a', [9] = 'b'}", "a{ys}", "{byte 0x01: 'a', 0x09: 'b'}" },
  { "{[1] = 'b', [malt.typed('x', 1)] = 'a'}", "a{xs}", "{int64 1: 'a', 1: 'b'}" },
  { "{{1, 2}, {3}}", "aai", "[[1, 2], [3]]" },
  { "{a = {b = 2.5}}", "a{sa{sd}}", "{'a': {'b': 2.5}}" },
  { "5", "v", "<int64 5>" },
  { "nil", "v", "<@mv nothing>" },
  { "5", "*", "int64 5" },
  { "{1}", "a*", "[<int64 1>]" },
  { "malt.Array('d', 2)", "ad", "[0.0, 0.0]" },
  { "malt.typed('q', 1)", "q", "uint16 1" },
  { "f = 1", "x", "int64 1" },

  { "300", "y", "~the integer 300 does not fit type 'y'" },
  { "-1", "t", "~the integer -1 does not fit type 't'" },
  { "1.5", "i", "~the number 1.5 does not fit type 'i'" },
  { "'7'", "i", "~a string value does not fit type 'i'" },
  { "nil", "s", "~a nil value does not fit type 's'" },
  { "malt.null", "x", "~a malt.null value does not fit type 'x'" },
  { "true", "x", "~a boolean value does not fit type 'x'" },
  { "{}", "x", "~a table value does not fit type 'x'" },
  { "'\\xff'", "s", "~a string value does not fit type 's'" },
  { "'no path'", "o", "~does not fit type 'o'" },
  { "'no signature'", "g", "~does not fit type 'g'" },
  { "{1, 'x'}", "ax", "~a string value does not fit type 'x' (at value[2])" },
  { "{1, 2, 300}", "ay", "~the integer 300 does not fit type 'y' (at value[3])" },
  { "{{1}, {2, 'x'}}", "aai", "~does not fit type 'i' (at value[2][2])" },
  { "{a = {b = 'x'}}", "a{sa{sd}}", "~does not fit type 'd' (at value.a.b)" },
  { "{1, 2, 3}", "(ii)", "~whose keys are not 1 to 2 does not fit type '(ii)'" },
  { "{x = 1}", "ai", "~does not fit type 'ai'" },
  { "1, 2", "x", "~2 results do not fit type 'x'" },
  { "1, 2, 3", "(xx)", "~3 results do not fit type '(xx)'" },
  { "malt.Array('d', 2)", "ax", "~a malt.Array('d') value does not fit type 'ax'" },
  { "malt.typed('q', 1)", "x", "~a malt.Variant of type 'q' does not fit type 'x'" },
  { "'a'", "a*", "~a string value does not fit type 'a*'" },
  { "f = print", "x", "~a function value does not fit type 'x'" },
};

/* Arguments of a function that answers them, without a "v" around the value: those are
 * unwrapped. */
static const Case round_trips[] = {
  { "true", NULL },
  { "int64 -5", NULL },
  { "int64 9223372036854775807", NULL },
  { "nan", NULL },
  { "-0.0", NULL },
  { "inf", NULL },
  { "'s'", NULL },
  { "''", NULL },
  { "byte 7", "int64 7" },
  { "int16 -3", "int64 -3" },
  { "uint16 3", "int64 3" },
  { "-3", "int64 -3" },
  { "uint32 9", "int64 9" },
  { "uint64 9", "int64 9" },
  { "uint64 9223372036854775807", "int64 9223372036854775807" },
  { "uint64 9223372036854775808", NULL },
  { "uint64 18446744073709551615", NULL },
  { "signature 'a{sv}'", "'a{sv}'" },
  { "objectpath '/a/b'", NULL },
  { "handle 3", NULL },
  { "()", "()" },
  { "@mv nothing", "()" },
  { "@ms nothing", "()" },
  { "@ms 'x'", "'x'" },
  { "@mmi just nothing", "()" },
  { "<int64 5>", "int64 5" },
  { "<<'x'>>", "'x'" },
  { "<()>", "()" },
  { "@ay []", NULL },
  { "[byte 0xff, 0x61]", NULL },
  { "@an [-1]", NULL },
  { "@aq [1]", NULL },
  { "@ai [1, 2]", NULL },
  { "@au [1]", NULL },
  { "[int64 1, 2]", NULL },
  { "@at [18446744073709551615]", NULL },
  { "@ad []", NULL },
  { "[1.5, 2.5]", NULL },
  { "@ab [true, false]", NULL },
  { "['a', 'b']", NULL },
  { "@as []", NULL },
  { "@ao ['/a', '/b']", NULL },
  { "@ag ['ai', 'b']", NULL },
  { "@av []", NULL },
  { "[<int64 1>, <'x'>]", NULL },
  { "[<int64 1>, <@mv nothing>]", NULL },
  { "[[int64 1], [int64 2, 3]]", NULL },
  { "[[1.5], []]", NULL },
  { "@a{sv} {}", NULL },
  { "{'a': <int64 1>}", NULL },
  { "{'a': int64 1}", NULL },
  { "{int64 7: 'x'}", NULL },
  { "{byte 7: 'x'}", NULL },
  { "{1.0: 'x', 2.5: 'y'}", NULL },
  { "{true: <'y'>}", NULL },
  { "{objectpath '/a': 'x'}", NULL },
  { "@aa{sv} [{}, {'k': <true>}]", NULL },
  { "@a(sv) [('k', <int64 2>)]", NULL },
  { "(int64 1, 'x', [int64 1])", NULL },
  { "(@ms nothing, 'x')", NULL },
  { "@ams [nothing, 'x']", NULL },
  { "(1,)", NULL },
  { "{'a', 1}", NULL },
  { "[()]", NULL },
  { "{'a': {'b': [(byte 1, 'c')]}}", NULL },
  { "{nan: 1, 1.5: 2}", "{1.5: 2}" },
};

static void
test_from_lua (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (from_lua); i++)
    lua_assert_eval (fixture, from_lua[i].expression, from_lua[i].value);
}

static void
test_unsendable (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (unsendable); i++)
    {
      g_autoptr (LuaResult) result = lua_start_eval (fixture, "", unsendable[i].expression, NULL);
      g_autofree char *expected = g_strconcat ("lua.unsendable: The result cannot be sent: ",
                                               unsendable[i].value, NULL);
      g_autofree char *text = lua_result_to_string (result);

      lua_check_text (G_STRLOC, unsendable[i].expression, text, expected);
      g_assert_error (result->error, MALT_ERROR, MALT_ERROR_SERIALIZATION);
    }
}

static void
test_limits (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);

  lua_assert_eval (fixture, "local d = {} for i = 1, 59 do d = {d} end return d", "[*");
  lua_assert_eval (fixture, "local d = {} for i = 1, 100 do d = {d} end return d",
                   "~tables nested deeper than 60 cannot be sent (at value[1][1]");
}

static void
test_strict (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (strict); i++)
    {
      const LuaCallOptions options = { .result_type = strict[i].type };
      g_autoptr (LuaResult) result = lua_start_eval (fixture, "", strict[i].expression, &options);
      g_autofree char *what = g_strdup_printf ("%s as %s", strict[i].expression, strict[i].type);
      g_autofree char *text = lua_result_to_string (result);

      lua_check_text (G_STRLOC, what, text, strict[i].value);
      if (strict[i].value[0] == '~')
        g_assert_error (result->error, MALT_ERROR, MALT_ERROR_SERIALIZATION);
    }
}

static void
test_round_trips (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);

  lua_assert_eval (fixture, "function id(...) return ... end", "()");
  for (guint i = 0; i < G_N_ELEMENTS (round_trips); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = g_variant_parse (NULL, round_trips[i].expression, NULL, NULL,
                                                    &error);
      g_assert_no_error (error);
      g_autofree char *printed = g_variant_print (value, TRUE);
      g_autofree char *args = g_strdup_printf ("(%s,)", printed);
      g_autofree char *text = lua_call (fixture, "id", args);

      lua_check_text (G_STRLOC, printed, text,
                      round_trips[i].value != NULL ? round_trips[i].value : printed);
    }
}

static void
test_arguments (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);
  const LuaCallOptions two = { .args = "(1, 'x')" };
  const LuaCallOptions keywords = { .args = "(1,)", .kwargs = "{'b': <2>}" };
  const LuaCallOptions no_keywords = { .args = "(1,)", .kwargs = "@a{sv} {}" };
  g_autoptr (LuaResult) eval = lua_start_eval (fixture, "", "local a, b = ... return b, a", &two);
  g_autoptr (LuaResult) with = NULL;
  g_autoptr (LuaResult) without = NULL;

  lua_assert_text (lua_result_to_string (eval), "('x', int64 1)");

  lua_assert_eval (fixture, "function f(...) return select('#', ...), (select(-1, ...)) end", "()");
  with = lua_start_call (fixture, "f", &keywords);
  lua_assert_text (lua_result_to_string (with), "(int64 2, {'b': <int64 2>})");
  without = lua_start_call (fixture, "f", &no_keywords);
  lua_assert_text (lua_result_to_string (without), "(int64 1, int64 1)");
  lua_assert_text (lua_call (fixture, "f", "(@mv nothing, ())"), "(int64 2, @mv nothing)");
}

static void
test_hints (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);
  const LuaCallOptions strings = { .args = "(['a', 'b'],)" };
  g_autoptr (LuaResult) fits = lua_start_eval (fixture, "", "local t = ... t[3] = 'c' return t",
                                               &strings);
  g_autoptr (LuaResult) no_longer = lua_start_eval (fixture, "", "local t = ... t[3] = 1 return t",
                                                    &strings);

  g_test_summary ("A table keeps the type it came with as long as it fits");

  lua_assert_text (lua_result_to_string (fits), "['a', 'b', 'c']");
  lua_assert_text (lua_result_to_string (no_longer), "[<'a'>, <'b'>, <int64 1>]");
}

static void
test_lenient (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);

  g_test_summary ("Only the value of an assignment may be dropped");

  lua_assert_eval (fixture, "f = print", "()");
  lua_assert_eval (fixture, "f", "lua.unsendable: *");
}

static void
test_files (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);
  g_autoptr (LuaResult) called = NULL;

  g_test_summary ("What io.write() returns is not taken for a value; a call's result is one");

  lua_assert_eval (fixture, "io.stderr:write ''", "()");
  lua_assert_eval (fixture, "local file = io.tmpfile () file:write 'x'", "()");
  lua_assert_eval (fixture, "1, io.stderr", "lua.unsendable: *");
  lua_assert_eval (fixture, "function log () return io.stderr:write '' end", "()");
  lua_assert_eval (fixture, "log ()", "()");
  called = lua_start_call (fixture, "log", NULL);
  g_assert_error (called->error, MALT_ERROR, MALT_ERROR_SERIALIZATION);
}

static void
test_discarded (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);
  const LuaCallOptions options = { .is_discarded = TRUE };
  g_autoptr (LuaResult) value = lua_start_eval (fixture, "", "print", &options);
  g_autoptr (LuaResult) error = lua_start_eval (fixture, "", "error('x', 0)", &options);

  lua_assert_text (lua_result_to_string (value), "()");
  lua_assert_text (lua_result_to_string (error), "lua.error: x");
}

static void
test_zero_copy (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);
  g_autoptr (LuaResult) first = lua_start_eval (fixture, "", "a = malt.Array('x', 100000)", NULL);
  g_autoptr (LuaResult) second = lua_start_eval (fixture, "", "a", NULL);
  g_autoptr (LuaResult) third = lua_start_eval (fixture, "", "a[1] = 7; a", NULL);
  gint64 value;

  g_test_summary ("What was sent is not copied, and does not change afterwards");

  g_assert_true (g_variant_get_data (first->value) == g_variant_get_data (second->value));
  g_assert_false (g_variant_get_data (first->value) == g_variant_get_data (third->value));
  g_variant_get_child (first->value, 0, "x", &value);
  g_assert_cmpint (value, ==, 0);
  g_variant_get_child (third->value, 0, "x", &value);
  g_assert_cmpint (value, ==, 7);
}

static void
test_wrong_use (void)
{
  static const Case cases[] = {
    { "malt.Array('i', {1, 2^31})", "~element 2 does not fit type 'i'" },
    { "malt.Array('s', 1)", "~one of y n q i u x t d expected" },
    { "malt.Array('i', -1)", "~bad size" },
    { "malt.Array('i', 'abc')", "~length is not a multiple" },
    { "malt.Array('d', math.maxinteger)", "~bad size" },
    { "malt.Array('d', 2)[3] == nil", "true" },
    { "local a = malt.Array('d', 2) a[3] = 1", "~index 3 is outside of 1..2" },
    { "local a = malt.Array('y', 2) a[1] = 256", "~a number value does not fit element type 'y'" },
    { "local a = malt.Array('y', 2) a[1] = '7'", "~a string value does not fit element type 'y'" },
    { "local a = malt.Array('y', {9}) pcall(function() a[1] = 256 end) return a[1]", "int64 9" },
    { "malt.typed('nonsense', 1)", "~a definite GVariant type expected" },
    { "malt.typed('a*', {})", "~a definite GVariant type expected" },
    { "malt.typed('i', 'x')", "~a string value does not fit type 'i'" },
    { "malt.typed('t', 'x')", "~is not a number of type" },
    { "malt.typed('t', '-1')", "~is not a number of type" },
    { "malt.typed('ai', {1, {}})", "~does not fit type 'i' (at value[2])" },
    { "malt.bytes()", "~string expected" },
    { "getmetatable(malt.Array('d', 1))", "false" },
    { "getmetatable(malt.null)", "false" },
  };
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    lua_assert_eval (fixture, cases[i].expression, cases[i].value);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/lua/values/from-lua", test_from_lua);
  g_test_add_func ("/malt/lua/values/unsendable", test_unsendable);
  g_test_add_func ("/malt/lua/values/limits", test_limits);
  g_test_add_func ("/malt/lua/values/result-types", test_strict);
  g_test_add_func ("/malt/lua/values/round-trips", test_round_trips);
  g_test_add_func ("/malt/lua/values/arguments", test_arguments);
  g_test_add_func ("/malt/lua/values/hints", test_hints);
  g_test_add_func ("/malt/lua/values/lenient", test_lenient);
  g_test_add_func ("/malt/lua/values/files", test_files);
  g_test_add_func ("/malt/lua/values/discarded", test_discarded);
  g_test_add_func ("/malt/lua/values/zero-copy", test_zero_copy);
  g_test_add_func ("/malt/lua/values/wrong-use", test_wrong_use);

  return g_test_run ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "malt-lua-fixture.h"

/* Each case runs in one Main after the other, so later ones see what earlier ones have assigned. */
static const struct
{
  const char *text;
  const char *value;
} cases[] = {
  /* 1: lists of expressions */
  { "1 + 1", "int64 2" },
  { "", "()" },
  { "   \n\t", "()" },
  { "-- only a comment", "()" },
  { "--[==[ a\n long ]] one ]==]", "()" },
  { "nil", "()" },
  { "x = 1 + 1", "int64 2" },
  { "x", "int64 2" },
  { "x;", "int64 2" },
  { "1, 2.5, 'z'", "(int64 1, 2.5, 'z')" },
  { "--[[ c\n ]] 12", "int64 12" },
  { "function() end == nil", "false" },
  { "(...)", "()" },
  { "select('#', ...)", "int64 0" },

  /* 2: the last statement is an expression */
  { "t = {}\nt.k = {n = 1}\nt.k.n", "int64 1" },
  { "x = 10\nx + 5", "int64 15" },
  { "x = 3; x * 2", "int64 6" },
  { "function f(a) return a * 2 end", "()" },
  { "f(21)", "int64 42" },
  { "local q = 4\nf(q)", "int64 8" },
  { "x = 1 f(7)", "int64 14" },
  { "while true do break end; 'str'", "'str'" },
  { "x = 'a;b' -- ; c\nx", "'a;b'" },
  { "x = {1,2,\n3}; #x", "int64 3" },
  { "f(2) + 1", "int64 5" },
  { "t = {k = 1}; t.k", "int64 1" },
  { "f(1); f(2)", "int64 4" },
  { "x = function() return 1 end\nx()", "int64 1" },
  { "t = {a = function() return 3 end}; t.a()", "int64 3" },
  { "x = 2\nx ^ 2", "4.0" },
  { "x = 2; not x", "false" },
  { "x = 2; -x", "int64 -2" },
  { "x = 2; (x + 1)", "int64 3" },
  { "x = 2;\n\"s\"", "'s'" },
  { "x = 2; {x}", "[<int64 2>]" },
  { "x = 2; function() return x end", "lua.unsendable: *" },
  { "local s = 'end do'; local l = [=[ x = 1 ]] ]=] s", "'end do'" },
  { "local s = \"a\\\"; b\"; #s", "int64 5" },
  { "goto done do x = 5 end ::done:: x", "int64 2" },
  { "for i = 1, 2 do x = i end x", "int64 2" },
  { "local a = {f = f} a.f(3)", "int64 6" },
  { "local a = {f = function(self, n) return n end} a:f(3)", "int64 3" },
  { "local n = 0x1p4 n", "16.0" },
  { "local n = 3 n..'a'", "'3a'" },
  { "repeat local k = 1 until k; x", "int64 2" },

  /* 3: the last statement is an assignment */
  { "a, b = 3, 'q'", "(int64 3, 'q')" },
  { "local y = 5", "int64 5" },
  { "y", "()" },
  { "t = {}\nt.k = {n = 1}\nt.k.n = 42 -- c", "int64 42" },
  { "g = function() end", "()" },
  { "do local z = 1 end x = 9", "int64 9" },
  { "x = f\n(4)", "int64 8" },
  { "x = 5\n- 2", "int64 3" },
  { "local t <const> = 8", "int64 8" },
  { "local c <close>, d = nil, 7", "(@mv nothing, int64 7)" },
  { "goto e; ::e:: x = 1", "int64 1" },
  { "for i = 1, 2 do x = i end x = x + 1", "int64 3" },
  { "t.b = f(2)", "int64 4" },
  { "x = 'q' .. 1", "'q1'" },
  { "x = 1.5e-3", "0.0015" },
  { "x = x == x", "true" },

  /* 4: as it is */
  { "return 5", "int64 5" },
  { "return", "()" },
  { "return 1, nil", "(int64 1, @mv nothing)" },
  { "do return 6 end", "int64 6" },
  { "x = 1 return 7", "int64 7" },
  { "for i = 1, 3 do x = i end", "()" },
  { "if x then f(1) end", "()" },
  { "repeat local k = 1 until k", "()" },
  { "x = 1 for i = 1, 2 do end", "()" },
  { "x = 1; while false do end", "()" },
  { "x = 1 if x then x = 2 end", "()" },
  { "x = 1 do end", "()" },
  { "x = 1 ::l::", "()" },
  { "x = 4 local function q() end", "()" },
  { "x = 5 repeat local z = 1 until z", "()" },
  { "bigs = {} for i = 1, 3 do bigs[i] = i end", "()" },
  { "t['c'] = 5", "()" },
  { "f(1).x = 5", "lua.error: Main#*" },
  { "function t.m() end", "()" },
  { "local z", "()" },

  /* what does not compile */
  { "x = = 2", "lua.syntax: Main#*" },
  { "while true do", "~near <eof>" },
  { "1 +", "~near <eof>" },
  { "not", "~near <eof>" },
  { "{1,", "~near <eof>" },
  { "1, x *", "~near <eof>" },
  { "1 2", "~near '1'" },
  { "while true do break end\n'str'", "lua.syntax: *" },
  { "x = 2\nnot x", "lua.syntax: *" },
  { "x = [[multi\nline]] #x", "lua.syntax: *" },
  { "x = [[never ends", "lua.syntax: *" },
  { "'never ends", "lua.syntax: *" },
  { "--[[ never ends", "~near <eof>" },
  { ")", "lua.syntax: *" },
  { "end end }", "lua.syntax: *" },
  { "\033Lua", "lua.syntax: the expression is a binary chunk; only text is evaluated" },
};

static void
test_cases (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = lua_eval (fixture, cases[i].text);

      lua_check_text (G_STRLOC, cases[i].text, text, cases[i].value);
    }
}

static void
test_lines (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);

  lua_assert_eval (fixture, "x = 1\n\nx.y.z", "lua.error: Main#1:3: *");
  lua_assert_eval (fixture, "x = 1\ny = nil + x", "lua.error: Main#2:2: *");
  lua_assert_eval (fixture, "\n\nif then", "lua.syntax: Main#3:3: *");
}

static void
test_many_statements (void)
{
  g_autoptr (LuaFixture) fixture = lua_fixture_new (NULL, NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  g_test_summary ("The number of places that are tried is bounded, and the text still runs");

  g_string_append (text, "last = {");
  for (guint i = 0; i < 200; i++)
    g_string_append_printf (text, "n%u,", i);
  g_string_append (text, "} (function() last = 5 end)() ");
  for (guint i = 0; i < 200; i++)
    g_string_append_printf (text, "[n%u] = 1 ", i);
  lua_assert_eval (fixture, text->str, "lua.syntax: *");

  g_string_assign (text, "");
  for (guint i = 0; i < 2000; i++)
    g_string_append_printf (text, "n%u = %u ", i, i);
  g_string_append (text, "n1999 + 1");
  lua_assert_eval (fixture, text->str, "int64 2000");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/lua/expression/cases", test_cases);
  g_test_add_func ("/malt/lua/expression/keeps-line-numbers", test_lines);
  g_test_add_func ("/malt/lua/expression/is-bounded", test_many_statements);

  return g_test_run ();
}

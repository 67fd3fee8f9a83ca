/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fuzz.h"
#include "plugins/lua/malt-lua-private.h"

/* The text of an expression, which is compiled and not run. */

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  lua_State *L = luaL_newstate ();
  gboolean is_lenient;

  if (malt_lua_load_expression (L, text, "=text", &is_lenient))
    g_assert_true (lua_isfunction (L, -1));
  else
    g_assert_true (lua_isstring (L, -1));
  lua_close (L);

  return 0;
}

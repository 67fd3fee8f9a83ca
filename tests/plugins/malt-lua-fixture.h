/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-plugin.h>

G_BEGIN_DECLS

/* A runtime with the Lua evaluator in this thread, on a context of its own, a thread that keeps its
 * deadlines, and the function module "unit". */
typedef struct
{
  MaltRuntime  *runtime;
  GMainContext *context;
  GMainContext *watch_context;
  GThread      *watch_thread;
  int           is_over;      /* atomic */
  guint64       last_id;
  GPtrArray    *reports;      /* of owned char *: errors that nobody waited for */
  char         *folder;       /* nullable: of Lua files */
} LuaFixture;

/* What one call came to. */
typedef struct
{
  guint64   id;
  guint     n_answers;
  GVariant *value;    /* owned (nullable) */
  GError   *error;    /* owned (nullable) */
  double    fraction; /* of the last progress */
  char     *message;  /* owned (nullable) */
} LuaResult;

/* `options`: GVariant text, or NULL; `folder`: the module path, or NULL. */
LuaFixture *lua_fixture_new        (const char *options,
                                    const char *folder);
void        lua_fixture_free       (LuaFixture *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LuaFixture, lua_fixture_free)

void        lua_result_free        (LuaResult  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LuaResult, lua_result_free)

/* What all calls can have; NULL and 0 are none. */
typedef struct
{
  const char *args;        /* GVariant text of a tuple */
  const char *kwargs;      /* GVariant text of an a{sv} */
  const char *result_type;
  guint       timeout_ms;
  gboolean    is_discarded;
} LuaCallOptions;

/* Begins; it may have ended already. */
LuaResult  *lua_start_call         (LuaFixture           *self,
                                    const char           *function,
                                    const LuaCallOptions *options);
LuaResult  *lua_start_eval         (LuaFixture           *self,
                                    const char           *module,
                                    const char           *expression,
                                    const LuaCallOptions *options);
/* Runs the context until it has ended. */
void        lua_wait               (LuaFixture           *self,
                                    LuaResult            *result);
/* The value as GVariant text; or, for an error, "TYPE: MESSAGE", or "DOMAIN:CODE: MESSAGE"
 * without a type. (transfer full) */
char       *lua_result_to_string   (LuaResult            *self);

/* All of it. (transfer full) */
char       *lua_eval               (LuaFixture           *self,
                                    const char           *expression);
char       *lua_eval_in            (LuaFixture           *self,
                                    const char           *module,
                                    const char           *expression);
char       *lua_call               (LuaFixture           *self,
                                    const char           *function,
                                    const char           *args);

/* `expected` with "*" at its end is a beginning, with "~" at its start a part. */
#define lua_assert_text(text, expected)                                                           \
  G_STMT_START                                                                                    \
  {                                                                                               \
    g_autofree char *lua_text = (text);                                                           \
    lua_check_text (G_STRLOC, #text, lua_text, expected);                                         \
  }                                                                                               \
  G_STMT_END
#define lua_assert_eval(fixture, expression, expected)                                            \
  lua_assert_text (lua_eval (fixture, expression), expected)

void        lua_check_text         (const char           *where,
                                    const char           *what,
                                    const char           *text,
                                    const char           *expected);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-plugin.h>

#include <lauxlib.h>
#include <lua.h>
#include <pthread.h>
#include <stdatomic.h>

G_BEGIN_DECLS

#define MALT_TYPE_LUA (malt_lua_get_type ())
G_DECLARE_FINAL_TYPE (MaltLua, malt_lua, MALT, LUA, GObject)

typedef struct _MaltLuaRequest MaltLuaRequest;

/* What the extra space of every Lua thread points at: whose it is, and whether it is the base of
 * a request, which no program may resume or close. Threads that a program makes inherit the main
 * thread's. */
typedef struct
{
  MaltLua  *lua;
  gboolean  is_request;
} MaltLuaOwner;

typedef enum
{
  MALT_LUA_POSITION_IDLE,
  MALT_LUA_POSITION_ASKED,
  MALT_LUA_POSITION_TAKEN,   /* the handler is at it */
  MALT_LUA_POSITION_ANSWERED
} MaltLuaPositionState;

/* What the signal handler says about where the program is. Room for ten frames of long names. */
typedef struct
{
  GMutex          lock;        /* of those that ask */
  atomic_int      state;       /* MaltLuaPositionState */
  /* Written by the handler, read when it has answered. */
  MaltInvocation *invocation;  /* owned; NULL: it is not at rest in a C function */
  gsize           length;
  char            text[2048];
} MaltLuaPosition;

/* The evaluator: one Lua state, owned by the thread that opened it.
 *
 * Every evaluation and call is a MaltLuaRequest, a coroutine of the state. It is stepped until
 * it waits or ends, the first time at once, later from @source. Steps nest when a C function
 * calls the evaluator again; then @running is the innermost. All but the atomic fields at the
 * end, and the ready time of @source, belongs to the owner's thread. */
struct _MaltLua
{
  GObject        parent_instance;

  /* Immutable from open() to close(). */
  lua_State     *state;        /* owned; its main thread runs no program */
  MaltRuntime   *runtime;      /* not owned: outlives us */
  GMainContext  *context;      /* owned */
  GSource       *source;       /* owned; looks who is cancelled, and steps those that are ready */
  pthread_t      owner;
  gboolean       is_restricted;
  const void    *interrupt;    /* the address of the object that an interrupt throws */
  MaltLuaOwner   main_owner;
  MaltLuaOwner   request_owner;

  GQueue         requests;     /* unfinished, by their @link; owned */
  GQueue         ready;        /* to be stepped, by their @ready_link; not owned */
  GPtrArray     *idle;         /* finished MaltLuaRequests whose thread can be used again; owned */
  guint64        n_evaluations;
  guint          n_operations; /* on inner workers; their callbacks are still to come */
  GCancellable  *closing;      /* owned; of operations that no request waits for */

  gsize          memory_limit_bytes; /* 0: none */
  gsize          memory_used_bytes;  /* the state, and the elements of typed arrays */
  gsize          collector_debt_bytes; /* of arrays, that the collector has not been told about */
  gpointer       reserve;      /* owned; a mapping that is dropped when there is no more memory */
  gsize          n_reserve_bytes;
  gboolean       is_limited;   /* whether the limit counts: only while a program runs */

  /* Any thread: whether somebody was cancelled that did not run. */
  atomic_bool    has_cancelled;

  /* Written by the owner's thread, read by those that cancel and by the signal handler. */
  _Atomic (MaltLuaRequest *) running;
  _Atomic (lua_State *)      running_thread;

  MaltLuaPosition            position;
};

static inline MaltLua *
malt_lua_get (lua_State *L)
{
  return (*(MaltLuaOwner **) lua_getextraspace (L))->lua;
}

static inline gboolean
malt_lua_is_request_thread (lua_State *L)
{
  return (*(MaltLuaOwner **) lua_getextraspace (L))->is_request;
}

/* Between these two nothing raises for want of memory, so that C may hold what Lua does not
 * know. */
static inline gboolean
malt_lua_suspend_limit (MaltLua *self)
{
  gboolean was_limited = self->is_limited;

  self->is_limited = FALSE;

  return was_limited;
}

static inline void
malt_lua_restore_limit (MaltLua  *self,
                        gboolean  was_limited)
{
  self->is_limited = was_limited;
}

/* The stack is that much higher than it was when its top was `top`. */
static inline void
malt_lua_assert_balance (lua_State *L,
                         int        top,
                         int        change)
{
  g_assert (lua_gettop (L) == top + change);
}

/* Any thread: has @source dispatched. */
static inline void
malt_lua_wake_up (MaltLua *self)
{
  g_source_set_ready_time (self->source, 0);
}

/* malt-lua-state.c */
gboolean malt_lua_open_state      (MaltLua    *self,
                                   GError    **error);
void     malt_lua_close_state     (MaltLua    *self);
void     malt_lua_count_memory    (MaltLua    *self,
                                   lua_State  *L,
                                   gsize       n_bytes);
gboolean malt_lua_fits_limit      (MaltLua    *self,
                                   lua_State  *L,
                                   gsize       n_bytes);
void     malt_lua_collect_excess  (MaltLua    *self);

/* malt-lua-library.c: what each part adds to the globals or to the table at the top. [-0, +0, m] */
void     malt_lua_add_library     (lua_State  *L);
void     malt_lua_add_pcall       (lua_State  *L);
void     malt_lua_add_coroutine   (lua_State  *L);
void     malt_lua_add_waits       (lua_State  *L);
void     malt_lua_add_channel     (lua_State  *L);
void     malt_lua_add_processes   (lua_State  *L);
void     malt_lua_add_popen       (lua_State  *L);
void     malt_lua_add_worker      (lua_State  *L);
void     malt_lua_end_operations  (MaltLua    *self);
void     malt_lua_add_error_type  (lua_State  *L);

/* malt-lua-expression.c: compiles by the expression rule. TRUE: pushes the function; FALSE:
 * pushes the message. [-0, +1, -] */
gboolean malt_lua_load_expression (lua_State  *L,
                                   const char *text,
                                   const char *chunk_name,
                                   gboolean   *is_lenient);

G_END_DECLS

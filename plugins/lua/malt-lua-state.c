/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-private.h"

#include "malt-lua-namespace-private.h"
#include "malt-lua-request-private.h"

#include <lualib.h>
#include <stdlib.h>
#include <sys/mman.h>

/* The state: its memory, the libraries it has, and what is taken away from them. */

/* Arrays live outside the heap that paces the collector: without being told of them, a loop of
 * 10 MB arrays peaked at 1483 MB, with it at 23 MB. Telling costs a step, so small arrays are
 * told of together. */
#define COLLECTOR_DEBT_MAX_BYTES (64u * 1024)

/* The unit of lua_gc() is a KiB in an int; more than this in one step makes no difference. */
#define COLLECTOR_STEP_MAX_KIBIBYTES (1u << 20)

/* What a program leaves to the code around it when the process may have no more memory: GLib ends a
 * process that gets none. Untouched, it costs address space only. Less, where that is all there is:
 * so the next program can drop what fills the memory. */
#define RESERVE_MAX_BYTES (2u << 20)
#define RESERVE_MIN_BYTES (256u << 10)

/* Of a state that has only the restricted libraries: nothing that reaches files, processes or the
 * collector's insides. */
static const luaL_Reg restricted_libraries[] = {
  { LUA_GNAME, luaopen_base },
  { LUA_COLIBNAME, luaopen_coroutine },
  { LUA_TABLIBNAME, luaopen_table },
  { LUA_STRLIBNAME, luaopen_string },
  { LUA_MATHLIBNAME, luaopen_math },
  { LUA_UTF8LIBNAME, luaopen_utf8 },
};

/* What no program has: it would disarm the interrupt, end the worker, change the locale of the
 * whole process, in which other threads are, or make or run binary chunks and native code.
 * Malformed bytecode crashes Lua. */
static const struct
{
  const char *library;
  const char *name;
} removed[] = {
  { LUA_GNAME, "dofile" },
  { LUA_GNAME, "loadfile" },
  { LUA_DBLIBNAME, "sethook" },
  { LUA_LOADLIBNAME, "loadlib" },
  { LUA_OSLIBNAME, "exit" },
  { LUA_OSLIBNAME, "setlocale" },
  { LUA_STRLIBNAME, "dump" },
};

/* The limit counts only while a program runs: what we do on its behalf never fails for it, and a
 * program that is over it fails at its next allocation. */
static gboolean
is_over_limit (MaltLua *self,
               gsize    n_more_bytes)
{
  return self->is_limited && self->memory_limit_bytes != 0
         && self->memory_used_bytes + n_more_bytes > self->memory_limit_bytes;
}

static void
drop_reserve (MaltLua *self)
{
  if (self->reserve != NULL)
    munmap (self->reserve, self->n_reserve_bytes);
  self->reserve = NULL;
}

/* Mapped, because malloc() may keep for later what is freed. */
static gboolean
has_reserve (MaltLua *self)
{
  gsize n_bytes = RESERVE_MAX_BYTES;

  for (; self->reserve == NULL && n_bytes >= RESERVE_MIN_BYTES; n_bytes /= 2)
    {
      void *memory = mmap (NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                           -1, 0);

      if (memory == MAP_FAILED)
        continue;
      self->reserve = memory;
      self->n_reserve_bytes = n_bytes;
    }

  return self->reserve != NULL;
}

static void *
allocate (void   *user_data,
          void   *block,
          size_t  old_size,
          size_t  new_size)
{
  MaltLua *self = user_data;
  void *new_block;

  /* For a new block, the size says what it is for. */
  if (block == NULL)
    old_size = 0;

  if (new_size == 0)
    {
      free (block);
      self->memory_used_bytes -= old_size;
      return NULL;
    }

  if (new_size > old_size
      && (is_over_limit (self, new_size - old_size) || (self->is_limited && !has_reserve (self))))
    return NULL;

  new_block = realloc (block, new_size);
  if (new_block != NULL)
    self->memory_used_bytes += new_size - old_size;
  else if (self->is_limited)
    drop_reserve (self);

  return new_block;
}

/* Counts memory outside of the state that something in it keeps alive; subtracting needs no
 * call. Runs finalizers, but raises nothing. */
void
malt_lua_count_memory (MaltLua   *self,
                       lua_State *L,
                       gsize      n_bytes)
{
  guint64 step;

  self->memory_used_bytes += n_bytes;
  self->collector_debt_bytes += n_bytes;
  if (self->collector_debt_bytes < COLLECTOR_DEBT_MAX_BYTES)
    return;

  step = MIN (self->collector_debt_bytes / 1024, COLLECTOR_STEP_MAX_KIBIBYTES);
  self->collector_debt_bytes = 0;
  lua_gc (L, LUA_GCSTEP, (int) step);
}

/* Whether a program may have that much more memory, if need be after a collection. */
gboolean
malt_lua_fits_limit (MaltLua   *self,
                     lua_State *L,
                     gsize      n_bytes)
{
  if (!is_over_limit (self, n_bytes))
    return TRUE;

  lua_gc (L, LUA_GCCOLLECT);

  return !is_over_limit (self, n_bytes);
}

/* To be called while no program runs. The collection that Lua makes when it is refused memory
 * runs no finalizers, so the elements of arrays that nobody has any more stay; this one runs
 * them. */
void
malt_lua_collect_excess (MaltLua *self)
{
  if (self->memory_limit_bytes != 0 && self->memory_used_bytes > self->memory_limit_bytes)
    lua_gc (self->state, LUA_GCCOLLECT);
}

/* [-0, +0, m] */
static void
open_restricted_libraries (lua_State *L)
{
  for (guint i = 0; i < G_N_ELEMENTS (restricted_libraries); i++)
    {
      luaL_requiref (L, restricted_libraries[i].name, restricted_libraries[i].func, 1);
      lua_pop (L, 1);
    }
}

/* [-0, +0, m] */
static void
open_libraries (lua_State *L)
{
  /* What Lua finds must not depend on the environment of whoever started the worker. */
  lua_pushboolean (L, TRUE);
  lua_setfield (L, LUA_REGISTRYINDEX, "LUA_NOENV");
  luaL_openlibs (L);
}

/* [-0, +0, m] */
static void
remove_functions (lua_State *L)
{
  lua_pushglobaltable (L);
  for (guint i = 0; i < G_N_ELEMENTS (removed); i++)
    {
      if (lua_getfield (L, -1, removed[i].library) == LUA_TTABLE)
        {
          lua_pushnil (L);
          lua_setfield (L, -2, removed[i].name);
        }
      lua_pop (L, 1);
    }
  lua_pop (L, 1);
}

static int
on_open (lua_State *L)
{
  MaltLua *self = malt_lua_get (L);

  if (self->is_restricted)
    open_restricted_libraries (L);
  else
    open_libraries (L);

  remove_functions (L);
  malt_lua_add_interrupt (L);
  malt_lua_add_pcall (L);
  malt_lua_add_coroutine (L);
  malt_lua_add_library (L);
  if (!self->is_restricted)
    {
      malt_lua_add_processes (L);
      malt_lua_add_popen (L);
    }
  malt_lua_add_namespace (L);
  if (!self->is_restricted)
    malt_lua_add_require (self, L);

  return 0;
}

/* MALT_ERROR_FAILED: there is no memory for it. */
gboolean
malt_lua_open_state (MaltLua  *self,
                     GError  **error)
{
  lua_State *L = lua_newstate (allocate, self);

  if (L == NULL)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_FAILED, "Cannot make a Lua state: no memory");
      return FALSE;
    }

  self->state = L;
  self->main_owner = (MaltLuaOwner) { self, FALSE };
  self->request_owner = (MaltLuaOwner) { self, TRUE };
  *(MaltLuaOwner **) lua_getextraspace (L) = &self->main_owner;

  lua_pushcfunction (L, on_open);
  if (lua_pcall (L, 0, 0, 0) != LUA_OK)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_FAILED, "Cannot set up the Lua state: %s",
                   lua_tostring (L, -1));
      malt_lua_close_state (self);
      return FALSE;
    }

  return TRUE;
}

void
malt_lua_close_state (MaltLua *self)
{
  g_clear_pointer (&self->state, lua_close);
  drop_reserve (self);
}

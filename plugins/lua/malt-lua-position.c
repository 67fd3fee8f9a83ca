/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-request-private.h"

#include <string.h>

/* Where a program is that does not heed its end.
 *
 * An interrupt is thrown by a hook, which runs at the next instruction of Lua. While it is armed
 * and has not run the thread is inside of one C function, a pattern that backtracks for instance,
 * and the stack is at rest. Then the signal handler may look at it: what it uses of Lua here only
 * reads. Nothing else is asked, for the handler may be anywhere, also in malloc(). */

/* How long an answer is waited for, in milliseconds. It comes at once, unless the thread is stuck
 * in the kernel; on a busy machine it needs a turn. */
#define ANSWER_TIMEOUT_MSEC 100

/* How often it is looked for, in microseconds: a handler can wake nobody without a descriptor. */
#define ANSWER_POLL_USEC 50

/* Frames that are told, newest first. As many as luaL_traceback() has before it leaves some out. */
#define MAX_FRAMES 10

static void
append (MaltLuaPosition *self,
        const char      *text)
{
  while (*text != '\0' && self->length < sizeof self->text - 1)
    self->text[self->length++] = *text++;
  self->text[self->length] = '\0';
}

static void
append_number (MaltLuaPosition *self,
               int              number)
{
  char digits[16];
  gsize i = sizeof digits;

  digits[--i] = '\0';
  do
    {
      digits[--i] = (char) ('0' + number % 10);
      number /= 10;
    }
  while (number > 0 && i > 0);
  append (self, digits + i);
}

/* As luaL_traceback() writes it, but for the names of functions of the library. */
static void
append_frame (MaltLuaPosition *self,
              const lua_Debug *frame)
{
  append (self, "\n\t");
  append (self, frame->short_src);
  append (self, ":");
  if (frame->currentline > 0)
    {
      append_number (self, frame->currentline);
      append (self, ":");
    }
  append (self, " in ");

  if (*frame->what == 'm')
    append (self, "main chunk");
  else if (*frame->namewhat != '\0')
    {
      append (self, frame->namewhat);
      append (self, " '");
      append (self, frame->name);
      append (self, "'");
    }
  else if (*frame->what != 'C')
    {
      append (self, "function <");
      append (self, frame->short_src);
      append (self, ":");
      append_number (self, frame->linedefined);
      append (self, ">");
    }
  else
    append (self, "?");
}

/* The base of a request is the last frame of its thread, and no frame of the program's. */
static void
append_frames (MaltLuaPosition *self,
               lua_State       *thread)
{
  gboolean has_base = malt_lua_is_request_thread (thread);
  lua_Debug frame, next;
  int level = 0;
  gboolean has_frame = lua_getstack (thread, level, &frame);

  while (has_frame && level < MAX_FRAMES)
    {
      gboolean has_next = lua_getstack (thread, ++level, &next);

      if (has_next || !has_base)
        {
          lua_getinfo (thread, "Sln", &frame);
          append_frame (self, &frame);
        }
      frame = next;
      has_frame = has_next;
    }
}

/* Runs in the signal handler, in the owner's thread. */
void
malt_lua_answer_position (MaltLua        *lua,
                          MaltLuaRequest *request,
                          lua_State      *thread)
{
  MaltLuaPosition *self = &lua->position;
  int asked = MALT_LUA_POSITION_ASKED;

  if (!atomic_compare_exchange_strong (&self->state, &asked, MALT_LUA_POSITION_TAKEN))
    return;

  self->length = 0;
  self->text[0] = '\0';
  self->invocation = NULL;
  if (request != NULL && request->invocation != NULL && thread != NULL && !request->is_thrown
      && malt_lua_is_armed (thread))
    {
      self->invocation = malt_invocation_ref (request->invocation);
      append_frames (self, thread);
      if (thread != request->thread)
        {
          append (self, "\nresumed from:");
          append_frames (self, request->thread);
        }
    }
  atomic_store (&self->state, MALT_LUA_POSITION_ANSWERED);
}

/* FALSE: the thread does not take the signal. A handler that has begun is waited for. */
static gboolean
wait_for_answer (MaltLuaPosition *self)
{
  gint64 end = g_get_monotonic_time () + ANSWER_TIMEOUT_MSEC * G_TIME_SPAN_MILLISECOND;
  int asked = MALT_LUA_POSITION_ASKED;

  while (atomic_load (&self->state) != MALT_LUA_POSITION_ANSWERED)
    {
      if (g_get_monotonic_time () >= end
          && atomic_compare_exchange_strong (&self->state, &asked, MALT_LUA_POSITION_IDLE))
        return FALSE;
      asked = MALT_LUA_POSITION_ASKED;
      g_usleep (ANSWER_POLL_USEC);
    }

  atomic_store (&self->state, MALT_LUA_POSITION_IDLE);
  return TRUE;
}

/* The first frame, which is that of a function of a module, by its full name. Takes `traceback`.
 * (transfer full) */
char *
malt_lua_name_callee (char       *traceback,
                      const char *name)
{
  g_autofree char *owned = traceback;
  const char *first = strchr (traceback, '\n');
  const char *others = first != NULL ? strchr (first + 1, '\n') : NULL;

  if (others == NULL)
    return g_steal_pointer (&owned);

  return g_strdup_printf ("%.*s\n\t[C]: in function '%s'%s", (int) (first - traceback), traceback,
                          name, others);
}

char *
malt_lua_dup_position (MaltEvaluator   *evaluator,
                       MaltInvocation **invocation)
{
  MaltLua *lua = MALT_LUA (evaluator);
  MaltLuaPosition *self = &lua->position;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  g_autofree char *callee = NULL;
  g_autofree char *frames = NULL;
  char *traceback;

  if (atomic_load (&lua->running) == NULL)
    return NULL;

  atomic_store (&self->state, MALT_LUA_POSITION_ASKED);
  malt_lua_preempt (lua);
  if (!wait_for_answer (self) || self->invocation == NULL)
    return NULL;

  callee = malt_invocation_dup_callee (self->invocation);
  frames = g_utf8_make_valid (self->text, -1);
  traceback = g_strconcat ("stack traceback:", frames, NULL);
  *invocation = g_steal_pointer (&self->invocation);

  return callee != NULL ? malt_lua_name_callee (traceback, callee) : traceback;
}

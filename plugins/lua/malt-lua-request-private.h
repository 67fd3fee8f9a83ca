/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt-lua-private.h"

#include <signal.h>

G_BEGIN_DECLS

typedef struct _MaltLuaWait MaltLuaWait;

/* Instead of a number of values: see malt_lua_wait_renew(). */
#define MALT_LUA_WAIT_AGAIN (-1)

/* Pushes what a wait answers, in the coroutine that waited; raises nothing. Returns the number
 * of values. */
typedef int (*MaltLuaWaitFinish) (lua_State   *L,
                                  MaltLuaWait *wait);

/* What a request waits for. The request holds one reference, a callback that is still to come
 * another: the request may end first. */
struct _MaltLuaWait
{
  MaltLua           *lua;     /* not owned; for those whose callback comes before its end */
  MaltLuaRequest    *request; /* NULL once it has gone on without us */
  MaltLuaWaitFinish  finish;  /* (nullable): no value */
  gboolean           is_done;
  guint64            alarm;   /* 0: none */
  GVariant          *value;   /* owned (nullable) */
  GError            *error;   /* owned (nullable): raised instead */
  GCancellable      *cancellable; /* owned (nullable): of what is waited for */
  gpointer           data;    /* of the one who waits; not owned */
  void             (*given_up) (MaltLuaWait *wait); /* (nullable): nobody waits for it any more */
};

/* Which results that cannot be sent count as nothing. */
typedef enum
{
  MALT_LUA_LENIENCY_NONE,  /* a call: its result was asked for */
  MALT_LUA_LENIENCY_FILES, /* an evaluation: io.write() returns its file, and nobody asked for it */
  MALT_LUA_LENIENCY_ALL    /* an assignment */
} MaltLuaLeniency;

/* One evaluation, call or task.
 *
 * It runs (lua->running), or is suspended: in a @wait, or because it yielded; then it is in
 * lua->ready as soon as it can go on. It ends with exactly one answer. */
struct _MaltLuaRequest
{
  MaltLua          *lua;          /* not owned */
  lua_State        *thread;       /* anchored in the registry by @thread_ref */
  int               thread_ref;
  GList             link;
  GList             ready_link;
  gboolean          is_ready;
  gboolean          is_suspended;

  MaltInvocation   *invocation;   /* owned; NULL: a task that nobody waits for */
  GVariant         *args;         /* not owned (nullable); only until the first step has begun */
  GVariant         *kwargs;       /* likewise */
  int               n_values;     /* on the thread for the next resume */
  MaltLuaLeniency   leniency;

  MaltLuaWait      *wait;         /* owned (nullable) */
  GPtrArray        *processes;    /* owned GSubprocesses that end with it (nullable) */

  /* The signal handler reads it, in this thread. */
  volatile sig_atomic_t is_thrown; /* whether the interrupt has been thrown */
  lua_State        *hook_yielded; /* not owned: the coroutine that the hook has suspended */

  GError           *error;             /* owned: what it ends with */
  char             *traceback;         /* owned: of the last error that reached the base */
  char             *inner_traceback;   /* owned: of coroutines that an error came out of … */
  char             *inner_message;     /* … and its message; both NULL when there was none */
  char             *interrupt_traceback; /* owned: of where the interrupt was thrown */
  GError           *call_error;        /* owned: the last one of a C function … */
  char             *call_message;      /* … and the message it was raised with */
};

static inline gboolean
malt_lua_request_is_cancelled (MaltLuaRequest *self)
{
  return self->invocation != NULL
         && malt_invocation_get_cancel_reason (self->invocation) != MALT_CANCEL_REASON_NONE;
}

/* malt-lua-request.c */
MaltLuaRequest *malt_lua_request_new           (MaltLua           *lua,
                                                MaltInvocation    *invocation);
void            malt_lua_request_start         (MaltLuaRequest    *self,
                                                lua_State         *from,
                                                int                n_values);
void            malt_lua_request_step          (MaltLuaRequest    *self);
void            malt_lua_request_ready         (MaltLuaRequest    *self);
void            malt_lua_request_free          (MaltLuaRequest    *self);

/* malt-lua-error.c */
int             malt_lua_raise                 (lua_State         *L,
                                                char              *message);
int             malt_lua_raise_error           (lua_State         *L,
                                                GError            *error);
char           *malt_lua_dup_error_type        (const GError      *error);
int             malt_lua_on_error              (lua_State         *L);
char           *malt_lua_dup_traceback         (lua_State         *L,
                                                lua_State         *thread,
                                                int                level);
void            malt_lua_request_note_coroutine (MaltLuaRequest   *self,
                                                char              *traceback,
                                                const char        *message,
                                                const char        *new_message);
void            malt_lua_request_catch         (MaltLuaRequest    *self,
                                                lua_State         *L,
                                                int                status);

/* malt-lua-interrupt.c */
void            malt_lua_install_handler       (void);
void            malt_lua_add_interrupt         (lua_State         *L);
void            malt_lua_preempt               (MaltLua           *lua);
MaltLua        *malt_lua_enter_thread          (MaltLua           *lua);
void            malt_lua_leave_thread          (MaltLua           *previous);
void            malt_lua_arm                   (lua_State         *thread);
gboolean        malt_lua_is_armed              (lua_State         *thread);
void            malt_lua_arm_again             (lua_State         *thread);
void            malt_lua_check_interrupt       (lua_State         *L);
gboolean        malt_lua_is_interrupt          (lua_State         *L,
                                                int                index);
int             malt_lua_throw_interrupt       (lua_State         *L);
int             malt_lua_throw_again           (lua_State         *L);

/* malt-lua-position.c */
void            malt_lua_answer_position       (MaltLua           *lua,
                                                MaltLuaRequest    *request,
                                                lua_State         *thread);
char           *malt_lua_name_callee           (char              *traceback,
                                                const char        *name);
char           *malt_lua_dup_position          (MaltEvaluator     *evaluator,
                                                MaltInvocation   **invocation);

/* malt-lua-wait.c */
void            malt_lua_check_can_wait        (lua_State         *L);
int             malt_lua_raise_cannot_wait     (lua_State         *L);
void            malt_lua_push_wait_mark        (lua_State         *L);
gboolean        malt_lua_is_wait_mark          (lua_State         *L,
                                                int                index);
MaltLuaWait    *malt_lua_wait_new              (lua_State         *L,
                                                MaltLuaWaitFinish  finish);
MaltLuaWait    *malt_lua_wait_ref              (MaltLuaWait       *self);
void            malt_lua_wait_unref            (MaltLuaWait       *self);
void            malt_lua_wait_give_up          (MaltLuaWait       *self);
void            malt_lua_wait_wake             (MaltLuaWait       *self);
int             malt_lua_wait_renew            (MaltLuaWait       *self);
int             malt_lua_wait_yield            (lua_State         *L,
                                                MaltLuaWait       *self);
int             malt_lua_push_wait_value       (lua_State         *L,
                                                MaltLuaWait       *self);
int             malt_lua_call_function         (lua_State         *L);

/* malt-lua-process.c */
void            malt_lua_request_end_processes (MaltLuaRequest    *self);
GSubprocess    *malt_lua_spawn_shell           (MaltLuaRequest    *request,
                                                const char        *command,
                                                GSubprocessFlags   flags,
                                                char             **message);
int             malt_lua_wait_for_exit         (lua_State         *L,
                                                GSubprocess       *process);

G_END_DECLS

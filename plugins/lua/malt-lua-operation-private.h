/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt-lua-request-private.h"

G_BEGIN_DECLS

/* malt-lua-operation.c: what of an inner worker takes time, its start, its calls, its stop. A
 * program waits for it; its callback comes in the context of the outer worker, whoever still
 * waits. */

/* What an inner worker's call or its start failed with, as an error of the program that asked for
 * it: its code would be taken for one about the outer worker and its call. */
GError      *malt_lua_new_own_error      (const GError       *error);

/* Between the two an operation begins: its callback is to come in our context. */
void         malt_lua_enter_operation    (MaltLua            *self);
void         malt_lua_leave_operation    (MaltLua            *self);
/* The wait to be yielded for; its cancellable is for what is about to begin. */
MaltLuaWait *malt_lua_new_operation_wait (lua_State          *L,
                                          MaltLuaWaitFinish   finish);
/* Ends a wait with the outcome of what was waited for; takes `wait`, `value` and `error`. */
void         malt_lua_end_operation      (MaltLuaWait        *wait,
                                          GVariant           *value,
                                          GError             *error);

/* malt-lua-worker.c: a malt.Worker without a worker, until it has started. [-0, +1, m] */
MaltAbstractWorker **malt_lua_new_worker_box (lua_State      *L);

/* malt-lua-worker-start.c: malt.worker ([{backend = NAME, OPTION = VALUE, …}]) */
int          malt_lua_start_worker       (lua_State          *L);

G_END_DECLS

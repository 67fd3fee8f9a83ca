/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/runtime/malt-runtime.h"
#include "malt/wire/malt-stream-private.h"

G_BEGIN_DECLS

/* A setup is options and paths. */
#define MALT_SETUP_MAX_MESSAGE_BYTES (1024u * 1024)

/* Waits for the manager's setup and does what it says: changes the directory, loads the evaluator
 * and the modules, and closes the sandbox over them; `confined` (transfer full): what it has
 * applied. NULL when the worker cannot start; the manager has been told why, if it is there. Starts
 * no thread. */
MaltRuntime *malt_setup_receive    (MaltStream          *stream,
                                    GMainContext        *watch_context,
                                    char              ***confined);

/* Whether a setup that comes later is one: the worker has been handed on, and answers it with
 * another hello. What the first one said stays as it is, and from here on no descriptors are
 * passed, for the new manager may be anywhere. */
gboolean     malt_setup_accept_next (MaltStream         *stream,
                                    const MaltMessage   *message);

/* The answer: the worker takes calls from here on. */
void         malt_setup_send_hello (MaltStream          *stream,
                                    const char *const   *confined);

G_END_DECLS

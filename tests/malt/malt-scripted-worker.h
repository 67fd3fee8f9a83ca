/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt-script.h"

G_BEGIN_DECLS

#define MALT_TYPE_SCRIPTED_WORKER (malt_scripted_worker_get_type ())

/* A worker without anything behind it, whose life goes as the script says. Any function answers its
 * first argument, () without, but for these:
 *   hold   does so when it is released, unless it is cancelled first
 *   fail   raises an error
 *   exit   ends the worker with the status that is its argument, (i) */
G_DECLARE_FINAL_TYPE (MaltScriptedWorker, malt_scripted_worker, MALT, SCRIPTED_WORKER, GObject)

/* Makes "scripted" a backend of this process. */
void malt_scripted_worker_register (void);
/* Ends one of those that run as if it had left by itself; 0 is the oldest. Unless `is_told`, it
 * does not say so. Nothing happens when there are not so many. */
void malt_scripted_worker_exit     (guint    index,
                                    int      status,
                                    gboolean is_told);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-plugin.h>

G_BEGIN_DECLS

/* What becomes of the lives of scripted workers: one script for all of the process, as the test
 * writes it. Any thread. */

typedef enum
{
  MALT_SCRIPT_GOES_WELL,
  MALT_SCRIPT_FAILS,
  MALT_SCRIPT_EXITS,   /* ends the worker; a start succeeds first */
  MALT_SCRIPT_HANGS,   /* until it is cancelled or released */
  MALT_SCRIPT_IS_DEAF, /* until it is released */
  MALT_SCRIPT_N_WAYS
} MaltScriptWay;

typedef enum
{
  MALT_SCRIPT_START,
  MALT_SCRIPT_EVAL, /* malt.eval */
  MALT_SCRIPT_CALL, /* anything else */
  MALT_SCRIPT_STOP,
  MALT_SCRIPT_N_STEPS
} MaltScriptStep;

/* Everything goes well again, and nothing has been counted. */
void          malt_script_reset         (void);
/* From now on. */
void          malt_script_set           (MaltScriptStep       step,
                                         MaltScriptWay        way);
/* What workers say that their calls have run, microseconds, whose process they are, and whether
 * that may be of another machine. */
void          malt_script_set_run_time  (gint64               run_time_us);
void          malt_script_set_pid       (int                  pid);
int           malt_script_get_pid       (void);
void          malt_script_set_remote    (gboolean             is_remote);
gboolean      malt_script_is_remote     (void);
/* What hangs, or is deaf, goes on. */
void          malt_script_release       (void);
/* Those that have begun, and those that hang or are deaf at the moment. */
guint         malt_script_count         (MaltScriptStep       step);
guint         malt_script_count_waiting (void);

/* For the worker. What is under way is a task that returns an int, or the value of a call. */
GTask        *malt_script_begin         (MaltScriptStep       step,
                                         gpointer             worker,
                                         MaltCall            *call,
                                         GCancellable        *cancellable,
                                         GAsyncReadyCallback  callback,
                                         gpointer             user_data,
                                         MaltScriptWay       *way);
/* These take the task, the value and the error. */
void          malt_script_wait          (GTask               *task,
                                         gboolean             is_deaf);
void          malt_script_return        (GTask               *task,
                                         int                  outcome,
                                         GError              *error);
void          malt_script_answer        (GTask               *task,
                                         GError              *error);
/* Ends what waits, of one worker: calls as `report` says. */
void          malt_script_end           (gpointer             worker,
                                         MaltExitReport      *report);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/process/malt-process-events.h"

G_BEGIN_DECLS

/* stdout and stderr of one worker: read, cut into lines, and brought to where its options say. */
typedef struct _MaltProcessOutput MaltProcessOutput;

/* `modes`: of stdout, of stderr. */
MaltProcessOutput *malt_process_output_new           (const MaltProcessOutputMode   modes[2],
                                                      MaltProcessEvents            *events,
                                                      GError                      **error);
MaltProcessOutput *malt_process_output_ref           (MaltProcessOutput            *self);
void               malt_process_output_unref         (MaltProcessOutput            *self);

/* What the worker gets as its descriptor `number` (1 or 2); −1: /dev/null. (borrowed) */
int                malt_process_output_get_worker_fd (MaltProcessOutput            *self,
                                                      guint                         number);
/* The worker has been started: lets go of its ends. Monitor thread. */
void               malt_process_output_start         (MaltProcessOutput            *self,
                                                      int                           pid);
/* Reads from here on until finish(). Monitor thread. */
void               malt_process_output_read          (MaltProcessOutput            *self);
/* Brings on what is in the pipes now, and waits until it is shown, within reason. Any thread. */
void               malt_process_output_drain         (MaltProcessOutput            *self);
/* The worker has ended: brings on what is in the pipes, and a last line without newline, and
 * closes them, whoever else holds them. Monitor thread. */
void               malt_process_output_finish        (MaltProcessOutput            *self);

/* The end of stderr. (transfer full), never NULL */
char              *malt_process_output_dup_tail      (MaltProcessOutput            *self);
/* Of mode stream. (transfer full) (nullable) */
GInputStream      *malt_process_output_dup_stream    (MaltProcessOutput            *self,
                                                      guint                         number);
/* Bytes that nobody took in time. */
guint64            malt_process_output_get_dropped   (MaltProcessOutput            *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltProcessOutput, malt_process_output_unref)

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/host/malt-host-watch.h"

G_BEGIN_DECLS

/* What a worker prints on one descriptor, brought to its manager. In the main context of the
 * watch. */
typedef struct _MaltHostOutput MaltHostOutput;

/* `done` is called when all has been handed to the watch. `watch` is borrowed. `n_passing` (atomic,
 * borrowed) grows with each piece that goes to the watch, from before it is read. */
MaltHostOutput *malt_host_output_new     (GInputStream    *stream,
                                          int              fd,
                                          MaltHostWatch   *watch,
                                         int             *n_passing,
                                          void           (*done) (gpointer user_data),
                                          gpointer         user_data);
void            malt_host_output_free    (MaltHostOutput  *self);
/* Hands over what has been printed by now, if there is room. */
void            malt_host_output_flush   (MaltHostOutput  *self);
/* The watch has drained. */
void            malt_host_output_resume  (MaltHostOutput  *self);
gboolean        malt_host_output_is_done (MaltHostOutput  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltHostOutput, malt_host_output_free)

G_END_DECLS

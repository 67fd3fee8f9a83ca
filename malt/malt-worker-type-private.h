/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-abstract-worker.h"

G_BEGIN_DECLS

/* What every verb relies on and does not ask again: that a type can be made, and has every
 * mandatory function of MaltAbstractWorker. NULL: nothing is wrong; else a sentence that begins
 * with “Its type”. (transfer full) */
char                  *malt_worker_type_find_fault       (GType                  type);

/* What the program registered itself, with what its workers can do besides what the interface
 * declares: a binding cannot write into an interface, and one that a type has not implemented anew
 * is that of its parent. */
void                   malt_worker_type_register         (GType                  type,
                                                          MaltWorkerCapabilities capabilities);
/* Whether it was, or derives from one that was. */
gboolean               malt_worker_type_is_registered    (GType                  type);
MaltWorkerCapabilities malt_worker_type_get_capabilities (GType                  type);

G_END_DECLS

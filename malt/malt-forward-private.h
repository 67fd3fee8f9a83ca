/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-abstract-worker.h"

G_BEGIN_DECLS

/* (transfer none) (nullable): the worker around which this one is; NULL before its start. */
typedef MaltAbstractWorker *(*MaltForwardFunc) (MaltAbstractWorker *self);

/* Sets all functions, so that each has the inner worker do it. What is different is set
 * afterwards. */
void                malt_forward_init_interface (MaltAbstractWorkerInterface  *iface,
                                                 MaltForwardFunc               get_inner);
/* (transfer none): the inner worker; NULL with an error before the start. */
MaltAbstractWorker *malt_forward_get_inner      (MaltAbstractWorker           *self,
                                                 GError                      **error);

G_END_DECLS

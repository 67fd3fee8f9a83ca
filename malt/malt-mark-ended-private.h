/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-mark-ended.h"

G_BEGIN_DECLS

/* What the worker was marked with. (transfer none) (nullable) */
MaltExitReport *malt_mark_ended_get_report (MaltAbstractWorker *worker);

G_END_DECLS

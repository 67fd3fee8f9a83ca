/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/process/malt-process-types.h"

G_BEGIN_DECLS

#define MALT_TYPE_PROCESS_WORKER (malt_process_worker_get_type ())
G_DECLARE_FINAL_TYPE (MaltProcessWorker, malt_process_worker, MALT, PROCESS_WORKER, MaltPeerWorker)

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/in-process/malt-in-process-worker.h"

MALT_DEFINE_PLUGIN (malt_in_process, MALT_WORKER_EXTENSION_POINT, "in-process",
                    MALT_TYPE_IN_PROCESS_WORKER)

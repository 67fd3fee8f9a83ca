/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/process/malt-process-worker.h"

MALT_DEFINE_PLUGIN (malt_process, MALT_WORKER_EXTENSION_POINT, "process", MALT_TYPE_PROCESS_WORKER)

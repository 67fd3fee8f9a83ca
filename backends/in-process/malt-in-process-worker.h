/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-plugin.h>

G_BEGIN_DECLS

#define MALT_TYPE_IN_PROCESS_WORKER (malt_in_process_worker_get_type ())
G_DECLARE_FINAL_TYPE (MaltInProcessWorker, malt_in_process_worker, MALT, IN_PROCESS_WORKER, GObject)

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt.h>

void workbench_commit_faults (MaltInvocation *invocation,
                              const guint8   *data,
                              gsize           length);

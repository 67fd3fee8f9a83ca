/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/process/malt-process-types.h"

G_DEFINE_ENUM_TYPE (MaltProcessTransport, malt_process_transport,
                    G_DEFINE_ENUM_VALUE (MALT_PROCESS_TRANSPORT_AUTO, "auto"),
                    G_DEFINE_ENUM_VALUE (MALT_PROCESS_TRANSPORT_TCP, "tcp"),
                    G_DEFINE_ENUM_VALUE (MALT_PROCESS_TRANSPORT_UNIX, "unix"))

G_DEFINE_ENUM_TYPE (MaltProcessEnvironmentMode, malt_process_environment_mode,
                    G_DEFINE_ENUM_VALUE (MALT_PROCESS_ENVIRONMENT_CLEAN, "clean"),
                    G_DEFINE_ENUM_VALUE (MALT_PROCESS_ENVIRONMENT_INHERIT, "inherit"))

G_DEFINE_ENUM_TYPE (MaltProcessGroup, malt_process_group,
                    G_DEFINE_ENUM_VALUE (MALT_PROCESS_GROUP_AUTO, "auto"),
                    G_DEFINE_ENUM_VALUE (MALT_PROCESS_GROUP_INHERIT, "inherit"),
                    G_DEFINE_ENUM_VALUE (MALT_PROCESS_GROUP_OWN, "own"))

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-plugin.h>

G_BEGIN_DECLS

#define MALT_TYPE_PROCESS_TRANSPORT (malt_process_transport_get_type ())
#define MALT_TYPE_PROCESS_ENVIRONMENT_MODE (malt_process_environment_mode_get_type ())
#define MALT_TYPE_PROCESS_GROUP (malt_process_group_get_type ())

typedef enum
{
  MALT_PROCESS_TRANSPORT_AUTO, /* TCP */
  MALT_PROCESS_TRANSPORT_TCP,
  MALT_PROCESS_TRANSPORT_UNIX
} MaltProcessTransport;

typedef enum
{
  MALT_PROCESS_ENVIRONMENT_CLEAN,
  MALT_PROCESS_ENVIRONMENT_INHERIT
} MaltProcessEnvironmentMode;

typedef enum
{
  MALT_PROCESS_GROUP_AUTO, /* inherit */
  MALT_PROCESS_GROUP_INHERIT,
  MALT_PROCESS_GROUP_OWN   /* a session of its own */
} MaltProcessGroup;

GType malt_process_transport_get_type        (void);
GType malt_process_environment_mode_get_type (void);
GType malt_process_group_get_type            (void);

G_END_DECLS

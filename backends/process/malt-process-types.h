/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-plugin.h>

G_BEGIN_DECLS

#define MALT_TYPE_PROCESS_OUTPUT_MODE (malt_process_output_mode_get_type ())
#define MALT_TYPE_PROCESS_TRANSPORT (malt_process_transport_get_type ())
#define MALT_TYPE_PROCESS_ENVIRONMENT_MODE (malt_process_environment_mode_get_type ())
#define MALT_TYPE_PROCESS_GROUP (malt_process_group_get_type ())

/* What becomes of the worker's stdout or stderr. */
typedef enum
{
  MALT_PROCESS_OUTPUT_RELAY,   /* shown on the manager's, each line with the worker's PID */
  MALT_PROCESS_OUTPUT_LINES,   /* the "output" signal only */
  MALT_PROCESS_OUTPUT_STREAM,  /* a GInputStream for the application */
  MALT_PROCESS_OUTPUT_INHERIT, /* the manager's own descriptor */
  MALT_PROCESS_OUTPUT_NULL     /* /dev/null */
} MaltProcessOutputMode;

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

GType malt_process_output_mode_get_type      (void);
GType malt_process_transport_get_type        (void);
GType malt_process_environment_mode_get_type (void);
GType malt_process_group_get_type            (void);

G_END_DECLS

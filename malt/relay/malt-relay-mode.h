/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-types.h>

G_BEGIN_DECLS

#define MALT_TYPE_RELAY_MODE (malt_relay_mode_get_type ())

/* What becomes of the worker's stdout or stderr. */
typedef enum
{
  MALT_RELAY_MODE_RELAY,
  MALT_RELAY_MODE_LINES,
  MALT_RELAY_MODE_STREAM,
  MALT_RELAY_MODE_INHERIT,
  MALT_RELAY_MODE_NULL
} MaltRelayMode;

MALT_AVAILABLE_IN_ALL
GType malt_relay_mode_get_type (void);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-types.h>

G_BEGIN_DECLS

#define MALT_TYPE_SANDBOX (malt_sandbox_get_type ())

/* How a worker is confined. Each profile has all of the one before it. */
typedef enum
{
  MALT_SANDBOX_NONE,
  MALT_SANDBOX_LIMITS,
  MALT_SANDBOX_STRICT,
  MALT_SANDBOX_ISOLATED
} MaltSandbox;

MALT_AVAILABLE_IN_ALL
GType       malt_sandbox_get_type  (void);
MALT_AVAILABLE_IN_ALL
const char *malt_sandbox_get_name  (MaltSandbox   profile);
MALT_AVAILABLE_IN_ALL
void        malt_sandbox_set_error (GError      **error,
                                    MaltSandbox   profile,
                                    const char   *format,
                                    ...) G_GNUC_PRINTF (3, 4);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/sandbox/malt-sandbox-profile.h"

G_BEGIN_DECLS

/* Errors: MALT_ERROR_INVALID_CONFIG, with the names there are. */
gboolean malt_sandbox_parse (const char   *name,
                             MaltSandbox  *profile,
                             GError      **error);

G_END_DECLS

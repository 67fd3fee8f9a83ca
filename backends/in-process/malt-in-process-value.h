/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-plugin.h>

G_BEGIN_DECLS

/* Values pass by reference, but what a worker elsewhere refuses is refused here too: a function
 * need not expect more. Errors: MALT_ERROR_SERIALIZATION when the value is not in normal form, or
 * nested too deep. */
gboolean malt_in_process_value_check (GVariant  *value,
                                      GError   **error);

G_END_DECLS

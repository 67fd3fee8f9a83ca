/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <glib.h>

#include <malt/malt-visibility.h>

G_BEGIN_DECLS

/* Destroys the source that is kept there, if there is one, and forgets it. */
MALT_AVAILABLE_IN_ALL
void malt_clear_source (GSource **source);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <glib.h>

#include <malt/malt-visibility.h>

G_BEGIN_DECLS

/* GVariant text of which nothing is known. g_variant_parse() believes what it is given to be UTF-8,
 * and what is escaped in it to be Unicode. */
MALT_AVAILABLE_IN_ALL
GVariant *malt_parse_variant (const GVariantType  *type,
                              const char          *text,
                              gssize               length,
                              GError             **error);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <glib-object.h>

#include <malt/malt-visibility.h>

G_BEGIN_DECLS

/* The options of a worker are construct properties, most of which are nothing but a field of a
 * struct: gboolean, guint, guint64, an enum, char * or char **, as the type of the property is. */
MALT_AVAILABLE_IN_ALL
void malt_option_field_set (gpointer       field,
                            const GValue  *value);
MALT_AVAILABLE_IN_ALL
void malt_option_field_get (gconstpointer  field,
                            GValue        *value);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Values that come from somebody who may be mistaken or worse. */

/* `type_string` of `length` bytes with its NUL, as found in a frame. Errors:
 * MALT_ERROR_SERIALIZATION when it is no definite type, or is nested deeper or is longer than a
 * value may be; NULL then. */
const GVariantType *malt_value_check_type (const char          *type_string,
                                           gsize                length,
                                           GError             **error);

/* g_variant_is_normal_form() of GLib 2.74 looks at one byte behind a tuple that ends where padding
 * is expected. So many bytes that may be read lie behind everything that is given to it. */
#define MALT_VALUE_SLACK_BYTES 8

/* What has the same serialization, which is there when this returns: the value itself, or of a
 * tuple of one item, as most arguments are, that item, whose bytes need not be copied into those of
 * a tuple then. (transfer full) */
GVariant           *malt_value_dup_serialized (GVariant *value);

/* A value of `size` bytes at `data`. With `bytes`, whose `offset`th byte `data` is, it is
 * 8-aligned, has the slack behind it, and the value keeps a reference; without, the bytes are
 * copied. `swap`: they have the other byte order. Errors: MALT_ERROR_SERIALIZATION when the value
 * is not in normal form. (transfer full) */
GVariant           *malt_value_new        (const GVariantType  *type,
                                           const guint8        *data,
                                           gsize                size,
                                           GBytes              *bytes,
                                           gsize                offset,
                                           gboolean             swap,
                                           GError             **error);

G_END_DECLS

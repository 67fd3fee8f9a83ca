/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Values that come from somebody who may be mistaken or worse. */

/* `type_string` of `length` bytes with its NUL, as found in a frame. Errors: MALT_ERROR_SERIALIZATION when it
 * is no definite type, or is nested deeper or is longer than a value may be; NULL then. */
const GVariantType *malt_value_check_type (const char          *type_string,
                                           gsize                length,
                                           GError             **error);

/* A value of `size` bytes at `data`, which is 8-aligned when `bytes`, whose `offset`th byte it is, is given;
 * the value then keeps a reference on them. Without, the bytes are copied. `swap`: they have the other byte
 * order. Errors: MALT_ERROR_SERIALIZATION when the value is not in normal form. (transfer full) */
GVariant           *malt_value_new        (const GVariantType  *type,
                                           const guint8        *data,
                                           gsize                size,
                                           GBytes              *bytes,
                                           gsize                offset,
                                           gboolean             swap,
                                           GError             **error);

G_END_DECLS

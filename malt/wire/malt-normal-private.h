/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether the bytes are a value of `type`, definite, in normal form: what
 * g_variant_is_normal_form() says of them, in a time that depends on their number and the length of
 * the type alone. GLib looks at each tuple of one item in another although no bytes are there for
 * it: with sixty of them around the items of an array, also one in a variant, a MiB takes it three
 * seconds. `swapped`: NULL, or a copy of them, in which numbers get the other byte order, as
 * g_variant_byteswap() does it. */
gboolean malt_normal_check (const GVariantType *type,
                            const guint8       *data,
                            gsize               size,
                            guint8             *swapped);

G_END_DECLS

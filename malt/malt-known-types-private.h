/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-visibility.h"

#include <glib.h>

G_BEGIN_DECLS

/* The types of the values that this thread has met lately. GLib describes a type anew whenever a
 * value of it appears and none is left, and reads its string again to see whether it is one: for
 * the arguments of a short call that costs more than all else that happens to them. A type that is
 * known here stays described. Bounded; only for types with short strings.
 *
 * A type that lookup() or add() returns is valid until the next add() of the thread. */

/* `string` of `length` bytes without its NUL: a valid definite type when it is found, otherwise
 * NULL. */
const GVariantType *malt_known_types_lookup (const char         *string,
                                             gsize               length);
/* A definite type. */
void                malt_known_types_add    (const GVariantType *type);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* Sets `target`, which has the type of the property, from a value of any type that means the same
 * there: an integer of any width, a nick for an enum, nicks for flags, a bytestring for a file
 * name. FALSE when there is none; the range of the property is not looked at. */
gboolean malt_option_value_convert          (GVariant   *value,
                                             GValue     *target);

/* Whether the property takes it. */
gboolean malt_option_value_is_in_range      (GParamSpec   *pspec,
                                             const GValue *value);

/* The nick that was probably meant: "; did you mean “lines”?", or "". `value` may be NULL.
 * (transfer full) */
char    *malt_option_value_suggest          (GParamSpec   *pspec,
                                             GVariant     *value);

/* What a property takes, for messages: "an integer from 0 to 255". (transfer full) */
char    *malt_option_value_describe_allowed (GParamSpec *pspec);

/* The nicks of an enum or flags type. (transfer full) */
char   **malt_option_value_list_nicks       (GType       type);

G_END_DECLS

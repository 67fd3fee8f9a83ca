/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The one of `names` that `name` was probably meant to be; NULL when none is near. */
const char *malt_names_find_nearest    (const char        *name,
                                        const char *const *names);

/* What is wrong with a `name` that is none of `names`, for the end of an error message:
 * "not among lines, relay; did you mean “lines”?". (transfer full) */
char       *malt_names_explain_unknown (const char        *name,
                                        const char *const *names);

G_END_DECLS

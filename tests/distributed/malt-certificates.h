/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The folder with the certificates of everybody, see make-certificates. It is made once for all
 * tests of a program, for that takes longer than the tests, and removed at its end; so `names`,
 * those who have one besides, are the same each time. NULL: `missing` is not installed on this
 * machine. */
const char *malt_certificates_make (const char *const  *names,
                                    const char        **missing);

G_END_DECLS

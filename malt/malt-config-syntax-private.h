/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A configuration has three levels, and an option may hold some more. The parsers recurse. */
#define MALT_CONFIG_DEPTH_MAX 32u

/* Checks that `text` is one JSON value: UTF-8, the grammar of RFC 8259 to the letter, not nested
 * deeper than MALT_CONFIG_DEPTH_MAX, and without what C cannot hold: U+0000 in a string, numbers
 * beyond 64 bits. NULL if it is; else what is wrong (transfer full), and in which `line`. */
char *malt_config_syntax_find_mistake (const char *text,
                                       gsize       length,
                                       guint      *line);

G_END_DECLS

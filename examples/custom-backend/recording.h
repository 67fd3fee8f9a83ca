/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-plugin.h>

/* A recording is a text file. Each line is a call (function, arguments, arguments by name) and how
 * it ended, in the text format of GVariant; empty ones, and those that begin with "#", are for
 * people. */

/* The longest line, in bytes: to read one may take a hundred times as much memory. */
#define RECORDING_MAX_LINE_BYTES (1u << 20)

/* Containers inside each other: GVariant reads up to 128, with its type annotations. */
#define RECORDING_MAX_DEPTH 100u

/* The largest file, in bytes: a replay has all of it in memory. */
#define RECORDING_MAX_FILE_BYTES (256u << 20)

/* What becomes of a call that has ended: its line. (transfer full) */
char       *recording_print (MaltCall      *call,
                             GVariant      *value,
                             const GError  *error);

/* A whole file, as a table of recording_take(). (transfer full) */
GHashTable *recording_read  (const char    *path,
                             GError       **error);
/* How such a call ended the next time, which is used up. (transfer full) (nullable) */
GVariant   *recording_take  (GHashTable    *self,
                             MaltCall      *call);

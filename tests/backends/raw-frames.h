/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Frames by hand, for workers of the tests that link nothing of the library: a second opinion on
 * docs/protocol.md, and the way to send what the library would not. */

#define RAW_DATA_FD 3
#define RAW_CONTROL_FD 4

#define RAW_HEADER_BYTES 32
#define RAW_CUT_SHORT 16
#define RAW_HELLO_ID(major) (UINT64_C (0x4d414c54) << 32 | (uint64_t) (major) << 16)

enum
{
  RAW_SETUP = 1,
  RAW_HELLO,
  RAW_CALL,
  RAW_POST,
  RAW_RESULT,
  RAW_FAILURE,
  RAW_PROGRESS,
  RAW_CANCEL,
  RAW_INTERRUPT,
  RAW_STOP,
  RAW_PROBE,
  RAW_STATUS,
  RAW_LOG,
  RAW_GOODBYE
};

typedef struct
{
  uint32_t body_length;
  uint8_t  type;
  uint8_t  flags;
  uint16_t reserved;
  uint64_t id;
  uint64_t number;
  uint32_t name_length;
  uint32_t type_length;
} RawHeader;

void raw_encode_header (uint8_t          bytes[RAW_HEADER_BYTES],
                        const RawHeader *header);

/* Ends the process when the other side is gone, as does what calls it. */
void raw_write_all     (int              fd,
                        const void      *bytes,
                        size_t           length);
void raw_write_header  (int              fd,
                        const RawHeader *header);
/* A whole frame, as it should be. `name`: NULL for none. */
void raw_write_frame   (int              fd,
                        int              type,
                        uint64_t         id,
                        uint64_t         number,
                        const char      *name,
                        const char      *type_string,
                        const void      *value,
                        size_t           value_length);
/* RESULT, the unit tuple. */
void raw_answer        (uint64_t         id);
/* Without anything to say. */
void raw_say_hello     (int              major);

/* The type of the next message, 0 at the end. `name`, which may be NULL, lasts until the next. */
int  raw_read_frame    (int              fd,
                        uint64_t        *id,
                        const char     **name);

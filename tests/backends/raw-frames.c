/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "raw-frames.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Of a message that is read. */
#define RAW_BODY_MAX_BYTES (1 << 20)

static void
put (uint8_t *bytes,
     uint64_t number,
     int      size)
{
  for (int i = 0; i < size; i++)
    bytes[i] = (uint8_t) (number >> (8 * i));
}

static uint64_t
get (const uint8_t *bytes,
     int            size)
{
  uint64_t number = 0;

  for (int i = 0; i < size; i++)
    number |= (uint64_t) bytes[i] << (8 * i);
  return number;
}

void
raw_encode_header (uint8_t          bytes[RAW_HEADER_BYTES],
                   const RawHeader *header)
{
  put (bytes, header->body_length, 4);
  bytes[4] = header->type;
  bytes[5] = header->flags;
  put (bytes + 6, header->reserved, 2);
  put (bytes + 8, header->id, 8);
  put (bytes + 16, header->number, 8);
  put (bytes + 24, header->name_length, 4);
  put (bytes + 28, header->type_length, 4);
}

void
raw_write_all (int         fd,
               const void *bytes,
               size_t      length)
{
  const uint8_t *rest = bytes;

  while (length > 0)
    {
      ssize_t written = write (fd, rest, length);

      if (written < 0)
        _exit (9);
      rest += written;
      length -= (size_t) written;
    }
}

void
raw_write_header (int              fd,
                  const RawHeader *header)
{
  uint8_t bytes[RAW_HEADER_BYTES];

  raw_encode_header (bytes, header);
  raw_write_all (fd, bytes, sizeof bytes);
}

void
raw_write_frame (int         fd,
                 int         type,
                 uint64_t    id,
                 uint64_t    number,
                 const char *name,
                 const char *type_string,
                 const void *value,
                 size_t      value_length)
{
  static const uint8_t zeros[8];
  size_t name_length = name != NULL ? strlen (name) + 1 : 0;
  size_t type_length = strlen (type_string) + 1;
  size_t value_offset = (name_length + type_length + 7) / 8 * 8;
  const RawHeader header = {
    .body_length = (uint32_t) (value_offset + value_length),
    .type = (uint8_t) type,
    .id = id,
    .number = number,
    .name_length = (uint32_t) name_length,
    .type_length = (uint32_t) type_length,
  };

  raw_write_header (fd, &header);
  raw_write_all (fd, name, name_length);
  raw_write_all (fd, type_string, type_length);
  raw_write_all (fd, zeros, value_offset - name_length - type_length);
  raw_write_all (fd, value, value_length);
}

void
raw_answer (uint64_t id)
{
  raw_write_frame (RAW_DATA_FD, RAW_RESULT, id, 0, NULL, "()", "", 1);
}

/* Its a{sv} is empty, which is no bytes at all. */
void
raw_say_hello (int major)
{
  raw_write_frame (RAW_DATA_FD, RAW_HELLO, RAW_HELLO_ID (major), 0, NULL, "a{sv}", "", 0);
}

static bool
read_all (int    fd,
          void  *bytes,
          size_t length)
{
  uint8_t *rest = bytes;

  while (length > 0)
    {
      ssize_t n_read = read (fd, rest, length);

      if (n_read < 0 && errno == EINTR)
        continue;
      if (n_read <= 0)
        return false;
      rest += n_read;
      length -= (size_t) n_read;
    }
  return true;
}

int
raw_read_frame (int          fd,
                uint64_t    *id,
                const char **name)
{
  static uint8_t body[RAW_BODY_MAX_BYTES];
  uint8_t header[RAW_HEADER_BYTES];

  if (!read_all (fd, header, sizeof header) || get (header, 4) > sizeof body
      || !read_all (fd, body, get (header, 4)))
    return 0;
  *id = get (header + 8, 8);
  if (name != NULL)
    *name = get (header + 24, 4) > 0 ? (const char *) body : "";
  return header[4];
}

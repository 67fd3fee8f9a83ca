/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostile-peer.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_BYTES (64 * 1024)

PEER_ATTACK (peer_silent)
{
}

/* A byte a second, as a RESULT would begin. */
PEER_ATTACK (peer_trickle)
{
  static const RawHeader header = { .body_length = 1000, .type = RAW_RESULT, .type_length = 3 };
  uint8_t bytes[RAW_HEADER_BYTES];

  raw_encode_header (bytes, &header);
  for (size_t i = 0;; i = (i + 1) % sizeof bytes)
    {
      raw_write_all (RAW_DATA_FD, bytes + i, 1);
      sleep (1);
    }
}

PEER_ATTACK (peer_claims_a_gigabyte)
{
  static const uint8_t block[BLOCK_BYTES];
  const RawHeader header = {
    .body_length = 1 << 30, .type = RAW_RESULT, .id = id, .type_length = 3,
  };

  raw_write_header (RAW_DATA_FD, &header);
  raw_write_all (RAW_DATA_FD, "ay\0\0\0\0\0", 8);
  raw_write_all (RAW_DATA_FD, block, sizeof block);
  peer_wait_for_ever ();
}

PEER_ATTACK (peer_progress_flood)
{
  double fraction = 0;

  while (true)
    raw_write_frame (RAW_DATA_FD, RAW_PROGRESS, id, 0, "on and on", "d", &fraction, 8);
}

/* Big ones, to nobody. */
PEER_ATTACK (peer_result_flood)
{
  static const uint8_t value[512 * 1024];

  for (uint64_t stranger = id + (UINT64_C (1) << 32);; stranger++)
    peer_answer (stranger, "ay", value, sizeof value);
}

/* Each of a type that has not been seen before. What is asked is what is kept of them: so many that
 * it would be seen, but not all the time. */
PEER_ATTACK (peer_type_flood)
{
  static char type[4 * 1024 + 1];

  memset (type, 'y', sizeof type - 1);
  type[0] = '(';
  type[sizeof type - 2] = ')';
  for (uint64_t i = 0;; i++)
    {
      for (int bit = 0; bit < 64; bit++)
        type[1 + bit] = i >> bit & 1 ? 'b' : 'y';
      peer_answer (~i, type, "", 0);
      usleep (100);
    }
}

/* Bytes for `size` items, each in sixty tuples in one another, and what they are behind a NUL: a
 * variant. */
static void
write_costly_variant (uint8_t *bytes,
                      size_t   size)
{
  memset (bytes, 0, size + 1);
  bytes[size + 1] = 'a';
  memset (bytes + size + 2, '(', 60);
  bytes[size + 62] = 'b';
  memset (bytes + size + 63, ')', 60);
}

#define COSTLY_TYPE_BYTES 123

PEER_ATTACK (peer_costly_flood)
{
  static uint8_t value[1000 * 1000];

  write_costly_variant (value, sizeof value - COSTLY_TYPE_BYTES);
  while (true)
    peer_answer (~id, "v", value, sizeof value);
}

/* A record with one field: "", how many are missing, an array of the one entry "A", which ends in
 * its second byte, the variant from the eighth on, where the entry ends, where the text ends. */
PEER_ATTACK (peer_costly_log_flood)
{
  static uint8_t value[8 + 60 * 1000 + 4 + 2];
  static const uint8_t ends[] = { 2, 0, 0x62, 0xea, 1, 0 };

  memcpy (value + 8, "A", 2);
  write_costly_variant (value + 16, sizeof value - 16 - sizeof ends - COSTLY_TYPE_BYTES);
  memcpy (value + sizeof value - sizeof ends, ends, sizeof ends);
  while (true)
    raw_write_frame (RAW_CONTROL_FD, RAW_LOG, 0, 1 << 4, NULL, "(sua{sv})", value, sizeof value);
}

PEER_ATTACK (peer_status_flood)
{
  const RawHeader header = { .type = RAW_STATUS, .id = id, .number = 1 };

  while (true)
    raw_write_header (RAW_CONTROL_FD, &header);
}

/* A text of 32 KiB, how many fields are missing, no others, and the end of the text; the level
 * that ends programs. */
static void
log_for_ever (void)
{
  static uint8_t value[32 * 1024 + 4 + 4 + 2];

  memset (value, 'x', 32 * 1024 - 1);
  memcpy (value + sizeof value - 2, "\0\x80", 2);
  while (true)
    raw_write_frame (RAW_CONTROL_FD, RAW_LOG, 0, 1 << 2, "Hostile", "(sua{sv})", value,
                     sizeof value);
}

PEER_ATTACK (peer_log_flood)
{
  log_for_ever ();
}

static void
print_for_ever (int fd,
                int line_length)
{
  static char block[BLOCK_BYTES];

  memset (block, 'a', sizeof block);
  for (int i = line_length; line_length > 0 && i < BLOCK_BYTES; i += line_length)
    block[i] = '\n';
  while (true)
    raw_write_all (fd, block, sizeof block);
}

PEER_ATTACK (peer_line_flood)
{
  print_for_ever (STDOUT_FILENO, 1);
}

PEER_ATTACK (peer_byte_flood)
{
  print_for_ever (STDOUT_FILENO, 0);
}

PEER_ATTACK (peer_error_flood)
{
  print_for_ever (STDERR_FILENO, 100);
}

/* Control is listened to when there has been a greeting. */
void
peer_greet_amid_a_flood (void)
{
  if (fork () == 0)
    log_for_ever ();
  usleep (50 * 1000);
  raw_say_hello (1);
}

void
peer_answers_after_stop (void)
{
  for (uint64_t id = 0; id < 10000; id++)
    raw_answer (id);
}

void
peer_breaks_after_stop (void)
{
  static const uint8_t garbage[BLOCK_BYTES] = { 0xff };

  raw_write_all (RAW_DATA_FD, garbage, sizeof garbage);
  raw_write_all (RAW_CONTROL_FD, garbage, sizeof garbage);
}

void
peer_floods_after_stop (void)
{
  signal (SIGTERM, SIG_IGN);
  signal (SIGPIPE, SIG_IGN);
  if (fork () == 0)
    print_for_ever (STDOUT_FILENO, 10);
  while (true)
    if (write (RAW_DATA_FD, "", 1) < 0)
      peer_wait_for_ever ();
}

void
peer_deaf_to_stop (void)
{
  signal (SIGTERM, SIG_IGN);
  peer_wait_for_ever ();
}

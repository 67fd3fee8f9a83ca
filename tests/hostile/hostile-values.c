/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostile-peer.h"

#include <math.h>
#include <string.h>

#define NEST_DEPTH 1000

/* Of answers that nobody waits for. */
#define N_STRANGERS 10000

PEER_ATTACK (peer_value_is_not_normal)
{
  peer_answer (id, "s", "\xff\xfe\xfd", 3);
}

/* An array of strings whose offsets have eight bytes, for so it would be if it were as long as it
 * says. */
PEER_ATTACK (peer_value_points_far_away)
{
  static const uint8_t value[300] = { [299] = 0x80, [298] = 0xff, [0] = 0xff };

  peer_answer (id, "as", value, sizeof value);
}

PEER_ATTACK (peer_value_is_cut_off)
{
  peer_answer (id, "(xsx)", "1234", 4);
}

PEER_ATTACK (peer_types_nest)
{
  char type[NEST_DEPTH + 2];

  memset (type, 'a', NEST_DEPTH);
  strcpy (type + NEST_DEPTH, "y");
  peer_answer (id, type, "", 0);
}

PEER_ATTACK (peer_variants_nest)
{
  uint8_t value[1 + 2 * NEST_DEPTH];

  value[0] = 1;
  for (int i = 0; i < NEST_DEPTH; i++)
    {
      value[1 + 2 * i] = 0;
      value[2 + 2 * i] = i == 0 ? 'y' : 'v';
    }
  peer_answer (id, "v", value, sizeof value);
}

PEER_ATTACK (peer_type_is_none)
{
  peer_answer (id, "a{vs}((", "", 0);
}

PEER_ATTACK (peer_type_is_another)
{
  peer_answer (id, "s", "text", 5);
}

PEER_ATTACK (peer_type_is_missing)
{
  const RawHeader header = { .type = RAW_RESULT, .id = id };

  raw_write_header (RAW_DATA_FD, &header);
}

PEER_ATTACK (peer_unknown_ids)
{
  static const uint8_t value[1000];

  for (uint64_t i = 0; i < N_STRANGERS; i++)
    {
      peer_answer (UINT64_MAX - i, "ay", value, sizeof value);
      peer_answer ((UINT64_C (1) << 63) + i, "ay", value, sizeof value);
      peer_answer (0, "ay", value, sizeof value);
    }
  raw_answer (id);
}

/* Half a gigabyte of zeros behind an 8-byte beginning: a name, or a type. */
static void
write_huge (RawHeader   header,
            const char *beginning)
{
  static const uint8_t block[1 << 20];
  const size_t n_blocks = 500;

  header.body_length = n_blocks * sizeof block;
  raw_write_header (RAW_DATA_FD, &header);
  raw_write_all (RAW_DATA_FD, beginning, 8);
  raw_write_all (RAW_DATA_FD, block, sizeof block - 8);
  for (size_t i = 1; i < n_blocks; i++)
    raw_write_all (RAW_DATA_FD, block, sizeof block);
}

/* An answer to nobody, whose many items would all be looked at. */
PEER_ATTACK (peer_stranger_is_huge)
{
  write_huge ((RawHeader) { .type = RAW_RESULT, .id = id + 1000, .type_length = 8 }, "aa(yxb)");
  raw_answer (id);
}

/* Said of a call that goes on, and could be said again. */
PEER_ATTACK (peer_last_words_are_huge)
{
  write_huge ((RawHeader) { .type = RAW_FAILURE, .flags = RAW_CUT_SHORT, .id = id,
                            .type_length = 7 }, "(usss)\0");
  raw_answer (id);
}

PEER_ATTACK (peer_progress_is_huge)
{
  write_huge ((RawHeader) { .type = RAW_PROGRESS, .id = id, .type_length = 2 }, "d\0\0\0\0\0\0");
  raw_answer (id);
}

/* The next call will be one of these. */
PEER_ATTACK (peer_answers_ahead)
{
  for (uint64_t i = 1; i < N_STRANGERS; i++)
    peer_answer (id + i, "s", "too early", 10);
  raw_answer (id);
}

PEER_ATTACK (peer_answers_twice)
{
  for (int i = 0; i < N_STRANGERS; i++)
    raw_answer (id);
}

PEER_ATTACK (peer_result_and_failure)
{
  static const uint8_t failure[] = { 3, 0, 0, 0, 'n', 'o', 0, 0, 0, 8, 7 };

  raw_answer (id);
  for (int i = 0; i < N_STRANGERS; i++)
    raw_write_frame (RAW_DATA_FD, RAW_FAILURE, id, 0, NULL, "(usss)", failure, sizeof failure);
}

PEER_ATTACK (peer_byte_by_byte)
{
  const RawHeader header = { .body_length = 9, .type = RAW_RESULT, .id = id, .type_length = 3 };
  uint8_t bytes[RAW_HEADER_BYTES + 9] = { 0 };

  raw_encode_header (bytes, &header);
  memcpy (bytes + RAW_HEADER_BYTES, "()", 2);
  for (size_t i = 0; i < sizeof bytes; i++)
    raw_write_all (RAW_DATA_FD, bytes + i, 1);
}

PEER_ATTACK (peer_progress_is_wild)
{
  static const double fractions[] = { NAN, INFINITY, -INFINITY, -1e300, 1e300, -0.0 };
  static char name[500 * 1000];

  memset (name, 'x', sizeof name - 1);
  for (size_t i = 0; i < sizeof fractions / sizeof *fractions; i++)
    {
      raw_write_frame (RAW_DATA_FD, RAW_PROGRESS, id, UINT64_MAX, name, "d", &fractions[i], 8);
      raw_write_frame (RAW_DATA_FD, RAW_PROGRESS, ~id, 0, "\033[2J", "d", &fractions[i], 8);
      raw_write_frame (RAW_DATA_FD, RAW_PROGRESS, id, 0, NULL, "d", "not", 3);
    }
  raw_answer (id);
}

PEER_ATTACK (peer_status_is_wild)
{
  for (uint64_t i = 0; i < N_STRANGERS; i++)
    {
      const RawHeader header = { .type = RAW_STATUS, .id = id + i % 3, .number = UINT64_MAX - i };

      raw_write_header (RAW_CONTROL_FD, &header);
    }
  raw_answer (id);
}

/* Levels that would end a program, a domain that is a path, a text that a terminal acts on. */
PEER_ATTACK (peer_log_is_wild)
{
  static const uint8_t value[] = "\033[2J\033]0;x\a\0\0" "\xff\xff\xff\xff" "\013";

  for (int i = 0; i < 64; i++)
    raw_write_frame (RAW_CONTROL_FD, RAW_LOG, UINT64_MAX, UINT64_C (1) << i, "/etc/\033[2J",
                     "(sua{sv})", value, sizeof value - 1);
  raw_write_frame (RAW_CONTROL_FD, RAW_LOG, 0, UINT64_MAX, NULL, "(sua{sv})", "", 0);
  raw_answer (id);
}

PEER_ATTACK (peer_says_goodbye)
{
  const RawHeader header = { .type = RAW_GOODBYE, .id = id, .number = UINT64_MAX };

  for (int i = 0; i < N_STRANGERS; i++)
    raw_write_header (RAW_CONTROL_FD, &header);
  raw_answer (id);
}

/* An error that the worker cannot have: it would say that the worker has ended. */
PEER_ATTACK (peer_failure_is_wild)
{
  static const uint8_t failure[] = { 3, 0, 0, 0, 'n', 'o', 0, 0, 0, 8, 7 };

  raw_write_frame (RAW_DATA_FD, RAW_FAILURE, id, UINT64_MAX, NULL, "(usss)", failure,
                   sizeof failure);
}

/* How the operations are answered that are not attacked. */
static void
answer_channel (uint64_t    id,
                const char *function)
{
  if (strcmp (function, "malt.channel.open") == 0)
    peer_answer (id, "o", "/channel", 9);
  else if (strcmp (function, "malt.channel.put_many") == 0)
    peer_answer (id, "u", "\1\0\0\0", 4);
  else if (strcmp (function, "malt.channel.recall") != 0)
    raw_answer (id);
}

PEER_ATTACK (peer_channel_is_none)
{
  peer_answer (id, "s", "no path", 8);
}

PEER_ATTACK (peer_channel_path_is_long)
{
  char path[1000];

  memset (path, 'x', sizeof path);
  path[0] = '/';
  path[sizeof path - 1] = '\0';
  peer_answer (id, "o", path, sizeof path);
}

/* (avb) of `n_values` times (): the end of each, then that of the array. */
static void
give (uint64_t    id,
      const char *function,
      size_t      n_values)
{
  static uint8_t value[1 << 20];
  size_t size = 0;

  if (strcmp (function, "malt.channel.take_many") != 0)
    {
      answer_channel (id, function);
      return;
    }

  /* Each is one byte, a NUL and its type, and starts at a multiple of eight. */
  for (size_t i = 0; i < n_values; i++, size += 8)
    memcpy (value + size, "\0\0y\0\0\0\0\0", 8);
  size -= n_values > 0 ? 5 : 0;
  for (size_t i = 0; i < n_values; i++, size += 4)
    memcpy (value + size, &(uint32_t) { (uint32_t) (8 * i + 3) }, 4);
  value[size] = 0;
  memcpy (value + size + 1, &(uint32_t) { (uint32_t) size }, 4);
  peer_answer (id, "(avb)", value, n_values > 0 ? size + 5 : 2);
}

PEER_ATTACK (peer_channel_gives_none)
{
  give (id, function, 0);
}

PEER_ATTACK (peer_channel_gives_too_many)
{
  give (id, function, 50 * 1000);
}

PEER_ATTACK (peer_channel_gives_another_type)
{
  if (strcmp (function, "malt.channel.open") == 0)
    answer_channel (id, function);
  else
    peer_answer (id, "s", "no list", 8);
}

static void
take (uint64_t    id,
      const char *function,
      uint32_t    n_values)
{
  if (strcmp (function, "malt.channel.put_many") == 0)
    peer_answer (id, "u", &n_values, 4);
  else
    answer_channel (id, function);
}

PEER_ATTACK (peer_channel_takes_too_many)
{
  take (id, function, UINT32_MAX);
}

PEER_ATTACK (peer_channel_takes_none)
{
  take (id, function, 0);
}

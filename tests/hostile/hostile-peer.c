/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A worker that speaks the protocol wrongly: hostile-peer --malt-worker MODE.
 *
 * A mode says how it greets, what it does about the first call, or each, and about STOP; what it
 * does not say is done as it should be. */
#include "hostile-peer.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* However the test ends, nothing of it goes on for longer than this many seconds. */
#define PEER_MAX_SECONDS 1800

void
peer_wait_for_ever (void)
{
  while (true)
    pause ();
}

/* RESULT with any type and any bytes. */
void
peer_answer (uint64_t    id,
             const char *type_string,
             const void *value,
             size_t      value_length)
{
  raw_write_frame (RAW_DATA_FD, RAW_RESULT, id, 0, NULL, type_string, value, value_length);
}

/* Frames whose header alone ends the connection. */
static const struct
{
  const char *name;
  int         fd;
  RawHeader   header;
} breaks[] = {
  { "length-is-largest", RAW_DATA_FD,
    { .body_length = UINT32_MAX, .type = RAW_RESULT, .id = 1, .type_length = 2 } },
  { "lengths-overflow", RAW_DATA_FD,
    { .body_length = UINT32_MAX - 1, .type = RAW_RESULT, .id = 1,
      .name_length = UINT32_MAX, .type_length = UINT32_MAX } },
  { "lengths-contradict", RAW_DATA_FD,
    { .body_length = 3, .type = RAW_RESULT, .id = 1, .type_length = UINT32_MAX } },
  { "type-is-unknown", RAW_DATA_FD, { .type = 99, .id = UINT64_C (1) << 63 } },
  { "flags-are-unknown", RAW_DATA_FD, { .type = RAW_RESULT, .flags = 0xf0, .id = 1 } },
  { "reserved-bits", RAW_DATA_FD, { .type = RAW_RESULT, .reserved = 0x8000, .id = 1 } },
  { "setup-on-data", RAW_DATA_FD, { .type = RAW_SETUP, .id = 1 } },
  { "stop-on-data", RAW_DATA_FD, { .type = RAW_STOP, .number = UINT64_MAX } },
  { "log-on-data", RAW_DATA_FD, { .type = RAW_LOG } },
  { "failure-without-a-value", RAW_DATA_FD, { .type = RAW_FAILURE, .id = 1 } },
  { "control-length-is-largest", RAW_CONTROL_FD,
    { .body_length = UINT32_MAX, .type = RAW_LOG, .type_length = 11 } },
  { "control-is-too-large", RAW_CONTROL_FD,
    { .body_length = 65537, .type = RAW_LOG, .type_length = 11 } },
  { "result-on-control", RAW_CONTROL_FD, { .type = RAW_RESULT, .id = 1 } },
  { "interrupt-on-control", RAW_CONTROL_FD, { .type = RAW_INTERRUPT, .id = UINT64_MAX } },
  { "log-without-a-value", RAW_CONTROL_FD, { .type = RAW_LOG } },
};

/* The worker has something to be called. */
static void
attack_call (uint64_t    id,
             const char *function)
{
  raw_write_frame (RAW_DATA_FD, RAW_CALL, id + 1, 0, "malt.eval", "()", "", 1);
}

static void
attack_greeting (uint64_t    id,
                 const char *function)
{
  raw_say_hello (1);
}

static void
attack_garbage (uint64_t    id,
                const char *function)
{
  static char garbage[1 << 16];

  memset (garbage, 0xa5, sizeof garbage);
  raw_write_all (RAW_CONTROL_FD, garbage, sizeof garbage / 2);
  raw_write_all (RAW_DATA_FD, garbage, sizeof garbage);
}

/* The header comes with `n_fds` descriptors. */
static void
write_with_descriptors (const RawHeader *header,
                        int              n_fds)
{
  union
  {
    struct cmsghdr header;
    char           bytes[CMSG_SPACE (253 * sizeof (int))];
  } control = { 0 };
  uint8_t bytes[RAW_HEADER_BYTES];
  struct iovec part = { bytes, sizeof bytes };
  struct msghdr message = {
    .msg_iov = &part,
    .msg_iovlen = 1,
    .msg_control = control.bytes,
    .msg_controllen = CMSG_SPACE ((size_t) n_fds * sizeof (int)),
  };

  raw_encode_header (bytes, header);
  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  control.header.cmsg_len = CMSG_LEN ((size_t) n_fds * sizeof (int));
  for (int i = 0; i < n_fds; i++)
    memcpy (CMSG_DATA (&control.header) + (size_t) i * sizeof (int), &(int) { STDIN_FILENO },
            sizeof (int));
  if (sendmsg (RAW_DATA_FD, &message, MSG_NOSIGNAL) < 0)
    _exit (9);
}

static void
attack_descriptor (uint64_t    id,
                   const char *function)
{
  write_with_descriptors (&(RawHeader) { .type = RAW_RESULT, .id = ~id }, 1);
}

static void
attack_descriptors (uint64_t    id,
                    const char *function)
{
  write_with_descriptors (&(RawHeader) { .type = RAW_RESULT, .id = ~id }, 253);
}

static void
attack_no_descriptor (uint64_t    id,
                      const char *function)
{
  const RawHeader header = {
    .body_length = 8, .type = RAW_RESULT, .flags = 8, .id = id, .type_length = 3,
  };

  raw_write_header (RAW_DATA_FD, &header);
  raw_write_all (RAW_DATA_FD, "ay\0\0\0\0\0", 8);
}

/* Before anything about descriptors has been agreed on. */
static void
greet_with_descriptors (void)
{
  const RawHeader header = {
    .body_length = 8, .type = RAW_HELLO, .id = RAW_HELLO_ID (1), .type_length = 6,
  };

  write_with_descriptors (&header, 253);
  raw_write_all (RAW_DATA_FD, "a{sv}\0\0", 8);
}

static void
greet_slowly (void)
{
  const RawHeader header = {
    .body_length = 8, .type = RAW_HELLO, .id = RAW_HELLO_ID (1), .type_length = 6,
  };
  uint8_t bytes[RAW_HEADER_BYTES];

  raw_encode_header (bytes, &header);
  for (size_t i = 0; i < sizeof bytes - 1; i++)
    {
      raw_write_all (RAW_DATA_FD, bytes + i, 1);
      usleep (100 * 1000);
    }
  peer_wait_for_ever ();
}

static void
greet_at_length (void)
{
  const RawHeader header = {
    .body_length = 1 << 20, .type = RAW_HELLO, .id = RAW_HELLO_ID (1), .type_length = 6,
  };

  raw_write_header (RAW_DATA_FD, &header);
  peer_wait_for_ever ();
}

static void
greet_with_a_result (void)
{
  raw_answer (1);
  peer_wait_for_ever ();
}

static void
greet_not_normally (void)
{
  static const uint8_t value[16] = "features\0\0\0\0\0\0\xff";

  raw_write_frame (RAW_DATA_FD, RAW_HELLO, RAW_HELLO_ID (1), 0, NULL, "a{sv}", value,
                   sizeof value);
  peer_wait_for_ever ();
}

static void
greet_in_another_version (void)
{
  raw_write_frame (RAW_DATA_FD, RAW_HELLO, UINT64_MAX, 0, NULL, "a{sv}", "", 0);
  peer_wait_for_ever ();
}

static void
greet_and_read_nothing (void)
{
  raw_say_hello (1);
  peer_wait_for_ever ();
}

static void
greet (void)
{
  raw_say_hello (1);
}

/* The bytes that a terminal would act on, each way to write them, and another worker's name. */
static void
attack_terminal (uint64_t    id,
                 const char *function)
{
  static const char text[] =
    "\033[2J\033]52;c;aGk=\a\033P1$r\033\\\x9b" "31m\302\233" "31m\r[Worker 1]: done\b\x7f\0\x0e"
    "\342\200\256evil\342\200\250\xff\xfe\033]0;title\007\f\v\n";

  raw_write_all (STDOUT_FILENO, text, sizeof text - 1);
  raw_answer (id);
}

typedef struct
{
  const char *name;
  void      (*greet)   (void);
  PeerAttack  attack;
  bool        is_each; /* each call is attacked, not only the first */
  void      (*on_stop) (void);
} Mode;

static const Mode modes[] = {
  { "plain", greet, NULL },

  { "greets-slowly", greet_slowly, NULL },
  { "greets-at-length", greet_at_length, NULL },
  { "greets-with-a-result", greet_with_a_result, NULL },
  { "greets-not-normally", greet_not_normally, NULL },
  { "greets-in-another-version", greet_in_another_version, NULL },
  { "greets-with-descriptors", greet_with_descriptors, NULL },
  { "forgets-limits", greet, NULL },
  { "forgets-strict", greet, NULL },
  { "reads-nothing", greet_and_read_nothing, NULL },
  { "greets-amid-a-flood", peer_greet_amid_a_flood, NULL },

  { "call", greet, attack_call },
  { "greeting", greet, attack_greeting },
  { "garbage", greet, attack_garbage },
  { "descriptor-is-missing", greet, attack_no_descriptor },
  { "descriptor", greet, attack_descriptor },
  { "descriptors", greet, attack_descriptors },
  { "terminal", greet, attack_terminal },

  { "value-is-not-normal", greet, peer_value_is_not_normal },
  { "value-points-far-away", greet, peer_value_points_far_away },
  { "value-is-cut-off", greet, peer_value_is_cut_off },
  { "types-nest-1000-deep", greet, peer_types_nest },
  { "variants-nest-1000-deep", greet, peer_variants_nest },
  { "type-is-none", greet, peer_type_is_none },
  { "type-is-another", greet, peer_type_is_another },
  { "type-is-missing", greet, peer_type_is_missing },

  { "unknown-ids", greet, peer_unknown_ids },
  { "stranger-is-huge", greet, peer_stranger_is_huge },
  { "last-words-are-huge", greet, peer_last_words_are_huge },
  { "progress-is-huge", greet, peer_progress_is_huge },
  { "answers-ahead", greet, peer_answers_ahead },
  { "answers-twice", greet, peer_answers_twice },
  { "result-and-failure", greet, peer_result_and_failure },
  { "byte-by-byte", greet, peer_byte_by_byte },
  { "progress-is-wild", greet, peer_progress_is_wild },
  { "status-is-wild", greet, peer_status_is_wild },
  { "log-is-wild", greet, peer_log_is_wild },
  { "says-goodbye", greet, peer_says_goodbye },

  { "failure-is-wild", greet, peer_failure_is_wild },

  { "silent", greet, peer_silent },
  { "trickle", greet, peer_trickle },
  { "claims-a-gigabyte", greet, peer_claims_a_gigabyte },
  { "progress-flood", greet, peer_progress_flood },
  { "result-flood", greet, peer_result_flood },
  { "type-flood", greet, peer_type_flood },
  { "costly-flood", greet, peer_costly_flood },
  { "costly-log-flood", greet, peer_costly_log_flood },
  { "status-flood", greet, peer_status_flood },
  { "log-flood", greet, peer_log_flood },
  { "line-flood", greet, peer_line_flood },
  { "byte-flood", greet, peer_byte_flood },
  { "error-flood", greet, peer_error_flood },

  { "channel-is-none", greet, peer_channel_is_none, true },
  { "channel-path-is-long", greet, peer_channel_path_is_long, true },
  { "channel-gives-none", greet, peer_channel_gives_none, true },
  { "channel-gives-too-many", greet, peer_channel_gives_too_many, true },
  { "channel-gives-another-type", greet, peer_channel_gives_another_type, true },
  { "channel-takes-too-many", greet, peer_channel_takes_too_many, true },
  { "channel-takes-none", greet, peer_channel_takes_none, true },

  { "answers-after-stop", greet, NULL, false, peer_answers_after_stop },
  { "breaks-after-stop", greet, NULL, false, peer_breaks_after_stop },
  { "floods-after-stop", greet, NULL, false, peer_floods_after_stop },
  { "deaf-to-stop", greet, NULL, false, peer_deaf_to_stop },
};

/* Nothing but SIGKILL ends it that the mode does not want. */
static void
serve (const Mode      *mode,
       const RawHeader *broken,
       int              broken_fd)
{
  struct pollfd ready[] = { { RAW_DATA_FD, POLLIN, 0 }, { RAW_CONTROL_FD, POLLIN, 0 } };
  bool is_done = false;

  while (poll (ready, 2, -1) > 0)
    for (int i = 0; i < 2; i++)
      {
        const char *function = "";
        uint64_t id = 0;
        int type = 0;

        if (ready[i].revents == 0)
          continue;
        type = raw_read_frame (ready[i].fd, &id, &function);
        if (type == 0)
          ready[i].fd = -1;
        if (type == RAW_STOP && mode->on_stop != NULL)
          mode->on_stop ();
        if (type == RAW_STOP)
          _exit (0);
        if (type != RAW_CALL)
          continue;
        if (broken != NULL)
          raw_write_header (broken_fd, broken);
        else if (mode->attack != NULL && (!is_done || mode->is_each))
          mode->attack (id, function);
        else
          raw_answer (id);
        is_done = true;
      }
}

int
main (int    argc,
      char **argv)
{
  if (argc != 3 || strcmp (argv[1], "--malt-worker") != 0)
    return 64;

  alarm (PEER_MAX_SECONDS);
  for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++)
    if (strcmp (argv[2], breaks[i].name) == 0)
      {
        raw_say_hello (1);
        serve (modes, &breaks[i].header, breaks[i].fd);
      }
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
    if (strcmp (argv[2], modes[i].name) == 0)
      {
        modes[i].greet ();
        serve (&modes[i], NULL, -1);
      }
  return 65;
}

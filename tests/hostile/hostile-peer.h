/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tests/backends/raw-frames.h"

/* What is done about a call. */
typedef void (*PeerAttack) (uint64_t    id,
                            const char *function);

void peer_wait_for_ever (void);
void peer_answer        (uint64_t    id,
                         const char *type_string,
                         const void *value,
                         size_t      value_length);

#define PEER_ATTACK(name) void name (uint64_t id, const char *function)

/* hostile-values.c: one answer with a value that is none. */
PEER_ATTACK (peer_value_is_not_normal);
PEER_ATTACK (peer_value_points_far_away);
PEER_ATTACK (peer_value_is_cut_off);
PEER_ATTACK (peer_types_nest);
PEER_ATTACK (peer_variants_nest);
PEER_ATTACK (peer_type_is_none);
PEER_ATTACK (peer_type_is_another);
PEER_ATTACK (peer_type_is_missing);

/* Things that are to be overlooked, and then the answer. */
PEER_ATTACK (peer_unknown_ids);
PEER_ATTACK (peer_stranger_is_huge);
PEER_ATTACK (peer_last_words_are_huge);
PEER_ATTACK (peer_progress_is_huge);
PEER_ATTACK (peer_answers_ahead);
PEER_ATTACK (peer_answers_twice);
PEER_ATTACK (peer_result_and_failure);
PEER_ATTACK (peer_byte_by_byte);
PEER_ATTACK (peer_progress_is_wild);
PEER_ATTACK (peer_status_is_wild);
PEER_ATTACK (peer_log_is_wild);
PEER_ATTACK (peer_says_goodbye);
PEER_ATTACK (peer_failure_is_wild);

/* Answers of channel operations. */
PEER_ATTACK (peer_channel_is_none);
PEER_ATTACK (peer_channel_path_is_long);
PEER_ATTACK (peer_channel_gives_none);
PEER_ATTACK (peer_channel_gives_too_many);
PEER_ATTACK (peer_channel_gives_another_type);
PEER_ATTACK (peer_channel_takes_too_many);
PEER_ATTACK (peer_channel_takes_none);

/* hostile-floods.c: for ever, and no answer. */
PEER_ATTACK (peer_silent);
PEER_ATTACK (peer_trickle);
PEER_ATTACK (peer_claims_a_gigabyte);
PEER_ATTACK (peer_progress_flood);
PEER_ATTACK (peer_result_flood);
PEER_ATTACK (peer_type_flood);
PEER_ATTACK (peer_costly_flood);
PEER_ATTACK (peer_costly_log_flood);
PEER_ATTACK (peer_status_flood);
PEER_ATTACK (peer_log_flood);
PEER_ATTACK (peer_line_flood);
PEER_ATTACK (peer_byte_flood);
PEER_ATTACK (peer_error_flood);

void peer_greet_amid_a_flood (void);
void peer_answers_after_stop (void);
void peer_breaks_after_stop  (void);
void peer_floods_after_stop  (void);
void peer_deaf_to_stop       (void);

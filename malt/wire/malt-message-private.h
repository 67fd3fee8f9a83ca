/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/wire/malt-frame-private.h"
#include "malt/wire/malt-memory-private.h"

G_BEGIN_DECLS

/* Data connection, → worker:
 *   SETUP      first; id = MALT_PROTOCOL_ID; value a{sv}
 *   CALL       id; number = time-out in ms, 0: none; name = function NUL result type NUL;
 *              value = args or, with KWARGS, (args, a{sv})
 *   POST       the same, nobody waits
 * → manager:
 *   HELLO      the answer to SETUP; id = MALT_PROTOCOL_ID; value a{sv}
 *   RESULT     id; number = run time in µs; value, () when there is none
 *   FAILURE    id; number = run time in µs; value (usss): wire error code, message, remote type,
 *              traceback. Before HELLO: why the worker does not start. With CUT_SHORT: no answer,
 *              but where the call is that will have none, for the worker leaves
 *   PROGRESS   id; name = message; value d: fraction
 *
 * Control connection, → worker:
 *   CANCEL     id
 *   INTERRUPT  id = highest id sent so far
 *   STOP       number = grace in ms
 *   PROBE      what about call id?
 * → manager:
 *   STATUS     id; number = a MaltCallState; name = traceback of where it is
 *   LOG        number = GLogLevelFlags; name = domain; value (sua{sv}): message, how many fields
 *              were left out, the other fields
 *   GOODBYE    leaves, on STOP */
typedef enum
{
  MALT_MESSAGE_SETUP = 1,
  MALT_MESSAGE_HELLO,
  MALT_MESSAGE_CALL,
  MALT_MESSAGE_POST,
  MALT_MESSAGE_RESULT,
  MALT_MESSAGE_FAILURE,
  MALT_MESSAGE_PROGRESS,
  MALT_MESSAGE_CANCEL,
  MALT_MESSAGE_INTERRUPT,
  MALT_MESSAGE_STOP,
  MALT_MESSAGE_PROBE,
  MALT_MESSAGE_STATUS,
  MALT_MESSAGE_LOG,
  MALT_MESSAGE_GOODBYE,
  MALT_MESSAGE_LAST = MALT_MESSAGE_GOODBYE
} MaltMessageType;

/* BIG_ENDIAN: of SETUP and HELLO, the byte order of every value of the sender. DISCARD: of CALL,
 * the value is not sent back. DESCRIPTOR: the value is not in the body, but in the sealed memory
 * whose descriptor comes with the frame's first byte. CUT_SHORT: of FAILURE. */
typedef enum
{
  MALT_MESSAGE_FLAGS_NONE = 0,
  MALT_MESSAGE_FLAGS_BIG_ENDIAN = 1 << 0,
  MALT_MESSAGE_FLAGS_KWARGS = 1 << 1,
  MALT_MESSAGE_FLAGS_DISCARD = 1 << 2,
  MALT_MESSAGE_FLAGS_DESCRIPTOR = 1 << 3,
  MALT_MESSAGE_FLAGS_CUT_SHORT = 1 << 4,
  MALT_MESSAGE_FLAGS_ALL = (1 << 5) - 1
} MaltMessageFlags;

typedef enum
{
  MALT_CALL_STATE_UNKNOWN, /* over, or never seen */
  MALT_CALL_STATE_QUEUED,  /* not started, or not read yet */
  MALT_CALL_STATE_RUNNING
} MaltCallState;

/* What SETUP and HELLO say about the byte order of this machine. */
#define MALT_MESSAGE_FLAGS_NATIVE_ORDER \
  (G_BYTE_ORDER == G_BIG_ENDIAN ? MALT_MESSAGE_FLAGS_BIG_ENDIAN : MALT_MESSAGE_FLAGS_NONE)

/* What a side may say in `features`: that it takes frames with DESCRIPTOR. */
#define MALT_PROTOCOL_FEATURE_DESCRIPTORS "descriptors"

#define MALT_PROTOCOL_MAGIC 0x4d414c54u /* "MALT" */
#define MALT_PROTOCOL_MAJOR 1u
#define MALT_PROTOCOL_MINOR 0u

/* The id of SETUP and HELLO. */
#define MALT_PROTOCOL_ID \
  ((guint64) MALT_PROTOCOL_MAGIC << 32 | MALT_PROTOCOL_MAJOR << 16 | MALT_PROTOCOL_MINOR)

/* Errors on the wire are numbers that never change their meaning: up to the last, those of
 * MaltError; then those of GIOErrorEnum that a call can end with. */
#define MALT_WIRE_ERROR_LAST_MALT     13u
#define MALT_WIRE_ERROR_CANCELLED     100u
#define MALT_WIRE_ERROR_TIMED_OUT     101u
#define MALT_WIRE_ERROR_NOT_SUPPORTED 102u

/* Frames on the control connection are small; this is room for a log message of several screens. */
#define MALT_MESSAGE_MAX_CONTROL_BYTES (64u * 1024)

/* A decoded message, or one to be encoded. After decoding, `name` points into the frame's bytes
 * and is valid until the next frame is taken from the stream; `value` is owned
 * (malt_message_clear()). `name_length` counts without the last NUL, so that CALL finds its second
 * string. */
typedef struct
{
  MaltMessageType type;
  guint8          flags;
  guint64         id;
  guint64         number;
  const char     *name;
  gsize           name_length;
  GVariant       *value;
  MaltMemory     *memory; /* owned (nullable); to be encoded: where the value may lie as well */
} MaltMessage;

void     malt_message_clear  (MaltMessage            *self);

/* The size of the frame, for limits, without encoding it. */
gsize    malt_message_get_frame_size (const MaltMessage *self);

/* Decodes a body whose header has been checked. `body` is 8-aligned. With `bytes`, behind whose
 * body MALT_VALUE_SLACK_BYTES can be read, the value keeps a reference on them; without, its bytes
 * are copied. Of a frame with DESCRIPTOR, `bytes` are those of the value alone. `swap`: the peer
 * has the other byte order. A frame that contradicts itself is MALT_ERROR_PROTOCOL. A value that is
 * not in normal form, or whose type string is invalid or too deep, is MALT_ERROR_SERIALIZATION with
 * *self otherwise filled in: only that call is lost. */
gboolean malt_message_decode (MaltMessage            *self,
                              const MaltFrameHeader  *header,
                              const guint8           *body,
                              GBytes                 *bytes,
                              gboolean                swap,
                              GError                **error);

/* A GError as the value of a FAILURE message (floating), and back. Codes on the wire are stable
 * numbers, not enum values; an unknown one is MALT_ERROR_REMOTE_EXCEPTION. */
GVariant *malt_message_new_failure_value (const GError *error);
/* The same value, or one whose texts are cut. (transfer full) */
GVariant *malt_message_cut_failure_value (GVariant     *value);
GError   *malt_message_parse_failure     (GVariant     *value,
                                          const char   *worker);

/* For CALL and POST; fills in everything. `name` points into `function`, or, when there is a
 * result type, into `name_buffer`, which may be NULL when there is none. `kwargs`: NULL or empty
 * for none. */
void     malt_message_set_call  (MaltMessage         *self,
                                 guint64              id,
                                 const char          *function,
                                 GVariant            *args,
                                 GVariant            *kwargs,
                                 const GVariantType  *result_type,
                                 guint                timeout_ms,
                                 gboolean             discard_result,
                                 GString             *name_buffer);
gboolean malt_message_parse_call (const MaltMessage  *self,
                                  const char        **function,
                                  GVariant          **args,        /* (transfer full) */
                                  GVariant          **kwargs,      /* (transfer full) (nullable) */
                                  const GVariantType **result_type,
                                  GError            **error);

G_END_DECLS

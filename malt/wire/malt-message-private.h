/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/wire/malt-frame-private.h"

G_BEGIN_DECLS

typedef enum
{
  /* data connection */
  MALT_MESSAGE_SETUP = 1, /* manager → worker, first: id = magic and version, value a{sv} */
  MALT_MESSAGE_HELLO,     /* worker → manager, its answer: id = magic and version, value a{sv} */
  MALT_MESSAGE_CALL,      /* id, number = time-out in ms (0: none), name = function NUL result type NUL, value = args or, with KWARGS, (args, a{sv}) */
  MALT_MESSAGE_POST,      /* the same, nobody waits */
  MALT_MESSAGE_RESULT,    /* id, number = run time in µs, value */
  MALT_MESSAGE_FAILURE,   /* id, number = run time in µs, value (usss): wire error code, message, remote type, traceback; before HELLO: why the worker does not start */
  MALT_MESSAGE_PROGRESS,  /* id, name = message, value d = fraction */
  /* control connection */
  MALT_MESSAGE_CANCEL,    /* manager → worker: id */
  MALT_MESSAGE_INTERRUPT, /* manager → worker: id = highest id sent so far */
  MALT_MESSAGE_STOP,      /* manager → worker: number = grace in ms */
  MALT_MESSAGE_PROBE,     /* manager → worker: what about call id? */
  MALT_MESSAGE_STATUS,    /* worker → manager: id, number = a MaltCallState */
  MALT_MESSAGE_LOG,       /* worker → manager: number = GLogLevelFlags, name = domain, value (s) message */
  MALT_MESSAGE_GOODBYE,   /* worker → manager: leaves, on STOP */
  MALT_MESSAGE_LAST = MALT_MESSAGE_GOODBYE
} MaltMessageType;

typedef enum
{
  MALT_MESSAGE_FLAGS_NONE = 0,
  MALT_MESSAGE_FLAGS_BIG_ENDIAN = 1 << 0, /* SETUP, HELLO: byte order of every value of the sender */
  MALT_MESSAGE_FLAGS_KWARGS = 1 << 1,
  MALT_MESSAGE_FLAGS_DISCARD = 1 << 2,    /* CALL: the value is not sent back */
  MALT_MESSAGE_FLAGS_ALL = MALT_MESSAGE_FLAGS_BIG_ENDIAN | MALT_MESSAGE_FLAGS_KWARGS | MALT_MESSAGE_FLAGS_DISCARD
} MaltMessageFlags;

/* What SETUP and HELLO say about the byte order of this machine. */
#define MALT_MESSAGE_FLAGS_NATIVE_ORDER \
  (G_BYTE_ORDER == G_BIG_ENDIAN ? MALT_MESSAGE_FLAGS_BIG_ENDIAN : MALT_MESSAGE_FLAGS_NONE)

typedef enum
{
  MALT_CALL_STATE_UNKNOWN, /* over, or never seen */
  MALT_CALL_STATE_QUEUED,  /* not started, or not read yet */
  MALT_CALL_STATE_RUNNING
} MaltCallState;

#define MALT_PROTOCOL_MAGIC 0x4d414c54u /* "MALT" */
#define MALT_PROTOCOL_MAJOR 1u
#define MALT_PROTOCOL_MINOR 0u

/* The id of SETUP and HELLO. */
#define MALT_PROTOCOL_ID \
  ((guint64) MALT_PROTOCOL_MAGIC << 32 | MALT_PROTOCOL_MAJOR << 16 | MALT_PROTOCOL_MINOR)

/* Errors on the wire are numbers that never change their meaning: up to the last, those of MaltError;
 * then those of GIOErrorEnum that a call can end with. */
#define MALT_WIRE_ERROR_LAST_MALT     13u
#define MALT_WIRE_ERROR_CANCELLED     100u
#define MALT_WIRE_ERROR_TIMED_OUT     101u
#define MALT_WIRE_ERROR_NOT_SUPPORTED 102u

/* Frames on the control connection are small; this is room for a log message of several screens. */
#define MALT_MESSAGE_MAX_CONTROL_BYTES (64u * 1024)

/* A decoded message, or one to be encoded. After decoding, `name` points into the frame's bytes and is
 * valid until the next frame is taken from the stream; `value` is owned (malt_message_clear()).
 * `name_length` counts without the last NUL, so that CALL finds its second string. */
typedef struct
{
  MaltMessageType type;
  guint8          flags;
  guint64         id;
  guint64         number;
  const char     *name;
  gsize           name_length;
  GVariant       *value;
} MaltMessage;

void     malt_message_clear  (MaltMessage            *self);

/* The size of the frame, for limits, without encoding it. */
gsize    malt_message_get_frame_size (const MaltMessage *self);

/* Decodes a body whose header has been checked. `body` is 8-aligned. With `bytes` the value keeps a
 * reference on it (no copy); without, the value's bytes are copied. `swap`: the peer has the other byte order.
 * A frame that contradicts itself is MALT_ERROR_PROTOCOL. A value that is not in normal form, or whose
 * type string is invalid or too deep, is MALT_ERROR_SERIALIZATION with *self otherwise filled in: only
 * that call is lost. */
gboolean malt_message_decode (MaltMessage            *self,
                              const MaltFrameHeader  *header,
                              const guint8           *body,
                              GBytes                 *bytes,
                              gboolean                swap,
                              GError                **error);

/* A GError as the value of a FAILURE message (floating), and back. Codes on the wire are stable
 * numbers, not enum values; an unknown one is MALT_ERROR_REMOTE_EXCEPTION. */
GVariant *malt_message_new_failure_value (const GError *error);
GError   *malt_message_parse_failure     (GVariant     *value,
                                          const char   *worker);

/* For CALL and POST; fills in everything. `name` points into `function`, or, when there is a result type,
 * into `name_buffer`, which may be NULL when there is none. `kwargs`: NULL or empty for none. */
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

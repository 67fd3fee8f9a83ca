/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-message-private.h"
#include "malt/wire/malt-outbox-private.h"
#include "malt/wire/malt-value-private.h"

#include "malt/malt-error-backend.h"

#include <gio/gio.h>
#include <string.h>

#define NO_LIMIT (1024u * 1024)

/* Golden frames: echo (42, "hi") with a time-out of 100 ms, its result, and a failure. */
static const guint8 golden_call[] = {
  0x24, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0,
  100, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 5, 0, 0, 0,
  'e', 'c', 'h', 'o', 0, '(', 'x', 's', ')', 0, 0, 0, 0, 0, 0, 0,
  42, 0, 0, 0, 0, 0, 0, 0, 'h', 'e', 'l', 'l', 'o', ',', ' ', 'm', 'a', 'l', 't', 0,
};
static const guint8 golden_result[] = {
  0x10, 0, 0, 0, 5, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0,
  'x', 0, 0, 0, 0, 0, 0, 0, 42, 0, 0, 0, 0, 0, 0, 0,
};
static const guint8 golden_failure[] = {
  0x18, 0, 0, 0, 6, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0,
  '(', 'u', 's', 's', 's', ')', 0, 0,
  100, 0, 0, 0, 'n', 'o', 'n', 'o', 0, 't', 0, 't', 'b', 0, 11, 9,
};
static const guint8 golden_cancel[] = {
  0, 0, 0, 0, 8, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
};

/* One whole frame. */
static gboolean
decode (const guint8  *bytes,
        gsize          length,
        gboolean       shared,
        gboolean       swap,
        MaltMessage   *message,
        GError       **error)
{
  g_autoptr (GBytes) body = NULL;
  MaltFrameHeader header;
  guint8 *copy;

  g_assert_cmpuint (length, >=, MALT_FRAME_HEADER_BYTES);
  if (!malt_frame_header_decode (bytes, NO_LIMIT, &header, error))
    return FALSE;

  /* A copy of its own, so that reading too far is noticed by a sanitizer. */
  g_assert_cmpuint (header.body_length, ==, length - MALT_FRAME_HEADER_BYTES);
  copy = g_malloc0 (header.body_length + (shared ? MALT_VALUE_SLACK_BYTES : 1));
  memcpy (copy, bytes + MALT_FRAME_HEADER_BYTES, header.body_length);
  body = g_bytes_new_take (copy, header.body_length);
  if (!malt_message_decode (message, &header, g_bytes_get_data (body, NULL),
                            shared ? body : NULL, swap, error))
    {
      message->name = NULL;
      return FALSE;
    }

  /* The name is a part of what goes now. */
  message->name = message->name != NULL ? g_intern_string (message->name) : NULL;
  return TRUE;
}

static GByteArray *
encode (const MaltMessage *message)
{
  MaltOutbox outbox;
  GByteArray *bytes = g_byte_array_new ();

  malt_outbox_init (&outbox);
  malt_outbox_push (&outbox, message, malt_message_get_frame_size (message));
  g_byte_array_append (bytes, *(guint8 **) outbox.segments->data, outbox.queued_bytes);
  malt_outbox_clear (&outbox);

  return bytes;
}

static void
test_golden_call (void)
{
  MaltMessage message = { 0 };
  g_autoptr (GVariant) args = g_variant_ref_sink (g_variant_new_parsed ("(@x 42, 'hello, malt')"));
  g_autoptr (GVariant) back = NULL;
  g_autoptr (GVariant) kwargs = NULL;
  g_autoptr (GByteArray) bytes = NULL;
  g_autoptr (GError) error = NULL;
  const GVariantType *result_type;
  const char *function;

  malt_message_set_call (&message, 5, "echo", args, NULL, NULL, 100, FALSE, NULL);
  bytes = encode (&message);
  g_assert_cmpmem (bytes->data, bytes->len, golden_call, sizeof golden_call);
  malt_message_clear (&message);

  g_assert_true (decode (golden_call, sizeof golden_call, FALSE, FALSE, &message, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (message.id, ==, 5);
  g_assert_cmpuint (message.number, ==, 100);
  g_assert_true (malt_message_parse_call (&message, &function, &back, &kwargs, &result_type,
                                          &error));
  g_assert_cmpstr (function, ==, "echo");
  g_assert_cmpvariant (back, args);
  g_assert_null (kwargs);
  g_assert_null (result_type);
  malt_message_clear (&message);
}

static void
test_golden_result (void)
{
  const MaltMessage result = {
    .type = MALT_MESSAGE_RESULT, .id = 5, .number = 7, .value = g_variant_new_int64 (42),
  };
  g_autoptr (GVariant) value = g_variant_ref_sink (result.value);
  g_autoptr (GByteArray) bytes = encode (&result);
  MaltMessage message = { 0 };

  g_assert_cmpmem (bytes->data, bytes->len, golden_result, sizeof golden_result);
  g_assert_true (decode (golden_result, sizeof golden_result, TRUE, FALSE, &message, NULL));
  g_assert_cmpvariant (message.value, value);
  malt_message_clear (&message);
}

static void
test_golden_failure (void)
{
  g_autoptr (GError) error = NULL;
  MaltMessage message = { 0 };

  g_assert_true (decode (golden_failure, sizeof golden_failure, FALSE, FALSE, &message, NULL));
  error = malt_message_parse_failure (message.value, "W");
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpstr (error->message, ==, "nono");
  malt_message_clear (&message);
}

static void
test_golden_cancel (void)
{
  const MaltMessage cancel = { .type = MALT_MESSAGE_CANCEL, .id = 9 };
  g_autoptr (GByteArray) bytes = encode (&cancel);
  MaltMessage message = { 0 };

  g_assert_cmpmem (bytes->data, bytes->len, golden_cancel, sizeof golden_cancel);
  g_assert_true (decode (golden_cancel, sizeof golden_cancel, FALSE, FALSE, &message, NULL));
  g_assert_cmpuint (message.id, ==, 9);
  malt_message_clear (&message);
}

/* What a frame of parts looks like; NULL: not there. Lengths are those of the bytes, NULs
 * included. */
static const struct
{
  const char *name;
  guint8      type;
  guint8      flags;
  const char *strings; /* name, then type string, then padding, as they are to lie there */
  guint32     name_length;
  guint32     type_length;
  gsize       strings_length;
  const char *value;
  gsize       value_length;
  int         expected; /* −1: fine */
} frames[] = {
#define STRINGS(name, type, padding) name type padding, sizeof name - 1, sizeof type - 1, \
                                     sizeof name + sizeof type + sizeof padding - 3
#define VALUE(bytes) bytes, sizeof bytes - 1
#define FINE -1
#define BAD_FRAME MALT_ERROR_PROTOCOL
#define BAD_VALUE MALT_ERROR_SERIALIZATION
  { "call", 3, 0, STRINGS ("f\0", "()\0", "\0\0\0"), VALUE ("\0"), FINE },
  { "call-result-type", 3, 0, STRINGS ("f\0as\0", "()\0", ""), VALUE ("\0"), FINE },
  { "call-name-is-missing", 3, 0, STRINGS ("", "()\0", "\0\0\0\0\0"), VALUE ("\0"), BAD_FRAME },
  { "call-value-is-missing", 3, 0, STRINGS ("f\0", "", ""), VALUE (""), BAD_FRAME },
  { "call-name-does-not-end", 3, 0, STRINGS ("ff", "()\0", "\0\0\0"), VALUE ("\0"), BAD_FRAME },
  { "call-name-is-not-utf-8", 3, 0, STRINGS ("\xff\0", "()\0", "\0\0\0"), VALUE ("\0"), BAD_FRAME },
  { "call-result-type-is-none", 3, 0, STRINGS ("f\0zz\0", "()\0", ""), VALUE ("\0"), BAD_FRAME },
  { "call-third-string", 3, 0, STRINGS ("f\0s\0s\0", "()\0", "\0\0\0\0\0\0\0"),
    VALUE ("\0"), BAD_FRAME },
  { "call-args-are-no-tuple", 3, 0, STRINGS ("f\0", "s\0", "\0\0\0\0"), VALUE ("x\0"), BAD_FRAME },
  { "call-kwargs-are-missing", 3, 2, STRINGS ("f\0", "()\0", "\0\0\0"), VALUE ("\0"), BAD_FRAME },
  { "call-kwargs", 3, 2, STRINGS ("f\0", "(()a{sv})\0", "\0\0\0\0"),
    VALUE ("\0\0\0\0\0\0\0\0"), FINE },
  { "call-of-two-that-are-no-kwargs", 3, 2, STRINGS ("f\0", "(()as)\0", "\0\0\0\0\0\0\0"),
    VALUE ("\0"), BAD_FRAME },
  { "call-byte-order-flag", 3, 1, STRINGS ("f\0", "()\0", "\0\0\0"), VALUE ("\0"), BAD_FRAME },
  { "result-has-a-name", 5, 0, STRINGS ("f\0", "()\0", "\0\0\0"), VALUE ("\0"), BAD_FRAME },
  { "result-without-a-value", 5, 0, STRINGS ("", "", ""), VALUE (""), FINE },
  { "result-flag", 5, 4, STRINGS ("", "", ""), VALUE (""), BAD_FRAME },
  { "padding-is-not-zero", 5, 0, STRINGS ("", "y\0", "\0\0\0\0\0\1"), VALUE ("x"), BAD_FRAME },
  { "type-does-not-end", 5, 0, STRINGS ("", "yy", "\0\0\0\0\0\0"), VALUE ("x"), BAD_VALUE },
  { "type-ends-early", 5, 0, STRINGS ("", "y\0y\0", "\0\0\0\0"), VALUE ("x"), BAD_VALUE },
  { "type-is-none", 5, 0, STRINGS ("", "Z\0", "\0\0\0\0\0\0"), VALUE ("x"), BAD_VALUE },
  { "type-is-two", 5, 0, STRINGS ("", "yy\0", "\0\0\0\0\0"), VALUE ("xx"), BAD_VALUE },
  { "type-is-indefinite", 5, 0, STRINGS ("", "a*\0", "\0\0\0\0\0"), VALUE (""), BAD_VALUE },
  { "type-is-empty", 5, 0, STRINGS ("", "\0", "\0\0\0\0\0\0\0"), VALUE (""), BAD_VALUE },
  { "type-is-not-utf-8", 5, 0, STRINGS ("", "\xff\0", "\0\0\0\0\0\0"), VALUE ("x"), BAD_VALUE },
  { "number-is-short", 5, 0, STRINGS ("", "x\0", "\0\0\0\0\0\0"), VALUE ("1234567"), BAD_VALUE },
  { "number-is-long", 5, 0, STRINGS ("", "x\0", "\0\0\0\0\0\0"), VALUE ("123456789"), BAD_VALUE },
  { "boolean-is-2", 5, 0, STRINGS ("", "b\0", "\0\0\0\0\0\0"), VALUE ("\2"), BAD_VALUE },
  { "array-of-numbers", 5, 0, STRINGS ("", "ai\0", "\0\0\0\0\0"), VALUE ("12345678"), FINE },
  { "array-of-numbers-and-a-half", 5, 0, STRINGS ("", "ai\0", "\0\0\0\0\0"),
    VALUE ("123456"), BAD_VALUE },
  { "array-of-booleans", 5, 0, STRINGS ("", "ab\0", "\0\0\0\0\0"), VALUE ("\1\0\3"), BAD_VALUE },
  { "string-does-not-end", 5, 0, STRINGS ("", "s\0", "\0\0\0\0\0\0"), VALUE ("abc"), BAD_VALUE },
  { "string-is-not-utf-8", 5, 0, STRINGS ("", "s\0", "\0\0\0\0\0\0"), VALUE ("\xff\0"), BAD_VALUE },
  { "tuple-of-numbers", 5, 0, STRINGS ("", "(yi)\0", "\0\0\0"), VALUE ("1\0\0\0" "1234"), FINE },
  { "tuple-padding-is-not-zero", 5, 0, STRINGS ("", "(yi)\0", "\0\0\0"),
    VALUE ("1\0\1\0" "1234"), BAD_VALUE },
  { "tuple-end-is-missing", 5, 0, STRINGS ("", "(iy)\0", "\0\0\0"),
    VALUE ("12345\0\0"), BAD_VALUE },
  { "tuple-end-is-not-zero", 5, 0, STRINGS ("", "(iy)\0", "\0\0\0"),
    VALUE ("12345\0\0\1"), BAD_VALUE },
  { "tuple-with-an-array", 5, 0, STRINGS ("", "(yai)\0", "\0\0"), VALUE ("1\0\0\0" "1234"), FINE },
  { "tuple-with-an-empty-array", 5, 0, STRINGS ("", "(yay)\0", "\0\0"), VALUE ("1"), FINE },
  { "tuple-is-empty-bytes", 5, 0, STRINGS ("", "(yay)\0", "\0\0"), VALUE (""), BAD_VALUE },
  { "offsets-point-outside", 5, 0, STRINGS ("", "as\0", "\0\0\0\0\0"),
    VALUE ("\xff\xff\xff\xff\xff\xff\xff\xff"), BAD_VALUE },
  { "failure-of-another-type", 6, 0, STRINGS ("", "(us)\0", "\0\0\0"),
    VALUE ("1234a\0"), BAD_FRAME },
  { "progress", 7, 0, STRINGS ("at\0", "d\0", "\0\0\0"), VALUE ("12345678"), FINE },
  { "progress-two-names", 7, 0, STRINGS ("at\0b\0", "d\0", "\0"), VALUE ("12345678"), BAD_FRAME },
  { "progress-of-a-string", 7, 0, STRINGS ("", "s\0", "\0\0\0\0\0\0"), VALUE ("a\0"), BAD_FRAME },
  { "log", 13, 0, STRINGS ("app\0", "(sua{sv})\0", "\0\0"), VALUE ("hi\0\0" "\0\0\0\0" "\3"), FINE },
  { "log-not-in-normal-form", 13, 0, STRINGS ("app\0", "(sua{sv})\0", "\0\0"),
    VALUE ("hi\0\0" "\0\0\0\0" "\7"), BAD_VALUE },
  { "log-without-fields", 13, 0, STRINGS ("app\0", "(s)\0", "\0\0\0\0\0\0\0\0"), VALUE ("hi\0"),
    BAD_FRAME },
  { "cancel-with-a-name", 8, 0, STRINGS ("f\0", "", ""), VALUE (""), BAD_FRAME },
  { "stop-with-a-value", 10, 0, STRINGS ("", "y\0", "\0\0\0\0\0\0"), VALUE ("x"), BAD_FRAME },
  { "hello-of-a-string", 2, 0, STRINGS ("", "s\0", "\0\0\0\0\0\0"), VALUE ("x\0"), BAD_FRAME },
};

static GByteArray *
build_frame (gsize i)
{
  GByteArray *bytes = g_byte_array_new ();
  const MaltFrameHeader header = {
    .body_length = frames[i].strings_length + frames[i].value_length,
    .type = frames[i].type,
    .flags = frames[i].flags,
    .id = 1,
    .name_length = frames[i].name_length,
    .type_length = frames[i].type_length,
  };

  g_byte_array_set_size (bytes, MALT_FRAME_HEADER_BYTES);
  malt_frame_header_encode (&header, bytes->data);
  g_byte_array_append (bytes, (const guint8 *) frames[i].strings, frames[i].strings_length);
  g_byte_array_append (bytes, (const guint8 *) frames[i].value, frames[i].value_length);

  return bytes;
}

static void
test_frame (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr (GByteArray) bytes = build_frame (i);

  for (int shared = 0; shared < 2; shared++)
    {
      g_autoptr (GError) error = NULL;
      MaltMessage message = { 0 };
      gboolean is_fine = decode (bytes->data, bytes->len, shared, FALSE, &message, &error);

      g_assert_true (is_fine == (frames[i].expected < 0));
      if (is_fine)
        g_assert_no_error (error);
      else
        g_assert_error (error, MALT_ERROR, frames[i].expected);

      /* Only that call is lost: it must be known which. */
      if (!is_fine && frames[i].expected == MALT_ERROR_SERIALIZATION)
        g_assert_cmpuint (message.id, ==, 1);
      malt_message_clear (&message);
    }
}

static void
test_depth_is_limited (void)
{
  const struct { guint depth; gboolean is_fine; } cases[] = {
    { 1, TRUE }, { 64, TRUE }, { 65, FALSE }, { 127, FALSE }, { 128, FALSE }, { 5000, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *type = g_strnfill (cases[i].depth + 2, 'a');
      g_autofree guint8 *body = NULL;
      MaltFrameHeader header = { .type = MALT_MESSAGE_RESULT, .id = 1 };
      MaltMessage message = { 0 };
      g_autoptr (GError) error = NULL;

      type[cases[i].depth] = 'y';
      type[cases[i].depth + 1] = '\0';
      header.type_length = cases[i].depth + 2;
      header.body_length = MALT_FRAME_ALIGN (header.type_length);
      body = g_malloc0 (header.body_length);
      memcpy (body, type, header.type_length);

      g_assert_true (malt_message_decode (&message, &header, body, NULL, FALSE, &error)
                     == cases[i].is_fine);
      if (!cases[i].is_fine)
        g_assert_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION);
      malt_message_clear (&message);
    }
}

/* Each level is looked at once: twice would be for ever at this depth. */
static void
test_tuples_are_measured_at_once (void)
{
  const struct { guint depth; gboolean is_fine; } cases[] = { { 64, TRUE }, { 65, FALSE } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *opening = g_strnfill (cases[i].depth, '(');
      g_autofree char *closing = g_strnfill (cases[i].depth, ')');
      g_autofree char *type = g_strconcat (opening, "y", closing, NULL);
      g_autofree guint8 *body = NULL;
      MaltFrameHeader header = { .type = MALT_MESSAGE_RESULT, .id = 1 };
      MaltMessage message = { 0 };
      g_autoptr (GError) error = NULL;

      header.type_length = strlen (type) + 1;
      header.body_length = MALT_FRAME_ALIGN (header.type_length) + 1;
      body = g_malloc0 (header.body_length);
      memcpy (body, type, header.type_length);

      g_assert_true (malt_message_decode (&message, &header, body, NULL, FALSE, &error)
                     == cases[i].is_fine);
      if (!cases[i].is_fine)
        g_assert_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION);
      malt_message_clear (&message);
    }
}

static void
test_other_byte_order (void)
{
  guint8 swapped[sizeof golden_result];
  MaltMessage message = { 0 };

  memcpy (swapped, golden_result, sizeof swapped);
  swapped[40] = 0;
  swapped[47] = 42;

  g_assert_true (decode (swapped, sizeof swapped, FALSE, TRUE, &message, NULL));
  g_assert_cmpint (g_variant_get_int64 (message.value), ==, 42);
  malt_message_clear (&message);
}

/* Asking for each child once must not go through the whole list each time. */
/* How much slower than usual this run is: under a sanitizer or valgrind. */
static guint64
get_slowness (void)
{
  const char *text = g_getenv ("MALT_TEST_SLOW");

  return text != NULL ? MAX (g_ascii_strtoull (text, NULL, 10), 1) : 1;
}

static void
test_long_list_is_read_in_one_go (void)
{
  const guint n_items = 300000;
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("av"));
  g_autoptr (GVariant) list = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;
  gint64 begun_us;
  gint64 sum = 0;

  for (guint i = 0; i < n_items; i++)
    g_variant_builder_add (&builder, "v", g_variant_new_int64 (i));
  list = g_variant_ref_sink (g_variant_builder_end (&builder));
  value = malt_value_new (G_VARIANT_TYPE ("av"), g_variant_get_data (list),
                          g_variant_get_size (list), NULL, 0, FALSE, &error);
  g_assert_no_error (error);

  begun_us = g_get_monotonic_time ();
  for (guint i = 0; i < n_items; i++)
    {
      g_autoptr (GVariant) item = NULL;

      g_variant_get_child (value, i, "v", &item);
      sum += g_variant_get_int64 (item);
    }

  g_assert_cmpint (sum, ==, (gint64) n_items * (n_items - 1) / 2);
  /* A tenth of a second; a minute when it is quadratic. */
  g_assert_cmpint (g_get_monotonic_time () - begun_us, <, 15 * G_USEC_PER_SEC * get_slowness ());
}

static void
test_call_with_everything (void)
{
  g_autoptr (GVariant) args = g_variant_ref_sink (g_variant_new_parsed ("('a', <1>)"));
  g_autoptr (GVariant) kwargs = g_variant_ref_sink (g_variant_new_parsed ("{'k': <'v'>}"));
  g_autoptr (GString) buffer = g_string_new ("rest of another");
  g_autoptr (GVariant) args_back = NULL;
  g_autoptr (GVariant) kwargs_back = NULL;
  g_autoptr (GError) error = NULL;
  MaltMessage message = { 0 };
  const GVariantType *result_type;
  const char *function;

  malt_message_set_call (&message, 1, "m.f", args, kwargs, G_VARIANT_TYPE ("a{sx}"), 0, TRUE,
                         buffer);
  g_assert_true (message.flags & MALT_MESSAGE_FLAGS_DISCARD);
  g_assert_true (malt_message_parse_call (&message, &function, &args_back, &kwargs_back,
                                          &result_type, &error));
  g_assert_cmpstr (function, ==, "m.f");
  g_assert_cmpvariant (args, args_back);
  g_assert_cmpvariant (kwargs, kwargs_back);
  g_assert_true (g_variant_type_equal (result_type, G_VARIANT_TYPE ("a{sx}")));
  malt_message_clear (&message);
}

static void
test_call_without_its_value (void)
{
  const MaltMessage message = { .type = MALT_MESSAGE_CALL, .name = "f", .name_length = 1 };
  g_autoptr (GVariant) args = NULL;
  g_autoptr (GVariant) kwargs = NULL;
  g_autoptr (GError) error = NULL;
  const GVariantType *result_type;
  const char *function;

  g_assert_false (malt_message_parse_call (&message, &function, &args, &kwargs, &result_type,
                                           &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION);
}

static void
test_failures_there_and_back (void)
{
  const struct
  {
    GQuark domain;
    int code;
    guint32 wire_code;
    GQuark back;
    int back_code;
  } cases[] = {
    { MALT_ERROR, MALT_ERROR_FAILED, 0, MALT_ERROR, MALT_ERROR_FAILED },
    { MALT_ERROR, MALT_ERROR_INTERRUPTED, 2, MALT_ERROR, MALT_ERROR_INTERRUPTED },
    { MALT_ERROR, MALT_ERROR_SANDBOX_UNAVAILABLE, 13, MALT_ERROR, MALT_ERROR_SANDBOX_UNAVAILABLE },
    { G_IO_ERROR, G_IO_ERROR_CANCELLED, 100, G_IO_ERROR, G_IO_ERROR_CANCELLED },
    { G_IO_ERROR, G_IO_ERROR_TIMED_OUT, 101, G_IO_ERROR, G_IO_ERROR_TIMED_OUT },
    { G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, 102, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED },
    { G_IO_ERROR, G_IO_ERROR_NOT_FOUND, 1, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = g_error_new_literal (cases[i].domain, cases[i].code, "reason");
      g_autoptr (GVariant) value = g_variant_ref_sink (malt_message_new_failure_value (error));
      g_autoptr (GError) back = malt_message_parse_failure (value, "W");
      guint32 code;

      g_variant_get_child (value, 0, "u", &code);
      g_assert_cmpuint (code, ==, cases[i].wire_code);
      g_assert_true (g_error_matches (back, cases[i].back, cases[i].back_code));
    }
}

static void
test_failure_keeps_the_parts (void)
{
  g_autoptr (GError) error = malt_error_new_remote (MALT_ERROR_REMOTE_EXCEPTION, NULL, "reason",
                                                    "lua.error", "chunk:1\nchunk:2");
  g_autoptr (GVariant) value = g_variant_ref_sink (malt_message_new_failure_value (error));
  g_autoptr (GError) back = malt_message_parse_failure (value, "W");

  g_assert_cmpstr (back->message, ==, "Remote exception from W:\n\nreason\nchunk:1\nchunk:2");
  g_assert_cmpstr (malt_error_get_remote_type (back), ==, "lua.error");
  g_assert_cmpstr (malt_error_get_remote_traceback (back), ==, "chunk:1\nchunk:2");
}

static void
test_failure_of_another_domain_is_named (void)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "bad \xff");
  g_autoptr (GVariant) value = g_variant_ref_sink (malt_message_new_failure_value (error));
  g_autoptr (GError) back = malt_message_parse_failure (value, "W");

  g_assert_cmpstr (malt_error_get_remote_type (back), ==, "g-io-error-quark:1");
  g_assert_true (g_utf8_validate (back->message, -1, NULL));
}

/* What was taken on a short way is what GLib would have taken on the long one. */
static void
check_is_normal (GVariant *value)
{
  g_autoptr (GBytes) bytes = g_bytes_new (g_variant_get_data (value), g_variant_get_size (value));
  g_autoptr (GVariant) again = NULL;

  again = g_variant_ref_sink (g_variant_new_from_bytes (g_variant_get_type (value), bytes, FALSE));
  g_assert_true (g_variant_is_normal_form (again));
}

static void
test_plain_values_are_normal (void)
{
  const char *const types[] = {
    "y", "n", "q", "i", "u", "x", "t", "d", "h", "b", "ay", "an", "ai", "ax", "ad", "ab",
    "()", "(y)", "(yn)", "(ny)", "(xy)", "(yx)", "(yix)", "(iyy)",
    "(ay)", "(yay)", "(yax)", "(ayy)", "(xan)", "((y)ay)", "(yab)",
  };
  g_autoptr (GRand) rand = g_rand_new_with_seed (20260102);
  guint n_taken = 0;

  for (int round = 0; round < 60000; round++)
    {
      const char *type = types[g_rand_int_range (rand, 0, G_N_ELEMENTS (types))];
      guint8 body[40] = { 0 };
      MaltFrameHeader header = { .type = MALT_MESSAGE_RESULT, .id = 1 };
      MaltMessage message = { 0 };

      header.type_length = strlen (type) + 1;
      memcpy (body, type, header.type_length);
      header.body_length = MALT_FRAME_ALIGN (header.type_length) + g_rand_int_range (rand, 0, 25);
      for (guint32 i = MALT_FRAME_ALIGN (header.type_length); i < header.body_length; i++)
        body[i] = g_rand_int_range (rand, 0, 4) == 0 ? g_rand_int_range (rand, 0, 256) : 0;

      if (malt_message_decode (&message, &header, body, NULL, FALSE, NULL))
        {
          n_taken++;
          check_is_normal (message.value);
        }
      malt_message_clear (&message);
    }

  g_assert_cmpuint (n_taken, >, 1000);
}

/* Golden frames and those of the table with a few bytes changed: what is taken can be used. */
static void
test_mutated_frames (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (20260101);
  guint n_taken = 0;

  for (int round = 0; round < 40000; round++)
    {
      gsize base = g_rand_int_range (rand, 0, G_N_ELEMENTS (frames));
      g_autoptr (GByteArray) bytes = build_frame (base);
      g_autoptr (GError) error = NULL;
      MaltFrameHeader header;
      MaltMessage message = { 0 };

      if (round % 3 == 0)
        {
          g_byte_array_set_size (bytes, 0);
          g_byte_array_append (bytes, golden_call, sizeof golden_call);
        }
      for (int j = g_rand_int_range (rand, 1, 5); j > 0; j--)
        bytes->data[g_rand_int_range (rand, 4, bytes->len)] = g_rand_int_range (rand, 0, 256);

      if (!malt_frame_header_decode (bytes->data, NO_LIMIT, &header, NULL))
        continue;
      if (!decode (bytes->data, bytes->len, round % 2, round % 5 == 0, &message, &error))
        {
          g_assert_cmpint (error->domain, ==, MALT_ERROR);
          malt_message_clear (&message);
          continue;
        }

      n_taken++;
      if (message.value != NULL)
        {
          g_autofree char *text = g_variant_print (message.value, TRUE);

          g_assert_true (g_utf8_validate (text, -1, NULL));
          check_is_normal (message.value);
        }
      malt_message_clear (&message);
    }

  g_assert_cmpuint (n_taken, >, 1000);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/message/golden-call", test_golden_call);
  g_test_add_func ("/malt/message/golden-result", test_golden_result);
  g_test_add_func ("/malt/message/golden-failure", test_golden_failure);
  g_test_add_func ("/malt/message/golden-cancel", test_golden_cancel);
  for (gsize i = 0; i < G_N_ELEMENTS (frames); i++)
    {
      g_autofree char *path = g_strdup_printf ("/malt/message/frame/%s", frames[i].name);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_frame);
    }
  g_test_add_func ("/malt/message/depth-is-limited", test_depth_is_limited);
  g_test_add_func ("/malt/message/tuples-are-measured-at-once", test_tuples_are_measured_at_once);
  g_test_add_func ("/malt/message/other-byte-order", test_other_byte_order);
  g_test_add_func ("/malt/message/long-list-is-read-in-one-go", test_long_list_is_read_in_one_go);
  g_test_add_func ("/malt/message/call-with-everything", test_call_with_everything);
  g_test_add_func ("/malt/message/call-without-its-value", test_call_without_its_value);
  g_test_add_func ("/malt/message/failures-there-and-back", test_failures_there_and_back);
  g_test_add_func ("/malt/message/failure-keeps-the-parts", test_failure_keeps_the_parts);
  g_test_add_func ("/malt/message/failure-of-another-domain-is-named",
                   test_failure_of_another_domain_is_named);
  g_test_add_func ("/malt/message/plain-values-are-normal", test_plain_values_are_normal);
  g_test_add_func ("/malt/message/mutated-frames", test_mutated_frames);

  return g_test_run ();
}

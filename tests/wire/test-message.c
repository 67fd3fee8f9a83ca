/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-frame-fixture.h"

#include "tests/malt-test-slowness.h"

#include "malt/wire/malt-outbox-private.h"
#include "malt/wire/malt-value-private.h"

#include "malt/malt-error-backend.h"
#include "malt/malt-text-private.h"

#include <gio/gio.h>
#include <string.h>

/* Golden frames: the result of the golden call, and a failure. */
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

  g_assert_true (decode_frame (golden_call, sizeof golden_call, FALSE, FALSE, &message, &error));
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
  g_assert_true (decode_frame (golden_result, sizeof golden_result, TRUE, FALSE, &message, NULL));
  g_assert_cmpvariant (message.value, value);
  malt_message_clear (&message);
}

static void
test_golden_failure (void)
{
  g_autoptr (GError) error = NULL;
  MaltMessage message = { 0 };

  g_assert_true (decode_frame (golden_failure, sizeof golden_failure, FALSE, FALSE, &message,
                               NULL));
  error = malt_message_parse_failure (message.value, "W");
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpstr (error->message, ==, "nono\ntb");
  malt_message_clear (&message);
}

static void
test_golden_cancel (void)
{
  const MaltMessage cancel = { .type = MALT_MESSAGE_CANCEL, .id = 9 };
  g_autoptr (GByteArray) bytes = encode (&cancel);
  MaltMessage message = { 0 };

  g_assert_cmpmem (bytes->data, bytes->len, golden_cancel, sizeof golden_cancel);
  g_assert_true (decode_frame (golden_cancel, sizeof golden_cancel, FALSE, FALSE, &message, NULL));
  g_assert_cmpuint (message.id, ==, 9);
  malt_message_clear (&message);
}

static void
test_other_byte_order (void)
{
  guint8 swapped[sizeof golden_result];
  MaltMessage message = { 0 };

  memcpy (swapped, golden_result, sizeof swapped);
  swapped[40] = 0;
  swapped[47] = 42;

  g_assert_true (decode_frame (swapped, sizeof swapped, FALSE, TRUE, &message, NULL));
  g_assert_cmpint (g_variant_get_int64 (message.value), ==, 42);
  malt_message_clear (&message);
}

/* Asking for each child once must not go through the whole list each time. */
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
  g_assert_cmpint (g_get_monotonic_time () - begun_us, <,
                   15 * G_USEC_PER_SEC * malt_test_get_slowness ());
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

/* Whatever a worker says: a text of theirs ends before a character that does not fit. */
static void
test_long_failure_is_cut (void)
{
  const gsize size = 3 * MALT_FAILURE_MAX_TEXT_BYTES;
  g_autoptr (GString) text = g_string_sized_new (size);
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GVariant) cut = NULL;
  g_autoptr (GError) error = NULL;

  while (text->len < size)
    g_string_append (text, "ä€");
  value = g_variant_ref_sink (g_variant_new ("(usss)", MALT_ERROR_REMOTE_EXCEPTION, text->str,
                                             text->str, text->str));
  cut = malt_message_cut_failure_value (value);
  error = malt_message_parse_failure (cut, NULL);

  g_assert_cmpuint (strlen (error->message), <=, MALT_FAILURE_MAX_TEXT_BYTES);
  g_assert_cmpuint (strlen (error->message), >, MALT_FAILURE_MAX_TEXT_BYTES - 8);
  g_assert_true (g_str_has_suffix (error->message, "…"));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_cmpuint (g_variant_get_size (cut), <, 3 * MALT_FAILURE_MAX_TEXT_BYTES + 100);
}

static void
test_short_failure_is_not_cut (void)
{
  g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new ("(usss)", 1, "a", "b", "c"));
  g_autoptr (GVariant) cut = malt_message_cut_failure_value (value);

  g_assert_true (cut == value);
}

/* The room for what is turned round is not there. */
static void
test_no_room_to_swap (void)
{
#if defined (__SANITIZE_ADDRESS__) || defined (__SANITIZE_THREAD__)
  g_test_skip ("a sanitizer ends the program for the want of memory");
#else
  const guint8 byte = 0;
  g_autoptr (GError) error = NULL;

  g_assert_null (malt_value_new (G_VARIANT_TYPE_BYTESTRING, &byte, G_MAXSSIZE / 2, NULL, 0, TRUE,
                                 &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_LIMIT);
#endif
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

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/message/golden-call", test_golden_call);
  g_test_add_func ("/malt/message/golden-result", test_golden_result);
  g_test_add_func ("/malt/message/golden-failure", test_golden_failure);
  g_test_add_func ("/malt/message/golden-cancel", test_golden_cancel);
  g_test_add_func ("/malt/message/other-byte-order", test_other_byte_order);
  g_test_add_func ("/malt/message/long-list-is-read-in-one-go", test_long_list_is_read_in_one_go);
  g_test_add_func ("/malt/message/call-with-everything", test_call_with_everything);
  g_test_add_func ("/malt/message/call-without-its-value", test_call_without_its_value);
  g_test_add_func ("/malt/message/failures-there-and-back", test_failures_there_and_back);
  g_test_add_func ("/malt/message/failure-keeps-the-parts", test_failure_keeps_the_parts);
  g_test_add_func ("/malt/message/long-failure-is-cut", test_long_failure_is_cut);
  g_test_add_func ("/malt/message/short-failure-is-not-cut", test_short_failure_is_not_cut);
  g_test_add_func ("/malt/message/no-room-to-swap", test_no_room_to_swap);
  g_test_add_func ("/malt/message/failure-of-another-domain-is-named",
                   test_failure_of_another_domain_is_named);

  return g_test_run ();
}

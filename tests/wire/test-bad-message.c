/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-frame-fixture.h"

#include "malt/malt-error.h"
#include "malt/wire/malt-value-private.h"

#include <string.h>

/* What a peer may send that is not as it should be. */

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
  { "wrapped", 5, 0, STRINGS ("", "((((yi))))\0", "\0\0\0\0\0"), VALUE ("1\0\0\0" "1234"), FINE },
  { "wrapped-padding-is-not-zero", 5, 0, STRINGS ("", "((((yi))))\0", "\0\0\0\0\0"),
    VALUE ("1\0\1\0" "1234"), BAD_VALUE },
  { "wrapped-booleans", 5, 0, STRINGS ("", "a(((b)))\0", "\0\0\0\0\0\0\0"),
    VALUE ("\1\0\2"), BAD_VALUE },
  { "wrapped-nothing", 5, 0, STRINGS ("", "((()))\0", "\0"), VALUE ("\0"), FINE },
  { "wrapped-nothing-is-something", 5, 0, STRINGS ("", "((()))\0", "\0"), VALUE ("\1"), BAD_VALUE },
  { "wrapped-strings", 5, 0, STRINGS ("", "a((s))\0", "\0"), VALUE ("a\0\2"), FINE },
  { "wrapped-strings-do-not-end", 5, 0, STRINGS ("", "a((s))\0", "\0"), VALUE ("ab\2"), BAD_VALUE },
  { "offsets-point-outside", 5, 0, STRINGS ("", "as\0", "\0\0\0\0\0"),
    VALUE ("\xff\xff\xff\xff\xff\xff\xff\xff"), BAD_VALUE },
  { "failure-of-another-type", 6, 0, STRINGS ("", "(us)\0", "\0\0\0"),
    VALUE ("1234a\0"), BAD_FRAME },
  { "progress", 7, 0, STRINGS ("at\0", "d\0", "\0\0\0"), VALUE ("12345678"), FINE },
  { "progress-two-names", 7, 0, STRINGS ("at\0b\0", "d\0", "\0"), VALUE ("12345678"), BAD_FRAME },
  { "progress-of-a-string", 7, 0, STRINGS ("", "s\0", "\0\0\0\0\0\0"), VALUE ("a\0"), BAD_FRAME },
  { "log", 13, 0, STRINGS ("app\0", "(sua{sv})\0", "\0\0"),
    VALUE ("hi\0\0" "\0\0\0\0" "\3"), FINE },
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
      gboolean is_fine = decode_frame (bytes->data, bytes->len, shared, FALSE, &message, &error);

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

/* A value of `type` of which nothing is there but zeros, `length` of them. */
static void
check_depth (const char *type,
             gsize       length,
             gboolean    is_fine)
{
  g_autofree guint8 *body = NULL;
  MaltFrameHeader header = { .type = MALT_MESSAGE_RESULT, .id = 1 };
  MaltMessage message = { 0 };
  g_autoptr (GError) error = NULL;

  header.type_length = strlen (type) + 1;
  header.body_length = MALT_FRAME_ALIGN (header.type_length) + length;
  body = g_malloc0 (header.body_length);
  memcpy (body, type, header.type_length);

  g_assert_true (malt_message_decode (&message, &header, body, NULL, FALSE, &error) == is_fine);
  if (!is_fine)
    g_assert_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION);
  malt_message_clear (&message);
}

static void
test_depth_is_limited (void)
{
  const struct { guint depth; gboolean is_fine; } cases[] = {
    { 1, TRUE }, { 64, TRUE }, { 65, FALSE }, { 127, FALSE }, { 128, FALSE }, { 5000, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *arrays = g_strnfill (cases[i].depth, 'a');
      g_autofree char *type = g_strconcat (arrays, "y", NULL);

      check_depth (type, 0, cases[i].is_fine);
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

      check_depth (type, 1, cases[i].is_fine);
    }
}

static gboolean
is_normal_to_glib (const GVariantType *type,
                   gconstpointer       data,
                   gsize               size)
{
  guint8 *copy = g_malloc0 (size + MALT_VALUE_SLACK_BYTES);
  g_autoptr (GBytes) bytes = g_bytes_new_take (copy, size);
  g_autoptr (GVariant) value = NULL;

  if (size > 0)
    memcpy (copy, data, size);
  value = g_variant_ref_sink (g_variant_new_from_bytes (type, bytes, FALSE));
  return g_variant_is_normal_form (value);
}

/* What was taken on a short way is what GLib would have taken on the long one. */
static void
check_is_normal (GVariant *value)
{
  g_assert_true (is_normal_to_glib (g_variant_get_type (value), g_variant_get_data (value),
                                    g_variant_get_size (value)));
}

/* And what was not taken is not. */
static void
test_short_way_is_right (void)
{
  const char *const types[] = {
    "y", "n", "q", "i", "u", "x", "t", "d", "h", "b", "ay", "an", "ai", "ax", "ad", "ab",
    "()", "(y)", "(yn)", "(ny)", "(xy)", "(yx)", "(yix)", "(iyy)",
    "(ay)", "(yay)", "(yax)", "(ayy)", "(xan)", "((y)ay)", "(yab)",
    "((y))", "a((yx))", "(((ay)))", "a((s))", "(((yx))y)", "m((y))", "((()))", "a{y((b))}",
  };
  g_autoptr (GRand) rand = g_rand_new_with_seed (20260102);
  guint n_taken = 0;

  for (int round = 0; round < 60000; round++)
    {
      const char *type = types[g_rand_int_range (rand, 0, G_N_ELEMENTS (types))];
      guint8 body[40] = { 0 };
      MaltFrameHeader header = { .type = MALT_MESSAGE_RESULT, .id = 1 };
      MaltMessage message = { 0 };
      gboolean is_taken;
      guint32 start;

      header.type_length = strlen (type) + 1;
      start = MALT_FRAME_ALIGN (header.type_length);
      memcpy (body, type, header.type_length);
      header.body_length = start + g_rand_int_range (rand, 0, 25);
      for (guint32 i = start; i < header.body_length; i++)
        body[i] = g_rand_int_range (rand, 0, 4) == 0 ? g_rand_int_range (rand, 0, 256) : 0;

      is_taken = malt_message_decode (&message, &header, body, NULL, FALSE, NULL);

      n_taken += is_taken;
      g_assert_true (is_taken == is_normal_to_glib (G_VARIANT_TYPE (type), body + start,
                                                    header.body_length - start));
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
      if (!decode_frame (bytes->data, bytes->len, round % 2, round % 5 == 0, &message, &error))
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

  for (gsize i = 0; i < G_N_ELEMENTS (frames); i++)
    {
      g_autofree char *path = g_strdup_printf ("/malt/message/frame/%s", frames[i].name);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_frame);
    }
  g_test_add_func ("/malt/message/depth-is-limited", test_depth_is_limited);
  g_test_add_func ("/malt/message/tuples-are-measured-at-once", test_tuples_are_measured_at_once);
  g_test_add_func ("/malt/message/short-way-is-right", test_short_way_is_right);
  g_test_add_func ("/malt/message/mutated-frames", test_mutated_frames);

  return g_test_run ();
}

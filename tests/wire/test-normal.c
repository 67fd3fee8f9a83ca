/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-normal-private.h"

#include "malt/wire/malt-value-private.h"
#include "tests/malt-test-slowness.h"

#include <string.h>
#include <time.h>

/* What malt_normal_check() says of a value is what GLib says of it. */

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

static void
append_random_type (GRand   *rand,
                    GString *type,
                    guint    depth)
{
  int kind = g_rand_int_range (rand, 0, depth == 0 ? 14 : 22);

  if (kind < 14)
    g_string_append_c (type, "ybnqiuxtdhsogv"[kind]);
  else if (kind < 18)
    {
      g_string_append_c (type, kind < 17 ? 'a' : 'm');
      append_random_type (rand, type, depth - 1);
    }
  else if (kind < 19)
    {
      g_string_append_printf (type, "a{%c", "ybnqiuxtdhsog"[g_rand_int_range (rand, 0, 13)]);
      append_random_type (rand, type, depth - 1);
      g_string_append_c (type, '}');
    }
  else
    {
      g_string_append_c (type, '(');
      for (int n = g_rand_int_range (rand, 0, 4); n > 0; n--)
        append_random_type (rand, type, depth - 1);
      g_string_append_c (type, ')');
    }
}

static GVariant *new_random_value (GRand              *rand,
                                   const GVariantType *type,
                                   guint               depth);

static GVariant *
new_random_basic (GRand *rand,
                  char   kind)
{
  static const char *const texts[] = { "", "a", "gr\303\274n", "0123456789012345678901234567890" };

  switch (kind)
    {
    case 'b':
      return g_variant_new_boolean (g_rand_boolean (rand));
    case 's':
      return g_variant_new_string (texts[g_rand_int_range (rand, 0, G_N_ELEMENTS (texts))]);
    case 'o':
      return g_variant_new_object_path (g_rand_boolean (rand) ? "/" : "/a/b");
    case 'g':
      return g_variant_new_signature (g_rand_boolean (rand) ? "" : "a(sv)");
    default:
      {
        const char type[] = { kind, '\0' };
        gsize size = strchr ("xtd", kind) != NULL ? 8
                     : strchr ("iuh", kind) != NULL ? 4
                     : strchr ("nq", kind) != NULL ? 2 : 1;
        gint64 *number = g_new (gint64, 1);

        *number = g_rand_int (rand);
        return g_variant_new_from_data (G_VARIANT_TYPE (type), number, size, TRUE, g_free, number);
      }
    }
}

static GVariant *
new_random_variant (GRand *rand,
                    guint  depth)
{
  g_autoptr (GString) type = g_string_new (NULL);

  append_random_type (rand, type, MIN (depth, 2));
  return g_variant_new_variant (new_random_value (rand, G_VARIANT_TYPE (type->str),
                                                  depth > 0 ? depth - 1 : 0));
}

static int
get_random_n_items (GRand              *rand,
                    const GVariantType *type)
{
  if (g_variant_type_is_maybe (type))
    return g_rand_int_range (rand, 0, 2);
  return g_rand_int_range (rand, 0, g_rand_int_range (rand, 1, 40) == 1 ? 90 : 4);
}

static GVariant *
new_random_container (GRand              *rand,
                      const GVariantType *type,
                      guint               depth)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, type);
  if (g_variant_type_is_array (type) || g_variant_type_is_maybe (type))
    {
      const GVariantType *item = g_variant_type_element (type);

      for (int n = get_random_n_items (rand, type); n > 0; n--)
        g_variant_builder_add_value (&builder, new_random_value (rand, item, depth));
    }
  else
    for (const GVariantType *item = g_variant_type_first (type); item != NULL;
         item = g_variant_type_next (item))
      g_variant_builder_add_value (&builder, new_random_value (rand, item, depth));
  return g_variant_builder_end (&builder);
}

static GVariant *
new_random_value (GRand              *rand,
                  const GVariantType *type,
                  guint               depth)
{
  if (g_variant_type_is_variant (type))
    return new_random_variant (rand, depth);
  if (g_variant_type_is_container (type))
    return new_random_container (rand, type, depth);
  return new_random_basic (rand, *g_variant_type_peek_string (type));
}

/* Up to three changes, many of which change the size. */
static void
mutate (GRand      *rand,
        GByteArray *bytes)
{
  for (int n = g_rand_int_range (rand, 0, 4); n > 0 && bytes->len > 0; n--)
    {
      guint i = g_rand_int_range (rand, 0, bytes->len);
      guint8 byte = g_rand_int_range (rand, 0, 3) > 0 ? g_rand_int_range (rand, 0, 4)
                                                       : g_rand_int_range (rand, 0, 256);

      switch (g_rand_int_range (rand, 0, 5))
        {
        case 0:
          g_byte_array_set_size (bytes, i);
          break;
        case 1:
          g_byte_array_append (bytes, &byte, 1);
          break;
        case 2:
          g_byte_array_remove_index (bytes, i);
          break;
        default:
          bytes->data[i] = byte;
        }
    }
}

/* It is in normal form, and is turned round as GLib does it. */
static void
check_swapped (GVariant *value)
{
  gsize size = g_variant_get_size (value);
  const guint8 *data = g_variant_get_data (value);
  g_autofree guint8 *swapped = g_malloc (size + 1);
  g_autoptr (GVariant) expected = g_variant_byteswap (value);

  if (size > 0)
    memcpy (swapped, data, size);
  g_assert_true (malt_normal_check (g_variant_get_type (value), data, size, swapped));
  g_assert_cmpmem (swapped, size, g_variant_get_data (expected), g_variant_get_size (expected));
}

static void
test_random_values (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (20260103);
  guint n_rounds = 100000 / malt_test_get_slowness ();
  guint n_normal = 0;
  guint n_taken = 0;

  for (guint round = 0; round < n_rounds; round++)
    {
      g_autoptr (GString) type = g_string_new (NULL);
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      g_autoptr (GVariant) value = NULL;
      gboolean is_normal;
      gboolean is_taken;

      append_random_type (rand, type, 3);
      value = g_variant_ref_sink (new_random_value (rand, G_VARIANT_TYPE (type->str), 3));
      g_byte_array_append (bytes, g_variant_get_data (value), g_variant_get_size (value));
      check_swapped (value);

      mutate (rand, bytes);
      is_normal = is_normal_to_glib (G_VARIANT_TYPE (type->str), bytes->data, bytes->len);
      is_taken = malt_normal_check (G_VARIANT_TYPE (type->str), bytes->data, bytes->len,
                                    NULL);
      g_assert_true (is_normal || !is_taken);
      n_normal += is_normal;
      n_taken += is_taken;
    }

  /* A tuple without any bytes is in normal form to GLib, though it never writes one so. */
  g_assert_cmpuint (n_normal, >, n_rounds / 10);
  g_assert_cmpuint (n_normal, <, n_rounds * 9 / 10);
  g_assert_cmpuint (n_normal - n_taken, <, n_rounds / 500);
}

/* Those whose ends need two and four bytes. */
static void
test_large_values (void)
{
  static const gsize sizes[] = {
    253, 254, 255, 256, 65531, 65532, 65533, 65534, 65535, 65536, 200000,
  };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *text = g_strnfill (sizes[i], 'x');
      const char *const strv[] = { text, "", text, NULL };
      g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new ("(s^asv)", text, strv,
                                                                      g_variant_new_string (text)));

      check_swapped (value);
    }
}

/* Variants in one another, up to what GLib takes. */
static void
test_depth (void)
{
  for (gsize depth = 1; depth < 140; depth++)
    {
      guint8 bytes[1 + 2 * 140] = { 1, 0, 'y' };

      for (gsize i = 1; i < depth; i++)
        bytes[2 + 2 * i] = 'v';
      g_assert_true (malt_normal_check (G_VARIANT_TYPE_VARIANT, bytes, 1 + 2 * depth, NULL)
                     == is_normal_to_glib (G_VARIANT_TYPE_VARIANT, bytes, 1 + 2 * depth));
    }
}

/* `n_maybes` of `item` in one another and in `n_variants`: `n_zeros` are the bytes of all but the
 * variants. */
static GByteArray *
new_maybes (const char *item,
            gsize       n_maybes,
            gsize       n_variants,
            gsize       n_zeros)
{
  g_autofree char *maybes = g_strnfill (n_maybes, 'm');
  GByteArray *bytes = g_byte_array_new ();

  g_byte_array_set_size (bytes, n_zeros + 1);
  memset (bytes->data, 0, bytes->len);
  g_byte_array_append (bytes, (const guint8 *) maybes, n_maybes);
  g_byte_array_append (bytes, (const guint8 *) item, strlen (item));
  for (gsize i = 1; i < n_variants; i++)
    g_byte_array_append (bytes, (const guint8 *) "\0v", 2);

  return bytes;
}

/* What the type of a variant allows counts, also where there is less; and empty tuples count where
 * they are, not in a type. */
static void
test_depth_of_types (void)
{
  static const struct
  {
    const char *type;
    gsize       depth;
  } items[] = {
    { "y", 1 }, { "ay", 2 }, { "()", 0 }, { "a()", 1 }, { "(a())", 2 }, { "((()))", 2 },
    { "a{y()}", 2 },
  };
  static const gsize n_maybes[] = { 1, 2, 64, 120, 124, 125, 126, 127, 128 };
  guint n_normal = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (items); i++)
    for (gsize n = 0; n < G_N_ELEMENTS (n_maybes); n++)
      for (gsize depth = 120; depth < 134; depth++)
        for (int item_size = -1; item_size <= 2; item_size++)
          {
            gsize n_zeros = item_size < 0 ? 0 : n_maybes[n] + item_size;
            gsize n_variants = depth > n_maybes[n] ? depth - n_maybes[n] : 1;
            g_autoptr (GByteArray) bytes = new_maybes (items[i].type, n_maybes[n], n_variants,
                                                       n_zeros);
            gboolean is_normal;

            if (n_maybes[n] + items[i].depth > 128)
              continue;

            is_normal = is_normal_to_glib (G_VARIANT_TYPE_VARIANT, bytes->data, bytes->len);
            g_assert_true (malt_normal_check (G_VARIANT_TYPE_VARIANT, bytes->data, bytes->len, NULL)
                           == is_normal);
            n_normal += is_normal;
          }

  g_assert_cmpuint (n_normal, >, 100);
}

/* GLib means to take 128 levels, but takes 129 where they are those of one type: its difference is
 * less than nothing there. */
static void
test_type_too_deep (void)
{
  g_autoptr (GByteArray) bytes = new_maybes ("y", 128, 1, 0);

  g_assert_false (malt_normal_check (G_VARIANT_TYPE_VARIANT, bytes->data, bytes->len, NULL));
}

static gint64
get_processor_time_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

/* The best of three. */
static gint64
measure (const char   *type,
         const guint8 *data,
         gsize         size)
{
  g_autofree guint8 *swapped = g_malloc (size);
  gint64 best_us = G_MAXINT64;

  for (int i = 0; i < 3; i++)
    {
      gint64 began_us = get_processor_time_us ();

      g_assert_true (malt_normal_check (G_VARIANT_TYPE (type), data, size, swapped));
      best_us = MIN (best_us, get_processor_time_us () - began_us);
    }
  return best_us;
}

/* Sixty tuples in one another cost an item what one does. */
static void
test_nests_cost_nothing (void)
{
  const gsize size = 1 << 20;
  g_autofree guint8 *data = g_malloc0 (size + 256);
  g_autofree char *opening = g_strnfill (60, '(');
  g_autofree char *closing = g_strnfill (60, ')');
  g_autofree char *nest = g_strconcat ("a", opening, "n", closing, NULL);
  gint64 plain_us = measure ("a(n)", data, size);

  g_assert_cmpint (measure (nest, data, size), <, 10 * plain_us + 1000);
  memcpy (data + size + 1, nest, strlen (nest));
  g_assert_cmpint (measure ("v", data, size + 1 + strlen (nest)), <, 10 * plain_us + 1000);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/normal/random-values", test_random_values);
  g_test_add_func ("/malt/normal/large-values", test_large_values);
  g_test_add_func ("/malt/normal/depth", test_depth);
  g_test_add_func ("/malt/normal/depth-of-types", test_depth_of_types);
  g_test_add_func ("/malt/normal/type-too-deep", test_type_too_deep);
  g_test_add_func ("/malt/normal/nests-cost-nothing", test_nests_cost_nothing);

  return g_test_run ();
}

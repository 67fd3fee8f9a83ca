/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"

#include <math.h>
#include <string.h>

static void
exact (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  const char *texts[] = {
    "true", "byte 0xff", "int16 -32768", "uint16 65535", "-2147483648", "uint32 4294967295",
    "int64 -9223372036854775808", "int64 9223372036854775807", "uint64 18446744073709551615",
    "0.1", "-0.0", "''", "'Äpfel'", "objectpath '/a'", "signature 'a{sv}'", "()", "(1, 'a', 2.5)",
    "@as []", "@a{sv} {}", "@mi 1", "@mi nothing", "<<<'deep'>>>", "[b'bytes', b'']",
    "{'key': <[1, 2, 3]>, 'other': <(int64 1, {'a': 'b'})>}", "@ad [1.0, 2.0]", "@a(si) [('x', 1)]",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_parsed (texts[i]));
      g_autoptr (GVariant) ponged = contract_call (worker, "malt.ping",
                                                   g_variant_new_tuple (&value, 1));
      g_autoptr (GVariant) echoed = contract_call (worker, "contract.echo",
                                                   g_variant_new_tuple (&value, 1));
      g_autoptr (GVariant) child = g_variant_get_child_value (echoed, 0);

      g_assert_cmpvariant (ponged, value);
      g_assert_cmpvariant (child, value);
    }
}

static void
natural (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  const struct
  {
    const char *expression;
    const char *expected;
  } values[] = {
    { "true", "true" },
    { "2^53", "9007199254740992.0" },
    { "3 // 1", "int64 3" },
    { "3.0 // 1", "3.0" },
    { "math.maxinteger", "int64 9223372036854775807" },
    { "math.mininteger", "int64 -9223372036854775808" },
    { "'text'", "'text'" },
    { "'\\xff\\0'", "[byte 0xff, 0x00]" },
    { "malt.bytes 'ab'", "[byte 0x61, 0x62]" },
    { "{}", "@av []" },
    { "{1, 'b', {2.5}}", "[<int64 1>, <'b'>, <[<2.5>]>]" },
    { "{a = 1, b = {}}", "{'a': <int64 1>, 'b': <@av []>}" },
    { "{[10] = 'x', [20] = 'y'}", "{int64 10: <'x'>, 20: <'y'>}" },
    { "{[true] = 1}", "{true: <int64 1>}" },
    { "1, 'b'", "(int64 1, 'b')" },
    { "{1, malt.null}", "[<int64 1>, <@mv nothing>]" },
    { "malt.typed ('y', 7)", "byte 7" },
    { "malt.typed ('a{su}', {one = 1})", "{'one': uint32 1}" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autofree char *expression = g_strconcat ("return ", values[i].expression, NULL);
      g_autoptr (GVariant) value = contract_eval (worker, expression, NULL);

      g_test_message ("%s", values[i].expression);
      contract_assert_value (value, values[i].expected);
    }
}

static void
special_numbers (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) value = contract_eval (worker, "return 0/0, 1/0, -1/0, -0.0", NULL);
  double nan, plus, minus, zero;

  g_variant_get (value, "(dddd)", &nan, &plus, &minus, &zero);
  g_assert_true (isnan (nan));
  g_assert_true (isinf (plus) && plus > 0);
  g_assert_true (isinf (minus) && minus < 0);
  g_assert_true (zero == 0 && signbit (zero));
}

static void
integers (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);

  for (guint i = 0; i < 10; i++)
    {
      gint64 n = (gint64) ((guint64) g_test_rand_int () << 32 | (guint32) g_test_rand_int ());
      g_autoptr (GVariant) value = contract_eval (worker, "return ...", g_variant_new ("(x)", n));

      g_assert_cmpint (g_variant_get_int64 (value), ==, n);
    }
}

static void
through_language (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  const char *texts[] = {
    "@as ['a', 'b']", "@a{ss} {'k': 'v'}", "@ad [1.5, 2.5]", "@ax [1, 2]",
    "@a{sv} {'n': <int64 1>}",
    "@a(sx) [('a', 1), ('b', 2)]", "uint64 18446744073709551615", "[byte 0x00, 0xff]",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_parsed (texts[i]));
      g_autoptr (GVariant) back = contract_eval (worker, "return ...",
                                                 g_variant_new_tuple (&value, 1));

      g_assert_cmpvariant (back, value);
    }
}

static void
assert_all_x (GVariant *bytes, gsize size)
{
  const char *data = g_variant_get_data (bytes);

  g_assert_true (g_variant_is_of_type (bytes, G_VARIANT_TYPE_BYTESTRING));
  g_assert_cmpuint (g_variant_get_size (bytes), ==, size);
  g_assert_true (data[0] == 'x' && memcmp (data, data + 1, size - 1) == 0);
}

/* The expressions that the original compares its backends by. */
static void
expressions (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) two = contract_eval (worker, "1 + 1", NULL);
  g_autoptr (GVariant) sum = contract_eval (worker, "local s = 0 for i = 1, 100 do "
                                            "s = s + math.sqrt (i) end return s", NULL);
  g_autoptr (GVariant) slept = contract_eval (worker, "malt.sleep (0.01) return true", NULL);
  g_autoptr (GVariant) fresh = contract_eval (worker, "return malt.bytes (('x'):rep (50000000))",
                                              NULL);
  g_autoptr (GVariant) stored = contract_eval (worker, "stored = {} for i, n in "
                                               "ipairs {50000, 500000, 5000000, 50000000} do "
                                               "stored[i] = malt.bytes (('x'):rep (n)) end", NULL);
  g_autoptr (GVariant) records = contract_eval (worker, "local t = {} for i = 1, 1000 do "
                                                "t['k' .. i] = {id = i} end return t", NULL);
  g_autoptr (GVariant) record = g_variant_lookup_value (records, "k1000", NULL);
  gsize size = 50000;
  double expected = 0;

  for (int i = 1; i <= 100; i++)
    expected += sqrt (i);
  g_assert_cmpfloat (g_variant_get_double (sum), ==, expected);
  contract_assert_value (two, "int64 2");
  contract_assert_value (slept, "true");
  assert_all_x (fresh, 50000000);
  for (gint64 i = 1; i <= 4; i++, size *= 10)
    {
      g_autoptr (GVariant) value = contract_eval (worker, "return stored[...]",
                                                  g_variant_new ("(x)", i));

      assert_all_x (value, size);
    }
  g_assert_cmpuint (g_variant_n_children (records), ==, 1000);
  contract_assert_value (record, "{'id': <int64 1000>}");
}

static void
result_types (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  const struct
  {
    const char *expression;
    const char *type;
    const char *expected; /* NULL: refused */
  } results[] = {
    { "{1, 2, 3}", "ad", "@ad [1, 2, 3]" },
    { "7.0", "i", "7" },
    { "300", "y", NULL },
    { "255", "y", "byte 255" },
    { "'x'", "i", NULL },
    { "{a = 1}", "a{su}", "{'a': uint32 1}" },
    { "{'a', 2}", "as", NULL },
    { "'x'", "v", "<'x'>" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autofree char *expression = g_strconcat ("return ", results[i].expression, NULL);
      g_autoptr (MaltCall) call = malt_call_new_eval (NULL, expression, NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = NULL;

      g_test_message ("%s as %s", results[i].expression, results[i].type);
      malt_call_set_result_type (call, G_VARIANT_TYPE (results[i].type));
      value = malt_abstract_worker_send (worker, call, NULL, &error);
      if (results[i].expected == NULL)
        g_assert_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION);
      else
        {
          g_assert_no_error (error);
          contract_assert_value (value, results[i].expected);
        }
    }
  contract_assert_alive (worker);
}

static void
unsendable (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  const char *expressions[] = {
    "return print",
    "return coroutine.create (print)",
    "return { io.stdout }",
    "local t = {} t.t = t return t",
    "return {a = {b = {1, print}}}",
    "return {1, 2, [4] = 4, x = 5}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (expressions); i++)
    {
      g_autoptr (MaltCall) call = malt_call_new_eval (NULL, expressions[i], NULL);
      g_autoptr (GError) refused = contract_eval_error (worker, expressions[i]);
      ContractReply *reply = contract_send_eval (contract, worker, expressions[i], NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = NULL;

      g_assert_error (refused, MALT_ERROR, MALT_ERROR_SERIALIZATION);
      contract_wait (contract, reply);
      g_assert_error (reply->error, MALT_ERROR, MALT_ERROR_SERIALIZATION);
      malt_call_set_discard_result (call, TRUE);
      value = malt_abstract_worker_send (worker, call, NULL, &error);
      g_assert_no_error (error);
      contract_assert_alive (worker);
    }
}

static void
unreadable (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  static const guint8 bytes[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
  GVariant *broken = g_variant_new_from_data (G_VARIANT_TYPE ("(sas)"), bytes, sizeof bytes, FALSE,
                                              NULL, NULL);
  GVariant *deep = g_variant_new_int64 (1);
  g_autoptr (GError) of_broken = contract_call_error (worker, "malt.ping", broken);
  g_autoptr (GError) of_deep = NULL;

  for (guint i = 0; i < 300; i++)
    deep = g_variant_new_variant (deep);
  g_assert_error (of_broken, MALT_ERROR, MALT_ERROR_SERIALIZATION);
  of_deep = contract_call_error (worker, "malt.ping", g_variant_new_tuple (&deep, 1));
  g_assert_error (of_deep, MALT_ERROR, MALT_ERROR_SERIALIZATION);
  contract_assert_alive (worker);
}

/* Large enough for whatever way a backend has for large values. */
#define LARGE_ITEMS (1024u * 1024)

static GVariant *
new_doubles (void)
{
  double *doubles = g_new (double, LARGE_ITEMS);

  for (guint i = 0; i < LARGE_ITEMS; i++)
    doubles[i] = i + 0.5;

  return g_variant_ref_sink (g_variant_new_from_data (G_VARIANT_TYPE ("ad"), doubles,
                                                      LARGE_ITEMS * sizeof (double), TRUE,
                                                      g_free, doubles));
}

static void
assert_same_doubles (GVariant *value, GVariant *expected)
{
  g_assert_cmpstr (g_variant_get_type_string (value), ==, "ad");
  g_assert_cmpmem (g_variant_get_data (value), g_variant_get_size (value),
                   g_variant_get_data (expected), g_variant_get_size (expected));
}

/* The language sees an array of numbers, not a table, and what it changes is its own. */
static void
large_arrays (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) doubles = new_doubles ();
  g_autoptr (GVariant) of_function = NULL;
  g_autoptr (GVariant) of_language = NULL;
  g_autoptr (GVariant) of_both = NULL;
  g_autoptr (GVariant) facts = NULL;
  g_autoptr (GVariant) changed = NULL;
  g_autoptr (GVariant) item = NULL;

  of_function = contract_call (worker, "malt.ping", g_variant_new_tuple (&doubles, 1));
  assert_same_doubles (of_function, doubles);
  of_language = contract_eval (worker, "return ...", g_variant_new_tuple (&of_function, 1));
  assert_same_doubles (of_language, doubles);

  facts = contract_eval (worker, "local a = ... local sum = 0 "
                         "for i, x in ipairs (a) do sum = sum + x end "
                         "return type (a), #a, a[1], a[#a], a[#a + 1] == nil, sum, "
                         "pcall (function () a[0] = 1 end)",
                         g_variant_new_tuple (&doubles, 1));
  item = g_variant_get_child_value (facts, 0);
  contract_assert_value (item, "'userdata'");
  for (guint i = 1; i < 7; i++)
    {
      const char *const expected[] = { NULL, "int64 1048576", "0.5", "1048575.5", "true",
                                       "549755813888.0", "false" };

      g_variant_unref (item);
      item = g_variant_get_child_value (facts, i);
      contract_assert_value (item, expected[i]);
    }

  changed = contract_eval (worker, "local a = ... a[2] = -1 return a",
                           g_variant_new_tuple (&doubles, 1));
  g_assert_cmpfloat (((const double *) g_variant_get_data (changed))[1], ==, -1);
  g_assert_cmpfloat (((const double *) g_variant_get_data (doubles))[1], ==, 1.5);
  of_both = contract_eval (worker, "local a, b = ... return b",
                           g_variant_new ("(i@ad)", 1, doubles));
  assert_same_doubles (of_both, doubles);

  /* What has come belongs to the caller. */
  contract_stop (worker);
  assert_same_doubles (of_language, doubles);
  assert_same_doubles (of_both, doubles);
}

const ContractCase contract_value_cases[] = {
  { "/values/exact", exact, .summary = "Every type goes there and back as it is" },
  { "/values/natural", natural, .summary = "Each kind of Lua value has its type" },
  { "/values/special-numbers", special_numbers, .summary = "NaN, infinities and -0.0 are exact" },
  { "/values/integers", integers, .summary = "64-bit integers are exact" },
  { "/values/through-language", through_language,
    .summary = "A typed value keeps its type through the language" },
  { "/values/expressions", expressions,
    .summary = "The nine expressions have the values of the reference" },
  { "/values/result-types", result_types, .summary = "A wanted type is had, or refused" },
  { "/values/large-arrays", large_arrays,
    .summary = "Millions of numbers are an array in the language, and outlive the worker" },
  { "/values/unsendable", unsendable,
    .summary = "What cannot be sent is an error, unless it is discarded" },
  { "/values/unreadable", unreadable,
    .summary = "A value that the worker cannot read costs that call only" },
  { NULL }
};

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fake-worker.h"

#include <string.h>

static void
test_options_are_converted (void)
{
  static const struct
  {
    const char *option;
    const char *value;
    const char *expected;
  } cases[] = {
    { "boolean", "true", "TRUE" },
    { "char", "int64 -8", "-8" },
    { "uchar", "byte 0xc8", "200" },
    { "int", "int16 -100", "-100" },
    { "uint", "uint64 1000", "1000" },
    { "long", "uint16 77", "77" },
    { "ulong", "int32 77", "77" },
    { "int64", "uint32 4294967295", "4294967295" },
    { "int64", "-5", "-5" },
    { "uint64", "uint64 18446744073709551615", "18446744073709551615" },
    { "float", "1.5", "1.500000" },
    { "float", "1", "1.000000" },
    { "double", "-0.5", "-0.500000" },
    { "text", "'plain'", "'plain'" },
    { "text", "b'a/file'", "'a/file'" },
    { "text", "<'nested'>", "'nested'" },
    { "strings", "['a', 'b']", "a|b" },
    { "strings", "@as []", "" },
    { "strings", "[b'a', b'b']", "a|b" },
    { "strings", "[<'a'>, <'b'>]", "a|b" },
    { "strings", "@av []", "" },
    { "mode", "'stream'", "7" },
    { "mode", "int64 1", "1" },
    { "features", "['fast', 'safe']", "3" },
    { "features", "@as []", "0" },
    { "features", "[<'fast'>]", "1" },
    { "dict", "{'a': <1>}", "{'a': <1>}" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_parsed (cases[i].value));
      g_autoptr (GError) error = NULL;
      g_autofree char *found = NULL;
      g_autoptr (MaltAbstractWorker) worker = malt_create_worker_with_options (
        "fake", g_variant_new_parsed ("{%s: <%*>}", cases[i].option, value), NULL, &error);

      g_assert_no_error (error);
      found = malt_fake_worker_dup_option (MALT_FAKE_WORKER (worker), cases[i].option);
      g_assert_cmpstr (found, ==, cases[i].expected);
    }
}

static void
test_wrong_options (void)
{
  static const struct
  {
    const char *options;
    const char *expected;
  } cases[] = {
    { "{'bolean': <true>}", "did you mean “boolean”?" },
    { "{'qqqqqqq': <true>}", "not among boolean, char, uchar" },
    { "{'n-pending': <1>}", "“n-pending”" },
    { "{'later': <1>}", "“later”" },
    { "{'boolean': <'true'>}", "“'true'”: it takes true or false" },
    { "{'boolean': <1>}", "it takes true or false" },
    { "{'char': <9>}", "“9”: it takes an integer from -8 to 8" },
    { "{'char': <300>}", "an integer from -8 to 8" },
    { "{'uchar': <-1>}", "an integer from 0 to 200" },
    { "{'int': <'5'>}", "“'5'”: it takes an integer from -100 to 100" },
    { "{'int': <101>}", "“101”" },
    { "{'int': <1.0>}", "“1.0”" },
    { "{'int': <int64 5000000000>}", "“5000000000”" },
    { "{'uint': <0>}", "an integer from 1 to 1000" },
    { "{'uint': <-1>}", "“-1”" },
    { "{'ulong': <-1>}", "“-1”" },
    { "{'int64': <-6>}", "“-6”" },
    { "{'int64': <uint64 18446744073709551615>}", "“18446744073709551615”" },
    { "{'uint64': <-1>}", "“-1”" },
    { "{'float': <'x'>}", "a number from 0 to 2" },
    { "{'double': <2.0>}", "a number from -1 to 1" },
    { "{'text': <5>}", "“5”: it takes a string" },
    { "{'text': <[byte 0x61, 0x62]>}", "a string" },
    { "{'strings': <'a'>}", "an array of strings" },
    { "{'mode': <'line'>}", "one of relay, lines, stream; did you mean “lines”?" },
    { "{'mode': <'xyzzy'>}", "one of relay, lines, stream" },
    { "{'mode': <3>}", "“3”: it takes one of relay" },
    { "{'mode': <true>}", "one of relay" },
    { "{'features': <['fast', 'loud']>}", "an array of some of none, fast, safe" },
    { "{'features': <'fast'>}", "an array of some of" },
    { "{'dict': <5>}", "a value of type “a{sv}”" },
    { "{'object': <5>}", "only C code can give" },
    { "{'int': <1>, 'uint': <2>, 'int': <3>}", "given twice" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (malt_create_worker_with_options (
        "fake", g_variant_new_parsed (cases[i].options), NULL, &error));
      g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
      if (strstr (error->message, cases[i].expected) == NULL)
        g_error ("“%s” is not in “%s”", cases[i].expected, error->message);
      g_assert_nonnull (strstr (error->message, "“fake”"));
    }
}

static void
test_long_value_is_cut (void)
{
  g_autofree char *text = g_strnfill (5000, 'x');
  g_autoptr (GError) error = NULL;

  g_assert_null (malt_create_worker_with_options (
    "fake", g_variant_new_parsed ("{'int': <%s>}", text), NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
  g_assert_cmpuint (strlen (error->message), <, 300);
}

static void
test_varargs (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltAbstractWorker) none = malt_create_worker ("fake", NULL, &error, NULL);
  g_autoptr (MaltAbstractWorker) some = malt_create_worker ("fake", NULL, &error, "uint", 77u,
                                                            "text", "hello", "double", 0.5,
                                                            "mode", "lines", NULL);
  g_autofree char *number = NULL;
  g_autofree char *mode = NULL;
  g_autofree char *text = NULL;
  g_autofree char *real = NULL;

  g_assert_no_error (error);
  g_assert_true (MALT_IS_FAKE_WORKER (none));
  number = malt_fake_worker_dup_option (MALT_FAKE_WORKER (some), "uint");
  text = malt_fake_worker_dup_option (MALT_FAKE_WORKER (some), "text");
  real = malt_fake_worker_dup_option (MALT_FAKE_WORKER (some), "double");
  g_assert_cmpstr (number, ==, "77");
  g_assert_cmpstr (text, ==, "'hello'");
  g_assert_cmpstr (real, ==, "0.500000");
  mode = malt_fake_worker_dup_option (MALT_FAKE_WORKER (some), "mode");
  g_assert_cmpstr (mode, ==, "1");
}

static void
test_wrong_varargs (void)
{
  g_autoptr (GError) unknown = NULL;
  g_autoptr (GError) out_of_range = NULL;
  g_autoptr (GError) no_such_enum = NULL;
  g_autoptr (GError) no_such_nick = NULL;
  g_autoptr (GError) twice = NULL;

  g_assert_null (
    malt_create_worker ("fake", NULL, &unknown, "uint", 5u, "ulonng", 5ul, "int", 5, NULL));
  g_assert_error (unknown, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
  g_assert_nonnull (strstr (unknown->message, "did you mean “ulong”?"));

  g_assert_null (malt_create_worker ("fake", NULL, &out_of_range, "uint", 5000u, NULL));
  g_assert_error (out_of_range, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
  g_assert_nonnull (strstr (out_of_range->message, "“5000”: it takes an integer from 1 to 1000"));

  g_assert_null (malt_create_worker ("fake", NULL, &no_such_enum, "mode", 3, NULL));
  g_assert_error (no_such_enum, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);

  g_assert_null (malt_create_worker ("fake", NULL, &no_such_nick, "mode", "lined", NULL));
  g_assert_error (no_such_nick, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
  g_assert_nonnull (strstr (no_such_nick->message, "did you mean “lines”?"));

  g_assert_null (malt_create_worker ("fake", NULL, &twice, "int", 1, "int", 2, NULL));
  g_assert_error (twice, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
}

static void
test_backend_by_environment (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltAbstractWorker) worker = NULL;

  g_setenv ("MALT_BACKEND", "fake", TRUE);
  worker = malt_create_worker (NULL, NULL, &error, NULL);
  g_unsetenv ("MALT_BACKEND");
  g_assert_no_error (error);
  g_assert_true (MALT_IS_FAKE_WORKER (worker));
}

static void
test_unknown_backend (void)
{
  g_autoptr (GError) varargs = NULL;
  g_autoptr (GError) options = NULL;

  g_assert_null (malt_create_worker ("fakir", NULL, &varargs, "uint", 5u, NULL));
  g_assert_error (varargs, MALT_ERROR, MALT_ERROR_UNKNOWN_BACKEND);
  g_assert_null (malt_create_worker_with_options ("fakir", NULL, NULL, &options));
  g_assert_error (options, MALT_ERROR, MALT_ERROR_UNKNOWN_BACKEND);
}

static void
test_too_deep (void)
{
  guint depth = malt_nesting_set_thread_depth (MALT_NESTING_MAX_DEPTH);
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltAbstractWorker) refused = malt_create_worker_with_options ("fake", NULL, NULL,
                                                                            &error);
  g_autoptr (MaltAbstractWorker) allowed = NULL;

  g_assert_cmpuint (depth, ==, 0);
  g_assert_null (refused);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_LIMIT);
  g_assert_nonnull (strstr (error->message, "inside of 10 others: at most 10"));

  g_assert_cmpuint (malt_nesting_set_thread_depth (MALT_NESTING_MAX_DEPTH - 1), ==,
                    MALT_NESTING_MAX_DEPTH);
  g_clear_error (&error);
  allowed = malt_create_worker_with_options ("fake", NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (allowed);
  malt_nesting_set_thread_depth (0);
}

static void
test_start_fails (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_assert_null (malt_create_worker ("fake", NULL, &error, "text", "fail", NULL));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  g_clear_error (&error);

  g_cancellable_cancel (cancellable);
  g_assert_null (malt_create_worker ("fake", cancellable, &error, NULL));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
store_result (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_assert_null (source);
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static MaltAbstractWorker *
create_asynchronously (const char  *name,
                       const char  *options,
                       GError     **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  malt_create_worker_async (name, options != NULL ? g_variant_new_parsed (options) : NULL, NULL,
                            store_result, &result);
  g_assert_null (result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);

  return malt_create_worker_finish (result, error);
}

static void
test_async (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltAbstractWorker) worker = create_asynchronously ("fake", "{'uint': <9>}", &error);
  g_autofree char *number = NULL;

  g_assert_no_error (error);
  number = malt_fake_worker_dup_option (MALT_FAKE_WORKER (worker), "uint");
  g_assert_cmpstr (number, ==, "9");
}

static void
test_async_fails (void)
{
  static const struct
  {
    const char *name;
    const char *options;
    MaltError   code;
  } cases[] = {
    { "fakir", NULL, MALT_ERROR_UNKNOWN_BACKEND },
    { "fake", "{'uint': <'x'>}", MALT_ERROR_INVALID_CONFIG },
    { "fake", "{'text': <'fail'>}", MALT_ERROR_START_FAILED },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (create_asynchronously (cases[i].name, cases[i].options, &error));
      g_assert_error (error, MALT_ERROR, (int) cases[i].code);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  malt_fake_worker_register ();

  g_test_add_func ("/malt/create-worker/options-are-converted", test_options_are_converted);
  g_test_add_func ("/malt/create-worker/wrong-options", test_wrong_options);
  g_test_add_func ("/malt/create-worker/long-value-is-cut", test_long_value_is_cut);
  g_test_add_func ("/malt/create-worker/varargs", test_varargs);
  g_test_add_func ("/malt/create-worker/wrong-varargs", test_wrong_varargs);
  g_test_add_func ("/malt/create-worker/backend-by-environment", test_backend_by_environment);
  g_test_add_func ("/malt/create-worker/unknown-backend", test_unknown_backend);
  g_test_add_func ("/malt/create-worker/too-deep", test_too_deep);
  g_test_add_func ("/malt/create-worker/start-fails", test_start_fails);
  g_test_add_func ("/malt/create-worker/async", test_async);
  g_test_add_func ("/malt/create-worker/async-fails", test_async_fails);

  return g_test_run ();
}

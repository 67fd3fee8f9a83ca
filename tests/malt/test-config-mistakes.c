/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fake-worker.h"
#include "tests/fixtures/plugins/fixture-worker.h"

#include <glib/gstdio.h>
#include <string.h>

/* What each message begins with when the text is no file. */
#define PREFIX "configuration:"

/* With fewer changes to a text under valgrind. */
#define N_CHANGES (g_getenv ("MALT_TEST_SLOW") != NULL ? 200 : 5000)

static const char good[] = "{\n"
                           "  \"default\": \"a\",\n"
                           "  \"plugin-path\": [ \"none\" ],\n"
                           "  \"profiles\": {\n"
                           "    \"a\": { \"backend\": \"fake\", \"uint\": 7,\n"
                           "           \"mode\": \"lines\" },\n"
                           "    \"b\": { \"extends\": \"a\", \"strings\": [ \"x\", \"\\u00e9\" ],\n"
                           "           \"dict\": { \"k\": [ 1, 2.5, true ] }, \"mode\": null }\n"
                           "  }\n"
                           "}\n";

/* The first mistake, after "configuration:". */
static const struct
{
  const char *json;
  const char *message;
} cases[] = {
  /* Not JSON. */
  { "", "1: it is not JSON: it ends where a value is expected" },
  { " \n ", "2: it is not JSON: it ends where a value is expected" },
  { "{", "1: it is not JSON: it ends where a name in quotes is expected" },
  { "{\n\"a\"", "2: it is not JSON: it ends where “:” is expected" },
  { "{\"a\":}", "1: it is not JSON: found “}” where a value is expected" },
  { "{\"a\":1", "1: it is not JSON: it ends where “,” or “}” is expected" },
  { "{\"a\":1,}", "1: it is not JSON: found “}” where a name in quotes is expected" },
  { "{\"a\":[1,]}", "1: it is not JSON: found “]” where a value is expected" },
  { "{\"a\":[1 2]}", "1: it is not JSON: found “2” where “,” or “]” is expected" },
  { "{a:1}", "1: it is not JSON: found “a” where a name in quotes is expected" },
  { "{} {}", "1: it is not JSON: found “{” where nothing more is expected" },
  { "{}\n// what", "2: it is not JSON: found “/” where nothing more is expected" },
  { "{\"a\":tru}", "1: it is not JSON: found “t” where a value is expected" },
  { "{\"a\":é}", "1: it is not JSON: found “é” where a value is expected" },
  { "{\"a\":\x01}", "1: it is not JSON: found U+0001 where a value is expected" },
  { "{\"a\":01}", "1: it is not JSON: found “1” where “,” or “}” is expected" },
  { "{\"a\":+1}", "1: it is not JSON: found “+” where a value is expected" },
  { "{\"a\":-}", "1: it is not JSON: found “}” where a digit is expected" },
  { "{\"a\":1.}", "1: it is not JSON: found “}” where a digit is expected" },
  { "{\"a\":1e}", "1: it is not JSON: found “}” where a digit is expected" },
  { "{\"a\":0x10}", "1: it is not JSON: found “x” where “,” or “}” is expected" },
  { "{\"a\":9223372036854775808}", "1: it is not JSON: a number that does not fit 64 bits" },
  { "{\"a\":1e999}", "1: it is not JSON: a number that does not fit 64 bits" },
  { "{\"a\":\"x", "1: it is not JSON: it ends where the quote that ends a string is expected" },
  { "{\"a\":\"x\n\"}",
    "1: it is not JSON: found U+000A where the quote that ends a string is expected" },
  { "{\"a\":\"\\q\"}",
    "1: it is not JSON: found “q” where one of \" \\ / b f n r t u, after a backslash, is "
    "expected" },
  { "{\"a\":\"\\u12\"}", "1: it is not JSON: found “\"” where a hexadecimal digit is expected" },
  { "{\"a\":\"\\u0000\"}", "1: it is not JSON: a string cannot hold the character U+0000" },
  { "{\"a\":\"\\ud800\"}",
    "1: it is not JSON: half a character, a surrogate without its other half" },
  { "{\"a\":\"\\ud800\\u0041\"}",
    "1: it is not JSON: half a character, a surrogate without its other half" },
  { "{\"a\":\"\\udc00\"}",
    "1: it is not JSON: half a character, a surrogate without its other half" },
  { "{}\n\xff", "2: it is not UTF-8" },

  /* The top. */
  { "[]", "1: found [], but it takes an object" },
  { "5", "1: found 5, but it takes an object" },
  { "{\n\"profile\": {}}", "2: profile: there is no such member; did you mean “profiles”?" },
  { "{\"xyzzy\": {}}",
    "1: xyzzy: there is no such member: not among default, plugin-path, profiles, $schema" },
  { "{\"\": {}}",
    "1: : there is no such member: not among default, plugin-path, profiles, $schema" },
  { "{\"a\\u001bb\": {}}",
    "1: a?b: there is no such member: not among default, plugin-path, profiles, $schema" },
  { "{\"$schema\": 5}", "1: $schema: found 5, but it takes the address of a schema" },
  { "{\"default\": 5}",
    "1: default: found 5, but it takes the name of a profile or of a backend" },
  { "{\"default\": \"\"}",
    "1: default: found \"\", but it takes the name of a profile or of a backend" },
  { "{\"default\": \"fakke\"}",
    "1: default: there is no profile or backend “fakke”; did you mean “fake”?" },
  { "{\"default\": \"ab\", \"profiles\": {\"abc\": {\"backend\": \"fake\"}}}",
    "1: default: there is no profile or backend “ab”; did you mean “abc”?" },
  { "{\"plugin-path\": \"x\"}", "1: plugin-path: found \"x\", but it takes an array of folders" },
  { "{\"plugin-path\": [\"x\",\n5]}",
    "2: plugin-path[1]: found 5, but it takes the name of a folder" },
  { "{\"plugin-path\": [\"\"]}",
    "1: plugin-path[0]: found \"\", but it takes the name of a folder" },
  { "{\"profiles\": []}", "1: profiles: found [], but it takes an object of profiles" },
  { "{\"profiles\": {\"\": {}}}", "1: profiles.: the name of a profile is empty" },
  { "{\"profiles\": {\"a\\n\": {}}}",
    "1: profiles.a?: the name of a profile is one that cannot be printed" },
  { "{\"profiles\": {\n\"a\": 5}}", "2: profiles.a: found 5, but it takes an object of options" },

  /* Twice. */
  { "{\"default\": \"fake\",\n\"default\": \"fake\"}", "2: default: it is there twice" },
  { "{\"profiles\": {\"a\": {\"backend\": \"fake\"},\n\"a\": {}}}",
    "2: profiles.a: it is there twice" },
  { "{\"profiles\": {\"a\": {\"backend\": \"fake\", \"uint\": 1,\n\"uint\": 2}}}",
    "2: profiles.a.uint: it is there twice" },
  { "{\"profiles\": {\"a\": {\"backend\": \"fake\", \"dict\": {\"k\": [{\"x\": 1, \"x\": 2}]}}}}",
    "1: profiles.a.dict.k[0].x: it is there twice" },

  /* Profiles. */
  { "{\"profiles\": {\"a\": {\"backend\": 5}}}",
    "1: profiles.a.backend: found 5, but it takes the name of a backend" },
  { "{\"profiles\": {\"a\": {\"backend\": \"\"}}}",
    "1: profiles.a.backend: found \"\", but it takes the name of a backend" },
  { "{\"profiles\": {\"a\": {\"backend\": \"fake\", \"extends\": 5}}}",
    "1: profiles.a.extends: found 5, but it takes the name of a profile" },
  { "{\"profiles\": {\"abc\": {\"backend\": \"fake\"}, \"b\": {\"extends\": \"abx\"}}}",
    "1: profiles.b.extends: there is no profile “abx”; did you mean “abc”?" },
  { "{\"profiles\": {\"a\": {\"extends\": \"fake\"}}}",
    "1: profiles.a.extends: there is no profile “fake”: not among a" },
  { "{\"profiles\": {\"a\": {\"extends\": \"a\"}}}", "1: profiles.a.extends: “a” extends “a”" },
  { "{\"profiles\": {\"c\": {\"extends\": \"b\"},\n\"a\": {\"extends\": \"b\"},\n"
    "\"b\": {\"extends\": \"a\"}}}",
    "2: profiles.a.extends: “a” extends “b” extends “a”" },

  /* Options. */
  { "{\"profiles\": {\"a\": {\"backend\": \"fake\",\n\"bolean\": true}}}",
    "2: profiles.a.bolean: there is no such option of backend “fake”; did you mean “boolean”?" },
  { "{\"profiles\": {\"a\": {\"backend\": \"fake\", \"extend\": \"b\"}}}",
    "1: profiles.a.extend: there is no such option of backend “fake”; did you mean “extends”?" },
  { "{\"profiles\": {\"a\": {\"backend\": \"fake\", \"boolean\": 1}}}",
    "1: profiles.a.boolean: found 1, but it takes true or false" },
  { "{\"profiles\": {\"a\": {\"backend\": \"fake\", \"uint\": \"7\"}}}",
    "1: profiles.a.uint: found \"7\", but it takes an integer from 1 to 1000" },
  { "{\"profiles\": {\"a\": {\"backend\": \"fake\", \"uint\": 1001}}}",
    "1: profiles.a.uint: found 1001, but it takes an integer from 1 to 1000" },
  { "{\"profiles\": {\"a\": {\"backend\": \"fake\", \"uint64\": -1}}}",
    "1: profiles.a.uint64: found -1, but it takes an integer from 0 to 18446744073709551615" },
  { "{\"profiles\": {\"a\": {\"backend\": \"fake\", \"int\": 1.5}}}",
    "1: profiles.a.int: found 1.5, but it takes an integer from -100 to 100" },
  { "{\"profiles\": {\"a\": {\"backend\": \"fake\", \"double\": 1.5}}}",
    "1: profiles.a.double: found 1.5, but it takes a number from -1 to 1" },
  { "{\"profiles\": {\"a\": {\"backend\": \"fake\", \"text\": {}}}}",
    "1: profiles.a.text: found {}, but it takes a string" },
  { "{\"profiles\": {\"a\": {\"backend\": \"fake\", \"strings\": [\"x\", 5]}}}",
    "1: profiles.a.strings: found [\"x\",5], but it takes an array of strings" },
  { "{\"profiles\": {\"a\": {\"backend\": \"fake\", \"mode\": \"line\"}}}",
    "1: profiles.a.mode: found \"line\", but it takes one of relay, lines, stream; "
    "did you mean “lines”?" },
  { "{\"profiles\": {\"a\": {\"backend\": \"fake\", \"features\": [\"loud\"]}}}",
    "1: profiles.a.features: found [\"loud\"], but it takes an array of some of none, fast, safe" },
  { "{\"profiles\": {\"a\": {\"backend\": \"fake\", \"dict\": 5}}}",
    "1: profiles.a.dict: found 5, but it takes a value of type “a{sv}”" },
  { "{\"profiles\": {\"a\": {\"backend\": \"fake\", \"dict\": {\"k\": null}}}}",
    "1: profiles.a.dict: found {\"k\":null}, but it takes a value of type “a{sv}”" },
  { "{\"profiles\": {\"a\": {\"backend\": \"fake\", \"object\": {}}}}",
    "1: profiles.a.object: found {}, but it takes a “GObject”, which only C code can give" },

  /* Where lines are not obvious: a value is where it begins. */
  { "{\"profiles\": {\"a\": {\"backend\": \"fake\",\n\"boolean\":\n{\n}\n}}}",
    "3: profiles.a.boolean: found {}, but it takes true or false" },
};

/* A backend without options. */
FIXTURE_DEFINE_WORKER (OtherWorker, other_worker, fixture_post)

static void
test_messages (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *expected = g_strconcat (PREFIX, cases[i].message, NULL);
      g_autofree char *printable = g_strescape (cases[i].json, NULL);
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", printable);
      g_assert_null (malt_config_new_from_data (cases[i].json, -1, &error));
      g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
      g_assert_cmpstr (error->message, ==, expected);
    }
}

static void
assert_starts (const char *json,
               gssize      length,
               const char *start)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (malt_config_new_from_data (json, length, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, start));
}

static void
test_unknown_backend (void)
{
  assert_starts ("{\"profiles\": {\n\"a\": {\"backend\": \"fakke\"}}}", -1,
                 PREFIX "2: profiles.a.backend: Cannot load backend “fakke”: not among fake");
  /* Nobody has said which, and “process” is not there. */
  assert_starts ("{\"profiles\": {\n\"a\": {}}}", -1,
                 PREFIX "2: profiles.a: Cannot load backend “process”");
}

static void
test_nul (void)
{
  assert_starts ("{}\n\0", 4, PREFIX "2: it has a NUL");
}

static void
test_too_large (void)
{
  g_autofree char *spaces = g_strnfill ((1 << 20) + 1, ' ');

  assert_starts (spaces, (1 << 20) + 1, "configuration: it is larger than 1048576 bytes");
}

static void
test_too_deep (void)
{
  g_autofree char *brackets = g_strnfill (1 << 20, '[');

  assert_starts (brackets, 1 << 20, PREFIX "1: it is not JSON: nested deeper than 32");
}

static void
test_chain_is_too_long (void)
{
  g_autoptr (GString) json = g_string_new ("{\"profiles\": {\"p0\": {\"backend\": \"fake\"}");
  g_autoptr (MaltConfig) config = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *whole = NULL;

  for (guint i = 1; i < 16; i++)
    g_string_append_printf (json, ",\n\"p%u\": {\"extends\": \"p%u\"}", i, i - 1);
  whole = g_strconcat (json->str, "}}", NULL);
  config = malt_config_new_from_data (whole, -1, &error);
  g_assert_no_error (error);

  g_string_append (json, ",\n\"p16\": {\"extends\": \"p15\"}}}");
  assert_starts (json->str, (gssize) json->len,
                 PREFIX "17: profiles.p16.extends: more than 16 profiles extend one another");
}

/* What is inherited by another backend is wrong there, and right where it stands. */
static void
test_inherited_by_another_backend (void)
{
  const char *json = "{\"profiles\": {\"a\": {\"backend\": \"fake\",\n\"uint\": 5},\n"
                     "\"b\": {\"extends\": \"a\", \"backend\": \"other\"}}}";

  assert_starts (json, -1,
                 PREFIX "2: profiles.a.uint: there is no such option of backend “other”: not among "
                        "backend, extends (for profile “b”, which extends it)");
}

/* Mistakes are said once, where they are, and in the order of the file. */
static void
test_all_mistakes (void)
{
  static const char json[] = "{\n"
                             "  \"profiles\": {\n"
                             "    \"b\": { \"extends\": \"a\", \"int\": \"x\" },\n"
                             "    \"a\": { \"backend\": \"fake\",\n"
                             "           \"uint\": 0 },\n"
                             "    \"c\": { \"extends\": \"d\" },\n"
                             "    \"d\": { \"extends\": \"nobody\" }\n"
                             "  },\n"
                             "  \"default\": \"nothing\"\n"
                             "}\n";
  static const char *const expected[] = {
    ":3: profiles.b.int: found \"x\", but it takes an integer from -100 to 100",
    ":5: profiles.a.uint: found 0, but it takes an integer from 1 to 1000",
    ":7: profiles.d.extends: there is no profile “nobody”: not among ",
    ":9: default: there is no profile or backend “nothing”",
  };
  g_autoptr (GFileIOStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile) file = g_file_new_tmp (NULL, &stream, &error);
  g_auto (GStrv) mistakes = NULL;

  g_assert_no_error (error);
  g_file_replace_contents (file, json, strlen (json), NULL, FALSE, 0, NULL, NULL, &error);
  g_assert_no_error (error);

  mistakes = malt_config_check_file (file, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (mistakes), ==, G_N_ELEMENTS (expected));
  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_autofree char *start = g_strconcat (g_file_peek_path (file), expected[i], NULL);

      g_test_message ("%s", mistakes[i]);
      g_assert_true (g_str_has_prefix (mistakes[i], start));
    }
  g_file_delete (file, NULL, NULL);
}

static void
test_many_mistakes (void)
{
  g_autoptr (GString) json = g_string_new ("{\"profiles\": {\"a\": {\"backend\": \"fake\"");

  for (guint i = 0; i < 5000; i++)
    g_string_append_printf (json, ",\n\"no-such-option-%u\": 1", i);
  g_string_append (json, "}}}");

  assert_starts (json->str, (gssize) json->len,
                 PREFIX "2: profiles.a.no-such-option-0: there is no");
}

static void
test_many_profiles (void)
{
  g_autoptr (GString) json = g_string_new ("{\"profiles\": {\"a\": {\"extends\": \"zz\"}");
  g_autofree char *most = NULL;

  for (guint i = 1; i < 256; i++)
    g_string_append_printf (json, ",\n\"p%u\": {\"extends\": \"zz\"}", i);
  most = g_strconcat (json->str, "}}", NULL);
  assert_starts (most, -1, PREFIX "1: profiles.a.extends: there is no profile “zz”");

  g_string_append (json, ", \"one-more\": {}}}");
  assert_starts (json->str, -1, PREFIX "1: profiles: found 257 profiles, but there may be 256");
}

/* What is read for each of them is as long as the file. */
static void
test_large_value_is_extended (void)
{
  g_autoptr (GString) json = g_string_new ("{\"profiles\": {\"a\": {\"backend\": \"fake\"");
  g_autofree char *text = g_strnfill (1 << 19, 'x');
  g_autofree char *once = NULL;
  g_autoptr (MaltConfig) config = NULL;
  g_autoptr (GError) error = NULL;

  g_string_append_printf (json, ", \"text\": \"%s\"},\n\"b\": {\"extends\": \"a\"}", text);
  once = g_strconcat (json->str, "}}", NULL);
  config = malt_config_new_from_data (once, -1, &error);
  g_assert_no_error (error);

  for (guint i = 0; i < 200; i++)
    g_string_append_printf (json, ",\n\"p%u\": {\"extends\": \"a\"}", i);
  g_string_append (json, "}}");
  assert_starts (json->str, -1, PREFIX "1: profiles.p0: what profiles take over from others is");
}

static void
test_many_plugin_folders (void)
{
  g_autoptr (GString) json = g_string_new ("{\n\"plugin-path\": [\"/nowhere\"");

  for (guint i = 0; i < 64; i++)
    g_string_append (json, ", \"/nowhere\"");
  g_string_append (json, "]}");

  assert_starts (json->str, -1, PREFIX "2: plugin-path: found 65 folders, but at most 64");
}

/* They stay, so that a file that is read again and again must not add others for ever. */
static void
test_many_files_with_plugin_folders (void)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 2000 && error == NULL; i++)
    {
      g_autofree char *json = g_strdup_printf ("{\"plugin-path\": [\"/nowhere/%u\"]}", i);
      g_autoptr (MaltConfig) config = malt_config_new_from_data (json, -1, &error);
    }

  g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
  g_assert_true (g_str_has_prefix (error->message, PREFIX "1: plugin-path: too many folders"));
}

/* An error names its line, and nothing crashes. Every part of the text counts for something, so
 * that none of its beginnings is right. */
static void
check_survives (const char *json,
                gsize       length)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltConfig) config = malt_config_new_from_data (json, (gssize) length, &error);

  if (config != NULL)
    return;

  g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
  g_assert_true (g_str_has_prefix (error->message, PREFIX));
  g_assert_true (g_ascii_isdigit (error->message[strlen (PREFIX)]));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static void
test_prefixes (void)
{
  g_autoptr (MaltConfig) config = NULL;
  g_autoptr (GError) error = NULL;

  config = malt_config_new_from_data (good, -1, &error);
  g_assert_no_error (error);

  for (gsize length = 0; length < strlen (good); length++)
    {
      g_autofree char *prefix = g_strndup (good, length);
      g_autoptr (GError) prefix_error = NULL;

      /* All but the last newline counts. */
      if (length < strlen (good) - 1)
        g_assert_null (malt_config_new_from_data (prefix, (gssize) length, &prefix_error));
      check_survives (prefix, length);
    }
}

static void
test_changed_bytes (void)
{
  for (int i = 0; i < N_CHANGES; i++)
    {
      g_autofree char *changed = g_strdup (good);

      for (int n = g_test_rand_int_range (1, 4); n > 0; n--)
        changed[g_test_rand_int_range (0, strlen (good))] = (char) g_test_rand_int_range (0, 256);
      check_survives (changed, strlen (good));
    }
}

/* Others than the bytes of a letter are more often what JSON is made of. */
static void
test_changed_tokens (void)
{
  static const char tokens[] = "{}[]:,\"\\0123.-eEtfnu\n a";

  for (int i = 0; i < N_CHANGES; i++)
    {
      g_autoptr (GString) changed = g_string_new (good);

      for (int n = g_test_rand_int_range (1, 4); n > 0; n--)
        {
          gssize place = g_test_rand_int_range (0, changed->len);
          char token = tokens[g_test_rand_int_range (0, strlen (tokens))];

          if (g_test_rand_bit ())
            g_string_insert_c (changed, place, token);
          else
            g_string_erase (changed, place, 1);
        }
      check_survives (changed->str, changed->len);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  malt_fake_worker_register ();
  g_io_extension_point_implement (MALT_WORKER_EXTENSION_POINT, other_worker_get_type (), "other",
                                  0);

  g_test_add_func ("/malt/config-mistakes/messages", test_messages);
  g_test_add_func ("/malt/config-mistakes/unknown-backend", test_unknown_backend);
  g_test_add_func ("/malt/config-mistakes/nul", test_nul);
  g_test_add_func ("/malt/config-mistakes/too-large", test_too_large);
  g_test_add_func ("/malt/config-mistakes/too-deep", test_too_deep);
  g_test_add_func ("/malt/config-mistakes/chain-is-too-long", test_chain_is_too_long);
  g_test_add_func ("/malt/config-mistakes/inherited-by-another-backend",
                   test_inherited_by_another_backend);
  g_test_add_func ("/malt/config-mistakes/all-mistakes", test_all_mistakes);
  g_test_add_func ("/malt/config-mistakes/many-mistakes", test_many_mistakes);
  g_test_add_func ("/malt/config-mistakes/many-profiles", test_many_profiles);
  g_test_add_func ("/malt/config-mistakes/large-value-is-extended", test_large_value_is_extended);
  g_test_add_func ("/malt/config-mistakes/many-plugin-folders", test_many_plugin_folders);
  g_test_add_func ("/malt/config-mistakes/prefixes", test_prefixes);
  g_test_add_func ("/malt/config-mistakes/changed-bytes", test_changed_bytes);
  g_test_add_func ("/malt/config-mistakes/changed-tokens", test_changed_tokens);
  g_test_add_func ("/malt/config-mistakes/many-files-with-plugin-folders",
                   test_many_files_with_plugin_folders);

  return g_test_run ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/programs/malt-cli-private.h"

#include <malt/malt-plugin.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define STDIN_ARGUMENT "@-"
#define STDIN_EXPRESSION "-"

#define READ_CHUNK_BYTES (64u * 1024)

/* GLib keeps files, not descriptors that may be pipes or terminals. */
static GBytes *
read_stdin (GError **error)
{
  g_autoptr (GByteArray) contents = g_byte_array_new ();
  g_autofree guint8 *chunk = g_malloc (READ_CHUNK_BYTES);
  gssize n_read;

  while ((n_read = read (STDIN_FILENO, chunk, READ_CHUNK_BYTES)) != 0)
    {
      if (n_read > 0)
        {
          g_byte_array_append (contents, chunk, (guint) n_read);
        }
      else if (errno != EINTR)
        {
          g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                       "Cannot read standard input: %s", g_strerror (errno));
          return NULL;
        }
    }

  return g_byte_array_free_to_bytes (g_steal_pointer (&contents));
}

/* Text is text, what is not is bytes: the rule that results follow, too. */
static GVariant *
new_value_from_stdin (GError **error)
{
  g_autoptr (GBytes) bytes = read_stdin (error);
  g_autofree char *text = NULL;
  gsize size;
  const char *data;

  if (bytes == NULL)
    return NULL;

  data = g_bytes_get_data (bytes, &size);
  if (!g_utf8_validate (data, (gssize) size, NULL))
    return g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE));

  text = g_strndup (data, size);
  return g_variant_ref_sink (g_variant_new_string (text));
}

gboolean
malt_cli_check_utf8 (const char  *word,
                     GError     **error)
{
  g_autofree char *shown = NULL;

  if (g_utf8_validate (word, -1, NULL))
    return TRUE;

  shown = g_utf8_make_valid (word, -1);
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "“%s” is not UTF-8 (bytes as an argument are written b'\\ooo', in octal)", shown);
  return FALSE;
}

gboolean
malt_cli_check_function (const char  *word,
                         GError     **error)
{
  if (word != NULL && *word != '\0')
    return malt_cli_check_utf8 (word, error);

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "The name of a function is %s: expected “module.function”",
               word == NULL ? "missing" : "empty");
  return FALSE;
}

/* (transfer full). A word is a value in GVariant text format when it can be read as one, else a
 * string. */
GVariant *
malt_cli_parse_argument (const char  *word,
                         GError     **error)
{
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) parse_error = NULL;

  if (strcmp (word, STDIN_ARGUMENT) == 0)
    return new_value_from_stdin (error);
  if (!malt_cli_check_utf8 (word, error))
    return NULL;

  value = malt_parse_variant (NULL, word, -1, &parse_error);
  if (value != NULL)
    return g_steal_pointer (&value);

  if (!g_error_matches (parse_error, G_VARIANT_PARSE_ERROR,
                        G_VARIANT_PARSE_ERROR_NUMBER_OUT_OF_RANGE)
      && !g_error_matches (parse_error, G_VARIANT_PARSE_ERROR,
                           G_VARIANT_PARSE_ERROR_NUMBER_TOO_BIG))
    return g_variant_ref_sink (g_variant_new_string (word));

  /* 3000000000 is a number to everybody, though no int32. */
  value = g_variant_parse (G_VARIANT_TYPE_INT64, word, NULL, NULL, NULL);
  if (value == NULL)
    value = g_variant_parse (G_VARIANT_TYPE_UINT64, word, NULL, NULL, NULL);
  if (value == NULL)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "“%s” has a number out of range: give its type, as in “int64 3000000000”", word);

  return g_steal_pointer (&value);
}

/* (transfer full): a tuple. */
GVariant *
malt_cli_parse_arguments (char   **words,
                          GError **error)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_TUPLE);

  for (guint i = 0; words[i] != NULL; i++)
    {
      g_autoptr (GVariant) value = malt_cli_parse_argument (words[i], error);

      if (value == NULL)
        return NULL;
      g_variant_builder_add_value (&builder, value);
    }

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/* "uint32 42" or "@u 42" is what it says. */
static gboolean
has_type (const char *word)
{
  return word[0] == '@' || (g_ascii_isalpha (word[0]) && strchr (word, ' ') != NULL);
}

/* (transfer full): what the word is for a function that wants another type than it looks like; the
 * value itself when it is nothing of that type, so that the worker says what it takes. */
static GVariant *
fit_argument (GVariant           *value,
              const char         *word,
              const GVariantType *type)
{
  GVariant *fitting;

  if (g_variant_is_of_type (value, type))
    return g_variant_ref (value);

  if (g_variant_type_equal (type, G_VARIANT_TYPE_VARIANT))
    return g_variant_ref_sink (g_variant_new_variant (value));

  if (has_type (word) && !g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return g_variant_ref (value);

  if (g_variant_type_equal (type, G_VARIANT_TYPE_STRING))
    return g_variant_ref_sink (g_variant_new_string (word));

  fitting = malt_parse_variant (type, word, -1, NULL);
  if (fitting != NULL)
    return fitting;

  if (g_variant_type_equal (type, G_VARIANT_TYPE_BYTESTRING))
    {
      const char *text = g_variant_is_of_type (value, G_VARIANT_TYPE_STRING)
                           ? g_variant_get_string (value, NULL) : word;

      return g_variant_ref_sink (g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, text,
                                                            strlen (text), 1));
    }

  return g_variant_ref (value);
}

/* (transfer full): what malt_cli_parse_arguments() made of the words, for a function that takes
 * this tuple. */
GVariant *
malt_cli_fit_arguments (GVariant            *args,
                        char               **words,
                        const GVariantType  *signature)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_TUPLE);
  const GVariantType *type;

  if (!g_variant_type_is_tuple (signature)
      || g_variant_type_equal (signature, G_VARIANT_TYPE_TUPLE)
      || g_variant_type_n_items (signature) != g_variant_n_children (args))
    return g_variant_ref (args);

  type = g_variant_type_first (signature);
  for (guint i = 0; type != NULL; i++, type = g_variant_type_next (type))
    {
      g_autoptr (GVariant) value = g_variant_get_child_value (args, i);
      g_autoptr (GVariant) fitting = fit_argument (value, words[i], type);

      g_variant_builder_add_value (&builder, fitting);
    }

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/* (transfer full) (nullable): a{sv} of words NAME=VALUE; NULL without an error for none. */
GVariant *
malt_cli_parse_keywords (char   **words,
                         GError **error)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  if (words == NULL)
    return NULL;

  for (guint i = 0; words[i] != NULL; i++)
    {
      const char *equals = strchr (words[i], '=');
      g_autofree char *name = NULL;
      g_autoptr (GVariant) value = NULL;

      if (!malt_cli_check_utf8 (words[i], error))
        return NULL;
      if (equals == NULL || equals == words[i])
        {
          g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                       "“%s” is not of the form NAME=VALUE", words[i]);
          return NULL;
        }

      name = g_strndup (words[i], (gsize) (equals - words[i]));
      value = malt_cli_parse_argument (equals + 1, error);
      if (value == NULL)
        return NULL;
      g_variant_builder_add (&builder, "{sv}", name, value);
    }

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

char *
malt_cli_read_expression (const char  *word,
                          GError     **error)
{
  g_autoptr (GVariant) text = NULL;

  if (strcmp (word, STDIN_EXPRESSION) != 0)
    return malt_cli_check_utf8 (word, error) ? g_strdup (word) : NULL;

  text = new_value_from_stdin (error);
  if (text == NULL)
    return NULL;
  if (g_variant_is_of_type (text, G_VARIANT_TYPE_STRING))
    return g_variant_dup_string (text, NULL);

  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                       "Standard input is not UTF-8 text");
  return NULL;
}

void
malt_cli_print_value (GVariant      *value,
                      MaltCliFormat  format)
{
  g_autofree char *text = NULL;

  /* What Lua's own interpreter prints for nothing. */
  if (format == MALT_CLI_FORMAT_TEXT && g_variant_is_of_type (value, G_VARIANT_TYPE_UNIT))
    return;

  if (format == MALT_CLI_FORMAT_JSON)
    text = malt_cli_value_to_json (value);
  else
    text = g_variant_print (value, format == MALT_CLI_FORMAT_TYPED_TEXT);

  malt_cli_print (stdout, "%s\n", text);
}

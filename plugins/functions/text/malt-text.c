/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The function module "text": counts what is in files.
 *
 *   text.count (s)        path → (ttt): lines, words, bytes
 *   text.count_files (as) paths → a{s(ttt)}, path → counts; fails with the first that fails
 *
 * As wc counts in the C locale: a line is a newline byte, so that what follows the last one is
 * none; a word is what stands between bytes that are white space there (space, \t, \n, \v, \f,
 * \r). It may be made of whatever it likes, as POSIX has it, where wc of coreutils 9.1 passes
 * over one without a printing character, which in the C locale means without ASCII. Paths are
 * absolute, or relative to the worker's working directory. Both run on pool threads, report
 * progress and end soon after they are cancelled.
 *
 * Errors, of G_IO_ERROR: what reading a file fails with, with its path, IS_DIRECTORY and
 * NOT_REGULAR_FILE among it. */

#include "malt-file-pieces.h"

typedef struct
{
  guint64  lines;
  guint64  words;
  guint64  bytes;
  gboolean in_word; /* a word may go on in the next piece */
} Counts;

static gboolean
is_space (guint8 byte)
{
  return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static void
count_piece (const guint8 *data,
             gsize         length,
             gpointer      user_data)
{
  Counts *counts = user_data;
  gboolean in_word = counts->in_word;
  guint64 lines = 0;
  guint64 words = 0;

  for (gsize i = 0; i < length; i++)
    {
      gboolean is_of_word = !is_space (data[i]);

      lines += data[i] == '\n';
      words += is_of_word && !in_word;
      in_word = is_of_word;
    }

  counts->in_word = in_word;
  counts->lines += lines;
  counts->words += words;
  counts->bytes += length;
}

static GVariant *
count (MaltInvocation  *invocation,
       const char      *path,
       MaltFileShare    share,
       GError         **error)
{
  Counts counts = { 0 };

  if (!malt_file_pieces_read (invocation, path, share, count_piece, &counts, error))
    return NULL;

  return g_variant_new ("(ttt)", counts.lines, counts.words, counts.bytes);
}

static GVariant *
text_count (MaltInvocation  *invocation,
            GVariant        *args,
            GVariant        *kwargs,
            gpointer         user_data,
            GError         **error)
{
  const MaltFileShare whole = { 0, 1 };
  const char *path;

  g_variant_get (args, "(&s)", &path);

  return count (invocation, path, whole, error);
}

static GVariant *
text_count_files (MaltInvocation  *invocation,
                  GVariant        *args,
                  GVariant        *kwargs,
                  gpointer         user_data,
                  GError         **error)
{
  g_auto (GVariantBuilder) counts = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{s(ttt)}"));
  g_autofree const char **paths = NULL;
  MaltFileShare share = { 0, 0 };

  g_variant_get (args, "(^a&s)", &paths);
  share.total = g_strv_length ((char **) paths);
  for (; share.index < share.total; share.index++)
    {
      GVariant *of_file = count (invocation, paths[share.index], share, error);

      if (of_file == NULL)
        return NULL;
      g_variant_builder_add (&counts, "{s@(ttt)}", paths[share.index], of_file);
    }

  return g_variant_builder_end (&counts);
}

gboolean
malt_function_module_load (MaltModule  *module,
                           GError     **error)
{
  malt_module_add_function (module, "count", "(s)", MALT_FUNCTION_FLAGS_THREADED,
                            text_count, NULL, NULL);
  malt_module_add_function (module, "count_files", "(as)", MALT_FUNCTION_FLAGS_THREADED,
                            text_count_files, NULL, NULL);

  return TRUE;
}

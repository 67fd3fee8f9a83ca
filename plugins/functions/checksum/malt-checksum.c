/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The function module "checksum": digests, in hexadecimal, as sha256sum and its like print them.
 *
 *   checksum.file (ss)   algorithm, path → s
 *   checksum.files (sas) algorithm, paths → a{ss}, path → digest; fails with the first that fails
 *   checksum.bytes (say) algorithm, bytes → s
 *
 * Algorithms: "md5", "sha1", "sha256", "sha384", "sha512". Paths are absolute, or relative to
 * the worker's working directory. All run on pool threads, report progress and end soon after
 * they are cancelled.
 *
 * Errors, of G_IO_ERROR: INVALID_ARGUMENT for another algorithm; what reading a file fails with,
 * with its path, IS_DIRECTORY and NOT_REGULAR_FILE among it. */

#include "malt-file-pieces.h"

/* Bytes in memory are hashed in pieces too, so that cancelling works: about a millisecond each. */
#define PIECE_BYTES (256 * 1024)

static const struct
{
  const char    *name;
  GChecksumType  type;
} algorithms[] = {
  { "md5", G_CHECKSUM_MD5 },
  { "sha1", G_CHECKSUM_SHA1 },
  { "sha256", G_CHECKSUM_SHA256 },
  { "sha384", G_CHECKSUM_SHA384 },
  { "sha512", G_CHECKSUM_SHA512 },
};

static GChecksum *
new_checksum (const char  *algorithm,
              GError     **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (algorithms); i++)
    if (g_str_equal (algorithms[i].name, algorithm))
      return g_checksum_new (algorithms[i].type);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Cannot compute “%s”: not among md5, sha1, sha256, sha384, sha512", algorithm);

  return NULL;
}

static void
update (const guint8 *data,
        gsize         length,
        gpointer      user_data)
{
  g_checksum_update (user_data, data, (gssize) length);
}

static GVariant *
checksum_file (MaltInvocation  *invocation,
               GVariant        *args,
               GVariant        *kwargs,
               gpointer         user_data,
               GError         **error)
{
  const MaltFileShare whole = { 0, 1 };
  g_autoptr (GChecksum) checksum = NULL;
  const char *algorithm;
  const char *path;

  g_variant_get (args, "(&s&s)", &algorithm, &path);
  checksum = new_checksum (algorithm, error);
  if (checksum == NULL
      || !malt_file_pieces_read (invocation, path, whole, update, checksum, error))
    return NULL;

  return g_variant_new_string (g_checksum_get_string (checksum));
}

static GVariant *
checksum_files (MaltInvocation  *invocation,
                GVariant        *args,
                GVariant        *kwargs,
                gpointer         user_data,
                GError         **error)
{
  g_auto (GVariantBuilder) digests = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{ss}"));
  g_autofree const char **paths = NULL;
  g_autoptr (GChecksum) checksum = NULL;
  MaltFileShare share = { 0, 0 };
  const char *algorithm;

  g_variant_get (args, "(&s^a&s)", &algorithm, &paths);
  checksum = new_checksum (algorithm, error);
  if (checksum == NULL)
    return NULL;

  share.total = g_strv_length ((char **) paths);
  for (; share.index < share.total; share.index++)
    {
      const char *path = paths[share.index];

      g_checksum_reset (checksum);
      if (!malt_file_pieces_read (invocation, path, share, update, checksum, error))
        return NULL;
      g_variant_builder_add (&digests, "{ss}", path, g_checksum_get_string (checksum));
    }

  return g_variant_builder_end (&digests);
}

static GVariant *
checksum_bytes (MaltInvocation  *invocation,
                GVariant        *args,
                GVariant        *kwargs,
                gpointer         user_data,
                GError         **error)
{
  GCancellable *cancellable = malt_invocation_get_cancellable (invocation);
  g_autoptr (GVariant) bytes = NULL;
  g_autoptr (GChecksum) checksum = NULL;
  const char *algorithm;
  const guint8 *data;
  gsize size;

  g_variant_get (args, "(&s@ay)", &algorithm, &bytes);
  checksum = new_checksum (algorithm, error);
  if (checksum == NULL)
    return NULL;

  data = g_variant_get_fixed_array (bytes, &size, 1);
  for (gsize done = 0; done < size;)
    {
      gsize length = MIN (size - done, PIECE_BYTES);

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      update (data + done, length, checksum);
      done += length;
      malt_invocation_report_progress (invocation, (double) done / (double) size, NULL);
    }

  return g_variant_new_string (g_checksum_get_string (checksum));
}

gboolean
malt_function_module_load (MaltModule  *module,
                           GError     **error)
{
  malt_module_add_function (module, "file", "(ss)", MALT_FUNCTION_FLAGS_THREADED,
                            checksum_file, NULL, NULL);
  malt_module_add_function (module, "files", "(sas)", MALT_FUNCTION_FLAGS_THREADED,
                            checksum_files, NULL, NULL);
  malt_module_add_function (module, "bytes", "(say)", MALT_FUNCTION_FLAGS_THREADED,
                            checksum_bytes, NULL, NULL);

  return TRUE;
}

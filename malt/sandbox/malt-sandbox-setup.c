/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/sandbox/malt-sandbox-setup.h"

#include "malt/sandbox/malt-sandbox-filter-private.h"
#include "malt/sandbox/malt-sandbox-landlock-private.h"
#include "malt/sandbox/malt-sandbox-seccomp-private.h"

#include <string.h>

/* What libc and GLib read while a worker runs. */
static const char *const always_readable[] = {
  "/dev/null", "/dev/urandom", "/etc/localtime", "/usr/share/zoneinfo",
};

/* What a worker says that it has applied, with the first profile that promises it. */
static const struct
{
  const char  *name;
  MaltSandbox  first;
} promises[] = {
  { "no-new-privs", MALT_SANDBOX_LIMITS },
  { "limits", MALT_SANDBOX_LIMITS },
  { "not-dumpable", MALT_SANDBOX_STRICT },
  { "landlock", MALT_SANDBOX_STRICT },
  { "seccomp", MALT_SANDBOX_STRICT },
};

static void
add_limits (GVariantDict             *setup,
            const MaltSandboxOptions *options)
{
  g_variant_dict_insert (setup, "memory-limit", "t", options->memory_limit);
  g_variant_dict_insert (setup, "cpu-limit", "t", (guint64) options->cpu_limit);
  g_variant_dict_insert (setup, "fd-limit", "t", (guint64) options->fd_limit);
  g_variant_dict_insert (setup, "file-size-limit", "t", options->file_size_limit);
  /* Elsewhere the kernel would count what else the user runs. */
  if (options->profile == MALT_SANDBOX_ISOLATED)
    g_variant_dict_insert (setup, "task-limit", "t", (guint64) options->task_limit);
}

static void
add_paths (GVariantBuilder   *builder,
           const char *const *paths,
           gsize              n_paths)
{
  for (gsize i = 0; i < n_paths; i++)
    {
      g_autofree char *path = g_canonicalize_filename (paths[i], NULL);

      g_variant_builder_add (builder, "^ay", path);
    }
}

static GVariant *
new_readable (const MaltSandboxOptions *options,
              const char *const        *folders)
{
  const char *const *read_paths = (const char *const *) options->read_paths;
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aay"));

  add_paths (&builder, always_readable, G_N_ELEMENTS (always_readable));
  add_paths (&builder, folders, folders != NULL ? g_strv_length ((char **) folders) : 0);
  add_paths (&builder, read_paths, read_paths != NULL ? g_strv_length ((char **) read_paths) : 0);

  return g_variant_builder_end (&builder);
}

/* (transfer full), NULL with an error when something of the kernel's, or libseccomp, is missing. */
static GBytes *
get_filter (const MaltSandboxOptions  *options,
            GError                   **error)
{
  const char *reason = NULL;
  GBytes *filter = NULL;
  g_autoptr (GError) filter_error = NULL;

  if (malt_sandbox_landlock_get_abi (&reason) == 0)
    malt_sandbox_set_error (error, options->profile, "it needs Landlock: %s", reason);
  else if (!malt_sandbox_seccomp_is_there (&reason))
    malt_sandbox_set_error (error, options->profile, "it needs seccomp: %s", reason);
  else
    {
      filter = malt_sandbox_filter_get (options->allow_native_code, &filter_error);
      if (filter == NULL)
        malt_sandbox_set_error (error, options->profile, "it needs a seccomp filter: %s",
                                filter_error->message);
    }

  return filter;
}

/**
 * malt_sandbox_new_setup: (skip)
 * @options: with a profile that is not %MALT_SANDBOX_NONE
 * @folders: (nullable): what is to be readable besides, such as the folders of
 *   the worker's modules; those that do not exist are left out
 * @error: return location for an error
 *
 * Makes what a worker is told about its sandbox, as the member `sandbox` of its
 * set-up. Any thread; the first call in a process takes about a millisecond more,
 * for the system calls of a worker are compiled once.
 *
 * Errors: %MALT_ERROR_SANDBOX_UNAVAILABLE when the kernel, or this program, cannot
 * do what the profile promises.
 *
 * Returns: (transfer full): `a{sv}`
 *
 * Since: 0.1
 */
GVariant *
malt_sandbox_new_setup (const MaltSandboxOptions  *options,
                        const char *const         *folders,
                        GError                   **error)
{
  g_auto (GVariantDict) setup = G_VARIANT_DICT_INIT (NULL);

  g_return_val_if_fail (options != NULL && options->profile != MALT_SANDBOX_NONE, NULL);

  g_variant_dict_insert (&setup, "profile", "s", malt_sandbox_get_name (options->profile));
  add_limits (&setup, options);
  if (options->profile >= MALT_SANDBOX_STRICT)
    {
      g_autoptr (GBytes) filter = get_filter (options, error);

      if (filter == NULL)
        return NULL;

      g_variant_dict_insert_value (&setup, "readable", new_readable (options, folders));
      g_variant_dict_insert_value (&setup, "filter",
                                   g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, filter,
                                                             TRUE));
    }

  return g_variant_ref_sink (g_variant_dict_end (&setup));
}

/* "landlock-7" is "landlock". */
static gboolean
has_applied (const char *const *applied,
             const char        *name)
{
  for (gsize i = 0; applied != NULL && applied[i] != NULL; i++)
    {
      const char *rest = g_str_has_prefix (applied[i], name) ? applied[i] + strlen (name) : NULL;

      if (rest != NULL && (*rest == '\0' || *rest == '-'))
        return TRUE;
    }

  return FALSE;
}

/**
 * malt_sandbox_check_hello: (skip)
 * @profile: what the worker was told to apply
 * @hello: `a{sv}`, what it says about itself
 * @error: return location for an error
 *
 * Compares what a worker says that it has applied, as member `sandbox` of its
 * greeting, with what the profile promises. A worker that does not know of
 * sandboxes, because its program is older, is found out here; the backend ends it.
 *
 * Errors: %MALT_ERROR_SANDBOX_UNAVAILABLE, naming what is missing.
 *
 * Returns: whether the promise is kept
 *
 * Since: 0.1
 */
gboolean
malt_sandbox_check_hello (MaltSandbox   profile,
                          GVariant     *hello,
                          GError      **error)
{
  g_autofree const char **applied = NULL;

  g_return_val_if_fail (g_variant_is_of_type (hello, G_VARIANT_TYPE_VARDICT), FALSE);

  g_variant_lookup (hello, "sandbox", "^a&s", &applied);
  for (guint i = 0; i < G_N_ELEMENTS (promises); i++)
    if (profile >= promises[i].first
        && !has_applied ((const char *const *) applied, promises[i].name))
      {
        malt_sandbox_set_error (error, profile, "the worker program did not apply “%s”",
                                promises[i].name);
        return FALSE;
      }

  return TRUE;
}

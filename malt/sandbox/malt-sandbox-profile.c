/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/sandbox/malt-sandbox-profile-private.h"

#include "malt/malt-error.h"

/**
 * MaltSandbox:
 * @MALT_SANDBOX_NONE: not at all
 * @MALT_SANDBOX_LIMITS: against accidents: memory, descriptors, sizes of files, CPU time
 * @MALT_SANDBOX_STRICT: against malice: files, network, processes, signals, new code
 * @MALT_SANDBOX_ISOLATED: in namespaces of its own as well
 *
 * How a worker is confined, by the option `sandbox`. Each profile has all of the one
 * before it. What each promises is in the chapter [Sandboxes](security.html).
 *
 * Since: 0.1
 */
G_DEFINE_ENUM_TYPE (MaltSandbox, malt_sandbox,
                    G_DEFINE_ENUM_VALUE (MALT_SANDBOX_NONE, "none"),
                    G_DEFINE_ENUM_VALUE (MALT_SANDBOX_LIMITS, "limits"),
                    G_DEFINE_ENUM_VALUE (MALT_SANDBOX_STRICT, "strict"),
                    G_DEFINE_ENUM_VALUE (MALT_SANDBOX_ISOLATED, "isolated"))

static const char *const names[] = { "none", "limits", "strict", "isolated" };

/**
 * malt_sandbox_get_name: (skip)
 * @profile: a profile
 *
 * Gets the name of a profile, as in configurations.
 *
 * Returns: (transfer none): the name
 *
 * Since: 0.1
 */
const char *
malt_sandbox_get_name (MaltSandbox profile)
{
  g_return_val_if_fail ((guint) profile < G_N_ELEMENTS (names), NULL);

  return names[profile];
}

gboolean
malt_sandbox_parse (const char   *name,
                    MaltSandbox  *profile,
                    GError      **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_equal (names[i], name))
      {
        *profile = (MaltSandbox) i;
        return TRUE;
      }

  g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
               "There is no sandbox profile “%s”: expected none, limits, strict or isolated", name);

  return FALSE;
}

/**
 * malt_sandbox_set_error: (skip)
 * @error: (out) (optional): where it goes
 * @profile: what was asked for, not %MALT_SANDBOX_NONE
 * @format: what is missing, as for printf()
 * @...: for @format
 *
 * Sets the %MALT_ERROR_SANDBOX_UNAVAILABLE that says so, and which weaker
 * profile the user may choose instead. Nobody chooses it for them.
 *
 * Since: 0.1
 */
void
malt_sandbox_set_error (GError      **error,
                        MaltSandbox   profile,
                        const char   *format,
                        ...)
{
  g_autofree char *missing = NULL;
  va_list args;

  g_return_if_fail (profile > MALT_SANDBOX_NONE && profile <= MALT_SANDBOX_ISOLATED);

  va_start (args, format);
  missing = g_strdup_vprintf (format, args);
  va_end (args);

  g_set_error (error, MALT_ERROR, MALT_ERROR_SANDBOX_UNAVAILABLE,
               "The sandbox profile “%s” is not available: %s (the next weaker one is “%s”)",
               names[profile], missing, names[profile - 1]);
}

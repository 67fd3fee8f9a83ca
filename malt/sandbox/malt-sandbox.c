/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/sandbox/malt-sandbox.h"

#include "malt/sandbox/malt-sandbox-launcher-private.h"
#include "malt/sandbox/malt-sandbox-profile-private.h"
#include "malt/sandbox/malt-sandbox-setup.h"

/**
 * malt_sandbox_check:
 * @profile: `none`, `limits`, `strict` or `isolated`
 * @error: return location for an error
 *
 * Tells whether workers can be confined by a profile here: whether the kernel and
 * the programs that it takes are there. A worker may fail to start all the same,
 * with the same error.
 *
 * A worker never gets a weaker profile than was asked for; a program that wants
 * to go on with one asks here first. Any thread; for `isolated` the first call in
 * a process runs `/usr/bin/bwrap`, whatever the option `bwrap-path` of a worker
 * will be, and blocks for some milliseconds.
 *
 * Errors: %MALT_ERROR_SANDBOX_UNAVAILABLE, naming what is missing, why, and the
 * next weaker profile; %MALT_ERROR_INVALID_CONFIG when there is no such profile.
 *
 * Returns: whether there is what the profile takes
 *
 * Since: 0.1
 */
gboolean
malt_sandbox_check (const char  *profile,
                    GError     **error)
{
  MaltSandboxOptions options = { .profile = MALT_SANDBOX_NONE };
  g_autoptr (GVariant) setup = NULL;

  g_return_val_if_fail (profile != NULL, FALSE);

  if (!malt_sandbox_parse (profile, &options.profile, error))
    return FALSE;
  if (options.profile == MALT_SANDBOX_NONE)
    return TRUE;

  setup = malt_sandbox_new_setup (&options, NULL, error);
  if (setup == NULL)
    return FALSE;

  return options.profile < MALT_SANDBOX_ISOLATED || malt_sandbox_launcher_probe (error);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/sandbox/malt-sandbox-mechanisms.h"

#include "malt/sandbox/malt-sandbox-filter-private.h"
#include "malt/sandbox/malt-sandbox-landlock-private.h"
#include "malt/sandbox/malt-sandbox-options.h"
#include "malt/sandbox/malt-sandbox-seccomp-private.h"

#include <errno.h>
#include <unistd.h>

static void
add_landlock (GVariantBuilder *builder)
{
  const char *reason = NULL;
  guint abi = malt_sandbox_landlock_get_abi (&reason);
  g_autofree char *version = g_strdup_printf ("version %u", abi);

  g_variant_builder_add (builder, "(sbs)", "Landlock", abi > 0, abi > 0 ? version : reason);
}

static void
add_seccomp (GVariantBuilder *builder)
{
  const char *reason = "";
  gboolean is_there = malt_sandbox_seccomp_is_there (&reason);

  g_variant_builder_add (builder, "(sbs)", "seccomp", is_there, reason);
}

static void
add_libseccomp (GVariantBuilder *builder)
{
  g_autofree char *reason = NULL;
  gboolean is_there = malt_sandbox_filter_is_there (&reason);

  g_variant_builder_add (builder, "(sbs)", "libseccomp", is_there, reason != NULL ? reason : "");
}

static void
add_bubblewrap (GVariantBuilder *builder)
{
  gboolean is_there = access (MALT_SANDBOX_BWRAP_PATH, X_OK) == 0;
  g_autofree char *reason = g_strdup_printf ("%s: %s", MALT_SANDBOX_BWRAP_PATH, g_strerror (errno));

  g_variant_builder_add (builder, "(sbs)", "bubblewrap", is_there,
                         is_there ? MALT_SANDBOX_BWRAP_PATH : reason);
}

/**
 * malt_sandbox_list_mechanisms: (skip)
 *
 * Lists what profiles are made of, for people: whether each mechanism is there,
 * and its version, or why it is not. Any thread.
 *
 * Returns: (transfer full): `a(sbs)`: name, whether it is there, text
 *
 * Since: 0.1
 */
GVariant *
malt_sandbox_list_mechanisms (void)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(sbs)"));

  add_landlock (&builder);
  add_seccomp (&builder);
  add_libseccomp (&builder);
  add_bubblewrap (&builder);

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

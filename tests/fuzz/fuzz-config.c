/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fuzz.h"
#include "tests/malt/malt-fake-worker.h"

/* The bytes of a configuration; what can be read is asked for everything it knows. */

/* A file may have thousands of profiles, which are all alike. */
#define PROFILES_MAX 8u

static void
use_profile (MaltConfig *config,
             const char *profile)
{
  g_autofree char *description = malt_config_describe_profile (config, profile, NULL);
  g_auto (GStrv) options = malt_config_list_options (config, profile, NULL);
  g_autoptr (MaltBackend) backend = malt_config_lookup_backend (config, profile, NULL);
  g_autoptr (MaltAbstractWorker) worker = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (description);
  g_assert_true (g_utf8_validate (description, -1, NULL));
  g_assert_nonnull (options);
  g_assert_nonnull (backend);

  worker = malt_config_create_worker (config, profile, NULL, &error);
  g_assert_true ((worker == NULL) == (error != NULL));
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  static gboolean is_registered;
  g_autoptr (MaltConfig) config = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) profiles = NULL;

  if (!is_registered)
    malt_fake_worker_register ();
  is_registered = TRUE;

  config = malt_config_new_from_data ((const char *) data, (gssize) size, &error);
  g_assert_true ((config == NULL) == (error != NULL));
  if (config == NULL)
    {
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return 0;
    }

  profiles = malt_config_list_profiles (config);
  for (guint i = 0; profiles[i] != NULL && i < PROFILES_MAX; i++)
    use_profile (config, profiles[i]);

  return 0;
}

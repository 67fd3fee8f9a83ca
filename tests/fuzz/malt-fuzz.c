/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fuzz.h"

#include <signal.h>

/* What an input names is not found by chance, and nobody who sends garbage makes us print. */
int
LLVMFuzzerInitialize (int    *argc,
                      char ***argv)
{
  g_setenv ("MALT_CONFIG", "", TRUE);
  g_setenv ("MALT_PLUGIN_PATH", "", TRUE);
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
  signal (SIGPIPE, SIG_IGN);

  return 0;
}

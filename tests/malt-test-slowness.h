/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* How many times as slow as usual this run is, for a sanitizer or valgrind looks on. */
static inline guint
malt_test_get_slowness (void)
{
  const char *text = g_getenv ("MALT_TEST_SLOW");
  guint64 factor = text != NULL ? g_ascii_strtoull (text, NULL, 10) : 1;

  return CLAMP (factor, 1, 1000);
}

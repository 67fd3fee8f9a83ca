/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include <string.h>

/* ThreadSanitizer gives a signal that is sent to a loop in an evaluator's language when the loop is
 * over. */
#if defined (__SANITIZE_THREAD__)
#define MALT_TEST_HOLDS_SIGNALS_BACK TRUE
#else
#define MALT_TEST_HOLDS_SIGNALS_BACK FALSE
#endif

/* How many times as slow as usual this run is, for a sanitizer or valgrind looks on. */
static inline guint
malt_test_get_slowness (void)
{
  const char *text = g_getenv ("MALT_TEST_SLOW");
  guint64 factor = text != NULL ? g_ascii_strtoull (text, NULL, 10) : 1;

  return CLAMP (factor, 1, 1000);
}

/* It keeps the limit of descriptors to itself, and knows no Landlock. */
static inline gboolean
malt_test_is_valgrind (void)
{
  const char *preloaded = g_getenv ("LD_PRELOAD");

  return preloaded != NULL && strstr (preloaded, "valgrind") != NULL;
}

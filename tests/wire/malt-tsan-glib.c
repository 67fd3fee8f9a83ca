/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <gio/gio.h>

#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

/* Tells ThreadSanitizer what it cannot see of a GLib that is built without it: GMutex is made of
 * futexes, and references are counted inside. Linked into tests of a build with
 * -Db_sanitize=thread only. */

#define REAL(name) \
  static __typeof__ (name) *real; \
  if (G_UNLIKELY (real == NULL)) \
    real = (__typeof__ (name) *) dlsym (RTLD_NEXT, #name)

void
g_mutex_lock (GMutex *mutex)
{
  REAL (g_mutex_lock);
  real (mutex);
  __tsan_acquire (mutex);
}

void
g_mutex_unlock (GMutex *mutex)
{
  REAL (g_mutex_unlock);
  __tsan_release (mutex);
  real (mutex);
}

gboolean
g_mutex_trylock (GMutex *mutex)
{
  gboolean is_locked;

  REAL (g_mutex_trylock);
  is_locked = real (mutex);
  if (is_locked)
    __tsan_acquire (mutex);

  return is_locked;
}

void
g_cond_wait (GCond  *cond,
             GMutex *mutex)
{
  REAL (g_cond_wait);
  __tsan_release (mutex);
  real (cond, mutex);
  __tsan_acquire (mutex);
}

/* The one that frees comes after all others. */
void
g_object_unref (gpointer object)
{
  REAL (g_object_unref);
  __tsan_release (object);
  __tsan_acquire (object);
  real (object);
}

void
g_variant_unref (GVariant *value)
{
  REAL (g_variant_unref);
  __tsan_release (value);
  __tsan_acquire (value);
  real (value);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <gio/gio.h>

#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

/* Tells ThreadSanitizer what it cannot see of a GLib that is built without it: its mutexes are made
 * of futexes, and references are counted and sources handed over inside. Linked into whatever uses
 * malt in a build with -Db_sanitize=thread, and in no other.
 *
 * Only what GLib documents to order its callers is told: what happened before one of these
 * functions released something happened before another thread acquired it. */

#define REAL(name) \
  static __typeof__ (name) *found; \
  __typeof__ (name) *real = __atomic_load_n (&found, __ATOMIC_RELAXED); \
  if (G_UNLIKELY (real == NULL)) \
    { \
      real = dlsym (RTLD_NEXT, #name); \
      __atomic_store_n (&found, real, __ATOMIC_RELAXED); \
    }

#define ACQUIRES(name, type) \
  void \
  name (type *lock) \
  { \
    REAL (name); \
    real (lock); \
    __tsan_acquire (lock); \
  }

#define TRIES_TO_ACQUIRE(name, type) \
  gboolean \
  name (type *lock) \
  { \
    gboolean is_locked; \
    REAL (name); \
    is_locked = real (lock); \
    if (is_locked) \
      __tsan_acquire (lock); \
    return is_locked; \
  }

#define RELEASES(name, type) \
  void \
  name (type *lock) \
  { \
    REAL (name); \
    __tsan_release (lock); \
    real (lock); \
  }

/* The one that frees comes after all others. */
#define UNREFS(name, type) \
  void \
  name (type *object) \
  { \
    REAL (name); \
    __tsan_release (object); \
    __tsan_acquire (object); \
    real (object); \
  }

/* Compiled in, since a worker has an environment of its own. What GLib itself does in libc is not
 * looked at. A worker that found something ends, so that its test fails. */
const char *__tsan_default_options (void);

const char *
__tsan_default_options (void)
{
  return "ignore_noninstrumented_modules=1:atexit_sleep_ms=0:halt_on_error=1:"
         "second_deadlock_stack=1";
}

/* Where GLib hands over from one thread to another with no function that could be told from. */
const char *__tsan_default_suppressions (void);

const char *
__tsan_default_suppressions (void)
{
  /* g_async_initable_init_async() as GLib does it by default, in a thread of GTask; and the class
   * of a type, which one thread has made and another gets. */
  return "race:malt_fake_worker_initable_do\n"
         "race:malt_evaluator_new\n";
}

ACQUIRES (g_mutex_lock, GMutex)
TRIES_TO_ACQUIRE (g_mutex_trylock, GMutex)
RELEASES (g_mutex_unlock, GMutex)
ACQUIRES (g_rec_mutex_lock, GRecMutex)
TRIES_TO_ACQUIRE (g_rec_mutex_trylock, GRecMutex)
RELEASES (g_rec_mutex_unlock, GRecMutex)

void
g_cond_wait (GCond  *cond,
             GMutex *mutex)
{
  REAL (g_cond_wait);
  __tsan_release (mutex);
  real (cond, mutex);
  __tsan_acquire (mutex);
}

gboolean
g_cond_wait_until (GCond  *cond,
                   GMutex *mutex,
                   gint64  end_time)
{
  gboolean is_met;

  REAL (g_cond_wait_until);
  __tsan_release (mutex);
  is_met = real (cond, mutex, end_time);
  __tsan_acquire (mutex);

  return is_met;
}

/* What enters looks at the location with an atomic operation, which acquires it; but who has waited
 * here for another does not look again. */
gboolean
(g_once_init_enter) (volatile void *location)
{
  gboolean is_first;

  REAL (g_once_init_enter);
  is_first = real (location);
  if (!is_first)
    __tsan_acquire ((void *) location);

  return is_first;
}

void
(g_once_init_leave) (volatile void *location,
                     gsize          result)
{
  REAL (g_once_init_leave);
  __tsan_release ((void *) location);
  real (location, result);
}

/* Runs within the last g_object_unref(), before the object is finalized. */
static void
acquire_at_end (gpointer  data,
                GObject  *object)
{
  __tsan_acquire (object);
}

/* Whoever is not the last only counts down, so that the last one acquires after all others
 * released: also after those who took and gave back a reference through a GWeakRef at the last
 * moment. Nobody here has toggle references, which GLib would tell of it. */
void
g_object_unref (gpointer object)
{
  guint *count = (guint *) &G_OBJECT (object)->ref_count;
  guint old = __atomic_load_n (count, __ATOMIC_ACQUIRE);

  REAL (g_object_unref);
  __tsan_release (object);
  while (old > 1)
    if (__atomic_compare_exchange_n (count, &old, old - 1, FALSE, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE))
      return;
  __tsan_acquire (object);
  g_object_weak_ref (object, acquire_at_end, NULL);
  real (object);
}

UNREFS (g_variant_unref, GVariant)
UNREFS (g_bytes_unref, GBytes)
UNREFS (g_source_unref, GSource)
UNREFS (g_main_context_unref, GMainContext)
UNREFS (g_atomic_rc_box_release, void)

void
g_atomic_rc_box_release_full (gpointer       box,
                              GDestroyNotify clear)
{
  REAL (g_atomic_rc_box_release_full);
  __tsan_release (box);
  __tsan_acquire (box);
  real (box, clear);
}

/* Counted here: between what would be told and GLib's own counting another thread could come. */
gboolean
(g_atomic_ref_count_dec) (gatomicrefcount *count)
{
  return __atomic_fetch_sub (count, 1, __ATOMIC_ACQ_REL) == 1;
}

typedef struct
{
  gatomicrefcount count;
  GSourceFunc     func;
  gpointer        data;
  GDestroyNotify  notify;
} Callback;

static void
callback_ref (gpointer user_data)
{
  Callback *self = user_data;

  g_atomic_ref_count_inc (&self->count);
}

static void
callback_unref (gpointer user_data)
{
  Callback *self = user_data;

  if (!g_atomic_ref_count_dec (&self->count))
    return;
  if (self->notify != NULL)
    self->notify (self->data);
  g_free (self);
}

/* In the thread that dispatches, just before it. */
static void
callback_get (gpointer     user_data,
              GSource     *source,
              GSourceFunc *func,
              gpointer    *data)
{
  Callback *self = user_data;

  __tsan_acquire (source);
  *func = self->func;
  *data = self->data;
}

void
g_source_set_callback (GSource        *source,
                       GSourceFunc     func,
                       gpointer        data,
                       GDestroyNotify  notify)
{
  static GSourceCallbackFuncs funcs = { callback_ref, callback_unref, callback_get };
  Callback *self = g_new0 (Callback, 1);

  g_atomic_ref_count_init (&self->count);
  self->func = func;
  self->data = data;
  self->notify = notify;
  __tsan_release (source);
  g_source_set_callback_indirect (source, self, &funcs);
}

guint
g_source_attach (GSource      *source,
                 GMainContext *context)
{
  REAL (g_source_attach);
  __tsan_release (source);

  return real (source, context);
}

/* Under the lock of the context, as g_source_attach() is. */
void
g_source_set_ready_time (GSource *source,
                         gint64   ready_time)
{
  REAL (g_source_set_ready_time);
  __tsan_release (source);
  real (source, ready_time);
  __tsan_acquire (source);
}

/* As GLib does it, but with the functions above. */
void
g_main_context_invoke_full (GMainContext   *context,
                            int             priority,
                            GSourceFunc     func,
                            gpointer        data,
                            GDestroyNotify  notify)
{
  g_autoptr (GSource) source = NULL;

  REAL (g_main_context_invoke_full);
  if (g_main_context_is_owner (context))
    {
      real (context, priority, func, data, notify);
      return;
    }

  source = g_idle_source_new ();
  g_source_set_priority (source, priority);
  g_source_set_callback (source, func, data, notify);
  g_source_attach (source, context);
}

void
g_main_context_invoke (GMainContext *context,
                       GSourceFunc   func,
                       gpointer      data)
{
  g_main_context_invoke_full (context, G_PRIORITY_DEFAULT, func, data, NULL);
}

#define TASK_FUNC "malt-tsan-func"

static void
run_task (GTask        *task,
          gpointer      source,
          gpointer      task_data,
          GCancellable *cancellable)
{
  GTaskThreadFunc func;

  __tsan_acquire (task);
  func = (GTaskThreadFunc) g_object_get_data (G_OBJECT (task), TASK_FUNC);
  func (task, source, task_data, cancellable);
}

void
g_task_run_in_thread (GTask           *task,
                      GTaskThreadFunc  func)
{
  REAL (g_task_run_in_thread);
  g_object_set_data (G_OBJECT (task), TASK_FUNC, (gpointer) func);
  __tsan_release (task);
  real (task, run_task);
}

typedef struct
{
  GFunc    func;
  gpointer data;
} PoolFunc;

static void
run_in_pool (gpointer data,
             gpointer user_data)
{
  PoolFunc *self = user_data;

  __tsan_acquire (data);
  self->func (data, self->data);
}

/* What a pool needs lives as long as the program: pools are few. */
GThreadPool *
g_thread_pool_new_full (GFunc           func,
                        gpointer        data,
                        GDestroyNotify  free_item,
                        int             n_threads,
                        gboolean        is_exclusive,
                        GError        **error)
{
  PoolFunc *self = g_new0 (PoolFunc, 1);

  REAL (g_thread_pool_new_full);
  self->func = func;
  self->data = data;

  return real (run_in_pool, self, free_item, n_threads, is_exclusive, error);
}

gboolean
g_thread_pool_push (GThreadPool  *pool,
                    gpointer      data,
                    GError      **error)
{
  REAL (g_thread_pool_push);
  __tsan_release (data);

  return real (pool, data, error);
}

void
g_async_queue_push (GAsyncQueue *queue,
                    gpointer     data)
{
  REAL (g_async_queue_push);
  __tsan_release (data);
  real (queue, data);
}

gpointer
g_async_queue_pop (GAsyncQueue *queue)
{
  gpointer data;

  REAL (g_async_queue_pop);
  data = real (queue);
  __tsan_acquire (data);

  return data;
}

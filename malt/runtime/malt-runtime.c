/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/runtime/malt-runtime-private.h"

#include "malt/runtime/malt-namespace-private.h"

/**
 * MaltRuntime:
 *
 * The place where code runs: function modules, an evaluator, and what knows which calls are
 * unfinished, behind one [method@Runtime.dispatch].
 *
 * Each worker has one, in a process or in a thread. For an evaluator it is the rest of the worker;
 * whoever carries calls into a worker of a new kind makes one:
 *
 * ```c
 * MaltRuntime *runtime = malt_runtime_new ("lua", NULL, NULL, NULL, watch_context, &error);
 * MaltInvocation *invocation = malt_invocation_new (runtime, 1, "malt.sleep",
 *                                                   g_variant_new ("(d)", 0.5), NULL,
 *                                                   &carrier, &answer);
 *
 * malt_runtime_dispatch (runtime, invocation);
 * while (!answer.is_there)
 *   g_main_context_iteration (malt_runtime_get_context (runtime), TRUE);
 * ```
 *
 * The thread that makes it is its own, and the context that is the thread-default one there is
 * where calls that wait go on. The executing thread is its own one, unless a carrier has another
 * thread execute for a time, while its own sleeps: one at a time, each seeing what the one before
 * has done, and only for what [method@Runtime.get_dispatch] allows.
 *
 * When the last reference is dropped, in its own thread, everything is told to end as by
 * [method@Runtime.stop], functions in pool threads are waited for, what is not answered then ends
 * with the error of [method@Invocation.new_cancel_error], and the evaluator is closed.
 *
 * It starts no worker, and it is not for a program that wants one: backends do that.
 *
 * Since: 0.1
 */
G_DEFINE_FINAL_TYPE (MaltRuntime, malt_runtime, G_TYPE_OBJECT)

/* Answers what evaluators and waiting calls hold. */
static void
abandon_unfinished (MaltRuntime *self)
{
  g_autoptr (GPtrArray) unfinished = malt_scheduler_dup_unfinished (self->scheduler);

  for (guint i = 0; i < unfinished->len; i++)
    malt_invocation_abandon (g_ptr_array_index (unfinished, i));
}

static void
malt_runtime_dispose (GObject *object)
{
  MaltRuntime *self = MALT_RUNTIME (object);

  if (self->scheduler != NULL)
    {
      malt_scheduler_stop (self->scheduler);
      g_clear_pointer (&self->threads, malt_function_threads_free);
      abandon_unfinished (self);
    }
  if (self->evaluator != NULL)
    malt_evaluator_close (self->evaluator);

  g_clear_pointer (&self->channels, malt_channels_free);
  g_clear_pointer (&self->alarms, malt_alarms_free);
  g_clear_object (&self->evaluator);
  g_clear_pointer (&self->namespace, malt_namespace_free);
  g_clear_pointer (&self->scheduler, malt_scheduler_free);

  G_OBJECT_CLASS (malt_runtime_parent_class)->dispose (object);
}

static void
malt_runtime_finalize (GObject *object)
{
  MaltRuntime *self = MALT_RUNTIME (object);

  g_clear_pointer (&self->default_module, g_free);
  g_clear_pointer (&self->module_path, g_strfreev);
  g_clear_pointer (&self->context, g_main_context_unref);

  G_OBJECT_CLASS (malt_runtime_parent_class)->finalize (object);
}

static void
malt_runtime_class_init (MaltRuntimeClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = malt_runtime_dispose;
  G_OBJECT_CLASS (klass)->finalize = malt_runtime_finalize;
}

static void
malt_runtime_init (MaltRuntime *self)
{
  self->context = g_main_context_ref_thread_default ();
}

static gboolean
open_evaluator (MaltRuntime  *self,
                const char   *name,
                GVariant     *options,
                GError      **error)
{
  g_autoptr (GVariant) no_options = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  g_autoptr (MaltEvaluator) evaluator = malt_evaluator_new (name, error);

  if (evaluator == NULL
      || !malt_evaluator_open (evaluator, self, options != NULL ? options : no_options, error))
    return FALSE;

  self->evaluator = g_steal_pointer (&evaluator);

  return TRUE;
}

/**
 * malt_runtime_new:
 * @evaluator: (nullable): the name of an evaluator, UTF-8; %NULL for functions of modules alone
 * @evaluator_options: (nullable): the evaluator's own options, `a{sv}`, consumed if it is floating;
 *   %NULL for none
 * @module_path: (nullable) (array zero-terminated=1): folders in which function modules are looked
 *   for, in that order and before the installed one, in the encoding of file names
 * @modules: (nullable) (array zero-terminated=1): names of function modules that are loaded at
 *   once, when the evaluator is open; their preload functions run, too
 * @watch_context: a main context that another thread iterates; it keeps the deadlines of calls, so
 *   that a time-out works while the executing thread is in an endless loop
 * @error: return location for an error
 *
 * Makes a runtime, whose own thread is the calling one. It starts no thread, and runs nothing but
 * the start of the evaluator and of @modules, for which it blocks.
 *
 * @watch_context is needed until the runtime has ended.
 *
 * Errors: %MALT_ERROR_START_FAILED if there is no such evaluator, or one that is not complete;
 * what its [vfunc@Evaluator.open] fails with; %MALT_ERROR_REMOTE_EXCEPTION of the type
 * `malt.import` if one of
 * @modules cannot be loaded.
 *
 * Returns: (transfer full): a new runtime
 *
 * Since: 0.1
 */
MaltRuntime *
malt_runtime_new (const char         *evaluator,
                  GVariant           *evaluator_options,
                  const char *const  *module_path,
                  const char *const  *modules,
                  GMainContext       *watch_context,
                  GError            **error)
{
  static const char *const none[] = { NULL };
  g_autoptr (GVariant) options = NULL;
  g_autoptr (MaltRuntime) self = NULL;

  g_return_val_if_fail (watch_context != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);
  g_return_val_if_fail (evaluator_options == NULL
                        || g_variant_is_of_type (evaluator_options, G_VARIANT_TYPE_VARDICT), NULL);

  options = evaluator_options != NULL ? g_variant_ref_sink (evaluator_options) : NULL;
  self = g_object_new (MALT_TYPE_RUNTIME, NULL);
  self->module_path = g_strdupv ((char **) (module_path != NULL ? module_path : none));
  self->scheduler = malt_scheduler_new (watch_context);
  self->namespace = malt_namespace_new (module_path);

  if (evaluator != NULL && !open_evaluator (self, evaluator, options, error))
    return NULL;

  for (guint i = 0; modules != NULL && modules[i] != NULL; i++)
    if (malt_namespace_preload (self->namespace, modules[i], error) == NULL)
      return NULL;

  return g_steal_pointer (&self);
}

/**
 * malt_runtime_get_context:
 * @self: a runtime
 *
 * Gets the main context in which calls that wait go on: the thread-default one of when and where
 * the runtime was made. May be called in any thread.
 *
 * Returns: (transfer none): the context
 *
 * Since: 0.1
 */
GMainContext *
malt_runtime_get_context (MaltRuntime *self)
{
  g_return_val_if_fail (MALT_IS_RUNTIME (self), NULL);

  return self->context;
}

/**
 * malt_runtime_get_module_path:
 * @self: a runtime
 *
 * Gets the folders that it was made with, in which function modules are looked for before the
 * installed one. May be called in any thread.
 *
 * Returns: (transfer none) (array zero-terminated=1): the folders as they were given, in the
 *   encoding of file names; empty if there are none
 *
 * Since: 0.1
 */
const char *const *
malt_runtime_get_module_path (MaltRuntime *self)
{
  g_return_val_if_fail (MALT_IS_RUNTIME (self), NULL);

  return (const char *const *) self->module_path;
}

MaltScheduler *
malt_runtime_get_scheduler (MaltRuntime *self)
{
  return self->scheduler;
}

MaltEvaluator *
malt_runtime_get_evaluator (MaltRuntime *self)
{
  return self->evaluator;
}

/**
 * malt_runtime_set_default_module:
 * @self: a runtime
 * @module: (nullable): a module of the evaluator, UTF-8; %NULL, as at first, for the evaluator's
 *   own default one
 *
 * Sets what evaluations are in that name no module. To be called in the executing thread.
 *
 * Since: 0.1
 */
void
malt_runtime_set_default_module (MaltRuntime *self,
                                 const char  *module)
{
  g_return_if_fail (MALT_IS_RUNTIME (self));

  g_free (self->default_module);
  self->default_module = g_strdup (module);
}

const char *
malt_runtime_get_default_module (MaltRuntime *self)
{
  return self->default_module != NULL ? self->default_module : "";
}

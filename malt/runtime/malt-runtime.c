/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/runtime/malt-runtime-private.h"

#include "malt/runtime/malt-namespace-private.h"

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

/* `evaluator` NULL: a worker of C functions alone. Errors: MALT_ERROR_START_FAILED when there is
 * no such evaluator; what its open() or the import of one of the modules fails with. */
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

GMainContext *
malt_runtime_get_context (MaltRuntime *self)
{
  g_return_val_if_fail (MALT_IS_RUNTIME (self), NULL);

  return self->context;
}

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

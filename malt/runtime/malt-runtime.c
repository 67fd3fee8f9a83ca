/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/runtime/malt-runtime-private.h"

#include "malt/malt-error.h"
#include "malt/malt-names-private.h"
#include "malt/runtime/malt-builtins-private.h"
#include "malt/runtime/malt-function-threads-private.h"
#include "malt/runtime/malt-namespace-private.h"

#include <string.h>

/* What runs code. The scheduler knows what is unfinished and may be asked in any thread, all
 * else belongs to the executing thread. Invocations borrow the runtime; at its end it answers
 * for those that have not been answered, so none of them looks for it afterwards. */
struct _MaltRuntime
{
  GObject              parent_instance;

  /* Immutable after construction. */
  GMainContext        *context;     /* owned */
  char               **module_path; /* owned */
  MaltScheduler       *scheduler;   /* owned; thread safe */

  /* Executing thread only. */
  MaltNamespace       *namespace;   /* owned */
  MaltEvaluator       *evaluator;   /* owned (nullable); open */
  MaltFunctionThreads *threads;     /* owned; NULL until a function needs them */
  MaltChannels        *channels;    /* owned; NULL until there is one */
  MaltAlarms          *alarms;      /* owned; NULL until there is one */
  MaltReportFunc       report_func; /* (nullable) */
  gpointer             report_data;
  char                *default_module; /* owned (nullable) */
};

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

MaltChannels *
malt_runtime_get_channels (MaltRuntime *self)
{
  if (self->channels == NULL)
    self->channels = malt_channels_new (self);

  return self->channels;
}

MaltAlarms *
malt_runtime_get_alarms (MaltRuntime *self)
{
  if (self->alarms == NULL)
    self->alarms = malt_alarms_new (self->context);

  return self->alarms;
}

guint64
malt_runtime_add_alarm (MaltRuntime   *self,
                        gint64         time_us,
                        MaltAlarmFunc  func,
                        gpointer       user_data)
{
  g_return_val_if_fail (MALT_IS_RUNTIME (self), 0);
  g_return_val_if_fail (func != NULL, 0);

  return malt_alarms_add (malt_runtime_get_alarms (self), time_us, func, user_data, NULL);
}

void
malt_runtime_remove_alarm (MaltRuntime *self,
                           guint64      id)
{
  g_return_if_fail (MALT_IS_RUNTIME (self));

  /* An evaluator may let go of its own when the runtime has none any more. */
  if (self->alarms != NULL)
    malt_alarms_remove (self->alarms, id);
}

const char *
malt_runtime_export_channel (MaltRuntime      *self,
                             MaltLocalChannel *channel)
{
  g_return_val_if_fail (MALT_IS_RUNTIME (self), NULL);
  g_return_val_if_fail (MALT_IS_LOCAL_CHANNEL (channel), NULL);

  return malt_channels_export (malt_runtime_get_channels (self), channel);
}

MaltLocalChannel *
malt_runtime_lookup_channel (MaltRuntime *self,
                             const char  *path)
{
  g_return_val_if_fail (MALT_IS_RUNTIME (self), NULL);
  g_return_val_if_fail (path != NULL, NULL);

  return self->channels != NULL ? malt_channels_lookup (self->channels, path) : NULL;
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
take_names (GPtrArray  *names,
            char      **more)
{
  for (guint i = 0; more[i] != NULL; i++)
    g_ptr_array_add (names, more[i]);
  g_free (more);
}

char **
malt_runtime_list_functions (MaltRuntime *self)
{
  g_autoptr (GPtrArray) builtins = g_ptr_array_new ();
  GPtrArray *names = g_ptr_array_new ();

  malt_builtin_list (builtins);
  for (guint i = 0; i < builtins->len; i++)
    g_ptr_array_add (names, g_strdup (g_ptr_array_index (builtins, i)));
  take_names (names, malt_namespace_list_functions (self->namespace));
  if (self->evaluator != NULL)
    take_names (names, malt_evaluator_list_functions (self->evaluator));

  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);

  return (char **) g_ptr_array_free (names, FALSE);
}

static void
run_function (MaltRuntime              *self,
              MaltInvocation           *invocation,
              const MaltModuleFunction *function)
{
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;

  if (!malt_invocation_check_args (invocation, function->signature))
    return;

  if (function->flags & MALT_FUNCTION_FLAGS_THREADED)
    {
      if (self->threads == NULL)
        self->threads = malt_function_threads_new (self->context);
      malt_function_threads_push (self->threads, invocation, function);
      return;
    }

  malt_invocation_start (invocation);
  value = malt_module_function_call (function, invocation, &error);
  malt_invocation_finish (invocation, value, error);
}

/* `module` is what may be one in the name; nullable. */
static void
answer_unknown (MaltRuntime    *self,
                MaltInvocation *invocation,
                const char     *module)
{
  const char *name = malt_invocation_get_function (invocation);
  g_auto (GStrv) known = malt_runtime_list_functions (self);
  const char *near = malt_names_find_nearest (name, (const char *const *) known);
  g_autofree char *absence =
    module != NULL ? malt_namespace_explain_absence (self->namespace, module) : NULL;
  g_autoptr (GError) error = NULL;

  if (near != NULL)
    g_set_error (&error, MALT_ERROR, MALT_ERROR_UNKNOWN_FUNCTION,
                 "There is no function “%s”; did you mean “%s”?", name, near);
  else
    g_set_error (&error, MALT_ERROR, MALT_ERROR_UNKNOWN_FUNCTION, "There is no function “%s”%s%s",
                 name, absence != NULL ? ": " : "", absence != NULL ? absence : "");

  malt_invocation_finish (invocation, NULL, error);
}

/* The last resort: "module.function" of a module that is not loaded yet. */
static void
import_and_run (MaltRuntime    *self,
                MaltInvocation *invocation)
{
  const char *name = malt_invocation_get_function (invocation);
  const char *dot = strchr (name, '.');
  g_autofree char *module = dot != NULL ? g_strndup (name, (gsize) (dot - name)) : NULL;
  const MaltModuleFunction *function;
  g_autoptr (GError) error = NULL;

  if (module == NULL || !malt_namespace_has (self->namespace, module))
    {
      answer_unknown (self, invocation, module);
      return;
    }

  if (malt_namespace_import (self->namespace, module, &error) == NULL)
    {
      malt_invocation_finish (invocation, NULL, error);
      return;
    }

  function = malt_namespace_lookup (self->namespace, name);
  if (function != NULL)
    run_function (self, invocation, function);
  else
    answer_unknown (self, invocation, module);
}

void
malt_runtime_dispatch (MaltRuntime    *self,
                       MaltInvocation *invocation)
{
  const MaltModuleFunction *function;
  const MaltBuiltin *builtin;
  const char *name;
  g_autoptr (GError) error = NULL;

  g_return_if_fail (MALT_IS_RUNTIME (self));
  g_return_if_fail (invocation != NULL);
  g_return_if_fail (invocation->scheduler == self->scheduler);

  if (!malt_scheduler_add (self->scheduler, invocation, &error))
    {
      malt_invocation_finish (invocation, NULL, error);
      return;
    }

  name = malt_invocation_get_function (invocation);
  if ((builtin = malt_builtin_lookup (name)) != NULL)
    malt_builtin_run (builtin, self, invocation);
  else if ((function = malt_namespace_lookup (self->namespace, name)) != NULL)
    run_function (self, invocation, function);
  else if (self->evaluator != NULL && malt_evaluator_has_function (self->evaluator, name))
    {
      malt_invocation_start (invocation);
      malt_evaluator_call (self->evaluator, invocation, name);
    }
  else
    import_and_run (self, invocation);
}

MaltDispatch
malt_runtime_get_dispatch (MaltRuntime *self,
                           const char  *function)
{
  const MaltBuiltin *builtin = malt_builtin_lookup (function);
  const MaltModuleFunction *found;

  if (builtin != NULL)
    return malt_builtin_get_dispatch (builtin);

  found = malt_namespace_lookup (self->namespace, function);
  if (found == NULL)
    return MALT_DISPATCH_OWN_THREAD;

  return found->flags & MALT_FUNCTION_FLAGS_THREADED ? MALT_DISPATCH_AT_ONCE
                                                     : MALT_DISPATCH_ANY_THREAD;
}

void
malt_runtime_cancel (MaltRuntime *self,
                     guint64      id)
{
  g_return_if_fail (MALT_IS_RUNTIME (self));

  malt_scheduler_cancel (self->scheduler, id);
}

void
malt_runtime_interrupt (MaltRuntime *self,
                        guint64      up_to)
{
  g_return_if_fail (MALT_IS_RUNTIME (self));

  malt_scheduler_interrupt (self->scheduler, up_to);
}

void
malt_runtime_interrupt_latest (MaltRuntime *self)
{
  g_return_if_fail (MALT_IS_RUNTIME (self));

  malt_scheduler_interrupt_latest (self->scheduler);
}

void
malt_runtime_stop (MaltRuntime *self)
{
  g_return_if_fail (MALT_IS_RUNTIME (self));

  malt_scheduler_stop (self->scheduler);
}

guint
malt_runtime_get_n_unfinished (MaltRuntime *self)
{
  g_return_val_if_fail (MALT_IS_RUNTIME (self), 0);

  return malt_scheduler_get_n_unfinished (self->scheduler);
}

int
malt_runtime_get_call_state (MaltRuntime *self,
                             guint64      id)
{
  g_return_val_if_fail (MALT_IS_RUNTIME (self), 0);

  return malt_scheduler_get_call_state (self->scheduler, id);
}

char *
malt_runtime_dup_position (MaltRuntime *self,
                           guint64     *id)
{
  g_autoptr (MaltInvocation) invocation = NULL;
  MaltInvocation *root;
  char *position;

  g_return_val_if_fail (MALT_IS_RUNTIME (self), NULL);
  g_return_val_if_fail (id != NULL, NULL);

  position = self->evaluator != NULL ? malt_evaluator_dup_position (self->evaluator, &invocation)
                                     : NULL;
  if (position == NULL)
    return NULL;

  for (root = invocation; root->parent != NULL; root = root->parent)
    ;
  *id = root->id;
  return position;
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

void
malt_runtime_set_report_func (MaltRuntime    *self,
                              MaltReportFunc  func,
                              gpointer        user_data)
{
  g_return_if_fail (MALT_IS_RUNTIME (self));

  self->report_func = func;
  self->report_data = user_data;
}

char **
malt_runtime_import (MaltRuntime  *self,
                     const char   *module,
                     GError      **error)
{
  MaltModule *imported;

  g_return_val_if_fail (MALT_IS_RUNTIME (self), NULL);
  g_return_val_if_fail (module != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  imported = malt_namespace_import (self->namespace, module, error);

  return imported != NULL ? malt_module_dup_short_names (imported) : NULL;
}

const GVariantType *
malt_runtime_get_signature (MaltRuntime *self,
                            const char  *function)
{
  const MaltModuleFunction *found;

  g_return_val_if_fail (MALT_IS_RUNTIME (self), NULL);
  g_return_val_if_fail (function != NULL, NULL);

  found = malt_namespace_lookup (self->namespace, function);

  return found != NULL ? found->signature : NULL;
}

typedef struct
{
  MaltRuntimeCallback callback;
  gpointer            user_data;
} NestedCall;

static void
on_nested_finished (MaltInvocation *invocation,
                    GVariant       *value,
                    const GError   *error,
                    gpointer        user_data)
{
  g_autofree NestedCall *nested = user_data;

  nested->callback (value, error, nested->user_data);
}

/* Progress goes straight to the invocation at the root. */
static const MaltCarrier nested_carrier = { on_nested_finished, NULL };

void
malt_runtime_call (MaltRuntime         *self,
                   MaltInvocation      *parent,
                   const char          *function,
                   GVariant            *args,
                   GVariant            *kwargs,
                   MaltRuntimeCallback  callback,
                   gpointer             user_data)
{
  g_autoptr (MaltInvocation) invocation = NULL;
  NestedCall *nested;

  g_return_if_fail (MALT_IS_RUNTIME (self));
  g_return_if_fail (function != NULL);
  g_return_if_fail (callback != NULL);

  nested = g_new (NestedCall, 1);
  nested->callback = callback;
  nested->user_data = user_data;

  invocation = malt_invocation_new (self, 0, function, args, kwargs, &nested_carrier, nested);
  malt_invocation_set_parent (invocation, parent);
  malt_runtime_dispatch (self, invocation);
}

void
malt_runtime_report (MaltRuntime  *self,
                     const GError *error)
{
  g_return_if_fail (MALT_IS_RUNTIME (self));
  g_return_if_fail (error != NULL);

  if (self->report_func != NULL)
    self->report_func (error, self->report_data);
  else
    g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE,
                      "MESSAGE", "An error that nobody waits for: %s", error->message);
}

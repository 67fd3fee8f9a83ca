/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/runtime/malt-runtime-private.h"

#include "malt/malt-error.h"
#include "malt/malt-names-private.h"
#include "malt/runtime/malt-builtins-private.h"
#include "malt/runtime/malt-namespace-private.h"

#include <string.h>

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

/**
 * malt_runtime_dispatch: (skip)
 * @self: a runtime
 * @invocation: an invocation that was made for @self and has not been dispatched; referenced
 *   until it is answered
 *
 * Runs a call, in the executing thread: a built-in function, `malt.…`; else one of a module that
 * is loaded; else one that the evaluator has; else one of a module that can be loaded, which is
 * done then.
 *
 * Blocks for as long as the function runs, unless that waits in the main context or is
 * %MALT_FUNCTION_FLAGS_THREADED. What it answers comes through the carrier, possibly before this
 * returns; so do errors.
 *
 * Errors, as answers: any of the function; %MALT_ERROR_UNKNOWN_FUNCTION;
 * %MALT_ERROR_REMOTE_EXCEPTION of the type `malt.type` if the arguments are not of its signature,
 * and of `malt.import` if its module cannot be loaded; %MALT_ERROR_PROTOCOL if the number of the
 * call is not higher than that of each one before; %MALT_ERROR_LIMIT if there is no thread for
 * it; %MALT_ERROR_SERIALIZATION if the value is not of the type that is wanted; what
 * [method@Invocation.new_cancel_error] makes, without running, if the number was cancelled
 * before, or the runtime stopped.
 *
 * Since: 0.1
 */
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

/**
 * MaltDispatch: (skip)
 * @MALT_DISPATCH_OWN_THREAD: in the runtime's own thread only, to which the evaluator is bound
 * @MALT_DISPATCH_ANY_THREAD: in any thread that is let execute, which runs the function
 * @MALT_DISPATCH_AT_ONCE: in any thread that is let execute, which has itself back at once
 *
 * Where a call can be dispatched.
 *
 * Since: 0.1
 */

/**
 * malt_runtime_get_dispatch: (skip)
 * @self: a runtime
 * @function: what is to be called, UTF-8
 *
 * Gets where a call of a function can be dispatched, for a carrier that would have another thread
 * execute rather than wake the runtime's own. To be called in the executing thread, or while
 * there is none and none begins to execute.
 *
 * Returns: where; %MALT_DISPATCH_OWN_THREAD for what the runtime does not know
 *
 * Since: 0.1
 */
MaltDispatch
malt_runtime_get_dispatch (MaltRuntime *self,
                           const char  *function)
{
  const MaltBuiltin *builtin;
  const MaltModuleFunction *found;

  g_return_val_if_fail (MALT_IS_RUNTIME (self), MALT_DISPATCH_OWN_THREAD);
  g_return_val_if_fail (function != NULL, MALT_DISPATCH_OWN_THREAD);

  builtin = malt_builtin_lookup (function);
  if (builtin != NULL)
    return malt_builtin_get_dispatch (builtin);

  found = malt_namespace_lookup (self->namespace, function);
  if (found == NULL)
    return MALT_DISPATCH_OWN_THREAD;

  return found->flags & MALT_FUNCTION_FLAGS_THREADED ? MALT_DISPATCH_AT_ONCE
                                                     : MALT_DISPATCH_ANY_THREAD;
}

/**
 * malt_runtime_import:
 * @self: a runtime
 * @module: the name of a function module: letters, digits, "_" and "-", but not "malt"
 * @error: return location for an error
 *
 * Loads a function module, the first time, so that its functions can be called. To be called in the
 * executing thread; blocks while the module is loaded.
 *
 * Errors: %MALT_ERROR_REMOTE_EXCEPTION of the type `malt.import` if there is none, with the folders
 * that were searched, or it cannot be loaded.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names of its functions, without that of
 *   the module
 *
 * Since: 0.1
 */
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

/**
 * malt_runtime_get_signature:
 * @self: a runtime
 * @function: a function of a module, "module.function", UTF-8
 *
 * Gets the type of the arguments that a function takes, so that a language with fewer types than
 * #GVariant can make its values fit. To be called in the executing thread.
 *
 * Returns: (transfer none) (nullable): a tuple type, valid as long as @self; %NULL if it takes any
 *   tuple, or is not of a module that is loaded
 *
 * Since: 0.1
 */
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

/**
 * MaltRuntimeCallback:
 * @value: (nullable): what was answered; %NULL if and only if @error is set
 * @error: (nullable): what the call has failed with
 * @user_data: what was given to [method@Runtime.call]
 *
 * Takes the answer of a call. In the executing thread, exactly once, possibly before
 * [method@Runtime.call] has returned. Both @value and @error are only lent.
 *
 * Since: 0.1
 */
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

/**
 * malt_runtime_call:
 * @self: a runtime
 * @parent: (nullable): the invocation on behalf of which it is called, not answered yet; %NULL for
 *   none
 * @function: what is called, as in a call that has come from outside: "module.function", a built-in
 *   one, or one of the evaluator, UTF-8
 * @args: (nullable): the arguments, a tuple of any type, consumed if it is floating; %NULL for the
 *   unit tuple
 * @kwargs: (nullable): named arguments, `a{sv}`, consumed if it is floating; %NULL for none
 * @callback: (scope async) (closure user_data): takes the answer
 * @user_data: data for @callback
 *
 * Calls a function from inside of the worker. To be called in the executing thread; blocks as
 * [method@Runtime.dispatch] does.
 *
 * When @parent is told to end, so is the call. Its progress is that of @parent, or of whatever that
 * is called for. It has no number and no time-out.
 *
 * Errors, as answers: those of [method@Runtime.dispatch].
 *
 * Since: 0.1
 */
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

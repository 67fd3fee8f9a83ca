/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/runtime/malt-evaluator.h"

#include "malt/malt-error.h"
#include "malt/malt-plugin-loader-private.h"

/**
 * MaltEvaluator:
 *
 * A language in which a worker evaluates expressions, and defines functions that can be called.
 *
 * It is a type of a plugin, registered on %MALT_EVALUATOR_EXTENSION_POINT under the name that the
 * option `evaluator` of a worker has, and that worker makes one of it:
 *
 * ```c
 * static void
 * echo_eval (MaltEvaluator  *evaluator,
 *            MaltInvocation *invocation,
 *            const char     *module,
 *            const char     *expression,
 *            GVariant       *args)
 * {
 *   malt_invocation_return_value (invocation, g_variant_new_string (expression));
 * }
 * ```
 *
 * The runtime of the worker calls its functions, all but [vfunc@Evaluator.dup_position] in the
 * thread that has made the runtime, so an evaluator needs no locks. The main context that is the
 * thread-default one in [vfunc@Evaluator.open] drives whatever waits. Other threads reach an
 * evaluator only through an invocation: by its hook, [method@Invocation.set_cancel_func], and its
 * cancellable. An interrupt comes that way, too; there is no function for it.
 *
 * Functions that are written in C need none: they are in a [class@Module].
 *
 * Since: 0.1
 */
G_DEFINE_INTERFACE (MaltEvaluator, malt_evaluator, G_TYPE_OBJECT)

static void
malt_evaluator_default_init (MaltEvaluatorInterface *iface)
{
}

static gboolean
is_complete (GType    type,
             GError **error)
{
  g_autoptr (GTypeClass) klass = g_type_class_ref (type);
  MaltEvaluatorInterface *iface = g_type_interface_peek (klass, MALT_TYPE_EVALUATOR);
  const struct
  {
    const char *name;
    gboolean    is_set;
  } functions[] = {
    { "open", iface->open != NULL },
    { "close", iface->close != NULL },
    { "has_function", iface->has_function != NULL },
    { "list_functions", iface->list_functions != NULL },
    { "eval", iface->eval != NULL },
    { "call", iface->call != NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (functions); i++)
    if (!functions[i].is_set)
      {
        g_set_error (error, MALT_ERROR, MALT_ERROR_START_FAILED,
                     "Cannot use the evaluator type “%s”: it does not implement %s()",
                     g_type_name (type), functions[i].name);
        return FALSE;
      }

  return TRUE;
}

/**
 * malt_evaluator_new:
 * @name: the name that a plugin has registered a type by, UTF-8
 * @error: return location for an error
 *
 * Makes an evaluator, which is not open yet. A plugin of that name is loaded if it has not been.
 *
 * For a runtime, which does so itself when [ctor@Runtime.new] is given a name. May be called in any
 * thread.
 *
 * Errors: %MALT_ERROR_START_FAILED if there is no such type, with the names there are and why a
 * plugin of that name cannot be used, or if the type does not implement a function that is
 * required.
 *
 * Returns: (transfer full): a new evaluator
 *
 * Since: 0.1
 */
MaltEvaluator *
malt_evaluator_new (const char  *name,
                    GError     **error)
{
  GType type;

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  type = malt_plugin_loader_lookup (MALT_EVALUATOR_EXTENSION_POINT, MALT_TYPE_EVALUATOR, name,
                                    MALT_ERROR_START_FAILED, error);
  if (type == G_TYPE_INVALID || !is_complete (type, error))
    return NULL;

  return g_object_new (type, NULL);
}

/* What is said of each of the functions below holds for the virtual one: the reference has the same
 * text for both. */

/**
 * malt_evaluator_open:
 * @self: an evaluator that is not open
 * @runtime: the runtime of the worker, which outlives @self; a reference to it would keep both
 *   for ever
 * @options: the evaluator's own options, `a{sv}`, not floating; empty if there are none
 * @error: return location for an error
 *
 * Gets the evaluator ready, in the executing thread, once and before all else. The runtime calls
 * it.
 *
 * It may block: nothing can be called until it has returned. It starts no thread, for a sandbox
 * closes later, around those that there are. It fails on an option that it does not know.
 * @options belongs to the caller. After a failure the evaluator is dropped without
 * [method@Evaluator.close].
 *
 * Errors: any, with which the start of the worker fails; %MALT_ERROR_INVALID_CONFIG for an option
 * that is unknown or of another type.
 *
 * Returns: whether it is open
 *
 * Since: 0.1
 */
gboolean
malt_evaluator_open (MaltEvaluator  *self,
                     MaltRuntime    *runtime,
                     GVariant       *options,
                     GError        **error)
{
  g_return_val_if_fail (MALT_IS_EVALUATOR (self), FALSE);
  g_return_val_if_fail (runtime != NULL, FALSE);
  g_return_val_if_fail (options != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return MALT_EVALUATOR_GET_IFACE (self)->open (self, runtime, options, error);
}

/**
 * malt_evaluator_close:
 * @self: an evaluator that is open
 *
 * Ends the evaluator, in the executing thread, once and after all else. The runtime calls it at its
 * own end.
 *
 * Every invocation has been answered before, those that the evaluator still has included: it lets
 * go of them. It may call functions of its runtime still, but starts nothing that would go on. It
 * does not fail.
 *
 * Since: 0.1
 */
void
malt_evaluator_close (MaltEvaluator *self)
{
  g_return_if_fail (MALT_IS_EVALUATOR (self));

  MALT_EVALUATOR_GET_IFACE (self)->close (self);
}

/**
 * malt_evaluator_has_function:
 * @self: an evaluator that is open
 * @name: the name of a function, as "function" or "module.function", UTF-8
 *
 * Says whether [method@Evaluator.call] would find a function, in the executing thread. The
 * runtime calls it before each call of what is neither built in nor of a loaded module, and for
 * `malt.signature`.
 *
 * It is quick, runs no code of the user's, changes nothing, and never fails.
 *
 * Returns: whether there is such a function
 *
 * Since: 0.1
 */
gboolean
malt_evaluator_has_function (MaltEvaluator *self,
                             const char    *name)
{
  g_return_val_if_fail (MALT_IS_EVALUATOR (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  return MALT_EVALUATOR_GET_IFACE (self)->has_function (self, name);
}

/**
 * malt_evaluator_list_functions:
 * @self: an evaluator that is open
 *
 * Lists the functions that users have defined, in the executing thread. The runtime calls it for
 * `malt.list`, and to find what somebody may have meant who calls an unknown one.
 *
 * Each name is one for [method@Evaluator.has_function]; what the language itself brings along is
 * not among them. The order is of no account. It runs no code of the user's, and never fails.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names, UTF-8; empty if there are none
 *
 * Since: 0.1
 */
char **
malt_evaluator_list_functions (MaltEvaluator *self)
{
  g_return_val_if_fail (MALT_IS_EVALUATOR (self), NULL);

  return MALT_EVALUATOR_GET_IFACE (self)->list_functions (self);
}

/**
 * malt_evaluator_eval:
 * @self: an evaluator that is open
 * @invocation: what is to be answered; referenced for as long as that takes
 * @module: the module, a name space of the language, in which it is evaluated, UTF-8; "" for the
 *   evaluator's default one
 * @expression: the text, UTF-8
 * @args: what the expression finds as its arguments, a tuple of any type, not floating
 *
 * Evaluates an expression, in the executing thread, and answers @invocation, before it returns or
 * later. The runtime calls it.
 *
 * A module that does not exist is made, its parents too. Other calls of the worker run only when
 * this has returned: what waits returns, and goes on in the main context; what computes for long
 * looks between its steps whether it is to end, with [method@Invocation.get_cancel_reason]. A
 * function that the program calls may wait for another evaluation, which then comes inside of
 * this one.
 *
 * @module, @expression and @args belong to the caller, and are valid until it returns.
 *
 * Errors, as answers: %MALT_ERROR_REMOTE_EXCEPTION, with a type that names the language, for what
 * is wrong with the text and what it raises; %MALT_ERROR_SERIALIZATION for a value that cannot be
 * sent; what [method@Invocation.new_cancel_error] makes if it was told to end.
 *
 * Since: 0.1
 */
void
malt_evaluator_eval (MaltEvaluator  *self,
                     MaltInvocation *invocation,
                     const char     *module,
                     const char     *expression,
                     GVariant       *args)
{
  g_return_if_fail (MALT_IS_EVALUATOR (self));
  g_return_if_fail (invocation != NULL);
  g_return_if_fail (module != NULL);
  g_return_if_fail (expression != NULL);
  g_return_if_fail (args != NULL && g_variant_is_of_type (args, G_VARIANT_TYPE_TUPLE));

  MALT_EVALUATOR_GET_IFACE (self)->eval (self, invocation, module, expression, args);
}

/**
 * malt_evaluator_call:
 * @self: an evaluator that is open
 * @invocation: what is to be answered, and what has the arguments; referenced for as long as that
 *   takes
 * @name: a name for which [method@Evaluator.has_function] has said %TRUE, UTF-8
 *
 * Calls a function that the user has defined, with the arguments of @invocation, and the named
 * ones if there are any. Else as [method@Evaluator.eval].
 *
 * Errors, as answers: as those of [method@Evaluator.eval]; %MALT_ERROR_UNKNOWN_FUNCTION if the
 * function has gone.
 *
 * Since: 0.1
 */
void
malt_evaluator_call (MaltEvaluator  *self,
                     MaltInvocation *invocation,
                     const char     *name)
{
  g_return_if_fail (MALT_IS_EVALUATOR (self));
  g_return_if_fail (invocation != NULL);
  g_return_if_fail (name != NULL);

  MALT_EVALUATOR_GET_IFACE (self)->call (self, invocation, name);
}

/**
 * malt_evaluator_dup_position:
 * @self: an evaluator that is open
 * @invocation: (out) (transfer full): what the program is run for; not set if %NULL is returned
 *
 * Says where the executing thread is in a program, for those who want to know of one that does not
 * heed its end. Optional: without it that cannot be told.
 *
 * The runtime calls it in another thread than the executing one, the watch thread most often, and
 * several may do so at a time. It may block for a tenth of a second or so, while the program is
 * asked; deadlines and cancels wait for it. It leaves the program as it is.
 *
 * Returns: (transfer full) (nullable): the place, as tracebacks are written, UTF-8; %NULL if
 *   nothing runs, or that cannot be told
 *
 * Since: 0.1
 */
char *
malt_evaluator_dup_position (MaltEvaluator   *self,
                             MaltInvocation **invocation)
{
  g_return_val_if_fail (MALT_IS_EVALUATOR (self), NULL);
  g_return_val_if_fail (invocation != NULL, NULL);

  if (MALT_EVALUATOR_GET_IFACE (self)->dup_position == NULL)
    return NULL;

  return MALT_EVALUATOR_GET_IFACE (self)->dup_position (self, invocation);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/runtime/malt-evaluator.h"

#include "malt/malt-error.h"
#include "malt/malt-plugin-loader-private.h"

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

/* Finds the type that is registered under `name` and makes one; it is not open yet. Errors:
 * MALT_ERROR_START_FAILED when there is none, with the names there are, or when the type does
 * not implement every function. */
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

void
malt_evaluator_close (MaltEvaluator *self)
{
  g_return_if_fail (MALT_IS_EVALUATOR (self));

  MALT_EVALUATOR_GET_IFACE (self)->close (self);
}

gboolean
malt_evaluator_has_function (MaltEvaluator *self,
                             const char    *name)
{
  g_return_val_if_fail (MALT_IS_EVALUATOR (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  return MALT_EVALUATOR_GET_IFACE (self)->has_function (self, name);
}

char **
malt_evaluator_list_functions (MaltEvaluator *self)
{
  g_return_val_if_fail (MALT_IS_EVALUATOR (self), NULL);

  return MALT_EVALUATOR_GET_IFACE (self)->list_functions (self);
}

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

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A language for expressions: reverse Polish notation, as a desk calculator has it. The arguments
 * are on the stack at first, “2 3 +” is 5, and “square = dup *” defines a word, which can be called
 * from then on. */

#include <malt/malt-plugin.h>

#include <string.h>

/* Words in words; one that uses itself would never end. */
#define DEPTH_MAX 100

typedef struct
{
  GObject     parent_instance;
  GHashTable *words; /* owned name → owned text */
} RpnEvaluator;

typedef GObjectClass RpnEvaluatorClass;

static void rpn_evaluator_iface_init (MaltEvaluatorInterface *iface);

GType rpn_evaluator_get_type (void);

G_DEFINE_TYPE_WITH_CODE (RpnEvaluator, rpn_evaluator, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MALT_TYPE_EVALUATOR, rpn_evaluator_iface_init))

static gboolean
rpn_open (MaltEvaluator *evaluator, MaltRuntime *runtime, GVariant *options, GError **error)
{
  if (g_variant_n_children (options) == 0)
    return TRUE;

  g_set_error_literal (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                       "The evaluator “rpn” has no options");
  return FALSE;
}

static void
rpn_close (MaltEvaluator *evaluator)
{
}

static gboolean
rpn_has_function (MaltEvaluator *evaluator, const char *name)
{
  return g_hash_table_contains (((RpnEvaluator *) evaluator)->words, name);
}

static char **
rpn_list_functions (MaltEvaluator *evaluator)
{
  RpnEvaluator *self = (RpnEvaluator *) evaluator;
  g_autofree gpointer *names = g_hash_table_get_keys_as_array (self->words, NULL);

  return g_strdupv ((char **) names);
}

static GError *
new_error (const char *token, const char *what)
{
  g_autofree char *message = g_strdup_printf ("%s: “%s”", what, token);

  return malt_error_new_remote (MALT_ERROR_REMOTE_EXCEPTION, NULL, message, "rpn.error", NULL);
}

/* What is no word: an operator, or a number. */
static gboolean
apply (GArray *stack, const char *token, GError **error)
{
  double *top = &g_array_index (stack, double, stack->len);
  gboolean is_operator = token[1] == '\0' && strchr ("+-*/", token[0]) != NULL;
  char *end = NULL;
  double number;

  if (stack->len < (is_operator ? 2 : g_str_equal (token, "dup")))
    {
      g_propagate_error (error, new_error (token, "Not enough on the stack"));
      return FALSE;
    }

  if (is_operator)
    {
      number = token[0] == '+' ? top[-2] + top[-1]
               : token[0] == '-' ? top[-2] - top[-1]
               : token[0] == '*' ? top[-2] * top[-1] : top[-2] / top[-1];
      g_array_set_size (stack, stack->len - 2);
    }
  else if (g_str_equal (token, "dup"))
    number = top[-1];
  else
    number = g_ascii_strtod (token, &end);

  if (end != NULL && (end == token || *end != '\0'))
    {
      g_propagate_error (error, new_error (token, "There is no such word"));
      return FALSE;
    }

  g_array_append_val (stack, number);
  return TRUE;
}

static gboolean
run (RpnEvaluator *self, MaltInvocation *invocation, const char *text, guint depth, GArray *stack,
     GError **error)
{
  g_auto (GStrv) tokens = g_strsplit_set (text, " \n", -1);

  for (guint i = 0; tokens[i] != NULL; i++)
    {
      const char *word = g_hash_table_lookup (self->words, tokens[i]);

      if (malt_invocation_get_cancel_reason (invocation) != MALT_CANCEL_REASON_NONE)
        {
          g_propagate_error (error, malt_invocation_new_cancel_error (invocation, tokens[i]));
          return FALSE;
        }
      if (depth == DEPTH_MAX)
        {
          g_propagate_error (error, new_error (tokens[i], "Too many words in words"));
          return FALSE;
        }
      if (word != NULL ? !run (self, invocation, word, depth + 1, stack, error)
                       : tokens[i][0] != '\0' && !apply (stack, tokens[i], error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
push_arguments (GArray *stack, GVariant *args, GError **error)
{
  for (gsize i = 0; i < g_variant_n_children (args); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (args, i);
      g_autofree char *text = g_variant_print (child, FALSE);

      if (!apply (stack, text, error))
        return FALSE;
    }

  return TRUE;
}

/* Nothing, a number, or several: NULL, “d” or a tuple of them. */
static GVariant *
new_value (const GArray *stack)
{
  GVariantBuilder builder;

  if (stack->len == 0)
    return NULL;
  if (stack->len == 1)
    return g_variant_new_double (g_array_index (stack, double, 0));

  g_variant_builder_init (&builder, G_VARIANT_TYPE_TUPLE);
  for (guint i = 0; i < stack->len; i++)
    g_variant_builder_add (&builder, "d", g_array_index (stack, double, i));
  return g_variant_builder_end (&builder);
}

static void
run_text (RpnEvaluator *self, MaltInvocation *invocation, const char *text, GVariant *args)
{
  g_autoptr (GArray) stack = g_array_new (FALSE, FALSE, sizeof (double));
  GError *error = NULL;

  if (push_arguments (stack, args, &error) && run (self, invocation, text, 0, stack, &error))
    malt_invocation_return_value (invocation, new_value (stack));
  else
    malt_invocation_return_error (invocation, error);
}

static void
rpn_eval (MaltEvaluator *evaluator, MaltInvocation *invocation, const char *module,
          const char *expression, GVariant *args)
{
  RpnEvaluator *self = (RpnEvaluator *) evaluator;
  g_auto (GStrv) definition = g_strsplit (expression, " = ", 2);

  if (g_strv_length (definition) < 2)
    {
      run_text (self, invocation, expression, args);
      return;
    }

  g_hash_table_replace (self->words, g_strdup (definition[0]), g_strdup (definition[1]));
  malt_invocation_return_value (invocation, NULL);
}

static void
rpn_call (MaltEvaluator *evaluator, MaltInvocation *invocation, const char *name)
{
  run_text ((RpnEvaluator *) evaluator, invocation, name, malt_invocation_get_args (invocation));
}

static void
rpn_evaluator_iface_init (MaltEvaluatorInterface *iface)
{
  iface->open = rpn_open;
  iface->close = rpn_close;
  iface->has_function = rpn_has_function;
  iface->list_functions = rpn_list_functions;
  iface->eval = rpn_eval;
  iface->call = rpn_call;
}

static void
rpn_evaluator_finalize (GObject *object)
{
  g_hash_table_unref (((RpnEvaluator *) object)->words);
  G_OBJECT_CLASS (rpn_evaluator_parent_class)->finalize (object);
}

static void
rpn_evaluator_class_init (RpnEvaluatorClass *klass)
{
  klass->finalize = rpn_evaluator_finalize;
}

static void
rpn_evaluator_init (RpnEvaluator *self)
{
  self->words = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

MALT_DEFINE_PLUGIN (malt_rpn, MALT_EVALUATOR_EXTENSION_POINT, "rpn", rpn_evaluator_get_type ())

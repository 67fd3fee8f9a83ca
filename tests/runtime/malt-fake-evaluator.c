/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "malt-fake-evaluator.h"

typedef struct
{
  GObject      parent_instance;
  MaltRuntime *runtime; /* not owned: outlives us */
  GPtrArray   *held;    /* owned MaltInvocations, until they are cancelled */
  GPtrArray   *deaf;    /* owned MaltInvocations */
} FakeEvaluator;

typedef GObjectClass FakeEvaluatorClass;

static void fake_evaluator_iface_init (MaltEvaluatorInterface *iface);

GType fake_evaluator_get_type (void);

G_DEFINE_TYPE_WITH_CODE (FakeEvaluator, fake_evaluator, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MALT_TYPE_EVALUATOR, fake_evaluator_iface_init))

static gboolean
fake_open (MaltEvaluator  *evaluator,
           MaltRuntime    *runtime,
           GVariant       *options,
           GError        **error)
{
  FakeEvaluator *self = (FakeEvaluator *) evaluator;
  gboolean fail = FALSE;

  g_variant_lookup (options, "fail", "b", &fail);
  if (fail)
    {
      g_set_error_literal (error, MALT_ERROR, MALT_ERROR_START_FAILED, "Told to fail");
      return FALSE;
    }

  self->runtime = runtime;

  return TRUE;
}

static void
fake_close (MaltEvaluator *evaluator)
{
  FakeEvaluator *self = (FakeEvaluator *) evaluator;

  g_assert_cmpuint (malt_runtime_get_n_unfinished (self->runtime), ==, 0);
  g_ptr_array_set_size (self->deaf, 0);
}

static const char *const function_names[] = { "echo", "held", "deaf", "nest", NULL };

static gboolean
fake_has_function (MaltEvaluator *evaluator,
                   const char    *name)
{
  return g_strv_contains (function_names, name);
}

static char **
fake_list_functions (MaltEvaluator *evaluator)
{
  return g_strdupv ((char **) function_names);
}

static void
fake_eval (MaltEvaluator  *evaluator,
           MaltInvocation *invocation,
           const char     *module,
           const char     *expression,
           GVariant       *args)
{
  malt_invocation_return_value (invocation, g_variant_new ("(ssv)", module, expression, args));
}

/* One that the end of the runtime has answered meanwhile is answered again, which nobody hears. */
static gboolean
answer_cancelled (gpointer user_data)
{
  FakeEvaluator *self = user_data;

  for (guint i = self->held->len; i > 0; i--)
    {
      MaltInvocation *invocation = g_ptr_array_index (self->held, i - 1);

      if (malt_invocation_get_cancel_reason (invocation) == MALT_CANCEL_REASON_NONE)
        continue;

      malt_invocation_return_error (invocation,
                                    malt_invocation_new_cancel_error (invocation, "held:1"));
      g_ptr_array_remove_index_fast (self->held, i - 1);
    }

  return G_SOURCE_REMOVE;
}

/* Runs in the cancelling thread, perhaps more than once. */
static void
on_held_cancelled (MaltInvocation *invocation,
                   gpointer        user_data)
{
  FakeEvaluator *self = user_data;
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_callback (source, answer_cancelled, g_object_ref (self), g_object_unref);
  g_source_attach (source, malt_runtime_get_context (self->runtime));
}

static void
hold (FakeEvaluator  *self,
      MaltInvocation *invocation)
{
  g_ptr_array_add (self->held, malt_invocation_ref (invocation));
  malt_invocation_set_cancel_func (invocation, on_held_cancelled, self);
}

static void
on_nested_finished (GVariant     *value,
                    const GError *error,
                    gpointer      user_data)
{
  g_autoptr (MaltInvocation) invocation = user_data;

  if (error != NULL)
    malt_invocation_return_error (invocation, g_error_copy (error));
  else
    malt_invocation_return_value (invocation, value);
}

static void
nest (FakeEvaluator  *self,
      MaltInvocation *invocation)
{
  g_autoptr (GVariant) args = NULL;
  const char *function;

  g_variant_get (malt_invocation_get_args (invocation), "(&sv)", &function, &args);
  malt_runtime_call (self->runtime, invocation, function, args, NULL, on_nested_finished,
                     malt_invocation_ref (invocation));
}

static void
fake_call (MaltEvaluator  *evaluator,
           MaltInvocation *invocation,
           const char     *name)
{
  FakeEvaluator *self = (FakeEvaluator *) evaluator;

  if (g_str_equal (name, "echo"))
    {
      g_autoptr (GVariant) first =
        g_variant_get_child_value (malt_invocation_get_args (invocation), 0);

      malt_invocation_return_value (invocation, first);
    }
  else if (g_str_equal (name, "held"))
    hold (self, invocation);
  else if (g_str_equal (name, "nest"))
    nest (self, invocation);
  else
    g_ptr_array_add (self->deaf, malt_invocation_ref (invocation));
}

static void
fake_evaluator_iface_init (MaltEvaluatorInterface *iface)
{
  iface->open = fake_open;
  iface->close = fake_close;
  iface->has_function = fake_has_function;
  iface->list_functions = fake_list_functions;
  iface->eval = fake_eval;
  iface->call = fake_call;
}

static void
fake_evaluator_finalize (GObject *object)
{
  FakeEvaluator *self = (FakeEvaluator *) object;

  g_ptr_array_unref (self->held);
  g_ptr_array_unref (self->deaf);

  G_OBJECT_CLASS (fake_evaluator_parent_class)->finalize (object);
}

static void
fake_evaluator_class_init (FakeEvaluatorClass *klass)
{
  klass->finalize = fake_evaluator_finalize;
}

static void
fake_evaluator_init (FakeEvaluator *self)
{
  self->held = g_ptr_array_new_with_free_func ((GDestroyNotify) malt_invocation_unref);
  self->deaf = g_ptr_array_new_with_free_func ((GDestroyNotify) malt_invocation_unref);
}

typedef GObject IncompleteEvaluator;
typedef GObjectClass IncompleteEvaluatorClass;

static void
incomplete_evaluator_iface_init (MaltEvaluatorInterface *iface)
{
  fake_evaluator_iface_init (iface);
  iface->call = NULL;
}

GType incomplete_evaluator_get_type (void);

G_DEFINE_TYPE_WITH_CODE (IncompleteEvaluator, incomplete_evaluator, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MALT_TYPE_EVALUATOR,
                                                incomplete_evaluator_iface_init))

static void
incomplete_evaluator_class_init (IncompleteEvaluatorClass *klass)
{
}

static void
incomplete_evaluator_init (IncompleteEvaluator *self)
{
}

void
fake_evaluator_register (void)
{
  g_io_extension_point_register (MALT_EVALUATOR_EXTENSION_POINT);
  g_io_extension_point_implement (MALT_EVALUATOR_EXTENSION_POINT, fake_evaluator_get_type (),
                                  "fake", 0);
  g_io_extension_point_implement (MALT_EVALUATOR_EXTENSION_POINT, incomplete_evaluator_get_type (),
                                  "incomplete", 0);
}

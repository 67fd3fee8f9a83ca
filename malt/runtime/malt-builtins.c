/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/runtime/malt-builtins-private.h"

#include "malt/malt-error-backend.h"
#include "malt/runtime/malt-channels-private.h"
#include "malt/runtime/malt-runtime-private.h"

#include <string.h>

#define NAME_PREFIX "malt."

/* A century, more than any worker lives, and far from where adding to the clock overflows. */
#define SLEEP_MAX_SEC (100.0 * 365 * 24 * 60 * 60)

/* Runs in the executing thread, after the arguments were found to be of the signature. Answers the
 * invocation, before it returns or later. */
typedef void (*MaltBuiltinFunc) (MaltRuntime    *runtime,
                                 MaltInvocation *invocation,
                                 GVariant       *args);

struct _MaltBuiltin
{
  const char      *name;
  const char      *signature; /* NULL: any tuple */
  MaltBuiltinFunc  func;
  MaltDispatch     dispatch;
};

static void
return_no_tuple (MaltInvocation *invocation,
                 GVariant       *value)
{
  g_autofree char *message =
    g_strdup_printf ("Cannot evaluate with arguments of type “%s”: they must be a tuple",
                     g_variant_get_type_string (value));

  malt_invocation_return_error (invocation,
                                malt_error_new_remote (MALT_ERROR_REMOTE_EXCEPTION, NULL, message,
                                                       "malt.type", NULL));
}

/* malt.eval (ssv): evaluates the text (second) under the module (first, "" for the default one),
 * in which the tuple (third) is what it was called with. Answers the value of the expression, as
 * the evaluator has it. */
static void
builtin_eval (MaltRuntime    *runtime,
              MaltInvocation *invocation,
              GVariant       *args)
{
  MaltEvaluator *evaluator = malt_runtime_get_evaluator (runtime);
  g_autoptr (GVariant) expression_args = NULL;
  const char *expression;
  const char *module;

  g_variant_get (args, "(&s&sv)", &module, &expression, &expression_args);
  if (*module == '\0')
    module = malt_runtime_get_default_module (runtime);

  if (evaluator == NULL)
    malt_invocation_return_error (invocation,
                                  g_error_new_literal (MALT_ERROR, MALT_ERROR_UNKNOWN_FUNCTION,
                                                       "This worker has no evaluator"));
  else if (!g_variant_is_of_type (expression_args, G_VARIANT_TYPE_TUPLE))
    return_no_tuple (invocation, expression_args);
  else
    {
      malt_invocation_start (invocation);
      malt_evaluator_eval (evaluator, invocation, module, expression, expression_args);
    }
}

/* malt.import (s): loads the function module, once. Answers the names of its functions, as. */
static void
builtin_import (MaltRuntime    *runtime,
                MaltInvocation *invocation,
                GVariant       *args)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names = NULL;
  const char *module;

  malt_invocation_start (invocation);
  g_variant_get (args, "(&s)", &module);
  names = malt_runtime_import (runtime, module, &error);

  if (names != NULL)
    malt_invocation_return_value (invocation, g_variant_new_strv ((const char *const *) names, -1));
  else
    malt_invocation_return_error (invocation, g_steal_pointer (&error));
}

/* malt.list (): answers every callable name, sorted, as. */
static void
builtin_list (MaltRuntime    *runtime,
              MaltInvocation *invocation,
              GVariant       *args)
{
  g_auto (GStrv) names = NULL;

  malt_invocation_start (invocation);
  names = malt_runtime_list_functions (runtime);
  malt_invocation_return_value (invocation, g_variant_new_strv ((const char *const *) names, -1));
}

/* "module.function" of a module that is not loaded yet is loaded, as for a call. */
static const char *
find_signature (MaltRuntime *runtime,
                const char  *name)
{
  MaltEvaluator *evaluator = malt_runtime_get_evaluator (runtime);
  const MaltBuiltin *builtin = malt_builtin_lookup (name);
  const GVariantType *signature = malt_runtime_get_signature (runtime, name);
  const char *dot = strchr (name, '.');

  if (builtin != NULL)
    return builtin->signature;

  if (signature == NULL && dot != NULL
      && (evaluator == NULL || !malt_evaluator_has_function (evaluator, name)))
    {
      g_autofree char *module = g_strndup (name, (gsize) (dot - name));
      g_auto (GStrv) functions = malt_runtime_import (runtime, module, NULL);

      signature = malt_runtime_get_signature (runtime, name);
    }

  return signature != NULL ? g_variant_type_peek_string (signature) : NULL;
}

/* malt.signature (s): answers the type of the arguments of a function, s; "" when it takes any, or
 * when there is none of that name. */
static void
builtin_signature (MaltRuntime    *runtime,
                   MaltInvocation *invocation,
                   GVariant       *args)
{
  const char *signature;
  const char *name;

  malt_invocation_start (invocation);
  g_variant_get (args, "(&s)", &name);
  signature = find_signature (runtime, name);
  malt_invocation_return_value (invocation,
                                g_variant_new_string (signature != NULL ? signature : ""));
}

/* malt.ping (...): answers its first argument as it is, () without one. */
static void
builtin_ping (MaltRuntime    *runtime,
              MaltInvocation *invocation,
              GVariant       *args)
{
  g_autoptr (GVariant) first = NULL;

  malt_invocation_start (invocation);
  if (g_variant_n_children (args) > 0)
    first = g_variant_get_child_value (args, 0);
  malt_invocation_finish (invocation, first, NULL);
}

typedef struct
{
  MaltAlarms     *alarms;     /* not owned; outlives the invocation's answer */
  guint64         alarm;
  MaltInvocation *invocation; /* owned */
} Sleep;

static void
sleep_free (gpointer data)
{
  Sleep *self = data;

  malt_invocation_unref (self->invocation);
  g_free (self);
}

/* The cancel hook of a sleep: it is over now. */
static void
wake_sleep (MaltInvocation *invocation,
            gpointer        user_data)
{
  Sleep *self = user_data;

  malt_alarms_advance (self->alarms, self->alarm);
}

static void
on_sleep_over (gpointer user_data)
{
  MaltInvocation *invocation = ((Sleep *) user_data)->invocation;

  if (malt_invocation_get_cancel_reason (invocation) == MALT_CANCEL_REASON_NONE)
    malt_invocation_return_value (invocation, NULL);
  else
    malt_invocation_return_error (invocation, malt_invocation_new_cancel_error (invocation, NULL));
}

/* malt.sleep (d): answers () when so many seconds are over, those of other calls running on
 * meanwhile. A number that is not above zero, NaN included, is over at the next turn of the
 * executing thread. Ends at once when it is cancelled. */
static void
builtin_sleep (MaltRuntime    *runtime,
               MaltInvocation *invocation,
               GVariant       *args)
{
  Sleep *sleep;
  double seconds;

  malt_invocation_start (invocation);
  g_variant_get (args, "(d)", &seconds);
  /* Written so that NaN is 0. */
  seconds = seconds > 0.0 ? MIN (seconds, SLEEP_MAX_SEC) : 0.0;

  sleep = g_new (Sleep, 1);
  sleep->alarms = malt_runtime_get_alarms (runtime);
  sleep->invocation = malt_invocation_ref (invocation);
  sleep->alarm = malt_alarms_add (sleep->alarms,
                                  g_get_monotonic_time () + (gint64) (seconds * G_TIME_SPAN_SECOND),
                                  on_sleep_over, sleep, sleep_free);

  /* The answer takes the hook away, and the alarm lives until it has given it. */
  malt_invocation_set_cancel_func (invocation, wake_sleep, sleep);
}

/* So few that looking at each is quicker than hashing the name. */
static const MaltBuiltin builtins[] = {
  { NAME_PREFIX "eval", "(ssv)", builtin_eval },
  { NAME_PREFIX "ping", NULL, builtin_ping, MALT_DISPATCH_AT_ONCE },
  { NAME_PREFIX "import", "(s)", builtin_import },
  { NAME_PREFIX "list", "()", builtin_list },
  { NAME_PREFIX "signature", "(s)", builtin_signature },
  { NAME_PREFIX "sleep", "(d)", builtin_sleep, MALT_DISPATCH_AT_ONCE },
  { NAME_PREFIX "channel.open", "(s)", malt_channels_open },
  { NAME_PREFIX "channel.put", "(ov)", malt_channels_put },
  { NAME_PREFIX "channel.take", "(o)", malt_channels_take },
  { NAME_PREFIX "channel.is_ready", "(o)", malt_channels_is_ready },
  { NAME_PREFIX "channel.wait", "(o)", malt_channels_wait },
  { NAME_PREFIX "channel.close", "(o)", malt_channels_close },
  { NAME_PREFIX "channel.drop", "(o)", malt_channels_drop },
  { NAME_PREFIX "channel.put_many", "(oav)", malt_channels_put_many },
  { NAME_PREFIX "channel.take_many", "(ouu)", malt_channels_take_many },
  { NAME_PREFIX "channel.withdraw", "(o)", malt_channels_withdraw },
  { NAME_PREFIX "channel.recall", "(o)", malt_channels_recall },
  { NAME_PREFIX "channel.give_back", "(oav)", malt_channels_give_back },
};

const MaltBuiltin *
malt_builtin_lookup (const char *name)
{
  if (!g_str_has_prefix (name, NAME_PREFIX))
    return NULL;

  for (guint i = 0; i < G_N_ELEMENTS (builtins); i++)
    if (g_str_equal (builtins[i].name, name))
      return &builtins[i];

  return NULL;
}

MaltDispatch
malt_builtin_get_dispatch (const MaltBuiltin *self)
{
  return self->dispatch;
}

void
malt_builtin_list (GPtrArray *names)
{
  for (guint i = 0; i < G_N_ELEMENTS (builtins); i++)
    g_ptr_array_add (names, (char *) builtins[i].name);
}

void
malt_builtin_run (const MaltBuiltin *self,
                  MaltRuntime       *runtime,
                  MaltInvocation    *invocation)
{
  const GVariantType *signature = self->signature != NULL ? G_VARIANT_TYPE (self->signature) : NULL;

  if (malt_invocation_check_args (invocation, signature))
    self->func (runtime, invocation, malt_invocation_get_args (invocation));
}

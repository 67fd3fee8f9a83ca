/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-call.h"

#include "malt/malt-call-private.h"
#include "malt/malt-known-types-private.h"

#include <string.h>

/* The function that evaluates expressions, and the type of its arguments: module, expression,
 * "...". */
#define EVAL_FUNCTION "malt.eval"
#define EVAL_TYPE "(ssv)"

/**
 * MaltCall:
 *
 * One call on its way to a worker: the function, its arguments, how long it may
 * take, and, once it has ended, how long it took.
 *
 * Make one when [method@Malt.AbstractWorker.remote_call_fetch] and its like are
 * not enough:
 *
 * ```c
 * g_autoptr (MaltCall) call = malt_call_new ("checksum.file", g_variant_new ("(s)", path), NULL);
 * g_autoptr (GVariant) sum = NULL;
 *
 * malt_call_set_timeout (call, 5000);
 * sum = malt_abstract_worker_send (worker, call, NULL, &error);
 * g_print ("took %" G_GINT64_FORMAT " µs\n", malt_call_get_run_time_us (call));
 * ```
 *
 * Everything a worker is asked to do is a call. Its built-in functions are:
 *
 * - `malt.eval (ssv)`: module, empty for the default; expression; the tuple that it
 *   sees as `...`. Answers the value of the expression.
 * - `malt.ping (…)`: answers the first argument, `()` without.
 * - `malt.import (s)`: a module. Answers `as`, the names of its functions.
 * - `malt.list ()`: answers `as`, the names of everything that can be called.
 * - `malt.sleep (d)`: seconds. Answers `()`.
 * - `malt.channel.open (s)`: an expression. Answers `o`, a handle of the channel that it
 *   makes, of at most 254 bytes. `malt.channel.put (ov)`, `take (o)`, `is_ready (o)`,
 *   `wait (o)`, `close (o)` and `drop (o)` are what [iface@Malt.Channel] is built on.
 *
 * A call may be sent again when it has ended, and changed between. It is not for
 * two threads at once.
 *
 * Since: 0.1
 */
G_DEFINE_FINAL_TYPE (MaltCall, malt_call, G_TYPE_OBJECT)

enum
{
  PROP_FUNCTION = 1,
  PROP_TIMEOUT,
  PROP_DISCARD_RESULT,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

/* Shared by all calls that have no arguments. */
static GVariant *no_args;
static GVariant *no_kwargs;

static void
malt_call_finalize (GObject *object)
{
  MaltCall *self = MALT_CALL (object);

  malt_call_clear_outcome (self);
  g_clear_pointer (&self->function, g_free);
  g_clear_pointer (&self->args, g_variant_unref);
  g_clear_pointer (&self->kwargs, g_variant_unref);
  g_clear_pointer (&self->result_type, g_variant_type_free);

  G_OBJECT_CLASS (malt_call_parent_class)->finalize (object);
}

static void
malt_call_get_property (GObject    *object,
                        guint       prop_id,
                        GValue     *value,
                        GParamSpec *pspec)
{
  MaltCall *self = MALT_CALL (object);

  switch (prop_id)
    {
    case PROP_FUNCTION:
      g_value_set_string (value, self->function);
      break;
    case PROP_TIMEOUT:
      g_value_set_uint (value, self->timeout_ms);
      break;
    case PROP_DISCARD_RESULT:
      g_value_set_boolean (value, self->discard_result);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
malt_call_set_property (GObject      *object,
                        guint         prop_id,
                        const GValue *value,
                        GParamSpec   *pspec)
{
  MaltCall *self = MALT_CALL (object);

  switch (prop_id)
    {
    case PROP_TIMEOUT:
      malt_call_set_timeout (self, g_value_get_uint (value));
      break;
    case PROP_DISCARD_RESULT:
      malt_call_set_discard_result (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
malt_call_class_init (MaltCallClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = malt_call_finalize;
  object_class->get_property = malt_call_get_property;
  object_class->set_property = malt_call_set_property;

  /* None of them is a construct property: those would be set for every call,
   * and a call is made for every call. */

  /**
   * MaltCall:function:
   *
   * The name of the function.
   *
   * Since: 0.1
   */
  properties[PROP_FUNCTION] =
    g_param_spec_string ("function", "Function", "The name of the function", NULL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * MaltCall:timeout: (getter get_timeout) (setter set_timeout)
   *
   * How long the call may run, in milliseconds. 0 leaves it to the worker,
   * `G_MAXUINT` is no limit.
   *
   * Since: 0.1
   */
  properties[PROP_TIMEOUT] =
    g_param_spec_uint ("timeout", "Time-out", "How long it may run, in milliseconds", 0, G_MAXUINT,
                       0, G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * MaltCall:discard-result: (getter get_discard_result) (setter set_discard_result)
   *
   * Whether the value stays in the worker.
   *
   * Since: 0.1
   */
  properties[PROP_DISCARD_RESULT] =
    g_param_spec_boolean ("discard-result", "Discard result", "Whether the value stays there",
                          FALSE,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);

  /**
   * MaltCall::progress:
   * @self: the call
   * @fraction: how much is done, from 0 to 1
   * @message: what is being done, UTF-8 of at most 1024 bytes; empty when the
   *   function does not say
   *
   * Is emitted when the function, or one that it called, reports how far it is.
   * Of reports that follow each other quickly some are left out, see
   * [method@Malt.Invocation.report_progress].
   *
   * The handler runs in the main context that an asynchronous call was made
   * in, or in the thread that waits for a blocking one.
   *
   * Since: 0.1
   */
  g_signal_new ("progress", MALT_TYPE_CALL, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                G_TYPE_DOUBLE, G_TYPE_STRING);

  no_args = g_variant_ref_sink (g_variant_new_tuple (NULL, 0));
  no_kwargs = g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0));
}

static void
malt_call_init (MaltCall *self)
{
  self->queue_time_us = -1;
  self->run_time_us = -1;
}

/* The next call has arguments of the same type, most likely. */
static void
remember_type (GVariant *value)
{
  const char *type_string = g_variant_get_type_string (value);

  if (malt_known_types_lookup (type_string, strlen (type_string)) == NULL)
    malt_known_types_add (g_variant_get_type (value));
}

/**
 * malt_call_new:
 * @function: the name of the function, `module.function`, UTF-8
 * @args: (nullable): the arguments, a tuple; %NULL for `()`. A floating
 *   reference is taken.
 * @kwargs: (nullable): arguments by name, `a{sv}`; %NULL for none. A floating
 *   reference is taken.
 *
 * Creates a call, to be sent with [method@Malt.AbstractWorker.send].
 *
 * Returns: (transfer full): a new call
 *
 * Since: 0.1
 */
MaltCall *
malt_call_new (const char *function,
               GVariant   *args,
               GVariant   *kwargs)
{
  MaltCall *self;

  g_return_val_if_fail (function != NULL && *function != '\0', NULL);
  g_return_val_if_fail (g_utf8_validate (function, -1, NULL), NULL);
  g_return_val_if_fail (args == NULL || g_variant_is_of_type (args, G_VARIANT_TYPE_TUPLE), NULL);
  g_return_val_if_fail (kwargs == NULL || g_variant_is_of_type (kwargs, G_VARIANT_TYPE_VARDICT),
                        NULL);

  self = g_object_new (MALT_TYPE_CALL, NULL);
  self->function = g_strdup (function);
  self->args = g_variant_ref_sink (args != NULL ? args : no_args);
  self->kwargs = g_variant_ref_sink (kwargs != NULL ? kwargs : no_kwargs);
  remember_type (self->args);

  return self;
}

/**
 * malt_call_new_eval:
 * @module: (nullable): the module to evaluate in, UTF-8; %NULL for the default
 *   one. One that does not exist is created.
 * @expression: source text in the language of the worker's evaluator, UTF-8
 * @args: (nullable): what the expression sees as `...`, a tuple; %NULL for `()`.
 *   A floating reference is taken.
 *
 * Creates the call that evaluates an expression.
 *
 * Returns: (transfer full): a new call of `malt.eval`
 *
 * Since: 0.1
 */
MaltCall *
malt_call_new_eval (const char *module,
                    const char *expression,
                    GVariant   *args)
{
  g_return_val_if_fail (module == NULL || g_utf8_validate (module, -1, NULL), NULL);
  g_return_val_if_fail (expression != NULL && g_utf8_validate (expression, -1, NULL), NULL);
  g_return_val_if_fail (args == NULL || g_variant_is_of_type (args, G_VARIANT_TYPE_TUPLE), NULL);

  return malt_call_new (EVAL_FUNCTION,
                        g_variant_new (EVAL_TYPE, module != NULL ? module : "", expression,
                                       args != NULL ? args : g_variant_new_tuple (NULL, 0)),
                        NULL);
}

/**
 * malt_call_get_function:
 * @self: a call
 *
 * Gets the name of the function.
 *
 * Returns: (transfer none): UTF-8
 *
 * Since: 0.1
 */
const char *
malt_call_get_function (MaltCall *self)
{
  g_return_val_if_fail (MALT_IS_CALL (self), NULL);

  return self->function;
}

/**
 * malt_call_get_args:
 * @self: a call
 *
 * Gets the arguments.
 *
 * Returns: (transfer none): a tuple
 *
 * Since: 0.1
 */
GVariant *
malt_call_get_args (MaltCall *self)
{
  g_return_val_if_fail (MALT_IS_CALL (self), NULL);

  return self->args;
}

/**
 * malt_call_get_kwargs:
 * @self: a call
 *
 * Gets the arguments by name.
 *
 * Returns: (transfer none): an `a{sv}`, possibly empty
 *
 * Since: 0.1
 */
GVariant *
malt_call_get_kwargs (MaltCall *self)
{
  g_return_val_if_fail (MALT_IS_CALL (self), NULL);

  return self->kwargs;
}

/**
 * malt_call_set_discard_result:
 * @self: a call
 * @discard: whether the value stays in the worker
 *
 * Sets whether only the end of the call matters, and not its value. The call
 * then answers `()`, even if the value could not have been sent.
 *
 * Since: 0.1
 */
void
malt_call_set_discard_result (MaltCall *self,
                              gboolean  discard)
{
  g_return_if_fail (MALT_IS_CALL (self));

  discard = !!discard;
  if (self->discard_result == discard)
    return;

  self->discard_result = discard;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DISCARD_RESULT]);
}

/**
 * malt_call_get_discard_result:
 * @self: a call
 *
 * Gets whether the value stays in the worker.
 *
 * Returns: %TRUE if it does
 *
 * Since: 0.1
 */
gboolean
malt_call_get_discard_result (MaltCall *self)
{
  g_return_val_if_fail (MALT_IS_CALL (self), FALSE);

  return self->discard_result;
}

/**
 * malt_call_set_timeout:
 * @self: a call
 * @timeout_ms: milliseconds; 0 for the worker's option `call-timeout`,
 *   `G_MAXUINT` for no limit
 *
 * Sets how long the call may run, counted from its start in the worker. The call
 * then ends with %G_IO_ERROR_TIMED_OUT, whose text ends with where the call was, if
 * that could be told; see [method@Malt.Call.get_remote_traceback].
 *
 * Since: 0.1
 */
void
malt_call_set_timeout (MaltCall *self,
                       guint     timeout_ms)
{
  g_return_if_fail (MALT_IS_CALL (self));

  if (self->timeout_ms == timeout_ms)
    return;

  self->timeout_ms = timeout_ms;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TIMEOUT]);
}

/**
 * malt_call_get_timeout:
 * @self: a call
 *
 * Gets how long the call may run.
 *
 * Returns: milliseconds; 0 for the worker's option `call-timeout`, `G_MAXUINT`
 *   for no limit
 *
 * Since: 0.1
 */
guint
malt_call_get_timeout (MaltCall *self)
{
  g_return_val_if_fail (MALT_IS_CALL (self), 0);

  return self->timeout_ms;
}

/**
 * malt_call_set_result_type:
 * @self: a call
 * @type: (nullable): a definite type; %NULL for what the value is by itself
 *
 * Sets the type that the value is to have. Whatever does not convert to it
 * exactly is %MALT_ERROR_SERIALIZATION.
 *
 * Since: 0.1
 */
void
malt_call_set_result_type (MaltCall           *self,
                           const GVariantType *type)
{
  g_return_if_fail (MALT_IS_CALL (self));
  g_return_if_fail (type == NULL || g_variant_type_is_definite (type));

  g_clear_pointer (&self->result_type, g_variant_type_free);
  if (type != NULL)
    self->result_type = g_variant_type_copy (type);
}

/**
 * malt_call_get_result_type:
 * @self: a call
 *
 * Gets the type that the value is to have.
 *
 * Returns: (transfer none) (nullable): the type, or %NULL for what the value is
 *   by itself
 *
 * Since: 0.1
 */
const GVariantType *
malt_call_get_result_type (MaltCall *self)
{
  g_return_val_if_fail (MALT_IS_CALL (self), NULL);

  return self->result_type;
}

/**
 * malt_call_get_queue_time_us:
 * @self: a call
 *
 * Gets how long the call was on its way and waited, without running.
 *
 * Returns: microseconds, −1 before the call has ended
 *
 * Since: 0.1
 */
gint64
malt_call_get_queue_time_us (MaltCall *self)
{
  g_return_val_if_fail (MALT_IS_CALL (self), -1);

  return self->queue_time_us;
}

/**
 * malt_call_get_run_time_us:
 * @self: a call
 *
 * Gets how long the call ran, as the worker measured it.
 *
 * Returns: microseconds, −1 before the call has ended, and if it never ran
 *
 * Since: 0.1
 */
gint64
malt_call_get_run_time_us (MaltCall *self)
{
  g_return_val_if_fail (MALT_IS_CALL (self), -1);

  return self->run_time_us;
}

/**
 * malt_call_get_remote_message:
 * @self: a call
 *
 * Gets the message that the call ended with in the worker, for language
 * bindings, and for time-outs and cancellations.
 *
 * Returns: (transfer none) (nullable): UTF-8, or %NULL if there is none
 *
 * Since: 0.1
 */
const char *
malt_call_get_remote_message (MaltCall *self)
{
  g_return_val_if_fail (MALT_IS_CALL (self), NULL);

  return self->remote_message;
}

/**
 * malt_call_get_remote_type:
 * @self: a call
 *
 * Gets the type of what was raised in the worker.
 *
 * Returns: (transfer none) (nullable): for instance `lua.error`, or %NULL if
 *   there is none
 *
 * Since: 0.1
 */
const char *
malt_call_get_remote_type (MaltCall *self)
{
  g_return_val_if_fail (MALT_IS_CALL (self), NULL);

  return self->remote_type;
}

/**
 * malt_call_get_remote_traceback:
 * @self: a call
 *
 * Gets where in the worker the call failed, or was when its time was over or the
 * worker ended.
 *
 * Returns: (transfer none) (nullable): as its language writes it, for Lua a
 *   `chunk:line` frame a line, newest first; %NULL if there is none
 *
 * Since: 0.1
 */
const char *
malt_call_get_remote_traceback (MaltCall *self)
{
  g_return_val_if_fail (MALT_IS_CALL (self), NULL);

  return self->remote_traceback;
}

/**
 * malt_call_get_exit_report:
 * @self: a call
 *
 * Gets how the worker ended, if that ended the call.
 *
 * Returns: (transfer none) (nullable): the report, or %NULL if there is none
 *
 * Since: 0.1
 */
MaltExitReport *
malt_call_get_exit_report (MaltCall *self)
{
  g_return_val_if_fail (MALT_IS_CALL (self), NULL);

  return self->exit_report;
}

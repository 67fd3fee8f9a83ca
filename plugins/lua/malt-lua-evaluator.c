/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-private.h"

#include "malt-lua-namespace-private.h"
#include "malt-lua-request-private.h"

static void malt_lua_evaluator_init (MaltEvaluatorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (MaltLua, malt_lua, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MALT_TYPE_EVALUATOR, malt_lua_evaluator_init))

/* A cancelled request that waits has no signal to tell it. */
static void
ready_cancelled (MaltLua *self)
{
  if (!atomic_exchange (&self->has_cancelled, FALSE))
    return;

  for (GList *l = self->requests.head; l != NULL; l = l->next)
    if (malt_lua_request_is_cancelled (l->data))
      malt_lua_request_ready (l->data);
}

/* Those that become ready meanwhile have their turn the next time, after what else is in the
 * context. */
static gboolean
on_ready (gpointer user_data)
{
  g_autoptr (MaltLua) self = g_object_ref (MALT_LUA (user_data));

  ready_cancelled (self);
  for (guint i = self->ready.length; i > 0 && self->ready.length > 0; i--)
    {
      MaltLuaRequest *request = g_queue_pop_head_link (&self->ready)->data;

      request->is_ready = FALSE;
      malt_lua_request_step (request);
    }

  return G_SOURCE_CONTINUE;
}

static gboolean
source_dispatch (GSource     *source,
                 GSourceFunc  callback,
                 gpointer     user_data)
{
  g_source_set_ready_time (source, -1);

  return callback (user_data);
}

static GSourceFuncs source_funcs = { .dispatch = source_dispatch };

static gboolean
set_option (MaltLua     *self,
            const char  *name,
            GVariant    *value,
            GError     **error)
{
  const char *expected;

  if (g_str_equal (name, "memory-limit"))
    {
      expected = "t";
      if (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64))
        self->memory_limit_bytes = g_variant_get_uint64 (value);
    }
  else if (g_str_equal (name, "restricted"))
    {
      expected = "b";
      if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
        self->is_restricted = g_variant_get_boolean (value);
    }
  else
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                   "Unknown option “%s” of the Lua evaluator: not among memory-limit, "
                   "restricted", name);
      return FALSE;
    }

  if (g_str_equal (g_variant_get_type_string (value), expected))
    return TRUE;

  g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
               "Wrong type “%s” of the Lua evaluator's option “%s”: “%s” expected",
               g_variant_get_type_string (value), name, expected);

  return FALSE;
}

static gboolean
set_options (MaltLua   *self,
             GVariant  *options,
             GError   **error)
{
  GVariantIter iter;
  const char *name;
  GVariant *value;

  if (options == NULL)
    return TRUE;

  g_variant_iter_init (&iter, options);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      gboolean is_set = set_option (self, name, value, error);

      g_variant_unref (value);
      if (!is_set)
        return FALSE;
    }

  return TRUE;
}

static gboolean
malt_lua_open (MaltEvaluator  *evaluator,
               MaltRuntime    *runtime,
               GVariant       *options,
               GError        **error)
{
  MaltLua *self = MALT_LUA (evaluator);

  if (!set_options (self, options, error))
    return FALSE;

  self->runtime = runtime;
  self->owner = pthread_self ();
  malt_lua_install_handler ();
  if (!malt_lua_open_state (self, error))
    return FALSE;

  self->context = g_main_context_ref_thread_default ();
  self->source = g_source_new (&source_funcs, sizeof (GSource));
  g_source_set_static_name (self->source, "malt-lua");
  /* A C function that a step has called may wait for another evaluation of this worker. */
  g_source_set_can_recurse (self->source, TRUE);
  g_source_set_callback (self->source, on_ready, self, NULL);
  g_source_attach (self->source, self->context);

  return TRUE;
}

static void
malt_lua_close (MaltEvaluator *evaluator)
{
  MaltLua *self = MALT_LUA (evaluator);

  if (self->state == NULL)
    return;

  while (self->requests.head != NULL)
    malt_lua_request_free (self->requests.head->data);
  g_ptr_array_set_size (self->idle, 0);
  malt_lua_end_operations (self);
  malt_lua_close_state (self);

  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
}

static gboolean
malt_lua_has_function (MaltEvaluator *evaluator,
                       const char    *name)
{
  MaltLua *self = MALT_LUA (evaluator);
  gboolean was_limited = malt_lua_suspend_limit (self);
  gboolean has_function = malt_lua_push_function (self, name);

  if (has_function)
    lua_pop (self->state, 1);
  malt_lua_restore_limit (self, was_limited);

  return has_function;
}

static char **
malt_lua_list (MaltEvaluator *evaluator)
{
  MaltLua *self = MALT_LUA (evaluator);
  gboolean was_limited = malt_lua_suspend_limit (self);
  char **names = malt_lua_list_functions (self);

  malt_lua_restore_limit (self, was_limited);

  return names;
}

/* Whoever is cancelled before it starts does not run. */
static gboolean
end_cancelled (MaltInvocation *invocation)
{
  if (malt_invocation_get_cancel_reason (invocation) == MALT_CANCEL_REASON_NONE)
    return FALSE;

  malt_invocation_return_error (invocation, malt_invocation_new_cancel_error (invocation, NULL));

  return TRUE;
}

static GError *
new_syntax_error (lua_State *L)
{
  gsize length;
  const char *text = lua_tolstring (L, -1, &length);
  g_autofree char *message = g_utf8_make_valid (text, length);

  return malt_error_new_remote (MALT_ERROR_REMOTE_EXCEPTION, NULL, message, "lua.syntax", NULL);
}

/* Pushes the text as a function whose environment is the module. [-0, +(0|1), -] */
static gboolean
push_expression (MaltLua     *self,
                 const char  *module,
                 const char  *expression,
                 gboolean    *is_lenient,
                 GError     **error)
{
  lua_State *L = self->state;
  g_autofree char *chunk_name = NULL;

  if (!malt_lua_push_module (self, module, error))
    return FALSE;

  chunk_name = g_strdup_printf ("=%s#%" G_GUINT64_FORMAT, *module != '\0' ? module : "Main",
                                ++self->n_evaluations);
  if (!malt_lua_load_expression (L, expression, chunk_name, is_lenient))
    {
      g_propagate_error (error, new_syntax_error (L));
      lua_pop (L, 2);
      return FALSE;
    }

  lua_insert (L, -2);
  lua_setupvalue (L, -2, 1);

  return TRUE;
}

/* Runs the function at the top of the stack until it waits or ends. [-1, +0, -] */
static void
run (MaltLua        *self,
     MaltInvocation *invocation,
     GVariant       *args,
     GVariant       *kwargs,
     MaltLuaLeniency leniency)
{
  MaltLuaRequest *request;

  malt_lua_collect_excess (self);
  request = malt_lua_request_new (self, invocation);
  request->args = args;
  request->kwargs = kwargs;
  request->leniency = leniency;
  malt_lua_request_start (request, self->state, 1);
  malt_lua_request_step (request);
}

static void
malt_lua_eval (MaltEvaluator  *evaluator,
               MaltInvocation *invocation,
               const char     *module,
               const char     *expression,
               GVariant       *args)
{
  MaltLua *self = MALT_LUA (evaluator);
  gboolean was_limited;
  gboolean is_lenient;
  GError *error = NULL;

  if (end_cancelled (invocation))
    return;

  was_limited = malt_lua_suspend_limit (self);
  if (push_expression (self, module, expression, &is_lenient, &error))
    run (self, invocation, args, NULL,
         is_lenient ? MALT_LUA_LENIENCY_ALL : MALT_LUA_LENIENCY_FILES);
  else
    malt_invocation_return_error (invocation, error);
  malt_lua_restore_limit (self, was_limited);
}

static void
malt_lua_call (MaltEvaluator  *evaluator,
               MaltInvocation *invocation,
               const char     *name)
{
  MaltLua *self = MALT_LUA (evaluator);
  gboolean was_limited;

  if (end_cancelled (invocation))
    return;

  was_limited = malt_lua_suspend_limit (self);
  if (malt_lua_push_function (self, name))
    run (self, invocation, malt_invocation_get_args (invocation),
         malt_invocation_get_kwargs (invocation), MALT_LUA_LENIENCY_NONE);
  else
    malt_invocation_return_error (invocation,
                                  g_error_new (MALT_ERROR, MALT_ERROR_UNKNOWN_FUNCTION,
                                               "Unknown function “%s”", name));
  malt_lua_restore_limit (self, was_limited);
}

static void
malt_lua_evaluator_init (MaltEvaluatorInterface *iface)
{
  iface->open = malt_lua_open;
  iface->close = malt_lua_close;
  iface->has_function = malt_lua_has_function;
  iface->list_functions = malt_lua_list;
  iface->eval = malt_lua_eval;
  iface->call = malt_lua_call;
  iface->dup_position = malt_lua_dup_position;
}

static void
malt_lua_dispose (GObject *object)
{
  malt_lua_close (MALT_EVALUATOR (object));

  G_OBJECT_CLASS (malt_lua_parent_class)->dispose (object);
}

static void
malt_lua_finalize (GObject *object)
{
  MaltLua *self = MALT_LUA (object);

  g_mutex_clear (&self->position.lock);
  g_ptr_array_unref (self->idle);
  g_object_unref (self->closing);

  G_OBJECT_CLASS (malt_lua_parent_class)->finalize (object);
}

static void
malt_lua_class_init (MaltLuaClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = malt_lua_dispose;
  object_class->finalize = malt_lua_finalize;
}

static void
malt_lua_init (MaltLua *self)
{
  g_mutex_init (&self->position.lock);
  self->idle = g_ptr_array_new_with_free_func ((GDestroyNotify) malt_lua_request_free);
  self->closing = g_cancellable_new ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "malt-lua-fixture.h"

#include <string.h>

static gpointer
run_watch_context (gpointer user_data)
{
  LuaFixture *self = user_data;

  while (!g_atomic_int_get (&self->is_over))
    g_main_context_iteration (self->watch_context, TRUE);

  return NULL;
}

static GVariant *
unit_echo (MaltInvocation  *invocation,
           GVariant        *args,
           GVariant        *kwargs,
           gpointer         user_data,
           GError         **error)
{
  return g_variant_ref (args);
}

static GVariant *
unit_nothing (MaltInvocation  *invocation,
              GVariant        *args,
              GVariant        *kwargs,
              gpointer         user_data,
              GError         **error)
{
  return NULL;
}

static GVariant *
unit_add (MaltInvocation  *invocation,
          GVariant        *args,
          GVariant        *kwargs,
          gpointer         user_data,
          GError         **error)
{
  gint64 a;
  gint64 b;

  g_variant_get (args, "(xx)", &a, &b);

  return g_variant_new_int64 (a + b);
}

static GVariant *
unit_fail (MaltInvocation  *invocation,
           GVariant        *args,
           GVariant        *kwargs,
           gpointer         user_data,
           GError         **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "C function failed");

  return NULL;
}

static GVariant *
unit_limit (MaltInvocation  *invocation,
            GVariant        *args,
            GVariant        *kwargs,
            gpointer         user_data,
            GError         **error)
{
  g_set_error (error, MALT_ERROR, MALT_ERROR_LIMIT, "enough");

  return NULL;
}

/* Until it is told to end. */
static GVariant *
unit_spin (MaltInvocation  *invocation,
           GVariant        *args,
           GVariant        *kwargs,
           gpointer         user_data,
           GError         **error)
{
  GCancellable *cancellable = malt_invocation_get_cancellable (invocation);

  while (!g_cancellable_set_error_if_cancelled (cancellable, error))
    g_thread_yield ();

  return NULL;
}

static gboolean
load_unit (MaltModule  *module,
           GError     **error)
{
  malt_module_add_function (module, "add", "(xx)", 0, unit_add, NULL, NULL);
  malt_module_add_function (module, "echo", NULL, 0, unit_echo, NULL, NULL);
  malt_module_add_function (module, "typed_echo", "(udayas)", 0, unit_echo, NULL, NULL);
  malt_module_add_function (module, "fail", NULL, 0, unit_fail, NULL, NULL);
  malt_module_add_function (module, "limit", NULL, 0, unit_limit, NULL, NULL);
  malt_module_add_function (module, "nothing", NULL, 0, unit_nothing, NULL, NULL);
  malt_module_add_function (module, "slow_add", "(xx)", MALT_FUNCTION_FLAGS_THREADED, unit_add,
                            NULL, NULL);
  malt_module_add_function (module, "slow_fail", NULL, MALT_FUNCTION_FLAGS_THREADED, unit_fail,
                            NULL, NULL);
  malt_module_add_function (module, "slow_spin", NULL, MALT_FUNCTION_FLAGS_THREADED, unit_spin,
                            NULL, NULL);
  malt_module_add_function (module, "spin", NULL, 0, unit_spin, NULL, NULL);

  return TRUE;
}

static void
on_report (const GError *error,
           gpointer      user_data)
{
  LuaFixture *self = user_data;

  g_ptr_array_add (self->reports, g_strdup (error->message));
}

/* (transfer full), not floating */
static GVariant *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value;

  if (text == NULL)
    return NULL;

  value = g_variant_parse (NULL, text, NULL, NULL, &error);
  g_assert_no_error (error);

  return value;
}

LuaFixture *
lua_fixture_new (const char *options,
                 const char *folder)
{
  const char *const module_path[] = { folder, NULL };
  static gsize is_registered;
  LuaFixture *self = g_new0 (LuaFixture, 1);
  g_autoptr (GVariant) evaluator_options = parse (options);
  g_autoptr (GError) error = NULL;

  if (g_once_init_enter (&is_registered))
    {
      malt_register_static_module ("unit", load_unit);
      g_once_init_leave (&is_registered, 1);
    }

  self->context = g_main_context_new ();
  g_main_context_push_thread_default (self->context);
  self->watch_context = g_main_context_new ();
  self->reports = g_ptr_array_new_with_free_func (g_free);
  self->runtime = malt_runtime_new ("lua", evaluator_options, module_path, NULL,
                                    self->watch_context, &error);
  g_assert_no_error (error);
  malt_runtime_set_report_func (self->runtime, on_report, self);
  self->watch_thread = g_thread_new ("watch", run_watch_context, self);

  return self;
}

void
lua_fixture_free (LuaFixture *self)
{
  g_assert_finalize_object (g_steal_pointer (&self->runtime));

  g_atomic_int_set (&self->is_over, TRUE);
  g_main_context_wakeup (self->watch_context);
  g_thread_join (self->watch_thread);
  while (g_main_context_iteration (self->watch_context, FALSE))
    ;
  while (g_main_context_iteration (self->context, FALSE))
    ;

  g_main_context_pop_thread_default (self->context);
  g_main_context_unref (self->context);
  g_main_context_unref (self->watch_context);
  g_ptr_array_unref (self->reports);
  g_free (self->folder);
  g_free (self);
}

void
lua_result_free (LuaResult *self)
{
  g_clear_pointer (&self->value, g_variant_unref);
  g_clear_error (&self->error);
  g_free (self->message);
  g_free (self);
}

static void
on_finished (MaltInvocation *invocation,
             GVariant       *value,
             const GError   *error,
             gpointer        user_data)
{
  LuaResult *self = user_data;

  g_assert_true ((value == NULL) == (error != NULL));
  g_assert_cmpuint (++self->n_answers, ==, 1);
  self->value = value != NULL ? g_variant_ref (value) : NULL;
  self->error = error != NULL ? g_error_copy (error) : NULL;
}

static void
on_progress (MaltInvocation *invocation,
             double          fraction,
             const char     *message,
             gpointer        user_data)
{
  LuaResult *self = user_data;

  self->fraction = fraction;
  g_free (self->message);
  self->message = g_strdup (message);
}

static const MaltCarrier carrier = { on_finished, on_progress };

static LuaResult *
start (LuaFixture           *self,
       const char           *function,
       GVariant             *args,
       const LuaCallOptions *options)
{
  LuaResult *result = g_new0 (LuaResult, 1);
  g_autoptr (GVariant) kwargs = options != NULL ? parse (options->kwargs) : NULL;
  g_autoptr (MaltInvocation) invocation = NULL;

  result->id = ++self->last_id;
  invocation = malt_invocation_new (self->runtime, result->id, function, args, kwargs, &carrier,
                                    result);
  if (options != NULL)
    {
      malt_invocation_set_timeout (invocation, options->timeout_ms);
      malt_invocation_set_discard_result (invocation, options->is_discarded);
      if (options->result_type != NULL)
        malt_invocation_set_result_type (invocation, G_VARIANT_TYPE (options->result_type));
    }
  malt_runtime_dispatch (self->runtime, invocation);

  return result;
}

LuaResult *
lua_start_call (LuaFixture           *self,
                const char           *function,
                const LuaCallOptions *options)
{
  g_autoptr (GVariant) args = options != NULL ? parse (options->args) : NULL;

  return start (self, function, args, options);
}

LuaResult *
lua_start_eval (LuaFixture           *self,
                const char           *module,
                const char           *expression,
                const LuaCallOptions *options)
{
  gboolean has_args = options != NULL && options->args != NULL;
  g_autoptr (GVariant) args = parse (has_args ? options->args : "()");

  return start (self, "malt.eval", g_variant_new ("(ssv)", module, expression, args), options);
}

void
lua_wait (LuaFixture *self,
          LuaResult  *result)
{
  while (result->n_answers == 0)
    g_main_context_iteration (self->context, TRUE);
}

char *
lua_result_to_string (LuaResult *self)
{
  const char *type;

  g_assert_cmpuint (self->n_answers, ==, 1);
  if (self->value != NULL)
    return g_variant_print (self->value, TRUE);

  type = malt_error_get_remote_type (self->error);
  if (type != NULL)
    return g_strdup_printf ("%s: %s", type, malt_error_get_remote_message (self->error));

  return g_strdup_printf ("%s:%d: %s", g_quark_to_string (self->error->domain), self->error->code,
                          self->error->message);
}

static char *
finish (LuaFixture *self,
        LuaResult  *result)
{
  g_autoptr (LuaResult) owned_result = result;

  lua_wait (self, result);

  return lua_result_to_string (result);
}

char *
lua_eval (LuaFixture *self,
          const char *expression)
{
  return finish (self, lua_start_eval (self, "", expression, NULL));
}

char *
lua_eval_in (LuaFixture *self,
             const char *module,
             const char *expression)
{
  return finish (self, lua_start_eval (self, module, expression, NULL));
}

char *
lua_call (LuaFixture *self,
          const char *function,
          const char *args)
{
  const LuaCallOptions options = { .args = args };

  return finish (self, lua_start_call (self, function, &options));
}

static gboolean
matches (const char *text,
         const char *expected)
{
  gsize length = strlen (expected);

  if (expected[0] == '~')
    return strstr (text, expected + 1) != NULL;
  if (length > 0 && expected[length - 1] == '*')
    return strncmp (text, expected, length - 1) == 0;

  return g_str_equal (text, expected);
}

void
lua_check_text (const char *where,
                const char *what,
                const char *text,
                const char *expected)
{
  g_autofree char *message = NULL;

  if (matches (text, expected))
    return;

  message = g_strdup_printf ("%s: %s\n  is       %s\n  expected %s", where, what, text, expected);
  g_assertion_message (G_LOG_DOMAIN, "", 0, "", message);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "malt-unit-module.h"

static GThread *main_thread;

static GMutex lock;
static GCond changed;
static guint n_waiting; /* protected by @lock */
static guint n_met;     /* protected by @lock */

static GVariant *
unit_add (MaltInvocation  *invocation,
          GVariant        *args,
          GVariant        *kwargs,
          gpointer         user_data,
          GError         **error)
{
  gint32 a;
  gint32 b;

  g_variant_get (args, "(ii)", &a, &b);

  return g_variant_new_int32 (a + b);
}

static GVariant *
unit_kwargs (MaltInvocation  *invocation,
             GVariant        *args,
             GVariant        *kwargs,
             gpointer         user_data,
             GError         **error)
{
  return kwargs != NULL ? g_variant_ref (kwargs) : NULL;
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
unit_owned (MaltInvocation  *invocation,
            GVariant        *args,
            GVariant        *kwargs,
            gpointer         user_data,
            GError         **error)
{
  return g_variant_ref_sink (g_variant_new_string ("owned"));
}

static GVariant *
unit_fail (MaltInvocation  *invocation,
           GVariant        *args,
           GVariant        *kwargs,
           gpointer         user_data,
           GError         **error)
{
  gboolean is_malt;

  g_variant_get (args, "(b)", &is_malt);
  if (is_malt)
    g_set_error_literal (error, MALT_ERROR, MALT_ERROR_LIMIT, "Enough");
  else
    *error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "No caf\xe9 here");

  return NULL;
}

static GVariant *
unit_is_thread (MaltInvocation  *invocation,
                GVariant        *args,
                GVariant        *kwargs,
                gpointer         user_data,
                GError         **error)
{
  gboolean expected = GPOINTER_TO_INT (user_data);

  return g_variant_new_boolean ((g_thread_self () == main_thread) == expected);
}

static void
count_waiting (int change)
{
  g_mutex_lock (&lock);
  n_waiting += (guint) change;
  g_cond_broadcast (&changed);
  g_mutex_unlock (&lock);
}

static void
wait_until_cancelled (MaltInvocation *invocation)
{
  GCancellable *cancellable = malt_invocation_get_cancellable (invocation);
  GPollFD fd;

  g_assert_true (g_cancellable_make_pollfd (cancellable, &fd));
  count_waiting (1);
  while (!g_cancellable_is_cancelled (cancellable))
    g_poll (&fd, 1, -1);
  count_waiting (-1);
  g_cancellable_release_fd (cancellable);
}

static GVariant *
unit_wait (MaltInvocation  *invocation,
           GVariant        *args,
           GVariant        *kwargs,
           gpointer         user_data,
           GError         **error)
{
  wait_until_cancelled (invocation);
  g_cancellable_set_error_if_cancelled (malt_invocation_get_cancellable (invocation), error);

  return NULL;
}

static GVariant *
unit_wait_for_value (MaltInvocation  *invocation,
                     GVariant        *args,
                     GVariant        *kwargs,
                     gpointer         user_data,
                     GError         **error)
{
  wait_until_cancelled (invocation);

  return g_variant_new_int32 (7);
}

static GVariant *
unit_wait_and_fail (MaltInvocation  *invocation,
                    GVariant        *args,
                    GVariant        *kwargs,
                    gpointer         user_data,
                    GError         **error)
{
  wait_until_cancelled (invocation);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "Fell over while it was being ended");

  return NULL;
}

static GVariant *
unit_meet (MaltInvocation  *invocation,
           GVariant        *args,
           GVariant        *kwargs,
           gpointer         user_data,
           GError         **error)
{
  g_mutex_lock (&lock);
  n_met++;
  g_cond_broadcast (&changed);
  while (n_met < 2)
    g_cond_wait (&changed, &lock);
  g_mutex_unlock (&lock);

  return NULL;
}

static GVariant *
unit_report (MaltInvocation  *invocation,
             GVariant        *args,
             GVariant        *kwargs,
             gpointer         user_data,
             GError         **error)
{
  double fraction;
  const char *message;

  g_variant_get (args, "(d&s)", &fraction, &message);
  malt_invocation_report_progress (invocation, fraction, message);

  return NULL;
}

static const struct
{
  const char        *name;
  const char        *signature;
  MaltFunctionFlags  flags;
  MaltFunction       function;
  gpointer           user_data;
} functions[] = {
  { "add", "(ii)", MALT_FUNCTION_FLAGS_NONE, unit_add, NULL },
  { "kwargs", NULL, MALT_FUNCTION_FLAGS_NONE, unit_kwargs, NULL },
  { "nothing", "()", MALT_FUNCTION_FLAGS_NONE, unit_nothing, NULL },
  { "owned", "()", MALT_FUNCTION_FLAGS_NONE, unit_owned, NULL },
  { "fail", "(b)", MALT_FUNCTION_FLAGS_NONE, unit_fail, NULL },
  { "is_main_thread", "()", MALT_FUNCTION_FLAGS_NONE, unit_is_thread, GINT_TO_POINTER (TRUE) },
  { "is_pool_thread", "()", MALT_FUNCTION_FLAGS_THREADED, unit_is_thread, NULL },
  { "wait", "()", MALT_FUNCTION_FLAGS_NONE, unit_wait, NULL },
  { "wait_threaded", "()", MALT_FUNCTION_FLAGS_THREADED, unit_wait, NULL },
  { "wait_for_value", "()", MALT_FUNCTION_FLAGS_THREADED, unit_wait_for_value, NULL },
  { "wait_and_fail", "()", MALT_FUNCTION_FLAGS_THREADED, unit_wait_and_fail, NULL },
  { "meet", "()", MALT_FUNCTION_FLAGS_THREADED, unit_meet, NULL },
  { "report", "(ds)", MALT_FUNCTION_FLAGS_THREADED, unit_report, NULL },
};

static gboolean
load (MaltModule  *module,
      GError     **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (functions); i++)
    malt_module_add_function (module, functions[i].name, functions[i].signature, functions[i].flags,
                              functions[i].function, functions[i].user_data, NULL);

  return TRUE;
}

void
unit_module_register (void)
{
  main_thread = g_thread_self ();
  malt_register_static_module ("unit", load);
}

void
unit_module_await_waiting (guint n)
{
  g_mutex_lock (&lock);
  while (n_waiting < n)
    g_cond_wait (&changed, &lock);
  g_mutex_unlock (&lock);
}

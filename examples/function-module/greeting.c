/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A function module: a shared library greeting.so on the worker's module-path.
 *
 *   cc -shared -fPIC -o greeting.so greeting.c $(pkg-config --cflags --libs malt-1)
 *   malt call --option module-path=$PWD greeting.greet you */

#include <malt/malt.h>

static GVariant *
greet (MaltInvocation  *invocation,
       GVariant        *args,
       GVariant        *kwargs,
       gpointer         user_data,
       GError         **error)
{
  g_autofree char *text = NULL;
  const char *name;

  g_variant_get (args, "(&s)", &name);
  if (*name == '\0')
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           "Nobody has an empty name");
      return NULL;
    }

  text = g_strdup_printf ("Hello, %s!", name);
  return g_variant_new_string (text);
}

/* A function that takes its time looks after its cancellable, and says how far it is. */
static GVariant *
count_down (MaltInvocation  *invocation,
            GVariant        *args,
            GVariant        *kwargs,
            gpointer         user_data,
            GError         **error)
{
  GCancellable *cancellable = malt_invocation_get_cancellable (invocation);
  guint from;

  g_variant_get (args, "(u)", &from);
  for (guint i = from; i > 0; i--)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      malt_invocation_report_progress (invocation, (double) (from - i) / from, "counting down");
      g_usleep (1000);
    }

  return g_variant_new_string ("Lift-off!");
}

gboolean
malt_function_module_load (MaltModule  *module,
                           GError     **error)
{
  malt_module_add_function (module, "greet", "(s)", MALT_FUNCTION_FLAGS_NONE,
                            greet, NULL, NULL);
  malt_module_add_function (module, "count_down", "(u)", MALT_FUNCTION_FLAGS_NONE,
                            count_down, NULL, NULL);
  return TRUE;
}

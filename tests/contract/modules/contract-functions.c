/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The functions that the contract's cases call in a worker: those that answer. */
#include "contract-functions.h"

#include <string.h>
#include <unistd.h>

/* Everything it was given: the tuple of the arguments. */
static GVariant *
echo (MaltInvocation *invocation, GVariant *args, GVariant *kwargs, gpointer data, GError **error)
{
  return g_variant_ref (args);
}

static GVariant *
keywords (MaltInvocation  *invocation,
          GVariant        *args,
          GVariant        *kwargs,
          gpointer         data,
          GError         **error)
{
  return kwargs != NULL ? g_variant_ref (kwargs) : g_variant_new ("a{sv}", NULL);
}

/* As many calls as reached it: a call that fails before it runs is not among them. */
static GVariant *
typed (MaltInvocation *invocation, GVariant *args, GVariant *kwargs, gpointer data, GError **error)
{
  static guint n_calls;

  return g_variant_new_uint32 (++n_calls);
}

static GVariant *
nothing (MaltInvocation  *invocation,
         GVariant        *args,
         GVariant        *kwargs,
         gpointer         data,
         GError         **error)
{
  return NULL;
}

static GVariant *
fail (MaltInvocation *invocation, GVariant *args, GVariant *kwargs, gpointer data, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "There is no “%s”", "Äpfel");
  return NULL;
}

static GVariant *
progress (MaltInvocation  *invocation,
          GVariant        *args,
          GVariant        *kwargs,
          gpointer         data,
          GError         **error)
{
  guint n;

  g_variant_get (args, "(u)", &n);
  for (guint i = 1; i <= n; i++)
    {
      g_autofree char *message = g_strdup_printf ("step %u", i);

      malt_invocation_report_progress (invocation, (double) i / n, message);
    }
  return g_variant_new_uint32 (n);
}

static GVariant *
pid (MaltInvocation *invocation, GVariant *args, GVariant *kwargs, gpointer data, GError **error)
{
  return g_variant_new_int32 (getpid ());
}

static GVariant *
directory (MaltInvocation  *invocation,
           GVariant        *args,
           GVariant        *kwargs,
           gpointer         data,
           GError         **error)
{
  g_autofree char *path = g_get_current_dir ();

  return g_variant_new_string (path);
}

static GVariant *
environment (MaltInvocation  *invocation,
             GVariant        *args,
             GVariant        *kwargs,
             gpointer         data,
             GError         **error)
{
  g_auto (GStrv) variables = g_get_environ ();

  return g_variant_new_strv ((const char *const *) variables, -1);
}

static GVariant *
command_line (MaltInvocation  *invocation,
              GVariant        *args,
              GVariant        *kwargs,
              gpointer         data,
              GError         **error)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  g_autofree char *text = NULL;
  gsize length;

  if (!g_file_get_contents ("/proc/self/cmdline", &text, &length, error))
    return NULL;
  for (const char *p = text; p < text + length; p += strlen (p) + 1)
    g_ptr_array_add (words, (gpointer) p);
  return g_variant_new_strv ((const char *const *) words->pdata, words->len);
}

/* What each open descriptor is, as the kernel names it. */
static GVariant *
descriptors (MaltInvocation  *invocation,
             GVariant        *args,
             GVariant        *kwargs,
             gpointer         data,
             GError         **error)
{
  g_autoptr (GDir) folder = g_dir_open ("/proc/self/fd", 0, error);
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_STRING_ARRAY);
  const char *name;

  if (folder == NULL)
    return NULL;
  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/fd", name, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);

      if (target != NULL)
        g_variant_builder_add (&builder, "s", target);
    }
  return g_variant_builder_end (&builder);
}

/* Writes bytes to a descriptor as they are, past every buffer of the language. */
static GVariant *
write_bytes (MaltInvocation  *invocation,
             GVariant        *args,
             GVariant        *kwargs,
             gpointer         data,
             GError         **error)
{
  g_autoptr (GVariant) bytes = g_variant_get_child_value (args, 1);
  gsize length;
  const char *p = g_variant_get_fixed_array (bytes, &length, 1);
  guint fd;

  g_variant_get_child (args, 0, "u", &fd);
  while (length > 0)
    {
      gssize written = write (fd, p, length);

      if (written < 0)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Cannot write");
          return NULL;
        }
      p += written;
      length -= written;
    }
  return NULL;
}

/* Says something to GLib's log, as g_log() or as g_log_structured(). */
static GVariant *
log_text (MaltInvocation *invocation, GVariant *args, GVariant *kwargs, gpointer data,
          GError **error)
{
  static const guint8 bytes[] = { 0, 0xff, 'x' };
  gboolean is_structured;
  const char *text;
  guint level;

  g_variant_get (args, "(bu&s)", &is_structured, &level, &text);
  if (is_structured)
    {
      const GLogField fields[] = {
        { "MESSAGE", text, -1 },
        { "GLIB_DOMAIN", "contract", -1 },
        { "CONTRACT_TEXT", "Äpfel", -1 },
        { "CONTRACT_BYTES", bytes, sizeof bytes },
        { "CONTRACT_POINTER", args, 0 },
        { "lower", "left out", -1 },
        { "MALT_WORKER", "somebody else", -1 },
        { "GLIB_OLD_LOG_API", "0", -1 },
      };

      g_log_structured_array (level, fields, G_N_ELEMENTS (fields));
    }
  else
    g_log ("contract", level, "%s", text);
  return NULL;
}

gboolean
malt_function_module_load (MaltModule *module, GError **error)
{
  malt_module_add_function (module, "command_line", "()", MALT_FUNCTION_FLAGS_NONE,
                            command_line, NULL, NULL);
  malt_module_add_function (module, "descriptors", "()", MALT_FUNCTION_FLAGS_NONE,
                            descriptors, NULL, NULL);
  malt_module_add_function (module, "directory", "()", MALT_FUNCTION_FLAGS_NONE,
                            directory, NULL, NULL);
  malt_module_add_function (module, "echo", NULL, MALT_FUNCTION_FLAGS_NONE, echo, NULL, NULL);
  malt_module_add_function (module, "environment", "()", MALT_FUNCTION_FLAGS_NONE,
                            environment, NULL, NULL);
  malt_module_add_function (module, "fail", "()", MALT_FUNCTION_FLAGS_NONE, fail, NULL, NULL);
  malt_module_add_function (module, "keywords", NULL, MALT_FUNCTION_FLAGS_NONE,
                            keywords, NULL, NULL);
  malt_module_add_function (module, "log", "(bus)", MALT_FUNCTION_FLAGS_NONE, log_text, NULL, NULL);
  malt_module_add_function (module, "nothing", "()", MALT_FUNCTION_FLAGS_NONE,
                            nothing, NULL, NULL);
  malt_module_add_function (module, "pid", "()", MALT_FUNCTION_FLAGS_NONE, pid, NULL, NULL);
  malt_module_add_function (module, "progress", "(u)", MALT_FUNCTION_FLAGS_NONE,
                            progress, NULL, NULL);
  malt_module_add_function (module, "typed", "(sx)", MALT_FUNCTION_FLAGS_NONE, typed, NULL, NULL);
  malt_module_add_function (module, "write", "(uay)", MALT_FUNCTION_FLAGS_NONE,
                            write_bytes, NULL, NULL);
  contract_add_bad_functions (module);
  return TRUE;
}

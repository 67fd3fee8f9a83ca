/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/runtime/malt-module-private.h"

#include "malt/malt-error-backend.h"
#include "malt/runtime/malt-invocation-plugin.h"

/**
 * MaltModule:
 *
 * A named set of C functions that a worker calls as "module.function".
 *
 * A function module is a shared library NAME.so that exports
 * malt_function_module_load(), or a load function compiled into the program and
 * registered with [func@register_static_module]. Either adds its functions:
 *
 * ```c
 * gboolean
 * malt_function_module_load (MaltModule  *module,
 *                            GError     **error)
 * {
 *   malt_module_add_function (module, "file", "(ss)", MALT_FUNCTION_FLAGS_THREADED,
 *                             checksum_file, NULL, NULL);
 *   return TRUE;
 * }
 * ```
 *
 * A module is not a class of objects, and it cannot be changed once it is loaded.
 *
 * Since: 0.1
 */

/**
 * MaltFunction:
 * @invocation: the call that runs, for its cancellable and its progress
 * @args: the arguments, a tuple of the function's signature
 * @kwargs: (nullable): named arguments, an `a{sv}`
 * @user_data: what was given to [method@Module.add_function]
 * @error: return location for an error
 *
 * Runs in the worker, in its executing thread, or in a pool thread if the function
 * is %MALT_FUNCTION_FLAGS_THREADED.
 *
 * Should end soon after the invocation's cancellable was cancelled; whatever error
 * it returns then, the caller learns why the call was to end.
 *
 * Errors: any. Those of `MALT_ERROR` keep their code; the caller gets others as
 * %MALT_ERROR_REMOTE_EXCEPTION with their text.
 *
 * Returns: (transfer full) (nullable): the value, floating or owned, or %NULL with
 *   @error set; %NULL without an error is "nothing"
 *
 * Since: 0.1
 */

/**
 * MaltModuleLoadFunc:
 * @module: the module to fill
 * @error: return location for an error
 *
 * Adds the functions of a module; called once a worker.
 *
 * Errors: any; importing the module fails with it.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */

/**
 * MaltFunctionFlags:
 * @MALT_FUNCTION_FLAGS_NONE: runs in the executing thread; other calls wait
 * @MALT_FUNCTION_FLAGS_THREADED: may run on a pool thread, beside others
 *
 * How a function is run.
 *
 * Since: 0.1
 */

/* Filled by the load function and sealed after it. The executing thread owns it; pool threads
 * read the functions, which do not change any more by then. */
struct _MaltModule
{
  GObject    parent_instance;

  char      *name;      /* immutable after construction */
  GPtrArray *functions; /* owned MaltModuleFunctions; immutable once sealed */
  gboolean   is_sealed; /* executing thread only */
};

G_DEFINE_FINAL_TYPE (MaltModule, malt_module, G_TYPE_OBJECT)

G_DEFINE_FLAGS_TYPE (MaltFunctionFlags, malt_function_flags,
                     G_DEFINE_ENUM_VALUE (MALT_FUNCTION_FLAGS_NONE, "none"),
                     G_DEFINE_ENUM_VALUE (MALT_FUNCTION_FLAGS_THREADED, "threaded"))

static GMutex static_modules_lock;
/* name → MaltModuleLoadFunc; protected by @static_modules_lock */
static GHashTable *static_modules;

static void
malt_module_function_free (MaltModuleFunction *self)
{
  if (self->destroy != NULL)
    self->destroy (self->user_data);

  g_clear_pointer (&self->signature, g_variant_type_free);
  g_free (self->full_name);
  g_free (self);
}

static void
malt_module_finalize (GObject *object)
{
  MaltModule *self = MALT_MODULE (object);

  g_clear_pointer (&self->functions, g_ptr_array_unref);
  g_clear_pointer (&self->name, g_free);

  G_OBJECT_CLASS (malt_module_parent_class)->finalize (object);
}

static void
malt_module_class_init (MaltModuleClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = malt_module_finalize;
}

static void
malt_module_init (MaltModule *self)
{
  self->functions = g_ptr_array_new_with_free_func ((GDestroyNotify) malt_module_function_free);
}

MaltModule *
malt_module_new (const char *name)
{
  MaltModule *self;

  g_assert (malt_module_is_valid_name (name));

  self = g_object_new (MALT_TYPE_MODULE, NULL);
  self->name = g_strdup (name);

  return self;
}

gboolean
malt_module_is_valid_name (const char *name)
{
  static const char allowed[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-";

  return *name != '\0' && name[strspn (name, allowed)] == '\0';
}

const char *
malt_module_get_name (MaltModule *self)
{
  return self->name;
}

GPtrArray *
malt_module_get_functions (MaltModule *self)
{
  return self->functions;
}

char **
malt_module_dup_short_names (MaltModule *self)
{
  gsize prefix_length = strlen (self->name) + 1;
  GPtrArray *names = g_ptr_array_new ();

  for (guint i = 0; i < self->functions->len; i++)
    {
      const MaltModuleFunction *function = g_ptr_array_index (self->functions, i);

      g_ptr_array_add (names, g_strdup (function->full_name + prefix_length));
    }
  g_ptr_array_add (names, NULL);

  return (char **) g_ptr_array_free (names, FALSE);
}

gboolean
malt_module_load (MaltModule          *self,
                  MaltModuleLoadFunc   load,
                  GError             **error)
{
  g_autoptr (GError) local_error = NULL;
  gboolean loaded = load (self, &local_error);

  self->is_sealed = TRUE;
  if (loaded)
    return TRUE;

  if (local_error == NULL)
    g_set_error_literal (&local_error, MALT_ERROR, MALT_ERROR_FAILED,
                         "Its load function failed without saying why");
  g_propagate_error (error, g_steal_pointer (&local_error));

  return FALSE;
}

static gboolean
has_function (MaltModule *self,
              const char *name)
{
  gsize prefix_length = strlen (self->name) + 1;

  for (guint i = 0; i < self->functions->len; i++)
    {
      const MaltModuleFunction *function = g_ptr_array_index (self->functions, i);

      if (g_str_equal (function->full_name + prefix_length, name))
        return TRUE;
    }

  return FALSE;
}

/**
 * malt_module_add_function:
 * @self: a module that is being loaded
 * @name: the name of the function: letters, digits, "_" and "-"
 * @signature: (nullable): the type string of its arguments, a tuple such as "(s)",
 *   or %NULL for any tuple
 * @flags: how it is run
 * @function: (scope notified) (closure user_data) (destroy destroy): the function
 * @user_data: data for @function
 * @destroy: (nullable): frees @user_data when the worker lets go of the module
 *
 * Adds a function, which can then be called as "module.function".
 *
 * A call with arguments of another type fails before the function runs, and its
 * error names both types. To be called only while the module is being loaded, once
 * for each name.
 *
 * Since: 0.1
 */
void
malt_module_add_function (MaltModule        *self,
                          const char        *name,
                          const char        *signature,
                          MaltFunctionFlags  flags,
                          MaltFunction       function,
                          gpointer           user_data,
                          GDestroyNotify     destroy)
{
  MaltModuleFunction *entry;

  g_return_if_fail (MALT_IS_MODULE (self));
  g_return_if_fail (!self->is_sealed);
  g_return_if_fail (name != NULL && malt_module_is_valid_name (name));
  g_return_if_fail (!has_function (self, name));
  g_return_if_fail (signature == NULL
                    || (g_variant_type_string_is_valid (signature)
                        && g_variant_type_is_tuple (G_VARIANT_TYPE (signature))));
  g_return_if_fail (function != NULL);

  entry = g_new0 (MaltModuleFunction, 1);
  entry->full_name = g_strconcat (self->name, ".", name, NULL);
  entry->signature = signature != NULL ? g_variant_type_new (signature) : NULL;
  entry->flags = flags;
  entry->function = function;
  entry->user_data = user_data;
  entry->destroy = destroy;
  g_ptr_array_add (self->functions, entry);
}

/**
 * malt_register_static_module:
 * @name: the name of the module: letters, digits, "_" and "-", but not "malt"
 * @load: (scope forever): adds its functions, once for each worker that imports it
 *
 * Registers a function module that is compiled into the program.
 *
 * Workers of this program find it before any file of that name. May be called in any
 * thread, and again with the same @load; a name cannot get another one.
 *
 * Since: 0.1
 */
void
malt_register_static_module (const char         *name,
                             MaltModuleLoadFunc  load)
{
  g_autoptr (GMutexLocker) locker = NULL;
  gpointer known;

  g_return_if_fail (name != NULL && malt_module_is_valid_name (name));
  g_return_if_fail (!g_str_equal (name, "malt"));
  g_return_if_fail (load != NULL);

  locker = g_mutex_locker_new (&static_modules_lock);
  if (static_modules == NULL)
    static_modules = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  known = g_hash_table_lookup (static_modules, name);
  g_return_if_fail (known == NULL || known == (gpointer) load);

  g_hash_table_insert (static_modules, g_strdup (name), load);
}

MaltModuleLoadFunc
malt_module_lookup_static (const char *name)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&static_modules_lock);

  if (static_modules == NULL)
    return NULL;

  return (MaltModuleLoadFunc) g_hash_table_lookup (static_modules, name);
}

/* Errors of MALT_ERROR leave the worker as they are; of others, domain and code travel as the
 * type. */
static GError *
make_remote (const GError *error)
{
  g_autofree char *message = NULL;
  g_autofree char *type = NULL;

  if (error->domain == MALT_ERROR)
    return g_error_copy (error);

  message = g_utf8_make_valid (error->message, -1);
  type = g_strdup_printf ("%s:%d", g_quark_to_string (error->domain), error->code);

  return malt_error_new_remote (MALT_ERROR_REMOTE_EXCEPTION, NULL, message, type, NULL);
}

/* Runs in the executing thread or in one of the pool. */
GVariant *
malt_module_function_call (const MaltModuleFunction  *self,
                           MaltInvocation            *invocation,
                           GError                   **error)
{
  g_autoptr (GError) function_error = NULL;
  g_autoptr (GVariant) value = NULL;

  value = self->function (invocation, malt_invocation_get_args (invocation),
                          malt_invocation_get_kwargs (invocation), self->user_data,
                          &function_error);
  if (value != NULL)
    g_variant_take_ref (value);

  if (function_error == NULL)
    return g_steal_pointer (&value);

  /* The function ended because it was told to: why is what the caller wants to know. */
  if (malt_invocation_get_cancel_reason (invocation) != MALT_CANCEL_REASON_NONE)
    g_propagate_error (error, malt_invocation_new_cancel_error (invocation, NULL));
  else
    g_propagate_error (error, make_remote (function_error));

  return NULL;
}

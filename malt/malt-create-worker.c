/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-backend.h"

#include "malt/malt-nesting-private.h"
#include "malt/malt-options-private.h"

static MaltOptions *
find_backend (const char  *name,
              GError     **error)
{
  g_autoptr (MaltBackend) backend = NULL;

  if (!malt_nesting_check (error))
    return NULL;
  backend = malt_lookup_backend (name, error);

  return backend != NULL ? malt_options_new (backend) : NULL;
}

/* Makes the worker, not yet started, from a{sv} or NULL. */
static GObject *
construct_from_dict (const char  *name,
                     GVariant    *options,
                     GError     **error)
{
  g_autoptr (MaltOptions) checked = find_backend (name, error);

  if (checked == NULL)
    return NULL;
  if (options != NULL && !malt_options_add_dict (checked, options, error))
    return NULL;

  return malt_options_construct (checked);
}

/* Starts it. Takes `worker`, which may be NULL with `error` set. */
static MaltAbstractWorker *
start (GObject       *worker,
       GCancellable  *cancellable,
       GError       **error)
{
  g_autoptr (GObject) owned = worker;

  if (owned == NULL || !g_initable_init (G_INITABLE (owned), cancellable, error))
    return NULL;

  return MALT_ABSTRACT_WORKER (g_steal_pointer (&owned));
}

/**
 * malt_create_worker: (skip)
 * @name: (nullable): the name of a backend; %NULL for the one that
 *   `$MALT_BACKEND` names, else `process`
 * @cancellable: (nullable): ends the start
 * @error: return location for an error
 * @first_property: (nullable): the name of the first option, %NULL for none
 * @...: its value, then name and value of further ones, then %NULL, as in
 *   g_object_new()
 *
 * Starts a worker and blocks until it answers.
 *
 * ```c
 * worker = malt_create_worker ("process", NULL, &error,
 *                              "call-timeout", 5000,
 *                              "transport", "unix",
 *                              NULL);
 * ```
 *
 * The values have the C types of the properties, but an enumeration, whose
 * constants are the backend's own, takes the nick of a value, a string.
 *
 * Errors: those of [func@Malt.create_worker_with_options].
 *
 * Returns: (transfer full): the worker; %NULL on error
 *
 * Since: 0.1
 */
MaltAbstractWorker *
malt_create_worker (const char    *name,
                    GCancellable  *cancellable,
                    GError       **error,
                    const char    *first_property,
                    ...)
{
  g_autoptr (MaltOptions) options = NULL;
  gboolean all_good;
  va_list var_args;

  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  options = find_backend (name, error);
  if (options == NULL)
    return NULL;

  va_start (var_args, first_property);
  all_good = malt_options_add_valist (options, first_property, var_args, error);
  va_end (var_args);
  if (!all_good)
    return NULL;

  return start (malt_options_construct (options), cancellable, error);
}

static void
initialised (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (g_async_initable_init_finish (G_ASYNC_INITABLE (source), result, &error))
    g_task_return_pointer (task, g_object_ref (source), g_object_unref);
  else
    g_task_return_error (task, error);
}

/**
 * malt_create_worker_async:
 * @name: (nullable): the name of a backend; %NULL for the one that
 *   `$MALT_BACKEND` names, else `process`
 * @options: (nullable): options of the backend by name, `a{sv}`; %NULL for none.
 *   A floating reference is taken.
 * @cancellable: (nullable): ends the start
 * @callback: (scope async) (nullable): called when the worker answers, in the
 *   thread-default main context
 * @user_data: data for @callback
 *
 * Starts a worker.
 *
 * Since: 0.1
 */
void
malt_create_worker_async (const char          *name,
                          GVariant            *options,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (GVariant) owned = NULL;
  g_autoptr (GObject) worker = NULL;
  GError *error = NULL;

  g_return_if_fail (options == NULL || g_variant_is_of_type (options, G_VARIANT_TYPE_VARDICT));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, malt_create_worker_async);
  /* The backend heeds the cancellable; a worker that did start is not thrown away. */
  g_task_set_check_cancellable (task, FALSE);

  owned = options != NULL ? g_variant_ref_sink (options) : NULL;
  worker = construct_from_dict (name, owned, &error);
  if (worker == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  g_async_initable_init_async (G_ASYNC_INITABLE (worker), G_PRIORITY_DEFAULT, cancellable,
                               initialised, g_steal_pointer (&task));
}

/**
 * malt_create_worker_finish:
 * @result: what the callback got
 * @error: return location for an error
 *
 * Gets the outcome of [func@Malt.create_worker_async].
 *
 * Errors: those of [func@Malt.create_worker_with_options].
 *
 * Returns: (transfer full): the worker; %NULL on error
 *
 * Since: 0.1
 */
MaltAbstractWorker *
malt_create_worker_finish (GAsyncResult  *result,
                           GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, malt_create_worker_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * malt_create_worker_with_options:
 * @name: (nullable): the name of a backend; %NULL for the one that
 *   `$MALT_BACKEND` names, else `process`
 * @options: (nullable): options of the backend by name, `a{sv}`; %NULL for none.
 *   A floating reference is taken.
 * @cancellable: (nullable): ends the start
 * @error: return location for an error
 *
 * Starts a worker and blocks until it answers.
 *
 * An option takes the value that its property takes: `b`, any integer, `d`, `s`,
 * a bytestring `ay` for a file name, `as` or an `av` of strings, the nick of an
 * enum as `s` and those of flags as strings are. See
 * [method@Malt.Backend.list_options].
 *
 * Errors: %MALT_ERROR_UNKNOWN_BACKEND if there is no such backend;
 * %MALT_ERROR_INVALID_CONFIG for an option that is unknown, of the wrong type or
 * out of range; %MALT_ERROR_LIMIT in a worker that is itself inside of ten
 * others; %MALT_ERROR_START_FAILED if no worker came up; %G_IO_ERROR_CANCELLED;
 * what else the backend says.
 *
 * Returns: (transfer full): the worker; %NULL on error
 *
 * Since: 0.1
 */
MaltAbstractWorker *
malt_create_worker_with_options (const char    *name,
                                 GVariant      *options,
                                 GCancellable  *cancellable,
                                 GError       **error)
{
  g_autoptr (GVariant) owned = NULL;

  g_return_val_if_fail (options == NULL || g_variant_is_of_type (options, G_VARIANT_TYPE_VARDICT),
                        NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  owned = options != NULL ? g_variant_ref_sink (options) : NULL;

  return start (construct_from_dict (name, owned, error), cancellable, error);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-create-worker-private.h"

#include "malt/malt-config-private.h"
#include "malt/malt-guard-private.h"
#include "malt/malt-nesting-private.h"

MaltOptions *
malt_create_worker_find_options (MaltConfig  *config,
                                 const char  *name,
                                 GVariant    *dict,
                                 GError     **error)
{
  g_autoptr (MaltConfigFile) content = NULL;
  g_autoptr (MaltOptions) options = NULL;

  if (!malt_nesting_check (error))
    return NULL;
  if (config == NULL)
    config = malt_config_get_default (error);
  if (config == NULL)
    return NULL;

  content = malt_config_ref_content (config);
  options = malt_config_file_new_options (content, name, error);
  if (options == NULL || (dict != NULL && !malt_options_add_dict (options, dict, error)))
    return NULL;

  return g_steal_pointer (&options);
}

MaltAbstractWorker *
malt_create_worker_start (MaltOptions   *options,
                          GCancellable  *cancellable,
                          GError       **error)
{
  g_autoptr (GObject) worker = malt_options_construct (options);

  if (!malt_guard_check (worker, "init",
                         g_initable_init (G_INITABLE (worker), cancellable, error), error))
    return NULL;

  return MALT_ABSTRACT_WORKER (g_steal_pointer (&worker));
}

/**
 * malt_create_worker: (skip)
 * @name: (nullable): the name of a profile of the default configuration, see
 *   [class@Malt.Config], or of a backend; %NULL for the one that `$MALT_BACKEND`
 *   names, else the configuration's default, else `process`
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

  options = malt_create_worker_find_options (NULL, name, NULL, error);
  if (options == NULL)
    return NULL;

  va_start (var_args, first_property);
  all_good = malt_options_add_valist (options, first_property, var_args, error);
  va_end (var_args);
  if (!all_good)
    return NULL;

  return malt_create_worker_start (options, cancellable, error);
}

static void
initialised (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (malt_guard_check (source, "init_finish",
                        g_async_initable_init_finish (G_ASYNC_INITABLE (source), result, &error),
                        &error))
    g_task_return_pointer (task, g_object_ref (source), g_object_unref);
  else
    g_task_return_error (task, error);
}

static void
free_cell (gpointer data)
{
  GObject **cell = data;

  g_clear_object (cell);
  g_free (cell);
}

/* Runs in a thread of its own, which may let go of the task after the caller has, and must not have
 * the last reference to the worker then: it is taken out of the cell. */
static void
initialise (GTask        *task,
            gpointer      source,
            gpointer      task_data,
            GCancellable *cancellable)
{
  g_autoptr (GObject) worker = g_steal_pointer ((GObject **) task_data);
  GError *error = NULL;

  if (malt_guard_check (worker, "init",
                        g_initable_init (G_INITABLE (worker), cancellable, &error), &error))
    {
      g_task_return_pointer (task, g_steal_pointer (&worker), g_object_unref);
      return;
    }

  g_clear_object (&worker);
  g_task_return_error (task, error);
}

/* The one of GAsyncInitable does not bear that init() fails without an error. */
static gboolean
has_own_init_async (GObject *worker)
{
  GAsyncInitableIface *base = g_type_default_interface_peek (G_TYPE_ASYNC_INITABLE);

  return G_ASYNC_INITABLE_GET_IFACE (worker)->init_async != base->init_async;
}

void
malt_create_worker_start_task (GTask       *task,
                               MaltOptions *options)
{
  g_autoptr (GObject) worker = malt_options_construct (options);

  /* The backend heeds the cancellable; a worker that did start is not thrown away. */
  g_task_set_check_cancellable (task, FALSE);
  if (!has_own_init_async (worker))
    {
      g_autoptr (GTask) owned = task;
      GObject **cell = g_new (GObject *, 1);

      *cell = g_steal_pointer (&worker);
      g_task_set_task_data (task, cell, free_cell);
      g_task_run_in_thread (task, initialise);
      return;
    }

  g_async_initable_init_async (G_ASYNC_INITABLE (worker), G_PRIORITY_DEFAULT,
                               g_task_get_cancellable (task), initialised, task);
}

void
malt_create_worker_from_async (MaltConfig          *config,
                               const char          *name,
                               GVariant            *options,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GVariant) owned = options != NULL ? g_variant_ref_sink (options) : NULL;
  g_autoptr (MaltOptions) checked = NULL;
  GError *error = NULL;

  g_task_set_source_tag (task, malt_create_worker_async);
  checked = malt_create_worker_find_options (config, name, owned, &error);
  if (checked != NULL)
    malt_create_worker_start_task (g_steal_pointer (&task), checked);
  else
    g_task_return_error (task, error);
}

/**
 * malt_create_worker_async:
 * @name: (nullable): the name of a profile of the default configuration, see
 *   [class@Malt.Config], or of a backend; %NULL for the one that `$MALT_BACKEND`
 *   names, else the configuration's default, else `process`
 * @options: (nullable): options of the backend by name, `a{sv}`; %NULL for none.
 *   A floating reference is taken.
 * @cancellable: (nullable): ends the start
 * @callback: (scope async) (nullable): called when the worker answers, in the
 *   thread-default main context
 * @user_data: data for @callback
 *
 * Starts a worker.
 *
 * [func@Malt.create_worker_finish] gets the outcome;
 * [func@Malt.create_worker_with_options] blocks until it is there.
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
  g_return_if_fail (options == NULL || g_variant_is_of_type (options, G_VARIANT_TYPE_VARDICT));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  malt_create_worker_from_async (NULL, name, options, cancellable, callback, user_data);
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
 * @name: (nullable): the name of a profile of the default configuration, see
 *   [class@Malt.Config], or of a backend; %NULL for the one that `$MALT_BACKEND`
 *   names, else the configuration's default, else `process`
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
 * [method@Malt.Backend.list_options]. It replaces the profile's.
 *
 * Errors: %MALT_ERROR_UNKNOWN_BACKEND if there is no such profile or backend;
 * %MALT_ERROR_INVALID_CONFIG for an option that is unknown, of the wrong type or
 * out of range, and for any mistake in the default configuration;
 * %MALT_ERROR_LIMIT in a worker that is itself inside of ten others;
 * %MALT_ERROR_SANDBOX_UNAVAILABLE if the profile's sandbox cannot be had here;
 * %MALT_ERROR_START_FAILED if no worker came up; %G_IO_ERROR_CANCELLED; what else
 * the backend says.
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
  g_autoptr (MaltOptions) checked = NULL;

  g_return_val_if_fail (options == NULL || g_variant_is_of_type (options, G_VARIANT_TYPE_VARDICT),
                        NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  owned = options != NULL ? g_variant_ref_sink (options) : NULL;

  checked = malt_create_worker_find_options (NULL, name, owned, error);

  return checked != NULL ? malt_create_worker_start (checked, cancellable, error) : NULL;
}

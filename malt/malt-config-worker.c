/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-config-backend.h"
#include "malt/malt-config-private.h"

#include "malt/malt-create-worker-private.h"

/**
 * malt_config_list_profiles:
 * @self: a configuration
 *
 * Lists the names of the profiles.
 *
 * Returns: (transfer full): the names, in the order of the file
 *
 * Since: 0.1
 */
char **
malt_config_list_profiles (MaltConfig *self)
{
  g_autoptr (MaltConfigFile) content = NULL;

  g_return_val_if_fail (MALT_IS_CONFIG (self), NULL);

  content = malt_config_ref_content (self);

  return malt_config_file_list_profiles (content);
}

/**
 * malt_config_dup_default_profile:
 * @self: a configuration
 *
 * Gets what %NULL stands for where the name of a profile is asked for.
 *
 * Returns: (transfer full): the name of a profile, or of a backend: what
 *   `$MALT_BACKEND` says, there or not, else the `default` of the configuration,
 *   else `process`
 *
 * Since: 0.1
 */
char *
malt_config_dup_default_profile (MaltConfig *self)
{
  g_autoptr (MaltConfigFile) content = NULL;

  g_return_val_if_fail (MALT_IS_CONFIG (self), NULL);

  content = malt_config_ref_content (self);

  return g_strdup (malt_config_file_get_default_profile (content));
}

/**
 * malt_config_lookup_backend:
 * @self: a configuration
 * @profile: (nullable): the name of a profile or of a backend; %NULL for the
 *   default
 * @error: return location for an error
 *
 * Gets the backend of a profile, for instance to see which options can be set
 * besides those of the profile.
 *
 * Errors: %MALT_ERROR_UNKNOWN_BACKEND if there is neither a profile nor a backend
 * of that name; the message lists those there are.
 *
 * Returns: (transfer full): the backend; %NULL on error
 *
 * Since: 0.1
 */
MaltBackend *
malt_config_lookup_backend (MaltConfig  *self,
                            const char  *profile,
                            GError     **error)
{
  g_autoptr (MaltConfigFile) content = NULL;

  g_return_val_if_fail (MALT_IS_CONFIG (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  content = malt_config_ref_content (self);

  return malt_config_file_lookup_backend (content, profile, error);
}

/**
 * malt_config_list_options:
 * @self: a configuration
 * @profile: (nullable): the name of a profile or of a backend; %NULL for the
 *   default
 * @error: return location for an error
 *
 * Lists the options that a profile sets, itself or because of what it extends.
 *
 * Errors: %MALT_ERROR_UNKNOWN_BACKEND if there is neither a profile nor a backend
 * of that name.
 *
 * Returns: (transfer full): their names; %NULL on error
 *
 * Since: 0.1
 */
char **
malt_config_list_options (MaltConfig  *self,
                          const char  *profile,
                          GError     **error)
{
  g_autoptr (MaltConfigFile) content = NULL;

  g_return_val_if_fail (MALT_IS_CONFIG (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  content = malt_config_ref_content (self);

  return malt_config_file_list_options (content, profile, error);
}

/**
 * malt_config_describe_profile:
 * @self: a configuration
 * @profile: (nullable): the name of a profile or of a backend; %NULL for the
 *   default
 * @error: return location for an error
 *
 * Describes what a profile comes down to, for people: its backend, then the
 * options that are not what they are by default, one a line, each with its value
 * in JSON, the profile that says it and the line where.
 *
 * Errors: %MALT_ERROR_UNKNOWN_BACKEND if there is neither a profile nor a backend
 * of that name.
 *
 * Returns: (transfer full): lines of text; %NULL on error
 *
 * Since: 0.1
 */
char *
malt_config_describe_profile (MaltConfig  *self,
                              const char  *profile,
                              GError     **error)
{
  g_autoptr (MaltConfigFile) content = NULL;

  g_return_val_if_fail (MALT_IS_CONFIG (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  content = malt_config_ref_content (self);

  return malt_config_file_describe (content, profile, error);
}

/**
 * malt_config_construct_worker: (skip)
 * @self: a configuration
 * @profile: (nullable): the name of a profile or of a backend; %NULL for the
 *   default
 * @options: (nullable): `a{sv}`, options that replace those of the profile
 * @error: return location for an error
 *
 * Makes a worker that has its options and has not been started: its properties
 * tell what they come down to. g_async_initable_init_async() starts it.
 *
 * Errors: %MALT_ERROR_UNKNOWN_BACKEND if there is neither a profile nor a backend
 * of that name; %MALT_ERROR_INVALID_CONFIG for an option that is unknown or has a
 * value that it cannot have; %MALT_ERROR_LIMIT too deep inside of other workers.
 *
 * Returns: (transfer full): a worker that does not run; %NULL on error
 *
 * Since: 0.1
 */
MaltAbstractWorker *
malt_config_construct_worker (MaltConfig  *self,
                              const char  *profile,
                              GVariant    *options,
                              GError     **error)
{
  g_autoptr (MaltOptions) all = NULL;

  g_return_val_if_fail (MALT_IS_CONFIG (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  all = malt_create_worker_find_options (self, profile, options, error);

  return all != NULL ? MALT_ABSTRACT_WORKER (malt_options_construct (all)) : NULL;
}

/**
 * malt_config_create_worker:
 * @self: a configuration
 * @profile: (nullable): the name of a profile or of a backend; %NULL for the
 *   default
 * @cancellable: (nullable): ends the start
 * @error: return location for an error
 *
 * Starts a worker as a profile says, and blocks until it answers. To set further
 * options, use [func@Malt.create_worker_with_options] with a profile of the
 * default configuration.
 *
 * Errors: %MALT_ERROR_UNKNOWN_BACKEND if there is neither a profile nor a backend
 * of that name; those of [func@Malt.create_worker_with_options].
 *
 * Returns: (transfer full): the worker; %NULL on error
 *
 * Since: 0.1
 */
MaltAbstractWorker *
malt_config_create_worker (MaltConfig    *self,
                           const char    *profile,
                           GCancellable  *cancellable,
                           GError       **error)
{
  g_autoptr (MaltOptions) options = NULL;

  g_return_val_if_fail (MALT_IS_CONFIG (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  options = malt_create_worker_find_options (self, profile, NULL, error);

  return options != NULL ? malt_create_worker_start (options, cancellable, error) : NULL;
}

/**
 * malt_config_create_worker_async:
 * @self: a configuration
 * @profile: (nullable): the name of a profile or of a backend; %NULL for the
 *   default
 * @cancellable: (nullable): ends the start
 * @callback: (scope async) (nullable): called when the worker answers, in the
 *   thread-default main context
 * @user_data: data for @callback
 *
 * Starts a worker as a profile says.
 *
 * [method@Malt.Config.create_worker_finish] gets the outcome;
 * [method@Malt.Config.create_worker] blocks until it is there.
 *
 * Since: 0.1
 */
void
malt_config_create_worker_async (MaltConfig          *self,
                                 const char          *profile,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (MaltOptions) options = NULL;
  GError *error = NULL;

  g_return_if_fail (MALT_IS_CONFIG (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, malt_config_create_worker_async);

  options = malt_create_worker_find_options (self, profile, NULL, &error);
  if (options != NULL)
    malt_create_worker_start_task (g_steal_pointer (&task), options);
  else
    g_task_return_error (task, error);
}

/**
 * malt_config_create_worker_finish:
 * @self: a configuration
 * @result: what the callback got
 * @error: return location for an error
 *
 * Gets the outcome of [method@Malt.Config.create_worker_async].
 *
 * Errors: those of [method@Malt.Config.create_worker].
 *
 * Returns: (transfer full): the worker; %NULL on error
 *
 * Since: 0.1
 */
MaltAbstractWorker *
malt_config_create_worker_finish (MaltConfig    *self,
                                  GAsyncResult  *result,
                                  GError       **error)
{
  g_return_val_if_fail (MALT_IS_CONFIG (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, malt_config_create_worker_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

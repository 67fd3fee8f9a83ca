/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-worker-options.h"

#include "malt/malt-error.h"
#include "malt/malt-option-field.h"
#include "malt/malt-param-path.h"

#include <stddef.h>

/* Of unanswered data, in bytes. Enough for a few big values on their way, far below what hurts a
 * desktop. */
#define MAX_PENDING_BYTES_DEFAULT (G_GUINT64_CONSTANT (64) << 20)

/* Of one message either way, in bytes. The header of the wire has 32 bits for it. */
#define MAX_MESSAGE_BYTES_DEFAULT (G_GUINT64_CONSTANT (1) << 30)
#define MAX_MESSAGE_BYTES_MIN 4096
#define MAX_MESSAGE_BYTES_MAX G_MAXUINT32

#define OPTION_FLAGS (G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS)

/**
 * MaltWorkerOptions: (skip)
 * @evaluator: (nullable): option `evaluator`, a name; owned
 * @module_path: (nullable) (array zero-terminated=1): option `module-path`, folders;
 *   owned
 * @modules: (nullable) (array zero-terminated=1): option `modules`, names; owned
 * @call_timeout_ms: option `call-timeout`, milliseconds, 0 for none
 * @max_pending_bytes: option `max-pending-bytes`, from 1 on
 * @max_message_bytes: option `max-message-size`, bytes, 4096 to 4 294 967 295
 * @unresponsive_timeout_ms: option `unresponsive-timeout`, milliseconds, 0 for never
 *
 * The options that all backends have, for the class of a worker: construct properties
 * that are kept in a struct of its instance.
 *
 * ```c
 * static void
 * my_worker_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
 * {
 *   MyWorker *self = MY_WORKER (object);
 *
 *   if (id <= MALT_WORKER_OPTION_LAST)
 *     malt_worker_options_set (&self->options, id, value);
 *   else
 *     set_own_property (self, id, value, pspec);
 * }
 * ```
 *
 * Since: 0.1
 */

/**
 * MaltWorkerOption: (skip)
 * @MALT_WORKER_OPTION_EVALUATOR: `evaluator`, a string: the language of expressions
 * @MALT_WORKER_OPTION_MODULE_PATH: `module-path`, an array of strings: folders where
 *   modules are looked for before the installed folder
 * @MALT_WORKER_OPTION_MODULES: `modules`, an array of strings: function modules that
 *   are loaded at the start
 * @MALT_WORKER_OPTION_CALL_TIMEOUT: `call-timeout`, a guint: time-out of calls that
 *   set none, in milliseconds
 * @MALT_WORKER_OPTION_MAX_PENDING_BYTES: `max-pending-bytes`, a guint64: unanswered
 *   data before calls wait and then fail
 * @MALT_WORKER_OPTION_MAX_MESSAGE_SIZE: `max-message-size`, a guint64: the largest
 *   message either way, in bytes
 * @MALT_WORKER_OPTION_UNRESPONSIVE_TIMEOUT: `unresponsive-timeout`, a guint: what a
 *   call has to heed its end before the worker is killed, in milliseconds
 * @MALT_WORKER_OPTION_LAST: the last of them: a backend's own properties have ids
 *   above it
 *
 * The options that all backends have, by the ids of their properties.
 *
 * Since: 0.1
 */

/**
 * malt_worker_options_install_limits: (skip)
 * @object_class: the class of a worker
 *
 * Installs those of the options that are the manager's own business: of time-outs
 * and sizes. For a backend whose workers get their evaluator and their modules in
 * another way; the other fields of [struct@Malt.WorkerOptions] stay as they are.
 *
 * Since: 0.1
 */
void
malt_worker_options_install_limits (GObjectClass *object_class)
{
  g_object_class_install_property (
      object_class, MALT_WORKER_OPTION_CALL_TIMEOUT,
      g_param_spec_uint ("call-timeout", "Call time-out",
                         "Time-out of calls that set none, in milliseconds, 0 for none",
                         0, G_MAXUINT, 0, OPTION_FLAGS));
  g_object_class_install_property (
      object_class, MALT_WORKER_OPTION_MAX_PENDING_BYTES,
      g_param_spec_uint64 ("max-pending-bytes", "Pending data",
                           "Unanswered data before calls wait and then fail, in bytes",
                           1, G_MAXUINT64, MAX_PENDING_BYTES_DEFAULT, OPTION_FLAGS));
  g_object_class_install_property (
      object_class, MALT_WORKER_OPTION_MAX_MESSAGE_SIZE,
      g_param_spec_uint64 ("max-message-size", "Message size",
                           "Largest message either way, in bytes",
                           MAX_MESSAGE_BYTES_MIN, MAX_MESSAGE_BYTES_MAX,
                           MAX_MESSAGE_BYTES_DEFAULT, OPTION_FLAGS));
  g_object_class_install_property (
      object_class, MALT_WORKER_OPTION_UNRESPONSIVE_TIMEOUT,
      g_param_spec_uint ("unresponsive-timeout", "Unresponsive time-out",
                         "Time a call has to heed its end before the worker is killed, "
                         "in milliseconds, 0 for ever",
                         0, G_MAXUINT, 0, OPTION_FLAGS));
}

/**
 * malt_worker_options_install: (skip)
 * @object_class: the class of a worker
 *
 * Installs the options that all backends have, as construct properties with the
 * ids of [enum@Malt.WorkerOption].
 *
 * Since: 0.1
 */
void
malt_worker_options_install (GObjectClass *object_class)
{
  g_object_class_install_property (
      object_class, MALT_WORKER_OPTION_EVALUATOR,
      g_param_spec_string ("evaluator", "Evaluator",
                           "Name of the evaluator, the language of expressions",
                           "lua", OPTION_FLAGS));
  g_object_class_install_property (
      object_class, MALT_WORKER_OPTION_MODULE_PATH,
      malt_param_spec_set_path (
          g_param_spec_boxed ("module-path", "Module path",
                              "Folders where modules are looked for before the installed folder",
                              G_TYPE_STRV, OPTION_FLAGS),
          MALT_PATH_KIND_FILE));
  g_object_class_install_property (
      object_class, MALT_WORKER_OPTION_MODULES,
      g_param_spec_boxed ("modules", "Modules", "Function modules that are loaded at start",
                          G_TYPE_STRV, OPTION_FLAGS));
  malt_worker_options_install_limits (object_class);
}

/* By option. */
static const gsize offsets[] = {
  [MALT_WORKER_OPTION_EVALUATOR] = offsetof (MaltWorkerOptions, evaluator),
  [MALT_WORKER_OPTION_MODULE_PATH] = offsetof (MaltWorkerOptions, module_path),
  [MALT_WORKER_OPTION_MODULES] = offsetof (MaltWorkerOptions, modules),
  [MALT_WORKER_OPTION_CALL_TIMEOUT] = offsetof (MaltWorkerOptions, call_timeout_ms),
  [MALT_WORKER_OPTION_MAX_PENDING_BYTES] = offsetof (MaltWorkerOptions, max_pending_bytes),
  [MALT_WORKER_OPTION_MAX_MESSAGE_SIZE] = offsetof (MaltWorkerOptions, max_message_bytes),
  [MALT_WORKER_OPTION_UNRESPONSIVE_TIMEOUT] = offsetof (MaltWorkerOptions, unresponsive_timeout_ms),
};

/**
 * malt_worker_options_set: (skip)
 * @self: the options of one worker, all zero at first
 * @option: which
 * @value: of the type of its property
 *
 * Sets an option, once: they are construct properties.
 *
 * Since: 0.1
 */
void
malt_worker_options_set (MaltWorkerOptions *self,
                         MaltWorkerOption   option,
                         const GValue      *value)
{
  g_return_if_fail (option > 0 && option < G_N_ELEMENTS (offsets));

  malt_option_field_set (G_STRUCT_MEMBER_P (self, offsets[option]), value);
}

/**
 * malt_worker_options_get: (skip)
 * @self: the options of one worker
 * @option: which
 * @value: initialised with the type of its property
 *
 * Gets an option, or a copy of it.
 *
 * Since: 0.1
 */
void
malt_worker_options_get (const MaltWorkerOptions *self,
                         MaltWorkerOption         option,
                         GValue                  *value)
{
  g_return_if_fail (option > 0 && option < G_N_ELEMENTS (offsets));

  malt_option_field_get (G_STRUCT_MEMBER_P (self, offsets[option]), value);
}

/**
 * malt_worker_options_clear: (skip)
 * @self: the options of one worker
 *
 * Frees what the options own.
 *
 * Since: 0.1
 */
void
malt_worker_options_clear (MaltWorkerOptions *self)
{
  g_clear_pointer (&self->evaluator, g_free);
  g_clear_pointer (&self->module_path, g_strfreev);
  g_clear_pointer (&self->modules, g_strfreev);
}

/**
 * malt_worker_options_check_utf8: (skip)
 * @option: the name of an option
 * @values: (nullable): its values
 * @error: return location for an error
 *
 * Checks what no GParamSpec can: that text is UTF-8.
 *
 * Errors: %MALT_ERROR_INVALID_CONFIG, naming the option and the value.
 *
 * Returns: whether all are
 *
 * Since: 0.1
 */
gboolean
malt_worker_options_check_utf8 (const char         *option,
                                const char *const  *values,
                                GError            **error)
{
  for (gsize i = 0; values != NULL && values[i] != NULL; i++)
    if (!g_utf8_validate (values[i], -1, NULL))
      {
        g_autofree char *shown = g_utf8_make_valid (values[i], -1);

        g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                     "Cannot use “%s” for option “%s”: not UTF-8", shown, option);
        return FALSE;
      }

  return TRUE;
}

/* An empty name would stand for the folder that the program happens to be in. */
static gboolean
check_module_path (const char *const  *folders,
                   GError            **error)
{
  if (folders == NULL || !g_strv_contains (folders, ""))
    return malt_worker_options_check_utf8 ("module-path", folders, error);

  g_set_error_literal (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                       "Cannot use “” for option “module-path”: empty");
  return FALSE;
}

/**
 * malt_worker_options_check: (skip)
 * @self: the options of one worker
 * @error: return location for an error
 *
 * Checks what no GParamSpec can, before a worker is started.
 *
 * Errors: %MALT_ERROR_INVALID_CONFIG, naming the option and the value.
 *
 * Returns: whether a worker can be started with them
 *
 * Since: 0.1
 */
gboolean
malt_worker_options_check (const MaltWorkerOptions  *self,
                           GError                  **error)
{
  const char *const evaluator[] = { self->evaluator, NULL };

  return malt_worker_options_check_utf8 ("evaluator", evaluator, error)
         && check_module_path ((const char *const *) self->module_path, error)
         && malt_worker_options_check_utf8 ("modules", (const char *const *) self->modules, error);
}

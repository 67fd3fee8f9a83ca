/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/sandbox/malt-sandbox-options.h"

#include "malt/malt-error.h"
#include "malt/malt-option-field.h"
#include "malt/malt-param-path.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

/* In bytes: of an image or a table of some hundred thousand rows several copies, and of a machine
 * with little memory not all. */
#define MEMORY_LIMIT_DEFAULT (G_GUINT64_CONSTANT (512) << 20)

/* In bytes: with less no evaluator starts. */
#define MEMORY_LIMIT_MIN (G_GUINT64_CONSTANT (16) << 20)

/* A worker itself has about a dozen. */
#define FD_LIMIT_DEFAULT 64
#define FD_LIMIT_MIN 16

/* In bytes. Under a profile that lets files be written at all. */
#define FILE_SIZE_LIMIT_DEFAULT (G_GUINT64_CONSTANT (16) << 20)

/* Threads of a worker and its libraries; functions that are threaded take one a processor. */
#define TASK_LIMIT_DEFAULT 64
#define TASK_LIMIT_MIN 8

#define OPTION_FLAGS (G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS)

/**
 * MALT_SANDBOX_BWRAP_PATH: (skip)
 *
 * Where distributions install bubblewrap, the default of the option `bwrap-path`.
 *
 * Since: 0.1
 */

/**
 * MaltSandboxOptions: (skip)
 * @profile: option `sandbox`
 * @memory_limit: option `memory-limit`, bytes, 0 for none
 * @cpu_limit: option `cpu-limit`, seconds, 0 for none
 * @fd_limit: option `fd-limit`, descriptors, from 16 on
 * @file_size_limit: option `file-size-limit`, bytes, from 1 on
 * @task_limit: option `task-limit`, threads, from 8 on
 * @read_paths: (nullable) (array zero-terminated=1): option `read-paths`, file names;
 *   owned
 * @bwrap_path: option `bwrap-path`, a file name; owned
 * @allow_native_code: option `allow-native-code`
 *
 * How the workers of a backend are confined: construct properties that are kept in a
 * struct of the worker, as [struct@Malt.WorkerOptions] are.
 *
 * Since: 0.1
 */

/**
 * MaltSandboxOption: (skip)
 * @MALT_SANDBOX_OPTION_SANDBOX: `sandbox`, a [enum@Malt.Sandbox]
 * @MALT_SANDBOX_OPTION_MEMORY_LIMIT: `memory-limit`, a guint64: what a worker may
 *   allocate, in bytes
 * @MALT_SANDBOX_OPTION_CPU_LIMIT: `cpu-limit`, a guint: processor time in its life, in
 *   seconds
 * @MALT_SANDBOX_OPTION_FD_LIMIT: `fd-limit`, a guint: descriptors that it may have open
 * @MALT_SANDBOX_OPTION_FILE_SIZE_LIMIT: `file-size-limit`, a guint64: size of a file
 *   that it writes, in bytes
 * @MALT_SANDBOX_OPTION_TASK_LIMIT: `task-limit`, a guint: its threads, under
 *   %MALT_SANDBOX_ISOLATED
 * @MALT_SANDBOX_OPTION_READ_PATHS: `read-paths`, an array of strings: what can be read
 *   from %MALT_SANDBOX_STRICT on, besides the module path
 * @MALT_SANDBOX_OPTION_BWRAP_PATH: `bwrap-path`, a string: the program bwrap, under
 *   %MALT_SANDBOX_ISOLATED
 * @MALT_SANDBOX_OPTION_ALLOW_NATIVE_CODE: `allow-native-code`, a gboolean: whether
 *   native code can be loaded or made from %MALT_SANDBOX_STRICT on
 * @MALT_SANDBOX_OPTION_LAST: the last of them
 *
 * The options of sandboxes. The ids of their properties follow on each other, from the
 * first that a class has for them.
 *
 * Since: 0.1
 */

static void
install_limits (GObjectClass *object_class,
                guint         first_id)
{
  g_object_class_install_property (
      object_class, first_id + MALT_SANDBOX_OPTION_MEMORY_LIMIT,
      g_param_spec_uint64 ("memory-limit", "Memory limit",
                           "What a sandboxed worker may allocate, in bytes, 0 for no limit",
                           0, G_MAXUINT64, MEMORY_LIMIT_DEFAULT, OPTION_FLAGS));
  g_object_class_install_property (
      object_class, first_id + MALT_SANDBOX_OPTION_CPU_LIMIT,
      g_param_spec_uint ("cpu-limit", "CPU limit",
                         "Processor time that a sandboxed worker may use in its life, in seconds, "
                         "0 for no limit",
                         0, G_MAXINT, 0, OPTION_FLAGS));
  g_object_class_install_property (
      object_class, first_id + MALT_SANDBOX_OPTION_FD_LIMIT,
      g_param_spec_uint ("fd-limit", "Descriptor limit",
                         "Descriptors that a sandboxed worker may have open",
                         FD_LIMIT_MIN, G_MAXINT, FD_LIMIT_DEFAULT, OPTION_FLAGS));
  g_object_class_install_property (
      object_class, first_id + MALT_SANDBOX_OPTION_FILE_SIZE_LIMIT,
      g_param_spec_uint64 ("file-size-limit", "File size limit",
                           "Size of a file that a sandboxed worker writes, in bytes",
                           1, G_MAXUINT64, FILE_SIZE_LIMIT_DEFAULT, OPTION_FLAGS));
  g_object_class_install_property (
      object_class, first_id + MALT_SANDBOX_OPTION_TASK_LIMIT,
      g_param_spec_uint ("task-limit", "Task limit",
                         "Threads that a worker may have under the profile isolated",
                         TASK_LIMIT_MIN, G_MAXINT, TASK_LIMIT_DEFAULT, OPTION_FLAGS));
}

/**
 * malt_sandbox_options_install: (skip)
 * @object_class: the class of a worker
 * @first_id: the property id of `sandbox`; the others follow
 *
 * Installs the options of sandboxes as construct properties.
 *
 * Since: 0.1
 */
void
malt_sandbox_options_install (GObjectClass *object_class,
                              guint         first_id)
{
  g_object_class_install_property (
      object_class, first_id + MALT_SANDBOX_OPTION_SANDBOX,
      g_param_spec_enum ("sandbox", "Sandbox",
                         "What the code of the worker is kept from: none for nothing, limits "
                         "against accidents, strict against malice, isolated in namespaces as well",
                         MALT_TYPE_SANDBOX, MALT_SANDBOX_NONE, OPTION_FLAGS));
  install_limits (object_class, first_id);
  g_object_class_install_property (
      object_class, first_id + MALT_SANDBOX_OPTION_READ_PATHS,
      malt_param_spec_set_path (
          g_param_spec_boxed ("read-paths", "Readable paths",
                              "Files and folders that can be read under strict and isolated, "
                              "besides the module path",
                              G_TYPE_STRV, OPTION_FLAGS),
          MALT_PATH_KIND_FILE));
  g_object_class_install_property (
      object_class, first_id + MALT_SANDBOX_OPTION_BWRAP_PATH,
      malt_param_spec_set_path (
          g_param_spec_string ("bwrap-path", "Bubblewrap",
                               "The program bwrap, which makes the namespaces of isolated, by its "
                               "absolute path",
                               MALT_SANDBOX_BWRAP_PATH, OPTION_FLAGS),
          MALT_PATH_KIND_FILE));
  g_object_class_install_property (
      object_class, first_id + MALT_SANDBOX_OPTION_ALLOW_NATIVE_CODE,
      g_param_spec_boolean ("allow-native-code", "Native code",
                            "Whether native code can be loaded or made under strict and isolated",
                            FALSE, OPTION_FLAGS));
}

/* By option. */
static const gsize offsets[] = {
  [MALT_SANDBOX_OPTION_SANDBOX] = offsetof (MaltSandboxOptions, profile),
  [MALT_SANDBOX_OPTION_MEMORY_LIMIT] = offsetof (MaltSandboxOptions, memory_limit),
  [MALT_SANDBOX_OPTION_CPU_LIMIT] = offsetof (MaltSandboxOptions, cpu_limit),
  [MALT_SANDBOX_OPTION_FD_LIMIT] = offsetof (MaltSandboxOptions, fd_limit),
  [MALT_SANDBOX_OPTION_FILE_SIZE_LIMIT] = offsetof (MaltSandboxOptions, file_size_limit),
  [MALT_SANDBOX_OPTION_TASK_LIMIT] = offsetof (MaltSandboxOptions, task_limit),
  [MALT_SANDBOX_OPTION_READ_PATHS] = offsetof (MaltSandboxOptions, read_paths),
  [MALT_SANDBOX_OPTION_BWRAP_PATH] = offsetof (MaltSandboxOptions, bwrap_path),
  [MALT_SANDBOX_OPTION_ALLOW_NATIVE_CODE] = offsetof (MaltSandboxOptions, allow_native_code),
};

/**
 * malt_sandbox_options_set: (skip)
 * @self: the options of one worker, all zero at first
 * @option: which
 * @value: of the type of its property
 *
 * Sets an option, once: they are construct properties.
 *
 * Since: 0.1
 */
void
malt_sandbox_options_set (MaltSandboxOptions *self,
                          MaltSandboxOption   option,
                          const GValue       *value)
{
  g_return_if_fail (option < G_N_ELEMENTS (offsets));

  malt_option_field_set (G_STRUCT_MEMBER_P (self, offsets[option]), value);
}

/**
 * malt_sandbox_options_get: (skip)
 * @self: the options of one worker
 * @option: which
 * @value: initialised with the type of its property
 *
 * Gets an option, or a copy of it.
 *
 * Since: 0.1
 */
void
malt_sandbox_options_get (const MaltSandboxOptions *self,
                          MaltSandboxOption         option,
                          GValue                   *value)
{
  g_return_if_fail (option < G_N_ELEMENTS (offsets));

  malt_option_field_get (G_STRUCT_MEMBER_P (self, offsets[option]), value);
}

/**
 * malt_sandbox_options_clear: (skip)
 * @self: the options of one worker
 *
 * Frees what the options own.
 *
 * Since: 0.1
 */
void
malt_sandbox_options_clear (MaltSandboxOptions *self)
{
  g_clear_pointer (&self->read_paths, g_strfreev);
  g_clear_pointer (&self->bwrap_path, g_free);
}

/* Each option with the first profile that has it. */
static gboolean
check_honoured (const MaltSandboxOptions  *self,
                GError                   **error)
{
  const struct
  {
    const char  *option;
    gboolean     is_set;
    MaltSandbox  first;
  } options[] = {
    { "memory-limit", self->memory_limit != MEMORY_LIMIT_DEFAULT, MALT_SANDBOX_LIMITS },
    { "cpu-limit", self->cpu_limit != 0, MALT_SANDBOX_LIMITS },
    { "fd-limit", self->fd_limit != FD_LIMIT_DEFAULT, MALT_SANDBOX_LIMITS },
    { "file-size-limit", self->file_size_limit != FILE_SIZE_LIMIT_DEFAULT, MALT_SANDBOX_LIMITS },
    { "read-paths", self->read_paths != NULL && *self->read_paths != NULL, MALT_SANDBOX_STRICT },
    { "allow-native-code", self->allow_native_code, MALT_SANDBOX_STRICT },
    { "task-limit", self->task_limit != TASK_LIMIT_DEFAULT, MALT_SANDBOX_ISOLATED },
    { "bwrap-path", g_strcmp0 (self->bwrap_path, MALT_SANDBOX_BWRAP_PATH) != 0,
      MALT_SANDBOX_ISOLATED },
  };

  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    if (options[i].is_set && self->profile < options[i].first)
      {
        g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                     "Cannot use option “%s” with “sandbox” “%s”: it needs “%s”",
                     options[i].option, malt_sandbox_get_name (self->profile),
                     malt_sandbox_get_name (options[i].first));
        return FALSE;
      }

  return TRUE;
}

static gboolean
check_read_paths (const char *const  *paths,
                  GError            **error)
{
  for (gsize i = 0; paths != NULL && paths[i] != NULL; i++)
    if (*paths[i] == '\0' || access (paths[i], R_OK) != 0)
      {
        int saved_errno = *paths[i] == '\0' ? ENOENT : errno;
        g_autofree char *shown = g_utf8_make_valid (paths[i], -1);

        g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                     "Cannot use “%s” for option “read-paths”: %s",
                     shown, g_strerror (saved_errno));
        return FALSE;
      }

  return TRUE;
}

/**
 * malt_sandbox_options_check: (skip)
 * @self: the options of one worker
 * @error: return location for an error
 *
 * Checks what no GParamSpec can, before a worker is started: that the profile
 * can honour every option, and that what is to be read can be.
 *
 * Errors: %MALT_ERROR_INVALID_CONFIG, naming the option and the value.
 *
 * Returns: whether a worker can be started with them
 *
 * Since: 0.1
 */
gboolean
malt_sandbox_options_check (const MaltSandboxOptions  *self,
                            GError                   **error)
{
  if (!check_honoured (self, error)
      || !check_read_paths ((const char *const *) self->read_paths, error))
    return FALSE;

  if (self->memory_limit != 0 && self->memory_limit < MEMORY_LIMIT_MIN)
    g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                 "Cannot use “%" G_GUINT64_FORMAT "” for option “memory-limit”: less than %"
                 G_GUINT64_FORMAT " bytes are not enough to start",
                 self->memory_limit, MEMORY_LIMIT_MIN);
  else if (self->bwrap_path == NULL || *self->bwrap_path != '/')
    g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                 "Cannot use “%s” for option “bwrap-path”: not absolute",
                 self->bwrap_path != NULL ? self->bwrap_path : "");
  else
    return TRUE;

  return FALSE;
}

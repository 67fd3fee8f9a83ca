/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/process/malt-process-types.h"

G_BEGIN_DECLS

/* The construct properties of a MaltProcessWorker. Immutable after construction. */
typedef struct
{
  MaltWorkerOptions           common;
  MaltSandboxOptions          sandbox;

  char                       *executable;  /* NULL: the malt-worker that belongs to the library */
  char                      **arguments;
  MaltProcessEnvironmentMode  environment_mode;
  char                      **environment;
  char                       *working_directory;
  MaltRelayMode               output_modes[2]; /* of stdout, of stderr */
  MaltProcessTransport        transport;
  MaltProcessGroup            process_group;
  guint                       start_timeout_ms;
  guint                       n_spares;
} MaltProcessOptions;

typedef enum
{
  MALT_PROCESS_OPTION_EXECUTABLE = MALT_WORKER_OPTION_LAST + 1,
  MALT_PROCESS_OPTION_ARGUMENTS,
  MALT_PROCESS_OPTION_ENVIRONMENT_MODE,
  MALT_PROCESS_OPTION_ENVIRONMENT,
  MALT_PROCESS_OPTION_WORKING_DIRECTORY,
  MALT_PROCESS_OPTION_STDOUT,
  MALT_PROCESS_OPTION_STDERR,
  MALT_PROCESS_OPTION_TRANSPORT,
  MALT_PROCESS_OPTION_PROCESS_GROUP,
  MALT_PROCESS_OPTION_START_TIMEOUT,
  MALT_PROCESS_OPTION_SPARE,
  MALT_PROCESS_OPTION_SANDBOX, /* the first of MaltSandboxOption */
  MALT_PROCESS_OPTION_LAST = MALT_PROCESS_OPTION_SANDBOX + MALT_SANDBOX_OPTION_LAST
} MaltProcessOption;

void      malt_process_options_install   (GObjectClass              *object_class);
void      malt_process_options_set       (MaltProcessOptions        *self,
                                          MaltProcessOption          option,
                                          const GValue              *value);
void      malt_process_options_get       (const MaltProcessOptions  *self,
                                          MaltProcessOption          option,
                                          GValue                    *value);
void      malt_process_options_clear     (MaltProcessOptions        *self);

/* Checks what no GParamSpec can. Errors: MALT_ERROR_INVALID_CONFIG, naming option and value. */
gboolean  malt_process_options_check     (const MaltProcessOptions  *self,
                                          GError                   **error);
/* auto is what fits the sandbox. */
MaltProcessTransport malt_process_options_get_transport (const MaltProcessOptions *self);
gboolean  malt_process_options_is_own_session (const MaltProcessOptions *self);
/* The a{sv} that the worker is told, by the thread that starts it; `executable` is what its own
 * workers are by default, `sandbox` (nullable) what it is to apply. (transfer full) */
GVariant *malt_process_options_get_setup (const MaltProcessOptions  *self,
                                          const char                *executable,
                                          GVariant                  *sandbox);

G_END_DECLS

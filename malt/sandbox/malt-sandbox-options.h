/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <gio/gio.h>

#include <malt/sandbox/malt-sandbox-profile.h>

G_BEGIN_DECLS

/* Not looked for in PATH, which others may have set. */
#define MALT_SANDBOX_BWRAP_PATH "/usr/bin/bwrap"

/* How the workers of a backend are confined. */
typedef struct
{
  MaltSandbox   profile;
  guint64       memory_limit;     /* bytes, 0: none */
  guint         cpu_limit;        /* seconds, 0: none */
  guint         fd_limit;
  guint64       file_size_limit;  /* bytes */
  guint         task_limit;
  char        **read_paths;       /* owned (nullable) */
  char         *bwrap_path;       /* owned */
  gboolean      allow_native_code;
} MaltSandboxOptions;

/* Property ids follow on each other, from the first that a class has for them. */
typedef enum
{
  MALT_SANDBOX_OPTION_SANDBOX,
  MALT_SANDBOX_OPTION_MEMORY_LIMIT,
  MALT_SANDBOX_OPTION_CPU_LIMIT,
  MALT_SANDBOX_OPTION_FD_LIMIT,
  MALT_SANDBOX_OPTION_FILE_SIZE_LIMIT,
  MALT_SANDBOX_OPTION_TASK_LIMIT,
  MALT_SANDBOX_OPTION_READ_PATHS,
  MALT_SANDBOX_OPTION_BWRAP_PATH,
  MALT_SANDBOX_OPTION_ALLOW_NATIVE_CODE,
  MALT_SANDBOX_OPTION_LAST = MALT_SANDBOX_OPTION_ALLOW_NATIVE_CODE
} MaltSandboxOption;

MALT_AVAILABLE_IN_ALL
void      malt_sandbox_options_install (GObjectClass              *object_class,
                                        guint                      first_id);
MALT_AVAILABLE_IN_ALL
void      malt_sandbox_options_set     (MaltSandboxOptions        *self,
                                        MaltSandboxOption          option,
                                        const GValue              *value);
MALT_AVAILABLE_IN_ALL
void      malt_sandbox_options_get     (const MaltSandboxOptions  *self,
                                        MaltSandboxOption          option,
                                        GValue                    *value);
MALT_AVAILABLE_IN_ALL
void      malt_sandbox_options_clear   (MaltSandboxOptions        *self);
MALT_AVAILABLE_IN_ALL
gboolean  malt_sandbox_options_check   (const MaltSandboxOptions  *self,
                                        GError                   **error);

G_END_DECLS

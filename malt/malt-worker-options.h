/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <gio/gio.h>

#include <malt/malt-visibility.h>

G_BEGIN_DECLS

/* The options that all backends have. */
typedef struct
{
  char    *evaluator;               /* owned (nullable) */
  char   **module_path;             /* owned (nullable) */
  char   **modules;                 /* owned (nullable) */
  guint    call_timeout_ms;         /* 0: none */
  guint64  max_pending_bytes;
  guint64  max_message_bytes;
  guint    unresponsive_timeout_ms; /* 0: never */
} MaltWorkerOptions;

typedef enum
{
  MALT_WORKER_OPTION_EVALUATOR = 1,
  MALT_WORKER_OPTION_MODULE_PATH,
  MALT_WORKER_OPTION_MODULES,
  MALT_WORKER_OPTION_CALL_TIMEOUT,
  MALT_WORKER_OPTION_MAX_PENDING_BYTES,
  MALT_WORKER_OPTION_MAX_MESSAGE_SIZE,
  MALT_WORKER_OPTION_UNRESPONSIVE_TIMEOUT,
  MALT_WORKER_OPTION_LAST = MALT_WORKER_OPTION_UNRESPONSIVE_TIMEOUT
} MaltWorkerOption;

MALT_AVAILABLE_IN_ALL
void      malt_worker_options_install        (GObjectClass             *object_class);
MALT_AVAILABLE_IN_ALL
void      malt_worker_options_install_limits (GObjectClass             *object_class);
MALT_AVAILABLE_IN_ALL
void      malt_worker_options_set            (MaltWorkerOptions        *self,
                                              MaltWorkerOption          option,
                                              const GValue             *value);
MALT_AVAILABLE_IN_ALL
void      malt_worker_options_get            (const MaltWorkerOptions  *self,
                                              MaltWorkerOption          option,
                                              GValue                   *value);
MALT_AVAILABLE_IN_ALL
void      malt_worker_options_clear          (MaltWorkerOptions        *self);
MALT_AVAILABLE_IN_ALL
gboolean  malt_worker_options_check          (const MaltWorkerOptions  *self,
                                              GError                  **error);
MALT_AVAILABLE_IN_ALL
gboolean  malt_worker_options_check_utf8     (const char               *option,
                                              const char *const        *values,
                                              GError                  **error);

G_END_DECLS

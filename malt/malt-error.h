/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-types.h>

G_BEGIN_DECLS

#define MALT_ERROR (malt_error_quark ())
#define MALT_TYPE_ERROR (malt_error_get_type ())

typedef enum
{
  MALT_ERROR_FAILED,
  MALT_ERROR_REMOTE_EXCEPTION,
  MALT_ERROR_INTERRUPTED,
  MALT_ERROR_TERMINATED_WORKER,
  MALT_ERROR_SERIALIZATION,
  MALT_ERROR_START_FAILED,
  MALT_ERROR_PROTOCOL,
  MALT_ERROR_LIMIT,
  MALT_ERROR_NOT_A_CHANNEL,
  MALT_ERROR_CHANNEL_CLOSED,
  MALT_ERROR_UNKNOWN_BACKEND,
  MALT_ERROR_UNKNOWN_FUNCTION,
  MALT_ERROR_INVALID_CONFIG,
  MALT_ERROR_SANDBOX_UNAVAILABLE
} MaltError;

MALT_AVAILABLE_IN_ALL
GQuark          malt_error_quark                (void);
MALT_AVAILABLE_IN_ALL
GType           malt_error_get_type             (void);

MALT_AVAILABLE_IN_ALL
const char     *malt_error_get_worker           (const GError *error);
MALT_AVAILABLE_IN_ALL
const char     *malt_error_get_remote_message   (const GError *error);
MALT_AVAILABLE_IN_ALL
const char     *malt_error_get_remote_type      (const GError *error);
MALT_AVAILABLE_IN_ALL
const char     *malt_error_get_remote_traceback (const GError *error);
MALT_AVAILABLE_IN_ALL
MaltExitReport *malt_error_get_exit_report      (const GError *error);

G_END_DECLS

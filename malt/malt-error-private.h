/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-error-backend.h"

G_BEGIN_DECLS

/* With a text of its own; all else is nullable, and copied. */
GError *malt_error_new_whole (int             code,
                              const char     *text,
                              const char     *worker,
                              const char     *message,
                              const char     *type,
                              const char     *traceback,
                              MaltExitReport *report);

G_END_DECLS

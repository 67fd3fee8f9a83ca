/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-config.h>

G_BEGIN_DECLS

/* For a program that starts workers for others, and has to look at what they come down to first. */
MALT_AVAILABLE_IN_ALL
MaltAbstractWorker *malt_config_construct_worker (MaltConfig   *self,
                                                  const char   *profile,
                                                  GVariant     *options,
                                                  GError      **error);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-config-json-private.h"

G_BEGIN_DECLS

/* Makes the value of an option; file names in it start in `folder` (NULL: they stay). NULL when it
 * succeeds, else what is wrong (transfer full). */
char *malt_config_value_read (GParamSpec *pspec,
                              JsonNode   *node,
                              const char *folder,
                              GValue     *value);
/* As JSON, with the file names as they are used. (transfer full) */
char *malt_config_value_show (GParamSpec   *pspec,
                              JsonNode     *node,
                              const GValue *value);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-config-json-private.h"

G_BEGIN_DECLS

/* A file name as an absolute one: relative ones start in `folder` (NULL: where those of the program
 * do), and “~” and “~/…” in the home folder. (transfer full) */
char *malt_config_value_resolve_path (const char *path,
                                      const char *folder);
/* Makes the value of an option; file names in it are resolved as above. NULL when it succeeds, else
 * what is wrong (transfer full). */
char *malt_config_value_read (GParamSpec *pspec,
                              JsonNode   *node,
                              const char *folder,
                              GValue     *value);
/* As JSON, with the file names as they are used. (transfer full) */
char *malt_config_value_show (GParamSpec   *pspec,
                              JsonNode     *node,
                              const GValue *value);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-types.h>

G_BEGIN_DECLS

/* Which options of a backend are file names. */
typedef enum
{
  MALT_PATH_KIND_NONE,   /* no file name */
  MALT_PATH_KIND_FILE,   /* a file or folder, or a list of them */
  MALT_PATH_KIND_PROGRAM /* one that is looked for in PATH unless it has a slash */
} MaltPathKind;

MALT_AVAILABLE_IN_ALL
GParamSpec   *malt_param_spec_set_path      (GParamSpec   *pspec,
                                             MaltPathKind  kind);
MALT_AVAILABLE_IN_ALL
MaltPathKind  malt_param_spec_get_path_kind (GParamSpec   *pspec);

G_END_DECLS

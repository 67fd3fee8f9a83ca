/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/sandbox/malt-sandbox-launcher.h"

G_BEGIN_DECLS

/* Tells the dynamic linker where a program is, for the libraries beside it ($ORIGIN); else it asks
 * /proc, which is not there. The worker removes it when its sandbox closes. */
#define MALT_SANDBOX_ORIGIN_VARIABLE "LD_ORIGIN_PATH"

/* Whether bwrap at `path` can be used by this program: it is there, and `flatpak_info` is not, the
 * file by which a program knows that it is inside of Flatpak. Errors:
 * MALT_ERROR_SANDBOX_UNAVAILABLE. */
gboolean malt_sandbox_launcher_is_there (const char  *path,
                                         const char  *flatpak_info,
                                         GError     **error);

/* Runs bwrap at its default path as for a worker, once a process. Errors:
 * MALT_ERROR_SANDBOX_UNAVAILABLE with what it says. */
gboolean malt_sandbox_launcher_probe    (GError     **error);

G_END_DECLS

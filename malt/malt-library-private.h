/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gmodule.h>

G_BEGIN_DECLS

/* Opens a shared library that somebody put into a folder, so that every way to be wrong is an
 * error: MALT_ERROR_FAILED or G_FILE_ERROR, without the path, for one that cannot be opened, is
 * not a regular file, not a whole library, or lacks a symbol or a library that it needs. */
GModule *malt_library_open (const char  *path,
                            GError     **error);

G_END_DECLS

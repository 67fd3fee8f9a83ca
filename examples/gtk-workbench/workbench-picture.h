/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gdk/gdk.h>

G_BEGIN_DECLS

/* Pixels of an edge: what a row shows on a screen of twice the usual density, and some. */
#define WORKBENCH_PICTURE_EDGE_PX 256u

GdkTexture *workbench_picture_from_value (GVariant  *value,
                                          GError   **error);

G_END_DECLS

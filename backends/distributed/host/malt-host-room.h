/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Room for descriptors: as much as this process may take, and no more workers than there is room
 * for. */

/* For the program, before there are threads. */
void     malt_host_room_widen   (void);
/* A worker gets what this process had before: what is not made for many descriptors cannot tell
 * that it has them. Does nothing unless the room has been widened. */
void     malt_host_room_restore (int   pid);
/* Whether there is room for one worker more. */
gboolean malt_host_room_is_left (guint n_workers,
                                 guint n_starting);

G_END_DECLS

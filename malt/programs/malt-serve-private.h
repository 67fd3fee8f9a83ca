/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Serves one manager on two connected sockets, in the calling thread, until it is told to leave or
 * the manager is gone. Returns the exit status of the process. */
int malt_serve (int data_fd,
                int control_fd);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* What every verb relies on and does not ask again: that a type can be made, and has every
 * mandatory function of MaltAbstractWorker. NULL: nothing is wrong; else a sentence that begins
 * with “Its type”. (transfer full) */
char *malt_worker_type_find_fault (GType type);

G_END_DECLS

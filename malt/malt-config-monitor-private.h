/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Tells when files change, in the thread-default main context of whoever makes it. */
typedef struct _MaltConfigMonitor MaltConfigMonitor;

/* `object`: what `changed` is called with for as long as it lives; no reference is held. */
MaltConfigMonitor *malt_config_monitor_new  (GPtrArray           *files,
                                             GObject             *object,
                                             void               (*changed) (GObject *object));
/* Any thread. */
void               malt_config_monitor_free (MaltConfigMonitor   *self);

G_END_DECLS

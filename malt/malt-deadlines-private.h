/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Many deadlines, one GSource: each is a (time, id) pair. Adding one costs a wake-up of the
 * context's thread only when it is the earliest. Expired ids are reported in the context, without
 * any lock held. */
typedef struct _MaltDeadlines MaltDeadlines;

typedef void (*MaltDeadlineFunc) (guint64 id, gpointer user_data);

MaltDeadlines *malt_deadlines_new    (GMainContext     *context,
                                      MaltDeadlineFunc  func,
                                      gpointer          user_data);
/* No func runs after it returned, if it is called in the context's thread. */
void           malt_deadlines_free   (MaltDeadlines    *self);

/* Any thread. time: monotonic microseconds. A second deadline of an id takes the place of the
 * first. */
void           malt_deadlines_add    (MaltDeadlines    *self,
                                      guint64           id,
                                      gint64            time);
void           malt_deadlines_remove (MaltDeadlines    *self,
                                      guint64           id);

G_END_DECLS

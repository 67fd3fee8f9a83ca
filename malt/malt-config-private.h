/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-config.h"
#include "malt/malt-config-file-private.h"
#include "malt/malt-config-monitor-private.h"

G_BEGIN_DECLS

struct _MaltConfig
{
  GObject            parent_instance;

  gboolean           is_default; /* immutable */

  /* Protected by @lock. */
  GMutex             lock;
  GFile             *file;    /* NULL: there is none */
  MaltConfigFile    *content; /* the last that was good */
  GError            *error;   /* why the file is not that; NULL if it is */
  guint64            n_reads; /* that have begun, of the file */
  guint64            taken;   /* which of them is what is here, 0: that of the construction */
  MaltConfigMonitor *monitor; /* NULL while nobody wants it */
};

/* What it says now. (transfer full) */
MaltConfigFile *malt_config_ref_content  (MaltConfig    *self);
/* What `file` says; nothing for NULL, no file. (transfer full) */
MaltConfigFile *malt_config_read_content (GFile         *file,
                                          GCancellable  *cancellable,
                                          GError       **error);

G_END_DECLS

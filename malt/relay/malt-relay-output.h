/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/relay/malt-relay-events.h>
#include <malt/relay/malt-relay-mode.h>

G_BEGIN_DECLS

/* stdout and stderr of one worker. */
typedef struct _MaltRelayOutput MaltRelayOutput;

MALT_AVAILABLE_IN_ALL
MaltRelayOutput *malt_relay_output_new           (const MaltRelayMode    modes[2],
                                                  MaltRelayEvents       *events,
                                                  GError               **error);
MALT_AVAILABLE_IN_ALL
MaltRelayOutput *malt_relay_output_new_fed       (const MaltRelayMode    modes[2],
                                                  MaltRelayEvents       *events);
MALT_AVAILABLE_IN_ALL
MaltRelayOutput *malt_relay_output_ref           (MaltRelayOutput       *self);
MALT_AVAILABLE_IN_ALL
void             malt_relay_output_unref         (MaltRelayOutput       *self);

MALT_AVAILABLE_IN_ALL
int              malt_relay_output_get_worker_fd (MaltRelayOutput       *self,
                                                  guint                  number);
MALT_AVAILABLE_IN_ALL
void             malt_relay_output_start         (MaltRelayOutput       *self,
                                                  int                    pid);
MALT_AVAILABLE_IN_ALL
void             malt_relay_output_read          (MaltRelayOutput       *self);
MALT_AVAILABLE_IN_ALL
void             malt_relay_output_hold          (MaltRelayOutput       *self);
MALT_AVAILABLE_IN_ALL
gboolean         malt_relay_output_wants_pause   (MaltRelayOutput       *self,
                                                  guint                  number);
MALT_AVAILABLE_IN_ALL
void             malt_relay_output_feed          (MaltRelayOutput       *self,
                                                  guint                  number,
                                                  const char            *bytes,
                                                  gsize                  length);
MALT_AVAILABLE_IN_ALL
void             malt_relay_output_drain         (MaltRelayOutput       *self);
MALT_AVAILABLE_IN_ALL
void             malt_relay_output_finish        (MaltRelayOutput       *self);

MALT_AVAILABLE_IN_ALL
char            *malt_relay_output_dup_tail      (MaltRelayOutput       *self);
MALT_AVAILABLE_IN_ALL
GInputStream    *malt_relay_output_dup_stream    (MaltRelayOutput       *self,
                                                  guint                  number);
MALT_AVAILABLE_IN_ALL
guint64          malt_relay_output_get_dropped   (MaltRelayOutput       *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltRelayOutput, malt_relay_output_unref)

G_END_DECLS

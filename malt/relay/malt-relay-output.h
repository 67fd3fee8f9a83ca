/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/relay/malt-relay-events.h>
#include <malt/relay/malt-relay-mode.h>

G_BEGIN_DECLS

/* stdout and stderr of one worker: read, or fed, cut into lines, and brought to where its options
 * say. */
typedef struct _MaltRelayOutput MaltRelayOutput;

/* `modes`: of stdout, of stderr. */
MALT_AVAILABLE_IN_ALL
MaltRelayOutput *malt_relay_output_new           (const MaltRelayMode    modes[2],
                                                  MaltRelayEvents       *events,
                                                  GError               **error);
/* Without pipes: for output that comes by feed(). */
MALT_AVAILABLE_IN_ALL
MaltRelayOutput *malt_relay_output_new_fed       (const MaltRelayMode    modes[2],
                                                  MaltRelayEvents       *events);
MALT_AVAILABLE_IN_ALL
MaltRelayOutput *malt_relay_output_ref           (MaltRelayOutput       *self);
MALT_AVAILABLE_IN_ALL
void             malt_relay_output_unref         (MaltRelayOutput       *self);

/* What the worker gets as its descriptor `number` (1 or 2); −1: /dev/null. (borrowed) */
MALT_AVAILABLE_IN_ALL
int              malt_relay_output_get_worker_fd (MaltRelayOutput       *self,
                                                  guint                  number);
/* The worker has been started: lets go of its ends. Monitor thread. */
MALT_AVAILABLE_IN_ALL
void             malt_relay_output_start         (MaltRelayOutput       *self,
                                                  int                    pid);
/* Reads from here on until finish(). Monitor thread. */
MALT_AVAILABLE_IN_ALL
void             malt_relay_output_read          (MaltRelayOutput       *self);
/* Has the worker wait for whoever reads its streams, however long that takes. Any thread. */
MALT_AVAILABLE_IN_ALL
void             malt_relay_output_hold          (MaltRelayOutput       *self);
/* Whether feed() had better wait a moment for whoever takes this output. Monitor thread. */
MALT_AVAILABLE_IN_ALL
gboolean         malt_relay_output_wants_pause   (MaltRelayOutput       *self,
                                                  guint                  number);
/* Brings on what the worker wrote on its descriptor `number`. Monitor thread. */
MALT_AVAILABLE_IN_ALL
void             malt_relay_output_feed          (MaltRelayOutput       *self,
                                                  guint                  number,
                                                  const char            *bytes,
                                                  gsize                  length);
/* Brings on what is in the pipes now, and waits until it is shown, within reason. Any thread. */
MALT_AVAILABLE_IN_ALL
void             malt_relay_output_drain         (MaltRelayOutput       *self);
/* The worker has ended: brings on what is in the pipes, and a last line without newline, and
 * closes them, whoever else holds them. Monitor thread. */
MALT_AVAILABLE_IN_ALL
void             malt_relay_output_finish        (MaltRelayOutput       *self);

/* The end of stderr. (transfer full), never NULL */
MALT_AVAILABLE_IN_ALL
char            *malt_relay_output_dup_tail      (MaltRelayOutput       *self);
/* Of mode stream. (transfer full) (nullable) */
MALT_AVAILABLE_IN_ALL
GInputStream    *malt_relay_output_dup_stream    (MaltRelayOutput       *self,
                                                  guint                  number);
/* Bytes that nobody took in time. */
MALT_AVAILABLE_IN_ALL
guint64          malt_relay_output_get_dropped   (MaltRelayOutput       *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltRelayOutput, malt_relay_output_unref)

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt-fake-peer.h"

G_BEGIN_DECLS

typedef struct
{
  guint64   id;
  char     *function;
  GVariant *value;
} HeldCall;

struct _MaltFakePeer
{
  GThread          *thread;
  MaltStream       *data;      /* owned; its thread only */
  MaltStream       *control;   /* owned; its thread only */
  MaltFakeGreeting  greeting;
  int               wake_fd;
  GHashTable       *held;      /* id → owned HeldCall; its thread only */
  gboolean          has_left;

  GMutex            lock;
  GCond             cond;
  gboolean          is_over;   /* protected by @lock, as is what follows */
  gboolean          is_paused;
  guint             n_releases;
  guint             counts[MALT_MESSAGE_LAST + 1];
  guint64           last_ids[MALT_MESSAGE_LAST + 1];
};

/* Of its thread: what it says to the manager. */
void malt_fake_peer_write_all    (MaltStream        *stream,
                                  const guint8      *bytes,
                                  gsize              length,
                                  gsize              step);
void malt_fake_peer_answer       (MaltFakePeer      *self,
                                  guint64            id,
                                  GVariant          *value);
void malt_fake_peer_send_failure (MaltFakePeer      *self,
                                  guint64            id,
                                  GVariant          *args);
void malt_fake_peer_leave        (MaltFakePeer      *self);
void malt_fake_peer_handle_call  (MaltFakePeer      *self,
                                  const MaltMessage *message);
void malt_fake_peer_handle_probe (MaltFakePeer      *self,
                                  guint64            id);

G_END_DECLS

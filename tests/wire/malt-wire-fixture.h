/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt-fake-peer.h"

#include "malt/malt-error.h"
#include "malt/wire/malt-connection.h"

G_BEGIN_DECLS

/* A connection that has shaken hands with a fake peer, and what its hooks have said. */
typedef struct
{
  MaltFakePeer   *peer;
  MaltConnection *connection;
  GMainContext   *context;        /* thread-default of the test */
  GMutex          lock;
  GCond           cond;
  int             n_deliveries;   /* atomic */
  guint           n_lost;         /* protected by @lock, as is what follows */
  GError         *lost_error;
  GString        *log;
  char           *unresponsive;
  gboolean        closes_when_lost;
} MaltWireFixture;

/* limits: NULL for large ones. */
MaltWireFixture *malt_wire_fixture_new          (const MaltConnectionLimits *limits);
/* Closes the connection; checks that it is freed. */
void             malt_wire_fixture_free         (MaltWireFixture            *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltWireFixture, malt_wire_fixture_free)

/* The same without a handshake. */
MaltWireFixture *malt_wire_fixture_new_raw      (const MaltConnectionLimits *limits,
                                                 MaltFakeGreeting            greeting);
GVariant        *malt_wire_fixture_shake_hands  (MaltWireFixture            *self,
                                                 GCancellable               *cancellable,
                                                 GError                    **error);
GVariant        *malt_wire_fixture_shake_hands_with (MaltWireFixture        *self,
                                                 GVariant                   *setup,
                                                 GCancellable               *cancellable,
                                                 GError                    **error);

/* Blocking calls; args are consumed if floating. */
GVariant        *malt_wire_fixture_call         (MaltWireFixture            *self,
                                                 const char                 *function,
                                                 GVariant                   *args,
                                                 GError                    **error);
/* echo of a number, checked. */
void             malt_wire_fixture_check_echo   (MaltWireFixture            *self);
/* Waits for the hook; its error. (transfer none) */
const GError    *malt_wire_fixture_wait_lost    (MaltWireFixture            *self);
char            *malt_wire_fixture_wait_unresponsive (MaltWireFixture       *self);
void             malt_wire_fixture_close        (MaltWireFixture            *self);

/* In the test's context, until *flag. */
void             malt_wire_iterate_until        (GMainContext               *context,
                                                 const gboolean             *flag);

/* One asynchronous call and its outcome. */
typedef struct
{
  MaltCall     *call;
  GThread      *thread;   /* where it came back */
  GVariant     *value;
  GError       *error;
  gboolean      is_done;
  guint         n_done;
  guint         n_progress;
  double        fraction;
} MaltWireAsync;

MaltWireAsync   *malt_wire_async_new            (MaltConnection             *connection,
                                                 const char                 *function,
                                                 GVariant                   *args,
                                                 GCancellable               *cancellable);
void             malt_wire_async_free           (MaltWireAsync              *self);
/* That owns them. */
GPtrArray       *malt_wire_async_array_new      (void);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltWireAsync, malt_wire_async_free)

/* What g_test_init() needs, and a deadline for the whole program. */
void             malt_wire_test_init            (int                        *argc,
                                                 char                     ***argv);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/process/malt-process-handle.h"

#include <malt/malt-plugin.h>

G_BEGIN_DECLS

/* Of `sent_signals`. */
#define MALT_PROCESS_SIGNAL_BIT(signum) (G_GUINT64_CONSTANT (1) << ((signum) - 1))
#define MALT_PROCESS_HAS_SIGNAL(set, signum) (((set) & MALT_PROCESS_SIGNAL_BIT (signum)) != 0)

/* How far the ending of a child has come. */
typedef enum
{
  MALT_PROCESS_RUNG_NONE,
  MALT_PROCESS_RUNG_ASKED,   /* the exit message has been sent */
  MALT_PROCESS_RUNG_TERM,    /* SIGTERM has */
  MALT_PROCESS_RUNG_KILL,    /* SIGKILL has */
  MALT_PROCESS_RUNG_GIVEN_UP /* it will not die; it is still watched */
} MaltProcessRung;

#define MALT_TYPE_PROCESS_CHILD (malt_process_child_get_type ())
G_DECLARE_FINAL_TYPE (MaltProcessChild, malt_process_child, MALT, PROCESS_CHILD, MaltPeer)

/* The process of a worker. It runs from the spawn until it has a report, and is starting until
 * malt_process_child_set_started(). The exit watch holds a reference until the child has ended,
 * which is the last thing that happens to it. Everything without a rule of its own is the monitor
 * thread's. */
struct _MaltProcessChild
{
  MaltPeer            parent_instance;

  /* Immutable after the spawn. */
  gboolean            leads_session;
  MaltSandbox         profile;
  guint               cpu_limit;       /* seconds, 0: none */

  GSource            *exit_source;
  GSource            *ladder_source;   /* the deadline of `rung` */

  /* Takes the place of a report while the child is starting. */
  void              (*start_exited) (int exit_status, int signum, gpointer user_data);
  gpointer            start_data;

  /* Is told when a spare ends, or has lost its connection; NULL if it has never been one. */
  void              (*unusable) (MaltPeer *peer);

  MaltProcessRung     rung;
  guint               exit_timeout_ms; /* of the stop that goes on, for its report */
  guint               term_timeout_ms;
  gint64              deadline;        /* monotonic; of `rung` */
  guint64             cpu_seconds;     /* that it has used, once it has been reaped */

  GMutex              lock;
  MaltProcessHandle   process;         /* protected by @lock; cleared once it is reaped */
  guint64             sent_signals;    /* protected by @lock; a bit each, of those that end it */
  char               *kill_detail;     /* protected by @lock; which signal was asked for */
};

/* Watches a process that has been started; takes what is in `process`. Monitor thread. */
MaltProcessChild *malt_process_child_new         (MaltProcessHandle *process,
                                                  guint16            port,
                                                  gboolean           leads_session,
                                                  MaltRelayEvents   *events,
                                                  MaltRelayOutput   *output);
/* From here on its end is reported. */
void              malt_process_child_set_started (MaltProcessChild  *self);
/* Whether the kernel still knows it. Any thread. */
gboolean          malt_process_child_is_alive    (MaltProcessChild  *self);
/* SIGTERM, after what the child started has been ended. */
void              malt_process_child_terminate   (MaltProcessChild  *self);
/* SIGKILL for the child and what it started. */
void              malt_process_child_kill_tree   (MaltProcessChild  *self);

/* The ladder: those functions of a peer. */
void              malt_process_ladder_climb      (MaltPeer          *peer,
                                                  guint              exit_timeout_ms,
                                                  guint              term_timeout_ms);
void              malt_process_ladder_kill_now   (MaltPeer          *peer);

/* "signal 11 (SIGSEGV)". (transfer full) */
char             *malt_process_show_signal       (int                signum);

G_END_DECLS

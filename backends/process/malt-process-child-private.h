/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/process/malt-process-child.h"
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

/* A child runs from the spawn until `report` is set, and is starting until
 * malt_process_child_set_started(). Sources of the monitor hold references while they are
 * attached: the exit watch until the child has ended, which is the last thing that happens to
 * it. The connection and this hold each other until then. Everything without a rule of its own
 * is the monitor thread's. */
struct _MaltProcessChild
{
  /* Immutable after the spawn. */
  MaltRelayEvents    *events;
  MaltRelayOutput    *output;
  char               *description;
  int                 pid;
  gboolean            leads_session;
  MaltSandbox         profile;
  guint               cpu_limit;      /* seconds, 0: none */

  MaltConnection     *connection;     /* NULL before the handshake and after the end */
  GSource            *exit_source;
  GSource            *ladder_source;  /* the deadline of `rung` */
  GSource            *lost_source;    /* the grace of a child that lost its connection */
  MaltRelayLog       *log;            /* NULL before the first record */

  /* Takes the place of a report while the child is starting. */
  void              (*start_exited) (int exit_status, int signum, gpointer user_data);
  gpointer            start_data;

  /* Is told when a spare ends, or has lost its connection; NULL if it has never been one. */
  void              (*unusable) (MaltProcessChild *child);

  MaltProcessRung     rung;
  guint               exit_timeout_ms; /* of the stop that goes on, for its report */
  guint               term_timeout_ms;
  gint64              deadline;        /* monotonic; of `rung` */
  GPtrArray          *stops;           /* of owned MaltProcessStop */
  char               *lost_text;       /* what became of its connection */
  gboolean            lost_connection; /* is why it was killed */
  guint64             cpu_seconds;     /* that it has used, once it has been reaped */
  char               *detail;          /* why it was signalled */

  GMutex              lock;
  MaltProcessHandle   process;         /* protected by @lock; cleared once it is reaped */
  guint64             sent_signals;    /* protected by @lock; a bit each, of those that end it */
  char               *kill_detail;     /* protected by @lock; which signal was asked for */
  MaltExitReport     *report;          /* protected by @lock; set once */
};

/* Watches a process that has been started; takes what is in `process`. Monitor thread. */
MaltProcessChild *malt_process_child_new         (MaltProcessHandle   *process,
                                                  guint16              port,
                                                  gboolean             leads_session,
                                                  MaltRelayEvents     *events,
                                                  MaltRelayOutput     *output);
/* Makes the connection, whose hooks are the child's. Takes the descriptors. */
void              malt_process_child_connect     (MaltProcessChild           *self,
                                                  int                         data_fd,
                                                  int                         control_fd,
                                                  const MaltConnectionLimits *limits);
void              malt_process_child_disconnect  (MaltProcessChild    *self,
                                                  const GError        *error);
/* From here on its end is reported. */
void              malt_process_child_set_started (MaltProcessChild    *self);
void              malt_process_child_set_detail  (MaltProcessChild    *self,
                                                  const char          *format,
                                                  ...) G_GNUC_PRINTF (2, 3);
/* Whether the kernel still knows it. Any thread. */
gboolean          malt_process_child_is_alive    (MaltProcessChild    *self);
/* SIGTERM, after what the child started has been ended. */
void              malt_process_child_terminate   (MaltProcessChild    *self);
/* SIGKILL for the child and what it started. */
void              malt_process_child_kill_tree   (MaltProcessChild    *self);
/* The same as the last rung of the ladder, which waits for its end. */
void              malt_process_child_kill_now    (MaltProcessChild    *self);
/* The stops that wait have their answer. */
void              malt_process_child_end_stops   (MaltProcessChild    *self);

/* Runs `func` in the monitor thread, soon, with a reference on the child. */
void              malt_process_child_invoke      (MaltProcessChild    *self,
                                                  GSourceFunc          func);
/* Attaches `source` (transfer full) to the monitor, with a reference on the child. Returns it. */
GSource          *malt_process_child_attach      (MaltProcessChild    *self,
                                                  GSource             *source,
                                                  GSourceFunc          func);
void              malt_process_clear_source      (GSource            **source);

/* "signal 11 (SIGSEGV)". (transfer full) */
char             *malt_process_show_signal       (int                  signum);

G_END_DECLS

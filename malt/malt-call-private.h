/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-call.h"
#include "malt/malt-exit-report.h"

G_BEGIN_DECLS

struct _MaltCall
{
  GObject         parent_instance;

  /* Immutable after construction. */
  char           *function;
  GVariant       *args;
  GVariant       *kwargs;

  /* Of the sender; not changed while the call is on its way. */
  GVariantType   *result_type; /* nullable */
  guint           timeout_ms;
  gboolean        discard_result;

  /* Atomic: TRUE from begin() to end(). Whoever set it writes what follows, and the sender reads
   * that after the outcome has been handed over. */
  int             on_its_way;
  gint64          begin_time_us;
  gint64          queue_time_us;
  gint64          run_time_us;
  char           *remote_message;   /* nullable */
  char           *remote_type;      /* nullable */
  char           *remote_traceback; /* nullable */
  MaltExitReport *exit_report;      /* nullable */
};

/* Forgets how it ended the last time. */
void malt_call_clear_outcome (MaltCall *self);

G_END_DECLS

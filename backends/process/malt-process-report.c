/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/process/malt-process-report.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Where the kernel counts the processes that it has ended for want of memory, and how. */
#define VMSTAT_PATH "/proc/vmstat"
#define OOM_KILL_KEY "oom_kill "

/* What GLib and the C++ library say before they abort. Not more than a hint: it is the worker that
 * says it. */
static const char *const out_of_memory_texts[] = { "failed to allocate ", "std::bad_alloc", NULL };

/* How many that were when a worker was last looked at; monitor thread. */
static gint64 n_oom_kills = -1;

/* −1: not told. */
gint64
malt_process_parse_oom_kills (const char *vmstat)
{
  const char *line = g_str_has_prefix (vmstat, OOM_KILL_KEY) ? vmstat
                                                             : strstr (vmstat, "\n" OOM_KILL_KEY);

  if (line == NULL)
    return -1;

  return g_ascii_strtoll (strchr (line, ' '), NULL, 10);
}

/* Runs in the monitor thread: how many more there are than the last time; 0 the first time. */
static gint64
count_oom_kills (void)
{
  g_autofree char *vmstat = NULL;
  gint64 n_before = n_oom_kills;

  if (!g_file_get_contents (VMSTAT_PATH, &vmstat, NULL, NULL))
    return 0;

  n_oom_kills = malt_process_parse_oom_kills (vmstat);
  return n_before >= 0 ? n_oom_kills - n_before : 0;
}

void
malt_process_report_begin (void)
{
  static gboolean has_looked;

  if (!has_looked)
    count_oom_kills ();
  has_looked = TRUE;
}

static gboolean
says_it_lacks_memory (int         signum,
                      const char *stderr_tail)
{
  if (signum != SIGABRT && signum != SIGTRAP)
    return FALSE;

  for (guint i = 0; out_of_memory_texts[i] != NULL; i++)
    if (strstr (stderr_tail, out_of_memory_texts[i]) != NULL)
      return TRUE;

  return FALSE;
}

/* Who goes on after SIGXCPU is ended by SIGKILL, which others send, too. bwrap does not tell what a
 * worker in it has used. */
static gboolean
hit_cpu_limit (const MaltProcessChild *self,
               int                     signum)
{
  return signum == SIGXCPU
         || (signum == SIGKILL && self->cpu_limit > 0 && self->cpu_seconds >= self->cpu_limit);
}

/* A signal that we did not send. */
static MaltExitReason
find_crash (MaltProcessChild *self,
            int               signum,
            const char       *stderr_tail)
{
  if (self->profile >= MALT_SANDBOX_STRICT && signum == SIGSYS)
    return MALT_EXIT_REASON_SANDBOX;
  if (hit_cpu_limit (self, signum) || signum == SIGXFSZ
      || says_it_lacks_memory (signum, stderr_tail))
    return MALT_EXIT_REASON_LIMIT;

  return MALT_EXIT_REASON_CRASHED;
}

/* A worker takes SIGTERM and leaves by itself, so that it can end what it started: it was killed
 * all the same. */
static MaltExitReason
find_reason (MaltProcessChild *self,
             guint64           sent_signals,
             int               exit_status,
             int               signum,
             const char       *stderr_tail)
{
  if (signum != 0 && !MALT_PROCESS_HAS_SIGNAL (sent_signals, signum))
    return find_crash (self, signum, stderr_tail);
  if (MALT_PEER (self)->is_lost && (signum == SIGKILL || exit_status < 0))
    return MALT_EXIT_REASON_CONNECTION_LOST;
  if (signum != 0 || MALT_PROCESS_HAS_SIGNAL (sent_signals, SIGTERM)
      || (exit_status < 0 && MALT_PROCESS_HAS_SIGNAL (sent_signals, SIGKILL)))
    return MALT_EXIT_REASON_KILLED;
  return self->rung == MALT_PROCESS_RUNG_ASKED ? MALT_EXIT_REASON_STOPPED : MALT_EXIT_REASON_EXITED;
}

/* A limit may be the program's, or one that the worker was started with. */
static char *
dup_limit (MaltProcessChild *self,
           int               signum)
{
  gboolean has_options = self->profile >= MALT_SANDBOX_LIMITS;

  if (hit_cpu_limit (self, signum))
    return g_strdup (has_options ? "the option “cpu-limit” (RLIMIT_CPU)"
                                 : "of CPU time (RLIMIT_CPU)");
  if (signum == SIGXFSZ)
    return g_strdup (has_options ? "the option “file-size-limit” (RLIMIT_FSIZE)"
                                 : "of files (RLIMIT_FSIZE)");

  return g_strdup (has_options ? "of memory, as it says: see the option “memory-limit”"
                               : "of memory, as it says");
}

/* Who ended it with a signal that programs do not send themselves. The kernel does not say whom it
 * ends for want of memory, only how many. */
static char *
dup_sender (int signum)
{
  gint64 n_kills;

  if (signum == SIGTERM || signum == SIGHUP || signum == SIGINT)
    return g_strdup ("its manager did not send it");
  if (signum != SIGKILL)
    return NULL;

  n_kills = count_oom_kills ();
  if (n_kills <= 0)
    return g_strdup ("its manager did not send it");

  return g_strdup_printf ("out of memory, it seems: its manager did not send it, and the kernel "
                          "has meanwhile ended processes for want of memory (%" G_GINT64_FORMAT ")",
                          n_kills);
}

static char *
dup_detail (MaltProcessChild *self,
            MaltExitReason    reason,
            const char       *kill_detail,
            int               exit_status,
            int               signum)
{
  switch (reason)
    {
    case MALT_EXIT_REASON_SANDBOX:
      return g_strdup ("it made a system call of another architecture");
    case MALT_EXIT_REASON_LIMIT:
      return dup_limit (self, signum);
    case MALT_EXIT_REASON_STOPPED:
      return g_strdup ("left when it was asked to");
    case MALT_EXIT_REASON_KILLED:
    case MALT_EXIT_REASON_CONNECTION_LOST:
      return g_strdup (MALT_PEER (self)->detail != NULL ? MALT_PEER (self)->detail : kill_detail);
    case MALT_EXIT_REASON_CRASHED:
      return dup_sender (signum);
    case MALT_EXIT_REASON_EXITED:
    default:
      return exit_status >= 0 || signum != 0
             ? NULL
             : g_strdup ("exit status unknown: the program does not let its children be waited "
                         "for");
    }
}

MaltExitReport *
malt_process_report_new (MaltProcessChild *self,
                         int               exit_status,
                         int               signum)
{
  g_autofree char *tail = malt_relay_output_dup_tail (MALT_PEER (self)->output);
  g_auto (GStrv) running_calls = malt_connection_dup_running_calls (MALT_PEER (self)->connection);
  g_autofree char *kill_detail = NULL;
  g_autofree char *detail = NULL;
  guint64 sent_signals;
  MaltExitReason reason;

  g_mutex_lock (&self->lock);
  sent_signals = self->sent_signals;
  kill_detail = g_strdup (self->kill_detail);
  g_mutex_unlock (&self->lock);

  reason = find_reason (self, sent_signals, exit_status, signum, tail != NULL ? tail : "");
  detail = dup_detail (self, reason, kill_detail, exit_status, signum);

  return malt_exit_report_new (reason, exit_status, signum, tail, detail,
                               (const char *const *) running_calls);
}

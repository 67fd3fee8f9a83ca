/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-exit-report.h"

#include "malt/malt-exit-report-backend.h"

#include <signal.h>

/* How many of the calls that were running to_string() names: one line is to stay one. */
#define MAX_NAMED_CALLS 3u

/**
 * MaltExitReason:
 * @MALT_EXIT_REASON_STOPPED: it was asked to stop and did
 * @MALT_EXIT_REASON_KILLED: this library ended it, when it would not stop, on
 *   [method@Malt.AbstractWorker.kill], or because it no longer responded
 * @MALT_EXIT_REASON_CRASHED: a signal that this library did not send ended it
 * @MALT_EXIT_REASON_EXITED: it left of its own accord
 * @MALT_EXIT_REASON_LIMIT: it hit a limit of memory, CPU time or file size
 * @MALT_EXIT_REASON_SANDBOX: the sandbox refused it something fatal
 * @MALT_EXIT_REASON_CONNECTION_LOST: the connection to it broke
 *
 * Why a worker is no more.
 *
 * Since: 0.1
 */
G_DEFINE_ENUM_TYPE (MaltExitReason, malt_exit_reason,
                    G_DEFINE_ENUM_VALUE (MALT_EXIT_REASON_STOPPED, "stopped"),
                    G_DEFINE_ENUM_VALUE (MALT_EXIT_REASON_KILLED, "killed"),
                    G_DEFINE_ENUM_VALUE (MALT_EXIT_REASON_CRASHED, "crashed"),
                    G_DEFINE_ENUM_VALUE (MALT_EXIT_REASON_EXITED, "exited"),
                    G_DEFINE_ENUM_VALUE (MALT_EXIT_REASON_LIMIT, "limit"),
                    G_DEFINE_ENUM_VALUE (MALT_EXIT_REASON_SANDBOX, "sandbox"),
                    G_DEFINE_ENUM_VALUE (MALT_EXIT_REASON_CONNECTION_LOST, "connection-lost"))

/**
 * MaltExitReport:
 *
 * How a worker ended: why, with which status or signal, what it last wrote to
 * stderr, and what it was doing.
 *
 * It is immutable, so any thread may read it. Ask a worker for it with
 * [method@Malt.AbstractWorker.get_exit_report], an error with
 * [func@Malt.Error.get_exit_report], a call with
 * [method@Malt.Call.get_exit_report].
 *
 * Since: 0.1
 */
struct _MaltExitReport
{
  /* All immutable after construction. */
  MaltExitReason reason;
  int            exit_status;
  int            signal;
  char          *stderr_tail;   /* never NULL, UTF-8 */
  char          *detail;        /* nullable */
  char         **running_calls; /* never NULL, latest first */
};

G_DEFINE_BOXED_TYPE (MaltExitReport, malt_exit_report, malt_exit_report_ref, malt_exit_report_unref)

/**
 * malt_exit_report_new:
 * @reason: why it ended
 * @exit_status: what the process exited with, 0 to 255; −1 when a signal ended
 *   it or the status is not known
 * @signal: the number of the signal that ended it, 0 for none
 * @stderr_tail: (nullable): the end of what it wrote to stderr, any bytes
 * @detail: (nullable): which limit, which refused call, which step of stopping
 * @running_calls: (nullable) (array zero-terminated=1): names of the functions
 *   that had not ended, latest first
 *
 * Creates a report. Everything is copied.
 *
 * Returns: (transfer full): a new report
 *
 * Since: 0.1
 */
MaltExitReport *
malt_exit_report_new (MaltExitReason     reason,
                      int                exit_status,
                      int                signal,
                      const char        *stderr_tail,
                      const char        *detail,
                      const char *const *running_calls)
{
  static const char *const no_calls[] = { NULL };
  MaltExitReport *self = g_atomic_rc_box_new0 (MaltExitReport);

  self->reason = reason;
  self->exit_status = exit_status;
  self->signal = signal;
  self->stderr_tail = g_utf8_make_valid (stderr_tail != NULL ? stderr_tail : "", -1);
  self->detail = detail != NULL ? g_utf8_make_valid (detail, -1) : NULL;
  self->running_calls = g_strdupv ((char **) (running_calls != NULL ? running_calls : no_calls));

  return self;
}

/**
 * malt_exit_report_ref:
 * @self: a report
 *
 * Takes a reference, in any thread.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
MaltExitReport *
malt_exit_report_ref (MaltExitReport *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_atomic_rc_box_acquire (self);
}

static void
malt_exit_report_clear (gpointer data)
{
  MaltExitReport *self = data;

  g_clear_pointer (&self->stderr_tail, g_free);
  g_clear_pointer (&self->detail, g_free);
  g_clear_pointer (&self->running_calls, g_strfreev);
}

/**
 * malt_exit_report_unref:
 * @self: (transfer full): a report
 *
 * Gives a reference back, in any thread.
 *
 * Since: 0.1
 */
void
malt_exit_report_unref (MaltExitReport *self)
{
  g_return_if_fail (self != NULL);

  g_atomic_rc_box_release_full (self, malt_exit_report_clear);
}

/**
 * malt_exit_report_get_reason:
 * @self: a report
 *
 * Gets why the worker ended.
 *
 * Returns: the reason
 *
 * Since: 0.1
 */
MaltExitReason
malt_exit_report_get_reason (MaltExitReport *self)
{
  g_return_val_if_fail (self != NULL, MALT_EXIT_REASON_CONNECTION_LOST);

  return self->reason;
}

/**
 * malt_exit_report_get_exit_status:
 * @self: a report
 *
 * Gets what the worker's process exited with.
 *
 * Returns: 0 to 255, or −1 when a signal ended it or the status is not known
 *
 * Since: 0.1
 */
int
malt_exit_report_get_exit_status (MaltExitReport *self)
{
  g_return_val_if_fail (self != NULL, -1);

  return self->exit_status;
}

/**
 * malt_exit_report_get_signal:
 * @self: a report
 *
 * Gets the signal that ended the worker's process.
 *
 * Returns: the number of the signal, 0 for none
 *
 * Since: 0.1
 */
int
malt_exit_report_get_signal (MaltExitReport *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->signal;
}

/**
 * malt_exit_report_get_stderr_tail:
 * @self: a report
 *
 * Gets the end of what the worker wrote to stderr.
 *
 * Returns: (transfer none): UTF-8, with replacement characters where the worker
 *   wrote something else; empty if nothing was kept
 *
 * Since: 0.1
 */
const char *
malt_exit_report_get_stderr_tail (MaltExitReport *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->stderr_tail;
}

/**
 * malt_exit_report_get_detail:
 * @self: a report
 *
 * Gets what there is to say beyond the reason: which limit, which refused
 * system call, which step of stopping ended the worker.
 *
 * Returns: (transfer none) (nullable): UTF-8, or %NULL if there is nothing
 *
 * Since: 0.1
 */
const char *
malt_exit_report_get_detail (MaltExitReport *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->detail;
}

/**
 * malt_exit_report_get_running_calls:
 * @self: a report
 *
 * Gets what the worker was doing: the functions whose calls had not ended.
 *
 * Returns: (transfer none) (array zero-terminated=1): names of functions, latest
 *   first, possibly none
 *
 * Since: 0.1
 */
const char *const *
malt_exit_report_get_running_calls (MaltExitReport *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return (const char *const *) self->running_calls;
}

/* Names as signal(7) has them. A table, because glibc's own is not everywhere. */
static const char *
signal_name (int signum)
{
  static const struct
  {
    int         signum;
    const char *name;
  } names[] = {
    { SIGABRT, "SIGABRT" }, { SIGALRM, "SIGALRM" }, { SIGBUS, "SIGBUS" },
    { SIGFPE, "SIGFPE" },   { SIGHUP, "SIGHUP" },   { SIGILL, "SIGILL" },
    { SIGINT, "SIGINT" },   { SIGKILL, "SIGKILL" }, { SIGPIPE, "SIGPIPE" },
    { SIGQUIT, "SIGQUIT" }, { SIGSEGV, "SIGSEGV" }, { SIGSYS, "SIGSYS" },
    { SIGTERM, "SIGTERM" }, { SIGTRAP, "SIGTRAP" }, { SIGUSR1, "SIGUSR1" },
    { SIGUSR2, "SIGUSR2" }, { SIGXCPU, "SIGXCPU" }, { SIGXFSZ, "SIGXFSZ" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      if (names[i].signum == signum)
        return names[i].name;
    }

  return NULL;
}

static const char *
reason_text (MaltExitReport *self)
{
  switch (self->reason)
    {
    case MALT_EXIT_REASON_STOPPED:
      return "stopped";
    case MALT_EXIT_REASON_KILLED:
      return "killed by its manager";
    case MALT_EXIT_REASON_CRASHED:
      return self->signal != 0 ? "killed" : "crashed";
    case MALT_EXIT_REASON_EXITED:
      return "exited";
    case MALT_EXIT_REASON_LIMIT:
      return "ended by a limit";
    case MALT_EXIT_REASON_SANDBOX:
      return "ended by the sandbox";
    case MALT_EXIT_REASON_CONNECTION_LOST:
      return "connection lost";
    default:
      return "ended";
    }
}

static void
append_signal_or_status (GString        *text,
                         MaltExitReport *self)
{
  const char *name = signal_name (self->signal);

  if (self->signal != 0)
    g_string_append_printf (text, "%s signal %d",
                            self->reason == MALT_EXIT_REASON_CRASHED ? " by" : " with",
                            self->signal);
  if (name != NULL)
    g_string_append_printf (text, " (%s)", name);

  /* That it left with 0 is what stopping means. */
  if (self->exit_status > 0
      || (self->exit_status == 0 && self->reason != MALT_EXIT_REASON_STOPPED))
    g_string_append_printf (text, " with status %d", self->exit_status);
}

/* The oldest first: it is the one that ran, unless functions are threaded, and the others were
 * waiting behind it. */
static void
append_running_calls (GString        *text,
                      MaltExitReport *self)
{
  guint n_calls = g_strv_length (self->running_calls);

  for (guint i = 0; i < MIN (n_calls, MAX_NAMED_CALLS); i++)
    g_string_append_printf (text, "%s%s", i == 0 ? " while running " : ", ",
                            self->running_calls[n_calls - 1 - i]);

  if (n_calls > MAX_NAMED_CALLS)
    g_string_append_printf (text, " and %u more", n_calls - MAX_NAMED_CALLS);
}

/**
 * malt_exit_report_to_string:
 * @self: a report
 *
 * Puts the report in one line for people, such as “killed by signal 11 (SIGSEGV)
 * while running text.count” or “exited with status 3”.
 *
 * Of calls it names the oldest. The end of stderr is not part of it. The wording
 * may change.
 *
 * Returns: (transfer full): UTF-8 without a newline
 *
 * Since: 0.1
 */
char *
malt_exit_report_to_string (MaltExitReport *self)
{
  g_autoptr (GString) text = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  text = g_string_new (reason_text (self));
  append_signal_or_status (text, self);
  append_running_calls (text, self);
  if (self->detail != NULL)
    g_string_append_printf (text, ": %s", self->detail);

  /* A detail or a name may have lines of its own. */
  return g_strdelimit (g_string_free (g_steal_pointer (&text), FALSE), "\r\n", ' ');
}

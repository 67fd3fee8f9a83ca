/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The functions that the contract's cases call in a worker: those that keep it busy or end it. */
#include "contract-functions.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* The worker's ends of its connections. */
#define CONTRACT_DATA_FD 3
#define CONTRACT_CONTROL_FD 4

/* Runs for ever; heeds its cancellable. */
static GVariant *
spin (MaltInvocation *invocation, GVariant *args, GVariant *kwargs, gpointer data, GError **error)
{
  GCancellable *cancellable = malt_invocation_get_cancellable (invocation);

  while (!g_cancellable_set_error_if_cancelled (cancellable, error))
    g_thread_yield ();
  return NULL;
}

/* Says how far it is, and gets no further. */
static GVariant *
announce (MaltInvocation  *invocation,
          GVariant        *args,
          GVariant        *kwargs,
          gpointer         data,
          GError         **error)
{
  double fraction;

  g_variant_get (args, "(d)", &fraction);
  malt_invocation_report_progress (invocation, fraction, "here");
  return spin (invocation, args, kwargs, data, error);
}

/* Runs for so many milliseconds whatever happens. */
static GVariant *
ignore (MaltInvocation *invocation, GVariant *args, GVariant *kwargs, gpointer data, GError **error)
{
  gint64 end_us = g_get_monotonic_time ();
  guint time_ms;

  g_variant_get (args, "(u)", &time_ms);
  end_us += time_ms * G_TIME_SPAN_MILLISECOND;
  while (g_get_monotonic_time () < end_us)
    g_usleep (1000);
  return g_variant_new_uint32 (time_ms);
}

/* Ends when so many of its kind run at the same time, or when it is cancelled. */
static GVariant *
meet (MaltInvocation *invocation, GVariant *args, GVariant *kwargs, gpointer data, GError **error)
{
  static int n_inside;
  GCancellable *cancellable = malt_invocation_get_cancellable (invocation);
  guint n;

  g_variant_get (args, "(u)", &n);
  g_atomic_int_inc (&n_inside);
  while (g_atomic_int_get (&n_inside) < (int) n)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      g_thread_yield ();
    }
  return g_variant_new_uint32 (n);
}

/* No more open descriptors than that from here on. */
static GVariant *
limit_descriptors (MaltInvocation  *invocation,
                   GVariant        *args,
                   GVariant        *kwargs,
                   gpointer         data,
                   GError         **error)
{
  struct rlimit limit;
  guint n;

  g_variant_get (args, "(u)", &n);
  limit = (struct rlimit) { n, n };
  if (setrlimit (RLIMIT_NOFILE, &limit) != 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Cannot set the limit");
  return NULL;
}

/* The process heeds a signal no more. */
static GVariant *
ignore_signal (MaltInvocation *invocation, GVariant *args, GVariant *kwargs, gpointer data,
               GError **error)
{
  int signum;

  g_variant_get (args, "(i)", &signum);
  signal (signum, SIG_IGN);
  return NULL;
}

/* Ends the process by a signal with its default action. */
static GVariant *
crash (MaltInvocation *invocation, GVariant *args, GVariant *kwargs, gpointer data, GError **error)
{
  static const char last_words[] = "about to crash\n";
  int signum;
  sigset_t set;

  g_variant_get (args, "(i)", &signum);
  if (write (STDERR_FILENO, last_words, sizeof last_words - 1) < 0)
    return NULL;
  signal (signum, SIG_DFL);
  sigemptyset (&set);
  sigaddset (&set, signum);
  pthread_sigmask (SIG_UNBLOCK, &set, NULL);
  raise (signum);
  return NULL;
}

/* Asks for more memory than there can be, and aborts, as GLib does. A sanitizer would end the
 * process in its own way. */
static GVariant *
exhaust (MaltInvocation *invocation, GVariant *args, GVariant *kwargs, gpointer data,
         GError **error)
{
  volatile gsize n_bytes = G_MAXSIZE / 2;

#if defined (__SANITIZE_ADDRESS__) || defined (__SANITIZE_THREAD__)
  g_error ("failed to allocate %" G_GSIZE_FORMAT " bytes", n_bytes);
#else
  g_free (g_malloc (n_bytes));
#endif
  return NULL;
}

static GVariant *
leave (MaltInvocation *invocation, GVariant *args, GVariant *kwargs, gpointer data, GError **error)
{
  int status;

  g_variant_get (args, "(i)", &status);
  _exit (status);
}

/* Breaks the connection, as seen by the manager, and lives on for so many milliseconds. */
static GVariant *
disconnect (MaltInvocation  *invocation,
            GVariant        *args,
            GVariant        *kwargs,
            gpointer         data,
            GError         **error)
{
  shutdown (CONTRACT_DATA_FD, SHUT_WR);
  shutdown (CONTRACT_CONTROL_FD, SHUT_WR);
  return ignore (invocation, args, kwargs, data, error);
}

/* A process that left the worker's group and session, and ignores what would end it politely. */
static void
be_a_daemon (int pipe_fd)
{
  pid_t self;

  setsid ();
  if (fork () != 0)
    _exit (0);
  self = getpid ();
  signal (SIGTERM, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  if (write (pipe_fd, &self, sizeof self) != sizeof self)
    _exit (1);
  close (pipe_fd);
  for (;;)
    pause ();
}

static GVariant *
descendant (MaltInvocation  *invocation,
            GVariant        *args,
            GVariant        *kwargs,
            gpointer         data,
            GError         **error)
{
  int ends[2];
  pid_t answer = 0;

  if (pipe (ends) < 0)
    return NULL;
  if (fork () == 0)
    be_a_daemon (ends[1]);
  close (ends[1]);
  if (read (ends[0], &answer, sizeof answer) != sizeof answer)
    answer = 0;
  close (ends[0]);
  return g_variant_new_int32 (answer);
}

void
contract_add_bad_functions (MaltModule *module)
{
  malt_module_add_function (module, "announce", "(d)", MALT_FUNCTION_FLAGS_NONE,
                            announce, NULL, NULL);
  malt_module_add_function (module, "announce_threaded", "(d)", MALT_FUNCTION_FLAGS_THREADED,
                            announce, NULL, NULL);
  malt_module_add_function (module, "crash", "(i)", MALT_FUNCTION_FLAGS_NONE, crash, NULL, NULL);
  malt_module_add_function (module, "descendant", "()", MALT_FUNCTION_FLAGS_NONE,
                            descendant, NULL, NULL);
  malt_module_add_function (module, "disconnect", "(u)", MALT_FUNCTION_FLAGS_NONE,
                            disconnect, NULL, NULL);
  malt_module_add_function (module, "exhaust", "()", MALT_FUNCTION_FLAGS_NONE, exhaust, NULL, NULL);
  malt_module_add_function (module, "ignore", "(u)", MALT_FUNCTION_FLAGS_NONE,
                            ignore, NULL, NULL);
  malt_module_add_function (module, "ignore_signal", "(i)", MALT_FUNCTION_FLAGS_NONE,
                            ignore_signal, NULL, NULL);
  malt_module_add_function (module, "ignore_threaded", "(u)", MALT_FUNCTION_FLAGS_THREADED,
                            ignore, NULL, NULL);
  malt_module_add_function (module, "leave", "(i)", MALT_FUNCTION_FLAGS_NONE, leave, NULL, NULL);
  malt_module_add_function (module, "limit_descriptors", "(u)", MALT_FUNCTION_FLAGS_NONE,
                            limit_descriptors, NULL, NULL);
  malt_module_add_function (module, "meet", "(u)", MALT_FUNCTION_FLAGS_THREADED,
                            meet, NULL, NULL);
  malt_module_add_function (module, "spin", "()", MALT_FUNCTION_FLAGS_NONE, spin, NULL, NULL);
  malt_module_add_function (module, "spin_threaded", "()", MALT_FUNCTION_FLAGS_THREADED,
                            spin, NULL, NULL);
}

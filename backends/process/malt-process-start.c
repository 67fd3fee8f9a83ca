/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/process/malt-process-start.h"

#include "backends/process/malt-process-child.h"
#include "backends/process/malt-process-spawn.h"
#include "backends/process/malt-process-transport.h"

#include <string.h>

/* What the end of a child and that of its connection have to come together in, in milliseconds:
 * either says something that belongs into the error. A grandchild may hold the connection. */
#define MALT_PROCESS_START_END_TIMEOUT_MSEC 500

/* For a child that is to go because the start failed, in milliseconds. It is watched on, but
 * nobody waits. */
#define MALT_PROCESS_START_REAP_TIMEOUT_MSEC 2000

/* What bwrap begins each of its messages with. */
#define MALT_PROCESS_START_BWRAP_PREFIX "bwrap: "

/* A start is over when it is `done`, or has an `error` and neither the child nor the handshake
 * is there any more. While `is_ending`, one of the two has ended, and the other is waited for.
 * Monitor thread. */
typedef struct
{
  MaltProcessPlan       *plan;              /* owned */
  MaltRelayEvents     *events;            /* owned */
  GCancellable          *cancellable;       /* owned, nullable: the caller's */
  MaltProcessStartFunc   func;
  gpointer               user_data;

  MaltProcessChild      *child;             /* owned; NULL before the spawn */
  gboolean               has_child;         /* it has not been seen to end */
  GCancellable          *handshake;         /* owned; while the handshake goes on */
  GSource               *deadline_source;
  GSource               *cancel_source;
  gboolean               is_ending;
  char                  *exit_text;         /* how the child ended */
  gboolean               launcher_failed;   /* or rather what was to start it */
  GError                *error;             /* owned */
} MaltProcessStart;

static void
start_free (MaltProcessStart *start)
{
  malt_clear_source (&start->deadline_source);
  malt_clear_source (&start->cancel_source);
  g_clear_pointer (&start->plan, malt_process_plan_unref);
  g_clear_pointer (&start->events, malt_relay_events_unref);
  g_clear_object (&start->child);
  g_clear_object (&start->cancellable);
  g_clear_object (&start->handshake);
  g_clear_pointer (&start->exit_text, g_free);
  g_clear_error (&start->error);
  g_free (start);
}

/* Adds what only the end of the child makes known. */
static void
complete_error (MaltProcessStart *start)
{
  g_autofree char *shown = malt_process_command_show (&start->plan->command);
  g_autoptr (GString) text = g_string_new (start->error->message);
  g_autofree char *tail = malt_relay_output_dup_tail (MALT_PEER (start->child)->output);
  g_autofree char *valid_tail = NULL;

  g_string_append_printf (text, " (command line: %s)", shown);
  g_strchomp (tail);
  if (*tail != '\0')
    {
      valid_tail = g_utf8_make_valid (tail, -1);
      g_string_append_printf (text, "\nThe end of its stderr:\n%s", valid_tail);
    }
  g_free (start->error->message);
  start->error->message = g_string_free (g_steal_pointer (&text), FALSE);
}

static void
finish_with_error (MaltProcessStart *start)
{
  MaltProcessStartFunc func = start->func;
  gpointer user_data = start->user_data;
  GError *error = NULL;

  if (start->child != NULL)
    {
      if (start->error->domain == MALT_ERROR)
        complete_error (start);
      malt_process_child_set_started (start->child);
      malt_peer_close (MALT_PEER (start->child), start->error);
    }
  error = g_steal_pointer (&start->error);
  start_free (start);
  func (NULL, NULL, error, user_data);
}

static void
finish_with_child (MaltProcessStart *start)
{
  MaltProcessStartFunc func = start->func;
  gpointer user_data = start->user_data;
  MaltPeer *child = MALT_PEER (g_steal_pointer (&start->child));
  MaltConnection *connection = g_object_ref (child->connection);

  malt_connection_set_worker (connection, child->description);
  malt_connection_set_call_timeout (connection, start->plan->call_timeout_ms);
  malt_process_child_set_started (MALT_PROCESS_CHILD (child));
  start_free (start);
  func (child, connection, NULL, user_data);
}

static void
finish_if_over (MaltProcessStart *start)
{
  if (start->error != NULL && !start->has_child && start->handshake == NULL)
    finish_with_error (start);
}

static gboolean on_start_deadline (gpointer user_data);

static void
set_deadline (MaltProcessStart *start,
              guint             msec)
{
  malt_clear_source (&start->deadline_source);
  start->deadline_source = g_timeout_source_new (msec);
  g_source_set_callback (start->deadline_source, on_start_deadline, start, NULL);
  g_source_attach (start->deadline_source, malt_monitor_get_context ());
}

/* Takes `error`, the first of which counts. */
static void
fail (MaltProcessStart *start,
      GError           *error)
{
  if (start->error != NULL)
    {
      g_error_free (error);
      return;
    }
  start->error = error;
  malt_clear_source (&start->cancel_source);
  if (start->has_child)
    malt_process_child_kill_tree (start->child);
  if (start->handshake != NULL)
    g_cancellable_cancel (start->handshake);
  set_deadline (start, MALT_PROCESS_START_REAP_TIMEOUT_MSEC);
  finish_if_over (start);
}

static void
fail_literal (MaltProcessStart *start,
              const char       *text)
{
  fail (start, g_error_new (MALT_ERROR, MALT_ERROR_START_FAILED,
                            "Cannot start a worker: “%s” %s", start->plan->command.argv[0], text));
}

static void
fail_exited (MaltProcessStart *start)
{
  GError *error = NULL;

  if (start->launcher_failed)
    {
      malt_sandbox_set_error (&error, start->plan->profile, "“%s” %s",
                              start->plan->command.launcher[0], start->exit_text);
      fail (start, error);
    }
  else
    fail_literal (start, start->exit_text);
}

/* Runs in the monitor thread. */
static gboolean
on_start_deadline (gpointer user_data)
{
  MaltProcessStart *start = user_data;

  malt_clear_source (&start->deadline_source);
  if (start->error != NULL)
    {
      start->has_child = FALSE;
      finish_if_over (start);
    }
  else if (start->exit_text != NULL)
    fail_exited (start);
  else if (start->is_ending)
    fail_literal (start, "closed its connection before it was ready, and lives on");
  else
    {
      g_autofree char *text = g_strdup_printf ("was not ready within %u ms",
                                               start->plan->start_timeout_ms);

      fail_literal (start, text);
    }
  return G_SOURCE_REMOVE;
}

/* Runs in the monitor thread. */
static gboolean
on_start_cancelled (GCancellable *cancellable,
                    gpointer      user_data)
{
  MaltProcessStart *start = user_data;
  GError *error = NULL;

  g_cancellable_set_error_if_cancelled (cancellable, &error);
  fail (start, error);
  return G_SOURCE_REMOVE;
}

/* bwrap exits with 1, and says why on stderr; but so may what it has started. */
static gboolean
is_failure_of_launcher (MaltProcessStart *start,
                        int               exit_status)
{
  g_autofree char *tail = NULL;

  if (start->plan->command.launcher == NULL || exit_status != 1)
    return FALSE;
  if (start->plan->output_modes[1] == MALT_RELAY_MODE_NULL)
    return TRUE;

  tail = malt_relay_output_dup_tail (MALT_PEER (start->child)->output);
  return strstr (tail, MALT_PROCESS_START_BWRAP_PREFIX) != NULL;
}

/* The worker may have said why it leaves: then that is on its way through the connection. */
static void
on_child_exited (int      exit_status,
                 int      signum,
                 gpointer user_data)
{
  MaltProcessStart *start = user_data;

  start->has_child = FALSE;
  start->launcher_failed = is_failure_of_launcher (start, exit_status);
  if (signum != 0)
    {
      g_autofree char *shown = malt_process_show_signal (signum);

      start->exit_text = g_strdup_printf ("was ended by %s before it was ready", shown);
    }
  else if (exit_status >= 0)
    start->exit_text = g_strdup_printf ("exited with status %d before it was ready", exit_status);
  else
    start->exit_text = g_strdup ("exited before it was ready, with a status that nobody knows");

  if (start->error != NULL)
    finish_if_over (start);
  else if (start->handshake == NULL)
    fail_exited (start);
  else
    set_deadline (start, MALT_PROCESS_START_END_TIMEOUT_MSEC);
}

/* EOF, or what TCP says when the worker had not read everything. Its exit status says more. */
static void
on_connection_lost (MaltProcessStart *start)
{
  if (start->exit_text != NULL)
    fail_exited (start);
  else
    {
      start->is_ending = TRUE;
      set_deadline (start, MALT_PROCESS_START_END_TIMEOUT_MSEC);
    }
}

/* Runs in the monitor thread. */
static void
on_handshake (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  MaltProcessStart *start = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) hello = malt_connection_handshake_finish (MALT_CONNECTION (source), result,
                                                                 &error);

  g_clear_object (&start->handshake);
  if (start->error != NULL)
    finish_if_over (start);
  else if (hello != NULL && !malt_sandbox_check_hello (start->plan->profile, hello, &error))
    fail (start, g_steal_pointer (&error));
  else if (hello != NULL && start->has_child)
    finish_with_child (start);
  else if (hello != NULL)
    fail_exited (start);
  else if (error->domain != MALT_ERROR)
    on_connection_lost (start);
  else if (error->code == MALT_ERROR_SANDBOX_UNAVAILABLE)
    fail (start, g_steal_pointer (&error));
  else if (error->code == MALT_ERROR_START_FAILED)
    fail (start, g_error_new (MALT_ERROR, MALT_ERROR_START_FAILED, "Cannot start a worker: %s",
                              error->message));
  else
    {
      g_autofree char *text = g_strdup_printf ("did not speak the protocol: %s", error->message);

      fail_literal (start, text);
    }
}

static gboolean
spawn_child (MaltProcessStart  *start,
             MaltRelayOutput   *output,
             MaltProcessPair   *data,
             MaltProcessPair   *control,
             GError           **error)
{
  const int fds[MALT_PROCESS_N_FDS] = {
    -1,
    malt_relay_output_get_worker_fd (output, 1),
    malt_relay_output_get_worker_fd (output, 2),
    data->worker_fd,
    control->worker_fd,
  };
  const MaltProcessPlan *plan = start->plan;
  MaltProcessHandle process = MALT_PROCESS_HANDLE_INIT;

  if (!malt_process_spawn (&plan->command, fds, plan->own_session, &process, error))
    return FALSE;

  malt_relay_output_start (output, process.pid);
  /* What a spare prints before somebody has it is for that one. */
  if (malt_relay_events_is_bound (start->events))
    malt_relay_output_read (output);
  start->child = malt_process_child_new (&process, data->port, plan->own_session, start->events,
                                         output);
  start->child->profile = plan->profile;
  start->child->cpu_limit = plan->cpu_limit;
  start->child->start_exited = on_child_exited;
  start->child->start_data = start;
  start->has_child = TRUE;
  malt_peer_connect (MALT_PEER (start->child), g_steal_fd (&data->manager_fd),
                     g_steal_fd (&control->manager_fd), &plan->limits);
  return TRUE;
}

static gboolean
open_and_spawn (MaltProcessStart  *start,
                GError           **error)
{
  g_auto (MaltProcessPair) data = MALT_PROCESS_PAIR_INIT;
  g_auto (MaltProcessPair) control = MALT_PROCESS_PAIR_INIT;
  g_autoptr (MaltRelayOutput) output = NULL;

  if (g_cancellable_set_error_if_cancelled (start->cancellable, error))
    return FALSE;
  output = malt_relay_output_new (start->plan->output_modes, start->events, error);
  /* Only data is carried by what was asked for: nobody sees of which kind control is, and a pair of
   * Unix sockets is made in a tenth of the time. */
  if (output == NULL
      || !malt_process_pair_open (&data, start->plan->transport, error)
      || !malt_process_pair_open (&control, MALT_PROCESS_TRANSPORT_UNIX, error))
    {
      GError *start_error = g_error_new (MALT_ERROR, MALT_ERROR_START_FAILED,
                                         "Cannot start a worker: %s", (*error)->message);

      g_clear_error (error);
      g_propagate_error (error, start_error);
      return FALSE;
    }
  return spawn_child (start, output, &data, &control, error);
}

/* Runs in the monitor thread. */
static gboolean
on_start (gpointer user_data)
{
  MaltProcessStart *start = user_data;

  if (!open_and_spawn (start, &start->error))
    {
      finish_with_error (start);
      return G_SOURCE_REMOVE;
    }
  set_deadline (start, start->plan->start_timeout_ms);
  if (start->cancellable != NULL)
    {
      start->cancel_source = g_cancellable_source_new (start->cancellable);
      g_source_set_callback (start->cancel_source, G_SOURCE_FUNC (on_start_cancelled), start, NULL);
      g_source_attach (start->cancel_source, malt_monitor_get_context ());
    }
  start->handshake = g_cancellable_new ();
  malt_connection_handshake_async (MALT_PEER (start->child)->connection, start->plan->setup,
                                   start->handshake, on_handshake, start);
  return G_SOURCE_REMOVE;
}

void
malt_process_start (MaltProcessPlan      *plan,
                    MaltRelayEvents      *events,
                    GCancellable         *cancellable,
                    MaltProcessStartFunc  func,
                    gpointer              user_data)
{
  MaltProcessStart *start = g_new0 (MaltProcessStart, 1);

  start->plan = malt_process_plan_ref (plan);
  start->events = malt_relay_events_ref (events);
  start->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  start->func = func;
  start->user_data = user_data;
  g_main_context_invoke (malt_monitor_get_context (), on_start, start);
}

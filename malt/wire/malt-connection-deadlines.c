/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-connection-private.h"

#include "malt/malt-text-private.h"

/* The worker's own deadline wins by this much, for its answer says where it was. On a busy machine
 * it needs that. */
#define TIMEOUT_GRACE_MSEC 1000u

/* For the answer to a probe. The watch thread has nothing else to do, but a machine may have, and a
 * worker that is taken for dead is ended. */
#define PROBE_GRACE_MSEC 2000u

/* Calls that have ended for their callers and may still run in the worker. More are not watched:
 * one is enough to find a worker unresponsive. */
#define LATE_MAX_CALLS 1024u

/* Deadlines have two kinds of keys: call id × 2 for the time-out of a call that is SENT; one more
 * for a call or post in the table of late ones, which may be the same. */
#define TIMEOUT_KEY(id) (2 * (id))
#define LATE_KEY(id) (2 * (id) + 1)

/* A call or post that was cancelled, interrupted or timed out while it was with the worker. When
 * its grace is over the worker is asked about it, for its answer may lie in a socket that nobody
 * reads at the moment. */
typedef struct
{
  guint64   id;
  char     *function; /* owned */
  gboolean  is_probed;
} LateCall;

void
malt_connection_late_call_free (gpointer data)
{
  LateCall *late = data;

  g_free (late->function);
  g_free (late);
}

static gint64
get_time_after (guint64 msec)
{
  return g_get_monotonic_time () + (gint64) MIN (msec, G_MAXINT32) * 1000;
}

void
malt_connection_watch_late_locked (MaltConnection *self,
                                   guint64         id,
                                   const char     *function)
{
  LateCall *late;

  if (self->limits.unresponsive_timeout_ms == 0 || self->close_error != NULL
      || g_hash_table_size (self->late) >= LATE_MAX_CALLS
      || g_hash_table_contains (self->late, &id))
    return;

  late = g_new0 (LateCall, 1);
  late->id = id;
  late->function = g_strdup (function);
  g_hash_table_insert (self->late, &late->id, late);
  malt_deadlines_add (self->deadlines, LATE_KEY (id),
                      get_time_after (self->limits.unresponsive_timeout_ms));
}

void
malt_connection_forget_late_locked (MaltConnection *self,
                                    guint64         id)
{
  if (g_hash_table_remove (self->late, &id))
    malt_deadlines_remove (self->deadlines, LATE_KEY (id));
}

void
malt_connection_note_post_locked (MaltConnection *self,
                                  const char     *function)
{
  if (self->limits.unresponsive_timeout_ms == 0 || malt_pending_is_channel_operation (function))
    return;

  self->last_post_id = self->last_id;
  g_free (self->last_post);
  self->last_post = g_strdup (function);
}

/* Runs in the monitor thread. */
static void
report_unresponsive (MaltConnection *self,
                     guint64         id,
                     const char     *traceback)
{
  g_autofree char *text = malt_text_dup_valid (traceback, MALT_TRACEBACK_MAX_BYTES);
  g_autofree char *function = NULL;
  LateCall *late;

  g_mutex_lock (&self->lock);
  late = g_hash_table_lookup (self->late, &id);
  if (late != NULL)
    function = g_strdup (late->function);
  malt_connection_forget_late_locked (self, id);
  g_mutex_unlock (&self->lock);

  if (function != NULL && self->hooks.unresponsive != NULL
      && !g_atomic_int_get (&self->is_closing))
    self->hooks.unresponsive (function, traceback != NULL ? text : NULL, self->hooks_data);
}

static void
on_late_deadline (MaltConnection *self,
                  guint64         id)
{
  gboolean is_to_be_probed = FALSE;
  LateCall *late;

  g_mutex_lock (&self->lock);
  late = g_hash_table_lookup (self->late, &id);
  if (late != NULL && !late->is_probed)
    {
      late->is_probed = TRUE;
      is_to_be_probed = TRUE;
      malt_deadlines_add (self->deadlines, LATE_KEY (id), get_time_after (PROBE_GRACE_MSEC));
    }
  g_mutex_unlock (&self->lock);

  if (is_to_be_probed)
    malt_connection_send_control (self, MALT_MESSAGE_PROBE, id, 0);
  else
    report_unresponsive (self, id, NULL);
}

/* Whether a status is about a late call, and not about one that somebody waits for. One that is
 * queued behind another is not to blame, and will not start: it was cancelled. */
static void
on_late_status (MaltConnection *self,
                guint64         id,
                MaltCallState   state,
                const char     *traceback)
{
  gboolean is_running;
  LateCall *late;

  g_mutex_lock (&self->lock);
  late = g_hash_table_lookup (self->late, &id);
  is_running = late != NULL && late->is_probed && state == MALT_CALL_STATE_RUNNING;
  if (late != NULL && late->is_probed && !is_running)
    malt_connection_forget_late_locked (self, id);
  g_mutex_unlock (&self->lock);

  if (is_running)
    report_unresponsive (self, id, traceback);
}

void
malt_connection_arm_timeout_locked (MaltConnection  *self,
                                    MaltPendingCall *call)
{
  if (call->timeout_ms == 0)
    return;

  malt_deadlines_add (self->deadlines, TIMEOUT_KEY (call->id),
                      get_time_after ((guint64) call->timeout_ms + TIMEOUT_GRACE_MSEC));
}

void
malt_connection_disarm_timeout_locked (MaltConnection  *self,
                                       MaltPendingCall *call)
{
  if (call->timeout_ms > 0 && call->id != 0)
    malt_deadlines_remove (self->deadlines, TIMEOUT_KEY (call->id));
}

static void
time_out (MaltConnection *self,
          guint64         id,
          const char     *why)
{
  MaltPendingCall *call;
  GError *error = NULL;

  g_mutex_lock (&self->lock);
  call = malt_pending_lookup (self->pending, id);
  if (call != NULL)
    g_set_error (&error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                 "The call of “%s” did not end within %u ms%s",
                 malt_call_get_function (call->call), call->timeout_ms, why);
  g_mutex_unlock (&self->lock);

  if (error != NULL)
    malt_connection_abandon_call (self, id, error);
}

static void
on_timeout_deadline (MaltConnection *self,
                     guint64         id)
{
  gboolean is_to_be_probed = FALSE;
  MaltPendingCall *call;

  g_mutex_lock (&self->lock);
  call = malt_pending_lookup (self->pending, id);
  if (call != NULL && !call->is_probed)
    {
      call->is_probed = TRUE;
      is_to_be_probed = TRUE;
      malt_deadlines_add (self->deadlines, TIMEOUT_KEY (id), get_time_after (PROBE_GRACE_MSEC));
    }
  g_mutex_unlock (&self->lock);

  if (is_to_be_probed)
    malt_connection_send_control (self, MALT_MESSAGE_PROBE, id, 0);
  else
    time_out (self, id, ": the worker does not answer");
}

/* An answer that is on its way may lie in the socket because its caller's main context is busy.
 * FALSE when somebody else reads just now. */
static gboolean
read_what_is_there (MaltConnection *self)
{
  gboolean is_read_by_other;
  gboolean is_reading;

  g_mutex_lock (&self->lock);
  is_read_by_other = self->is_role_taken;
  is_reading = malt_connection_take_role_locked (self, NULL);
  g_mutex_unlock (&self->lock);

  if (is_reading)
    {
      malt_connection_read_all (self);
      malt_connection_release_role (self);
    }

  return !is_read_by_other;
}

static gboolean
rearm_if_queued (MaltConnection *self,
                 guint64         id,
                 MaltCallState   state)
{
  gboolean is_rearmed = FALSE;
  MaltPendingCall *call;

  g_mutex_lock (&self->lock);
  call = malt_pending_lookup (self->pending, id);
  if (call != NULL && call->is_probed && state == MALT_CALL_STATE_QUEUED)
    {
      call->is_probed = FALSE;
      malt_connection_arm_timeout_locked (self, call);
      is_rearmed = TRUE;
    }
  else if (call == NULL || !call->is_probed)
    {
      /* Nobody asked, or it has been answered meanwhile. */
      is_rearmed = TRUE;
    }
  g_mutex_unlock (&self->lock);

  return is_rearmed;
}

/* Runs in the monitor thread. */
void
malt_connection_on_status (MaltConnection *self,
                           guint64         id,
                           MaltCallState   state,
                           const char     *traceback)
{
  if (traceback != NULL)
    malt_connection_note_traceback (self, id, traceback);
  on_late_status (self, id, state, traceback);
  if (rearm_if_queued (self, id, state))
    return;

  /* Whoever reads may hold the answer, not yet delivered: then the time of the probe is waited
   * for. */
  if (state == MALT_CALL_STATE_RUNNING || read_what_is_there (self))
    time_out (self, id, "");
}

/* Runs in the monitor thread. */
void
malt_connection_on_deadline (MaltConnection *self,
                             guint64         key)
{
  if (key == LATE_KEY (key / 2))
    on_late_deadline (self, key / 2);
  else
    on_timeout_deadline (self, key / 2);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-call-copy-private.h"

#include "malt/malt-call-backend.h"
#include "malt/malt-call-private.h"
#include "malt/malt-delivery.h"

/* Reports of progress of one call on their way to a context that does not come round. */
#define PROGRESS_MAX_REPORTS 64

/* From a copy to its call; reference counted. */
typedef struct
{
  MaltCall     *call;       /* owned */
  GMainContext *context;    /* owned */
  int           n_progress; /* atomic; on their way */
} Relay;

typedef struct
{
  MaltDelivery  delivery;
  Relay        *relay;    /* owned */
  double        fraction;
  char         *message;
} Progress;

MaltCall *
malt_call_copy (MaltCall *self)
{
  MaltCall *copy = malt_call_new (malt_call_get_function (self), malt_call_get_args (self),
                                  malt_call_get_kwargs (self));

  malt_call_set_discard_result (copy, malt_call_get_discard_result (self));
  malt_call_set_timeout (copy, malt_call_get_timeout (self));
  malt_call_set_result_type (copy, malt_call_get_result_type (self));

  return copy;
}

gboolean
malt_call_was_begun (MaltCall *copy)
{
  return copy->begin_time_us != 0;
}

void
malt_call_end_like (MaltCall     *self,
                    MaltCall     *copy,
                    const GError *error)
{
  if (error != NULL && malt_call_get_remote_message (copy) != NULL)
    malt_call_set_remote_details (self, malt_call_get_remote_message (copy),
                                  malt_call_get_remote_type (copy),
                                  malt_call_get_remote_traceback (copy));
  malt_call_end (self, malt_call_get_run_time_us (copy), error);
}

static void
relay_clear (gpointer data)
{
  Relay *self = data;

  g_clear_object (&self->call);
  g_clear_pointer (&self->context, g_main_context_unref);
}

static void
relay_unref (gpointer  data,
             GClosure *closure)
{
  g_atomic_rc_box_release_full (data, relay_clear);
}

/* Runs in the context of the relay. */
static void
on_delivered (MaltDelivery *delivery)
{
  Progress *progress = (Progress *) delivery;

  g_atomic_int_add (&progress->relay->n_progress, -1);
  malt_call_emit_progress (progress->relay->call, progress->fraction, progress->message);
  relay_unref (progress->relay, NULL);
  g_free (progress->message);
  g_free (progress);
}

/* Runs in any thread. Whoever has sent the call may listen until its context comes round. */
static void
on_progress (MaltCall   *copy,
             double      fraction,
             const char *message,
             gpointer    user_data)
{
  Relay *self = user_data;
  Progress *progress;

  if (g_atomic_int_get (&self->n_progress) >= PROGRESS_MAX_REPORTS)
    return;

  g_atomic_int_inc (&self->n_progress);
  progress = g_new0 (Progress, 1);
  progress->delivery.func = on_delivered;
  progress->relay = g_atomic_rc_box_acquire (self);
  progress->fraction = fraction;
  progress->message = g_strdup (message);
  malt_delivery_send (&progress->delivery, self->context);
}

void
malt_call_forward_progress (MaltCall     *self,
                            MaltCall     *copy,
                            GMainContext *context)
{
  Relay *relay = g_atomic_rc_box_new0 (Relay);

  relay->call = g_object_ref (self);
  relay->context = g_main_context_ref (context);
  g_signal_connect_data (copy, "progress", G_CALLBACK (on_progress), relay, relay_unref, 0);
}

void
malt_call_stop_progress (MaltCall *copy)
{
  g_signal_handlers_disconnect_matched (copy, G_SIGNAL_MATCH_FUNC, 0, 0, NULL, on_progress, NULL);
}

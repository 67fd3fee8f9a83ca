/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/in-process/malt-in-process-call.h"

#include "backends/in-process/malt-in-process-core.h"
#include "backends/in-process/malt-in-process-value.h"

#include <string.h>

/* What a call counts for beside its values, in bytes: about what it takes in memory. */
#define CALL_OVERHEAD_BYTES 256

static const char channel_prefix[] = "malt.channel.";

/* Checks and measures what is sent with it. */
static void
weigh (MaltInProcessCall *self)
{
  GVariant *args = malt_call_get_args (self->call);
  GVariant *kwargs = malt_call_get_kwargs (self->call);

  self->kwargs = g_variant_n_children (kwargs) > 0 ? kwargs : NULL;
  self->size = CALL_OVERHEAD_BYTES + strlen (malt_call_get_function (self->call))
               + g_variant_get_size (args);
  if (malt_in_process_value_check (args, &self->error) && self->kwargs != NULL)
    {
      self->size += g_variant_get_size (kwargs);
      malt_in_process_value_check (kwargs, &self->error);
    }
}

/* One that is not to be sent has an error already. Channel operations wait for people: they never
 * time out. */
MaltInProcessCall *
malt_in_process_call_new (MaltInProcessCore *core,
                          MaltCall          *call,
                          guint              timeout_ms)
{
  MaltInProcessCall *self = g_new0 (MaltInProcessCall, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->core = malt_in_process_core_ref (core);
  self->call = g_object_ref (call);
  self->is_channel_operation = g_str_has_prefix (malt_call_get_function (call), channel_prefix);
  self->timeout_ms = self->is_channel_operation ? 0 : timeout_ms;
  self->run_time_us = -1;
  weigh (self);
  g_cond_init (&self->changed);
  self->link.data = self;

  return self;
}

MaltInProcessCall *
malt_in_process_call_ref (MaltInProcessCall *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

void
malt_in_process_call_unref (MaltInProcessCall *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_cond_clear (&self->changed);
  g_clear_pointer (&self->value, g_variant_unref);
  g_clear_error (&self->error);
  g_free (self->progress_message);
  g_free (self->traceback);
  g_clear_object (&self->task);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->call);
  malt_in_process_core_unref (self->core);
  g_free (self);
}

/* These carry their traceback behind their text, see malt_invocation_new_cancel_error(). */
static GError *
new_io_error (MaltInProcessCall *self,
              const GError      *error)
{
  g_auto (GStrv) parts = g_strsplit (error->message, "\n", 2);
  const char *message = parts[0] != NULL ? parts[0] : "";

  malt_call_set_remote_details (self->call, message, NULL, *message != '\0' ? parts[1] : NULL);

  return g_error_copy (error);
}

/* What the runtime says does not know which worker it is in. */
static GError *
new_remote_error (MaltInProcessCall *self,
                  const GError      *error)
{
  const char *message = malt_error_get_remote_message (error);
  const char *type = malt_error_get_remote_type (error);
  MaltError code = MALT_ERROR_REMOTE_EXCEPTION;
  g_autofree char *valid_message = NULL;
  g_autofree char *own_type = NULL;

  if (error->domain == G_IO_ERROR
      && (error->code == G_IO_ERROR_CANCELLED || error->code == G_IO_ERROR_TIMED_OUT
          || error->code == G_IO_ERROR_NOT_SUPPORTED))
    return new_io_error (self, error);

  if (error->domain == MALT_ERROR)
    code = error->code;
  else if (type == NULL)
    type = own_type = g_strdup_printf ("%s:%d", g_quark_to_string (error->domain), error->code);

  valid_message = g_utf8_make_valid (message != NULL ? message : error->message, -1);

  return malt_error_new_remote (code, malt_in_process_core_get_description (self->core),
                                valid_message, type, malt_error_get_remote_traceback (error));
}

GVariant *
malt_in_process_call_finish (MaltInProcessCall  *self,
                             GError            **error)
{
  g_autoptr (GError) raw_error = NULL;

  /* Not g_cancellable_disconnect(): it waits for handlers, and this may run within one. The
   * handler keeps a reference on the call. */
  if (self->cancelled_handler != 0)
    g_signal_handler_disconnect (self->cancellable, self->cancelled_handler);

  if (self->error != NULL && self->is_remote)
    {
      raw_error = g_steal_pointer (&self->error);
      self->error = new_remote_error (self, raw_error);
    }

  malt_call_end (self->call, self->run_time_us, self->error);
  if (self->error == NULL)
    return g_steal_pointer (&self->value);

  g_propagate_error (error, g_steal_pointer (&self->error));
  return NULL;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fuzz-peer.h"
#include "malt-fuzz.h"
#include "malt/malt-local-channel-private.h"
#include "malt/runtime/malt-invocation-plugin.h"
#include "malt/runtime/malt-runtime.h"
#include "malt/wire/malt-stream-private.h"

#include <unistd.h>

/* What a manager sends after its setup, data and control on one socket, to a worker without an
 * evaluator, that has a channel: its built-in functions are called with whatever comes. */

#define MAX_MESSAGE_BYTES (1024u * 1024)

typedef struct
{
  GMainContext *context;
  MaltStream   *stream;
  MaltRuntime  *runtime;
} Worker;

static void
on_finished (MaltInvocation *invocation,
             GVariant       *value,
             const GError   *error,
             gpointer        user_data)
{
  Worker *self = user_data;
  g_autoptr (GVariant) answer = NULL;
  MaltMessage message = { .type = MALT_MESSAGE_RESULT };

  g_assert_true ((value == NULL) == (error != NULL));
  if (error != NULL)
    message.type = MALT_MESSAGE_FAILURE;
  answer = g_variant_ref_sink (error != NULL ? malt_message_new_failure_value (error) : value);
  message.id = malt_invocation_get_id (invocation);
  message.value = answer;
  malt_stream_queue (self->stream, &message, NULL);
}

static void
on_progress (MaltInvocation *invocation,
             double          fraction,
             const char     *message,
             gpointer        user_data)
{
}

static const MaltCarrier carrier = { on_finished, on_progress };

static void
dispatch_call (Worker            *self,
               const MaltMessage *message)
{
  const char *function;
  const GVariantType *result_type;
  g_autoptr (GVariant) args = NULL;
  g_autoptr (GVariant) kwargs = NULL;
  g_autoptr (MaltInvocation) invocation = NULL;

  if (!malt_message_parse_call (message, &function, &args, &kwargs, &result_type, NULL))
    return;

  invocation = malt_invocation_new (self->runtime, message->id, function, args, kwargs, &carrier,
                                    self);
  malt_invocation_set_timeout (invocation, (guint) MIN (message->number, G_MAXUINT));
  malt_invocation_set_result_type (invocation, result_type);
  malt_invocation_set_discard_result (invocation,
                                      message->flags & MALT_MESSAGE_FLAGS_DISCARD);
  malt_runtime_dispatch (self->runtime, invocation);
}

/* As malt-serve.c and malt-watch.c do. */
static void
handle_message (Worker            *self,
                const MaltMessage *message)
{
  switch ((int) message->type)
    {
    case MALT_MESSAGE_CALL:
    case MALT_MESSAGE_POST:
      dispatch_call (self, message);
      break;

    case MALT_MESSAGE_CANCEL:
      malt_runtime_cancel (self->runtime, message->id);
      break;

    case MALT_MESSAGE_INTERRUPT:
      malt_runtime_interrupt (self->runtime, message->id);
      break;

    case MALT_MESSAGE_PROBE:
      malt_runtime_get_call_state (self->runtime, message->id);
      break;

    default:
      break;
    }
}

static void
read_all (Worker *self)
{
  MaltMessage message = { 0 };
  g_autoptr (GError) error = NULL;

  while (error == NULL && malt_stream_fill (self->stream, &error) == MALT_STREAM_OK)
    {
      g_autoptr (GError) message_error = NULL;

      while (malt_stream_next (self->stream, &message, &message_error, &error))
        {
          if (message_error == NULL)
            handle_message (self, &message);
          g_clear_error (&message_error);
          malt_message_clear (&message);
        }
    }
  while (g_main_context_iteration (self->context, FALSE))
    ;
}

static void
run (Worker   *self,
     FuzzPeer *peer)
{
  malt_stream_set_swap (self->stream, (peer->options & FUZZ_PEER_SWAP) != 0);
  if (peer->options & FUZZ_PEER_DESCRIPTOR)
    {
      g_autoptr (GVariant) features =
        g_variant_ref_sink (g_variant_new_parsed ("{'features': <['descriptors']>}"));

      malt_stream_use_features (self->stream, features);
    }

  while (fuzz_peer_send (peer))
    read_all (self);
  read_all (self);

  malt_runtime_stop (self->runtime);
  while (malt_runtime_get_n_unfinished (self->runtime) > 0)
    g_main_context_iteration (self->context, TRUE);
  malt_stream_flush (self->stream, NULL);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  const char *const none[] = { NULL };
  g_auto (FuzzPeer) peer = { .fd = -1, .memory = -1 };
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GMainContext) watch_context = g_main_context_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltLocalChannel) channel = NULL;
  Worker self = { .context = context };

  if (size == 0)
    return 0;

  g_main_context_push_thread_default (context);
  self.stream = malt_stream_new (fuzz_peer_init (&peer, data, size), MAX_MESSAGE_BYTES);
  self.runtime = malt_runtime_new (NULL, NULL, none, NULL, watch_context, &error);
  g_assert_no_error (error);
  channel = malt_local_channel_new (2);
  malt_runtime_export_channel (self.runtime, channel);

  run (&self, &peer);

  g_assert_finalize_object (self.runtime);
  while (g_main_context_iteration (watch_context, FALSE))
    ;
  malt_stream_free (self.stream);
  g_main_context_pop_thread_default (context);

  return 0;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-remote-channel-private.h"

#include "malt/malt-call.h"
#include "malt/malt-error.h"

/* Values in one request: more of them cost no less each. */
#define LOT_MAX_ITEMS 256u

/* Bytes of values in one put_many, beyond the first. */
#define LOT_MAX_BYTES ((gsize) 256 * 1024)

/* Takes in a row that found something at once before values are asked for in advance: somebody who
 * takes a few sees exactly as many leave the worker. */
#define STREAK_MIN 8u
#define STREAK_MAX (1u << 16)

/* The requests of a remote channel, all in the channel thread. */

void
malt_remote_channel_send (MaltRemoteChannel   *self,
                          const char          *function,
                          GVariant            *args,
                          const char          *result_type,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_autoptr (MaltCall) call = malt_call_new (function, args, NULL);

  if (result_type != NULL)
    malt_call_set_result_type (call, G_VARIANT_TYPE (result_type));
  malt_abstract_worker_send_async (self->worker, call, cancellable, callback, user_data);
}

/* The answer of a request. (transfer full) */
static GVariant *
finish (MaltRemoteChannel  *self,
        GAsyncResult       *result,
        const char         *type,
        GError            **error)
{
  GVariant *value = malt_abstract_worker_send_finish (self->worker, result, error);

  if (value == NULL || g_variant_is_of_type (value, G_VARIANT_TYPE (type)))
    return value;

  g_set_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION,
               "The worker answered a channel operation with a value of type “%s”",
               g_variant_get_type_string (value));
  g_variant_unref (value);

  return NULL;
}

/* Whether the error is no more than that the worker has the simple functions only. */
static gboolean
is_about_many (gboolean      is_plain,
               const GError *error)
{
  return !is_plain && g_error_matches (error, MALT_ERROR, MALT_ERROR_UNKNOWN_FUNCTION);
}

static void
refuse_count (GError **error)
{
  g_set_error_literal (error, MALT_ERROR, MALT_ERROR_SERIALIZATION,
                       "The worker answered a channel operation with another number of values "
                       "than was asked for");
}

/* What has been read ahead is the oldest in the worker again, in its order. */
static void
give_back (MaltRemoteChannel *self)
{
  g_autoptr (GVariant) values = malt_channel_end_drain (self->inbox);
  g_autoptr (GVariant) nothing = g_variant_ref_sink (g_variant_new ("av", NULL));

  self->is_recalled = FALSE;
  if (values == NULL && !self->is_lent)
    return;

  self->is_lent = FALSE;
  malt_remote_channel_send (self, "malt.channel.give_back",
                            g_variant_new ("(o@av)", self->path, values != NULL ? values : nothing),
                            "()", NULL, NULL, NULL);
}

static void
on_recalled (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  GWeakRef *weak = user_data;
  g_autoptr (MaltRemoteChannel) self = g_weak_ref_get (weak);
  g_autoptr (GVariant) value =
    malt_abstract_worker_send_finish (MALT_ABSTRACT_WORKER (source), result, NULL);

  g_weak_ref_clear (weak);
  g_free (weak);
  if (self == NULL)
    return;

  self->is_recalling = FALSE;
  if (value == NULL)
    return;

  self->n_ahead = 0;
  self->n_streak = 0;
  self->n_streak_needed = MIN (self->n_streak_needed * 2, STREAK_MAX);
  if (self->is_taking)
    self->is_recalled = TRUE;
  else
    give_back (self);
}

static void
expect_recall (MaltRemoteChannel *self)
{
  GWeakRef *weak;

  if (self->is_recalling)
    return;

  self->is_recalling = TRUE;
  weak = g_new (GWeakRef, 1);
  g_weak_ref_init (weak, self);
  malt_remote_channel_send (self, "malt.channel.recall", g_variant_new ("(o)", self->path), "()",
                            self->cancellable, on_recalled, weak);
}

/* Doubles what is read ahead as long as it is there, and halves it when it had to be waited for. */
static void
adapt_ahead (MaltRemoteChannel *self,
             gboolean           has_waited)
{
  if (has_waited)
    {
      self->n_ahead /= 2;
      if (self->n_ahead == 0)
        self->n_streak = 0;
    }
  else if (self->n_streak < self->n_streak_needed)
    self->n_streak++;
  else
    self->n_ahead = CLAMP (self->n_ahead * 2, 2, LOT_MAX_ITEMS);
}

/* The values of an answer, as av; NULL with an error if there are not as many as there may be. */
static GVariant *
check_lot (MaltRemoteChannel  *self,
           GVariant           *answer,
           GError            **error)
{
  g_autoptr (GVariant) values = NULL;
  gboolean has_waited;
  gsize n_values;

  if (self->is_take_plain)
    return g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE_VARIANT,
                                                    (GVariant *[]) {
                                                      g_variant_new_variant (answer)
                                                    }, 1));

  g_variant_get (answer, "(@avb)", &values, &has_waited);
  n_values = g_variant_n_children (values);
  if (n_values > self->n_asked || (n_values == 0 && self->n_withdrawing == 0))
    {
      refuse_count (error);
      return NULL;
    }

  self->is_lent = n_values > self->n_wanted;
  if (n_values > 0)
    adapt_ahead (self, has_waited);

  return g_steal_pointer (&values);
}

static void
on_taken (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr (MaltRemoteChannel) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = finish (self, result, self->is_take_plain ? "*" : "(avb)", &error);
  g_autoptr (GVariant) values = answer != NULL ? check_lot (self, answer, &error) : NULL;

  self->is_taking = FALSE;
  if (values != NULL)
    malt_channel_end_feed (self->inbox, values);
  else if (is_about_many (self->is_take_plain, error))
    self->is_plain = TRUE;
  else
    malt_channel_end_fail_takers (self->inbox, error);

  if ((!self->is_lent && !self->is_plain) || self->is_recalled)
    give_back (self);
  malt_remote_channel_pump (self);
}

static void
send_take (MaltRemoteChannel *self,
           guint              n_takers)
{
  self->is_taking = TRUE;
  self->is_take_withdrawn = FALSE;
  self->is_lent = FALSE;
  self->is_take_plain = self->is_plain;
  self->n_wanted = MIN (n_takers, LOT_MAX_ITEMS);
  self->n_asked = self->n_wanted + self->n_ahead;
  if (self->is_plain)
    {
      malt_remote_channel_send (self, "malt.channel.take", g_variant_new ("(o)", self->path), NULL,
                                NULL, on_taken, g_object_ref (self));
      return;
    }

  if (self->n_ahead > 0)
    expect_recall (self);
  malt_remote_channel_send (self, "malt.channel.take_many",
                            g_variant_new ("(ouu)", self->path, self->n_wanted, self->n_ahead),
                            "(avb)", NULL, on_taken, g_object_ref (self));
}

static guint
check_n_put (MaltRemoteChannel  *self,
             gboolean            is_plain,
             GVariant           *answer,
             GError            **error)
{
  guint n_put = is_plain ? 1 : g_variant_get_uint32 (answer);

  if (n_put == 0 && self->n_withdrawing == 0)
    refuse_count (error);
  /* After what there was room for, twice as much may have. */
  self->n_put_at_once = (guint) CLAMP ((guint64) n_put * 2, 1, LOT_MAX_ITEMS);

  return n_put;
}

static void
on_put (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  g_autoptr (MaltRemoteChannel) self = user_data;
  g_autoptr (GCancellable) cancellable = g_steal_pointer (&self->put_cancellable);
  gboolean is_plain = cancellable != NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = finish (self, result, is_plain ? "*" : "u", &error);
  guint n_put = answer != NULL ? check_n_put (self, is_plain, answer, &error) : 0;

  self->is_putting = FALSE;
  if (is_about_many (is_plain, error))
    {
      self->is_plain = TRUE;
      g_clear_error (&error);
    }

  malt_channel_end_settle_putters (self->outbox, n_put, error);
  malt_remote_channel_pump (self);
}

static void
send_put (MaltRemoteChannel *self)
{
  guint max_items = self->is_plain ? 1 : self->n_put_at_once;
  g_autoptr (GVariant) values = malt_channel_end_claim_putters (self->outbox, max_items,
                                                                LOT_MAX_BYTES);

  if (values == NULL)
    return;

  self->is_putting = TRUE;
  self->is_put_withdrawn = FALSE;
  if (self->is_plain)
    {
      g_autoptr (GVariant) item = g_variant_get_child_value (values, 0);

      self->put_cancellable = g_cancellable_new ();
      malt_remote_channel_send (self, "malt.channel.put",
                                g_variant_new ("(o@v)", self->path, item), NULL,
                                self->put_cancellable, on_put, g_object_ref (self));
      return;
    }

  malt_remote_channel_send (self, "malt.channel.put_many",
                            g_variant_new ("(o@av)", self->path, values), "u", NULL, on_put,
                            g_object_ref (self));
}

static void
on_withdrawn (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr (MaltRemoteChannel) self = user_data;
  g_autoptr (GVariant) answer = malt_abstract_worker_send_finish (self->worker, result, NULL);

  self->n_withdrawing--;
}

static void
send_withdraw (MaltRemoteChannel *self)
{
  if (self->is_plain)
    {
      g_cancellable_cancel (self->put_cancellable);
      return;
    }

  self->n_withdrawing++;
  malt_remote_channel_send (self, "malt.channel.withdraw", g_variant_new ("(o)", self->path), "()",
                            NULL, on_withdrawn, g_object_ref (self));
}

void
malt_remote_channel_pump (MaltRemoteChannel *self)
{
  guint n_takers = malt_channel_end_get_n_takers (self->inbox);
  gboolean is_unwanted = FALSE;

  if (!self->is_taking && n_takers > 0)
    send_take (self, n_takers);
  else if (self->is_taking && n_takers == 0 && !self->is_take_withdrawn && !self->is_plain)
    is_unwanted = self->is_take_withdrawn = TRUE;

  if (!self->is_putting)
    send_put (self);
  else if (!self->is_put_withdrawn && malt_channel_end_has_cancelled (self->outbox))
    is_unwanted = self->is_put_withdrawn = TRUE;

  if (is_unwanted)
    send_withdraw (self);
}

void
malt_remote_channel_init_requests (MaltRemoteChannel *self)
{
  self->n_streak_needed = STREAK_MIN;
  self->n_put_at_once = LOT_MAX_ITEMS;
}

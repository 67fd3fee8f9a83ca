/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-pool-core-private.h"

#include "malt/malt-call.h"
#include "malt/malt-error-backend.h"
#include "malt/malt-return-task.h"

/* One expression that every member evaluates: asked for while it has a task, and part of the
 * start of later members for good once that has succeeded. One that fails before is forgotten. */
struct _MaltPoolSetup
{
  /* Immutable. */
  MaltPoolCore *core;           /* owned until it is settled; pool thread */
  char         *module;         /* nullable */
  char         *expression;
  GVariant     *args;           /* nullable */
  GCancellable *cancellable;    /* owned; of its evaluations */
  gulong        cancel_handler;

  /* Pool thread only. */
  GTask        *task;           /* owned; NULL once it is settled */
  gboolean      is_kept;        /* it has succeeded */
  guint         n_done;
  GError       *error;          /* owned; what it fails with */
};

typedef struct
{
  MaltPoolCore   *core;   /* owned */
  MaltPoolMember *member; /* owned */
  MaltPoolSetup  *setup;  /* owned */
} Evaluation;

static void
setup_clear (MaltPoolSetup *self)
{
  g_clear_object (&self->task);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->args, g_variant_unref);
  g_clear_pointer (&self->core, malt_pool_core_unref);
  g_clear_error (&self->error);
  g_free (self->module);
  g_free (self->expression);
}

static MaltPoolSetup *
setup_ref (MaltPoolSetup *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
malt_pool_setup_unref (MaltPoolSetup *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) setup_clear);
}

static void
evaluation_free (Evaluation *self)
{
  malt_pool_setup_unref (self->setup);
  malt_pool_member_unref (self->member);
  malt_pool_core_unref (self->core);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Evaluation, evaluation_free)

/* The error is copied; NULL: it has succeeded. */
static void
settle (MaltPoolSetup *self,
        const GError  *error)
{
  GTask *task = g_steal_pointer (&self->task);

  self->is_kept = error == NULL;
  g_cancellable_disconnect (g_task_get_cancellable (task), self->cancel_handler);
  g_clear_pointer (&self->core, malt_pool_core_unref);
  malt_return_task (task, error == NULL ? 1 : -1, error != NULL ? g_error_copy (error) : NULL);
}

/* Forgets it; what evaluates it is cancelled. */
static void
fail (MaltPoolCore  *core,
      MaltPoolSetup *setup,
      const GError  *error)
{
  g_autoptr (MaltPoolSetup) self = setup_ref (setup);
  guint index;

  g_mutex_lock (&core->lock);
  if (g_ptr_array_find (core->setups, self, &index))
    {
      g_ptr_array_remove_index (core->setups, index);
      for (guint i = 0; i < core->members->len; i++)
        {
          MaltPoolMember *member = g_ptr_array_index (core->members, i);

          member->n_set_up -= member->n_set_up > index;
        }
    }
  malt_pool_core_wake_locked (core);
  g_mutex_unlock (&core->lock);

  settle (self, error);
  g_cancellable_cancel (self->cancellable);
}

gboolean
malt_pool_setup_is_on_trial (MaltPoolSetup *self)
{
  return !self->is_kept;
}

static gboolean
has_setup (MaltPoolCore  *core,
           MaltPoolSetup *setup)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&core->lock);

  return g_ptr_array_find (core->setups, setup, NULL);
}

static void
on_failed (Evaluation   *evaluation,
           const GError *error)
{
  MaltPoolSetup *setup = evaluation->setup;

  if (setup->task != NULL)
    {
      fail (evaluation->core, setup, error);
      malt_pool_setup_advance (evaluation->core, evaluation->member);
    }
  else
    {
      g_autoptr (GError) start_error = g_error_new (MALT_ERROR, MALT_ERROR_START_FAILED,
                                                    "Cannot set up a worker of the pool: %s",
                                                    error->message);

      malt_pool_member_stop (evaluation->core, evaluation->member, MALT_STOP_TIMEOUT_DEFAULT,
                             MALT_STOP_TIMEOUT_DEFAULT);
      malt_pool_core_start_failed (evaluation->core, start_error);
    }
}

static void
on_evaluated (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr (Evaluation) evaluation = user_data;
  MaltPoolMember *member = evaluation->member;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_send_finish (MALT_ABSTRACT_WORKER (source),
                                                                 result, &error);

  /* One that ended meanwhile is none of the expression's business, unless all of them end. */
  if (value == NULL && !malt_abstract_worker_is_running (member->worker))
    {
      g_clear_error (&evaluation->setup->error);
      evaluation->setup->error = g_steal_pointer (&error);
      malt_pool_member_ended (evaluation->core, member);
      member->setup = NULL;
      return;
    }

  member->setup = NULL;
  if (!has_setup (evaluation->core, evaluation->setup))
    {
      malt_pool_setup_advance (evaluation->core, member);
    }
  else if (value != NULL)
    {
      evaluation->setup->n_done++;
      member->n_set_up++;
      malt_pool_setup_advance (evaluation->core, member);
      malt_pool_setup_settle (evaluation->core);
    }
  else
    {
      on_failed (evaluation, error);
    }
}

static void
evaluate (MaltPoolCore   *core,
          MaltPoolMember *member,
          MaltPoolSetup  *setup)
{
  Evaluation *evaluation = g_new (Evaluation, 1);
  g_autoptr (MaltCall) call = malt_call_new_eval (setup->module, setup->expression, setup->args);

  evaluation->core = malt_pool_core_ref (core);
  evaluation->member = malt_pool_member_ref (member);
  evaluation->setup = setup_ref (setup);
  member->setup = setup;
  malt_call_set_discard_result (call, TRUE);
  malt_abstract_worker_send_async (member->worker, call, setup->cancellable, on_evaluated,
                                   evaluation);
}

static void
become_ready_locked (MaltPoolMember *member)
{
  member->state = MALT_POOL_MEMBER_READY;
  if (member->ready_us == 0)
    member->ready_us = g_get_monotonic_time ();
}

/* The next one; ready if there is none. */
void
malt_pool_setup_advance (MaltPoolCore   *core,
                         MaltPoolMember *member)
{
  g_autoptr (MaltPoolSetup) setup = NULL;

  g_mutex_lock (&core->lock);
  if (member->state == MALT_POOL_MEMBER_SETTING_UP && member->setup == NULL)
    {
      if (member->n_set_up < core->setups->len)
        setup = setup_ref (g_ptr_array_index (core->setups, member->n_set_up));
      else
        become_ready_locked (member);
      malt_pool_core_notify_later_locked (core);
      malt_pool_core_dispatch_locked (core);
      malt_pool_core_wake_locked (core);
    }
  g_mutex_unlock (&core->lock);

  if (setup != NULL)
    evaluate (core, member, setup);
}

/* Whether a member is still to evaluate what stands at `index`. */
static gboolean
is_awaited_locked (MaltPoolCore *core,
                   guint         index)
{
  for (guint i = 0; i < core->members->len; i++)
    {
      MaltPoolMember *member = g_ptr_array_index (core->members, i);

      if (malt_pool_member_is_active_locked (member) && member->n_set_up <= index)
        return TRUE;
    }

  return FALSE;
}

/* The first that has been asked for and has come to something. */
static MaltPoolSetup *
find_outcome (MaltPoolCore  *core,
              GError       **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&core->lock);

  for (guint i = 0; i < core->setups->len; i++)
    {
      MaltPoolSetup *self = g_ptr_array_index (core->setups, i);

      if (self->task == NULL)
        continue;
      if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
        return setup_ref (self);
      if (core->report != NULL)
        {
          g_propagate_error (error, malt_error_new_terminated (core->description, core->report));
          return setup_ref (self);
        }
      if (core->phase == MALT_POOL_PHASE_ENDING || is_awaited_locked (core, i))
        continue;
      if (self->n_done > 0)
        return setup_ref (self);
      if (self->error != NULL || malt_pool_core_is_broken_locked (core))
        {
          g_propagate_error (error, g_error_copy (self->error != NULL ? self->error
                                                                      : core->start_error));
          return setup_ref (self);
        }
    }

  return NULL;
}

void
malt_pool_setup_settle (MaltPoolCore *core)
{
  for (;;)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (MaltPoolSetup) self = find_outcome (core, &error);

      if (self == NULL)
        return;
      if (error != NULL)
        fail (core, self, error);
      else
        settle (self, NULL);
    }
}

/* Any thread. */
static void
on_cancelled (GCancellable *cancellable,
              gpointer      user_data)
{
  MaltPoolSetup *self = user_data;

  g_cancellable_cancel (self->cancellable);
  g_mutex_lock (&self->core->lock);
  malt_pool_core_wake_locked (self->core);
  g_mutex_unlock (&self->core->lock);
}

static gboolean
add_setup (MaltPoolCore   *core,
           MaltPoolSetup  *self,
           GError        **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&core->lock);

  if (!malt_pool_core_check_phase_locked (core, MALT_POOL_PHASE_STARTING, error))
    return FALSE;

  g_ptr_array_add (core->setups, setup_ref (self));
  for (guint i = 0; i < core->listed->len; i++)
    {
      MaltPoolMember *member = g_ptr_array_index (core->listed, i);

      if (member->state == MALT_POOL_MEMBER_READY)
        member->state = MALT_POOL_MEMBER_SETTING_UP;
    }
  malt_pool_core_wake_locked (core);

  return TRUE;
}

void
malt_pool_setup_begin (MaltPoolCore *core,
                       const char   *module,
                       const char   *expression,
                       GVariant     *args,
                       GTask        *task)
{
  g_autoptr (MaltPoolSetup) self = g_atomic_rc_box_new0 (MaltPoolSetup);
  g_autoptr (GError) error = NULL;
  GCancellable *cancellable = g_task_get_cancellable (task);

  self->core = malt_pool_core_ref (core);
  self->module = g_strdup (module);
  self->expression = g_strdup (expression);
  self->args = args != NULL ? g_variant_ref_sink (args) : NULL;
  self->cancellable = g_cancellable_new ();
  self->task = task;
  if (cancellable != NULL)
    self->cancel_handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled),
                                                  setup_ref (self),
                                                  (GDestroyNotify) malt_pool_setup_unref);
  if (!add_setup (core, self, &error))
    settle (self, error);
}

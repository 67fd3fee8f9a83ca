/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-pool-private.h"

#include "malt/malt-forward-private.h"

/**
 * MaltPoolWorkerState:
 * @MALT_POOL_WORKER_STATE_PREPARING: evaluates what was asked for everywhere
 * @MALT_POOL_WORKER_STATE_IDLE: waits for a call
 * @MALT_POOL_WORKER_STATE_BUSY: has calls
 * @MALT_POOL_WORKER_STATE_RETIRING: is stopped as soon as its calls are over
 * @MALT_POOL_WORKER_STATE_ENDED: is gone
 *
 * What a worker of a pool does.
 *
 * Since: 0.1
 */
G_DEFINE_ENUM_TYPE (MaltPoolWorkerState, malt_pool_worker_state,
                    G_DEFINE_ENUM_VALUE (MALT_POOL_WORKER_STATE_PREPARING, "preparing"),
                    G_DEFINE_ENUM_VALUE (MALT_POOL_WORKER_STATE_IDLE, "idle"),
                    G_DEFINE_ENUM_VALUE (MALT_POOL_WORKER_STATE_BUSY, "busy"),
                    G_DEFINE_ENUM_VALUE (MALT_POOL_WORKER_STATE_RETIRING, "retiring"),
                    G_DEFINE_ENUM_VALUE (MALT_POOL_WORKER_STATE_ENDED, "ended"))

/* What was told the last time, to notify of what differs. */
typedef struct
{
  MaltPoolWorkerState state;
  guint               n_pending;
  guint64             n_calls;
  guint64             memory;
} Shown;

/**
 * MaltPoolWorker:
 *
 * One worker of a pool, from its start to its end: an item of the list that a [class@Malt.Pool] is.
 *
 * Its properties notify, in the main context that the pool was created in, so that a list view
 * shows what the pool does:
 *
 * ```c
 * g_object_bind_property (item, "n-calls", label, "label", G_BINDING_SYNC_CREATE);
 * ```
 *
 * “output” and “exited” are emitted there, too, for who wants to know which worker it was that
 * printed something or is gone. When the pool is gone, its items tell nothing any more.
 *
 * It is the worker itself, too, for who wants this one and no other. The pool does not count calls
 * that go past it, and replaces a worker that is stopped past it.
 *
 * Since: 0.1
 */
struct _MaltPoolWorker
{
  GObject             parent_instance;

  /* Immutable. */
  MaltPoolCore       *core;   /* owned */
  MaltPoolMember     *member; /* owned */
  MaltAbstractWorker *worker; /* of the member */

  Shown               shown;  /* context of the pool only */
};

enum
{
  PROP_DESCRIPTION = 1,
  PROP_STATE,
  PROP_N_PENDING,
  PROP_N_CALLS,
  PROP_MEMORY,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void malt_pool_worker_interface_init (MaltAbstractWorkerInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (MaltPoolWorker, malt_pool_worker, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MALT_TYPE_ABSTRACT_WORKER,
                                                      malt_pool_worker_interface_init))

static MaltAbstractWorker *
malt_pool_worker_get_inner (MaltAbstractWorker *worker)
{
  return MALT_POOL_WORKER (worker)->worker;
}

static void
malt_pool_worker_interface_init (MaltAbstractWorkerInterface *iface)
{
  malt_forward_init_interface (iface, malt_pool_worker_get_inner);
}

static MaltPoolWorkerState
get_state_locked (MaltPoolMember *member)
{
  switch (member->state)
    {
    case MALT_POOL_MEMBER_READY:
      return member->calls.length > 0 ? MALT_POOL_WORKER_STATE_BUSY : MALT_POOL_WORKER_STATE_IDLE;
    case MALT_POOL_MEMBER_RETIRING:
    case MALT_POOL_MEMBER_STOPPING:
      return MALT_POOL_WORKER_STATE_RETIRING;
    case MALT_POOL_MEMBER_ENDED:
      return MALT_POOL_WORKER_STATE_ENDED;
    case MALT_POOL_MEMBER_STARTING:
    case MALT_POOL_MEMBER_SETTING_UP:
    default:
      return MALT_POOL_WORKER_STATE_PREPARING;
    }
}

static Shown
look (MaltPoolWorker *self)
{
  Shown shown = { 0 };

  g_mutex_lock (&self->core->lock);
  shown.state = get_state_locked (self->member);
  shown.n_pending = self->member->calls.length;
  shown.n_calls = self->member->n_calls;
  g_mutex_unlock (&self->core->lock);
  shown.memory = malt_pool_member_get_memory (self->worker);

  return shown;
}

static void
malt_pool_worker_get_property (GObject    *object,
                               guint       prop_id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  MaltPoolWorker *self = MALT_POOL_WORKER (object);

  switch (prop_id)
    {
    case PROP_DESCRIPTION:
      g_value_take_string (value, malt_abstract_worker_describe (self->worker));
      break;
    case PROP_STATE:
      g_value_set_enum (value, look (self).state);
      break;
    case PROP_N_PENDING:
      g_value_set_uint (value, look (self).n_pending);
      break;
    case PROP_N_CALLS:
      g_value_set_uint64 (value, look (self).n_calls);
      break;
    case PROP_MEMORY:
      g_value_set_uint64 (value, malt_pool_member_get_memory (self->worker));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
malt_pool_worker_finalize (GObject *object)
{
  MaltPoolWorker *self = MALT_POOL_WORKER (object);

  g_clear_pointer (&self->member, malt_pool_member_unref);
  g_clear_pointer (&self->core, malt_pool_core_unref);

  G_OBJECT_CLASS (malt_pool_worker_parent_class)->finalize (object);
}

static void
malt_pool_worker_class_init (MaltPoolWorkerClass *klass)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = malt_pool_worker_finalize;
  object_class->get_property = malt_pool_worker_get_property;

  /**
   * MaltPoolWorker:description:
   *
   * Who the worker is, as [method@Malt.AbstractWorker.describe] says it.
   *
   * Since: 0.1
   */
  properties[PROP_DESCRIPTION] =
    g_param_spec_string ("description", "Description", "Who the worker is", NULL, flags);

  /**
   * MaltPoolWorker:state:
   *
   * What the worker does.
   *
   * Since: 0.1
   */
  properties[PROP_STATE] =
    g_param_spec_enum ("state", "State", "What the worker does", MALT_TYPE_POOL_WORKER_STATE,
                       MALT_POOL_WORKER_STATE_PREPARING, flags);

  /**
   * MaltPoolWorker:n-pending:
   *
   * How many calls of the pool the worker has.
   *
   * Since: 0.1
   */
  properties[PROP_N_PENDING] =
    g_param_spec_uint ("n-pending", "Pending calls", "Calls of the pool that it has", 0, G_MAXUINT,
                       0, flags);

  /**
   * MaltPoolWorker:n-calls:
   *
   * How many calls of the pool are over that the worker was given.
   *
   * Since: 0.1
   */
  properties[PROP_N_CALLS] =
    g_param_spec_uint64 ("n-calls", "Calls", "Calls of the pool that are over", 0, G_MAXUINT64, 0,
                         flags);

  /**
   * MaltPoolWorker:memory:
   *
   * The bytes of memory that the worker and what it has started share with no other process, of one
   * that is a process of this machine and has the property “pid”; 0 of others.
   *
   * Since: 0.1
   */
  properties[PROP_MEMORY] =
    g_param_spec_uint64 ("memory", "Memory", "Bytes of memory of its own", 0, G_MAXUINT64, 0,
                         flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
malt_pool_worker_init (MaltPoolWorker *self)
{
}

/* Runs in the context of the pool. */
MaltPoolWorker *
malt_pool_worker_new (MaltPoolCore   *core,
                      MaltPoolMember *member)
{
  MaltPoolWorker *self = g_object_new (MALT_TYPE_POOL_WORKER, NULL);

  self->core = malt_pool_core_ref (core);
  self->member = malt_pool_member_ref (member);
  self->worker = member->worker;
  self->shown = look (self);
  g_weak_ref_set (&member->item, self);

  return self;
}

MaltPoolMember *
malt_pool_worker_get_member (MaltPoolWorker *self)
{
  return self->member;
}

static void
notify_if (MaltPoolWorker *self,
           gboolean        differs,
           guint           prop_id)
{
  if (differs)
    g_object_notify_by_pspec (G_OBJECT (self), properties[prop_id]);
}

void
malt_pool_worker_refresh (MaltPoolWorker *self)
{
  const Shown before = self->shown;
  const Shown after = look (self);

  self->shown = after;
  g_object_freeze_notify (G_OBJECT (self));
  notify_if (self, before.state != after.state, PROP_STATE);
  notify_if (self, before.n_pending != after.n_pending, PROP_N_PENDING);
  notify_if (self, before.n_calls != after.n_calls, PROP_N_CALLS);
  notify_if (self, before.memory != after.memory, PROP_MEMORY);
  g_object_thaw_notify (G_OBJECT (self));
}

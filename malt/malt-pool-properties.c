/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-pool-private.h"

/* Calls that a worker has at the same time. One: whatever it does to its worker, a call does to no
 * other, and none waits behind one while another worker is idle. */
#define MAX_IN_FLIGHT_DEFAULT 1
#define MAX_IN_FLIGHT_MAX 65536

/* Calls that wait: more than a program has a use for, and some hundred bytes each beside their
 * arguments. */
#define MAX_QUEUE_DEFAULT 100000

/* The statistics come after these. */
#define N_PROPS MALT_POOL_PROP_N_CALLS

static GParamSpec *properties[N_PROPS];

static void
malt_pool_get_property (GObject    *object,
                        guint       prop_id,
                        GValue     *value,
                        GParamSpec *pspec)
{
  MaltPoolCore *core = MALT_POOL (object)->core;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&core->lock);

  switch (prop_id)
    {
    case MALT_POOL_PROP_CONFIG:
      g_value_set_object (value, core->config);
      break;
    case MALT_POOL_PROP_PROFILE:
      g_value_set_string (value, core->profile);
      break;
    case MALT_POOL_PROP_OPTIONS:
      g_value_set_variant (value, core->options);
      break;
    case MALT_POOL_PROP_SIZE:
      g_value_set_uint (value, core->size);
      break;
    case MALT_POOL_PROP_MAX_IN_FLIGHT:
      g_value_set_uint (value, core->max_in_flight);
      break;
    case MALT_POOL_PROP_MAX_CALLS_PER_WORKER:
      g_value_set_uint (value, core->max_calls);
      break;
    case MALT_POOL_PROP_MAX_QUEUE:
      g_value_set_uint (value, core->max_queue);
      break;
    case MALT_POOL_PROP_MAX_AGE:
      g_value_set_uint (value, core->max_age_sec);
      break;
    case MALT_POOL_PROP_MAX_MEMORY:
      g_value_set_uint64 (value, core->max_memory);
      break;
    case MALT_POOL_PROP_N_PENDING:
      g_value_set_uint (value, core->n_pending);
      break;
    case MALT_POOL_PROP_N_QUEUED:
      g_value_set_uint (value, core->queue.length);
      break;
    default:
      if (prop_id >= MALT_POOL_PROP_N_CALLS && prop_id <= MALT_POOL_PROP_RUN_TIME_MAX)
        malt_pool_statistics_get_locked (core, prop_id, value);
      else
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
set_limit (MaltPoolCore *core,
           guint         prop_id,
           const GValue *value)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&core->lock);

  switch (prop_id)
    {
    case MALT_POOL_PROP_SIZE:
      core->size = g_value_get_uint (value);
      if (core->size == 0)
        core->size = MIN (g_get_num_processors (), MALT_POOL_MAX_SIZE);
      break;
    case MALT_POOL_PROP_MAX_IN_FLIGHT:
      core->max_in_flight = g_value_get_uint (value);
      malt_pool_core_dispatch_locked (core);
      break;
    case MALT_POOL_PROP_MAX_CALLS_PER_WORKER:
      core->max_calls = g_value_get_uint (value);
      break;
    case MALT_POOL_PROP_MAX_QUEUE:
      core->max_queue = g_value_get_uint (value);
      break;
    case MALT_POOL_PROP_MAX_AGE:
      core->max_age_sec = g_value_get_uint (value);
      break;
    case MALT_POOL_PROP_MAX_MEMORY:
      core->max_memory = g_value_get_uint64 (value);
      break;
    default:
      g_assert_not_reached ();
    }
  malt_pool_core_wake_locked (core);
}

static void
malt_pool_set_property (GObject      *object,
                        guint         prop_id,
                        const GValue *value,
                        GParamSpec   *pspec)
{
  static int last_number;
  MaltPoolCore *core = MALT_POOL (object)->core;

  switch (prop_id)
    {
    case MALT_POOL_PROP_CONFIG:
      core->config = g_value_dup_object (value);
      break;
    case MALT_POOL_PROP_PROFILE:
      core->profile = g_value_dup_string (value);
      core->description = g_strdup_printf ("MaltPool %d of workers “%s”",
                                           g_atomic_int_add (&last_number, 1) + 1,
                                           core->profile != NULL ? core->profile : "");
      break;
    case MALT_POOL_PROP_OPTIONS:
      core->options = g_value_dup_variant (value);
      break;
    case MALT_POOL_PROP_SIZE:
    case MALT_POOL_PROP_MAX_IN_FLIGHT:
    case MALT_POOL_PROP_MAX_CALLS_PER_WORKER:
    case MALT_POOL_PROP_MAX_QUEUE:
    case MALT_POOL_PROP_MAX_AGE:
    case MALT_POOL_PROP_MAX_MEMORY:
      set_limit (core, prop_id, value);
      g_object_notify_by_pspec (object, pspec);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
install_making (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  /**
   * MaltPool:config:
   *
   * The configuration that the profile is one of; %NULL for the default one. What it says when a
   * worker is started counts, for those that replace others, too.
   *
   * Since: 0.1
   */
  properties[MALT_POOL_PROP_CONFIG] =
    g_param_spec_object ("config", "Configuration", "Where the profile of the workers is",
                         MALT_TYPE_CONFIG, flags);

  /**
   * MaltPool:profile:
   *
   * The profile or backend of the workers; %NULL for the default, as in
   * [func@Malt.create_worker_async].
   *
   * Since: 0.1
   */
  properties[MALT_POOL_PROP_PROFILE] =
    g_param_spec_string ("profile", "Profile", "Profile or backend of the workers", NULL, flags);

  /**
   * MaltPool:options:
   *
   * What each worker is made with beside its profile, `a{sv}`; %NULL for nothing, as in
   * [func@Malt.create_worker_async].
   *
   * Since: 0.1
   */
  properties[MALT_POOL_PROP_OPTIONS] =
    g_param_spec_variant ("options", "Options", "Options of the workers", G_VARIANT_TYPE_VARDICT,
                          NULL, flags);
}

static void
install_limits (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_EXPLICIT_NOTIFY
                            | G_PARAM_STATIC_STRINGS;

  /**
   * MaltPool:size:
   *
   * How many workers there are to be. 0 sets it to the number of processors. A pool that becomes
   * smaller lets calls end that its workers have.
   *
   * Since: 0.1
   */
  properties[MALT_POOL_PROP_SIZE] =
    g_param_spec_uint ("size", "Size", "Workers, 0 for one a processor", 0, MALT_POOL_MAX_SIZE, 0,
                       flags);

  /**
   * MaltPool:max-in-flight:
   *
   * How many calls a worker has at the same time. More than one is quicker for very short calls,
   * and for calls that wait more than they work; but one that ends its worker takes the others
   * along.
   *
   * Since: 0.1
   */
  properties[MALT_POOL_PROP_MAX_IN_FLIGHT] =
    g_param_spec_uint ("max-in-flight", "Calls in flight", "Calls that a worker has at a time", 1,
                       MAX_IN_FLIGHT_MAX, MAX_IN_FLIGHT_DEFAULT, flags);

  /**
   * MaltPool:max-calls-per-worker:
   *
   * How many calls a worker gets before another takes its place; 0 for any number.
   *
   * Since: 0.1
   */
  properties[MALT_POOL_PROP_MAX_CALLS_PER_WORKER] =
    g_param_spec_uint ("max-calls-per-worker", "Calls per worker",
                       "Calls before a worker is replaced, 0 for any number", 0, G_MAXUINT, 0,
                       flags);

  /**
   * MaltPool:max-queue:
   *
   * How many calls wait for a worker before further ones fail with %MALT_ERROR_LIMIT; 0 for
   * any number. Those of [method@Malt.Pool.map_async] do not count.
   *
   * Since: 0.1
   */
  properties[MALT_POOL_PROP_MAX_QUEUE] =
    g_param_spec_uint ("max-queue", "Queue", "Calls that may wait, 0 for any number", 0, G_MAXUINT,
                       MAX_QUEUE_DEFAULT, flags);

  /**
   * MaltPool:max-age:
   *
   * Seconds after which another takes the place of a worker; 0 for never.
   *
   * Since: 0.1
   */
  properties[MALT_POOL_PROP_MAX_AGE] =
    g_param_spec_uint ("max-age", "Age", "Seconds before a worker is replaced, 0 for never", 0,
                       G_MAXUINT, 0, flags);

  /**
   * MaltPool:max-memory:
   *
   * Bytes of memory that a worker may have to itself after a call; one that has more is replaced. 0
   * for any number. Of workers that are processes of this machine.
   *
   * Since: 0.1
   */
  properties[MALT_POOL_PROP_MAX_MEMORY] =
    g_param_spec_uint64 ("max-memory", "Memory", "Bytes before a worker is replaced, 0 for any", 0,
                         G_MAXUINT64, 0, flags);
}

static void
install_load (void)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * MaltPool:n-pending:
   *
   * How many calls the workers have. Does not notify.
   *
   * Since: 0.1
   */
  properties[MALT_POOL_PROP_N_PENDING] =
    g_param_spec_uint ("n-pending", "Pending calls", "Calls that workers have", 0, G_MAXUINT, 0,
                       flags);

  /**
   * MaltPool:n-queued:
   *
   * How many calls wait for a worker. Does not notify.
   *
   * Since: 0.1
   */
  properties[MALT_POOL_PROP_N_QUEUED] =
    g_param_spec_uint ("n-queued", "Queued calls", "Calls that wait", 0, G_MAXUINT, 0, flags);
}

void
malt_pool_properties_install (GObjectClass *object_class)
{
  object_class->get_property = malt_pool_get_property;
  object_class->set_property = malt_pool_set_property;

  install_making ();
  install_limits ();
  install_load ();
  g_object_class_install_properties (object_class, N_PROPS, properties);
  malt_pool_statistics_install (object_class);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-pool-private.h"

static void
add_time (MaltPoolTimes *times,
          gint64         time_us)
{
  times->n++;
  times->sum_us += (guint64) time_us;
  times->max_us = MAX (times->max_us, (guint64) time_us);
}

/* No call has run for longer than it was there, whatever its worker says. */
void
malt_pool_statistics_count_locked (MaltPoolCore *core,
                                   gint64        begin_us,
                                   gint64        run_time_us,
                                   gboolean      has_failed)
{
  MaltPoolStatistics *statistics = &core->statistics;
  gint64 total_us = g_get_monotonic_time () - begin_us;
  gint64 run_us = MIN (run_time_us, total_us);

  statistics->n_calls++;
  statistics->n_failed += has_failed;
  add_time (&statistics->queue_times, total_us - MAX (run_us, 0));
  if (run_us >= 0)
    add_time (&statistics->run_times, run_us);
}

void
malt_pool_statistics_get_locked (MaltPoolCore *core,
                                 guint         prop_id,
                                 GValue       *value)
{
  const MaltPoolStatistics *statistics = &core->statistics;

  switch (prop_id)
    {
    case MALT_POOL_PROP_N_CALLS:
      g_value_set_uint64 (value, statistics->n_calls);
      break;
    case MALT_POOL_PROP_N_FAILED:
      g_value_set_uint64 (value, statistics->n_failed);
      break;
    case MALT_POOL_PROP_N_RESTARTS:
      g_value_set_uint64 (value, statistics->n_restarts);
      break;
    case MALT_POOL_PROP_QUEUE_TIME_MEAN:
      g_value_set_uint64 (value, statistics->queue_times.sum_us
                                   / MAX (statistics->queue_times.n, 1));
      break;
    case MALT_POOL_PROP_QUEUE_TIME_MAX:
      g_value_set_uint64 (value, statistics->queue_times.max_us);
      break;
    case MALT_POOL_PROP_RUN_TIME_MEAN:
      g_value_set_uint64 (value, statistics->run_times.sum_us / MAX (statistics->run_times.n, 1));
      break;
    case MALT_POOL_PROP_RUN_TIME_MAX:
      g_value_set_uint64 (value, statistics->run_times.max_us);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
install_counts (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * MaltPool:n-calls:
   *
   * How many calls are over that a worker was given. Does not notify.
   *
   * Since: 0.1
   */
  g_object_class_install_property (
    object_class, MALT_POOL_PROP_N_CALLS,
    g_param_spec_uint64 ("n-calls", "Calls", "Calls that are over", 0, G_MAXUINT64, 0, flags));

  /**
   * MaltPool:n-failed:
   *
   * How many of them ended with an error. Does not notify.
   *
   * Since: 0.1
   */
  g_object_class_install_property (
    object_class, MALT_POOL_PROP_N_FAILED,
    g_param_spec_uint64 ("n-failed", "Failed calls", "Calls that ended with an error", 0,
                         G_MAXUINT64, 0, flags));

  /**
   * MaltPool:n-restarts:
   *
   * How often a worker ended, or did not come up, without having been asked to. Does not notify.
   *
   * Since: 0.1
   */
  g_object_class_install_property (
    object_class, MALT_POOL_PROP_N_RESTARTS,
    g_param_spec_uint64 ("n-restarts", "Restarts", "Workers that ended by themselves", 0,
                         G_MAXUINT64, 0, flags));
}

static void
install_times (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * MaltPool:queue-time-mean:
   *
   * How long calls were on their way and waited, without running: microseconds, the mean of all
   * that are over. Does not notify.
   *
   * Since: 0.1
   */
  g_object_class_install_property (
    object_class, MALT_POOL_PROP_QUEUE_TIME_MEAN,
    g_param_spec_uint64 ("queue-time-mean", "Mean queue time", "Microseconds that calls waited", 0,
                         G_MAXUINT64, 0, flags));

  /**
   * MaltPool:queue-time-max:
   *
   * The longest of these times, microseconds. Does not notify.
   *
   * Since: 0.1
   */
  g_object_class_install_property (
    object_class, MALT_POOL_PROP_QUEUE_TIME_MAX,
    g_param_spec_uint64 ("queue-time-max", "Longest queue time", "Microseconds that a call waited",
                         0, G_MAXUINT64, 0, flags));

  /**
   * MaltPool:run-time-mean:
   *
   * How long calls ran, as the workers measured it: microseconds, the mean of all that are over.
   * Does not notify.
   *
   * Since: 0.1
   */
  g_object_class_install_property (
    object_class, MALT_POOL_PROP_RUN_TIME_MEAN,
    g_param_spec_uint64 ("run-time-mean", "Mean run time", "Microseconds that calls ran", 0,
                         G_MAXUINT64, 0, flags));

  /**
   * MaltPool:run-time-max:
   *
   * The longest of these times, microseconds. Does not notify.
   *
   * Since: 0.1
   */
  g_object_class_install_property (
    object_class, MALT_POOL_PROP_RUN_TIME_MAX,
    g_param_spec_uint64 ("run-time-max", "Longest run time", "Microseconds that a call ran", 0,
                         G_MAXUINT64, 0, flags));
}

void
malt_pool_statistics_install (GObjectClass *object_class)
{
  install_counts (object_class);
  install_times (object_class);
}

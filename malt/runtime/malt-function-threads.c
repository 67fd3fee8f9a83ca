/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/runtime/malt-function-threads-private.h"

#include "malt/malt-error.h"
#include "malt/malt-nesting.h"

/* One call on its way through the pool.
 *
 * WAITING until a pool thread takes it (TAKEN) or its cancelling withdraws it (WITHDRAWN),
 * whichever is first; either then puts it into @done, from where the executing thread answers
 * it. The pool holds one reference, @done the other. */
typedef struct
{
  MaltFunctionThreads      *threads;    /* not owned; immutable */
  MaltInvocation           *invocation; /* owned; immutable */
  const MaltModuleFunction *function;   /* of a module that outlives the threads; immutable */
  int                       state;      /* JobState; atomic */
  GVariant                 *value;      /* owned (nullable); written before it is in @done */
  GError                   *error;      /* owned (nullable); written before it is in @done */
} Job;

typedef enum
{
  JOB_WAITING,
  JOB_TAKEN,
  JOB_WITHDRAWN
} JobState;

struct _MaltFunctionThreads
{
  GThreadPool *pool;   /* owned; NULL until it is needed; executing thread only */
  GSource     *source; /* owned, in the executing context; immutable after construction */
  guint        depth;  /* of the worker; immutable */

  GMutex       lock;
  GQueue       done;   /* owned Jobs; protected by @lock */
};

static void
job_clear (gpointer data)
{
  Job *self = data;

  g_clear_pointer (&self->value, g_variant_unref);
  g_clear_error (&self->error);
  g_clear_pointer (&self->invocation, malt_invocation_unref);
}

static void
job_unref (Job *self)
{
  g_atomic_rc_box_release_full (self, job_clear);
}

static gboolean
job_leave_waiting (Job      *self,
                   JobState  state)
{
  return g_atomic_int_compare_and_exchange (&self->state, JOB_WAITING, state);
}

/* Runs in any thread. */
static void
push_done (Job *job)
{
  MaltFunctionThreads *self = job->threads;

  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->done, g_atomic_rc_box_acquire (job));
  g_source_set_ready_time (self->source, 0);
  g_mutex_unlock (&self->lock);
}

/* The cancel hook while the job waits: a call that is to end does not wait for a thread first. */
static void
withdraw (MaltInvocation *invocation,
          gpointer        user_data)
{
  /* Once it is withdrawn, the pool may give its reference back at any moment. */
  Job *job = g_atomic_rc_box_acquire (user_data);

  if (job_leave_waiting (job, JOB_WITHDRAWN))
    push_done (job);

  job_unref (job);
}

/* Runs in a pool thread. */
static void
run_job (gpointer data,
         gpointer user_data)
{
  Job *job = data;

  if (job_leave_waiting (job, JOB_TAKEN))
    {
      malt_nesting_set_thread_depth (job->threads->depth);
      malt_invocation_set_cancel_func (job->invocation, NULL, NULL);
      malt_invocation_start (job->invocation);
      job->value = malt_module_function_call (job->function, job->invocation, &job->error);
      malt_invocation_stop_clock (job->invocation);
      push_done (job);
    }

  job_unref (job);
}

static void
answer (Job *job)
{
  if (g_atomic_int_get (&job->state) == JOB_WITHDRAWN && job->error == NULL)
    job->error = malt_invocation_new_cancel_error (job->invocation, NULL);

  malt_invocation_finish (job->invocation, job->value, job->error);
  job_unref (job);
}

/* An answer may end everything, so the queue is emptied before the first one is given. */
static void
answer_done (MaltFunctionThreads *self)
{
  GQueue done;
  Job *job;

  g_mutex_lock (&self->lock);
  done = self->done;
  g_queue_init (&self->done);
  g_source_set_ready_time (self->source, -1);
  g_mutex_unlock (&self->lock);

  while ((job = g_queue_pop_head (&done)) != NULL)
    answer (job);
}

static gboolean
on_done (gpointer user_data)
{
  answer_done (user_data);

  return G_SOURCE_CONTINUE;
}

static gboolean
done_source_dispatch (GSource     *source,
                      GSourceFunc  callback,
                      gpointer     user_data)
{
  return callback (user_data);
}

static GSourceFuncs done_source_funcs = {
  .dispatch = done_source_dispatch,
};

MaltFunctionThreads *
malt_function_threads_new (GMainContext *context)
{
  MaltFunctionThreads *self = g_new0 (MaltFunctionThreads, 1);

  g_mutex_init (&self->lock);
  g_queue_init (&self->done);
  self->depth = malt_nesting_get_depth ();
  self->source = g_source_new (&done_source_funcs, sizeof (GSource));
  g_source_set_callback (self->source, on_done, self, NULL);
  g_source_set_static_name (self->source, "malt function threads");
  g_source_attach (self->source, context);

  return self;
}

void
malt_function_threads_free (MaltFunctionThreads *self)
{
  /* Jobs that no thread has taken are withdrawn by now, and pass at once. A pool without a thread
   * has to drop them itself; one that has some loses what a thread takes at that moment. */
  if (self->pool != NULL)
    {
      gboolean has_threads = g_thread_pool_get_num_threads (self->pool) > 0;

      g_thread_pool_free (g_steal_pointer (&self->pool), !has_threads, TRUE);
    }

  answer_done (self);
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
malt_function_threads_push (MaltFunctionThreads      *self,
                            MaltInvocation           *invocation,
                            const MaltModuleFunction *function)
{
  g_autoptr (GError) error = NULL;
  Job *job = g_atomic_rc_box_new0 (Job);

  job->threads = self;
  job->invocation = malt_invocation_ref (invocation);
  job->function = function;

  if (self->pool == NULL)
    self->pool = g_thread_pool_new_full (run_job, NULL, (GDestroyNotify) job_unref,
                                         MALT_FUNCTION_THREADS_MAX, FALSE, NULL);

  g_atomic_rc_box_acquire (job);
  malt_invocation_set_cancel_func (invocation, withdraw, job);

  /* On failure the job stays in the pool's queue, but perhaps there is no thread to take it. */
  if (!g_thread_pool_push (self->pool, job, &error) && job_leave_waiting (job, JOB_WITHDRAWN))
    {
      job->error = g_error_new (MALT_ERROR, MALT_ERROR_LIMIT, "Cannot run “%s”: %s",
                                malt_invocation_get_function (invocation), error->message);
      push_done (job);
    }

  job_unref (job);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "workbench-worker.h"

#include "workbench-log.h"

/* A worker in the list, which stays there when the pool has let go of it: to say why it ended.
 * Emits “changed” when there is something else to show. */
struct _WorkbenchWorker
{
  GObject         parent_instance;

  MaltPoolWorker *inner;       /* owned */
  guint           number;      /* from 1 on, in the order of their starts */
  char           *description; /* what the log calls it */
  char           *file_name;   /* of the file that it began last; NULL: none */
};

enum
{
  SIGNAL_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (WorkbenchWorker, workbench_worker, G_TYPE_OBJECT)

static void
workbench_worker_finalize (GObject *object)
{
  WorkbenchWorker *self = WORKBENCH_WORKER (object);

  g_clear_object (&self->inner);
  g_free (self->description);
  g_free (self->file_name);

  G_OBJECT_CLASS (workbench_worker_parent_class)->finalize (object);
}

static void
workbench_worker_class_init (WorkbenchWorkerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = workbench_worker_finalize;

  signals[SIGNAL_CHANGED] = g_signal_new ("changed", WORKBENCH_TYPE_WORKER, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
workbench_worker_init (WorkbenchWorker *self)
{
}

static void
changed (WorkbenchWorker *self)
{
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

static void
on_output (WorkbenchWorker *self,
           guint            fd,
           GBytes          *line)
{
  gsize length;
  const char *text = g_bytes_get_data (line, &length);

  workbench_log_append (workbench_log_get_default (), self->description, text, (gssize) length);
}

WorkbenchWorker *
workbench_worker_new (MaltPoolWorker *inner,
                      guint           number)
{
  WorkbenchWorker *self = g_object_new (WORKBENCH_TYPE_WORKER, NULL);

  self->inner = g_object_ref (inner);
  self->number = number;
  self->description = malt_abstract_worker_describe (MALT_ABSTRACT_WORKER (inner));
  g_signal_connect_object (inner, "notify::state", G_CALLBACK (changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (inner, "notify::memory", G_CALLBACK (changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (inner, "output", G_CALLBACK (on_output), self, G_CONNECT_SWAPPED);

  return self;
}

MaltPoolWorker *
workbench_worker_get_inner (WorkbenchWorker *self)
{
  return self->inner;
}

const char *
workbench_worker_get_description (WorkbenchWorker *self)
{
  return self->description;
}

static MaltPoolWorkerState
get_state (WorkbenchWorker *self)
{
  MaltPoolWorkerState state;

  g_object_get (self->inner, "state", &state, NULL);

  return state;
}

gboolean
workbench_worker_has_ended (WorkbenchWorker *self)
{
  return get_state (self) == MALT_POOL_WORKER_STATE_ENDED;
}

gboolean
workbench_worker_is_busy (WorkbenchWorker *self)
{
  return get_state (self) == MALT_POOL_WORKER_STATE_BUSY;
}

void
workbench_worker_set_file_name (WorkbenchWorker *self,
                                const char      *file_name)
{
  g_free (self->file_name);
  self->file_name = g_strdup (file_name);
  changed (self);
}

char *
workbench_worker_dup_title (WorkbenchWorker *self)
{
  return g_strdup_printf ("Worker %u", self->number);
}

/* What the worker does, or why it ended. (transfer full) */
char *
workbench_worker_dup_status (WorkbenchWorker *self)
{
  MaltExitReport *report;

  switch (get_state (self))
    {
    case MALT_POOL_WORKER_STATE_PREPARING:
      return g_strdup ("Starting");
    case MALT_POOL_WORKER_STATE_BUSY:
      return g_strdup (self->file_name != NULL ? self->file_name : "Working");
    case MALT_POOL_WORKER_STATE_RETIRING:
      return g_strdup ("Ending");
    case MALT_POOL_WORKER_STATE_ENDED:
      report = malt_abstract_worker_get_exit_report (MALT_ABSTRACT_WORKER (self->inner));
      return report != NULL ? malt_exit_report_to_string (report) : g_strdup ("Ended");
    case MALT_POOL_WORKER_STATE_IDLE:
    default:
      return g_strdup ("Idle");
    }
}

/* How much memory the worker has for itself; NULL where there is none to tell. (transfer full) */
char *
workbench_worker_dup_memory (WorkbenchWorker *self)
{
  guint64 memory;

  g_object_get (self->inner, "memory", &memory, NULL);

  return memory != 0 ? g_format_size_full (memory, G_FORMAT_SIZE_IEC_UNITS) : NULL;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "workbench-batch.h"

/* Files that are read ahead of the workers: a worker that has finished one finds the next. More
 * would only be more in memory, up to the size of a file each. */
#define FILES_AHEAD 2u

/* The files in the order in which they came, and those of them that are on their way through the
 * thumbnailer. Emits “changed” when a number has changed. */
struct _WorkbenchBatch
{
  GObject               parent_instance;

  GListStore           *files;       /* owned; of WorkbenchFile */
  WorkbenchThumbnailer *thumbnailer; /* owned; NULL: files wait for one */
  GCancellable         *cancellable; /* owned; of those on their way */
  guint                 next;        /* position of the first that has not been started */
  guint                 n_running;   /* through this thumbnailer */
  guint                 n_done;      /* whatever came of them */
  guint                 n_failed;    /* of these */
};

/* One file on its way. */
typedef struct
{
  WorkbenchBatch *batch;       /* owned */
  WorkbenchFile  *file;        /* owned */
  GCancellable   *cancellable; /* owned */
} Run;

enum
{
  SIGNAL_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (WorkbenchBatch, workbench_batch, G_TYPE_OBJECT)

static void
run_free (Run *self)
{
  g_object_unref (self->batch);
  g_object_unref (self->file);
  g_object_unref (self->cancellable);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Run, run_free)

static void
workbench_batch_dispose (GObject *object)
{
  WorkbenchBatch *self = WORKBENCH_BATCH (object);

  g_clear_object (&self->thumbnailer);
  g_clear_object (&self->files);
  g_clear_object (&self->cancellable);

  G_OBJECT_CLASS (workbench_batch_parent_class)->dispose (object);
}

static void
workbench_batch_class_init (WorkbenchBatchClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = workbench_batch_dispose;

  signals[SIGNAL_CHANGED] = g_signal_new ("changed", WORKBENCH_TYPE_BATCH, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
workbench_batch_init (WorkbenchBatch *self)
{
  self->files = g_list_store_new (WORKBENCH_TYPE_FILE);
  self->cancellable = g_cancellable_new ();
}

WorkbenchBatch *
workbench_batch_new (void)
{
  return g_object_new (WORKBENCH_TYPE_BATCH, NULL);
}

GListModel *
workbench_batch_get_files (WorkbenchBatch *self)
{
  return G_LIST_MODEL (self->files);
}

guint
workbench_batch_get_n_done (WorkbenchBatch *self)
{
  return self->n_done;
}

guint
workbench_batch_get_n_failed (WorkbenchBatch *self)
{
  return self->n_failed;
}

gboolean
workbench_batch_is_running (WorkbenchBatch *self)
{
  return self->n_done < g_list_model_get_n_items (G_LIST_MODEL (self->files));
}

static void pump (WorkbenchBatch *self);

static void
on_made (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr (Run) run = user_data;
  WorkbenchBatch *self = run->batch;
  g_autoptr (GdkTexture) texture = NULL;
  g_autoptr (GError) error = NULL;

  texture = workbench_thumbnailer_make_finish (WORKBENCH_THUMBNAILER (source), result, &error);
  /* Those of before have been told already what became of them. */
  if (run->cancellable != self->cancellable)
    return;

  self->n_running--;
  self->n_done++;
  self->n_failed += texture == NULL;
  if (texture != NULL)
    workbench_file_set_texture (run->file, texture);
  else
    workbench_file_set_error (run->file, error);
  pump (self);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

static void
start (WorkbenchBatch *self,
       guint           position)
{
  Run *run = g_new (Run, 1);

  run->batch = g_object_ref (self);
  run->file = g_list_model_get_item (G_LIST_MODEL (self->files), position);
  run->cancellable = g_object_ref (self->cancellable);
  self->n_running++;
  workbench_file_set_state (run->file, WORKBENCH_FILE_STATE_RUNNING, NULL);
  workbench_thumbnailer_make_async (self->thumbnailer, workbench_file_get_file (run->file),
                                    position, self->cancellable, on_made, run);
}

static void
pump (WorkbenchBatch *self)
{
  guint n_files = g_list_model_get_n_items (G_LIST_MODEL (self->files));
  guint window = FILES_AHEAD;

  if (self->thumbnailer == NULL)
    return;

  window += g_list_model_get_n_items (
    G_LIST_MODEL (workbench_thumbnailer_get_pool (self->thumbnailer)));
  while (self->next < n_files && self->n_running < window)
    start (self, self->next++);
}

void
workbench_batch_add (WorkbenchBatch *self,
                     GFile          *file)
{
  g_autoptr (WorkbenchFile) item = workbench_file_new (file);

  g_list_store_append (self->files, item);
  pump (self);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

/* What is on its way is cancelled, and does not count any more. */
static void
leave (WorkbenchBatch *self)
{
  g_autoptr (GCancellable) cancellable = g_steal_pointer (&self->cancellable);

  self->cancellable = g_cancellable_new ();
  self->n_running = 0;
  g_cancellable_cancel (cancellable);
}

/* Another thumbnailer, or none yet: all files begin again. */
void
workbench_batch_set_thumbnailer (WorkbenchBatch       *self,
                                 WorkbenchThumbnailer *thumbnailer)
{
  guint n_files = g_list_model_get_n_items (G_LIST_MODEL (self->files));

  leave (self);
  g_set_object (&self->thumbnailer, thumbnailer);
  self->next = 0;
  self->n_done = 0;
  self->n_failed = 0;
  for (guint i = 0; i < n_files; i++)
    {
      g_autoptr (WorkbenchFile) file = g_list_model_get_item (G_LIST_MODEL (self->files), i);

      workbench_file_set_state (file, WORKBENCH_FILE_STATE_WAITING, NULL);
    }
  pump (self);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

/* Ends what is on its way and what waits; what is done stays. */
void
workbench_batch_cancel (WorkbenchBatch *self)
{
  guint n_files = g_list_model_get_n_items (G_LIST_MODEL (self->files));

  leave (self);
  for (guint i = 0; i < n_files; i++)
    {
      g_autoptr (WorkbenchFile) file = g_list_model_get_item (G_LIST_MODEL (self->files), i);

      if (workbench_file_get_state (file) >= WORKBENCH_FILE_STATE_DONE)
        continue;
      self->n_failed++;
      workbench_file_set_state (file, WORKBENCH_FILE_STATE_FAILED, "Cancelled");
    }
  self->next = n_files;
  self->n_done = n_files;
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

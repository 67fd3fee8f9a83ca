/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "workbench-thumbnailer.h"

#include "workbench-load.h"
#include "workbench-picture.h"

/* Workers: one for each processor, so that the machine is used; two at least, so that one goes on
 * while the other is replaced; and no more than people can watch. */
#define WORKERS_MIN 2
#define WORKERS_MAX 6

/* Makes pictures of files, with a pool of workers that have the module thumbnail.so. */
struct _WorkbenchThumbnailer
{
  GObject   parent_instance;

  MaltPool *pool; /* owned; with the last reference its workers end */
};

G_DEFINE_FINAL_TYPE (WorkbenchThumbnailer, workbench_thumbnailer, G_TYPE_OBJECT)

static void
workbench_thumbnailer_dispose (GObject *object)
{
  WorkbenchThumbnailer *self = WORKBENCH_THUMBNAILER (object);

  g_clear_object (&self->pool);

  G_OBJECT_CLASS (workbench_thumbnailer_parent_class)->dispose (object);
}

static void
workbench_thumbnailer_class_init (WorkbenchThumbnailerClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = workbench_thumbnailer_dispose;
}

static void
workbench_thumbnailer_init (WorkbenchThumbnailer *self)
{
}

static void
on_pool_started (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  WorkbenchThumbnailer *self;
  GError *error = NULL;
  MaltPool *pool = malt_pool_new_finish (result, &error);

  if (pool == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  self = g_object_new (WORKBENCH_TYPE_THUMBNAILER, NULL);
  self->pool = pool;
  g_task_return_pointer (task, self, g_object_unref);
}

/* Starts the workers of a profile of the default configuration. Without the sandbox that it asks
 * for that fails, with MALT_ERROR_SANDBOX_UNAVAILABLE. */
void
workbench_thumbnailer_new_async (const char          *profile,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, workbench_thumbnailer_new_async);
  malt_pool_new_async (profile, CLAMP (g_get_num_processors (), WORKERS_MIN, WORKERS_MAX),
                       cancellable, on_pool_started, task);
}

/* (transfer full) */
WorkbenchThumbnailer *
workbench_thumbnailer_new_finish (GAsyncResult  *result,
                                  GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* (transfer none) */
MaltPool *
workbench_thumbnailer_get_pool (WorkbenchThumbnailer *self)
{
  return self->pool;
}

static void
on_made (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GVariant) value = NULL;
  GdkTexture *texture = NULL;
  GError *error = NULL;

  value = malt_abstract_worker_remote_call_finish (MALT_ABSTRACT_WORKER (source), result, &error);
  if (value != NULL)
    texture = workbench_picture_from_value (value, &error);

  if (texture != NULL)
    g_task_return_pointer (task, texture, g_object_unref);
  else
    g_task_return_error (task, error);
}

static void
on_loaded (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  WorkbenchThumbnailer *self = g_task_get_source_object (task);
  guint id = GPOINTER_TO_UINT (g_task_get_task_data (task));
  g_autoptr (GBytes) bytes = NULL;
  GError *error = NULL;
  GVariant *args;

  bytes = workbench_load_finish (G_FILE (source), result, &error);
  if (bytes == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  args = g_variant_new ("(u@ayu)", id,
                        g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE),
                        WORKBENCH_PICTURE_EDGE_PX);
  malt_abstract_worker_remote_call_async (MALT_ABSTRACT_WORKER (self->pool), "thumbnail.make",
                                          args, NULL, g_task_get_cancellable (task), on_made,
                                          g_object_ref (task));
}

/* Makes a picture of a file: reads it here, has it decoded in a worker, and checks what comes back.
 * `id`: what the worker is to call the file. */
void
workbench_thumbnailer_make_async (WorkbenchThumbnailer *self,
                                  GFile                *file,
                                  guint                 id,
                                  GCancellable         *cancellable,
                                  GAsyncReadyCallback   callback,
                                  gpointer              user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, workbench_thumbnailer_make_async);
  g_task_set_task_data (task, GUINT_TO_POINTER (id), NULL);
  workbench_load_async (file, cancellable, on_loaded, task);
}

/* (transfer full) */
GdkTexture *
workbench_thumbnailer_make_finish (WorkbenchThumbnailer  *self,
                                   GAsyncResult          *result,
                                   GError               **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

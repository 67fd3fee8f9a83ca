/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "workbench-load.h"

/* Bytes of a file: more than any camera writes, and what the window holds of each file that is on
 * its way to a worker. */
#define FILE_MAX_BYTES (32 << 20)

/* What is opened before it is known to be a regular file may be a pipe, and wait for ever. */
#define ATTRIBUTES G_FILE_ATTRIBUTE_STANDARD_TYPE "," G_FILE_ATTRIBUTE_STANDARD_SIZE

typedef struct
{
  GInputStream *stream; /* owned */
  guint8       *data;   /* owned */
  gsize         length;
} Load;

static void
load_free (Load *self)
{
  g_clear_object (&self->stream);
  g_free (self->data);
  g_free (self);
}

static void
on_read (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  Load *self = g_task_get_task_data (task);
  GError *error = NULL;
  gsize length;

  if (g_input_stream_read_all_finish (self->stream, result, &length, &error))
    g_task_return_pointer (task, g_bytes_new_take (g_steal_pointer (&self->data), length),
                           (GDestroyNotify) g_bytes_unref);
  else
    g_task_return_error (task, error);
}

static void
on_opened (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  Load *self = g_task_get_task_data (task);
  GFileInputStream *stream;
  GError *error = NULL;

  stream = g_file_read_finish (G_FILE (source), result, &error);
  if (stream == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  self->stream = G_INPUT_STREAM (stream);
  self->data = g_malloc (MAX (self->length, 1));
  g_input_stream_read_all_async (self->stream, self->data, self->length, G_PRIORITY_DEFAULT,
                                 g_task_get_cancellable (task), on_read, g_object_ref (task));
}

static void
on_info (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  Load *self = g_task_get_task_data (task);
  g_autoptr (GFileInfo) info = NULL;
  GError *error = NULL;

  info = g_file_query_info_finish (G_FILE (source), result, &error);
  if (info == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (g_file_info_get_file_type (info) != G_FILE_TYPE_REGULAR)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
                               "This is not a file that can be read");
      return;
    }
  if (g_file_info_get_size (info) > FILE_MAX_BYTES)
    {
      g_autofree char *limit = g_format_size (FILE_MAX_BYTES);

      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
                               "This file is larger than %s", limit);
      return;
    }

  /* What is written to the file from now on is not read. */
  self->length = (gsize) g_file_info_get_size (info);
  g_file_read_async (G_FILE (source), G_PRIORITY_DEFAULT, g_task_get_cancellable (task), on_opened,
                     g_object_ref (task));
}

/* Reads a file that is no larger than a window wants to hold. */
void
workbench_load_async (GFile               *file,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (file, cancellable, callback, user_data);

  g_task_set_source_tag (task, workbench_load_async);
  g_task_set_task_data (task, g_new0 (Load, 1), (GDestroyNotify) load_free);
  g_file_query_info_async (file, ATTRIBUTES, G_FILE_QUERY_INFO_NONE, G_PRIORITY_DEFAULT,
                           cancellable, on_info, g_object_ref (task));
}

GBytes *
workbench_load_finish (GFile         *file,
                       GAsyncResult  *result,
                       GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, file), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

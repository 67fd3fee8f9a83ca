/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A backend that writes down every call of another worker and how it ended, so that what went wrong
 * for a user can be replayed (replay.c). Posts pass by: nobody sees how they end. */

#include "recording.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct
{
  MaltFilterWorker parent_instance;
  char            *file;     /* immutable after construction */
  GMutex           lock;
  GOutputStream   *output;   /* protected by @lock; NULL: nothing more is written */
  guint64          max_size; /* protected by @lock; bytes that may still be written */
} RecordWorker;

typedef MaltFilterWorkerClass RecordWorkerClass;

enum { PROP_FILE = 1, PROP_MAX_SIZE };

static GType record_worker_get_type (void);

G_DEFINE_TYPE (RecordWorker, record_worker, MALT_TYPE_FILTER_WORKER)

/* In one piece, for several workers may append to the same file. */
static void
write_locked (RecordWorker *self, const char *text)
{
  g_autoptr (GError) error = NULL;
  gsize length = strlen (text);

  if (self->output == NULL)
    return;

  if (length > self->max_size)
    text = "# full: what follows is missing\n";
  if (!g_output_stream_write_all (self->output, text, strlen (text), NULL, NULL, &error))
    g_warning ("Cannot record any more in “%s”: %s", self->file, error->message);
  if (length > self->max_size || error != NULL)
    g_clear_object (&self->output);
  else
    self->max_size -= length;
}

static void
record_worker_call_ended (MaltFilterWorker *worker, MaltCall *call, GVariant *value,
                          const GError *error)
{
  RecordWorker *self = (RecordWorker *) worker;
  g_autofree char *text = recording_print (call, value, error);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  write_locked (self, text);
}

/* Who opens one waits for somebody who reads, and holds the program up until then. */
static gboolean
check_is_no_pipe (const char *path, GError **error)
{
  GStatBuf status;
  gboolean is_pipe = g_stat (path, &status) == 0 && S_ISFIFO (status.st_mode);

  if (is_pipe)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
                 "Cannot record in “%s”: expected a file, not a pipe", path);
  return !is_pipe;
}

/* A file that there is already is appended to: it may tell of the crash that this worker is started
 * after. Its last line may be cut off. */
static gboolean
record_worker_prepare (MaltFilterWorker *worker, GVariantDict *options, GCancellable *cancellable,
                       GError **error)
{
  RecordWorker *self = (RecordWorker *) worker;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  g_autoptr (GFile) file = g_file_new_for_path (self->file);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *date = g_date_time_format_iso8601 (now);
  g_autofree char *headline = g_strdup_printf ("\n# a worker is started, %s\n", date);
  goffset size;

  g_clear_object (&self->output);
  if (!check_is_no_pipe (self->file, error))
    return FALSE;
  self->output = G_OUTPUT_STREAM (g_file_append_to (file, G_FILE_CREATE_PRIVATE, cancellable,
                                                    error));
  if (self->output == NULL)
    return FALSE;

  g_seekable_seek (G_SEEKABLE (self->output), 0, G_SEEK_END, NULL, NULL);
  size = g_seekable_tell (G_SEEKABLE (self->output));
  self->max_size -= MIN ((guint64) size, self->max_size);
  write_locked (self, headline);
  return TRUE;
}

static void
record_worker_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  RecordWorker *self = (RecordWorker *) object;

  if (id == PROP_FILE)
    self->file = g_value_dup_string (value);
  else
    self->max_size = g_value_get_uint64 (value);
}

static void
record_worker_finalize (GObject *object)
{
  RecordWorker *self = (RecordWorker *) object;

  g_clear_object (&self->output);
  g_free (self->file);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (record_worker_parent_class)->finalize (object);
}

static void
record_worker_class_init (RecordWorkerClass *klass)
{
  const GParamFlags flags = G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = record_worker_set_property;
  object_class->finalize = record_worker_finalize;
  klass->prepare = record_worker_prepare;
  klass->call_ended = record_worker_call_ended;

  g_object_class_install_property (object_class, PROP_FILE, malt_param_spec_set_path (
    g_param_spec_string ("file", "File", "Where calls are written", "malt.record", flags),
    MALT_PATH_KIND_FILE));
  g_object_class_install_property (object_class, PROP_MAX_SIZE,
    g_param_spec_uint64 ("max-size", "Maximum size",
                         "Bytes of the file beyond which no call is written", 0,
                         RECORDING_MAX_FILE_BYTES, RECORDING_MAX_FILE_BYTES / 4, flags));
}

static void
record_worker_init (RecordWorker *self)
{
  g_mutex_init (&self->lock);
}

MALT_DEFINE_PLUGIN (malt_record, MALT_WORKER_EXTENSION_POINT, "record", record_worker_get_type ())

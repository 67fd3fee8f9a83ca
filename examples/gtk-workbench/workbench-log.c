/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "workbench-log.h"

#include <gtk/gtk.h>
#include <string.h>

/* Lines that are kept, and lines that wait to be shown; older ones are dropped. A worker that
 * floods its output costs this much and no more. */
#define LINES_MAX 1000u

/* Characters of a line, which may be 8 KiB of anything. */
#define LINE_MAX_CHARS 300

/* Milliseconds between two changes of what is shown, so that the window is laid out twenty times a
 * second and not with each line. */
#define FLUSH_INTERVAL_MSEC 50

/* The domain of thumbnail.so, and the field by which it says which file it is at. */
#define MODULE_DOMAIN "Thumbnail"
#define FILE_FIELD "WORKBENCH_FILE"

typedef struct
{
  char   *worker; /* what malt calls it; NULL: a thread of this program */
  char   *text;
  gint64  file;   /* −1: none */
} Line;

/* What workers print and log, as lines of text. Emits “file-begun” (worker, file) when a worker
 * says which file it is at: believe it no further than to show it. */
struct _WorkbenchLog
{
  GObject           parent_instance;

  GtkStringList    *lines;    /* owned; main thread only */
  WorkbenchWorkers *workers;  /* owned; those that are known; main thread only */
  GMutex            lock;
  GQueue            pending;  /* of Line; protected by @lock */
  gboolean          is_armed; /* a flush will come; protected by @lock */
};

enum
{
  SIGNAL_FILE_BEGUN,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (WorkbenchLog, workbench_log, G_TYPE_OBJECT)

static void
line_free (Line *self)
{
  g_free (self->worker);
  g_free (self->text);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Line, line_free)

static void
workbench_log_finalize (GObject *object)
{
  WorkbenchLog *self = WORKBENCH_LOG (object);

  g_clear_object (&self->lines);
  g_clear_object (&self->workers);
  g_queue_clear_full (&self->pending, (GDestroyNotify) line_free);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (workbench_log_parent_class)->finalize (object);
}

static void
workbench_log_class_init (WorkbenchLogClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = workbench_log_finalize;

  signals[SIGNAL_FILE_BEGUN] = g_signal_new ("file-begun", WORKBENCH_TYPE_LOG, G_SIGNAL_RUN_LAST, 0,
                                             NULL, NULL, NULL, G_TYPE_NONE, 2,
                                             WORKBENCH_TYPE_WORKER, G_TYPE_UINT);
}

static void
workbench_log_init (WorkbenchLog *self)
{
  self->lines = gtk_string_list_new (NULL);
  g_mutex_init (&self->lock);
}

/* The log of the program, which lives as long as it. (transfer none) */
WorkbenchLog *
workbench_log_get_default (void)
{
  static gsize initialized;
  static WorkbenchLog *self;

  if (g_once_init_enter (&initialized))
    {
      self = g_object_new (WORKBENCH_TYPE_LOG, NULL);
      g_once_init_leave (&initialized, TRUE);
    }

  return self;
}

GListModel *
workbench_log_get_lines (WorkbenchLog *self)
{
  return G_LIST_MODEL (self->lines);
}

/* Whose lines get the names that these have in the window. */
void
workbench_log_set_workers (WorkbenchLog     *self,
                           WorkbenchWorkers *workers)
{
  g_set_object (&self->workers, workers);
}

/* Text of a worker as it can be shown: valid, of one line, and no longer than people read. */
static char *
make_harmless (const char *text,
               gssize      length)
{
  g_autofree char *valid = g_utf8_make_valid (text, length);
  GString *harmless = g_string_new (NULL);
  int n_chars = 0;

  for (const char *c = valid; *c != '\0' && n_chars < LINE_MAX_CHARS; c = g_utf8_next_char (c))
    {
      gunichar character = g_utf8_get_char (c);

      g_string_append_unichar (harmless, g_unichar_isprint (character) ? character : 0xb7);
      n_chars++;
    }
  if (n_chars == LINE_MAX_CHARS)
    g_string_append (harmless, "…");

  return g_string_free (harmless, FALSE);
}

static void
show (WorkbenchLog *self,
      Line         *line)
{
  WorkbenchWorker *worker = NULL;
  g_autofree char *title = NULL;
  g_autofree char *text = NULL;

  if (line->worker != NULL && self->workers != NULL)
    worker = workbench_workers_find (self->workers, line->worker);
  if (worker != NULL)
    title = workbench_worker_dup_title (worker);
  else
    title = g_strdup ("A worker");
  text = g_strdup_printf ("%s: %s", title, line->text);
  gtk_string_list_append (self->lines, text);
  if (worker != NULL && line->file >= 0)
    g_signal_emit (self, signals[SIGNAL_FILE_BEGUN], 0, worker, (guint) line->file);
}

static gboolean
flush (gpointer user_data)
{
  WorkbenchLog *self = user_data;
  GQueue pending;
  guint n_lines, n_new;

  g_mutex_lock (&self->lock);
  pending = self->pending;
  g_queue_init (&self->pending);
  self->is_armed = FALSE;
  g_mutex_unlock (&self->lock);

  n_new = pending.length;
  n_lines = g_list_model_get_n_items (G_LIST_MODEL (self->lines));
  if (n_lines + n_new > LINES_MAX)
    gtk_string_list_splice (self->lines, 0, MIN (n_lines, n_lines + n_new - LINES_MAX), NULL);
  while (pending.length > 0)
    {
      g_autoptr (Line) line = g_queue_pop_head (&pending);

      show (self, line);
    }

  return G_SOURCE_REMOVE;
}

static void
append (WorkbenchLog *self,
        Line         *line)
{
  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->pending, line);
  if (self->pending.length > LINES_MAX)
    line_free (g_queue_pop_head (&self->pending));
  if (!self->is_armed)
    g_timeout_add (FLUSH_INTERVAL_MSEC, flush, self);
  self->is_armed = TRUE;
  g_mutex_unlock (&self->lock);
}

/* Appends a line that a worker has printed. */
void
workbench_log_append (WorkbenchLog *self,
                      const char   *worker,
                      const char   *text,
                      gssize        length)
{
  Line *line = g_new0 (Line, 1);

  line->worker = g_strdup (worker);
  line->text = make_harmless (text, length);
  line->file = -1;
  append (self, line);
}

/* The message of a record without the “[Worker PID]: ” that malt begins it with. */
static const char *
skip_prefix (const char *message)
{
  const char *end = g_str_has_prefix (message, "[Worker ") ? strstr (message, "]: ") : NULL;

  return end != NULL ? end + strlen ("]: ") : message;
}

static char *
dup_field (const GLogField *fields,
           gsize            n_fields,
           const char      *key)
{
  for (gsize i = 0; i < n_fields; i++)
    {
      if (strcmp (fields[i].key, key) == 0)
        return fields[i].length < 0 ? g_strdup (fields[i].value)
                                    : g_strndup (fields[i].value, (gsize) fields[i].length);
    }

  return NULL;
}

/* Runs in any thread. What workers say to the log carries who they are, unless they are threads of
 * this program; everything else goes where it always goes. */
static GLogWriterOutput
write_log (GLogLevelFlags   level,
           const GLogField *fields,
           gsize            n_fields,
           gpointer         user_data)
{
  g_autofree char *worker = dup_field (fields, n_fields, "MALT_WORKER");
  g_autofree char *domain = dup_field (fields, n_fields, "GLIB_DOMAIN");
  g_autofree char *message = NULL;
  g_autofree char *file = NULL;
  guint64 number;
  Line *line;

  if (worker == NULL && g_strcmp0 (domain, MODULE_DOMAIN) != 0)
    return g_log_writer_default (level, fields, n_fields, user_data);

  message = dup_field (fields, n_fields, "MESSAGE");
  file = dup_field (fields, n_fields, FILE_FIELD);
  line = g_new0 (Line, 1);
  line->worker = g_steal_pointer (&worker);
  line->text = make_harmless (message != NULL ? skip_prefix (message) : "", -1);
  line->file = file != NULL && g_ascii_string_to_unsigned (file, 10, 0, G_MAXUINT, &number, NULL)
                 ? (gint64) number : -1;
  append (workbench_log_get_default (), line);

  return G_LOG_WRITER_HANDLED;
}

/* Has the log take what workers say to GLib's log. Once, before anything is logged. */
void
workbench_log_install (void)
{
  g_log_set_writer_func (write_log, NULL, NULL);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/relay/malt-relay-log.h"

#include <stdlib.h>
#include <string.h>

/* Records that wait for the log writer, in bytes: of one worker, and of all. A burst of thousands
 * passes, and a writer that blocks costs no more memory than that. */
#define LOG_MAX_QUEUED_BYTES_A_WORKER (2u * 1024 * 1024)
#define LOG_MAX_QUEUED_BYTES (16u * 1024 * 1024)

/* What a record costs beside its text and fields. */
#define LOG_RECORD_OVERHEAD_BYTES 512u

/* How many records a worker may write: a worker that logs each turn of a loop must not fill the
 * program's log. What journald allows a service is 10 000 in 30 seconds. */
#define LOG_MAX_BURST 2000
#define LOG_MAX_RECORDS_A_SEC 500

/* How often a worker that goes on and on is told of. */
#define LOG_DROPPED_INTERVAL_USEC G_USEC_PER_SEC

/* A program that ends waits so long for the writer, in microseconds. */
#define LOG_EXIT_TIMEOUT_USEC G_USEC_PER_SEC

/* Of the fields of a worker's record; what is more is left out. That of a name is journald's. */
#define LOG_MAX_FIELDS 32u
#define LOG_MAX_FIELD_NAME_BYTES 64u

/* Those that are ours. */
#define LOG_MAX_OWN_FIELDS 7u

/**
 * MaltRelayLog: (skip)
 *
 * The log records of one worker, on their way to the program's log writer. They are
 * written in a thread that does nothing else: a writer may block, for instance on a
 * stderr that nobody reads, and whoever calls this must not.
 *
 * Since: 0.1
 */

struct _MaltRelayLog
{
  char    *worker;       /* owned; immutable */
  int      pid;          /* immutable */

  /* Protected by the lock of the queue. */
  guint    n_references; /* the owner's, and one for each record that waits */
  gsize    n_bytes;      /* of its records that wait */

  /* Monitor thread. */
  guint    n_dropped;    /* not told yet */
  gint64   told_time;    /* when that was last told */
  gint64   budget_time;  /* when LOG_MAX_BURST records may be written; earlier than now: at once */
};

typedef struct
{
  MaltRelayLog   *log;        /* a reference */
  GLogLevelFlags  level;      /* as the worker says */
  char           *domain;     /* owned (nullable) */
  char           *message;    /* owned */
  GVariant       *fields;     /* owned (nullable); a{sv} */
  guint           n_left_out; /* fields that the worker dropped */
  gsize           n_bytes;
} LogRecord;

/* Of all workers. */
static struct
{
  GMutex   lock;
  GCond    changed;
  GQueue   records;    /* protected by @lock; of owned LogRecord */
  gsize    n_bytes;    /* protected by @lock */
  gboolean is_writing; /* protected by @lock */
} queue = { .records = G_QUEUE_INIT };

static void
unref_locked (MaltRelayLog *self)
{
  if (--self->n_references > 0)
    return;

  g_free (self->worker);
  g_free (self);
}

static void
log_record_free_locked (LogRecord *record)
{
  queue.n_bytes -= record->n_bytes;
  record->log->n_bytes -= record->n_bytes;
  unref_locked (record->log);
  g_free (record->domain);
  g_free (record->message);
  g_clear_pointer (&record->fields, g_variant_unref);
  g_free (record);
}

typedef struct
{
  GLogLevelFlags  flag;
  GLogLevelFlags  logged;
  const char     *name;
  const char     *priority; /* of syslog, as GLib has it */
} LogLevel;

/* The most serious of a level counts. GLib ends a program that logs at ERROR, whatever it has been
 * told. */
static const LogLevel *
find_level (GLogLevelFlags level)
{
  static const LogLevel levels[] = {
    { G_LOG_LEVEL_ERROR, G_LOG_LEVEL_CRITICAL, "error", "3" },
    { G_LOG_LEVEL_CRITICAL, G_LOG_LEVEL_CRITICAL, "critical", "4" },
    { G_LOG_LEVEL_WARNING, G_LOG_LEVEL_WARNING, "warning", "4" },
    { G_LOG_LEVEL_MESSAGE, G_LOG_LEVEL_MESSAGE, "message", "5" },
    { G_LOG_LEVEL_INFO, G_LOG_LEVEL_INFO, "info", "6" },
    { G_LOG_LEVEL_DEBUG, G_LOG_LEVEL_DEBUG, "debug", "7" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (levels); i++)
    if (level & levels[i].flag)
      return &levels[i];

  return &levels[3];
}

/* What says whose record it is, what has happened to whom, or what GLib is to make of it. Those
 * that end with “_” stand for all that begin so. Source: systemd.journal-fields(7). */
static gboolean
is_reserved (const char *name)
{
  static const char *const reserved[] = {
    "COREDUMP_", "GLIB_DOMAIN", "GLIB_OLD_LOG_API", "INVOCATION_ID", "MALT_", "MESSAGE",
    "MESSAGE_ID", "OBJECT_", "PRIORITY", "SYSLOG_", "TID", "UNIT", "USER_INVOCATION_ID",
    "USER_UNIT",
  };

  for (guint i = 0; i < G_N_ELEMENTS (reserved); i++)
    if (g_str_has_suffix (reserved[i], "_") ? g_str_has_prefix (name, reserved[i])
                                            : g_str_equal (name, reserved[i]))
      return TRUE;

  return FALSE;
}

/* Names as journald takes them. */
static gboolean
is_field_name (const char *name)
{
  gsize length = strspn (name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

  return length > 0 && length <= LOG_MAX_FIELD_NAME_BYTES && name[length] == '\0'
         && g_ascii_isupper (name[0]) && !is_reserved (name);
}

/* FALSE: left out. The field points into the value, which the record holds. */
static gboolean
set_field (GLogField  *field,
           const char *name,
           GVariant   *value)
{
  gsize length;

  if (!is_field_name (name))
    return FALSE;

  field->key = name;
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    {
      field->value = g_variant_get_string (value, NULL);
      field->length = -1;
      return TRUE;
    }

  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_BYTESTRING))
    return FALSE;

  field->value = g_variant_get_fixed_array (value, &length, 1);
  field->length = (gssize) length;
  return length > 0;
}

/* Appends what may be written of the worker's own fields, and counts what may not. */
static guint
add_fields (GArray          *fields,
            const LogRecord *record)
{
  guint n_left_out = record->n_left_out;
  guint n_added = 0;
  GVariantIter iter;
  const char *name;
  GVariant *value;

  if (record->fields == NULL)
    return n_left_out;

  g_variant_iter_init (&iter, record->fields);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      GLogField field;

      if (n_added < LOG_MAX_FIELDS && set_field (&field, name, value))
        {
          g_array_append_val (fields, field);
          n_added++;
        }
      else
        n_left_out += n_left_out < G_MAXUINT;
      g_variant_unref (value);
    }

  return n_left_out;
}

/* Runs in the log thread. The first field has GLib take the record for one of g_log(), which
 * decides by itself what is fatal before it comes to a writer: so no level that the program has
 * made fatal is fatal when it comes from a worker. */
static void
write_record (const LogRecord *record)
{
  const LogLevel *level = find_level (record->level);
  g_autofree char *message = g_strdup_printf ("[Worker %d]: %s", record->log->pid,
                                              record->message);
  g_autofree char *n_left_out_text = NULL;
  const GLogField own_fields[] = {
    { "GLIB_OLD_LOG_API", "1", -1 },
    { "MESSAGE", message, -1 },
    { "PRIORITY", level->priority, -1 },
    { "GLIB_DOMAIN", record->domain != NULL ? record->domain : G_LOG_DOMAIN, -1 },
    { "MALT_WORKER", record->log->worker, -1 },
    { "MALT_WORKER_LEVEL", level->name, -1 },
  };
  g_autoptr (GArray) fields = g_array_sized_new (FALSE, FALSE, sizeof (GLogField),
                                                 LOG_MAX_OWN_FIELDS + LOG_MAX_FIELDS);
  guint n_left_out;

  g_array_append_vals (fields, own_fields, G_N_ELEMENTS (own_fields));
  n_left_out = add_fields (fields, record);
  if (n_left_out > 0)
    {
      GLogField field = { "MALT_FIELDS_LEFT_OUT", NULL, -1 };

      field.value = n_left_out_text = g_strdup_printf ("%u", n_left_out);
      g_array_append_val (fields, field);
    }

  g_log_structured_array (level->logged, (const GLogField *) fields->data, fields->len);
}

static gpointer
log_thread (gpointer user_data)
{
  for (;;)
    {
      LogRecord *record;

      g_mutex_lock (&queue.lock);
      while ((record = g_queue_pop_head (&queue.records)) == NULL)
        g_cond_wait (&queue.changed, &queue.lock);
      queue.is_writing = TRUE;
      g_mutex_unlock (&queue.lock);

      write_record (record);

      g_mutex_lock (&queue.lock);
      log_record_free_locked (record);
      queue.is_writing = FALSE;
      g_cond_broadcast (&queue.changed);
      g_mutex_unlock (&queue.lock);
    }

  return NULL;
}

/* What workers said before the program ended is in its log, unless that takes nothing. */
static void
wait_for_writer (void)
{
  gint64 end_time = g_get_monotonic_time () + LOG_EXIT_TIMEOUT_USEC;

  g_mutex_lock (&queue.lock);
  while ((queue.is_writing || !g_queue_is_empty (&queue.records))
         && g_cond_wait_until (&queue.changed, &queue.lock, end_time))
    ;
  g_mutex_unlock (&queue.lock);
}

/* FALSE: there can be no thread for now. A worker that writes to the log is no reason to end the
 * program. */
static gboolean
start_log_thread_locked (void)
{
  static gboolean is_started;
  GThread *thread;

  if (is_started)
    return TRUE;

  thread = g_thread_try_new ("malt-log", log_thread, NULL, NULL);
  if (thread == NULL)
    return FALSE;

  g_thread_unref (thread);
  atexit (wait_for_writer);
  is_started = TRUE;
  return TRUE;
}

static gboolean
enqueue (MaltRelayLog        *self,
         const MaltLogRecord *record)
{
  gsize n_bytes = LOG_RECORD_OVERHEAD_BYTES + strlen (record->message)
                  + (record->domain != NULL ? strlen (record->domain) : 0)
                  + (record->fields != NULL ? g_variant_get_size (record->fields) : 0);
  LogRecord *queued = NULL;

  g_mutex_lock (&queue.lock);
  if (start_log_thread_locked ()
      && self->n_bytes + n_bytes <= LOG_MAX_QUEUED_BYTES_A_WORKER
      && queue.n_bytes + n_bytes <= LOG_MAX_QUEUED_BYTES)
    {
      queued = g_new0 (LogRecord, 1);
      queued->log = self;
      queued->level = record->level;
      queued->domain = g_strdup (record->domain);
      queued->message = g_strdup (record->message);
      queued->fields = record->fields != NULL ? g_variant_ref (record->fields) : NULL;
      queued->n_left_out = record->n_left_out;
      queued->n_bytes = n_bytes;
      self->n_references++;
      self->n_bytes += n_bytes;
      queue.n_bytes += n_bytes;
      g_queue_push_tail (&queue.records, queued);
      g_cond_broadcast (&queue.changed);
    }
  g_mutex_unlock (&queue.lock);

  return queued != NULL;
}

static void
tell_dropped (MaltRelayLog *self)
{
  g_autofree char *message =
    g_strdup_printf ("%u log records were dropped: they came faster than they may be written",
                     self->n_dropped);
  const MaltLogRecord record = { .level = G_LOG_LEVEL_WARNING, .message = message };

  if (enqueue (self, &record))
    self->n_dropped = 0;
}

/* Whether the worker has not written too much of late: each record moves its time on. */
static gboolean
is_within_rate (MaltRelayLog *self,
                gint64        now)
{
  const gint64 interval = G_USEC_PER_SEC / LOG_MAX_RECORDS_A_SEC;

  self->budget_time = MAX (self->budget_time, now);
  if (self->budget_time - now > LOG_MAX_BURST * interval)
    return FALSE;

  self->budget_time += interval;
  return TRUE;
}

/**
 * malt_relay_log_push: (skip)
 * @self: the log of a worker
 * @record: what the worker says, not to be trusted
 *
 * Has a record written in another thread, by the program’s log writer. Never
 * blocks: records that come faster than they are written, or than a worker may,
 * are dropped and counted. No level is fatal. Monitor thread.
 *
 * Since: 0.1
 */
void
malt_relay_log_push (MaltRelayLog        *self,
                     const MaltLogRecord *record)
{
  gint64 now = g_get_monotonic_time ();

  if (!is_within_rate (self, now) || !enqueue (self, record))
    self->n_dropped++;

  if (self->n_dropped > 0 && now - self->told_time >= LOG_DROPPED_INTERVAL_USEC)
    {
      self->told_time = now;
      tell_dropped (self);
    }
}

/**
 * malt_relay_log_new: (skip)
 * @worker: its description
 * @pid: its process
 *
 * Creates what brings the records of a worker to the program’s log. Monitor
 * thread.
 *
 * Returns: (transfer full): the log
 *
 * Since: 0.1
 */
MaltRelayLog *
malt_relay_log_new (const char *worker,
                    int         pid)
{
  MaltRelayLog *self = g_new0 (MaltRelayLog, 1);

  self->worker = g_strdup (worker);
  self->pid = pid;
  self->n_references = 1;

  return self;
}

/**
 * malt_relay_log_free: (skip)
 * @self: (transfer full): the log of a worker
 *
 * Says what was dropped and has not been told, and frees the log; what waits is
 * still written. Monitor thread.
 *
 * Since: 0.1
 */
void
malt_relay_log_free (MaltRelayLog *self)
{
  if (self->n_dropped > 0)
    tell_dropped (self);

  g_mutex_lock (&queue.lock);
  unref_locked (self);
  g_mutex_unlock (&queue.lock);
}

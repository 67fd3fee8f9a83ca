/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/process/malt-process-log.h"

/* Records that wait for the log writer, of all workers: a burst of a few calls that fail, and with the
 * largest message of the wire (64 KiB) no more than 16 MiB. */
#define LOG_MAX_QUEUED_RECORDS 256

typedef struct
{
  char           *worker;    /* owned, as the others */
  char           *domain;
  char           *message;
  int             pid;
  GLogLevelFlags  level;
  guint           n_dropped; /* before this one */
} LogRecord;

static GAsyncQueue *queue;   /* of owned LogRecord; set once */
static gint n_dropped;       /* atomic: since the last record that was queued */

static void
log_record_free (LogRecord *record)
{
  g_free (record->worker);
  g_free (record->domain);
  g_free (record->message);
  g_free (record);
}

static const char *
get_level_name (GLogLevelFlags level)
{
  if (level & G_LOG_LEVEL_ERROR)
    return "error";
  if (level & G_LOG_LEVEL_CRITICAL)
    return "critical";
  if (level & G_LOG_LEVEL_WARNING)
    return "warning";
  if (level & G_LOG_LEVEL_INFO)
    return "info";
  return level & G_LOG_LEVEL_DEBUG ? "debug" : "message";
}

/* Never above MESSAGE: what a worker says must not abort a program that has warnings made fatal. */
static void
write_record (const LogRecord *record)
{
  GLogLevelFlags own_level = record->level & (G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG);
  GLogLevelFlags level = own_level != 0 ? own_level : G_LOG_LEVEL_MESSAGE;

  if (record->n_dropped > 0)
    g_log_structured (record->domain, G_LOG_LEVEL_MESSAGE,
                      "MESSAGE", "%u log records of workers were dropped", record->n_dropped);

  g_log_structured (record->domain, level,
                    "MALT_WORKER", record->worker,
                    "MALT_WORKER_LEVEL", get_level_name (record->level),
                    "MESSAGE", "[Worker %d]: %s", record->pid, record->message);
}

static gpointer
log_thread (gpointer user_data)
{
  for (;;)
    {
      LogRecord *record = g_async_queue_pop (queue);

      write_record (record);
      log_record_free (record);
    }

  return NULL;
}

static void
start_log_thread (void)
{
  static gsize is_started;

  if (!g_once_init_enter (&is_started))
    return;

  queue = g_async_queue_new_full ((GDestroyNotify) log_record_free);
  g_thread_unref (g_thread_new ("malt-log", log_thread, NULL));
  g_once_init_leave (&is_started, 1);
}

void
malt_process_log (const char     *worker,
                  int             pid,
                  GLogLevelFlags  level,
                  const char     *domain,
                  const char     *message)
{
  LogRecord *record;

  start_log_thread ();
  if (g_async_queue_length (queue) >= LOG_MAX_QUEUED_RECORDS)
    {
      g_atomic_int_inc (&n_dropped);
      return;
    }

  record = g_new (LogRecord, 1);
  record->worker = g_strdup (worker);
  record->pid = pid;
  record->level = level;
  record->domain = g_strdup (domain != NULL && *domain != '\0' ? domain : G_LOG_DOMAIN);
  record->message = g_strdup (message);
  record->n_dropped = (guint) g_atomic_int_exchange (&n_dropped, 0);
  g_async_queue_push (queue, record);
}

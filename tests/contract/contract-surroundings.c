/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"

#include "tests/malt-test-slowness.h"

#include <string.h>
#include <unistd.h>

/* How many times as long as promised something may take before it is wrong, and not only late. */
#define CONTRACT_PATIENCE 20

/* In the place of a worker's name. */
#define NO_WORKER "(no worker)"

static GMutex log_lock;
static GPtrArray *log_warnings; /* protected by @log_lock: of "WORKER: MESSAGE", owned */
static GPtrArray *log_records;  /* protected by @log_lock: workers' GStrv of "KEY=VALUE", owned */

guint
contract_limit (guint limit_ms)
{
  return limit_ms * malt_test_get_slowness ();
}

guint
contract_times (guint times)
{
  return MAX (times / malt_test_get_slowness (), MIN (times, 3));
}

void
contract_assert_time (Contract *contract, gint64 time_us, guint limit_ms)
{
  gint64 time_ms = time_us / 1000;

  g_assert_cmpint (time_ms, <=, contract_limit (limit_ms) * CONTRACT_PATIENCE);
  if (time_ms <= contract_limit (limit_ms))
    return;
  g_test_message ("Late: %" G_GINT64_FORMAT " ms instead of %u", time_ms,
                  contract_limit (limit_ms));
  contract->is_late = TRUE;
}

void
contract_assert_within (Contract *contract, gint64 since_us, guint limit_ms)
{
  contract_assert_time (contract, g_get_monotonic_time () - since_us, limit_ms);
}

static gboolean
on_tick (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* Dispatches what is due, or waits for it, a millisecond at most. */
static void
iterate_once (Contract *contract)
{
  g_autoptr (GSource) tick = g_timeout_source_new (1);

  g_source_set_callback (tick, on_tick, NULL, NULL);
  g_source_attach (tick, contract->context);
  g_main_context_iteration (contract->context, TRUE);
  g_source_destroy (tick);
}

/* Lets what is due happen; with a time, for so long. */
void
contract_iterate_for (Contract *contract, guint time_ms)
{
  gint64 end_us = g_get_monotonic_time () + time_ms * G_TIME_SPAN_MILLISECOND;

  while (g_main_context_iteration (contract->context, FALSE))
    ;
  while (g_get_monotonic_time () < end_us)
    iterate_once (contract);
}

gboolean
contract_wait_until (Contract          *contract,
                     ContractCondition  condition,
                     gpointer           user_data,
                     guint              limit_ms)
{
  gint64 start_us = g_get_monotonic_time ();
  gint64 end_us = start_us + (gint64) contract_limit (limit_ms) * CONTRACT_PATIENCE * 1000;
  gboolean met = condition (user_data);

  while (!met && g_get_monotonic_time () < end_us)
    {
      iterate_once (contract);
      met = condition (user_data);
    }
  if (met)
    contract_assert_within (contract, start_us, limit_ms);
  return met;
}

/* What each open descriptor of this process is, as the kernel names it. */
char **
contract_list_descriptors (void)
{
  g_autoptr (GDir) directory = g_dir_open ("/proc/self/fd", 0, NULL);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  const char *name;

  g_assert_nonnull (directory);
  while ((name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/fd", name, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);

      if (target != NULL)
        g_strv_builder_add (builder, target);
    }
  return g_strv_builder_end (builder);
}

guint
contract_count_descriptors (void)
{
  g_auto (GStrv) targets = contract_list_descriptors ();

  return g_strv_length (targets);
}

guint
contract_count_children (void)
{
  g_autoptr (GDir) directory = g_dir_open ("/proc/self/task", 0, NULL);
  const char *thread;
  guint n = 0;

  g_assert_nonnull (directory);
  while ((thread = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", thread, "children", NULL);
      g_autofree char *text = NULL;

      if (!g_file_get_contents (path, &text, NULL, NULL))
        continue;
      for (const char *p = text; *p != '\0'; p++)
        n += *p == ' ';
    }
  return n;
}

/* A ContractCondition. A zombie is gone: it waits for a parent that this test does not know. */
gboolean
contract_process_is_gone (gpointer pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", GPOINTER_TO_INT (pid));
  g_autofree char *text = NULL;
  const char *state;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return TRUE;
  state = strrchr (text, ')');
  return state == NULL || g_str_has_prefix (state, ") Z") || g_str_has_prefix (state, ") X");
}

gsize
contract_resident_bytes (void)
{
  g_autofree char *text = NULL;
  const char *second;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  second = strchr (text, ' ');
  g_assert_nonnull (second);
  return g_ascii_strtoull (second + 1, NULL, 10) * sysconf (_SC_PAGESIZE);
}

static char *
dup_field (const GLogField *fields, gsize n_fields, const char *key)
{
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, key))
      return fields[i].length < 0 ? g_strdup (fields[i].value)
                                  : g_strndup (fields[i].value, fields[i].length);
  return NULL;
}

/* Bytes that are no text are escaped. */
static char **
dup_record (const GLogField *fields, gsize n_fields)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (gsize i = 0; i < n_fields; i++)
    {
      gsize length = fields[i].length < 0 ? strlen (fields[i].value) : (gsize) fields[i].length;
      g_autoptr (GString) shown = g_string_new (NULL);

      g_string_append_printf (shown, "%s=", fields[i].key);
      for (gsize j = 0; j < length; j++)
        if (g_utf8_validate_len (fields[i].value, length, NULL))
          g_string_append_c (shown, ((const char *) fields[i].value)[j]);
        else
          g_string_append_printf (shown, "\\x%02x", ((const guint8 *) fields[i].value)[j]);
      g_strv_builder_add (builder, shown->str);
    }
  return g_strv_builder_end (builder);
}

/* Runs in any thread. Warnings, and what a worker has to say, are kept, to be asked for. */
static GLogWriterOutput
write_log (GLogLevelFlags   level,
           const GLogField *fields,
           gsize            n_fields,
           gpointer         user_data)
{
  g_autofree char *worker = dup_field (fields, n_fields, "MALT_WORKER");
  g_autofree char *message = dup_field (fields, n_fields, "MESSAGE");

  if ((level & G_LOG_LEVEL_WARNING) == 0 && worker == NULL)
    return g_log_writer_default (level, fields, n_fields, user_data);
  g_mutex_lock (&log_lock);
  if (worker != NULL)
    g_ptr_array_add (log_records, dup_record (fields, n_fields));
  if ((level & (G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG)) == 0)
    g_ptr_array_add (log_warnings,
                     g_strdup_printf ("%s: %s", worker != NULL ? worker : NO_WORKER, message));
  g_mutex_unlock (&log_lock);
  return G_LOG_WRITER_HANDLED;
}

/* Warnings do not end the program: a case that provokes one asks for it, others find none. */
void
contract_log_init (void)
{
  log_warnings = g_ptr_array_new_with_free_func (g_free);
  log_records = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_log_set_writer_func (write_log, NULL, NULL);
}

/* Counts the warnings since the case began that contain `text`; NULL: all. */
guint
contract_log_count (const char *text)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&log_lock);
  guint n = 0;

  for (guint i = 0; i < log_warnings->len; i++)
    {
      const char *warning = log_warnings->pdata[i];

      if (text == NULL)
        g_test_message ("warning: %s", warning);
      n += text == NULL || strstr (warning, text) != NULL;
    }
  return n;
}

/* Counts the warnings of the case's own workers, and those of no worker: a backend may log in a
 * thread of its own, which may still be busy with the workers of the case before. */
guint
contract_log_count_own (Contract *contract)
{
  guint n = contract_log_count (NO_WORKER);

  for (guint i = 0; i < contract->workers->len; i++)
    {
      g_autofree char *name = malt_abstract_worker_describe (contract->workers->pdata[i]);
      g_autofree char *prefix = g_strconcat (name, ": ", NULL);

      n += contract_log_count (prefix);
    }
  return n;
}

/* A ContractCondition: a backend may log in a thread of its own. */
gboolean
contract_log_has (gpointer text)
{
  return contract_log_count (text) > 0;
}

/* The field of the first record of a worker whose message ends with `text`; NULL: there is none. */
char *
contract_log_dup_field (const char *text, const char *key)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&log_lock);

  for (guint i = 0; i < log_records->len; i++)
    {
      char **record = log_records->pdata[i];
      const char *message = g_environ_getenv (record, "MESSAGE");

      if (message != NULL && g_str_has_suffix (message, text))
        return g_strdup (g_environ_getenv (record, key));
    }
  return NULL;
}

/* A ContractCondition: of any level. */
gboolean
contract_log_has_record (gpointer text)
{
  g_autofree char *message = contract_log_dup_field (text, "MESSAGE");

  return message != NULL;
}

void
contract_log_clear (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&log_lock);

  g_ptr_array_set_size (log_records, 0);
  g_ptr_array_set_size (log_warnings, 0);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <malt/malt-plugin.h>

#include <string.h>

/* As much as one message of the control connection can hold, and records below what a worker may
 * write at once. */
#define LARGE_BYTES (60 * 1024)
#define N_RECORDS 1000

/* What a worker may keep waiting is 2 MiB; two more say how many were dropped. */
#define MAX_WRITTEN (2 * 1024 * 1024 / LARGE_BYTES + 2)

static struct
{
  GMutex   lock;
  GCond    changed;
  gboolean is_blocked; /* protected by @lock */
  guint    n_written;  /* protected by @lock; but for the last */
  gboolean is_over;    /* protected by @lock; the last is written */
  GString *keys;       /* protected by @lock; of the record before it */
} writer;

static GLogWriterOutput
write_log (GLogLevelFlags   level,
           const GLogField *fields,
           gsize            n_fields,
           gpointer         user_data)
{
  gboolean is_of_worker = FALSE;
  gboolean is_last = FALSE;

  for (gsize i = 0; i < n_fields; i++)
    {
      is_of_worker |= g_str_equal (fields[i].key, "MALT_WORKER");
      is_last |= g_str_equal (fields[i].key, "LAST");
    }
  if (!is_of_worker)
    return g_log_writer_default (level, fields, n_fields, user_data);

  g_mutex_lock (&writer.lock);
  while (writer.is_blocked)
    g_cond_wait (&writer.changed, &writer.lock);
  if (is_last)
    writer.is_over = TRUE;
  else
    writer.n_written++;
  if (!is_last)
    g_string_truncate (writer.keys, 0);
  for (gsize i = 0; !is_last && i < n_fields; i++)
    g_string_append_printf (writer.keys, "%s ", fields[i].key);
  g_cond_broadcast (&writer.changed);
  g_mutex_unlock (&writer.lock);

  return G_LOG_WRITER_HANDLED;
}

static void
set_writer (gboolean is_blocked)
{
  g_mutex_lock (&writer.lock);
  writer.is_blocked = is_blocked;
  if (is_blocked)
    {
      writer.n_written = 0;
      writer.is_over = FALSE;
    }
  g_cond_broadcast (&writer.changed);
  g_mutex_unlock (&writer.lock);
}

/* Has all that waits written, and one more, which another worker says. */
static void
write_all (void)
{
  g_autoptr (MaltRelayLog) log = malt_relay_log_new ("another", 2);
  g_autoptr (GVariant) fields = g_variant_ref_sink (g_variant_new_parsed ("{'LAST': <'1'>}"));
  const MaltLogRecord record = {
    .level = G_LOG_LEVEL_MESSAGE, .message = "the end", .fields = fields,
  };

  malt_relay_log_push (log, &record);
  set_writer (FALSE);
  g_mutex_lock (&writer.lock);
  while (!writer.is_over)
    g_cond_wait (&writer.changed, &writer.lock);
  g_mutex_unlock (&writer.lock);
}

/* Each part of a record counts for what may wait. */
static void
test_large_parts (gconstpointer data)
{
  const char *part = data;
  g_autoptr (MaltRelayLog) log = malt_relay_log_new ("a worker", 1);
  g_autofree char *large = g_strnfill (LARGE_BYTES, 'x');
  g_autoptr (GVariant) fields = NULL;
  MaltLogRecord record = { .level = G_LOG_LEVEL_MESSAGE, .message = "a record" };

  if (g_str_equal (part, "message"))
    record.message = large;
  else if (g_str_equal (part, "domain"))
    record.domain = large;
  else
    record.fields = fields = g_variant_ref_sink (g_variant_new_parsed ("{'LARGE': <%s>}", large));

  set_writer (TRUE);
  for (guint i = 0; i < N_RECORDS; i++)
    malt_relay_log_push (log, &record);
  g_clear_pointer (&log, malt_relay_log_free);
  write_all ();
  g_assert_cmpuint (writer.n_written, >, 0);
  g_assert_cmpuint (writer.n_written, <=, MAX_WRITTEN);
}

/* Names that a writer would take for something else are left out, and so are values that are no
 * text. */
static void
test_odd_fields (void)
{
  g_autoptr (MaltRelayLog) log = malt_relay_log_new ("a worker", 1);
  g_autofree char *long_name = g_strnfill (65, 'L');
  g_autoptr (GVariant) fields = g_variant_ref_sink (g_variant_new_parsed (
    "{'': <'x'>, '_PID': <'1'>, 'lower': <'x'>, 'A=B': <'x'>, 'A\\nB': <'x'>, '1A': <'x'>,"
    " 'Ä': <'x'>, 'MESSAGE': <'x'>, 'PRIORITY': <'0'>, 'GLIB_DOMAIN': <'x'>,"
    " 'GLIB_OLD_LOG_API': <'x'>, 'MALT_WORKER': <'x'>, %s: <'x'>, 'NUMBER': <1>,"
    " 'SYSLOG_IDENTIFIER': <'sudo'>, 'COREDUMP_EXE': <'x'>, 'OBJECT_PID': <'1'>,"
    " 'MESSAGE_ID': <'x'>, 'UNIT': <'x'>, 'UNITS': <'x'>, 'CODE_FILE': <'x'>,"
    " 'NO_BYTES': <@ay []>, 'NESTED': <<'x'>>, 'GOOD': <'a\\nb'>, 'BYTES': <b'x'>}", long_name));
  const MaltLogRecord record = {
    .level = (GLogLevelFlags) G_LOG_LEVEL_MASK, .message = "", .fields = fields,
    .n_left_out = G_MAXUINT - 1,
  };

  set_writer (TRUE);
  malt_relay_log_push (log, &record);
  write_all ();
  g_assert_cmpstr (writer.keys->str, ==,
                   "GLIB_OLD_LOG_API MESSAGE PRIORITY GLIB_DOMAIN MALT_WORKER MALT_WORKER_LEVEL "
                   "UNITS CODE_FILE GOOD BYTES MALT_FIELDS_LEFT_OUT ");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  writer.keys = g_string_new (NULL);
  g_log_set_writer_func (write_log, NULL, NULL);

  g_test_add_data_func ("/malt/relay/log/large-message", "message", test_large_parts);
  g_test_add_data_func ("/malt/relay/log/large-domain", "domain", test_large_parts);
  g_test_add_data_func ("/malt/relay/log/large-fields", "fields", test_large_parts);
  g_test_add_func ("/malt/relay/log/odd-fields", test_odd_fields);

  return g_test_run ();
}

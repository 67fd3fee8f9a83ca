/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What workers say to the log, told from what the program itself says: the records of a worker
 * have the field MALT_WORKER. */

#include <malt/malt.h>

#include <string.h>

static const char *
find_field (const GLogField *fields,
            gsize            n_fields,
            const char      *key)
{
  for (gsize i = 0; i < n_fields; i++)
    if (strcmp (fields[i].key, key) == 0)
      return fields[i].value;

  return NULL;
}

/* Runs in any thread, and may block: the worker does not notice. */
static GLogWriterOutput
write_log (GLogLevelFlags   level,
           const GLogField *fields,
           gsize            n_fields,
           gpointer         user_data)
{
  const char *worker = find_field (fields, n_fields, "MALT_WORKER");

  if (worker == NULL)
    return g_log_writer_default (level, fields, n_fields, user_data);

  g_print ("%s of %s\n  %s\n  PART=%s\n", find_field (fields, n_fields, "MALT_WORKER_LEVEL"),
           worker, find_field (fields, n_fields, "MESSAGE"), find_field (fields, n_fields, "PART"));

  return G_LOG_WRITER_HANDLED;
}

int
main (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltAbstractWorker) worker = NULL;

  g_log_set_writer_func (write_log, NULL, NULL);
  worker = malt_create_worker ("process", NULL, &error, NULL);
  if (worker == NULL
      || !malt_abstract_worker_remote_eval_wait (worker, NULL,
                                                 "malt.log ('warning', 'worn out', {PART = 'cog'})",
                                                 NULL, NULL, &error)
      || !malt_abstract_worker_stop (worker, MALT_STOP_TIMEOUT_DEFAULT, MALT_STOP_TIMEOUT_DEFAULT,
                                     NULL, NULL, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  return 0;
}

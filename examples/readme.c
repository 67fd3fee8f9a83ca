/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <malt/malt.h>

int
main (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (MaltAbstractWorker) worker = malt_create_worker ("process", NULL, &error, NULL);

  if (worker != NULL)
    value = malt_abstract_worker_remote_eval_fetch (worker, NULL, "6 * 7", NULL, NULL, &error);
  if (value == NULL)
    g_error ("%s", error->message);
  g_print ("%" G_GINT64_FORMAT "\n", g_variant_get_int64 (value));
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What goes to a worker, and what comes back, is GVariant. */

#include <malt/malt.h>

/* Arguments are a tuple, which the expression sees as “...”. */
static void
show_table (MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_remote_eval_fetch (
    worker, NULL, "local name, teeth = ... return {name = name:upper (), teeth = teeth * 2}",
    g_variant_new ("(sx)", "cog", G_GINT64_CONSTANT (12)), NULL, &error);
  const char *name;
  gint64 teeth;

  if (value == NULL)
    g_error ("%s", error->message);
  if (g_variant_lookup (value, "name", "&s", &name)
      && g_variant_lookup (value, "teeth", "x", &teeth))
    g_print ("%s: %s, %" G_GINT64_FORMAT "\n", g_variant_get_type_string (value), name, teeth);
}

/* Lua would answer an “av”; a call can ask for another type. */
static void
show_numbers (MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltCall) call = malt_call_new_eval (NULL, "return {1, 2, 3}", NULL);
  g_autoptr (GVariant) value = NULL;
  const double *numbers;
  gsize n_numbers;

  malt_call_set_result_type (call, G_VARIANT_TYPE ("ad"));
  value = malt_abstract_worker_send (worker, call, NULL, &error);
  if (value == NULL)
    g_error ("%s", error->message);

  numbers = g_variant_get_fixed_array (value, &n_numbers, sizeof (double));
  g_print ("%s: %g, the last of %" G_GSIZE_FORMAT "\n", g_variant_get_type_string (value),
           numbers[n_numbers - 1], n_numbers);
}

/* What cannot be sent is an error, and costs that call only. */
static void
show_function (MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value =
    malt_abstract_worker_remote_eval_fetch (worker, NULL, "return {print}", NULL, NULL, &error);

  if (g_error_matches (error, MALT_ERROR, MALT_ERROR_SERIALIZATION))
    g_print ("A function cannot be sent\n");
}

int
main (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltAbstractWorker) worker = malt_create_worker ("process", NULL, &error, NULL);

  if (worker == NULL)
    g_error ("%s", error->message);

  show_table (worker);
  show_numbers (worker);
  show_function (worker);

  return 0;
}

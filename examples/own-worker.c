/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A program that is its own worker: functions that are compiled into it are called in workers by
 * name, and need no module to be installed. */

#include <malt/malt.h>

#include <unistd.h>

static GVariant *
count_primes (MaltInvocation  *invocation,
              GVariant        *args,
              GVariant        *kwargs,
              gpointer         user_data,
              GError         **error)
{
  guint below, n_primes = 0;

  g_variant_get (args, "(u)", &below);
  for (guint number = 2; number < below; number++)
    {
      guint divisor = 2;

      if (g_cancellable_set_error_if_cancelled (malt_invocation_get_cancellable (invocation),
                                                error))
        return NULL;
      while (divisor * divisor <= number && number % divisor != 0)
        divisor++;
      n_primes += divisor * divisor > number;
    }

  return g_variant_new ("(ui)", n_primes, (int) getpid ());
}

static gboolean
load_primes (MaltModule  *module,
             GError     **error)
{
  malt_module_add_function (module, "count", "(u)", MALT_FUNCTION_FLAGS_NONE, count_primes, NULL,
                            NULL);
  return TRUE;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (MaltAbstractWorker) worker = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;
  guint n_primes;
  int pid;

  /* In the worker, malt_init() does not return: what it shall know is registered before. */
  malt_register_static_module ("primes", load_primes);
  malt_init (&argc, &argv);

  worker = malt_create_worker ("process", NULL, &error, "executable", "self", NULL);
  if (worker != NULL)
    value = malt_abstract_worker_remote_call_fetch (worker, "primes.count",
                                                    g_variant_new ("(u)", 1000), NULL, NULL,
                                                    &error);
  if (value == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  g_variant_get (value, "(ui)", &n_primes, &pid);
  g_print ("%u primes, counted by %s\n", n_primes, pid != getpid () ? "a worker" : "this process");
  return 0;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One of this process's own streams, led to a file for a while. */
typedef struct
{
  int fd;    /* the stream */
  int saved; /* where it led before */
  int file;
} Redirection;

static void
redirect (Redirection *self, int fd)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;

  self->fd = fd;
  self->file = g_file_open_tmp ("malt-contract-XXXXXX", &name, &error);
  g_assert_no_error (error);
  unlink (name);
  fcntl (self->file, F_SETFD, FD_CLOEXEC);
  fflush (NULL);
  self->saved = fcntl (fd, F_DUPFD_CLOEXEC, 10);
  g_assert_cmpint (dup2 (self->file, fd), ==, fd);
}

static gsize
get_redirected_size (Redirection *self)
{
  struct stat status;

  g_assert_cmpint (fstat (self->file, &status), ==, 0);
  return status.st_size;
}

/* Leads the stream back, and answers what was written. */
static char *
restore (Redirection *self)
{
  gsize size;
  char *text;

  fflush (NULL);
  size = get_redirected_size (self);
  text = g_malloc0 (size + 1);
  g_assert_cmpint (pread (self->file, text, size, 0), ==, size);
  g_assert_cmpint (dup2 (self->saved, self->fd), ==, self->fd);
  close (self->saved);
  close (self->file);
  return text;
}

static void
run (MaltAbstractWorker *worker, const char *expression)
{
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_remote_eval_wait (worker, NULL, expression, NULL, NULL, &error);
  g_assert_no_error (error);
}

static void
prefix (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) pid = contract_call (worker, "contract.pid", NULL);
  g_autofree char *expected_output = NULL;
  g_autofree char *expected_errors = NULL;
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;
  Redirection of_output, of_errors;

  redirect (&of_output, STDOUT_FILENO);
  redirect (&of_errors, STDERR_FILENO);
  run (worker, "print 'one' print 'two' io.stderr:write 'three\\n'");
  errors = restore (&of_errors);
  output = restore (&of_output);

  expected_output = g_strdup_printf ("[Worker %d]: one\n[Worker %d]: two\n",
                                     g_variant_get_int32 (pid), g_variant_get_int32 (pid));
  expected_errors = g_strdup_printf ("[Worker %d]: three\n", g_variant_get_int32 (pid));
  g_assert_cmpstr (output, ==, expected_output);
  g_assert_cmpstr (errors, ==, expected_errors);
}

static void
at_exit (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autofree char *output = NULL;
  Redirection redirection;

  redirect (&redirection, STDOUT_FILENO);
  run (worker, "io.write 'no newline'");
  contract_stop (worker);
  output = restore (&redirection);
  g_assert_true (g_str_has_suffix (output, "]: no newline\n"));
}

/* Blocking calls: nothing but the call itself moves the output. */
static void
order (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) defined = contract_eval (
    worker, "line = ('x'):rep (129) function write () for i = 1, 100 do print (line) end end",
    NULL);
  g_autofree char *output = NULL;
  gsize size = 0, missing = 0;
  Redirection redirection;

  redirect (&redirection, STDOUT_FILENO);
  for (guint i = 0; i < contract_times (1000); i++)
    {
      g_autoptr (GVariant) value = contract_call (worker, "write", NULL);
      gsize now = get_redirected_size (&redirection);

      missing += now < size + 13000;
      size = now;
    }
  output = restore (&redirection);
  g_assert_cmpuint (missing, ==, 0);
}

static void
inherit (Contract *contract)
{
  MaltAbstractWorker *worker;
  g_autofree char *output = NULL;
  Redirection redirection;

  redirect (&redirection, STDOUT_FILENO);
  worker = contract_start (contract, g_variant_new_parsed ("{'stdout': <'inherit'>}"));
  run (worker, "print 'as it is'");
  contract_stop (worker);
  output = restore (&redirection);
  g_assert_true (g_str_has_suffix (output, "as it is\n"));
}

static void
off (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (
    contract, g_variant_new_parsed ("{'stdout': <'lines'>}"));
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;
  Redirection of_output, of_errors;

  redirect (&of_output, STDOUT_FILENO);
  redirect (&of_errors, STDERR_FILENO);
  run (worker, "print 'unseen' io.stderr:write 'seen\\n'");
  errors = restore (&of_errors);
  output = restore (&of_output);
  g_assert_cmpstr (output, ==, "");
  g_assert_true (g_str_has_suffix (errors, "]: seen\n"));
}

const ContractCase contract_relay_cases[] = {
  { "/relay/prefix", prefix,
    .summary = "Each line is shown after the name of its worker",
    .option = "stdout" },
  { "/relay/at-exit", at_exit, .summary = "The last line is shown without a newline, too",
    .option = "stdout" },
  { "/relay/order", order, .summary = "Output is shown before the call returns",
    .option = "stdout" },
  { "/relay/inherit", inherit, .summary = "A worker may write to the manager's stream itself",
    .option = "stdout" },
  { "/relay/off", off, .summary = "Without relay nothing is shown",
    .option = "stdout" },
  { NULL }
};

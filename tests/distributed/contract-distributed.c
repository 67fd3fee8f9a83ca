/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/distributed/malt-nats-secured.h"
#include "tests/distributed/malt-nats-server.h"
#include "tests/distributed/malt-ssh-server.h"

#include <glib/gstdio.h>
#include <malt/malt-plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs the contract with workers on a host of this machine.
 *
 * usage: contract-distributed SET MODULES PROGRAM ARGUMENT...
 *
 * SET is nats, tls or ssh: what the host is reached through. MODULES is where the host's workers
 * find function modules. PROGRAM is test-contract, and gets more options. */

/* Many cases have several workers, and one sixteen. */
#define N_SLOTS 64

/* A line of malt-host that says that it serves. */
#define SERVES "Managers can ask this host"

/* One that is there without TLS, before that. */
#define SERVES_ALL "every user of this machine"

#define TLS_CONFIG \
  "tls { cert_file: \"@FOLDER@/server.pem\", key_file: \"@FOLDER@/server.key\", " \
  "ca_file: \"@FOLDER@/ca.pem\", verify: true }\n"

/* Those that cases set; of a host somebody has to have allowed them. */
#define ENVIRONMENT \
  "[\"A\", \"EMPTY\", \"G_DEBUG\", \"G_MESSAGES_DEBUG\", \"MALT_CONTRACT_SECRET\", " \
  "\"NOT_SET_AT_ALL\"]"

typedef struct
{
  MaltNatsSecured  secured; /* of the set tls */
  MaltNatsServer  *plain;   /* owned; of the set nats */
  MaltSshServer   *ssh;     /* owned; of the set ssh */
  char            *folder;  /* owned; of the set ssh: of a malt-host that has the configuration */
  char            *config;  /* owned: a file of malt-host */
  GSubprocess     *host;    /* owned */
} Setting;

static const char *
get_address (Setting *self)
{
  if (self->ssh != NULL)
    return "nats://127.0.0.1";
  return self->plain != NULL ? self->plain->address : self->secured.server->address;
}

static char *
new_host_config (Setting    *self,
                 const char *modules)
{
  const char *folder = self->secured.folder;
  g_autofree char *tls = NULL;

  if (folder != NULL)
    tls = g_strdup_printf ("\"tls\": {\"certificate\": \"%s/host.pem\", \"key\": \"%s/host.key\", "
                           "\"ca\": \"%s/ca.pem\"},", folder, folder, folder);
  return g_strdup_printf ("{\"servers\": [\"%s\"], \"host\": \"contract\", %s "
                          "\"pools\": {\"default\": {\"slots\": %d}}, "
                          "\"profiles\": {\"default\": {\"module-path\": [\"%s\"], "
                          "\"environment\": %s}}}",
                          get_address (self), tls != NULL ? tls : "", N_SLOTS, modules,
                          ENVIRONMENT);
}

static void
write_config (Setting    *self,
              const char *modules)
{
  g_autofree char *text = new_host_config (self, modules);
  g_autoptr (GError) error = NULL;
  int fd = g_file_open_tmp ("malt-host-XXXXXX.json", &self->config, &error);

  g_assert_no_error (error);
  close (fd);
  g_file_set_contents (self->config, text, -1, &error);
  g_assert_no_error (error);
}

/* Over ssh it is started as “malt-host” without a configuration. */
static void
write_program (Setting *self)
{
  g_autofree char *path = g_build_filename (self->folder, "malt-host", NULL);
  g_autofree char *text = g_strdup_printf ("#!/bin/sh\nexec %s/malt-host --config %s \"$@\"\n",
                                           g_getenv ("MALT_HOST_FOLDER"), self->config);
  g_autoptr (GError) error = NULL;

  g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, 0700, &error);
  g_assert_no_error (error);
}

/* Returns when it serves. What it says then goes nowhere. */
static void
start_host (Setting *self)
{
  g_autofree char *program = g_build_filename (g_getenv ("MALT_HOST_FOLDER"), "malt-host", NULL);
  g_autoptr (GDataInputStream) lines = NULL;
  g_autofree char *line = NULL;
  g_autoptr (GError) error = NULL;
  gboolean is_for_all = FALSE;

  self->host = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE,
                                 &error, program, "--config", self->config, NULL);
  g_assert_no_error (error);
  lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->host));
  do
    {
      g_free (line);
      line = g_data_input_stream_read_line (lines, NULL, NULL, &error);
      g_assert_no_error (error);
      g_assert_nonnull (line);
      is_for_all |= strstr (line, SERVES_ALL) != NULL;
    }
  while (strstr (line, SERVES) == NULL);
  g_assert_cmpint (is_for_all, ==, self->secured.folder == NULL);
}

static MaltSshServer *
new_ssh_server (const char *folder)
{
  g_autofree char *path = g_strdup_printf ("PATH=%s:/usr/bin:/bin", folder);
  g_autofree char *worker = g_strdup_printf ("MALT_WORKER=%s", g_getenv ("MALT_WORKER"));
  g_autofree char *plugins = g_strdup_printf ("MALT_PLUGIN_PATH=%s", g_getenv ("MALT_PLUGIN_PATH"));
  const char *const environment[] = { path, worker, plugins, NULL };

  return malt_ssh_server_new (environment);
}

/* FALSE: something is missing on this machine. */
static gboolean
setting_init (Setting    *self,
              const char *set)
{
  const char *const names[] = { "host", "manager", NULL };

  if (g_str_equal (set, "tls"))
    return malt_nats_secured_init (&self->secured, TLS_CONFIG, "@FOLDER@", names);

  if (g_str_equal (set, "ssh"))
    {
      self->folder = g_dir_make_tmp ("malt-test-XXXXXX", NULL);
      self->ssh = new_ssh_server (self->folder);
      return self->ssh != NULL;
    }

  self->plain = malt_nats_server_new (NULL);
  return self->plain != NULL;
}

static void
setting_clear (Setting *self)
{
  if (self->host != NULL)
    {
      g_subprocess_send_signal (self->host, SIGTERM);
      g_subprocess_wait (self->host, NULL, NULL);
    }
  g_clear_object (&self->host);
  if (self->config != NULL)
    g_unlink (self->config);
  g_clear_pointer (&self->config, g_free);
  if (self->secured.server != NULL)
    malt_nats_secured_clear (&self->secured);
  g_clear_pointer (&self->plain, malt_nats_server_free);
  g_clear_pointer (&self->ssh, malt_ssh_server_free);
  if (self->folder != NULL)
    {
      g_autofree char *program = g_build_filename (self->folder, "malt-host", NULL);

      g_unlink (program);
      g_rmdir (self->folder);
    }
  g_clear_pointer (&self->folder, g_free);
}

static void
add_option (GStrvBuilder *arguments,
            const char   *name,
            const char   *before,
            const char   *value,
            const char   *after)
{
  g_autofree char *option = g_strconcat (name, "=", before, value, after, NULL);

  g_strv_builder_add_many (arguments, "--option", option, NULL);
}

static int
run (Setting     *self,
     const char **rest)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) arguments = NULL;
  g_autoptr (GSubprocess) program = NULL;
  g_autoptr (GError) error = NULL;

  g_strv_builder_addv (builder, rest);
  g_strv_builder_add_many (builder, "--backend", "distributed", "--needs-options", NULL);
  if (self->ssh != NULL)
    {
      g_autofree char *arguments_text = g_strjoinv ("', '", self->ssh->arguments);

      add_option (builder, "launcher", "", "ssh", NULL);
      add_option (builder, "ssh-destination", "", self->ssh->destination, NULL);
      add_option (builder, "ssh-arguments", "['", arguments_text, "']");
    }
  else
    add_option (builder, "servers", "['", get_address (self), "']");
  if (self->secured.folder != NULL)
    {
      add_option (builder, "tls-certificate", self->secured.folder, "/manager.pem", NULL);
      add_option (builder, "tls-key", self->secured.folder, "/manager.key", NULL);
      add_option (builder, "tls-ca", self->secured.folder, "/ca.pem", NULL);
    }
  arguments = g_strv_builder_end (builder);
  program = g_subprocess_newv ((const char *const *) arguments, G_SUBPROCESS_FLAGS_NONE, &error);
  g_assert_no_error (error);
  g_subprocess_wait (program, NULL, &error);
  g_assert_no_error (error);

  return g_subprocess_get_if_exited (program) ? g_subprocess_get_exit_status (program)
                                              : EXIT_FAILURE;
}

int
main (int    argc,
      char **argv)
{
  Setting setting = { 0 };
  int status = EXIT_SUCCESS;
  int n_arguments = 1;

  g_assert_cmpint (argc, >=, 4);
  g_test_init (&n_arguments, &argv, NULL);
  if (setting_init (&setting, argv[1]))
    {
      write_config (&setting, argv[2]);
      if (setting.ssh != NULL)
        write_program (&setting);
      else
        start_host (&setting);
      status = run (&setting, (const char **) argv + 3);
    }
  else
    printf ("1..0 # SKIP nats-server, openssl or sshd is not installed\n");
  setting_clear (&setting);
  return status;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/distributed/malt-ssh-server.h"

#include "tests/distributed/malt-nats-server.h"

#include <glib/gstdio.h>

/* Where sshd shuts itself in when it is root's; what starts it makes the folder. */
#define SSH_EMPTY_FOLDER "/run/sshd"

static const char config_format[] =
  "ListenAddress 127.0.0.1\n"
  "Port %d\n"
  "HostKey %s/host-key\n"
  "PidFile none\n"
  "AuthorizedKeysFile %s/key.pub\n"
  "StrictModes no\n"
  "UsePAM no\n"
  "PasswordAuthentication no\n"
  "KbdInteractiveAuthentication no\n"
  "PermitRootLogin yes\n"
  "MaxStartups 100\n"
  "SetEnv %s\n";

/* Of one that is not there, the name: sshd wants to be called by its path. (transfer full) */
static char *
find_sshd (void)
{
  char *path = g_find_program_in_path ("sshd");

  if (path == NULL && g_file_test ("/usr/sbin/sshd", G_FILE_TEST_IS_EXECUTABLE))
    path = g_strdup ("/usr/sbin/sshd");

  return path;
}

static gboolean
is_there (const char *sshd)
{
  g_autofree char *ssh = g_find_program_in_path ("ssh");
  const char *reason = NULL;

  if (sshd == NULL)
    reason = "sshd is not installed";
  else if (ssh == NULL)
    reason = "ssh is not installed";
  else if (geteuid () == 0 && g_mkdir (SSH_EMPTY_FOLDER, 0755) != 0
           && !g_file_test (SSH_EMPTY_FOLDER, G_FILE_TEST_IS_DIR))
    reason = "sshd has no folder " SSH_EMPTY_FOLDER;
  if (reason != NULL)
    g_test_skip (reason);

  return reason == NULL;
}

static void
run (const char *const *argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process =
    g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_STDOUT_SILENCE, &error);

  g_assert_no_error (error);
  g_subprocess_wait_check (process, NULL, &error);
  g_assert_no_error (error);
}

static void
make_key (const char *path)
{
  run ((const char *const[]) { "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path, NULL });
}

static void
write_file (MaltSshServer *self,
            const char    *name,
            const char    *text)
{
  g_autofree char *path = g_build_filename (self->folder, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

static void
write_files (MaltSshServer     *self,
             const char *const *environment)
{
  g_autofree char *host_key = g_build_filename (self->folder, "host-key", NULL);
  g_autofree char *public_key = g_strconcat (host_key, ".pub", NULL);
  g_autofree char *key = g_build_filename (self->folder, "key", NULL);
  g_autofree char *variables = g_strjoinv (" ", (char **) environment);
  g_autofree char *config = g_strdup_printf (config_format, self->port, self->folder, self->folder,
                                             variables);
  g_autofree char *known = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  make_key (host_key);
  make_key (key);
  g_file_get_contents (public_key, &text, NULL, &error);
  g_assert_no_error (error);
  known = g_strdup_printf ("[127.0.0.1]:%d %s", self->port, text);
  write_file (self, "known-hosts", known);
  write_file (self, "config", config);
}

static void
start (MaltSshServer *self,
       const char    *sshd)
{
  g_autofree char *config = g_build_filename (self->folder, "config", NULL);
  const char *const argv[] = { sshd, "-D", "-e", "-f", config, NULL };

  self->process = malt_server_start (self->port, argv);
}

MaltSshServer *
malt_ssh_server_new (const char *const *environment)
{
  g_autofree char *sshd = find_sshd ();
  g_autoptr (GError) error = NULL;
  MaltSshServer *self;

  if (!is_there (sshd))
    return NULL;

  self = g_new0 (MaltSshServer, 1);
  self->folder = g_dir_make_tmp ("malt-sshd-XXXXXX", &error);
  g_assert_no_error (error);
  self->port = malt_server_find_port ();
  self->destination = g_strdup_printf ("%s@127.0.0.1", g_get_user_name ());
  write_files (self, environment);
  self->arguments = g_new0 (char *, 12);
  self->arguments[0] = g_strdup ("-F");
  self->arguments[1] = g_strdup ("none");
  self->arguments[2] = g_strdup ("-p");
  self->arguments[3] = g_strdup_printf ("%d", self->port);
  self->arguments[4] = g_strdup ("-i");
  self->arguments[5] = g_build_filename (self->folder, "key", NULL);
  self->arguments[6] = g_strdup ("-o");
  self->arguments[7] = g_strdup ("IdentitiesOnly=yes");
  self->arguments[8] = g_strdup ("-o");
  self->arguments[9] = g_strdup_printf ("UserKnownHostsFile=%s/known-hosts", self->folder);
  start (self, sshd);

  return self;
}

void
malt_ssh_server_free (MaltSshServer *self)
{
  static const char *const names[] = { "host-key", "host-key.pub", "key", "key.pub", "known-hosts",
    "config" };

  g_subprocess_force_exit (self->process);
  g_subprocess_wait (self->process, NULL, NULL);
  g_object_unref (self->process);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (self->folder, names[i], NULL);

      g_remove (path);
    }
  g_rmdir (self->folder);
  g_strfreev (self->arguments);
  g_free (self->destination);
  g_free (self->folder);
  g_free (self);
}

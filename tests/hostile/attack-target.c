/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/hostile/attack-target.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The user and group "nobody" of most systems. It has no files. */
#define NOBODY 65534

/* The number of the descriptor that workers must not have. */
#define DESCRIPTOR_MIN 50

static const char *const libraries[] = { "attacks.so", "attacks-more.so" };

static const char *
get_worker (void)
{
  const char *worker = g_getenv ("MALT_WORKER");

  return worker != NULL ? worker : "";
}

const char *
attack_become_nobody (char **argv)
{
  if (geteuid () == 0)
    {
      if (setgroups (0, NULL) != 0 || setresgid (NOBODY, NOBODY, NOBODY) != 0
          || setresuid (NOBODY, NOBODY, NOBODY) != 0)
        return "root may not become another user here";
      /* A program that changes its user is not its user's to look into until the next one. */
      execv ("/proc/self/exe", argv);
      return "the test is not to be executed by others than root";
    }

  if (access (get_worker (), X_OK) != 0)
    return "the worker is not to be executed by others than root";
  return NULL;
}

static void
copy_library (AttackTargets *self,
              const char    *name)
{
  g_autofree char *from = g_test_build_filename (G_TEST_BUILT, "modules", name, NULL);
  g_autofree char *to = g_build_filename (self->modules, name, NULL);
  g_autofree char *content = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  g_file_get_contents (from, &content, &length, &error);
  g_assert_no_error (error);
  g_file_set_contents (to, content, (gssize) length, &error);
  g_assert_no_error (error);
}

static void
write_file (AttackTargets *self,
            const char    *name)
{
  g_autofree char *path = g_build_filename (self->home, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, name, -1, &error);
  g_assert_no_error (error);
}

void
attack_targets_renew (AttackTargets *self)
{
  write_file (self, "secret");
  write_file (self, "victim");
}

static int
listen_on (const void *address,
           socklen_t   size)
{
  int fd = socket (((const struct sockaddr *) address)->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (bind (fd, address, size), ==, 0);
  g_assert_cmpint (listen (fd, 128), ==, 0);
  return fd;
}

/* Nobody accepts: the queue is long enough for all. */
static void
listen_everywhere (AttackTargets *self)
{
  struct sockaddr_in port = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct sockaddr_un path = { .sun_family = AF_UNIX };
  struct sockaddr_un name = { .sun_family = AF_UNIX };
  socklen_t size = sizeof port;

  self->listeners[0] = listen_on (&port, sizeof port);
  g_assert_cmpint (getsockname (self->listeners[0], (struct sockaddr *) &port, &size), ==, 0);
  self->port = ntohs (port.sin_port);

  g_strlcpy (path.sun_path, self->socket, sizeof path.sun_path);
  self->listeners[1] = listen_on (&path, sizeof path);

  g_strlcpy (name.sun_path + 1, self->name, sizeof name.sun_path - 1);
  self->listeners[2] = listen_on (&name, (socklen_t) (offsetof (struct sockaddr_un, sun_path) + 1
                                                      + strlen (self->name)));
}

AttackTargets *
attack_targets_new (void)
{
  AttackTargets *self = g_new0 (AttackTargets, 1);
  g_autoptr (GError) error = NULL;
  int root;

  self->folder = g_dir_make_tmp ("malt-attacks-XXXXXX", &error);
  g_assert_no_error (error);
  self->home = g_build_filename (self->folder, "home", NULL);
  self->modules = g_build_filename (self->folder, "modules", NULL);
  self->socket = g_build_filename (self->folder, "socket", NULL);
  self->name = g_path_get_basename (self->folder);
  g_assert_cmpint (g_mkdir (self->home, 0700), ==, 0);
  g_assert_cmpint (g_mkdir (self->modules, 0700), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (libraries); i++)
    copy_library (self, libraries[i]);
  listen_everywhere (self);

  root = open ("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  self->descriptor = fcntl (root, F_DUPFD, DESCRIPTOR_MIN);
  g_assert_cmpint (self->descriptor, >=, DESCRIPTOR_MIN);
  close (root);
  return self;
}

GVariant *
attack_targets_to_args (AttackTargets *self)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "manager", "i", (int) getpid ());
  g_variant_dict_insert (&dict, "descriptor", "i", self->descriptor);
  g_variant_dict_insert (&dict, "port", "q", self->port);
  g_variant_dict_insert (&dict, "home", "s", self->home);
  g_variant_dict_insert (&dict, "modules", "s", self->modules);
  g_variant_dict_insert (&dict, "socket", "s", self->socket);
  g_variant_dict_insert (&dict, "name", "s", self->name);
  return g_variant_new ("(@a{sv})", g_variant_dict_end (&dict));
}

static void
remove_file (const char *folder,
             const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_remove (path);
}

void
attack_targets_free (AttackTargets *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (self->listeners); i++)
    close (self->listeners[i]);
  close (self->descriptor);
  for (gsize i = 0; i < G_N_ELEMENTS (libraries); i++)
    remove_file (self->modules, libraries[i]);
  remove_file (self->home, "secret");
  remove_file (self->home, "victim");
  remove_file (self->home, "large");
  g_remove (self->home);
  g_remove (self->modules);
  g_remove (self->socket);
  g_remove (self->folder);
  g_free (self->folder);
  g_free (self->home);
  g_free (self->modules);
  g_free (self->socket);
  g_free (self->name);
  g_free (self);
}

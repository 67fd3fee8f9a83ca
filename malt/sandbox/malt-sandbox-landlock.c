/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/sandbox/malt-sandbox-landlock-private.h"

#include <gio/gio.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Source: the kernel's Documentation/userspace-api/landlock.rst; rights by the version that brought
 * them. The last that changes what can be handled is 6. */
#define FS_RIGHTS_ABI_1 ((G_GUINT64_CONSTANT (1) << 13) - 1)
#define FS_RIGHT_REFER (G_GUINT64_CONSTANT (1) << 13)
#define FS_RIGHT_TRUNCATE (G_GUINT64_CONSTANT (1) << 14)
#define FS_RIGHT_IOCTL_DEV (G_GUINT64_CONSTANT (1) << 15)
#define NET_RIGHTS_TCP (G_GUINT64_CONSTANT (3))
#define SCOPES (G_GUINT64_CONSTANT (3)) /* abstract sockets, signals */

/* As of version 6; older ones take the beginning. */
typedef struct
{
  guint64 handled_access_fs;
  guint64 handled_access_net; /* from 4 */
  guint64 scoped;             /* from 6 */
} RulesetAttributes;

guint
malt_sandbox_landlock_get_abi (const char **reason)
{
  long abi = syscall (SYS_landlock_create_ruleset, NULL, (gsize) 0,
                      LANDLOCK_CREATE_RULESET_VERSION);

  if (abi >= 1)
    return (guint) abi;

  if (errno == ENOSYS)
    *reason = "the kernel was built without Landlock";
  else if (errno == EOPNOTSUPP)
    *reason = "Landlock is disabled (“lsm=” of the kernel's command line)";
  else
    *reason = g_strerror (errno);

  return 0;
}

static gboolean
fail (GError     **error,
      const char  *what)
{
  int saved_errno = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "%s: %s",
               what, g_strerror (saved_errno));

  return FALSE;
}

/* Everything that this kernel can refuse. (transfer full): a descriptor, or −1 with errno. */
static int
create_ruleset (guint abi)
{
  RulesetAttributes attributes = { .handled_access_fs = FS_RIGHTS_ABI_1 };
  gsize size = sizeof attributes.handled_access_fs;

  if (abi >= 2)
    attributes.handled_access_fs |= FS_RIGHT_REFER;
  if (abi >= 3)
    attributes.handled_access_fs |= FS_RIGHT_TRUNCATE;
  if (abi >= 4)
    {
      attributes.handled_access_net = NET_RIGHTS_TCP;
      size = G_STRUCT_OFFSET (RulesetAttributes, scoped);
    }
  if (abi >= 5)
    attributes.handled_access_fs |= FS_RIGHT_IOCTL_DEV;
  if (abi >= 6)
    {
      attributes.scoped = SCOPES;
      size = sizeof attributes;
    }

  return (int) syscall (SYS_landlock_create_ruleset, &attributes, size, 0u);
}

static gboolean
allow_reading (int          ruleset,
               const char  *path,
               GError     **error)
{
  struct landlock_path_beneath_attr rule = { .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE };
  struct stat info;
  long result;

  rule.parent_fd = open (path, O_PATH | O_CLOEXEC);
  if (rule.parent_fd < 0)
    return errno == ENOENT || errno == ENOTDIR || errno == EACCES || fail (error, path);

  if (fstat (rule.parent_fd, &info) == 0 && S_ISDIR (info.st_mode))
    rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
  result = syscall (SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0u);
  if (result != 0)
    fail (error, path);
  close (rule.parent_fd);

  return result == 0;
}

gboolean
malt_sandbox_landlock_apply (const char *const  *readable,
                             GError            **error)
{
  const char *reason = NULL;
  guint abi = malt_sandbox_landlock_get_abi (&reason);
  gboolean is_applied = TRUE;
  int ruleset;

  if (abi == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, reason);
      return FALSE;
    }

  ruleset = create_ruleset (abi);
  if (ruleset < 0)
    return fail (error, "Cannot make a set of rules");

  for (gsize i = 0; readable != NULL && readable[i] != NULL && is_applied; i++)
    is_applied = allow_reading (ruleset, readable[i], error);
  if (is_applied && syscall (SYS_landlock_restrict_self, ruleset, 0u) != 0)
    is_applied = fail (error, "Cannot restrict the process");
  close (ruleset);

  return is_applied;
}

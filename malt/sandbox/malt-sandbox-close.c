/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/sandbox/malt-sandbox-close-private.h"

#include "malt/malt-nesting-private.h"
#include "malt/sandbox/malt-sandbox-landlock-private.h"
#include "malt/sandbox/malt-sandbox-launcher-private.h"
#include "malt/sandbox/malt-sandbox-limits-private.h"
#include "malt/sandbox/malt-sandbox-profile-private.h"
#include "malt/sandbox/malt-sandbox-seccomp-private.h"

#include <gio/gio.h>

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* One step after the other, from what refuses least to what refuses most. */
typedef struct
{
  GVariant     *setup;   /* not owned */
  MaltSandbox   profile;
  GStrvBuilder *applied; /* owned */
} Closing;

/* Set by the launcher, bwrap; nobody asked for them. */
static const char *const launcher_variables[] = { MALT_SANDBOX_ORIGIN_VARIABLE, "PWD" };

static gboolean
fail_errno (GError     **error,
            const char  *what)
{
  int saved_errno = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "%s: %s",
               what, g_strerror (saved_errno));

  return FALSE;
}

static gboolean
set_option (int           option,
            unsigned long value,
            const char   *what,
            GError      **error)
{
  return prctl (option, value, 0ul, 0ul, 0ul) == 0 || fail_errno (error, what);
}

static gboolean
has_one_task_in_proc (void)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);

  return tasks != NULL && g_dir_read_name (tasks) != NULL && g_dir_read_name (tasks) == NULL;
}

/* Landlock is for the calling thread and those that it starts. To ask the kernel for memory of its
 * own does nothing in a process with one thread, and fails in others; it works without /proc. Where
 * somebody forbids it, /proc has to do.
 *
 * Source: unshare(2), CLONE_VM. */
static gboolean
check_one_thread (GError **error)
{
  if (unshare (CLONE_VM) == 0 || (errno != EINVAL && has_one_task_in_proc ()))
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                       "A module or the evaluator has started a thread, which would stay outside");

  return FALSE;
}

static gboolean
close_limits (Closing  *self,
              GError  **error)
{
  if (!malt_sandbox_limits_apply (self->setup, error)
      || !set_option (PR_SET_NO_NEW_PRIVS, 1, "Cannot give up new privileges", error))
    return FALSE;

  g_strv_builder_add_many (self->applied, "limits", "no-new-privs", NULL);

  return TRUE;
}

/* What root may beyond others; who is not root has none of it. */
static gboolean
drop_capabilities (GError **error)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

  return syscall (SYS_capset, &header, none) == 0
         || fail_errno (error, "Cannot drop capabilities");
}

/* Nobody of the same user looks into it, and it cannot outlive the manager: what it could do about
 * the signal is refused from here on, and it has started nothing that would have to be ended. */
static gboolean
close_process (Closing  *self,
               GError  **error)
{
  if (!drop_capabilities (error)
      || !set_option (PR_SET_DUMPABLE, 0, "Cannot refuse to be looked into", error)
      || !set_option (PR_SET_PDEATHSIG, SIGKILL,
                      "Cannot ask for a signal at the end of the manager", error))
    return FALSE;

  for (guint i = 0; self->profile == MALT_SANDBOX_ISOLATED
                    && i < G_N_ELEMENTS (launcher_variables); i++)
    g_unsetenv (launcher_variables[i]);
  g_strv_builder_add (self->applied, "not-dumpable");

  return TRUE;
}

static gboolean
close_files (Closing  *self,
             GError  **error)
{
  g_autofree const char **readable = NULL;
  g_autofree char *name = NULL;
  const char *reason;
  guint abi = malt_sandbox_landlock_get_abi (&reason);

  g_variant_lookup (self->setup, "readable", "^a&ay", &readable);
  if (!malt_sandbox_landlock_apply ((const char *const *) readable, error))
    {
      g_prefix_error (error, "Landlock: ");
      return FALSE;
    }

  name = g_strdup_printf ("landlock-%u", abi);
  g_strv_builder_add (self->applied, name);

  return TRUE;
}

static gboolean
close_system_calls (Closing  *self,
                    GError  **error)
{
  g_autoptr (GVariant) instructions = g_variant_lookup_value (self->setup, "filter",
                                                              G_VARIANT_TYPE_BYTESTRING);
  g_autoptr (GBytes) filter = instructions != NULL ? g_variant_get_data_as_bytes (instructions)
                                                   : g_bytes_new_static (NULL, 0);

  if (!malt_sandbox_seccomp_apply (filter, error))
    {
      g_prefix_error (error, "seccomp: ");
      return FALSE;
    }

  malt_nesting_forbid (malt_sandbox_get_name (self->profile));
  g_strv_builder_add (self->applied, "seccomp");

  return TRUE;
}

char **
malt_sandbox_close (GVariant  *sandbox,
                    GError   **error)
{
  g_autoptr (GStrvBuilder) applied = g_strv_builder_new ();
  g_autoptr (GError) step_error = NULL;
  Closing self = { sandbox, MALT_SANDBOX_NONE, applied };
  const char *name = "";

  g_variant_lookup (sandbox, "profile", "&s", &name);
  if (!malt_sandbox_parse (name, &self.profile, error))
    return NULL;

  if ((self.profile < MALT_SANDBOX_LIMITS || close_limits (&self, &step_error))
      && (self.profile < MALT_SANDBOX_STRICT
          || (check_one_thread (&step_error)
              && close_process (&self, &step_error)
              && close_files (&self, &step_error)
              && close_system_calls (&self, &step_error))))
    return g_strv_builder_end (applied);

  malt_sandbox_set_error (error, self.profile, "%s", step_error->message);

  return NULL;
}

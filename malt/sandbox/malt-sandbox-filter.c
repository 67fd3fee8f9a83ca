/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/sandbox/malt-sandbox-filter-private.h"

#include <gio/gio.h>

#ifdef HAVE_SECCOMP

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <gmodule.h>
#include <linux/close_range.h>
#include <linux/prctl.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* By the name of its ABI: the one without a number is for compilers. Loaded when a manager wants
 * the first filter; nothing else of malt needs it. */
#define SECCOMP_LIBRARY "libseccomp.so.2"

/* A filter has some 250 instructions of 8 bytes. */
#define FILTER_MAX_BYTES (32u * 1024)

/* prctl() of malloc(), which names its memory; libc's headers of the floor do not have it. */
#define NAME_MEMORY 0x53564d41

static struct
{
  __typeof__ (seccomp_init)                 *init;
  __typeof__ (seccomp_release)              *release;
  __typeof__ (seccomp_attr_set)             *attr_set;
  __typeof__ (seccomp_rule_add_array)       *rule_add_array;
  __typeof__ (seccomp_syscall_resolve_name) *resolve_name;
  __typeof__ (seccomp_export_bpf)           *export_bpf;
} library; /* protected by @filters_lock */

static GBytes *filters[2]; /* owned (nullable): without native code, with it; protected likewise */
static GMutex filters_lock;

/* What GLib's main loop, threads, files and random numbers need, and the C libraries of Lua. That a
 * path may be written to is for Landlock to refuse. No call that makes or connects a socket: one
 * for datagrams, even of a pair, can write to any socket that has a path. None that locks a file or
 * has it flushed: others feel that. */
static const char *const allowed[] = {
  "access", "arch_prctl", "brk", "clock_getres", "clock_gettime", "clock_nanosleep", "close",
  "dup", "dup2", "dup3", "epoll_create1", "epoll_ctl", "epoll_pwait",
  "epoll_pwait2", "epoll_wait", "eventfd2", "exit", "exit_group", "faccessat", "faccessat2",
  "fadvise64", "fallocate", "fstat", "fstatfs", "ftruncate", "futex", "futex_waitv", "getcwd",
  "getdents64", "getegid", "geteuid", "getgid", "getgroups", "getpeername", "getpgid", "getpgrp",
  "getpid", "getppid", "getrandom", "get_robust_list", "getrusage", "getsid", "getsockname",
  "getsockopt", "gettid", "gettimeofday", "getuid", "kill", "lseek", "lstat", "madvise",
  "membarrier", "mincore", "mkdir", "mkdirat", "mremap", "munmap", "nanosleep", "newfstatat",
  "pause", "pipe", "pipe2", "poll", "ppoll", "pread64", "preadv", "pselect6", "pwrite64", "pwritev",
  "read", "readlink", "readlinkat", "readv", "recvfrom", "recvmsg", "rename", "renameat",
  "renameat2", "restart_syscall", "rmdir", "rseq", "rt_sigaction", "rt_sigpending",
  "rt_sigprocmask", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "sched_getaffinity",
  "sched_getparam", "sched_getscheduler", "sched_get_priority_max", "sched_get_priority_min",
  "sched_yield", "select", "sendmsg", "sendto", "set_robust_list", "set_tid_address", "shutdown",
  "sigaltstack", "signalfd4", "stat", "statfs", "statx", "sysinfo", "tgkill", "time",
  "timerfd_create", "timerfd_gettime", "timerfd_settime", "times", "umask", "uname", "unlink",
  "unlinkat", "write", "writev",
};

/* libc falls back to older calls, whose arguments a filter can see. */
static const char *const unknown[] = { "clone3", "io_uring_setup", "openat2" };

typedef struct
{
  const char          *name;
  guint                n_conditions;
  struct scmp_arg_cmp  conditions[2];
} GuardedCall;

#define ARGUMENT_IS(index, value) { index, SCMP_CMP_EQ, value, 0 }
#define ARGUMENT_HAS(index, mask, value) { index, SCMP_CMP_MASKED_EQ, mask, value }

/* A thread with descriptors of its own would have a limit of them of its own. */
#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define NAMESPACE_FLAGS \
  (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET \
   | CLONE_NEWCGROUP)

static const GuardedCall guarded[] = {
  /* Threads; no process, no namespace. */
  { "clone", 1, { ARGUMENT_HAS (0, THREAD_FLAGS | NAMESPACE_FLAGS, THREAD_FLAGS) } },
  { "close_range", 1, { ARGUMENT_HAS (2, CLOSE_RANGE_UNSHARE, 0) } },
  /* Old versions of Landlock do not see that what may only be read is made empty. */
  { "open", 1, { ARGUMENT_HAS (1, O_TRUNC, 0) } },
  { "openat", 1, { ARGUMENT_HAS (2, O_TRUNC, 0) } },
  /* Its own limits can be read. */
  { "getrlimit", 0, { { 0 } } },
  { "prlimit64", 2, { ARGUMENT_IS (0, 0), ARGUMENT_IS (2, 0) } },
  { "fcntl", 1, { ARGUMENT_IS (1, F_DUPFD) } },
  { "fcntl", 1, { ARGUMENT_IS (1, F_DUPFD_CLOEXEC) } },
  { "fcntl", 1, { ARGUMENT_IS (1, F_GETFD) } },
  { "fcntl", 1, { ARGUMENT_IS (1, F_GETFL) } },
  { "fcntl", 1, { ARGUMENT_IS (1, F_GET_SEALS) } },
  { "fcntl", 1, { ARGUMENT_IS (1, F_SETFD) } },
  { "fcntl", 1, { ARGUMENT_IS (1, F_SETFL) } },
  { "ioctl", 1, { ARGUMENT_IS (1, FIONBIO) } },
  { "ioctl", 1, { ARGUMENT_IS (1, FIONREAD) } },
  { "ioctl", 1, { ARGUMENT_IS (1, SIOCOUTQ) } },
  { "ioctl", 1, { ARGUMENT_IS (1, TCGETS) } },
  { "ioctl", 1, { ARGUMENT_IS (1, TCGETS2) } },
  { "ioctl", 1, { ARGUMENT_IS (1, TIOCGWINSZ) } },
  { "prctl", 1, { ARGUMENT_IS (0, NAME_MEMORY) } },
  { "prctl", 1, { ARGUMENT_IS (0, PR_GET_NAME) } },
  { "prctl", 1, { ARGUMENT_IS (0, PR_SET_NAME) } },
};

/* No memory becomes code. */
static const GuardedCall data_only[] = {
  { "mmap", 1, { ARGUMENT_HAS (2, PROT_EXEC, 0) } },
  { "mprotect", 1, { ARGUMENT_HAS (2, PROT_EXEC, 0) } },
};

static gboolean
load_symbol (GModule     *module,
             const char  *name,
             gpointer    *symbol,
             GError     **error)
{
  if (g_module_symbol (module, name, symbol) && *symbol != NULL)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "%s has no %s()",
               SECCOMP_LIBRARY, name);

  return FALSE;
}

static gboolean
load_library_locked (GError **error)
{
  GModule *module;

  if (library.export_bpf != NULL)
    return TRUE;

  module = g_module_open (SECCOMP_LIBRARY, G_MODULE_BIND_LAZY | G_MODULE_BIND_LOCAL);
  if (module == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "libseccomp is not installed: %s",
                   g_module_error ());
      return FALSE;
    }

  g_module_make_resident (module);

  return load_symbol (module, "seccomp_init", (gpointer *) &library.init, error)
         && load_symbol (module, "seccomp_release", (gpointer *) &library.release, error)
         && load_symbol (module, "seccomp_attr_set", (gpointer *) &library.attr_set, error)
         && load_symbol (module, "seccomp_rule_add_array", (gpointer *) &library.rule_add_array,
                         error)
         && load_symbol (module, "seccomp_syscall_resolve_name",
                         (gpointer *) &library.resolve_name, error)
         && load_symbol (module, "seccomp_export_bpf", (gpointer *) &library.export_bpf, error);
}

/* A call that this architecture, or this libseccomp, does not know is refused as it is. */
static int
add_rule (scmp_filter_ctx             context,
          guint32                     action,
          const char                 *name,
          guint                       n_conditions,
          const struct scmp_arg_cmp  *conditions)
{
  int number = library.resolve_name (name);

  return number == __NR_SCMP_ERROR
           ? 0 : library.rule_add_array (context, action, number, n_conditions, conditions);
}

static int
add_guarded (scmp_filter_ctx    context,
             const GuardedCall *calls,
             gsize              n_calls)
{
  int result = 0;

  for (gsize i = 0; i < n_calls && result == 0; i++)
    result = add_rule (context, SCMP_ACT_ALLOW, calls[i].name, calls[i].n_conditions,
                       calls[i].conditions);

  return result;
}

static int
fill (scmp_filter_ctx context,
      gboolean        allow_native_code)
{
  int result;

  /* Of another architecture (int 0x80, x32) the numbers mean other calls. */
  result = library.attr_set (context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  /* A tree instead of a list: only faster, and not known to all versions. */
  library.attr_set (context, SCMP_FLTATR_CTL_OPTIMIZE, 2);

  for (gsize i = 0; i < G_N_ELEMENTS (allowed) && result == 0; i++)
    result = add_rule (context, SCMP_ACT_ALLOW, allowed[i], 0, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (unknown) && result == 0; i++)
    result = add_rule (context, SCMP_ACT_ERRNO (ENOSYS), unknown[i], 0, NULL);
  if (result == 0)
    result = add_guarded (context, guarded, G_N_ELEMENTS (guarded));

  for (gsize i = 0; i < G_N_ELEMENTS (data_only) && result == 0; i++)
    result = add_rule (context, SCMP_ACT_ALLOW, data_only[i].name,
                       allow_native_code ? 0 : data_only[i].n_conditions, data_only[i].conditions);

  return result;
}

static GBytes *
export (scmp_filter_ctx  context,
        GError         **error)
{
  g_autofree guint8 *data = g_malloc (FILTER_MAX_BYTES);
  int fd = memfd_create ("malt-filter", MFD_CLOEXEC);
  int result = fd < 0 ? -errno : library.export_bpf (context, fd);
  gssize size = result == 0 ? pread (fd, data, FILTER_MAX_BYTES, 0) : 0;

  if (fd >= 0)
    close (fd);
  if (size > 0)
    return g_bytes_new (data, (gsize) size);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "libseccomp cannot write a filter: %s",
               g_strerror (-result));

  return NULL;
}

static GBytes *
compile_locked (gboolean   allow_native_code,
                GError   **error)
{
  scmp_filter_ctx context;
  GBytes *filter = NULL;
  int result;

  if (!load_library_locked (error))
    return NULL;

  context = library.init (SCMP_ACT_ERRNO (EPERM));
  result = context != NULL ? fill (context, allow_native_code) : -ENOMEM;
  if (result == 0)
    filter = export (context, error);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "libseccomp cannot make a filter: %s",
                 g_strerror (-result));
  if (context != NULL)
    library.release (context);

  return filter;
}

gboolean
malt_sandbox_filter_is_there (char **reason)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&filters_lock);
  g_autoptr (GError) error = NULL;

  if (load_library_locked (&error))
    return TRUE;

  *reason = g_strdup (error->message);

  return FALSE;
}

GBytes *
malt_sandbox_filter_get (gboolean   allow_native_code,
                         GError   **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&filters_lock);
  GBytes **filter = &filters[allow_native_code ? 1 : 0];

  if (*filter == NULL)
    *filter = compile_locked (allow_native_code, error);

  return *filter != NULL ? g_bytes_ref (*filter) : NULL;
}

#else

static const char not_built[] = "malt was built without libseccomp";

gboolean
malt_sandbox_filter_is_there (char **reason)
{
  *reason = g_strdup (not_built);

  return FALSE;
}

GBytes *
malt_sandbox_filter_get (gboolean   allow_native_code,
                         GError   **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, not_built);

  return NULL;
}

#endif

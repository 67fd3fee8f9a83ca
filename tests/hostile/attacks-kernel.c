/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "attacks.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Parts of the kernel that many ways out went through. */

ATTACK (attack_io_uring)
{
  /* struct io_uring_params has 120 bytes, all zero. */
  char parameters[256] = { 0 };

  return syscall (SYS_io_uring_setup, 4, parameters) >= 0;
}

ATTACK (attack_keyctl)
{
  return syscall (SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0) >= 0;
}

ATTACK (attack_userfaultfd)
{
  return syscall (SYS_userfaultfd, UFFD_USER_MODE_ONLY) >= 0;
}

ATTACK (attack_bpf)
{
  union bpf_attr attributes = {
    .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1,
  };

  return syscall (SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes) >= 0;
}

ATTACK (attack_perf)
{
  struct perf_event_attr attributes = {
    .type = PERF_TYPE_SOFTWARE, .size = sizeof attributes, .config = PERF_COUNT_SW_CPU_CLOCK,
  };

  return syscall (SYS_perf_event_open, &attributes, 0, -1, -1, 0) >= 0;
}

/* Numbers mean other calls there: a filter that looks at numbers alone lets them by. */
ATTACK (attack_int80)
{
#ifdef __x86_64__
  const long getpid_of_32_bits = 20;
  long result;

  __asm__ volatile ("int $0x80" : "=a" (result) : "a" (getpid_of_32_bits) : "memory");
  errno = result < 0 ? (int) -result : 0;
  return result == getpid ();
#else
  errno = ENOSYS;
  return FALSE;
#endif
}

ATTACK (attack_x32)
{
#ifdef __x86_64__
  const long x32 = 0x40000000;

  return syscall (x32 | SYS_getpid) == getpid ();
#else
  errno = ENOSYS;
  return FALSE;
#endif
}

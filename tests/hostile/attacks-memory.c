/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "attacks.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

/* More than any limit of the tests. It is not written to: a limit counts what is asked for. */
#define MUCH_BYTES ((size_t) 2 << 30)
#define MEMORY_FILE_BYTES (200 << 20)

#define N_DESCRIPTORS 300
#define N_SIGNALS 500
#define N_THREADS 2000
#define THREAD_STACK_BYTES (64 * 1024)

static gboolean
can_map (size_t size,
         int    protection,
         int    flags)
{
  void *memory = mmap (NULL, size, protection, flags | MAP_ANONYMOUS, -1, 0);

  return memory != MAP_FAILED && munmap (memory, size) == 0;
}

ATTACK (attack_private_memory)
{
  return can_map (MUCH_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE);
}

ATTACK (attack_shared_memory)
{
  return can_map (MUCH_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED);
}

ATTACK (attack_system_v_memory)
{
  int id = shmget (IPC_PRIVATE, 4096, IPC_CREAT | 0600);

  return id >= 0 && shmctl (id, IPC_RMID, NULL) == 0;
}

ATTACK (attack_memory_file)
{
  int fd = memfd_create ("attack", MFD_CLOEXEC);

  signal (SIGXFSZ, SIG_IGN);
  return fd >= 0 && pwrite (fd, "", 1, MEMORY_FILE_BYTES - 1) == 1;
}

ATTACK (attack_descriptors)
{
  for (int i = 0; i < N_DESCRIPTORS; i++)
    if (dup (STDIN_FILENO) < 0)
      return FALSE;
  return TRUE;
}

static int
end_at_once (void *data)
{
  return 0;
}

/* The limit is one of a table of descriptors. */
ATTACK (attack_descriptors_of_thread)
{
  static char stack[THREAD_STACK_BYTES] __attribute__ ((aligned (16)));

  return clone (end_at_once, stack + sizeof stack, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD,
                NULL) > 0;
}

ATTACK (attack_descriptors_by_closing)
{
  return close_range (G_MAXUINT, G_MAXUINT, CLOSE_RANGE_UNSHARE) == 0;
}

/* They wait for ever, and count for the user. */
ATTACK (attack_queued_signals)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGRTMIN);
  pthread_sigmask (SIG_BLOCK, &set, NULL);
  for (int i = 0; i < N_SIGNALS; i++)
    if ((errno = pthread_kill (pthread_self (), SIGRTMIN)) != 0)
      return FALSE;
  return TRUE;
}

ATTACK (attack_raise_limits)
{
  const struct rlimit limit = { N_DESCRIPTORS, N_DESCRIPTORS };

  return setrlimit (RLIMIT_NOFILE, &limit) == 0;
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void *
wait_at_gate (void *data)
{
  pthread_mutex_lock (&gate);
  pthread_mutex_unlock (&gate);
  return NULL;
}

ATTACK (attack_threads)
{
  static pthread_t threads[N_THREADS];
  pthread_attr_t attributes;
  int n_threads = 0;
  int result = 0;

  pthread_attr_init (&attributes);
  pthread_attr_setstacksize (&attributes, THREAD_STACK_BYTES);
  pthread_mutex_lock (&gate);
  while (result == 0 && n_threads < N_THREADS)
    {
      result = pthread_create (&threads[n_threads], &attributes, wait_at_gate, NULL);
      n_threads += result == 0;
    }
  pthread_mutex_unlock (&gate);
  for (int i = 0; i < n_threads; i++)
    pthread_join (threads[i], NULL);
  pthread_attr_destroy (&attributes);

  errno = result;
  return result == 0;
}

ATTACK (attack_executable_memory)
{
  return can_map (4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE);
}

ATTACK (attack_make_executable)
{
  void *memory = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  return memory != MAP_FAILED && mprotect (memory, 4096, PROT_READ | PROT_EXEC) == 0;
}

/* The C library would take mprotect() for it. */
ATTACK (attack_make_executable_by_key)
{
  void *memory = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  return memory != MAP_FAILED
         && syscall (SYS_pkey_mprotect, memory, 4096, PROT_READ | PROT_EXEC, -1) == 0;
}

ATTACK (attack_implied_execution)
{
  return personality (READ_IMPLIES_EXEC) >= 0;
}

ATTACK (attack_load_library)
{
  g_autofree char *path = g_build_filename (target->modules, "attacks-more.so", NULL);

  return dlopen (path, RTLD_NOW) != NULL;
}

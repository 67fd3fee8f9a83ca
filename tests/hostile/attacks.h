/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What an attack is against. Strings belong to the caller. */
typedef struct
{
  int         manager;    /* its PID */
  int         descriptor; /* a folder that it has open, and not close-on-exec */
  guint16     port;       /* where somebody listens on 127.0.0.1 */
  const char *home;       /* a folder of the user's, with the files "secret" and "victim" */
  const char *modules;    /* the folder of this module, where "attacks-more.so" is as well */
  const char *socket;     /* a path where somebody listens */
  const char *name;       /* the same in the abstract namespace */
} AttackTarget;

/* Whether it succeeded; if not, errno says why. One that cannot return when it has succeeded ends
 * the process with this status. */
#define ATTACK_SUCCEEDED_STATUS 77

#define ATTACK(name) gboolean name (const AttackTarget *target)

/* attacks-files.c */
ATTACK (attack_read_home);
ATTACK (attack_write_home);
ATTACK (attack_stat_home);
ATTACK (attack_chmod_home);
ATTACK (attack_truncate_home);
ATTACK (attack_remove_home);
ATTACK (attack_read_passwd);
ATTACK (attack_create_temporary);
ATTACK (attack_create_shared);
ATTACK (attack_write_modules);
ATTACK (attack_list_processes);
ATTACK (attack_manager_memory_file);
ATTACK (attack_manager_environment);
ATTACK (attack_own_memory_file);
ATTACK (attack_inherited_descriptor);
ATTACK (attack_large_file);
ATTACK (attack_lock_file);
ATTACK (attack_lock_part);
ATTACK (attack_flush_file);

/* attacks-sockets.c */
ATTACK (attack_tcp_connect);
ATTACK (attack_tcp_listen);
ATTACK (attack_udp_send);
ATTACK (attack_netlink);
ATTACK (attack_vsock);
ATTACK (attack_path_socket);
ATTACK (attack_abstract_socket);
ATTACK (attack_reconnect);

/* attacks-processes.c */
ATTACK (attack_signal_manager);
ATTACK (attack_signal_group);
ATTACK (attack_signal_everybody);
ATTACK (attack_signal_by_descriptor);
ATTACK (attack_trace_manager);
ATTACK (attack_read_manager);
ATTACK (attack_manager_descriptor);
ATTACK (attack_manager_limits);
ATTACK (attack_manager_processors);
ATTACK (attack_manager_priority);
ATTACK (attack_fork);
ATTACK (attack_vfork);
ATTACK (attack_clone);
ATTACK (attack_daemonise);
ATTACK (attack_execute);
ATTACK (attack_unshare);
ATTACK (attack_outlive_manager);
ATTACK (attack_dumpable);

/* attacks-memory.c */
ATTACK (attack_private_memory);
ATTACK (attack_shared_memory);
ATTACK (attack_system_v_memory);
ATTACK (attack_memory_file);
ATTACK (attack_descriptors);
ATTACK (attack_descriptors_of_thread);
ATTACK (attack_descriptors_by_closing);
ATTACK (attack_queued_signals);
ATTACK (attack_raise_limits);
ATTACK (attack_threads);
ATTACK (attack_executable_memory);
ATTACK (attack_make_executable);
ATTACK (attack_make_executable_by_key);
ATTACK (attack_implied_execution);
ATTACK (attack_load_library);

/* attacks-kernel.c */
ATTACK (attack_io_uring);
ATTACK (attack_keyctl);
ATTACK (attack_userfaultfd);
ATTACK (attack_bpf);
ATTACK (attack_perf);
ATTACK (attack_int80);
ATTACK (attack_x32);

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions that try to get out of a worker, each in one way: "attacks.NAME". They take an a{sv}
 * with the fields of AttackTarget, and answer (bs): whether it succeeded, and why not. */
#include "attacks.h"

#include <errno.h>
#include <malt/malt-plugin.h>
#include <string.h>

typedef gboolean (*Attack) (const AttackTarget *target);

static const struct
{
  const char *name;
  Attack      attack;
} attacks[] = {
  { "read-home", attack_read_home },
  { "write-home", attack_write_home },
  { "stat-home", attack_stat_home },
  { "chmod-home", attack_chmod_home },
  { "truncate-home", attack_truncate_home },
  { "remove-home", attack_remove_home },
  { "read-passwd", attack_read_passwd },
  { "create-temporary", attack_create_temporary },
  { "create-shared", attack_create_shared },
  { "write-modules", attack_write_modules },
  { "list-processes", attack_list_processes },
  { "manager-memory-file", attack_manager_memory_file },
  { "manager-environment", attack_manager_environment },
  { "own-memory-file", attack_own_memory_file },
  { "inherited-descriptor", attack_inherited_descriptor },
  { "large-file", attack_large_file },
  { "lock-file", attack_lock_file },
  { "lock-part", attack_lock_part },
  { "flush-file", attack_flush_file },
  { "tcp-connect", attack_tcp_connect },
  { "tcp-listen", attack_tcp_listen },
  { "udp-send", attack_udp_send },
  { "netlink", attack_netlink },
  { "vsock", attack_vsock },
  { "path-socket", attack_path_socket },
  { "abstract-socket", attack_abstract_socket },
  { "reconnect", attack_reconnect },
  { "signal-manager", attack_signal_manager },
  { "signal-group", attack_signal_group },
  { "signal-everybody", attack_signal_everybody },
  { "signal-by-descriptor", attack_signal_by_descriptor },
  { "trace-manager", attack_trace_manager },
  { "read-manager", attack_read_manager },
  { "manager-descriptor", attack_manager_descriptor },
  { "manager-limits", attack_manager_limits },
  { "manager-processors", attack_manager_processors },
  { "manager-priority", attack_manager_priority },
  { "fork", attack_fork },
  { "vfork", attack_vfork },
  { "clone", attack_clone },
  { "daemonise", attack_daemonise },
  { "execute", attack_execute },
  { "unshare", attack_unshare },
  { "outlive-manager", attack_outlive_manager },
  { "dumpable", attack_dumpable },
  { "private-memory", attack_private_memory },
  { "shared-memory", attack_shared_memory },
  { "system-v-memory", attack_system_v_memory },
  { "memory-file", attack_memory_file },
  { "descriptors", attack_descriptors },
  { "descriptors-of-thread", attack_descriptors_of_thread },
  { "descriptors-by-closing", attack_descriptors_by_closing },
  { "queued-signals", attack_queued_signals },
  { "raise-limits", attack_raise_limits },
  { "threads", attack_threads },
  { "executable-memory", attack_executable_memory },
  { "make-executable", attack_make_executable },
  { "make-executable-by-key", attack_make_executable_by_key },
  { "implied-execution", attack_implied_execution },
  { "load-library", attack_load_library },
  { "io-uring", attack_io_uring },
  { "keyctl", attack_keyctl },
  { "userfaultfd", attack_userfaultfd },
  { "bpf", attack_bpf },
  { "perf", attack_perf },
  { "int80", attack_int80 },
  { "x32", attack_x32 },
};

static GVariant *
attack (MaltInvocation  *invocation,
        GVariant        *args,
        GVariant        *kwargs,
        gpointer         user_data,
        GError         **error)
{
  gsize i = GPOINTER_TO_SIZE (user_data);
  g_autoptr (GVariant) fields = g_variant_get_child_value (args, 0);
  AttackTarget target = { 0 };
  gboolean has_succeeded;

  g_variant_lookup (fields, "manager", "i", &target.manager);
  g_variant_lookup (fields, "descriptor", "i", &target.descriptor);
  g_variant_lookup (fields, "port", "q", &target.port);
  g_variant_lookup (fields, "home", "&s", &target.home);
  g_variant_lookup (fields, "modules", "&s", &target.modules);
  g_variant_lookup (fields, "socket", "&s", &target.socket);
  g_variant_lookup (fields, "name", "&s", &target.name);

  errno = 0;
  has_succeeded = attacks[i].attack (&target);
  return g_variant_new ("(bs)", has_succeeded,
                        has_succeeded ? "" : errno != 0 ? strerror (errno) : "refused");
}

gboolean
malt_function_module_load (MaltModule  *module,
                           GError     **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (attacks); i++)
    malt_module_add_function (module, attacks[i].name, "(a{sv})", MALT_FUNCTION_FLAGS_NONE, attack,
                              GSIZE_TO_POINTER (i), NULL);
  return TRUE;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"

/* A worker with a sandbox is held to the contract, but in what its sandbox is there to refuse. */

/* These start workers, other programs or processes inside of the worker, load native code later
 * than at its start, look into /proc, or ask for what the sandbox needs otherwise. A folder: all
 * below. */
static const char *const refused[] = {
  "/end/descendants",
  "/environment/arguments",
  "/environment/descriptors",
  "/environment/no-port",
  "/environment/process-group",
  "/environment/side-by-side",
  "/environment/versions",
  "/functions/broken-module",
  "/log/before-the-end",
  "/nesting/",
  "/nesting-end/",
  "/relay/inherit",
};

/* These know a worker by its number, which is another in namespaces of its own, send signals there,
 * or expect the manager's folder. */
static const char *const refused_by_namespaces[] = {
  "/basic/describe",
  "/end/calls-at-others-kill",
  "/end/manager-dies",
  "/end/manager-leaves",
  "/environment/directory",
  "/interrupt/by-signal",
  "/interrupt/idle-by-signal",
  "/limits/pending-bytes",
  "/limits/posts-to-frozen",
  "/relay/prefix",
  "/report/by-others",
  "/report/frozen",
  "/timeout/frozen",
};

static gboolean
has_path (const char *const *paths, gsize n_paths, const char *path)
{
  for (gsize i = 0; i < n_paths; i++)
    if (g_str_has_suffix (paths[i], "/") ? g_str_has_prefix (path, paths[i])
                                         : g_str_equal (path, paths[i]))
      return TRUE;
  return FALSE;
}

gboolean
contract_sandbox_is_held_to (Contract *contract)
{
  const char *path = contract->test_case->path;
  const char *sandbox = NULL;

  if ((contract->capabilities & MALT_WORKER_CAPABILITY_SANDBOX) == 0)
    return TRUE;
  if (contract->settings->options != NULL)
    g_variant_lookup (contract->settings->options, "sandbox", "&s", &sandbox);
  return !has_path (refused, G_N_ELEMENTS (refused), path)
         && (g_strcmp0 (sandbox, "isolated") != 0
             || !has_path (refused_by_namespaces, G_N_ELEMENTS (refused_by_namespaces), path));
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-plugin.h>

G_BEGIN_DECLS

#define MALT_TYPE_DISTRIBUTED_LAUNCH (malt_distributed_launch_get_type ())

typedef enum
{
  MALT_DISTRIBUTED_LAUNCH_NATS,
  MALT_DISTRIBUTED_LAUNCH_SSH
} MaltDistributedLaunch;

GType malt_distributed_launch_get_type (void);

/* The construct properties of a MaltDistributedWorker. Immutable after construction. */
typedef struct
{
  MaltWorkerOptions      common;          /* without the modules, which are the host's business */

  /* Which worker, and where. */
  MaltDistributedLaunch  launcher;
  char                 **servers;         /* NULL: the one of this machine */
  char                  *ns;
  char                  *pool;
  char                  *host;            /* NULL: any that has a free slot in the pool */
  char                  *profile;
  char                  *tls_certificate; /* files; all of them, or none: no TLS */
  char                  *tls_key;
  char                  *tls_ca;
  char                  *ssh_destination;
  char                 **ssh_arguments;
  guint                  spawn_timeout_ms;
  guint                  lease_ms;

  /* What it is told. */
  char                 **arguments;
  char                 **environment;
  guint64                memory_limit;    /* 0: that of the profile, as with the others */
  guint                  cpu_limit;
  guint                  fd_limit;
  guint64                file_size_limit;
  guint                  task_limit;

  MaltRelayMode          output_modes[2]; /* of stdout, of stderr */
} MaltDistributedOptions;

typedef enum
{
  MALT_DISTRIBUTED_OPTION_LAUNCHER = MALT_WORKER_OPTION_LAST + 1,
  MALT_DISTRIBUTED_OPTION_SERVERS,
  MALT_DISTRIBUTED_OPTION_NAMESPACE,
  MALT_DISTRIBUTED_OPTION_POOL,
  MALT_DISTRIBUTED_OPTION_HOST,
  MALT_DISTRIBUTED_OPTION_PROFILE,
  MALT_DISTRIBUTED_OPTION_TLS_CERTIFICATE,
  MALT_DISTRIBUTED_OPTION_TLS_KEY,
  MALT_DISTRIBUTED_OPTION_TLS_CA,
  MALT_DISTRIBUTED_OPTION_SSH_DESTINATION,
  MALT_DISTRIBUTED_OPTION_SSH_ARGUMENTS,
  MALT_DISTRIBUTED_OPTION_SPAWN_TIMEOUT,
  MALT_DISTRIBUTED_OPTION_LEASE,
  MALT_DISTRIBUTED_OPTION_ARGUMENTS,
  MALT_DISTRIBUTED_OPTION_ENVIRONMENT,
  MALT_DISTRIBUTED_OPTION_MEMORY_LIMIT,
  MALT_DISTRIBUTED_OPTION_CPU_LIMIT,
  MALT_DISTRIBUTED_OPTION_FD_LIMIT,
  MALT_DISTRIBUTED_OPTION_FILE_SIZE_LIMIT,
  MALT_DISTRIBUTED_OPTION_TASK_LIMIT,
  MALT_DISTRIBUTED_OPTION_STDOUT,
  MALT_DISTRIBUTED_OPTION_STDERR,
  MALT_DISTRIBUTED_OPTION_LAST = MALT_DISTRIBUTED_OPTION_STDERR
} MaltDistributedOption;

void      malt_distributed_options_install  (GObjectClass                  *object_class);
void      malt_distributed_options_set      (MaltDistributedOptions        *self,
                                             MaltDistributedOption          option,
                                             const GValue                  *value);
void      malt_distributed_options_get      (const MaltDistributedOptions  *self,
                                             MaltDistributedOption          option,
                                             GValue                        *value);
void      malt_distributed_options_clear    (MaltDistributedOptions        *self);

/* The pool that is asked for; NULL: any of the host. (transfer none) (nullable) */
const char *
          malt_distributed_options_get_pool (const MaltDistributedOptions  *self);

/* Checks what no GParamSpec can. Errors: MALT_ERROR_INVALID_CONFIG, naming option and value. */
gboolean  malt_distributed_options_check    (const MaltDistributedOptions  *self,
                                             GError                       **error);
/* What the host is told of the worker, see MaltSpawnRequest: only what was said. (floating) */
GVariant *malt_distributed_options_new_wish (const MaltDistributedOptions  *self);

G_END_DECLS

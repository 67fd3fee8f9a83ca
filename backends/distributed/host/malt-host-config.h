/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/malt-distributed-spawn.h"
#include "backends/distributed/malt-distributed-tls.h"

#include <malt/malt-plugin.h>

G_BEGIN_DECLS

/* What the configuration of a host says. Immutable, but for what malt_host_config_renew_tls()
 * does. */
typedef struct _MaltHostConfig MaltHostConfig;

typedef struct
{
  char  *name;
  guint  n_slots;
} MaltHostPool;

/* Errors: MALT_ERROR_INVALID_CONFIG, which says where; those of reading the file. */
MaltHostConfig      *malt_host_config_new_from_file    (const char            *path,
                                                        GError               **error);
/* “{}” is one profile and one pool, both “default”, without options. */
MaltHostConfig      *malt_host_config_new_from_data    (const char            *json,
                                                        GError               **error);
/* Of a host without a file: whoever has an account on the machine is served and proves nothing, so
 * the one profile is in the sandbox “strict”. */
MaltHostConfig      *malt_host_config_new_default      (GError               **error);
MaltHostConfig      *malt_host_config_ref              (MaltHostConfig        *self);
void                 malt_host_config_unref            (MaltHostConfig        *self);

/* At least one. */
const char *const   *malt_host_config_get_servers      (MaltHostConfig        *self);
const char          *malt_host_config_get_namespace    (MaltHostConfig        *self);
/* The host's own name. */
const char          *malt_host_config_get_host         (MaltHostConfig        *self);
/* Where the listener listens; port 0: any. */
const char          *malt_host_config_get_address      (MaltHostConfig        *self);
guint16              malt_host_config_get_port         (MaltHostConfig        *self);
/* NULL: none, and then the address is a loopback one. */
MaltDistributedTls  *malt_host_config_get_tls          (MaltHostConfig        *self);
/* Reads the certificates again if their files have changed. If they are wrong now, it stays with
 * those that there were, and says so. */
void                 malt_host_config_renew_tls        (MaltHostConfig        *self);
/* Of borrowed MaltHostPool. */
GPtrArray           *malt_host_config_get_pools        (MaltHostConfig        *self);

/* A worker of a profile with what a manager wants of it, which is checked here: not yet
 * initialised. (transfer full). Errors: MALT_ERROR_INVALID_CONFIG. */
MaltAbstractWorker  *malt_host_config_construct_worker (MaltHostConfig        *self,
                                                        const char            *profile,
                                                        GVariant              *options,
                                                        GError               **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltHostConfig, malt_host_config_unref)

G_END_DECLS

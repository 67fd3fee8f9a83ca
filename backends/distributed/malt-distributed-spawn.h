/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/malt-distributed-frames.h"

G_BEGIN_DECLS

/* A Unix socket in the place of an address: its path comes behind. */
#define MALT_SPAWN_UNIX_PREFIX "unix:"

/* A worker that a manager wants. */
typedef struct
{
  char     *id;       /* as malt_distributed_new_id(); the same id gets the same worker */
  char     *pool;     /* nullable: of the host that it is sent to, any */
  char     *profile;  /* of the configuration of the host */
  guint     lease_ms;
  GVariant *options;  /* owned; a{sv} of the process backend */
} MaltSpawnRequest;

/* Where the worker is. */
typedef struct
{
  char    *address;      /* an IP address, or “unix:/PATH” */
  guint16  port;         /* 0 with a path */
  guint8   token[MALT_HOST_TOKEN_BYTES];
  char    *fingerprint;  /* SHA-256 of the host's certificate, in lower-case hex; NULL: no TLS */
  char    *host;
  int      pid;
} MaltSpawnReply;

/* Sinks the options; NULL for none. */
MaltSpawnRequest *malt_spawn_request_new        (const char              *id,
                                                 const char              *pool,
                                                 const char              *profile,
                                                 guint                    lease_ms,
                                                 GVariant                *options);
MaltSpawnRequest *malt_spawn_request_copy       (const MaltSpawnRequest  *self);
void              malt_spawn_request_free       (MaltSpawnRequest        *self);
/* MALT_ERROR_LIMIT when it is too large. */
GBytes           *malt_spawn_request_to_bytes   (const MaltSpawnRequest  *self,
                                                 GError                 **error);
/* MALT_ERROR_PROTOCOL, or MALT_ERROR_INVALID_CONFIG for a name or a lease that cannot be. */
MaltSpawnRequest *malt_spawn_request_from_bytes (GBytes                  *bytes,
                                                 GError                 **error);

/* `token`: of MALT_HOST_TOKEN_BYTES. */
MaltSpawnReply   *malt_spawn_reply_new          (const char              *address,
                                                 guint16                  port,
                                                 const guint8            *token,
                                                 const char              *fingerprint,
                                                 const char              *host,
                                                 int                      pid);
MaltSpawnReply   *malt_spawn_reply_copy         (const MaltSpawnReply    *self);
void              malt_spawn_reply_free         (MaltSpawnReply          *self);
GBytes           *malt_spawn_reply_to_bytes     (const MaltSpawnReply    *self,
                                                 GError                 **error);
/* MALT_ERROR_PROTOCOL, and what malt_spawn_error_to_bytes() has sent. */
MaltSpawnReply   *malt_spawn_reply_from_bytes   (GBytes                  *bytes,
                                                 GError                 **error);

/* Instead of a reply. Of the codes START_FAILED, SANDBOX_UNAVAILABLE, LIMIT and INVALID_CONFIG are
 * kept, and all others become the first. */
GBytes           *malt_spawn_error_to_bytes     (const GError            *error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltSpawnRequest, malt_spawn_request_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltSpawnReply, malt_spawn_reply_free)

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What hosts and managers call each other on a NATS server; docs/distributed-protocol.md has the
 * list. */

/* Of those who are subscribed to the spawn requests of a pool, one gets each. */
#define MALT_DISTRIBUTED_QUEUE "hosts"

#define MALT_DISTRIBUTED_DEFAULT_NAMESPACE "default"
#define MALT_DISTRIBUTED_DEFAULT_POOL "default"
#define MALT_DISTRIBUTED_DEFAULT_PROFILE "default"

/* 32 hex digits, which nobody guesses. */
char    *malt_distributed_new_id             (void);
gboolean malt_distributed_check_id           (const char  *id,
                                              GError     **error);

/* Of a namespace, a pool or a profile, which is what `what` says. MALT_ERROR_INVALID_CONFIG. */
gboolean malt_distributed_check_name         (const char  *name,
                                              const char  *what,
                                              GError     **error);

/* A host is called what its administrator likes, as long as it can be shown.
 * MALT_ERROR_INVALID_CONFIG. */
gboolean malt_distributed_check_host         (const char  *host,
                                              GError     **error);
/* One word of a subject, another one for each host. */
char    *malt_distributed_escape_host        (const char  *host);

/* Names have been checked, and host names are escaped here. */
char    *malt_distributed_subject_spawn      (const char  *ns,
                                              const char  *pool);
char    *malt_distributed_subject_host_spawn (const char  *ns,
                                              const char  *host);
char    *malt_distributed_subject_who        (const char  *ns);
/* Below them are the answers, to a manager and to a host. */
char    *malt_distributed_inbox              (const char  *ns,
                                              const char  *id);
char    *malt_distributed_host_inbox         (const char  *ns,
                                              const char  *host);

G_END_DECLS

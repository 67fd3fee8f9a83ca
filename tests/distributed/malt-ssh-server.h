/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The real sshd, with keys and a configuration of its own, on a port of its own of the loopback
 * interface. A session finds the programs of the build folder. */
typedef struct
{
  char        *folder;      /* for its files; removed at the end */
  int          port;
  char        *destination; /* who we are there */
  char       **arguments;   /* that ssh needs */
  GSubprocess *process;     /* owned */
} MaltSshServer;

/* NULL: it cannot be had on this machine, and the test was skipped. `environment`: of sessions,
 * “NAME=value”. */
MaltSshServer *malt_ssh_server_new  (const char *const  *environment);
void           malt_ssh_server_free (MaltSshServer      *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltSshServer, malt_ssh_server_free)

G_END_DECLS

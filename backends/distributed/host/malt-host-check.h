/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/host/malt-host-config.h"

G_BEGIN_DECLS

/* Whether a host can serve with a configuration, and nobody else for it: a line for each thing that
 * is looked at, on standard output. In the default main context. */
typedef struct
{
  gboolean has_failed;
} MaltHostReport;

/* “name   ok: text”, “name   note: text”, “name   FAILED: text”; the text is shown as it is safe on
 * a terminal. */
void malt_host_report_ok     (MaltHostReport  *self,
                              const char      *name,
                              const char      *format,
                              ...) G_GNUC_PRINTF (3, 4);
void malt_host_report_note   (MaltHostReport  *self,
                              const char      *name,
                              const char      *format,
                              ...) G_GNUC_PRINTF (3, 4);
void malt_host_report_failed (MaltHostReport  *self,
                              const char      *name,
                              const char      *format,
                              ...) G_GNUC_PRINTF (3, 4);

/* malt-host-check-servers.c */
void malt_host_check_servers (MaltHostReport  *report,
                              MaltHostConfig  *config);

/* `path`: of the configuration; NULL: none. Returns the exit status. */
int  malt_host_check         (const char      *path);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <malt/malt-plugin.h>

G_BEGIN_DECLS

/* What a host lets workers be: profiles of the process backend, as in any configuration of malt,
 * and what a manager may say besides. */
typedef struct _MaltHostProfiles MaltHostProfiles;

/* `profiles`: name → options. Errors: MALT_ERROR_INVALID_CONFIG. */
MaltHostProfiles   *malt_host_profiles_new       (JsonObject        *profiles,
                                                  GError           **error);
void                malt_host_profiles_free      (MaltHostProfiles  *self);

/* A worker that is not started yet. (transfer full). `options`: a{sv}, what a manager says, of
 * which nothing is believed. Errors: MALT_ERROR_INVALID_CONFIG. */
MaltAbstractWorker *malt_host_profiles_construct (MaltHostProfiles  *self,
                                                  const char        *name,
                                                  GVariant          *options,
                                                  GError           **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltHostProfiles, malt_host_profiles_free)

G_END_DECLS

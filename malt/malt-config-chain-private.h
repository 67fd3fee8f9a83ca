/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-config-json-private.h"
#include "malt/malt-config-mistakes-private.h"

G_BEGIN_DECLS

/* What of a profile is no option. */
#define MALT_CONFIG_MEMBER_BACKEND "backend"
#define MALT_CONFIG_MEMBER_EXTENDS "extends"

/* The backend of whoever names none. */
#define MALT_CONFIG_DEFAULT_BACKEND "process"

/* The names of a profile, of the one it extends, and so on; `profiles` owns them. NULL with a
 * mistake, or without if it is one of another profile. (transfer container) */
GPtrArray  *malt_config_chain_new         (const char          *name,
                                           JsonObject          *profiles,
                                           MaltConfigJson      *json,
                                           MaltConfigMistakes  *mistakes);
/* The first backend that is named in it, and by which profile (NULL: by none). NULL if what stands
 * there is no name. */
const char *malt_config_chain_get_backend (GPtrArray           *chain,
                                           JsonObject          *profiles,
                                           const char         **origin);

G_END_DECLS

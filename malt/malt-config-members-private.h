/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-config-json-private.h"
#include "malt/malt-config-mistakes-private.h"

G_BEGIN_DECLS

/* The members of a configuration, each NULL if it is not there. The JSON owns them. */
typedef struct
{
  JsonNode   *default_profile; /* a string that is not empty */
  JsonNode   *plugin_path;     /* an array of strings that are not empty */
  JsonObject *profiles;        /* an object of objects, none of whose names is empty */
} MaltConfigMembers;

/* FALSE with mistakes when something stands where it cannot. What is inside of the profiles is not
 * looked at, but for members that are there twice. */
gboolean malt_config_members_read (MaltConfigMembers   *self,
                                   MaltConfigJson      *json,
                                   MaltConfigMistakes  *mistakes);

G_END_DECLS

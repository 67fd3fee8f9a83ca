/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-config-json-private.h"
#include "malt/malt-config-mistakes-private.h"
#include "malt/malt-options-private.h"

G_BEGIN_DECLS

/* What a profile comes down to: a backend, and values for some of its options, all of them checked.
 * Immutable, so that any thread may read it. */
typedef struct _MaltConfigProfile MaltConfigProfile;

/* Follows a profile of `profiles`, an object with objects only, to the end of what it extends.
 * `folder`: where relative file names start, NULL: where those of the program do. `n_taken`: how
 * many bytes the profiles of the file have taken over from others so far. NULL with mistakes, which
 * may be those of another profile that are noted there. */
MaltConfigProfile *malt_config_profile_new         (const char          *name,
                                                    JsonObject          *profiles,
                                                    MaltConfigJson      *json,
                                                    const char          *folder,
                                                    gsize               *n_taken,
                                                    MaltConfigMistakes  *mistakes);
/* A backend without options of a configuration. NULL with `error` if there is none of that name. */
MaltConfigProfile *malt_config_profile_new_bare    (const char          *backend,
                                                    GError             **error);
void               malt_config_profile_free        (MaltConfigProfile   *self);

MaltBackend       *malt_config_profile_get_backend (MaltConfigProfile   *self);
/* (transfer full) */
MaltOptions       *malt_config_profile_new_options (MaltConfigProfile   *self);
/* The names of the options that it sets. (transfer full) */
char             **malt_config_profile_list_options (MaltConfigProfile  *self);
/* For people; see malt_config_describe_profile(). (transfer full) */
char              *malt_config_profile_describe    (MaltConfigProfile   *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltConfigProfile, malt_config_profile_free)

G_END_DECLS

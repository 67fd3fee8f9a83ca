/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-config-mistakes-private.h"
#include "malt/malt-config-profile-private.h"

G_BEGIN_DECLS

/* What one file says, all of it checked. Immutable and reference counted, so that a thread goes on
 * with what it has while another one reads the file anew. */
typedef struct _MaltConfigFile MaltConfigFile;

/* No configuration at all. */
MaltConfigFile    *malt_config_file_new_empty           (void);
/* `name`: what messages call it. `folder`: where relative file names start, NULL: where those of
 * the program do. NULL with mistakes. Loads the backends that are named, and from then on plugins
 * are looked for where it says. */
MaltConfigFile    *malt_config_file_new                 (const char          *name,
                                                         const char          *folder,
                                                         const char          *text,
                                                         gsize                length,
                                                         MaltConfigMistakes  *mistakes);
MaltConfigFile    *malt_config_file_ref                 (MaltConfigFile      *self);
void               malt_config_file_unref               (MaltConfigFile      *self);

/* Reads `file`. NULL with `error`: G_IO_ERROR_CANCELLED, or MALT_ERROR_INVALID_CONFIG for the first
 * mistake. With `texts` (nullable) they are all told, (transfer full), and then there is no such
 * error. */
MaltConfigFile    *malt_config_file_read                (GFile               *file,
                                                         GCancellable        *cancellable,
                                                         char              ***texts,
                                                         GError             **error);

/* (transfer container), in the order of the file. */
char             **malt_config_file_list_profiles       (MaltConfigFile      *self);
/* What NULL stands for. */
const char        *malt_config_file_get_default_profile (MaltConfigFile      *self);
/* The options of a profile, or of a backend of that name; NULL: the default. (transfer full) */
MaltOptions       *malt_config_file_new_options         (MaltConfigFile      *self,
                                                         const char          *name,
                                                         GError             **error);
MaltBackend       *malt_config_file_lookup_backend      (MaltConfigFile      *self,
                                                         const char          *name,
                                                         GError             **error);
char             **malt_config_file_list_options        (MaltConfigFile      *self,
                                                         const char          *name,
                                                         GError             **error);
char              *malt_config_file_describe            (MaltConfigFile      *self,
                                                         const char          *name,
                                                         GError             **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltConfigFile, malt_config_file_unref)

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What is wrong with one configuration: "FILE:LINE: MEMBER.PATH: what", by line. For one thread. */
typedef struct _MaltConfigMistakes MaltConfigMistakes;

/* `file`: what messages call it. */
MaltConfigMistakes *malt_config_mistakes_new       (const char          *file);
void                malt_config_mistakes_free      (MaltConfigMistakes  *self);

/* `line`: 0 for none. `path`: which member, NULL for the file as a whole. What has been said is not
 * said again. */
void                malt_config_mistakes_add       (MaltConfigMistakes  *self,
                                                    guint                line,
                                                    const char          *path,
                                                    const char          *format,
                                                    ...) G_GNUC_PRINTF (4, 5);
/* Nothing more is taken: what would be said next is not worth finding out. */
gboolean            malt_config_mistakes_is_full   (MaltConfigMistakes  *self);
guint               malt_config_mistakes_count     (MaltConfigMistakes  *self);
/* (transfer full) */
char              **malt_config_mistakes_dup_texts (MaltConfigMistakes  *self);
/* The first as MALT_ERROR_INVALID_CONFIG. There is one. */
void                malt_config_mistakes_set_error (MaltConfigMistakes  *self,
                                                    GError             **error);

/* "path.name", the name cut when it is long and fit to be printed. `path`: NULL at the top.
 * (transfer full) */
char               *malt_config_mistakes_join      (const char          *path,
                                                    const char          *name);
/* How a name that is none of `names` is explained, after "there is no such thing": "; did you mean
 * “lines”?", or else ": not among lines, relay", unless there are too many to list. (transfer
 * full) */
char               *malt_config_mistakes_suggest   (const char          *name,
                                                    const char *const   *names);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltConfigMistakes, malt_config_mistakes_free)

G_END_DECLS

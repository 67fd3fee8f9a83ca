/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* JSON that knows where it stands in its file. For one thread. */
typedef struct _MaltConfigJson MaltConfigJson;

/* NULL with what is wrong and in which line, see malt_config_syntax_find_mistake(). */
MaltConfigJson *malt_config_json_new        (const char      *text,
                                             gsize            length,
                                             char           **mistake,
                                             guint           *line);
void            malt_config_json_free       (MaltConfigJson  *self);

JsonNode       *malt_config_json_get_root   (MaltConfigJson  *self);
/* Of a value below the root: where it begins. */
guint           malt_config_json_get_line   (MaltConfigJson  *self,
                                             JsonNode        *node);
/* Whether the value replaces another of the same name: JSON does not say what that means. */
gboolean        malt_config_json_is_second  (MaltConfigJson  *self,
                                             JsonNode        *node);

/* As it stands in the file, for messages; cut when it is long. (transfer full) */
char           *malt_config_json_show       (JsonNode        *node);
/* b, x, d, s, as, av or a{sv}; floating. NULL if there is a null in it. */
GVariant       *malt_config_json_to_variant (JsonNode        *node);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltConfigJson, malt_config_json_free)

G_END_DECLS

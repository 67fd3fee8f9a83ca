/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-backend.h"

#include <stdarg.h>

G_BEGIN_DECLS

/* What a worker is to be made with: names and values that have been checked against the construct
 * properties of the backend's type. The adders fail with MALT_ERROR_INVALID_CONFIG, which names the
 * option, what was found and what is allowed. For one thread. */
typedef struct _MaltOptions MaltOptions;

MaltOptions *malt_options_new          (MaltBackend  *backend);
void         malt_options_free         (MaltOptions  *self);

/* What an option is when nothing else is added; all of them before anything else. `value` is right
 * for `pspec`, one of the backend's, and is copied. */
void         malt_options_add_default  (MaltOptions  *self,
                                        GParamSpec   *pspec,
                                        const GValue *value);
/* `options`: a{sv} */
gboolean     malt_options_add_dict     (MaltOptions  *self,
                                        GVariant     *options,
                                        GError      **error);
/* Name, value, …, NULL, as in g_object_new(). Stops at the first that is wrong. */
gboolean     malt_options_add_valist   (MaltOptions  *self,
                                        const char   *first_name,
                                        va_list       var_args,
                                        GError      **error);

/* The worker, not yet initialised. (transfer full) */
GObject     *malt_options_construct    (MaltOptions  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltOptions, malt_options_free)

G_END_DECLS

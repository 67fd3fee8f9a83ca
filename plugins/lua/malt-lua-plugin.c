/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-private.h"

MALT_DEFINE_PLUGIN (malt_lua, MALT_EVALUATOR_EXTENSION_POINT, "lua", MALT_TYPE_LUA)

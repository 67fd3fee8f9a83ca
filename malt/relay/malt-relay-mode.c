/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/relay/malt-relay-mode.h"

G_DEFINE_ENUM_TYPE (MaltRelayMode, malt_relay_mode,
                    G_DEFINE_ENUM_VALUE (MALT_RELAY_MODE_RELAY, "relay"),
                    G_DEFINE_ENUM_VALUE (MALT_RELAY_MODE_LINES, "lines"),
                    G_DEFINE_ENUM_VALUE (MALT_RELAY_MODE_STREAM, "stream"),
                    G_DEFINE_ENUM_VALUE (MALT_RELAY_MODE_INHERIT, "inherit"),
                    G_DEFINE_ENUM_VALUE (MALT_RELAY_MODE_NULL, "null"))

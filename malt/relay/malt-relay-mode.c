/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/relay/malt-relay-mode.h"

/**
 * MaltRelayMode:
 * @MALT_RELAY_MODE_RELAY: shown on the manager's, each line with the worker's PID; and
 *   the signal
 * @MALT_RELAY_MODE_LINES: [signal@Malt.AbstractWorker::output] only
 * @MALT_RELAY_MODE_STREAM: a #GInputStream for the application
 * @MALT_RELAY_MODE_INHERIT: the worker has the manager's own descriptor
 * @MALT_RELAY_MODE_NULL: nothing: the worker has `/dev/null`
 *
 * What becomes of the stdout or stderr of a worker, as the options of those names say.
 *
 * Since: 0.1
 */
G_DEFINE_ENUM_TYPE (MaltRelayMode, malt_relay_mode,
                    G_DEFINE_ENUM_VALUE (MALT_RELAY_MODE_RELAY, "relay"),
                    G_DEFINE_ENUM_VALUE (MALT_RELAY_MODE_LINES, "lines"),
                    G_DEFINE_ENUM_VALUE (MALT_RELAY_MODE_STREAM, "stream"),
                    G_DEFINE_ENUM_VALUE (MALT_RELAY_MODE_INHERIT, "inherit"),
                    G_DEFINE_ENUM_VALUE (MALT_RELAY_MODE_NULL, "null"))

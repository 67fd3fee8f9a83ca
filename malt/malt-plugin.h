/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt.h>

#define MALT_INSIDE

/* For the authors of backends. */
#include <malt/malt-call-backend.h>
#include <malt/malt-call-outcome.h>
#include <malt/malt-clear-source.h>
#include <malt/malt-config-backend.h>
#include <malt/malt-delivery.h>
#include <malt/malt-descendants.h>
#include <malt/malt-emit-exited.h>
#include <malt/malt-error-backend.h>
#include <malt/malt-exit-report-backend.h>
#include <malt/malt-filter-worker.h>
#include <malt/malt-nesting.h>
#include <malt/malt-local-channel-backend.h>
#include <malt/malt-mark-ended.h>
#include <malt/malt-option-field.h>
#include <malt/malt-own-context.h>
#include <malt/malt-param-path.h>
#include <malt/malt-parse-variant.h>
#include <malt/malt-plugin-macros.h>
#include <malt/malt-plugin-paths.h>
#include <malt/malt-raise-fd.h>
#include <malt/malt-return-task.h>
#include <malt/malt-running-workers-backend.h>
#include <malt/malt-terminal.h>
#include <malt/malt-worker-options.h>
#include <malt/relay/malt-peer.h>
#include <malt/relay/malt-peer-worker.h>
#include <malt/relay/malt-relay-events.h>
#include <malt/relay/malt-relay-log.h>
#include <malt/relay/malt-relay-mode.h>
#include <malt/relay/malt-relay-output.h>
#include <malt/sandbox/malt-sandbox-launcher.h>
#include <malt/sandbox/malt-sandbox-mechanisms.h>
#include <malt/sandbox/malt-sandbox-options.h>
#include <malt/sandbox/malt-sandbox-profile.h>
#include <malt/sandbox/malt-sandbox-setup.h>
#include <malt/wire/malt-connection.h>
#include <malt/wire/malt-monitor.h>

/* For the authors of evaluators, and of backends with a runtime of their own. */
#include <malt/runtime/malt-evaluator.h>
#include <malt/runtime/malt-invocation-plugin.h>
#include <malt/runtime/malt-namespace.h>
#include <malt/runtime/malt-runtime.h>

#undef MALT_INSIDE

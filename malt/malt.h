/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#define MALT_INSIDE

/* Calling: what an application reads. */
#include <malt/malt-version.h>
#include <malt/malt-visibility.h>
#include <malt/malt-types.h>
#include <malt/malt-error.h>
#include <malt/malt-exit-report.h>
#include <malt/malt-call.h>
#include <malt/malt-channel.h>
#include <malt/malt-local-channel.h>
#include <malt/malt-abstract-worker.h>
#include <malt/malt-remote.h>
#include <malt/malt-running-workers.h>
#include <malt/malt-backend.h>
#include <malt/malt-pool.h>
#include <malt/malt-pool-worker.h>
#include <malt/malt-config.h>
#include <malt/sandbox/malt-sandbox.h>

/* Being called: what the author of functions reads. */
#include <malt/runtime/malt-invocation.h>
#include <malt/runtime/malt-module.h>
#include <malt/programs/malt-init.h>

#undef MALT_INSIDE

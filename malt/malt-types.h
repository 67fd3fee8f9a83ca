/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <gio/gio.h>

#include <malt/malt-visibility.h>

G_BEGIN_DECLS

/* Forward typedefs, so that headers need not include each other in circles. */
typedef struct _MaltAbstractWorker MaltAbstractWorker;
typedef struct _MaltCall           MaltCall;
typedef struct _MaltExitReport     MaltExitReport;
typedef struct _MaltInvocation     MaltInvocation;
typedef struct _MaltModule         MaltModule;

/* Those of <malt/malt-plugin.h>. */
typedef struct _MaltEvaluator      MaltEvaluator;
typedef struct _MaltNamespace      MaltNamespace;
typedef struct _MaltRuntime        MaltRuntime;

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-delivery.h"

G_BEGIN_DECLS

/* Takes back one that was sent there and is still known to be, so that its function is not called.
 * FALSE: it has been called, or is about to be. */
gboolean malt_delivery_cancel (MaltDelivery *self,
                               GMainContext *context);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <malt/malt-plugin.h>

/* For build-aux/check-abi: types that programs and plugins are built with, and no function of the
 * library takes or returns. */
MALT_AVAILABLE_IN_ALL void malt_abi_types (MaltAbstractWorkerInterface *abstract_worker,
                                           MaltChannelInterface        *channel,
                                           MaltEvaluatorInterface      *evaluator,
                                           MaltFilterWorkerClass       *filter_worker,
                                           MaltPeerClass               *peer,
                                           MaltPeerWorkerClass         *peer_worker,
                                           MaltPoolWorkerState          pool_worker_state);

void
malt_abi_types (MaltAbstractWorkerInterface *abstract_worker,
                MaltChannelInterface        *channel,
                MaltEvaluatorInterface      *evaluator,
                MaltFilterWorkerClass       *filter_worker,
                MaltPeerClass               *peer,
                MaltPeerWorkerClass         *peer_worker,
                MaltPoolWorkerState          pool_worker_state)
{
}

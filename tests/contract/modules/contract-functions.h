/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt.h>

/* Those that misbehave. */
void contract_add_bad_functions (MaltModule *module);

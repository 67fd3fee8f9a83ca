/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Symbols are hidden unless they say otherwise. */
#define MALT_AVAILABLE_IN_ALL __attribute__ ((visibility ("default"))) extern

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A library that is not loaded before the sandbox closes. */
extern int attacks_more;

__attribute__ ((visibility ("default"))) int attacks_more = 1;

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt.h>

G_BEGIN_DECLS

/* The contract of MaltAbstractWorker as a test program for any backend, with TAP output. It is all
 * of main() but malt_init():
 *
 *   int
 *   main (int argc, char **argv)
 *   {
 *     malt_init (&argc, &argv);
 *     return malt_contract_main (argc, argv);
 *   }
 *
 * --backend NAME and --option NAME=VALUE say what is tested, --apart that each case runs in a
 * process of its own, where a crash or a hang is the end of that case only, --only /basic that
 * others are left out; the options of g_test_init() work, too. Returns the exit status: 0 if every
 * case holds or was passed over, since the backend does not declare what it needs. */
MALT_AVAILABLE_IN_ALL
int malt_contract_main (int    argc,
                        char **argv);

G_END_DECLS

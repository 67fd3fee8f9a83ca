/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The contract, as a test of one's own: see docs/conformance.md. */

#include <malt-conformance.h>

int
main (int    argc,
      char **argv)
{
  malt_init (&argc, &argv);

  return malt_contract_main (argc, argv);
}

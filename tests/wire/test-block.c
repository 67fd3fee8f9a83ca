/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-error.h"
#include "malt/wire/malt-block-private.h"
#include "tests/malt-test-slowness.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define MIB (1024u * 1024)

/* As the bytes of a body come; NULL and an error when there is no memory for them. */
static MaltBlock *
fill_block (gsize    length,
            GError **error)
{
  MaltBlock *self = malt_block_new (length, error);
  gsize filled = 0;

  while (self != NULL && filled < length)
    {
      filled = malt_block_make_room (self, filled, error);
      if (filled == 0)
        g_clear_pointer (&self, malt_block_free);
    }

  return self;
}

/* Memory that this process may write to and shares with nobody. */
static gsize
get_data_bytes (void)
{
  g_autofree char *status = NULL;
  const char *data;

  g_assert_true (g_file_get_contents ("/proc/self/status", &status, NULL, NULL));
  data = strstr (status, "VmData:");
  g_assert_nonnull (data);

  return strtoul (data + strlen ("VmData:"), NULL, 10) * 1024;
}

static void
test_spare_gives_way (void)
{
  g_autoptr (GError) error = NULL;
  MaltBlock *block = fill_block (64 * MIB, &error);
  struct rlimit before;
  struct rlimit less;

  g_test_summary ("What is kept for the next body is no reason to have no room for it");
  if (malt_test_is_valgrind ())
    {
      g_test_skip ("valgrind has memory that the limit does not count");
      malt_block_free (block);
      return;
    }
  g_assert_no_error (error);
  malt_block_free (block);
  g_assert_no_errno (getrlimit (RLIMIT_DATA, &before));
  less = before;
  less.rlim_cur = get_data_bytes () + 32 * MIB;
  g_assert_no_errno (setrlimit (RLIMIT_DATA, &less));

  block = fill_block (80 * MIB, &error);
  g_assert_no_error (error);
  malt_block_free (block);
  g_assert_null (fill_block (1024 * MIB, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_LIMIT);

  g_assert_no_errno (setrlimit (RLIMIT_DATA, &before));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/block/spare-gives-way", test_spare_gives_way);

  return g_test_run ();
}

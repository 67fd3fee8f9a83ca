/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-names.h"

#include <malt/malt.h>

static void
test_id (void)
{
  g_autofree char *one = malt_distributed_new_id ();
  g_autofree char *other = malt_distributed_new_id ();
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (one, !=, other);
  malt_distributed_check_id (one, &error);
  g_assert_no_error (error);
  g_assert_false (malt_distributed_check_id (one + 1, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL);
  g_assert_false (malt_distributed_check_id ("0123456789ABCDEF0123456789ABCDEF", NULL));
}

static void
test_names (void)
{
  static const char *const wrong[] = { "", "a.b", "a b", "*", ">", "ä", "a/b",
    "12345678901234567890123456789012345678901234567890123456789012345" };

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (malt_distributed_check_name (wrong[i], "Pool", &error));
      g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
    }
  g_assert_true (malt_distributed_check_name ("gpu-2_A", "Pool", NULL));
}

static void
test_hosts (void)
{
  static const char *const wrong[] = { "", "a b", "a\nb", "a\x1b[2J", "\xff", "\xe2\x80\xae" "a" };

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (malt_distributed_check_host (wrong[i], &error));
      g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
    }
  g_assert_true (malt_distributed_check_host ("node-1.example.org", NULL));
  g_assert_true (malt_distributed_check_host ("büro", NULL));
}

/* No two hosts have the same subject, and none reaches into another's. */
static void
test_escaped_hosts (void)
{
  static const struct
  {
    const char *host;
    const char *escaped;
  } cases[] = {
    { "node-1", "node-1" },
    { "node-1.example.org", "node-1%2Eexample%2Eorg" },
    { "node%2E", "node%252E" },
    { "*", "%2A" },
    { ">", "%3E" },
    { "a b", "a%20b" },
    { "ö", "%C3%B6" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *escaped = malt_distributed_escape_host (cases[i].host);

      g_assert_cmpstr (escaped, ==, cases[i].escaped);
    }
}

static void
test_subjects (void)
{
  g_autofree char *spawn = malt_distributed_subject_spawn ("lab", "gpu");
  g_autofree char *host_spawn = malt_distributed_subject_host_spawn ("lab", "a.b");
  g_autofree char *who = malt_distributed_subject_who ("lab");
  g_autofree char *inbox = malt_distributed_inbox ("lab", "01");
  g_autofree char *host_inbox = malt_distributed_host_inbox ("lab", "a.b");

  g_assert_cmpstr (spawn, ==, "malt.lab.spawn.gpu");
  g_assert_cmpstr (host_spawn, ==, "malt.lab.host.a%2Eb.spawn");
  g_assert_cmpstr (who, ==, "malt.lab.who");
  g_assert_cmpstr (inbox, ==, "malt.lab.manager.01");
  g_assert_cmpstr (host_inbox, ==, "malt.lab.host.a%2Eb.inbox");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/distributed/names/id", test_id);
  g_test_add_func ("/malt/distributed/names/names", test_names);
  g_test_add_func ("/malt/distributed/names/hosts", test_hosts);
  g_test_add_func ("/malt/distributed/names/escaped-hosts", test_escaped_hosts);
  g_test_add_func ("/malt/distributed/names/subjects", test_subjects);

  return g_test_run ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"

#include <signal.h>
#include <string.h>

#define HUGE_BYTES (64 * 1024 * 1024)

static GVariant *
new_bytes (gsize size)
{
  guint8 *bytes = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    bytes[i] = i % 251;
  return g_variant_ref_sink (g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, bytes, size, TRUE,
                                                      g_free, bytes));
}

static void
assert_same (GVariant *value, GVariant *expected)
{
  g_assert_nonnull (value);
  g_assert_true (g_variant_is_of_type (value, G_VARIANT_TYPE_BYTESTRING));
  g_assert_cmpmem (g_variant_get_data (value), g_variant_get_size (value),
                   g_variant_get_data (expected), g_variant_get_size (expected));
}

static void
huge (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) bytes = new_bytes (HUGE_BYTES);
  g_autoptr (GVariant) back = contract_call (worker, "malt.ping", g_variant_new_tuple (&bytes, 1));
  ContractReply *reply;

  assert_same (back, bytes);
  reply = contract_send_eval (contract, worker, "return malt.bytes (('x'):rep (1 << 26))", NULL);
  contract_wait (contract, reply);
  g_assert_no_error (reply->error);
  g_assert_cmpuint (g_variant_get_size (reply->value), ==, HUGE_BYTES);
}

/* More than fits in the sockets, both ways at once: neither side may wait for the other. */
static void
both_ways (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) bytes = new_bytes (4 * 1024 * 1024);

  for (guint i = 0; i < 12; i++)
    contract_send_call (contract, worker, "malt.ping", g_variant_new_tuple (&bytes, 1), NULL);
  contract_wait_all (contract);
  for (guint i = 0; i < contract->replies->len; i++)
    {
      ContractReply *reply = contract->replies->pdata[i];

      g_assert_no_error (reply->error);
      assert_same (reply->value, bytes);
    }
}

static void
sizes (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);

  for (gsize size = 1; size <= 1 << 20; size *= 2)
    for (gsize difference = 0; difference < 3; difference++)
      {
        g_autoptr (GVariant) bytes = new_bytes (size + difference - 1);
        g_autoptr (GVariant) back = contract_call (worker, "malt.ping",
                                                   g_variant_new_tuple (&bytes, 1));

        assert_same (back, bytes);
      }
}

static void
pipelined (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) defined = contract_eval (worker, "function f (n) return n end", NULL);
  guint n = contract_times (10000);
  guint n_pending;

  for (guint i = 0; i < n; i++)
    contract_send_call (contract, worker, i % 2 == 0 ? "f" : "malt.ping",
                        g_variant_new ("(x)", (gint64) i), NULL);
  contract_wait_all (contract);
  for (guint i = 0; i < n; i++)
    {
      ContractReply *reply = contract->replies->pdata[i];

      g_assert_no_error (reply->error);
      g_assert_cmpint (g_variant_get_int64 (reply->value), ==, i);
    }
  if (contract_has_option (contract->settings->backend, "n-pending"))
    {
      g_object_get (worker, "n-pending", &n_pending, NULL);
      g_assert_cmpuint (n_pending, ==, 0);
    }
}

static void
posts (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) defined = contract_eval (
    worker, "n = 0 function count () n = n + 1 end", NULL);
  guint n = contract_times (10000);
  g_autoptr (GVariant) counted = NULL;

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GError) error = NULL;

      malt_abstract_worker_remote_do (worker, "count", NULL, NULL, &error);
      g_assert_no_error (error);
    }
  counted = contract_eval (worker, "return n", NULL);
  g_assert_cmpint (g_variant_get_int64 (counted), ==, n);
}

static void
message_size (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (
    contract, g_variant_new_parsed ("{'max-message-size': <uint64 100000>}"));
  g_autoptr (GVariant) small = new_bytes (90000);
  g_autoptr (GVariant) large = new_bytes (200000);
  g_autoptr (GVariant) back = contract_call (worker, "malt.ping", g_variant_new_tuple (&small, 1));
  g_autoptr (GError) there = contract_call_error (worker, "malt.ping",
                                                  g_variant_new_tuple (&large, 1));
  g_autoptr (GError) answer = NULL;
  g_autoptr (GError) post = NULL;

  assert_same (back, small);
  g_test_message ("%s", there->message);
  g_assert_error (there, MALT_ERROR, MALT_ERROR_LIMIT);
  contract_assert_alive (worker);
  answer = contract_eval_error (worker, "return ('x'):rep (200000)");
  g_test_message ("%s", answer->message);
  g_assert_error (answer, MALT_ERROR, MALT_ERROR_LIMIT);
  contract_assert_alive (worker);
  g_assert_false (malt_abstract_worker_remote_do (worker, "malt.ping",
                                                  g_variant_new_tuple (&large, 1), NULL, &post));
  g_assert_error (post, MALT_ERROR, MALT_ERROR_LIMIT);
  contract_assert_alive (worker);
}

static void
resume (MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_kill (worker, SIGCONT, &error);
  g_assert_no_error (error);
}

/* What a worker does not read is not taken without end; what was taken is answered. */
static void
pending_bytes (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (
    contract, g_variant_new_parsed ("{'max-pending-bytes': <uint64 1000000>}"));
  g_autoptr (GVariant) bytes = new_bytes (100000);
  guint n_refused = 0;
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_kill (worker, SIGSTOP, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 500; i++)
    contract_send_call (contract, worker, "malt.ping", g_variant_new_tuple (&bytes, 1), NULL);
  contract_iterate_for (contract, 20);
  resume (worker);
  contract_wait_all (contract);
  for (guint i = 0; i < contract->replies->len; i++)
    {
      ContractReply *reply = contract->replies->pdata[i];

      if (reply->error != NULL)
        g_assert_error (reply->error, MALT_ERROR, MALT_ERROR_LIMIT);
      else
        assert_same (reply->value, bytes);
      n_refused += reply->error != NULL;
    }
  g_test_message ("%u of %u were refused", n_refused, contract->replies->len);
  g_assert_cmpuint (n_refused, >, 0);
  g_assert_cmpuint (n_refused, <, contract->replies->len - 8);
  contract_assert_alive (worker);
}

static void
alone (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (
    contract, g_variant_new_parsed ("{'max-pending-bytes': <uint64 1000>}"));
  g_autoptr (GVariant) bytes = new_bytes (1000000);
  g_autoptr (GVariant) back = contract_call (worker, "malt.ping", g_variant_new_tuple (&bytes, 1));
  ContractReply *reply = contract_send_call (contract, worker, "malt.ping",
                                             g_variant_new_tuple (&bytes, 1), NULL);

  assert_same (back, bytes);
  contract_wait (contract, reply);
  g_assert_no_error (reply->error);
}

/* A post never waits: when nothing more can be taken it says so. */
static void
posts_to_frozen (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (
    contract, g_variant_new_parsed ("{'max-pending-bytes': <uint64 1000000>}"));
  g_autoptr (GVariant) bytes = new_bytes (100000);
  g_autoptr (GError) error = NULL;
  gint64 start_us = g_get_monotonic_time ();

  malt_abstract_worker_kill (worker, SIGSTOP, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 1000 && error == NULL; i++)
    malt_abstract_worker_remote_do (worker, "malt.ping", g_variant_new_tuple (&bytes, 1), NULL,
                                    &error);
  contract_assert_within (contract, start_us, 1000);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_LIMIT);
  resume (worker);
  contract_assert_alive (worker);
}

const ContractCase contract_limit_cases[] = {
  { "/limits/huge", huge, .summary = "64 MiB there and back" },
  { "/limits/both-ways", both_ways, .summary = "Large calls and large answers at the same time" },
  { "/limits/sizes", sizes, .summary = "Every size around a power of two" },
  { "/limits/pipelined", pipelined, .summary = "Ten thousand calls on their way" },
  { "/limits/posts", posts, .summary = "Ten thousand calls that nobody waits for" },
  { "/limits/message-size", message_size,
    .summary = "A message that is too large costs that call only",
    .option = "max-message-size" },
  { "/limits/pending-bytes", pending_bytes, .summary = "What is not read is bounded",
    .needs = MALT_WORKER_CAPABILITY_KILL, .option = "max-pending-bytes" },
  { "/limits/alone", alone, .summary = "One message alone may exceed the bound",
    .option = "max-pending-bytes" },
  { "/limits/posts-to-frozen", posts_to_frozen,
    .summary = "A call that nobody waits for never blocks",
    .needs = MALT_WORKER_CAPABILITY_KILL, .option = "max-pending-bytes" },
  { NULL }
};

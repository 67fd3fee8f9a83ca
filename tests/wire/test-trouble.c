/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-wire-fixture.h"

#include <string.h>

/* Workers that are broken, or worse. */

static GVariant *
new_bytes (const guint8 *bytes,
           gsize         length)
{
  return g_variant_new ("(@ay)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, length, 1));
}

static GVariant *
new_header (guint32 body_length,
            guint8  type,
            guint8  flags,
            guint32 type_length)
{
  const MaltFrameHeader header = {
    .body_length = body_length, .type = type, .flags = flags, .id = 1, .type_length = type_length,
  };
  guint8 bytes[MALT_FRAME_HEADER_BYTES];

  malt_frame_header_encode (&header, bytes);
  return new_bytes (bytes, sizeof bytes);
}

/* Frames that end a connection. */
static const struct
{
  const char *name;
  gboolean    is_control;
  guint32     body_length;
  guint8      type;
  guint8      flags;
  guint32     type_length;
} breaks[] = {
  { "unknown-type", FALSE, 0, 99, 0, 0 },
  { "type-0", FALSE, 0, 0, 0, 0 },
  { "unknown-flags", FALSE, 0, MALT_MESSAGE_RESULT, 0xf0, 0 },
  { "too-large", FALSE, 0xffffffff, MALT_MESSAGE_RESULT, 0, 2 },
  { "contradicts-itself", FALSE, 3, MALT_MESSAGE_RESULT, 0, 30 },
  { "a-call", FALSE, 0, MALT_MESSAGE_GOODBYE, 0, 0 },
  { "status-on-data", FALSE, 0, MALT_MESSAGE_STATUS, 0, 0 },
  { "cancel-on-data", FALSE, 0, MALT_MESSAGE_CANCEL, 0, 0 },
  { "failure-without-a-value", FALSE, 0, MALT_MESSAGE_FAILURE, 0, 0 },
  { "control-unknown-type", TRUE, 0, 99, 0, 0 },
  { "control-result", TRUE, 0, MALT_MESSAGE_RESULT, 0, 0 },
  { "control-stop", TRUE, 0, MALT_MESSAGE_STOP, 0, 0 },
  { "control-too-large", TRUE, 1024 * 1024, MALT_MESSAGE_LOG, 0, 4 },
};

static void
test_break (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) later = NULL;

  fixture->closes_when_lost = TRUE;
  g_assert_null (malt_wire_fixture_call (fixture, breaks[i].is_control ? "raw-control" : "raw",
                                         new_header (breaks[i].body_length, breaks[i].type,
                                                     breaks[i].flags, breaks[i].type_length),
                                         &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_error (malt_wire_fixture_wait_lost (fixture), MALT_ERROR, MALT_ERROR_PROTOCOL);
  g_assert_cmpuint (fixture->n_lost, ==, 1);

  g_assert_null (malt_wire_fixture_call (fixture, "echo", NULL, &later));
  g_assert_error (later, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
}

/* The same for a call whose main context reads. */
static void
test_break_while_a_context_reads (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltWireAsync) call = NULL;

  fixture->closes_when_lost = TRUE;
  call = malt_wire_async_new (fixture->connection, "raw", new_header (0, 99, 0, 0), NULL);
  malt_wire_iterate_until (fixture->context, &call->is_done);
  g_assert_error (call->error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
}

/* While the owner does not close, nothing ends and nothing spins. */
static void
test_lost_is_not_closed (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltWireAsync) call = NULL;
  int n_iterations = 0;

  call = malt_wire_async_new (fixture->connection, "leave", NULL, NULL);
  g_assert_error (malt_wire_fixture_wait_lost (fixture), G_IO_ERROR, G_IO_ERROR_CLOSED);
  while (g_main_context_iteration (fixture->context, FALSE))
    g_assert_cmpint (n_iterations++, <, 100);

  g_assert_false (call->is_done);
  g_assert_cmpuint (malt_connection_get_n_pending (fixture->connection), ==, 1);
  malt_wire_fixture_close (fixture);
  malt_wire_iterate_until (fixture->context, &call->is_done);
  g_assert_error (call->error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_cmpuint (fixture->n_lost, ==, 1);
}

static void
test_worker_leaves_an_idle_connection (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);

  malt_connection_send_stop (fixture->connection, 10);
  g_assert_error (malt_wire_fixture_wait_lost (fixture), G_IO_ERROR, G_IO_ERROR_CLOSED);
}

static void
test_answers_before_the_end_count (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltWireAsync) first = NULL;
  g_autoptr (MaltWireAsync) second = NULL;

  first = malt_wire_async_new (fixture->connection, "echo", g_variant_new ("(i)", 1), NULL);
  second = malt_wire_async_new (fixture->connection, "leave", NULL, NULL);
  malt_wire_fixture_wait_lost (fixture);
  malt_wire_fixture_close (fixture);
  malt_wire_iterate_until (fixture->context, &first->is_done);
  malt_wire_iterate_until (fixture->context, &second->is_done);

  g_assert_no_error (first->error);
  g_assert_error (second->error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
}

static void
check_answer (const char *function)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;

  value = malt_wire_fixture_call (fixture, function, g_variant_new ("(s)", "malt"), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (g_variant_get_string (value, NULL), ==, "malt");
  malt_wire_fixture_check_echo (fixture);
}

static void
test_slow_answer (void)
{
  check_answer ("slowly");
}

static void
test_answer_comes_twice (void)
{
  check_answer ("twice");
}

static void
test_answer_to_nobody (void)
{
  check_answer ("stranger");
}

/* A whole RESULT for call 1, whose value is broken: costs that call and no other. */
static void
check_bad_value (const char *type_string,
                 const char *value,
                 gsize       value_length)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  guint8 bytes[128] = { 0 };
  gsize type_length = strlen (type_string) + 1;
  gsize frame_length;
  const MaltFrameHeader header = {
    .body_length = MALT_FRAME_ALIGN (type_length) + value_length,
    .type = MALT_MESSAGE_RESULT, .id = 1, .type_length = type_length,
  };
  g_autoptr (GError) error = NULL;

  malt_frame_header_encode (&header, bytes);
  memcpy (bytes + MALT_FRAME_HEADER_BYTES, type_string, type_length);
  memcpy (bytes + MALT_FRAME_HEADER_BYTES + MALT_FRAME_ALIGN (type_length), value, value_length);

  frame_length = MALT_FRAME_HEADER_BYTES + header.body_length;
  g_assert_null (malt_wire_fixture_call (fixture, "raw", new_bytes (bytes, frame_length), &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION);
  malt_wire_fixture_check_echo (fixture);
}

static void
test_values_that_cannot_be_read (void)
{
  check_bad_value ("as", "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
  check_bad_value ("b", "\2", 1);
  check_bad_value ("s", "abc", 3);
  check_bad_value ("(", "abc", 3);
  check_bad_value ("*", "abc", 3);
  check_bad_value ("(ss)", "", 0);
}

static void
test_answers_in_another_order (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltWireAsync) first = NULL;
  g_autoptr (MaltWireAsync) second = NULL;

  first = malt_wire_async_new (fixture->connection, "hold", g_variant_new ("(i)", 1), NULL);
  second = malt_wire_async_new (fixture->connection, "echo", g_variant_new ("(i)", 2), NULL);
  malt_wire_iterate_until (fixture->context, &second->is_done);
  g_assert_false (first->is_done);
  malt_fake_peer_release (fixture->peer);
  malt_wire_iterate_until (fixture->context, &first->is_done);
  g_assert_no_error (first->error);
  g_assert_cmpint (g_variant_get_int32 (second->value), ==, 2);
}

/* Levels are the worker's own; flags, with which GLib ends a program, are none of them. */
static void
test_log_levels (void)
{
  const struct { guint32 level; int expected; } cases[] = {
    { G_LOG_LEVEL_DEBUG, G_LOG_LEVEL_DEBUG },
    { G_LOG_LEVEL_WARNING, G_LOG_LEVEL_WARNING },
    { G_LOG_LEVEL_ERROR, G_LOG_LEVEL_ERROR },
    { G_LOG_LEVEL_ERROR | G_LOG_FLAG_FATAL, G_LOG_LEVEL_ERROR },
    { G_LOG_FLAG_RECURSION | G_LOG_FLAG_FATAL, 0 },
    { 0, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = NULL;
      g_autofree char *expected = g_strdup_printf ("%d app: text\n", cases[i].expected);

      value = malt_wire_fixture_call (fixture, "log",
                                      g_variant_new ("(uss)", cases[i].level, "app", "text"),
                                      &error);
      g_assert_no_error (error);
      g_mutex_lock (&fixture->lock);
      while (fixture->log->len == 0)
        g_cond_wait (&fixture->cond, &fixture->lock);
      g_assert_cmpstr (fixture->log->str, ==, expected);
      g_mutex_unlock (&fixture->lock);
    }
}

int
main (int argc, char *argv[])
{
  malt_wire_test_init (&argc, &argv);

  for (gsize i = 0; i < G_N_ELEMENTS (breaks); i++)
    {
      g_autofree char *path = g_strdup_printf ("/malt/trouble/break/%s", breaks[i].name);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_break);
    }
  g_test_add_func ("/malt/trouble/break-while-a-context-reads", test_break_while_a_context_reads);
  g_test_add_func ("/malt/trouble/lost-is-not-closed", test_lost_is_not_closed);
  g_test_add_func ("/malt/trouble/worker-leaves-an-idle-connection",
                   test_worker_leaves_an_idle_connection);
  g_test_add_func ("/malt/trouble/answers-before-the-end-count", test_answers_before_the_end_count);
  g_test_add_func ("/malt/trouble/slow-answer", test_slow_answer);
  g_test_add_func ("/malt/trouble/answer-comes-twice", test_answer_comes_twice);
  g_test_add_func ("/malt/trouble/answer-to-nobody", test_answer_to_nobody);
  g_test_add_func ("/malt/trouble/values-that-cannot-be-read", test_values_that_cannot_be_read);
  g_test_add_func ("/malt/trouble/answers-in-another-order", test_answers_in_another_order);
  g_test_add_func ("/malt/trouble/log-levels", test_log_levels);

  return g_test_run ();
}

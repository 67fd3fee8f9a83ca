/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-wire-fixture.h"

/* How a worker can greet, and what comes of it. Code −1: fine; `is_io`: a GIOErrorEnum. */
static const struct
{
  const char       *name;
  MaltFakeGreeting  greeting;
  gboolean          is_io;
  int               code;
} greetings[] = {
  { "hello", MALT_FAKE_GREETING_HELLO, FALSE, -1 },
  { "newer-minor", MALT_FAKE_GREETING_OTHER_MINOR, FALSE, -1 },
  { "does-not-start", MALT_FAKE_GREETING_FAILURE, FALSE, MALT_ERROR_START_FAILED },
  { "other-major", MALT_FAKE_GREETING_OTHER_MAJOR, FALSE, MALT_ERROR_PROTOCOL },
  { "other-magic", MALT_FAKE_GREETING_OTHER_MAGIC, FALSE, MALT_ERROR_PROTOCOL },
  { "other-type", MALT_FAKE_GREETING_OTHER_TYPE, FALSE, MALT_ERROR_PROTOCOL },
  { "garbage", MALT_FAKE_GREETING_GARBAGE, FALSE, MALT_ERROR_PROTOCOL },
  { "huge", MALT_FAKE_GREETING_HUGE, FALSE, MALT_ERROR_PROTOCOL },
  { "more-than-a-greeting", MALT_FAKE_GREETING_TOO_MUCH, FALSE, MALT_ERROR_PROTOCOL },
  { "truncated", MALT_FAKE_GREETING_TRUNCATED, TRUE, G_IO_ERROR_CLOSED },
  { "leaves", MALT_FAKE_GREETING_LEAVE, TRUE, G_IO_ERROR_CLOSED },
};

static void
test_greeting (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new_raw (NULL, greetings[i].greeting);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) hello = malt_wire_fixture_shake_hands (fixture, NULL, &error);
  const char *version;

  if (greetings[i].code < 0)
    {
      g_assert_no_error (error);
      g_assert_true (g_variant_lookup (hello, "version", "&s", &version));
      malt_wire_fixture_check_echo (fixture);
      return;
    }

  g_assert_null (hello);
  g_assert_true (g_error_matches (error, greetings[i].is_io ? G_IO_ERROR : MALT_ERROR,
                                  greetings[i].code));
  if (greetings[i].code == MALT_ERROR_START_FAILED)
    g_assert_cmpstr (error->message, ==, "no such evaluator");
}

static void
test_cancelled_before (void)
{
  g_autoptr (MaltWireFixture) fixture = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  fixture = malt_wire_fixture_new_raw (NULL, MALT_FAKE_GREETING_SILENCE);
  g_cancellable_cancel (cancellable);
  g_assert_null (malt_wire_fixture_shake_hands (fixture, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static gpointer
cancel_when_asked (gpointer user_data)
{
  MaltWireFixture *fixture = ((gpointer *) user_data)[0];

  malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_SETUP, 1);
  g_cancellable_cancel (((gpointer *) user_data)[1]);
  return NULL;
}

static void
test_cancelled_meanwhile (void)
{
  g_autoptr (MaltWireFixture) fixture = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  gpointer data[2];
  GThread *thread;

  fixture = malt_wire_fixture_new_raw (NULL, MALT_FAKE_GREETING_SILENCE);
  data[0] = fixture;
  data[1] = cancellable;
  thread = g_thread_new ("canceller", cancel_when_asked, data);
  g_assert_null (malt_wire_fixture_shake_hands (fixture, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
}

static gpointer
close_when_asked (gpointer user_data)
{
  MaltWireFixture *fixture = user_data;

  malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_SETUP, 1);
  malt_wire_fixture_close (fixture);
  return NULL;
}

static void
test_closed_meanwhile (void)
{
  g_autoptr (MaltWireFixture) fixture = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread;

  fixture = malt_wire_fixture_new_raw (NULL, MALT_FAKE_GREETING_SILENCE);
  thread = g_thread_new ("closer", close_when_asked, fixture);
  g_assert_null (malt_wire_fixture_shake_hands (fixture, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_thread_join (thread);
}

static void
test_setup_is_too_large (void)
{
  const MaltConnectionLimits limits = { 1000, 1000, 0 };
  g_autoptr (MaltWireFixture) fixture = NULL;
  g_autoptr (GVariant) setup = NULL;
  g_autofree char *text = g_strnfill (2000, 'x');
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) hello = NULL;

  fixture = malt_wire_fixture_new_raw (&limits, MALT_FAKE_GREETING_HELLO);
  setup = g_variant_ref_sink (g_variant_new_parsed ("{'a': <%s>}", text));
  hello = malt_wire_fixture_shake_hands_with (fixture, setup, NULL, &error);
  g_assert_null (hello);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_LIMIT);
}

int
main (int argc, char *argv[])
{
  malt_wire_test_init (&argc, &argv);

  for (gsize i = 0; i < G_N_ELEMENTS (greetings); i++)
    {
      g_autofree char *path = g_strdup_printf ("/malt/handshake/%s", greetings[i].name);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_greeting);
    }
  g_test_add_func ("/malt/handshake/cancelled-before", test_cancelled_before);
  g_test_add_func ("/malt/handshake/cancelled-meanwhile", test_cancelled_meanwhile);
  g_test_add_func ("/malt/handshake/closed-meanwhile", test_closed_meanwhile);
  g_test_add_func ("/malt/handshake/setup-is-too-large", test_setup_is_too_large);

  return g_test_run ();
}

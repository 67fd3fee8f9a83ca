/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-stream-fixture.h"

#include "malt/malt-error.h"
#include "malt/wire/malt-memory-private.h"
#include "tests/malt-test-slowness.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Big values between two ends that mean well: in shared memory where that can be, else as bytes. */

#define BIG_BYTES (1024u * 1024)

/* Of values that a process holds open, whatever waits to be sent. */
#define MAX_FILES 64

/* How long a value may be kept after its last use. */
#define FORGET_TIMEOUT_USEC (20 * G_USEC_PER_SEC)

static void
test_there_and_back (void)
{
  guint n_files = stream_count_open_files ();
  {
    g_auto (StreamPair) pair = stream_pair_new_descriptors (TRUE, TRUE);
    StreamPair back = { pair.b, pair.a };
    g_autoptr (GVariant) value = g_variant_ref_sink (stream_new_blob (BIG_BYTES, 7));
    g_autoptr (GVariant) args = g_variant_ref_sink (g_variant_new ("(@ay)", value));
    MaltMessage there = { 0 };
    MaltMessage again = { 0 };
    g_autoptr (GVariant) item = NULL;
    g_autoptr (MaltMemory) memory = NULL;

    g_assert_cmpuint (stream_send_value (pair.a, 1, args), <, 256);
    stream_pair_transfer (&pair, &there);
    g_assert_cmpuint (there.id, ==, 1);
    g_assert_cmpstr (g_variant_get_type_string (there.value), ==, "(ay)");

    /* The item is all of it and goes back as the same file. */
    item = g_variant_get_child_value (there.value, 0);
    memory = malt_memory_find (g_variant_get_data (item), g_variant_get_size (item));
    g_assert_nonnull (memory);
    g_assert_cmpint (fcntl (malt_memory_get_fd (memory), F_GETFD), ==, FD_CLOEXEC);
    g_assert_cmpuint (stream_send_value (pair.b, 2, item), <, 256);
    malt_message_clear (&there);
    g_clear_pointer (&item, g_variant_unref);
    stream_pair_transfer (&back, &again);

    /* Values outlive both ends. */
    stream_pair_clear (&pair);
    g_assert_cmpmem (g_variant_get_data (again.value), g_variant_get_size (again.value),
                     g_variant_get_data (value), BIG_BYTES);
    malt_message_clear (&again);
  }
  g_assert_cmpuint (stream_count_open_files (), ==, n_files);
}

/* Whoever gets a part does not get the rest with it. */
static void
test_a_part_is_sent_alone (void)
{
  g_auto (StreamPair) pair = stream_pair_new_descriptors (TRUE, TRUE);
  g_autoptr (GVariant) value = g_variant_ref_sink (stream_new_blob (BIG_BYTES, 7));
  g_autoptr (GVariant) args = g_variant_ref_sink (g_variant_new ("(s@ay)", "secret", value));
  MaltMessage message = { 0 };
  g_autoptr (GVariant) item = NULL;

  stream_send_value (pair.a, 1, args);
  stream_pair_transfer (&pair, &message);
  item = g_variant_get_child_value (message.value, 1);
  g_assert_cmpmem (g_variant_get_data (item), g_variant_get_size (item),
                   g_variant_get_data (value), BIG_BYTES);
  g_assert_null (malt_memory_find (g_variant_get_data (item), g_variant_get_size (item)));
  malt_message_clear (&message);
}

static gboolean
has_open_value (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/fd", name, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);

      if (target != NULL && strstr (target, "memfd:malt-value") != NULL)
        return TRUE;
    }

  return FALSE;
}

static GVariant *
get_file (MaltMemory *memory)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", malt_memory_get_fd (memory));
  GStatBuf status;

  g_assert_cmpint (g_stat (path, &status), ==, 0);
  return g_variant_ref_sink (g_variant_new_uint64 (status.st_ino));
}

/* Of a value that a manager sends to many there is one file, which is soon forgotten. */
static void
test_sent_again (void)
{
  gint64 end = g_get_monotonic_time () + FORGET_TIMEOUT_USEC;
  g_autoptr (GVariant) value = g_variant_ref_sink (stream_new_blob (BIG_BYTES, 7));
  g_autoptr (GVariant) other = g_variant_ref_sink (stream_new_blob (BIG_BYTES, 7));
  g_autoptr (MaltMemory) first = malt_memory_new_for_value (value);
  g_autoptr (MaltMemory) second = malt_memory_new_for_value (value);
  g_autoptr (MaltMemory) of_other = malt_memory_new_for_value (other);
  g_autoptr (GVariant) file = get_file (first);
  g_autoptr (GVariant) same_file = get_file (second);
  g_autoptr (GVariant) other_file = get_file (of_other);

  g_assert_true (g_variant_equal (file, same_file));
  g_assert_false (g_variant_equal (file, other_file));

  g_clear_pointer (&first, malt_memory_unref);
  g_clear_pointer (&second, malt_memory_unref);
  g_clear_pointer (&of_other, malt_memory_unref);
  while (has_open_value ())
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_usleep (1000);
    }
}

static void
test_peer_that_does_not_know (void)
{
  g_autoptr (GVariant) value = g_variant_ref_sink (stream_new_blob (BIG_BYTES, 7));

  for (guint knows = 0; knows < 3; knows++)
    {
      g_auto (StreamPair) pair = stream_pair_new_descriptors ((knows & 1) != 0, (knows & 2) != 0);
      MaltMessage message = { 0 };

      g_assert_cmpuint (stream_send_value (pair.a, 1, value), >, BIG_BYTES);
      stream_pair_transfer (&pair, &message);
      g_assert_cmpuint (g_variant_get_size (message.value), ==, BIG_BYTES);
      malt_message_clear (&message);
    }
}

static void
test_unread_values_are_bounded (void)
{
  guint n_files = stream_count_open_files ();
  g_auto (StreamPair) pair = stream_pair_new_descriptors (TRUE, TRUE);
  g_autoptr (GVariant) value = g_variant_ref_sink (stream_new_blob (BIG_BYTES, 7));
  guint n_passed = 0;

  while (stream_send_value (pair.a, n_passed + 1, value) < BIG_BYTES)
    g_assert_cmpuint (++n_passed, <=, 64);
  g_assert_cmpuint (n_passed, >=, 1);

  for (guint i = 0; i <= n_passed; i++)
    {
      MaltMessage message = { 0 };

      stream_pair_transfer (&pair, &message);
      g_assert_cmpuint (message.id, ==, i + 1);
      g_assert_cmpuint (g_variant_get_size (message.value), ==, BIG_BYTES);
      malt_message_clear (&message);
    }

  /* Now that all is read. */
  g_assert_cmpuint (stream_send_value (pair.a, 100, value), <, 256);
  stream_pair_clear (&pair);
  stream_wait_for_open_files (n_files);
}

/* More values than are kept open. */
static void
test_many_values_are_held (void)
{
  g_auto (StreamPair) pair = stream_pair_new_descriptors (TRUE, TRUE);
  g_autoptr (GPtrArray) values = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  guint n_files = stream_count_open_files ();

  for (guint i = 0; i < 100; i++)
    {
      g_autoptr (GVariant) value = g_variant_ref_sink (stream_new_blob (MALT_MEMORY_MIN_BYTES, i));
      MaltMessage message = { 0 };

      g_assert_cmpuint (stream_send_value (pair.a, i, value), <, 256);
      stream_pair_transfer (&pair, &message);
      g_ptr_array_add (values, g_variant_ref (message.value));
      malt_message_clear (&message);
    }
  g_assert_cmpuint (stream_count_open_files (), <=, n_files + 16);
  for (guint i = 0; i < values->len; i++)
    g_assert_cmpuint (((const guint8 *) g_variant_get_data (values->pdata[i]))[1000], ==, i);

  g_ptr_array_set_size (values, 0);
  g_assert_cmpuint (stream_count_open_files (), ==, n_files);
}

static void
test_small_and_big_in_order (void)
{
  g_auto (StreamPair) pair = stream_pair_new_descriptors (TRUE, TRUE);
  g_autoptr (GVariant) small = g_variant_ref_sink (g_variant_new_string ("small"));
  g_autoptr (GVariant) big = g_variant_ref_sink (stream_new_blob (BIG_BYTES, 1));
  g_autoptr (GVariant) middle = g_variant_ref_sink (stream_new_blob (100000, 2));
  GVariant *const values[] = { small, big, small, middle, big, big, small };

  for (guint round = 0; round < 20; round++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (values); i++)
        stream_send_value (pair.a, i, values[i]);
      for (guint i = 0; i < G_N_ELEMENTS (values); i++)
        {
          MaltMessage message = { 0 };

          stream_pair_transfer (&pair, &message);
          g_assert_cmpuint (message.id, ==, i);
          g_assert_cmpuint (g_variant_get_size (message.value), ==, g_variant_get_size (values[i]));
          malt_message_clear (&message);
        }
    }
}

/* A limit of the process turns a file that grows beyond it into a signal. */
/* Messages that wait for their turn, of values that were received or are new. */
static void
test_files_that_wait_are_bounded (void)
{
  g_auto (StreamPair) pair = stream_pair_new_descriptors (TRUE, TRUE);
  guint n_files = stream_count_open_files ();
  MaltMessage waiting[200] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (waiting); i++)
    {
      g_autoptr (GVariant) value = g_variant_ref_sink (stream_new_blob (MALT_MEMORY_MIN_BYTES, i));

      if (i % 2 == 0)
        {
          stream_send_value (pair.a, i, value);
          stream_pair_transfer (&pair, &waiting[i]);
        }
      else
        waiting[i] = (MaltMessage) { .type = MALT_MESSAGE_RESULT, .value = g_variant_ref (value) };
      malt_stream_prepare (pair.b, &waiting[i], FALSE);
      g_assert_cmpuint (stream_count_open_files (), <=, n_files + MAX_FILES);
    }
  g_assert_nonnull (waiting[0].memory);
  g_assert_nonnull (waiting[1].memory);
  g_assert_null (waiting[198].memory);
  g_assert_null (waiting[199].memory);

  for (guint i = 0; i < G_N_ELEMENTS (waiting); i++)
    malt_message_clear (&waiting[i]);
  g_assert_cmpuint (stream_count_open_files (), ==, n_files);
}

static void
test_limit_of_file_size (void)
{
  g_auto (StreamPair) pair = stream_pair_new_descriptors (TRUE, TRUE);
  g_autoptr (GVariant) value = g_variant_ref_sink (stream_new_blob (BIG_BYTES, 7));
  struct rlimit old, limit;

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &old), ==, 0);
  limit = (struct rlimit) { BIG_BYTES / 2, old.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  g_assert_cmpuint (stream_send_value (pair.a, 1, value), >, BIG_BYTES);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &old), ==, 0);
}

static void
test_no_descriptor_left (void)
{
  g_auto (StreamPair) pair = stream_pair_new_descriptors (TRUE, TRUE);
  g_autoptr (GVariant) value = g_variant_ref_sink (stream_new_blob (BIG_BYTES, 7));
  g_autoptr (GError) message_error = NULL;
  g_autoptr (GError) error = NULL;
  MaltMessage message = { 0 };
  struct rlimit old, limit;

  if (malt_test_is_valgrind ())
    {
      g_test_skip ("valgrind keeps the limit of descriptors to itself");
      return;
    }
  stream_send_value (pair.a, 1, value);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &old), ==, 0);
  limit = (struct rlimit) { 3, old.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  g_assert_cmpint (malt_stream_fill (pair.b, &error), ==, MALT_STREAM_OK);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &old), ==, 0);

  /* It costs that call only. */
  g_assert_true (malt_stream_next (pair.b, &message, &message_error, &error));
  g_assert_error (message_error, MALT_ERROR, MALT_ERROR_LIMIT);
  g_assert_cmpuint (message.id, ==, 1);
  malt_message_clear (&message);
  stream_send_value (pair.a, 2, value);
  stream_pair_transfer (&pair, &message);
  g_assert_cmpuint (g_variant_get_size (message.value), ==, BIG_BYTES);
  malt_message_clear (&message);
}

/* A user has so many on their way in all processes together: then the bytes go. Not as root, whom
 * the kernel lets have more. */
static void
test_too_many_on_their_way (void)
{
  const struct rlimit limit = { 20, 20 };
  g_auto (StreamPair) pair = { 0 };
  g_autoptr (GVariant) value = g_variant_ref_sink (stream_new_blob (BIG_BYTES, 7));
  MaltMessage message = { 0 };
  int fds[2];

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
      g_test_trap_assert_passed ();
      return;
    }

  if (geteuid () == 0)
    g_assert_cmpint (setresuid (65534, 65534, 65534), ==, 0);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
  pair = stream_pair_new_descriptors (TRUE, TRUE);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  for (guint i = 0; i < 30; i++)
    {
      struct iovec iovec = { "", 1 };
      guint8 control[CMSG_SPACE (sizeof (int))] = { 0 };
      struct msghdr header = { .msg_iov = &iovec, .msg_iovlen = 1, .msg_control = control,
                               .msg_controllen = sizeof control };

      *CMSG_FIRSTHDR (&header) =
        (struct cmsghdr) { CMSG_LEN (sizeof (int)), SOL_SOCKET, SCM_RIGHTS };
      memcpy (CMSG_DATA (CMSG_FIRSTHDR (&header)), &fds[0], sizeof (int));
      if (sendmsg (fds[0], &header, MSG_DONTWAIT) < 0)
        break;
    }

  g_assert_cmpuint (stream_send_value (pair.a, 1, value), <, 256);
  g_assert_cmpuint (malt_stream_get_queued_bytes (pair.a), >, BIG_BYTES / 2);
  stream_pair_transfer (&pair, &message);
  g_assert_cmpmem (g_variant_get_data (message.value), g_variant_get_size (message.value),
                   g_variant_get_data (value), BIG_BYTES);
  malt_message_clear (&message);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/malt/shared-values/there-and-back", test_there_and_back);
  g_test_add_func ("/malt/shared-values/a-part-is-sent-alone", test_a_part_is_sent_alone);
  g_test_add_func ("/malt/shared-values/sent-again", test_sent_again);
  g_test_add_func ("/malt/shared-values/peer-that-does-not-know", test_peer_that_does_not_know);
  g_test_add_func ("/malt/shared-values/unread-ones-are-bounded", test_unread_values_are_bounded);
  g_test_add_func ("/malt/shared-values/many-are-held", test_many_values_are_held);
  g_test_add_func ("/malt/shared-values/files-that-wait-are-bounded",
                   test_files_that_wait_are_bounded);
  g_test_add_func ("/malt/shared-values/small-and-big-in-order", test_small_and_big_in_order);
  g_test_add_func ("/malt/shared-values/limit-of-file-size", test_limit_of_file_size);
  g_test_add_func ("/malt/shared-values/no-descriptor-left", test_no_descriptor_left);
  g_test_add_func ("/malt/shared-values/too-many-on-their-way", test_too_many_on_their_way);

  return g_test_run ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-memory-private.h"
#include "malt/wire/malt-stream-private.h"

#include "malt/malt-error.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIMIT_BYTES (4u * 1024 * 1024)
#define BIG_BYTES (1024u * 1024)
#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* How long a descriptor may take to be closed by its thread. */
#define CLOSE_TIMEOUT_USEC (20 * G_USEC_PER_SEC)

typedef struct
{
  MaltStream *a;
  MaltStream *b;
} Pair;

/* What each side says to the other. */
static Pair
pair_new (gboolean a_knows,
          gboolean b_knows)
{
  g_autoptr (GVariant) nothing = g_variant_ref_sink (g_variant_new_parsed ("@a{sv} {}"));
  g_autoptr (GVariant) features =
    g_variant_ref_sink (g_variant_new_parsed ("{'features': <['new', 'descriptors']>}"));
  Pair pair;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  pair.a = malt_stream_new (fds[0], LIMIT_BYTES);
  pair.b = malt_stream_new (fds[1], LIMIT_BYTES);
  if (a_knows)
    malt_stream_use_features (pair.a, b_knows ? features : nothing);
  if (b_knows)
    malt_stream_use_features (pair.b, a_knows ? features : nothing);

  return pair;
}

static void
pair_clear (Pair *pair)
{
  g_clear_pointer (&pair->a, malt_stream_free);
  g_clear_pointer (&pair->b, malt_stream_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pair, pair_clear)

static GVariant *
new_blob (gsize  size,
          guint8 fill)
{
  guint8 *bytes = g_malloc (size);

  memset (bytes, fill, size);
  return g_variant_ref_sink (g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, bytes, size, TRUE,
                                                      g_free, bytes));
}

/* How many bytes it takes on the socket. */
static gsize
send_value (MaltStream *stream,
            guint64     id,
            GVariant   *value)
{
  MaltMessage message = { .type = MALT_MESSAGE_RESULT, .id = id, .value = g_variant_ref (value) };
  g_autoptr (GError) error = NULL;
  gsize before = malt_stream_get_queued_bytes (stream);
  gsize size;

  malt_stream_prepare (stream, &message, FALSE);
  g_assert_true (malt_stream_queue (stream, &message, &error));
  g_assert_no_error (error);
  malt_message_clear (&message);
  size = malt_stream_get_queued_bytes (stream) - before;
  malt_stream_flush (stream, NULL);

  return size;
}

static void
receive (Pair        *pair,
         MaltMessage *message)
{
  g_autoptr (GError) message_error = NULL;
  g_autoptr (GError) error = NULL;

  while (!malt_stream_next (pair->b, message, &message_error, &error))
    {
      g_assert_no_error (error);
      malt_stream_flush (pair->a, NULL);
      g_assert_cmpint (malt_stream_fill (pair->b, &error), <=, MALT_STREAM_WOULD_BLOCK);
    }
  g_assert_no_error (error);
  g_assert_no_error (message_error);
}

static guint
count_open_files (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  g_assert_nonnull (dir);
  while (g_dir_read_name (dir) != NULL)
    n++;

  return n;
}

static void
wait_for_open_files (guint n)
{
  gint64 end = g_get_monotonic_time () + CLOSE_TIMEOUT_USEC;

  while (count_open_files () != n)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_usleep (1000);
    }
}

static void
test_there_and_back (void)
{
  guint n_files = count_open_files ();
  {
    g_auto (Pair) pair = pair_new (TRUE, TRUE);
    Pair back = { pair.b, pair.a };
    g_autoptr (GVariant) value = new_blob (BIG_BYTES, 7);
    g_autoptr (GVariant) args = g_variant_ref_sink (g_variant_new ("(@ay)", value));
    MaltMessage there = { 0 };
    MaltMessage again = { 0 };
    g_autoptr (GVariant) item = NULL;
    g_autoptr (MaltMemory) memory = NULL;

    g_assert_cmpuint (send_value (pair.a, 1, args), <, 256);
    receive (&pair, &there);
    g_assert_cmpuint (there.id, ==, 1);
    g_assert_cmpstr (g_variant_get_type_string (there.value), ==, "(ay)");

    /* The item is all of it and goes back as the same file. */
    item = g_variant_get_child_value (there.value, 0);
    memory = malt_memory_find (g_variant_get_data (item), g_variant_get_size (item));
    g_assert_nonnull (memory);
    g_assert_cmpint (fcntl (malt_memory_get_fd (memory), F_GETFD), ==, FD_CLOEXEC);
    g_assert_cmpuint (send_value (pair.b, 2, item), <, 256);
    malt_message_clear (&there);
    g_clear_pointer (&item, g_variant_unref);
    receive (&back, &again);

    /* Values outlive both ends. */
    pair_clear (&pair);
    g_assert_cmpmem (g_variant_get_data (again.value), g_variant_get_size (again.value),
                     g_variant_get_data (value), BIG_BYTES);
    malt_message_clear (&again);
  }
  g_assert_cmpuint (count_open_files (), ==, n_files);
}

/* Whoever gets a part does not get the rest with it. */
static void
test_a_part_is_sent_alone (void)
{
  g_auto (Pair) pair = pair_new (TRUE, TRUE);
  g_autoptr (GVariant) value = new_blob (BIG_BYTES, 7);
  g_autoptr (GVariant) args = g_variant_ref_sink (g_variant_new ("(s@ay)", "secret", value));
  MaltMessage message = { 0 };
  g_autoptr (GVariant) item = NULL;

  send_value (pair.a, 1, args);
  receive (&pair, &message);
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
  gint64 end = g_get_monotonic_time () + CLOSE_TIMEOUT_USEC;
  g_autoptr (GVariant) value = new_blob (BIG_BYTES, 7);
  g_autoptr (GVariant) other = new_blob (BIG_BYTES, 7);
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
  g_autoptr (GVariant) value = new_blob (BIG_BYTES, 7);

  for (guint knows = 0; knows < 3; knows++)
    {
      g_auto (Pair) pair = pair_new ((knows & 1) != 0, (knows & 2) != 0);
      MaltMessage message = { 0 };

      g_assert_cmpuint (send_value (pair.a, 1, value), >, BIG_BYTES);
      receive (&pair, &message);
      g_assert_cmpuint (g_variant_get_size (message.value), ==, BIG_BYTES);
      malt_message_clear (&message);
    }
}

static void
test_unread_values_are_bounded (void)
{
  g_auto (Pair) pair = pair_new (TRUE, TRUE);
  g_autoptr (GVariant) value = new_blob (BIG_BYTES, 7);
  guint n_passed = 0;

  while (send_value (pair.a, n_passed + 1, value) < BIG_BYTES)
    g_assert_cmpuint (++n_passed, <=, 64);
  g_assert_cmpuint (n_passed, >=, 1);

  for (guint i = 0; i <= n_passed; i++)
    {
      MaltMessage message = { 0 };

      receive (&pair, &message);
      g_assert_cmpuint (message.id, ==, i + 1);
      g_assert_cmpuint (g_variant_get_size (message.value), ==, BIG_BYTES);
      malt_message_clear (&message);
    }

  /* Now that all is read. */
  g_assert_cmpuint (send_value (pair.a, 100, value), <, 256);
}

/* More values than are kept open. */
static void
test_many_values_are_held (void)
{
  g_auto (Pair) pair = pair_new (TRUE, TRUE);
  g_autoptr (GPtrArray) values = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  guint n_files = count_open_files ();

  for (guint i = 0; i < 100; i++)
    {
      g_autoptr (GVariant) value = new_blob (MALT_MEMORY_MIN_BYTES, i);
      MaltMessage message = { 0 };

      g_assert_cmpuint (send_value (pair.a, i, value), <, 256);
      receive (&pair, &message);
      g_ptr_array_add (values, g_variant_ref (message.value));
      malt_message_clear (&message);
    }
  g_assert_cmpuint (count_open_files (), <=, n_files + 16);
  for (guint i = 0; i < values->len; i++)
    g_assert_cmpuint (((const guint8 *) g_variant_get_data (values->pdata[i]))[1000], ==, i);

  g_ptr_array_set_size (values, 0);
  g_assert_cmpuint (count_open_files (), ==, n_files);
}

static void
test_small_and_big_in_order (void)
{
  g_auto (Pair) pair = pair_new (TRUE, TRUE);
  g_autoptr (GVariant) small = g_variant_ref_sink (g_variant_new_string ("small"));
  g_autoptr (GVariant) big = new_blob (BIG_BYTES, 1);
  g_autoptr (GVariant) middle = new_blob (100000, 2);
  GVariant *const values[] = { small, big, small, middle, big, big, small };

  for (guint round = 0; round < 20; round++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (values); i++)
        send_value (pair.a, i, values[i]);
      for (guint i = 0; i < G_N_ELEMENTS (values); i++)
        {
          MaltMessage message = { 0 };

          receive (&pair, &message);
          g_assert_cmpuint (message.id, ==, i);
          g_assert_cmpuint (g_variant_get_size (message.value), ==, g_variant_get_size (values[i]));
          malt_message_clear (&message);
        }
    }
}

/* A limit of the process turns a file that grows beyond it into a signal. */
static void
test_limit_of_file_size (void)
{
  g_auto (Pair) pair = pair_new (TRUE, TRUE);
  g_autoptr (GVariant) value = new_blob (BIG_BYTES, 7);
  struct rlimit old, limit;

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &old), ==, 0);
  limit = (struct rlimit) { BIG_BYTES / 2, old.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  g_assert_cmpuint (send_value (pair.a, 1, value), >, BIG_BYTES);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &old), ==, 0);
}

static void
test_no_descriptor_left (void)
{
  g_auto (Pair) pair = pair_new (TRUE, TRUE);
  g_autoptr (GVariant) value = new_blob (BIG_BYTES, 7);
  g_autoptr (GError) message_error = NULL;
  g_autoptr (GError) error = NULL;
  MaltMessage message = { 0 };
  struct rlimit old, limit;

  send_value (pair.a, 1, value);
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
  send_value (pair.a, 2, value);
  receive (&pair, &message);
  g_assert_cmpuint (g_variant_get_size (message.value), ==, BIG_BYTES);
  malt_message_clear (&message);
}

/* Bytes as a peer would send them that knows no rules, with these descriptors. */
static void
send_raw (MaltStream   *stream,
          gconstpointer bytes,
          gsize         size,
          const int    *fds,
          guint         n_fds)
{
  struct iovec iovec = { (gpointer) bytes, size };
  guint8 control[CMSG_SPACE (4 * sizeof (int))] = { 0 };
  struct msghdr message = { .msg_iov = &iovec, .msg_iovlen = 1 };

  if (n_fds > 0)
    {
      struct cmsghdr *header;

      message.msg_control = control;
      message.msg_controllen = CMSG_SPACE (n_fds * sizeof (int));
      header = CMSG_FIRSTHDR (&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN (n_fds * sizeof (int));
      memcpy (CMSG_DATA (header), fds, n_fds * sizeof (int));
    }
  g_assert_cmpint (sendmsg (malt_stream_get_fd (stream), &message, MSG_NOSIGNAL), ==, size);
}

/* The frame of a RESULT of type ay. */
static void
make_frame (guint8  frame[MALT_FRAME_HEADER_BYTES + 8],
            guint8  flags,
            guint32 body_length)
{
  const MaltFrameHeader header = {
    .body_length = body_length,
    .type = MALT_MESSAGE_RESULT,
    .flags = flags,
    .id = 1,
    .type_length = 3,
  };

  malt_frame_header_encode (&header, frame);
  memcpy (frame + MALT_FRAME_HEADER_BYTES, "ay\0\0\0\0\0\0", 8);
}

static int
new_memory (gsize size,
            int   seals)
{
  int fd = memfd_create ("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  g_autofree guint8 *bytes = g_malloc0 (size + 1);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, bytes, size), ==, size);
  if (seals != 0)
    g_assert_cmpint (fcntl (fd, F_ADD_SEALS, seals), ==, 0);
  return fd;
}

static int
new_sparse_memory (void)
{
  int fd = memfd_create ("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  g_assert_cmpint (ftruncate (fd, BIG_BYTES), ==, 0);
  g_assert_cmpint (fcntl (fd, F_ADD_SEALS, ALL_SEALS), ==, 0);
  return fd;
}

static int
new_lingering_socket (void)
{
  const struct linger linger = { 1, 3600 };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (setsockopt (fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), ==, 0);
  return fd;
}

static int
new_fd_of_kind (guint kind)
{
  switch (kind)
    {
    case 0:
      return new_memory (BIG_BYTES, ALL_SEALS);
    case 1:
      return new_memory (BIG_BYTES, 0);
    case 2:
      return new_memory (BIG_BYTES, ALL_SEALS & ~F_SEAL_WRITE);
    case 3:
      return new_memory (BIG_BYTES, ALL_SEALS & ~F_SEAL_SHRINK);
    case 4:
      return new_memory (BIG_BYTES, ALL_SEALS & ~F_SEAL_GROW);
    case 5:
      return new_memory (BIG_BYTES, ALL_SEALS & ~F_SEAL_SEAL);
    case 6:
      return new_memory (7, ALL_SEALS);
    case 7:
      return new_memory (LIMIT_BYTES + 1, ALL_SEALS);
    case 8:
      return new_sparse_memory ();
    case 9:
      return open ("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    case 10:
      return open ("/", O_PATH | O_CLOEXEC);
    default:
      return new_lingering_socket ();
    }
}

#define DESCRIPTOR MALT_MESSAGE_FLAGS_DESCRIPTOR

static const struct
{
  const char *name;
  guint8      flags;
  guint32     body_length;
  guint       kind;
  guint       n_fds;
  gboolean    is_fine;
} attacks[] = {
  { "sealed", DESCRIPTOR, 8, 0, 1, TRUE },
  { "not-sealed", DESCRIPTOR, 8, 1, 1, FALSE },
  { "may-be-written", DESCRIPTOR, 8, 2, 1, FALSE },
  { "may-shrink", DESCRIPTOR, 8, 3, 1, FALSE },
  { "may-grow", DESCRIPTOR, 8, 4, 1, FALSE },
  { "may-be-sealed", DESCRIPTOR, 8, 5, 1, FALSE },
  { "too-small", DESCRIPTOR, 8, 6, 1, FALSE },
  { "too-large", DESCRIPTOR, 8, 7, 1, FALSE },
  { "holes", DESCRIPTOR, 8, 8, 1, FALSE },
  { "file", DESCRIPTOR, 8, 9, 1, FALSE },
  { "path", DESCRIPTOR, 8, 10, 1, FALSE },
  { "socket", DESCRIPTOR, 8, 11, 1, FALSE },
  { "none", DESCRIPTOR, 8, 0, 0, FALSE },
  { "two", DESCRIPTOR, 8, 0, 2, FALSE },
  { "four", DESCRIPTOR, 8, 0, 4, FALSE },
  { "value-twice", DESCRIPTOR, 16, 0, 1, FALSE },
  { "big-body", DESCRIPTOR, MALT_STREAM_BIG_BYTES, 0, 1, FALSE },
  { "unexpected", 0, 8, 0, 1, FALSE },
  { "unexpected-two", 0, 8, 0, 2, FALSE },
  { "unexpected-socket", 0, 8, 11, 1, FALSE },
  { "unexpected-with-big-body", 0, 100000, 0, 1, FALSE },
  { "unexpected-with-part", 0, 200, 0, 1, FALSE },
};

/* Everything that is there; whether it came to a broken protocol. */
static gboolean
read_until_broken (MaltStream *stream)
{
  MaltStreamStatus status = MALT_STREAM_OK;
  g_autoptr (GError) error = NULL;
  MaltMessage message = { 0 };

  while (status == MALT_STREAM_OK && error == NULL)
    {
      status = malt_stream_fill (stream, NULL);
      while (malt_stream_next (stream, &message, NULL, &error))
        malt_message_clear (&message);
    }

  if (error != NULL)
    g_assert_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL);
  return error != NULL;
}

static void
test_attack (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  guint8 frame[MALT_FRAME_HEADER_BYTES + 16] = { 0 };
  gsize size = MALT_FRAME_HEADER_BYTES + MIN (attacks[i].body_length, 16);
  guint n_files = count_open_files ();
  g_auto (Pair) pair = pair_new (TRUE, TRUE);
  int fds[4];

  make_frame (frame, attacks[i].flags, attacks[i].body_length);
  for (guint k = 0; k < attacks[i].n_fds; k++)
    fds[k] = new_fd_of_kind (attacks[i].kind);
  send_raw (pair.a, frame, size, fds, attacks[i].n_fds);
  for (guint k = 0; k < attacks[i].n_fds; k++)
    close (fds[k]);

  g_assert_true (read_until_broken (pair.b) != attacks[i].is_fine);
  pair_clear (&pair);
  wait_for_open_files (n_files);
}

/* A descriptor comes with the first byte of its frame; the rest may come when it likes. */
static void
test_byte_by_byte (void)
{
  guint8 frame[MALT_FRAME_HEADER_BYTES + 8];
  guint n_files = count_open_files ();
  g_auto (Pair) pair = pair_new (TRUE, TRUE);
  MaltMessage message = { 0 };
  int fd = new_memory (BIG_BYTES + 8, ALL_SEALS);

  make_frame (frame, DESCRIPTOR, 8);
  for (gsize i = 0; i < sizeof frame; i++)
    {
      g_assert_false (malt_stream_next (pair.b, &message, NULL, NULL));
      send_raw (pair.a, frame + i, 1, &fd, i == 0 ? 1 : 0);
      g_assert_cmpint (malt_stream_fill (pair.b, NULL), ==, MALT_STREAM_OK);
    }
  close (fd);
  g_assert_true (malt_stream_next (pair.b, &message, NULL, NULL));
  g_assert_cmpuint (g_variant_get_size (message.value), ==, BIG_BYTES);
  malt_message_clear (&message);
  pair_clear (&pair);
  g_assert_cmpuint (count_open_files (), ==, n_files);
}

/* Descriptors with frames that are not complete, as many as the peer likes. */
static void
test_descriptors_do_not_pile_up (void)
{
  guint8 frame[MALT_FRAME_HEADER_BYTES + 8];
  guint n_files = count_open_files ();
  g_auto (Pair) pair = pair_new (TRUE, TRUE);
  MaltMessage message = { 0 };
  g_autoptr (GError) error = NULL;
  int fd = new_memory (BIG_BYTES, ALL_SEALS);

  make_frame (frame, DESCRIPTOR, 8);
  for (gsize i = 0; i < 20; i++)
    send_raw (pair.a, frame + i, 1, &fd, 1);
  close (fd);
  while (error == NULL)
    {
      g_assert_cmpint (malt_stream_fill (pair.b, NULL), ==, MALT_STREAM_OK);
      g_assert_false (malt_stream_next (pair.b, &message, NULL, &error));
      g_assert_cmpuint (count_open_files (), <=, n_files + 2 + 2);
    }
  g_assert_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL);
  pair_clear (&pair);
  wait_for_open_files (n_files);
}

/* Before the feature was agreed on, what comes is never open here. */
static void
test_kernel_drops_what_nobody_takes (void)
{
  guint8 frame[MALT_FRAME_HEADER_BYTES + 8];
  g_auto (Pair) pair = pair_new (FALSE, FALSE);
  guint n_files = count_open_files ();
  MaltMessage message = { 0 };
  int fd = new_memory (BIG_BYTES, ALL_SEALS);

  make_frame (frame, 0, 8);
  send_raw (pair.a, frame, sizeof frame, &fd, 1);
  close (fd);
  g_assert_cmpint (malt_stream_fill (pair.b, NULL), ==, MALT_STREAM_OK);
  g_assert_true (malt_stream_next (pair.b, &message, NULL, NULL));
  malt_message_clear (&message);
  g_assert_cmpuint (count_open_files (), ==, n_files);
}

/* A user has so many on their way in all processes together: then the bytes go. Not as root, whom the
 * kernel lets have more. */
static void
test_too_many_on_their_way (void)
{
  const struct rlimit limit = { 20, 20 };
  g_auto (Pair) pair = { 0 };
  g_autoptr (GVariant) value = new_blob (BIG_BYTES, 7);
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
  pair = pair_new (TRUE, TRUE);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  for (guint i = 0; i < 30; i++)
    {
      struct iovec iovec = { "", 1 };
      guint8 control[CMSG_SPACE (sizeof (int))] = { 0 };
      struct msghdr header = { .msg_iov = &iovec, .msg_iovlen = 1, .msg_control = control,
                               .msg_controllen = sizeof control };

      *CMSG_FIRSTHDR (&header) = (struct cmsghdr) { CMSG_LEN (sizeof (int)), SOL_SOCKET, SCM_RIGHTS };
      memcpy (CMSG_DATA (CMSG_FIRSTHDR (&header)), &fds[0], sizeof (int));
      if (sendmsg (fds[0], &header, MSG_DONTWAIT) < 0)
        break;
    }

  g_assert_cmpuint (send_value (pair.a, 1, value), <, 256);
  g_assert_cmpuint (malt_stream_get_queued_bytes (pair.a), >, BIG_BYTES / 2);
  receive (&pair, &message);
  g_assert_cmpmem (g_variant_get_data (message.value), g_variant_get_size (message.value),
                   g_variant_get_data (value), BIG_BYTES);
  malt_message_clear (&message);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/descriptors/there-and-back", test_there_and_back);
  g_test_add_func ("/malt/descriptors/a-part-is-sent-alone", test_a_part_is_sent_alone);
  g_test_add_func ("/malt/descriptors/sent-again", test_sent_again);
  g_test_add_func ("/malt/descriptors/peer-that-does-not-know", test_peer_that_does_not_know);
  g_test_add_func ("/malt/descriptors/unread-values-are-bounded", test_unread_values_are_bounded);
  g_test_add_func ("/malt/descriptors/many-values-are-held", test_many_values_are_held);
  g_test_add_func ("/malt/descriptors/small-and-big-in-order", test_small_and_big_in_order);
  g_test_add_func ("/malt/descriptors/limit-of-file-size", test_limit_of_file_size);
  g_test_add_func ("/malt/descriptors/no-descriptor-left", test_no_descriptor_left);
  g_test_add_func ("/malt/descriptors/byte-by-byte", test_byte_by_byte);
  g_test_add_func ("/malt/descriptors/do-not-pile-up", test_descriptors_do_not_pile_up);
  g_test_add_func ("/malt/descriptors/kernel-drops-what-nobody-takes",
                   test_kernel_drops_what_nobody_takes);
  g_test_add_func ("/malt/descriptors/too-many-on-their-way", test_too_many_on_their_way);
  for (guint i = 0; i < G_N_ELEMENTS (attacks); i++)
    {
      g_autofree char *path = g_strdup_printf ("/malt/descriptors/attack/%s", attacks[i].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_attack);
    }

  return g_test_run ();
}

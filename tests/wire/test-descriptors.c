/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-stream-fixture.h"

#include "malt/malt-error.h"
#include "tests/malt-test-slowness.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* A peer that sends descriptors as no rule allows. */

#define MAX_FDS 4

/* Of a RESULT whose value is elsewhere: its type and the padding. */
#define FRAME_BYTES (MALT_FRAME_HEADER_BYTES + 8)

#define BIG_BYTES (1024u * 1024)
#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int lingering_peers[MAX_FDS];
static guint n_lingering_peers;

/* Bytes as a peer would send them that knows no rules, with these descriptors. */
static gssize
send_with_flags (MaltStream   *stream,
                 gconstpointer bytes,
                 gsize         size,
                 const int    *fds,
                 guint         n_fds,
                 int           flags)
{
  struct iovec iovec = { (gpointer) bytes, size };
  guint8 control[CMSG_SPACE (MAX_FDS * sizeof (int))] = { 0 };
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

  return sendmsg (malt_stream_get_fd (stream), &message, MSG_NOSIGNAL | flags);
}

static void
send_raw (MaltStream   *stream,
          gconstpointer bytes,
          gsize         size,
          const int    *fds,
          guint         n_fds)
{
  g_assert_cmpint (send_with_flags (stream, bytes, size, fds, n_fds, 0), ==, size);
}

/* The frame of a RESULT of type ay. */
static void
make_frame (guint8  frame[FRAME_BYTES],
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

/* Whoever closes it last waits an hour, for its peer never takes what has been sent. Under valgrind
 * all other threads would wait, too. */
static int
new_lingering_socket (void)
{
  const struct linger linger = { !malt_test_is_valgrind (), 3600 };
  struct sockaddr_in address = { .sin_family = AF_INET };
  socklen_t length = sizeof address;
  const guint8 bytes[4096] = { 0 };
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  g_assert_cmpint (bind (listener, (struct sockaddr *) &address, length), ==, 0);
  g_assert_cmpint (getsockname (listener, (struct sockaddr *) &address, &length), ==, 0);
  g_assert_cmpint (listen (listener, 1), ==, 0);
  g_assert_cmpint (connect (fd, (struct sockaddr *) &address, length), ==, 0);
  g_assert_cmpint (setsockopt (fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), ==, 0);
  while (send (fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
    ;
  lingering_peers[n_lingering_peers++] = accept (listener, NULL, NULL);
  close (listener);

  return fd;
}

static void
close_lingering_peers (void)
{
  while (n_lingering_peers > 0)
    close (lingering_peers[--n_lingering_peers]);
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
      return new_memory (STREAM_LIMIT_BYTES + 1, ALL_SEALS);
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
  { "four-sockets", DESCRIPTOR, 8, 11, 4, FALSE },
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
check_end (StreamPair *pair,
           guint       n_files)
{
  stream_pair_clear (pair);
  close_lingering_peers ();
  stream_wait_for_open_files (n_files);
}

static void
test_attack (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  guint8 frame[MALT_FRAME_HEADER_BYTES + 16] = { 0 };
  gsize size = MALT_FRAME_HEADER_BYTES + MIN (attacks[i].body_length, 16);
  guint n_files = stream_count_open_files ();
  g_auto (StreamPair) pair = stream_pair_new_descriptors (TRUE, TRUE);
  int fds[MAX_FDS];

  make_frame (frame, attacks[i].flags, attacks[i].body_length);
  for (guint k = 0; k < attacks[i].n_fds; k++)
    fds[k] = new_fd_of_kind (attacks[i].kind);
  send_raw (pair.a, frame, size, fds, attacks[i].n_fds);
  for (guint k = 0; k < attacks[i].n_fds; k++)
    close (fds[k]);

  g_assert_true (read_until_broken (pair.b) != attacks[i].is_fine);
  check_end (&pair, n_files);
}

/* A descriptor comes with the first byte of its frame; the rest may come when it likes. */
static void
test_byte_by_byte (void)
{
  guint8 frame[FRAME_BYTES];
  guint n_files = stream_count_open_files ();
  g_auto (StreamPair) pair = stream_pair_new_descriptors (TRUE, TRUE);
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
  stream_pair_clear (&pair);
  g_assert_cmpuint (stream_count_open_files (), ==, n_files);
}

/* Descriptors with frames that are not complete, as many as the peer likes. */
static void
test_descriptors_do_not_pile_up (void)
{
  guint8 frame[FRAME_BYTES];
  guint n_files = stream_count_open_files ();
  g_auto (StreamPair) pair = stream_pair_new_descriptors (TRUE, TRUE);
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
      g_assert_cmpuint (stream_count_open_files (), <=, n_files + 2 + 2);
    }
  g_assert_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL);
  stream_pair_clear (&pair);
  stream_wait_for_open_files (n_files);
}

/* With the first `size` bytes of a frame that nothing else is wrong with. */
static gssize
send_lingering_socket (MaltStream *stream,
                       guint8      frame_flags,
                       gsize       size,
                       int         send_flags)
{
  guint8 frame[FRAME_BYTES];
  int fd = new_lingering_socket ();
  gssize n_sent;

  make_frame (frame, frame_flags, 8);
  n_sent = send_with_flags (stream, frame, size, &fd, 1, send_flags);
  close (fd);

  return n_sent;
}

/* Where none was agreed on, and to the one who reads it is nothing but bytes. */
static void
test_nobody_has_agreed (void)
{
  guint n_files = stream_count_open_files ();
  g_auto (StreamPair) pair = stream_pair_new_descriptors (FALSE, FALSE);

  g_assert_cmpint (send_lingering_socket (pair.a, 0, FRAME_BYTES, 0), >, 0);
  g_assert_true (read_until_broken (pair.b));
  check_end (&pair, n_files);
}

/* Past such a byte the kernel reads on, unless it is told not to. */
static void
test_out_of_band (void)
{
  guint n_files = stream_count_open_files ();
  g_auto (StreamPair) pair = stream_pair_new_descriptors (TRUE, TRUE);

  if (send_lingering_socket (pair.a, DESCRIPTOR, 1, MSG_OOB) > 0)
    read_until_broken (pair.b);
  else
    g_test_skip ("This system sends nothing out of band over Unix sockets");
  check_end (&pair, n_files);
}

/* What is not read before the end is closed by the kernel, in the thread that closes the socket. */
static void
test_nobody_reads (void)
{
  guint n_files = stream_count_open_files ();
  g_auto (StreamPair) pair = stream_pair_new_descriptors (TRUE, TRUE);

  g_assert_cmpint (send_lingering_socket (pair.a, DESCRIPTOR, FRAME_BYTES, 0), >, 0);
  check_end (&pair, n_files);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/descriptors/byte-by-byte", test_byte_by_byte);
  g_test_add_func ("/malt/descriptors/do-not-pile-up", test_descriptors_do_not_pile_up);
  g_test_add_func ("/malt/descriptors/nobody-has-agreed", test_nobody_has_agreed);
  g_test_add_func ("/malt/descriptors/nobody-reads", test_nobody_reads);
  g_test_add_func ("/malt/descriptors/out-of-band", test_out_of_band);
  for (guint i = 0; i < G_N_ELEMENTS (attacks); i++)
    {
      g_autofree char *path = g_strdup_printf ("/malt/descriptors/attack/%s", attacks[i].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_attack);
    }

  return g_test_run ();
}

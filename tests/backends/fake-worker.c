/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A worker that misbehaves on demand: fake-worker --malt-worker MODE [ARGUMENT].
 *
 * It links nothing of the library and writes its frames by hand, so it is also a second opinion on
 * them. MODE is one of `modes` at the end. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATA_FD 3
#define CONTROL_FD 4

#define HEADER_BYTES 32
#define BODY_MAX_BYTES (1 << 20)
#define HELLO_ID(major) (UINT64_C (0x4d414c54) << 32 | (uint64_t) (major) << 16)

enum
{
  HELLO = 2,
  CALL = 3,
  RESULT = 5,
  STOP = 10,
  LOG = 13
};

/* What a call does before it is answered. */
typedef void (*Work) (const char *argument);

static void
put (uint8_t *bytes,
     uint64_t number,
     int      size)
{
  for (int i = 0; i < size; i++)
    bytes[i] = (uint8_t) (number >> (8 * i));
}

static uint64_t
get (const uint8_t *bytes,
     int            size)
{
  uint64_t number = 0;

  for (int i = 0; i < size; i++)
    number |= (uint64_t) bytes[i] << (8 * i);
  return number;
}

static void
wait_for_ever (void)
{
  while (true)
    pause ();
}

static void
write_all (int         fd,
           const void *bytes,
           size_t      length)
{
  const uint8_t *rest = bytes;

  while (length > 0)
    {
      ssize_t written = write (fd, rest, length);

      if (written < 0)
        _exit (9);
      rest += written;
      length -= (size_t) written;
    }
}

static void
encode_header (uint8_t     header[HEADER_BYTES],
               int         type,
               uint64_t    id,
               uint64_t    number,
               size_t      name_length,
               const char *type_string,
               size_t      body_length)
{
  memset (header, 0, HEADER_BYTES);
  put (header, body_length, 4);
  header[4] = (uint8_t) type;
  put (header + 8, id, 8);
  put (header + 16, number, 8);
  put (header + 24, name_length, 4);
  put (header + 28, strlen (type_string) + 1, 4);
}

static void
write_frame (int         fd,
             int         type,
             uint64_t    id,
             uint64_t    number,
             const char *name,
             const char *type_string,
             const char *value,
             size_t      value_length)
{
  uint8_t header[HEADER_BYTES];
  uint8_t body[256] = { 0 };
  size_t name_length = name != NULL ? strlen (name) + 1 : 0;
  size_t value_offset = (name_length + strlen (type_string) + 1 + 7) / 8 * 8;

  if (name != NULL)
    memcpy (body, name, name_length);
  strcpy ((char *) body + name_length, type_string);
  memcpy (body + value_offset, value, value_length);
  encode_header (header, type, id, number, name_length, type_string, value_offset + value_length);
  write_all (fd, header, sizeof header);
  write_all (fd, body, value_offset + value_length);
}

/* Its a{sv} is empty, which is no bytes at all. */
static void
say_hello (int major)
{
  write_frame (DATA_FD, HELLO, HELLO_ID (major), 0, NULL, "a{sv}", "", 0);
}

static void
answer (uint64_t id)
{
  write_frame (DATA_FD, RESULT, id, 0, NULL, "()", "", 1);
}

static bool
read_all (int    fd,
          void  *bytes,
          size_t length)
{
  uint8_t *rest = bytes;

  while (length > 0)
    {
      ssize_t n_read = read (fd, rest, length);

      if (n_read < 0 && errno == EINTR)
        continue;
      if (n_read <= 0)
        return false;
      rest += n_read;
      length -= (size_t) n_read;
    }
  return true;
}

/* The type of the next message, 0 at the end. */
static int
read_frame (int       fd,
            uint64_t *id)
{
  static uint8_t body[BODY_MAX_BYTES];
  uint8_t header[HEADER_BYTES];

  if (!read_all (fd, header, sizeof header) || get (header, 4) > sizeof body
      || !read_all (fd, body, get (header, 4)))
    return 0;
  *id = get (header + 8, 8);
  return header[4];
}

/* Answers calls and leaves when it is asked to, unless it is deaf. */
static void
serve (Work        work,
       const char *argument,
       bool        deaf)
{
  struct pollfd ready[] = { { DATA_FD, POLLIN, 0 }, { CONTROL_FD, POLLIN, 0 } };

  say_hello (1);
  while (true)
    {
      uint64_t id;

      if (poll (ready, 2, -1) < 0)
        continue;
      for (int i = 0; i < 2; i++)
        {
          if (ready[i].revents == 0)
            continue;
          int type = read_frame (ready[i].fd, &id);
          if ((type == 0 || type == STOP) && !deaf)
            _exit (0);
          if (type == 0)
            ready[i].fd = -1;
          if (type == CALL)
            {
              work (argument);
              answer (id);
            }
        }
    }
}

static void
work_nothing (const char *argument)
{
}

static void
work_never_answer (const char *argument)
{
  wait_for_ever ();
}

/* Ten thousand bytes, so that one read of the manager is not all. */
static void
work_print (const char *argument)
{
  static int n_calls;

  n_calls++;
  for (int i = 0; i < 100; i++)
    printf ("call %d line %d %080d\n", n_calls, i, 0);
  printf ("call %d ends\n", n_calls);
  fflush (stdout);
  fprintf (stderr, "call %d complains\n", n_calls);
}

static void
work_print_text (const char *argument)
{
  fputs (argument, stdout);
  fflush (stdout);
}

static void
work_exit (const char *argument)
{
  fputs ("last words", stderr);
  exit (atoi (argument));
}

static void
work_die (const char *argument)
{
  fputs ("last words\n", stderr);
  raise (atoi (argument));
}

static void
work_garbage (const char *argument)
{
  char garbage[256];

  memset (garbage, 'x', sizeof garbage);
  write_all (DATA_FD, garbage, sizeof garbage);
  wait_for_ever ();
}

static void
work_close (const char *argument)
{
  close (DATA_FD);
  close (CONTROL_FD);
  wait_for_ever ();
}

/* "LEVEL TEXT", without fields: the text, aligned to 4 the number 0, aligned to 8 an empty a{sv}, and
 * the end of the text. */
static void
work_log (const char *argument)
{
  char value[200] = { 0 };
  char *text;
  unsigned long level = strtoul (argument, &text, 0);
  size_t length = strlen (++text) + 1;
  size_t end = ((length + 3) / 4 * 4 + 4 + 7) / 8 * 8;

  memcpy (value, text, length);
  value[end] = (char) length;
  write_frame (CONTROL_FD, LOG, 0, level, "Fake", "(sua{sv})", value, end + 1);
}

/* Nobody's child, in a session of its own, that holds on to stdout and stderr. Its PID goes into
 * a file. */
static void
start_grandchild (const char *path)
{
  pid_t child = fork ();

  if (child > 0)
    {
      while (access (path, F_OK) != 0)
        usleep (1000);
      return;
    }
  setsid ();
  if (fork () > 0)
    _exit (0);
  close (DATA_FD);
  close (CONTROL_FD);

  char part[4096];
  snprintf (part, sizeof part, "%s.part", path);
  FILE *file = fopen (part, "w");
  fprintf (file, "%d", (int) getpid ());
  fclose (file);
  rename (part, path);
  wait_for_ever ();
}

static void
start_child (const char *path)
{
  pid_t child = fork ();

  if (child == 0)
    {
      signal (SIGTERM, SIG_IGN);
      close (DATA_FD);
      close (CONTROL_FD);
      wait_for_ever ();
    }
  FILE *file = fopen (path, "w");
  fprintf (file, "%d", (int) child);
  fclose (file);
}

static void
mode_exit (const char *argument)
{
  fputs ("fake-worker: unknown flag --threads\n", stderr);
  exit (atoi (argument));
}

static void
mode_die (const char *argument)
{
  fputs ("fake-worker: about to die\n", stderr);
  raise (atoi (argument));
}

static void
mode_hang (const char *argument)
{
  wait_for_ever ();
}

static void
mode_garbage (const char *argument)
{
  fputs ("fake-worker: speaks something else\n", stderr);
  work_garbage (argument);
}

static void
mode_oversized (const char *argument)
{
  uint8_t header[HEADER_BYTES];

  encode_header (header, HELLO, HELLO_ID (1), 0, 0, "a{sv}", 0xfffffff0u);
  write_all (DATA_FD, header, sizeof header);
  wait_for_ever ();
}

static void
mode_half (const char *argument)
{
  uint8_t header[HEADER_BYTES];

  encode_header (header, HELLO, HELLO_ID (1), 0, 0, "a{sv}", 8);
  write_all (DATA_FD, header, sizeof header / 2);
  wait_for_ever ();
}

static void
mode_other_version (const char *argument)
{
  say_hello (9);
  wait_for_ever ();
}

static void
mode_close (const char *argument)
{
  work_close (argument);
}

static void
mode_serve (const char *argument)
{
  serve (work_nothing, argument, false);
}

/* Ends only by SIGKILL. */
static void
mode_deaf (const char *argument)
{
  signal (SIGTERM, SIG_IGN);
  serve (work_never_answer, argument, true);
}

/* Ends by SIGTERM. */
static void
mode_ignore_stop (const char *argument)
{
  serve (work_never_answer, argument, true);
}

static void
mode_never_answer (const char *argument)
{
  serve (work_never_answer, argument, false);
}

static void
mode_print (const char *argument)
{
  serve (work_print, argument, false);
}

static void
mode_print_text (const char *argument)
{
  serve (work_print_text, argument, false);
}

static void
mode_exit_later (const char *argument)
{
  serve (work_exit, argument, false);
}

static void
mode_die_later (const char *argument)
{
  serve (work_die, argument, false);
}

static void
mode_garbage_later (const char *argument)
{
  serve (work_garbage, argument, false);
}

static void
mode_close_later (const char *argument)
{
  serve (work_close, argument, false);
}

static void
mode_log (const char *argument)
{
  serve (work_log, argument, false);
}

static void
mode_grandchild (const char *argument)
{
  start_grandchild (argument);
  serve (work_nothing, argument, false);
}

static void
mode_grandchild_exit (const char *argument)
{
  start_grandchild (argument);
  fputs ("left somebody behind\n", stderr);
  exit (4);
}

static void
mode_child (const char *argument)
{
  signal (SIGTERM, SIG_IGN);
  start_child (argument);
  serve (work_never_answer, argument, true);
}

/* The main process serves, a child prints without end: with a newline a hundred bytes, or with
 * none. */
static void
mode_flood (const char *argument)
{
  static char block[64 * 1024];

  memset (block, 'a', sizeof block);
  if (strcmp (argument, "lines") == 0)
    for (size_t i = 99; i < sizeof block; i += 100)
      block[i] = '\n';
  if (fork () == 0)
    {
      close (DATA_FD);
      close (CONTROL_FD);
      while (write (STDOUT_FILENO, block, sizeof block) > 0)
        ;
      _exit (0);
    }
  serve (work_nothing, argument, false);
}

static const struct
{
  const char *name;
  void      (*run) (const char *argument);
} modes[] = {
  { "exit", mode_exit },
  { "die", mode_die },
  { "hang", mode_hang },
  { "garbage", mode_garbage },
  { "oversized", mode_oversized },
  { "half", mode_half },
  { "other-version", mode_other_version },
  { "close", mode_close },
  { "serve", mode_serve },
  { "deaf", mode_deaf },
  { "ignore-stop", mode_ignore_stop },
  { "never-answer", mode_never_answer },
  { "print", mode_print },
  { "print-text", mode_print_text },
  { "exit-later", mode_exit_later },
  { "die-later", mode_die_later },
  { "garbage-later", mode_garbage_later },
  { "close-later", mode_close_later },
  { "log", mode_log },
  { "grandchild", mode_grandchild },
  { "grandchild-exit", mode_grandchild_exit },
  { "child", mode_child },
  { "flood", mode_flood },
};

int
main (int    argc,
      char **argv)
{
  if (argc < 3 || strcmp (argv[1], "--malt-worker") != 0)
    return 64;
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
    if (strcmp (argv[2], modes[i].name) == 0)
      modes[i].run (argc > 3 ? argv[3] : "");
  return 65;
}

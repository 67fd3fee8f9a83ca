/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A worker that misbehaves on demand: fake-worker --malt-worker MODE [ARGUMENT].
 *
 * MODE is one of `modes` at the end. */
#include "raw-frames.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a call does before it is answered. */
typedef void (*Work) (const char *argument);

static void
wait_for_ever (void)
{
  while (true)
    pause ();
}

/* Answers calls and leaves when it is asked to, unless it is deaf. */
static void
serve (Work        work,
       const char *argument,
       bool        deaf)
{
  struct pollfd ready[] = { { RAW_DATA_FD, POLLIN, 0 }, { RAW_CONTROL_FD, POLLIN, 0 } };

  raw_say_hello (1);
  while (true)
    {
      uint64_t id;

      if (poll (ready, 2, -1) < 0)
        continue;
      for (int i = 0; i < 2; i++)
        {
          if (ready[i].revents == 0)
            continue;
          int type = raw_read_frame (ready[i].fd, &id, NULL);
          if ((type == 0 || type == RAW_STOP) && !deaf)
            _exit (0);
          if (type == 0)
            ready[i].fd = -1;
          if (type == RAW_CALL)
            {
              work (argument);
              raw_answer (id);
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

/* Uses that many bytes of memory, and keeps them. */
static void
work_fill (const char *argument)
{
  static void *volatile kept;
  size_t n_bytes = strtoul (argument, NULL, 0);

  kept = malloc (n_bytes);
  memset (kept, 'x', n_bytes);
}

static void
work_garbage (const char *argument)
{
  char garbage[256];

  memset (garbage, 'x', sizeof garbage);
  raw_write_all (RAW_DATA_FD, garbage, sizeof garbage);
  wait_for_ever ();
}

static void
work_close (const char *argument)
{
  close (RAW_DATA_FD);
  close (RAW_CONTROL_FD);
  wait_for_ever ();
}

/* "LEVEL TEXT", without fields: the text, aligned to 4 the number 0, aligned to 8 an empty a{sv},
 * and the end of the text. */
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
  raw_write_frame (RAW_CONTROL_FD, RAW_LOG, 0, level, "Fake", "(sua{sv})", value, end + 1);
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
  close (RAW_DATA_FD);
  close (RAW_CONTROL_FD);

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
      close (RAW_DATA_FD);
      close (RAW_CONTROL_FD);
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
  const RawHeader header = {
    .body_length = 0xfffffff0u, .type = RAW_HELLO, .id = RAW_HELLO_ID (1), .type_length = 6,
  };

  raw_write_header (RAW_DATA_FD, &header);
  wait_for_ever ();
}

static void
mode_half (const char *argument)
{
  const RawHeader header = {
    .body_length = 8, .type = RAW_HELLO, .id = RAW_HELLO_ID (1), .type_length = 6,
  };
  uint8_t bytes[RAW_HEADER_BYTES];

  raw_encode_header (bytes, &header);
  raw_write_all (RAW_DATA_FD, bytes, sizeof bytes / 2);
  wait_for_ever ();
}

static void
mode_other_version (const char *argument)
{
  raw_say_hello (9);
  wait_for_ever ();
}

static void
mode_close (const char *argument)
{
  work_close (argument);
}

/* Greets, and will hear no call. */
static void
mode_close_data (const char *argument)
{
  raw_say_hello (1);
  close (RAW_DATA_FD);
  wait_for_ever ();
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
mode_fill_later (const char *argument)
{
  serve (work_fill, argument, false);
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
      close (RAW_DATA_FD);
      close (RAW_CONTROL_FD);
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
  { "close-data", mode_close_data },
  { "serve", mode_serve },
  { "deaf", mode_deaf },
  { "ignore-stop", mode_ignore_stop },
  { "never-answer", mode_never_answer },
  { "print", mode_print },
  { "print-text", mode_print_text },
  { "exit-later", mode_exit_later },
  { "die-later", mode_die_later },
  { "fill-later", mode_fill_later },
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

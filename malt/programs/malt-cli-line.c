/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/programs/malt-cli-private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_LIBEDIT
#include <glib-unix.h>
#include <histedit.h>
#include <wchar.h>
#endif

#define HISTORY_LINES 1000

/* Where libedit is built in and a person types, `editor` reads and `history` remembers; otherwise
 * bytes come straight from standard input into `buffer`. Both wait in the session, which serves its
 * main context and tells Ctrl-C. */
struct _MaltCliLine
{
  MaltCliSession *session;       /* owned */
  gboolean        is_interactive;
  GString        *buffer;        /* read, and not asked for yet */
  gboolean        at_end;
#ifdef HAVE_LIBEDIT
  EditLine       *editor;        /* owned, or NULL */
  History        *history;       /* owned, or NULL */
  char           *history_file;
  const char     *prompt;        /* while reading */
  gboolean        is_interrupted;
  guint           resize_source;
#endif
};

#ifdef HAVE_LIBEDIT

static char *
get_prompt (EditLine *editor)
{
  MaltCliLine *self;

  el_get (editor, EL_CLIENTDATA, &self);
  return (char *) self->prompt;
}

/* libedit's own reader would sleep in read(), where no main context is served. */
static int
read_character (EditLine *editor,
                wchar_t  *character)
{
  MaltCliLine *self;
  mbstate_t state = { 0 };
  char byte;

  el_get (editor, EL_CLIENTDATA, &self);

  for (;;)
    {
      gssize n_read;

      if (!malt_cli_session_wait_input (self->session))
        {
          self->is_interrupted = TRUE;
          errno = EINTR;
          return -1;
        }

      n_read = read (STDIN_FILENO, &byte, 1);
      if (n_read <= 0)
        return (int) n_read;

      switch (mbrtowc (character, &byte, 1, &state))
        {
        case (size_t) -2: /* more bytes to come */
          break;
        case (size_t) -1: /* not text in this locale: forget it */
          memset (&state, 0, sizeof state);
          break;
        default:
          return 1;
        }
    }
}

static gboolean
on_resize (gpointer user_data)
{
  MaltCliLine *self = user_data;

  el_resize (self->editor);
  return G_SOURCE_CONTINUE;
}

static void
open_editor (MaltCliLine *self)
{
  g_autofree char *directory = g_build_filename (g_get_user_state_dir (), "malt", NULL);
  HistEvent event;

  self->editor = el_init ("malt", stdin, stdout, stderr);
  if (self->editor == NULL)
    return;

  el_set (self->editor, EL_CLIENTDATA, self);
  el_set (self->editor, EL_PROMPT, get_prompt);
  el_set (self->editor, EL_EDITOR, "emacs");
  el_set (self->editor, EL_GETCFN, read_character);

  self->history = history_init ();
  if (self->history != NULL)
    {
      /* Without the folder there is a history for this time only. */
      g_mkdir_with_parents (directory, 0700);
      self->history_file = g_build_filename (directory, "history", NULL);
      history (self->history, &event, H_SETSIZE, HISTORY_LINES);
      history (self->history, &event, H_SETUNIQUE, 1);
      history (self->history, &event, H_LOAD, self->history_file);
      el_set (self->editor, EL_HIST, history, self->history);
    }

  el_source (self->editor, NULL);
  self->resize_source = g_unix_signal_add (SIGWINCH, on_resize, self);
}

static void
close_editor (MaltCliLine *self)
{
  HistEvent event;

  g_clear_handle_id (&self->resize_source, g_source_remove);
  if (self->history != NULL)
    {
      history (self->history, &event, H_SAVE, self->history_file);
      history_end (self->history);
    }
  g_clear_pointer (&self->editor, el_end);
  g_clear_pointer (&self->history_file, g_free);
}

static MaltCliLineStatus
read_edited (MaltCliLine  *self,
             const char   *prompt,
             char        **line)
{
  HistEvent event;
  const char *text;
  int length = 0;

  self->prompt = prompt;
  self->is_interrupted = FALSE;
  text = el_gets (self->editor, &length);
  if (self->is_interrupted)
    {
      puts ("^C");
      return MALT_CLI_LINE_INTERRUPTED;
    }

  if (text == NULL || length <= 0)
    {
      putchar ('\n');
      return MALT_CLI_LINE_END;
    }

  *line = g_strchomp (g_strndup (text, (gsize) length));
  if (**line != '\0' && self->history != NULL)
    history (self->history, &event, H_ENTER, *line);

  return MALT_CLI_LINE_READ;
}

#endif /* HAVE_LIBEDIT */

/* TRUE when a line, or the end, is in the buffer. */
static gboolean
fill_buffer (MaltCliLine *self)
{
  char chunk[4096];
  gssize n_read;

  while (!self->at_end && memchr (self->buffer->str, '\n', self->buffer->len) == NULL)
    {
      if (!malt_cli_session_wait_input (self->session))
        return FALSE;

      n_read = read (STDIN_FILENO, chunk, sizeof chunk);
      if (n_read > 0)
        g_string_append_len (self->buffer, chunk, n_read);
      else if (n_read == 0 || errno != EINTR)
        self->at_end = TRUE;
    }

  return TRUE;
}

static MaltCliLineStatus
read_plain (MaltCliLine  *self,
            const char   *prompt,
            char        **line)
{
  const char *newline;
  gsize length;

  if (self->is_interactive)
    fputs (prompt, stdout);
  fflush (stdout);

  if (!fill_buffer (self))
    {
      putchar ('\n');
      g_string_truncate (self->buffer, 0);
      return MALT_CLI_LINE_INTERRUPTED;
    }

  if (self->buffer->len == 0)
    {
      if (self->is_interactive)
        putchar ('\n');
      return MALT_CLI_LINE_END;
    }

  newline = memchr (self->buffer->str, '\n', self->buffer->len);
  length = newline != NULL ? (gsize) (newline - self->buffer->str) : self->buffer->len;
  *line = g_strndup (self->buffer->str, length);
  g_string_erase (self->buffer, 0, (gssize) (newline != NULL ? length + 1 : length));

  return MALT_CLI_LINE_READ;
}

MaltCliLine *
malt_cli_line_new (MaltCliSession *session)
{
  MaltCliLine *self = g_new0 (MaltCliLine, 1);

  self->session = g_object_ref (session);
  self->is_interactive = isatty (STDIN_FILENO) && isatty (STDOUT_FILENO);
  self->buffer = g_string_new (NULL);
#ifdef HAVE_LIBEDIT
  if (self->is_interactive)
    open_editor (self);
#endif

  return self;
}

void
malt_cli_line_free (MaltCliLine *self)
{
#ifdef HAVE_LIBEDIT
  close_editor (self);
#endif
  g_string_free (self->buffer, TRUE);
  g_object_unref (self->session);
  g_free (self);
}

gboolean
malt_cli_line_is_interactive (MaltCliLine *self)
{
  return self->is_interactive;
}

MaltCliLineStatus
malt_cli_line_read (MaltCliLine  *self,
                    const char   *prompt,
                    char        **line)
{
#ifdef HAVE_LIBEDIT
  if (self->editor != NULL)
    return read_edited (self, prompt, line);
#endif

  return read_plain (self, prompt, line);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-nats-parser.h"

#include <malt/malt-plugin.h>

#include <string.h>

/* Source: the NATS client protocol, docs.nats.io/reference/reference-protocols/nats-protocol */

/* Bytes of a line. The longest is INFO, which names every server of a cluster. */
#define NATS_MAX_LINE_BYTES (32u * 1024)

/* Bytes of a message with its headers: what a server allows unless it is told otherwise. */
#define NATS_MAX_MESSAGE_BYTES (1024u * 1024)

/* Parts of the line of a message: its name, subject, subscription, reply and two sizes. */
#define NATS_MAX_WORDS 6u

/* Headers begin with this and a status, if there is one. */
#define NATS_HEADER_VERSION "NATS/1.0"

struct _MaltNatsParser
{
  GByteArray        *buffer;       /* owned */
  gsize              offset;       /* of what has not been taken yet */
  gsize              searched;     /* bytes from there on without an end of line */
  gboolean           is_in_message; /* its line was taken, and @message is what it said */
  MaltNatsOperation  message;
  gsize              header_size;
  gsize              message_size; /* with the headers */
};

void
malt_nats_operation_clear (MaltNatsOperation *self)
{
  g_clear_pointer (&self->text, g_free);
  g_clear_pointer (&self->subject, g_free);
  g_clear_pointer (&self->reply, g_free);
  g_clear_pointer (&self->payload, g_bytes_unref);
  *self = (MaltNatsOperation) { 0 };
}

MaltNatsParser *
malt_nats_parser_new (void)
{
  MaltNatsParser *self = g_new0 (MaltNatsParser, 1);

  self->buffer = g_byte_array_new ();

  return self;
}

void
malt_nats_parser_free (MaltNatsParser *self)
{
  g_byte_array_unref (self->buffer);
  malt_nats_operation_clear (&self->message);
  g_free (self);
}

void
malt_nats_parser_feed (MaltNatsParser *self,
                       const guint8   *data,
                       gsize           size)
{
  if (self->offset > 0)
    g_byte_array_remove_range (self->buffer, 0, (guint) self->offset);
  self->offset = 0;
  g_byte_array_append (self->buffer, data, (guint) size);
}

gboolean
malt_nats_parser_has_more (MaltNatsParser *self)
{
  return self->is_in_message || self->buffer->len > self->offset;
}

static gboolean
refuse (GError     **error,
        const char  *what,
        const char  *line)
{
  g_autofree char *start = g_utf8_make_valid (line, (gssize) strnlen (line, 80));
  g_autofree char *shown = g_strescape (start, NULL);

  g_set_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL, "The NATS server sent %s: “%s”", what,
               shown);
  return FALSE;
}

/* The next line without its end, with a NUL in its place. (transfer none) (nullable) */
static char *
take_line (MaltNatsParser  *self,
           GError         **error)
{
  gsize left = self->buffer->len - self->offset;
  char *line = (char *) self->buffer->data + self->offset;
  char *end = left > 0 ? memchr (line + self->searched, '\n', left - self->searched) : NULL;

  if ((end != NULL ? (gsize) (end - line) : left) > NATS_MAX_LINE_BYTES)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                   "The NATS server sent a line of more than %u bytes", NATS_MAX_LINE_BYTES);
      return NULL;
    }

  self->searched = end != NULL ? 0 : left;
  if (end == NULL)
    return NULL;

  self->offset += (gsize) (end - line) + 1;
  if (end > line && end[-1] == '\r')
    end--;
  *end = '\0';

  return line;
}

/* Splits it where it is. */
static guint
split_words (char  *line,
             char **words)
{
  guint n_words = 0;
  char *rest = line;
  char *word;

  while ((word = strsep (&rest, " \t")) != NULL)
    {
      if (*word == '\0')
        continue;
      if (n_words == NATS_MAX_WORDS)
        return NATS_MAX_WORDS + 1;
      words[n_words++] = word;
    }

  return n_words;
}

static gboolean
read_number (const char *word,
             guint64     max,
             guint64    *number)
{
  return g_ascii_string_to_unsigned (word, 10, 0, max, number, NULL);
}

/* “MSG subject sid [reply] size”, “HMSG subject sid [reply] header-size size” */
static gboolean
begin_message (MaltNatsParser  *self,
               char            *line,
               GError         **error)
{
  g_autofree char *original = g_strdup (line);
  char *words[NATS_MAX_WORDS];
  guint n_words = split_words (line, words);
  gboolean has_headers = n_words > 0 && g_ascii_strcasecmp (words[0], "HMSG") == 0;
  guint n_least = has_headers ? 5 : 4;
  guint64 header_size = 0;
  guint64 size, sid;

  if ((n_words != n_least && n_words != n_least + 1)
      || !g_utf8_validate (words[1], -1, NULL)
      || !read_number (words[2], G_MAXUINT64, &sid)
      || !read_number (words[n_words - 1], NATS_MAX_MESSAGE_BYTES, &size)
      || (has_headers && !read_number (words[n_words - 2], size, &header_size)))
    return refuse (error, "a message that cannot be read", original);

  self->message = (MaltNatsOperation) {
    .type = MALT_NATS_MESSAGE,
    .sid = sid,
    .subject = g_strdup (words[1]),
    .reply = n_words > n_least ? g_utf8_make_valid (words[3], -1) : NULL,
  };
  self->header_size = header_size;
  self->message_size = size;
  self->is_in_message = TRUE;

  return TRUE;
}

/* “NATS/1.0 503 …” */
static guint
read_status (const guint8 *headers,
             gsize         size)
{
  g_autofree char *text = g_strndup ((const char *) headers, size);
  const char *status = text + strlen (NATS_HEADER_VERSION);

  if (!g_str_has_prefix (text, NATS_HEADER_VERSION) || *status != ' ')
    return 0;

  return (guint) g_ascii_strtoull (status, NULL, 10);
}

/* FALSE without an error: it is not complete. */
static gboolean
end_message (MaltNatsParser     *self,
             MaltNatsOperation  *operation,
             GError            **error)
{
  const guint8 *data = self->buffer->data + self->offset;

  if (self->buffer->len - self->offset < self->message_size + 2)
    return FALSE;

  if (memcmp (data + self->message_size, "\r\n", 2) != 0)
    return refuse (error, "a message that is longer than it said", self->message.subject);

  self->message.status = read_status (data, self->header_size);
  self->message.payload =
    g_bytes_new (data + self->header_size, self->message_size - self->header_size);
  self->offset += self->message_size + 2;
  self->is_in_message = FALSE;
  *operation = self->message;
  self->message = (MaltNatsOperation) { 0 };

  return TRUE;
}

/* Whether the line is this operation; what follows is at `rest`. */
static gboolean
is_operation (const char  *line,
              const char  *name,
              const char **rest)
{
  gsize length = strlen (name);

  if (g_ascii_strncasecmp (line, name, length) != 0
      || (line[length] != '\0' && line[length] != ' ' && line[length] != '\t'))
    return FALSE;

  *rest = line + length + strspn (line + length, " \t");
  return TRUE;
}

/* FALSE without an error: the line says nothing. */
static gboolean
read_line (MaltNatsParser     *self,
           char               *line,
           MaltNatsOperation  *operation,
           GError            **error)
{
  const char *rest;

  if (is_operation (line, "MSG", &rest) || is_operation (line, "HMSG", &rest))
    return begin_message (self, line, error) && end_message (self, operation, error);
  if (is_operation (line, "PING", &rest))
    operation->type = MALT_NATS_PING;
  else if (is_operation (line, "PONG", &rest))
    operation->type = MALT_NATS_PONG;
  else if (is_operation (line, "INFO", &rest))
    operation->type = MALT_NATS_INFO;
  else if (is_operation (line, "-ERR", &rest))
    operation->type = MALT_NATS_ERROR;
  else if (is_operation (line, "+OK", &rest) || *line == '\0')
    return FALSE;
  else
    return refuse (error, "what is no operation", line);

  if (operation->type == MALT_NATS_INFO || operation->type == MALT_NATS_ERROR)
    operation->text = g_utf8_make_valid (rest, -1);

  return TRUE;
}

gboolean
malt_nats_parser_next (MaltNatsParser     *self,
                       MaltNatsOperation  *operation,
                       GError            **error)
{
  GError *local_error = NULL;
  char *line;

  *operation = (MaltNatsOperation) { 0 };

  if (self->is_in_message)
    return end_message (self, operation, error);

  while ((line = take_line (self, &local_error)) != NULL)
    if (read_line (self, line, operation, &local_error))
      return TRUE;
    else if (local_error != NULL || self->is_in_message)
      break;

  if (local_error != NULL)
    g_propagate_error (error, local_error);

  return FALSE;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-message-private.h"

#include "malt/malt-error-backend.h"
#include "malt/malt-text-private.h"
#include "malt/wire/malt-value-private.h"

#include <string.h>

/* What belongs to each type of message. A value of another type than `value` is a broken frame;
 * NULL stands for any. */
typedef struct
{
  enum { ABSENT, OPTIONAL, REQUIRED } name, has_value;
  const char *value;
  guint8 flags;
} MessageShape;

#define CALL_FLAGS \
  (MALT_MESSAGE_FLAGS_KWARGS | MALT_MESSAGE_FLAGS_DISCARD | MALT_MESSAGE_FLAGS_DESCRIPTOR)

static const MessageShape shapes[MALT_MESSAGE_LAST + 1] = {
  [MALT_MESSAGE_SETUP] = { ABSENT, REQUIRED, "a{sv}", MALT_MESSAGE_FLAGS_BIG_ENDIAN },
  [MALT_MESSAGE_HELLO] = { ABSENT, REQUIRED, "a{sv}", MALT_MESSAGE_FLAGS_BIG_ENDIAN },
  [MALT_MESSAGE_CALL] = { REQUIRED, REQUIRED, "r", CALL_FLAGS },
  [MALT_MESSAGE_POST] = { REQUIRED, REQUIRED, "r", CALL_FLAGS },
  [MALT_MESSAGE_RESULT] = { ABSENT, OPTIONAL, NULL, MALT_MESSAGE_FLAGS_DESCRIPTOR },
  [MALT_MESSAGE_FAILURE] = { ABSENT, REQUIRED, "(usss)", MALT_MESSAGE_FLAGS_CUT_SHORT },
  [MALT_MESSAGE_PROGRESS] = { OPTIONAL, REQUIRED, "d", 0 },
  [MALT_MESSAGE_CANCEL] = { ABSENT, ABSENT, NULL, 0 },
  [MALT_MESSAGE_INTERRUPT] = { ABSENT, ABSENT, NULL, 0 },
  [MALT_MESSAGE_STOP] = { ABSENT, ABSENT, NULL, 0 },
  [MALT_MESSAGE_PROBE] = { ABSENT, ABSENT, NULL, 0 },
  [MALT_MESSAGE_STATUS] = { OPTIONAL, ABSENT, NULL, 0 },
  [MALT_MESSAGE_LOG] = { OPTIONAL, REQUIRED, "(sua{sv})", 0 },
  [MALT_MESSAGE_GOODBYE] = { ABSENT, ABSENT, NULL, 0 },
};

void
malt_message_clear (MaltMessage *self)
{
  g_clear_pointer (&self->value, g_variant_unref);
  g_clear_pointer (&self->memory, malt_memory_unref);
  *self = (MaltMessage) { 0 };
}

gsize
malt_message_get_frame_size (const MaltMessage *self)
{
  gsize size = self->name != NULL ? self->name_length + 1 : 0;

  if (self->value != NULL)
    size = MALT_FRAME_ALIGN (size + strlen (g_variant_get_type_string (self->value)) + 1)
           + g_variant_get_size (self->value);

  return MALT_FRAME_HEADER_BYTES + size;
}

static gboolean
broken_frame (GError     **error,
              MaltMessage *self,
              const char  *what)
{
  g_set_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
               "Frame of type “%d” is broken: %s", self->type, what);
  return FALSE;
}

static gboolean
check_shape (MaltMessage            *self,
             const MaltFrameHeader  *header,
             GBytes                 *bytes,
             GError                **error)
{
  const MessageShape *shape = &shapes[header->type];

  if ((header->flags & ~shape->flags) != 0)
    return broken_frame (error, self, "it has flags that mean nothing there");

  if (header->flags & MALT_MESSAGE_FLAGS_DESCRIPTOR && (bytes == NULL || header->type_length == 0))
    return broken_frame (error, self, "there is no descriptor with it, or no type");

  if (shape->name == ABSENT ? header->name_length != 0
                            : shape->name == REQUIRED && header->name_length == 0)
    return broken_frame (error, self, shape->name == ABSENT ? "it has a name" : "it has no name");

  if (shape->has_value == ABSENT ? header->type_length != 0
                                 : shape->has_value == REQUIRED && header->type_length == 0)
    return broken_frame (error, self, shape->has_value == ABSENT ? "it has a value"
                                                                 : "it has no value");

  return TRUE;
}

/* A name is one string; that of a call may hold a second one, the result type. */
static gboolean
decode_name (MaltMessage            *self,
             const MaltFrameHeader  *header,
             const guint8           *body,
             GError                **error)
{
  const char *name = (const char *) body;
  gsize length;

  if (header->name_length == 0)
    return TRUE;

  if (name[header->name_length - 1] != '\0')
    return broken_frame (error, self, "its name does not end");

  self->name = name;
  self->name_length = header->name_length - 1;
  length = strlen (name);

  if (!g_utf8_validate_len (name, length, NULL))
    return broken_frame (error, self, "its name is not UTF-8");

  if (length == self->name_length)
    return TRUE;

  if (self->type != MALT_MESSAGE_CALL && self->type != MALT_MESSAGE_POST)
    return broken_frame (error, self, "its name holds a NUL");

  if (length + 1 + strlen (name + length + 1) != self->name_length
      || !g_variant_type_string_is_valid (name + length + 1))
    return broken_frame (error, self, "its result type is not a type");

  return TRUE;
}

static gboolean
check_value_type (MaltMessage         *self,
                  const GVariantType  *type,
                  GError             **error)
{
  const char *expected = shapes[self->type].value;

  if (self->flags & MALT_MESSAGE_FLAGS_KWARGS)
    expected = "(ra{sv})";

  if (expected != NULL && !g_variant_type_is_subtype_of (type, G_VARIANT_TYPE (expected)))
    return broken_frame (error, self, "its value has another type than it must");

  return TRUE;
}

static gboolean
decode_value (MaltMessage            *self,
              const MaltFrameHeader  *header,
              const guint8           *body,
              GBytes                 *bytes,
              gboolean                swap,
              GError                **error)
{
  const char *type_string = (const char *) body + header->name_length;
  gsize strings_length = (gsize) header->name_length + header->type_length;
  gsize start = MALT_FRAME_ALIGN (strings_length);
  const GVariantType *type;

  for (gsize i = strings_length; i < start; i++)
    if (body[i] != 0)
      return broken_frame (error, self, "its padding is not zero");

  if (header->flags & MALT_MESSAGE_FLAGS_DESCRIPTOR && header->body_length != start)
    return broken_frame (error, self, "it has a value besides that of its descriptor");

  type = malt_value_check_type (type_string, header->type_length, error);
  if (type == NULL || !check_value_type (self, type, error))
    return FALSE;

  if (header->flags & MALT_MESSAGE_FLAGS_DESCRIPTOR)
    self->value = malt_value_new (type, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                                  bytes, 0, swap, error);
  else
    self->value = malt_value_new (type, body + start, header->body_length - start,
                                  bytes, start, swap, error);

  return self->value != NULL;
}

gboolean
malt_message_decode (MaltMessage            *self,
                     const MaltFrameHeader  *header,
                     const guint8           *body,
                     GBytes                 *bytes,
                     gboolean                swap,
                     GError                **error)
{
  *self = (MaltMessage) {
    .type = header->type,
    .flags = header->flags,
    .id = header->id,
    .number = header->number,
  };

  if (!check_shape (self, header, bytes, error) || !decode_name (self, header, body, error))
    return FALSE;

  if (header->type_length == 0)
    return TRUE;

  return decode_value (self, header, body, bytes, swap, error);
}

static guint32
wire_code_from_error (const GError *error)
{
  if (error->domain == MALT_ERROR && (guint) error->code <= MALT_WIRE_ERROR_LAST_MALT)
    return error->code;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return MALT_WIRE_ERROR_CANCELLED;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return MALT_WIRE_ERROR_TIMED_OUT;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    return MALT_WIRE_ERROR_NOT_SUPPORTED;

  return MALT_ERROR_REMOTE_EXCEPTION;
}

GVariant *
malt_message_new_failure_value (const GError *error)
{
  guint32 code = wire_code_from_error (error);
  const char *remote_message = malt_error_get_remote_message (error);
  const char *remote_type = malt_error_get_remote_type (error);
  const char *remote_traceback = malt_error_get_remote_traceback (error);
  g_auto (GStrv) parts = NULL;
  g_autofree char *message = NULL;
  g_autofree char *type = NULL;
  g_autofree char *traceback = NULL;

  /* These carry their traceback behind their text, see malt_invocation_new_cancel_error(). */
  if (code == MALT_WIRE_ERROR_CANCELLED || code == MALT_WIRE_ERROR_TIMED_OUT)
    {
      parts = g_strsplit (error->message, "\n", 2);
      remote_message = parts[0];
      remote_traceback = remote_message != NULL ? parts[1] : NULL;
    }

  /* An error that has no number of its own is known by its domain and code. */
  if (remote_type != NULL)
    type = g_utf8_make_valid (remote_type, -1);
  else if (code == MALT_ERROR_REMOTE_EXCEPTION && error->domain != MALT_ERROR)
    type = g_strdup_printf ("%s:%d", g_quark_to_string (error->domain), error->code);

  message = g_utf8_make_valid (remote_message != NULL ? remote_message : error->message, -1);
  if (remote_traceback != NULL)
    traceback = g_utf8_make_valid (remote_traceback, -1);

  return g_variant_new ("(usss)", code, message,
                        type != NULL ? type : "", traceback != NULL ? traceback : "");
}

GVariant *
malt_message_cut_failure_value (GVariant *value)
{
  guint32 code;
  const char *message;
  const char *type;
  const char *traceback;
  g_autofree char *cut_message = NULL;
  g_autofree char *cut_type = NULL;
  g_autofree char *cut_traceback = NULL;

  if (g_variant_get_size (value) <= MALT_FAILURE_MAX_TEXT_BYTES)
    return g_variant_ref (value);

  g_variant_get (value, "(u&s&s&s)", &code, &message, &type, &traceback);
  cut_message = malt_text_dup_valid (message, MALT_FAILURE_MAX_TEXT_BYTES);
  cut_type = malt_text_dup_valid (type, MALT_FAILURE_MAX_TEXT_BYTES);
  cut_traceback = malt_text_dup_valid (traceback, MALT_FAILURE_MAX_TEXT_BYTES);

  return g_variant_ref_sink (g_variant_new ("(usss)", code, cut_message, cut_type,
                                            cut_traceback));
}

/* These errors have no place for a traceback but their text. */
static GError *
new_io_error (GIOErrorEnum  code,
              const char   *message,
              const char   *traceback)
{
  return g_error_new (G_IO_ERROR, code, "%s%s%s", message, *traceback != '\0' ? "\n" : "",
                      traceback);
}

GError *
malt_message_parse_failure (GVariant   *value,
                            const char *worker)
{
  guint32 code;
  const char *message;
  const char *type;
  const char *traceback;

  g_variant_get (value, "(u&s&s&s)", &code, &message, &type, &traceback);

  switch (code)
    {
    case MALT_WIRE_ERROR_CANCELLED:
      return new_io_error (G_IO_ERROR_CANCELLED, message, traceback);

    case MALT_WIRE_ERROR_TIMED_OUT:
      return new_io_error (G_IO_ERROR_TIMED_OUT, message, traceback);

    case MALT_WIRE_ERROR_NOT_SUPPORTED:
      return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, message);

    default:
      return malt_error_new_remote (code <= MALT_WIRE_ERROR_LAST_MALT
                                      ? code : (guint32) MALT_ERROR_REMOTE_EXCEPTION,
                                    worker, message,
                                    *type != '\0' ? type : NULL,
                                    *traceback != '\0' ? traceback : NULL);
    }
}

void
malt_message_set_call (MaltMessage        *self,
                       guint64             id,
                       const char         *function,
                       GVariant           *args,
                       GVariant           *kwargs,
                       const GVariantType *result_type,
                       guint               timeout_ms,
                       gboolean            discard_result,
                       GString            *name_buffer)
{
  gboolean has_kwargs = kwargs != NULL && g_variant_n_children (kwargs) > 0;

  *self = (MaltMessage) {
    .type = MALT_MESSAGE_CALL,
    .flags = (has_kwargs ? MALT_MESSAGE_FLAGS_KWARGS : 0)
             | (discard_result ? MALT_MESSAGE_FLAGS_DISCARD : 0),
    .id = id,
    .number = timeout_ms,
    .name = function,
    .name_length = strlen (function),
  };

  if (result_type != NULL)
    {
      g_string_assign (name_buffer, function);
      g_string_append_c (name_buffer, '\0');
      g_string_append_len (name_buffer, g_variant_type_peek_string (result_type),
                           g_variant_type_get_string_length (result_type));
      self->name = name_buffer->str;
      self->name_length = name_buffer->len;
    }

  self->value = has_kwargs ? g_variant_ref_sink (g_variant_new ("(@*@a{sv})", args, kwargs))
                           : g_variant_ref (args);
}

gboolean
malt_message_parse_call (const MaltMessage   *self,
                         const char         **function,
                         GVariant           **args,
                         GVariant           **kwargs,
                         const GVariantType **result_type,
                         GError             **error)
{
  gsize length = strlen (self->name);

  if (self->value == NULL)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION,
                   "Call of “%s” came without its arguments", self->name);
      return FALSE;
    }

  *function = self->name;
  *result_type = length < self->name_length ? G_VARIANT_TYPE (self->name + length + 1) : NULL;

  if (self->flags & MALT_MESSAGE_FLAGS_KWARGS)
    {
      *args = g_variant_get_child_value (self->value, 0);
      *kwargs = g_variant_get_child_value (self->value, 1);
    }
  else
    {
      *args = g_variant_ref (self->value);
      *kwargs = NULL;
    }

  return TRUE;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/programs/malt-worker-log-private.h"

#include "malt/malt-text-private.h"

#include <string.h>

/* Log records that the manager has not read yet; beyond it they are dropped, for a worker must not
 * be able to fill its own memory by complaining. */
#define LOG_MAX_QUEUED_BYTES (1024u * 1024)

/* Of one record, so that it fits a control message of 64 KiB whatever it holds: a text of some
 * screens, and all other fields together, with their names. */
#define LOG_MAX_MESSAGE_BYTES (8u * 1024)
#define LOG_MAX_FIELDS_BYTES (16u * 1024)
#define LOG_MAX_DOMAIN_BYTES 1024u

/* GLib gives a record five or six; more than these tell nobody anything. */
#define LOG_MAX_FIELDS 32u

struct _MaltWorkerLog
{
  MaltStream     *control;      /* not owned; thread-safe for writing */
  GMainContext   *context;      /* not owned */
  GLogLevelFlags  fatal_levels; /* what G_DEBUG makes fatal; immutable after the start */
  gint            n_dropped;    /* atomic: records, since that was last said */
};

/* Whether a field is told in another way: by the frame, or by the manager for itself. */
static gboolean
is_told_otherwise (const char *key)
{
  static const char *const keys[] = {
    "MESSAGE", "PRIORITY", "GLIB_DOMAIN", "GLIB_OLD_LOG_API", NULL
  };

  return g_strv_contains (keys, key);
}

/* NULL, or the text of a field. (transfer full) */
static char *
dup_text (const GLogField *fields,
          gsize            n_fields,
          const char      *key,
          gsize            max_bytes)
{
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, key))
      {
        g_autofree char *text = fields[i].length < 0
                                  ? NULL : g_strndup (fields[i].value, (gsize) fields[i].length);

        return malt_text_dup_valid (text != NULL ? text : fields[i].value, max_bytes);
      }

  return NULL;
}

/* Text as a string, anything else as bytes. */
static GVariant *
new_field_value (const GLogField *field,
                 gsize            length)
{
  if (g_utf8_validate_len (field->value, length, NULL))
    return g_variant_new_take_string (g_strndup (field->value, length));

  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, field->value, length, 1);
}

/* a{sv} of what fits; floating. A length of 0 is how GLib's callers mark what only means something
 * in their own process. */
static GVariant *
new_fields (const GLogField *fields,
            gsize            n_fields,
            guint           *n_left_out)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  gsize room = LOG_MAX_FIELDS_BYTES;
  guint n = 0;

  *n_left_out = 0;
  for (gsize i = 0; i < n_fields; i++)
    {
      const GLogField *field = &fields[i];
      gsize length, size;

      if (field->length == 0 || is_told_otherwise (field->key))
        continue;

      length = field->length < 0 ? strlen (field->value) : (gsize) field->length;
      size = strlen (field->key) + length;
      if (size > room || n == LOG_MAX_FIELDS || !g_utf8_validate (field->key, -1, NULL))
        {
          *n_left_out += 1;
          continue;
        }

      g_variant_builder_add (&builder, "{sv}", field->key, new_field_value (field, length));
      room -= size;
      n++;
    }

  return g_variant_builder_end (&builder);
}

void
malt_worker_log_send (MaltWorkerLog   *self,
                      GLogLevelFlags   level,
                      const GLogField *fields,
                      gsize            n_fields)
{
  g_autofree char *domain = NULL;
  g_autofree char *text = NULL;
  MaltMessage message = { .type = MALT_MESSAGE_LOG, .number = level & G_LOG_LEVEL_MASK };
  GVariant *sent_fields;
  guint n_left_out;

  if (malt_stream_get_queued_bytes (self->control) > LOG_MAX_QUEUED_BYTES)
    {
      g_atomic_int_inc (&self->n_dropped);
      return;
    }

  domain = dup_text (fields, n_fields, "GLIB_DOMAIN", LOG_MAX_DOMAIN_BYTES);
  text = dup_text (fields, n_fields, "MESSAGE", LOG_MAX_MESSAGE_BYTES);
  sent_fields = new_fields (fields, n_fields, &n_left_out);
  message.name = domain;
  message.name_length = domain != NULL ? strlen (domain) : 0;
  message.value = g_variant_ref_sink (g_variant_new ("(su@a{sv})", text != NULL ? text : "",
                                                     n_left_out, sent_fields));

  /* When the socket is full the other thread goes on as soon as it takes bytes. */
  malt_stream_queue (self->control, &message, NULL);
  if (malt_stream_flush (self->control, NULL) == MALT_STREAM_WOULD_BLOCK)
    g_main_context_wakeup (self->context);
  malt_message_clear (&message);
}

void
malt_worker_log_on_drained (MaltWorkerLog *self)
{
  guint n_dropped = (guint) g_atomic_int_exchange (&self->n_dropped, 0);
  g_autofree char *text = NULL;

  if (n_dropped == 0)
    return;

  text = g_strdup_printf ("%u log records were dropped: they came faster than they were read",
                          n_dropped);
  const GLogField fields[] = { { "GLIB_DOMAIN", G_LOG_DOMAIN, -1 }, { "MESSAGE", text, -1 } };

  malt_worker_log_send (self, G_LOG_LEVEL_WARNING, fields, G_N_ELEMENTS (fields));
}

/* Runs in any thread. What is about to end the process is written to stderr as well, where the
 * report of its end finds it, and GLib then aborts as it always does: the default writer, for it
 * knows what is fatal, or g_log() behind us. */
static GLogWriterOutput
write_log (GLogLevelFlags   level,
           const GLogField *fields,
           gsize            n_fields,
           gpointer         user_data)
{
  MaltWorkerLog *self = user_data;
  g_autofree char *domain = dup_text (fields, n_fields, "GLIB_DOMAIN", LOG_MAX_DOMAIN_BYTES);

  if (g_log_writer_default_would_drop (level, domain))
    return G_LOG_WRITER_HANDLED;

  malt_worker_log_send (self, level, fields, n_fields);
  if (level & (self->fatal_levels | G_LOG_FLAG_FATAL))
    return g_log_writer_default (level, fields, n_fields, NULL);

  return G_LOG_WRITER_HANDLED;
}

void
malt_worker_log_start (MaltWorkerLog *self)
{
  /* There is no other way to ask. */
  self->fatal_levels = g_log_set_always_fatal (G_LOG_FATAL_MASK);
  g_log_set_always_fatal (self->fatal_levels);
  g_log_set_writer_func (write_log, self, NULL);
}

MaltWorkerLog *
malt_worker_log_new (MaltStream   *control,
                     GMainContext *context)
{
  MaltWorkerLog *self = g_new0 (MaltWorkerLog, 1);

  self->control = control;
  self->context = context;

  return self;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-config-mistakes-private.h"

#include "malt/malt-error.h"
#include "malt/malt-names-private.h"
#include "malt/malt-text-private.h"

/* More than anybody mends in one go; a file of nonsense must not become a heap of messages. */
#define MISTAKES_MAX 100u

/* Names that a message lists: more of them are no choice any more. */
#define LISTED_NAMES_MAX 100u

/* Of a name in a message, in bytes. */
#define MAX_SHOWN_BYTES 60u

typedef struct
{
  guint line;
  char *text;
} Mistake;

struct _MaltConfigMistakes
{
  char   *file;
  GArray *list;    /* Mistake, by line */
  guint   n_found; /* those that are there already among them */
};

static void
clear_mistake (gpointer mistake)
{
  g_free (((Mistake *) mistake)->text);
}

MaltConfigMistakes *
malt_config_mistakes_new (const char *file)
{
  MaltConfigMistakes *self = g_new0 (MaltConfigMistakes, 1);

  self->file = g_strdup (file);
  self->list = g_array_new (FALSE, FALSE, sizeof (Mistake));
  g_array_set_clear_func (self->list, clear_mistake);

  return self;
}

void
malt_config_mistakes_free (MaltConfigMistakes *self)
{
  g_clear_pointer (&self->file, g_free);
  g_clear_pointer (&self->list, g_array_unref);
  g_free (self);
}

/* Behind those of the same line; -1 if it is among them. */
static int
find_place (MaltConfigMistakes *self,
            guint               line,
            const char         *text)
{
  guint place = self->list->len;

  for (guint i = 0; i < self->list->len; i++)
    {
      const Mistake *mistake = &g_array_index (self->list, Mistake, i);

      if (g_str_equal (mistake->text, text))
        return -1;
      if (mistake->line > line)
        place = MIN (place, i);
    }

  return (int) place;
}

void
malt_config_mistakes_add (MaltConfigMistakes *self,
                          guint               line,
                          const char         *path,
                          const char         *format,
                          ...)
{
  g_autofree char *what = NULL;
  g_autofree char *number = line > 0 ? g_strdup_printf (":%u", line) : g_strdup ("");
  Mistake mistake = { .line = line };
  va_list args;
  int place;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  mistake.text = g_strconcat (self->file, number, ": ", path != NULL ? path : "",
                              path != NULL ? ": " : "", what, NULL);

  self->n_found++;
  place = self->list->len < MISTAKES_MAX ? find_place (self, line, mistake.text) : -1;
  if (place >= 0)
    g_array_insert_val (self->list, (guint) place, mistake);
  else
    clear_mistake (&mistake);
}

gboolean
malt_config_mistakes_is_full (MaltConfigMistakes *self)
{
  return self->n_found >= MISTAKES_MAX;
}

guint
malt_config_mistakes_count (MaltConfigMistakes *self)
{
  return self->list->len;
}

char **
malt_config_mistakes_dup_texts (MaltConfigMistakes *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; i < self->list->len; i++)
    g_strv_builder_add (builder, g_array_index (self->list, Mistake, i).text);

  return g_strv_builder_end (builder);
}

void
malt_config_mistakes_set_error (MaltConfigMistakes  *self,
                                GError             **error)
{
  g_assert (self->list->len > 0);
  g_set_error_literal (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                       g_array_index (self->list, Mistake, 0).text);
}

char *
malt_config_mistakes_join (const char *path,
                           const char *name)
{
  g_autofree char *shown = malt_text_dup_valid (name, MAX_SHOWN_BYTES);

  for (char *c = shown; *c != '\0'; c++)
    {
      if (g_ascii_iscntrl (*c))
        *c = '?';
    }

  return path != NULL ? g_strconcat (path, ".", shown, NULL) : g_strdup (shown);
}

char *
malt_config_mistakes_suggest (const char        *name,
                              const char *const *names)
{
  const char *nearest = malt_names_find_nearest (name, names);
  g_autofree char *all = NULL;

  if (nearest != NULL)
    return g_strdup_printf ("; did you mean “%s”?", nearest);

  if (g_strv_length ((char **) names) > LISTED_NAMES_MAX)
    return g_strdup ("");

  all = g_strjoinv (", ", (char **) names);
  return g_strconcat (": not among ", all, NULL);
}

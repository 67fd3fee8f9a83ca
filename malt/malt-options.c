/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-options-private.h"

#include "malt/malt-error.h"
#include "malt/malt-names-private.h"
#include "malt/malt-option-value-private.h"

#include <gobject/gvaluecollector.h>

/* How much of a value a message shows: enough to know it again. */
#define MAX_SHOWN_CHARACTERS 60u

/* No string lies below: the first page of memory is never mapped, so that NULL can be told. */
#define FIRST_ADDRESS 4096u

struct _MaltOptions
{
  MaltBackend *backend;
  GPtrArray   *names;      /* const char *, those of the GParamSpecs */
  GArray      *values;     /* GValue, owned, one for each name */
  guint        n_defaults; /* the first ones: what is given later may replace them */
};

MaltOptions *
malt_options_new (MaltBackend *backend)
{
  MaltOptions *self = g_new0 (MaltOptions, 1);

  self->backend = g_object_ref (backend);
  self->names = g_ptr_array_new ();
  self->values = g_array_new (FALSE, TRUE, sizeof (GValue));
  g_array_set_clear_func (self->values, (GDestroyNotify) g_value_unset);

  return self;
}

void
malt_options_free (MaltOptions *self)
{
  g_clear_object (&self->backend);
  g_clear_pointer (&self->names, g_ptr_array_unref);
  g_clear_pointer (&self->values, g_array_unref);
  g_free (self);
}

static char *
explain_unknown_option (MaltOptions *self,
                        const char  *name)
{
  guint n_options;
  g_autofree GParamSpec **options = malt_backend_list_options (self->backend, &n_options);
  g_autofree const char **names = g_new0 (const char *, n_options + 1);

  for (guint i = 0; i < n_options; i++)
    names[i] = options[i]->name;

  return malt_names_explain_unknown (name, names);
}

static GParamSpec *
find_option (MaltOptions  *self,
             const char   *name,
             GError      **error)
{
  GParamSpec *pspec = malt_backend_find_option (self->backend, name);
  g_autofree char *unknown = NULL;

  if (pspec != NULL)
    return pspec;

  unknown = explain_unknown_option (self, name);
  g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
               "Cannot set option “%s” of backend “%s”: %s", name,
               malt_backend_get_name (self->backend), unknown);
  return NULL;
}

/* `value`: what `found` is the text of, NULL for a property's own type. */
static void
set_wrong_value (MaltOptions  *self,
                 GParamSpec   *pspec,
                 const char   *found,
                 GVariant     *value,
                 GError      **error)
{
  g_autofree char *allowed = malt_option_value_describe_allowed (pspec);
  g_autofree char *suggestion = malt_option_value_suggest (pspec, value);
  g_autofree char *valid = g_utf8_make_valid (found, -1);
  g_autofree char *shown = g_utf8_substring (valid, 0,
                                             MIN (g_utf8_strlen (valid, -1), MAX_SHOWN_CHARACTERS));

  g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
               "Cannot set option “%s” of backend “%s” to “%s”: it takes %s%s", pspec->name,
               malt_backend_get_name (self->backend), shown, allowed, suggestion);
}

/* It is none from now on, so that it goes behind those that are. */
static void
replace_default (MaltOptions *self,
                 guint        place,
                 GValue      *value)
{
  const char *name = g_ptr_array_remove_index (self->names, place);

  g_array_remove_index (self->values, place);
  self->n_defaults--;
  g_ptr_array_add (self->names, (char *) name);
  g_array_append_val (self->values, *value);
}

/* Takes `value` when it succeeds. */
static gboolean
take_value (MaltOptions  *self,
            GParamSpec   *pspec,
            GValue       *value,
            GError      **error)
{
  guint place;

  if (!g_ptr_array_find (self->names, pspec->name, &place))
    {
      g_ptr_array_add (self->names, (char *) pspec->name);
      g_array_append_val (self->values, *value);
    }
  else if (place < self->n_defaults)
    {
      replace_default (self, place, value);
    }
  else
    {
      /* GObject would complain about it only after the worker has been made. */
      g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                   "Cannot set option “%s” of backend “%s”: it was given twice", pspec->name,
                   malt_backend_get_name (self->backend));
      return FALSE;
    }

  *value = (GValue) G_VALUE_INIT;
  return TRUE;
}

void
malt_options_add_default (MaltOptions  *self,
                          GParamSpec   *pspec,
                          const GValue *value)
{
  GValue copy = G_VALUE_INIT;

  g_assert (self->n_defaults == self->names->len);
  g_value_init (&copy, G_VALUE_TYPE (value));
  g_value_copy (value, &copy);
  g_ptr_array_add (self->names, (char *) pspec->name);
  g_array_append_val (self->values, copy);
  self->n_defaults++;
}

static gboolean
add_variant (MaltOptions  *self,
             const char   *name,
             GVariant     *value,
             GError      **error)
{
  GParamSpec *pspec = find_option (self, name, error);
  g_auto (GValue) converted = G_VALUE_INIT;

  if (pspec == NULL)
    return FALSE;

  g_value_init (&converted, G_PARAM_SPEC_VALUE_TYPE (pspec));
  if (!malt_option_value_convert (value, &converted)
      || !malt_option_value_is_in_range (pspec, &converted))
    {
      g_autofree char *found = g_variant_print (value, FALSE);

      set_wrong_value (self, pspec, found, value, error);
      return FALSE;
    }

  return take_value (self, pspec, &converted, error);
}

gboolean
malt_options_add_dict (MaltOptions  *self,
                       GVariant     *options,
                       GError      **error)
{
  gsize n_options = g_variant_n_children (options);

  for (gsize i = 0; i < n_options; i++)
    {
      g_autoptr (GVariant) value = NULL;
      const char *name;

      g_variant_get_child (options, i, "{&sv}", &name, &value);
      if (!add_variant (self, name, value, error))
        return FALSE;
    }

  return TRUE;
}

/* The constants of an enumeration are its backend's, so programs say the nick. Those that have
 * asked the GParamSpec for the number may pass that, as to g_object_new(). */
static gboolean
add_enum (MaltOptions   *self,
          const char    *name,
          gconstpointer  nick_or_number,
          GError       **error)
{
  g_autoptr (GVariant) value = NULL;

  if ((guintptr) nick_or_number < FIRST_ADDRESS)
    value = g_variant_ref_sink (g_variant_new_int32 ((gint32) (guintptr) nick_or_number));
  else
    {
      g_autofree char *valid = g_utf8_make_valid (nick_or_number, -1);

      value = g_variant_ref_sink (g_variant_new_string (valid));
    }

  return add_variant (self, name, value, error);
}

/* By pointer, for the caller goes on with the same list. */
static gboolean
add_collected (MaltOptions  *self,
               const char   *name,
               va_list      *var_args,
               GError      **error)
{
  GParamSpec *pspec = find_option (self, name, error);
  g_auto (GValue) value = G_VALUE_INIT;
  g_autofree char *problem = NULL;

  /* Whose type is not known cannot be skipped either: the rest is left. */
  if (pspec == NULL)
    return FALSE;

  if (G_IS_PARAM_SPEC_ENUM (pspec))
    return add_enum (self, name, va_arg (*var_args, gconstpointer), error);

  G_VALUE_COLLECT_INIT (&value, G_PARAM_SPEC_VALUE_TYPE (pspec), *var_args, 0, &problem);
  if (problem != NULL)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                   "Cannot set option “%s” of backend “%s”: %s", pspec->name,
                   malt_backend_get_name (self->backend), problem);
      return FALSE;
    }

  if (!malt_option_value_is_in_range (pspec, &value))
    {
      g_autofree char *found = g_strdup_value_contents (&value);

      set_wrong_value (self, pspec, found, NULL, error);
      return FALSE;
    }

  return take_value (self, pspec, &value, error);
}

gboolean
malt_options_add_valist (MaltOptions  *self,
                         const char   *first_name,
                         va_list       var_args,
                         GError      **error)
{
  va_list rest;
  gboolean all_good = TRUE;

  va_copy (rest, var_args);
  for (const char *name = first_name; name != NULL && all_good;)
    {
      all_good = add_collected (self, name, &rest, error);
      if (all_good)
        name = va_arg (rest, const char *);
    }
  va_end (rest);

  return all_good;
}

GObject *
malt_options_construct (MaltOptions *self)
{
  return g_object_new_with_properties (malt_backend_get_worker_type (self->backend),
                                       self->names->len, (const char **) self->names->pdata,
                                       (const GValue *) (gpointer) self->values->data);
}

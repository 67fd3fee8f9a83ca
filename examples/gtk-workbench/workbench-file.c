/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "workbench-file.h"

#include <malt/malt.h>

G_DEFINE_ENUM_TYPE (WorkbenchFileState, workbench_file_state,
                    G_DEFINE_ENUM_VALUE (WORKBENCH_FILE_STATE_WAITING, "waiting"),
                    G_DEFINE_ENUM_VALUE (WORKBENCH_FILE_STATE_RUNNING, "running"),
                    G_DEFINE_ENUM_VALUE (WORKBENCH_FILE_STATE_DONE, "done"),
                    G_DEFINE_ENUM_VALUE (WORKBENCH_FILE_STATE_FAILED, "failed"))

/* A file in the list, and what has become of it. */
struct _WorkbenchFile
{
  GObject             parent_instance;

  GFile              *file;    /* owned */
  char               *name;
  WorkbenchFileState  state;
  char               *message; /* NULL: nothing to say */
  GdkTexture         *texture; /* owned; NULL unless it is done */
};

enum
{
  PROP_NAME = 1,
  PROP_STATE,
  PROP_MESSAGE,
  PROP_TEXTURE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (WorkbenchFile, workbench_file, G_TYPE_OBJECT)

static void
workbench_file_get_property (GObject    *object,
                             guint       prop_id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  WorkbenchFile *self = WORKBENCH_FILE (object);

  switch (prop_id)
    {
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    case PROP_MESSAGE:
      g_value_set_string (value, self->message);
      break;
    case PROP_TEXTURE:
      g_value_set_object (value, self->texture);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
workbench_file_finalize (GObject *object)
{
  WorkbenchFile *self = WORKBENCH_FILE (object);

  g_clear_object (&self->file);
  g_clear_object (&self->texture);
  g_free (self->name);
  g_free (self->message);

  G_OBJECT_CLASS (workbench_file_parent_class)->finalize (object);
}

static void
workbench_file_class_init (WorkbenchFileClass *klass)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = workbench_file_get_property;
  object_class->finalize = workbench_file_finalize;

  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);
  properties[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, WORKBENCH_TYPE_FILE_STATE,
                                              WORKBENCH_FILE_STATE_WAITING, flags);
  properties[PROP_MESSAGE] = g_param_spec_string ("message", NULL, NULL, NULL, flags);
  properties[PROP_TEXTURE] = g_param_spec_object ("texture", NULL, NULL, GDK_TYPE_TEXTURE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
workbench_file_init (WorkbenchFile *self)
{
}

WorkbenchFile *
workbench_file_new (GFile *file)
{
  WorkbenchFile *self = g_object_new (WORKBENCH_TYPE_FILE, NULL);
  g_autofree char *base = g_file_get_basename (file);

  self->file = g_object_ref (file);
  self->name = g_filename_display_name (base != NULL ? base : "");

  return self;
}

GFile *
workbench_file_get_file (WorkbenchFile *self)
{
  return self->file;
}

const char *
workbench_file_get_name (WorkbenchFile *self)
{
  return self->name;
}

WorkbenchFileState
workbench_file_get_state (WorkbenchFile *self)
{
  return self->state;
}

const char *
workbench_file_get_message (WorkbenchFile *self)
{
  return self->message;
}

GdkTexture *
workbench_file_get_texture (WorkbenchFile *self)
{
  return self->texture;
}

void
workbench_file_set_state (WorkbenchFile      *self,
                          WorkbenchFileState  state,
                          const char         *message)
{
  g_object_freeze_notify (G_OBJECT (self));
  if (state != WORKBENCH_FILE_STATE_DONE && self->texture != NULL)
    {
      g_clear_object (&self->texture);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TEXTURE]);
    }
  g_free (self->message);
  self->message = g_strdup (message);
  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MESSAGE]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
  g_object_thaw_notify (G_OBJECT (self));
}

void
workbench_file_set_texture (WorkbenchFile *self,
                            GdkTexture    *texture)
{
  g_object_freeze_notify (G_OBJECT (self));
  if (g_set_object (&self->texture, texture))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TEXTURE]);
  workbench_file_set_state (self, WORKBENCH_FILE_STATE_DONE, NULL);
  g_object_thaw_notify (G_OBJECT (self));
}

/* An error in the words that are most use in a row: of a worker that has ended the report, of one
 * that answered what it said, without whose words they are. */
void
workbench_file_set_error (WorkbenchFile *self,
                          const GError  *error)
{
  MaltExitReport *report = malt_error_get_exit_report (error);
  const char *remote = malt_error_get_remote_message (error);
  g_autofree char *text = NULL;

  if (report != NULL)
    text = malt_exit_report_to_string (report);
  else if (g_error_matches (error, MALT_ERROR, MALT_ERROR_INTERRUPTED))
    text = g_strdup ("Interrupted");
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    text = g_strdup ("Cancelled");
  else
    text = g_utf8_make_valid (remote != NULL ? remote : error->message, -1);

  workbench_file_set_state (self, WORKBENCH_FILE_STATE_FAILED, text);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "workbench-file-row.h"

/* A row of the list of files, which shows one file after the other while the list scrolls. */
struct _WorkbenchFileRow
{
  GtkBox         parent_instance;

  GtkStack      *stack;
  GtkPicture    *picture;
  GtkSpinner    *spinner;
  GtkLabel      *title;
  GtkLabel      *subtitle;

  WorkbenchFile *file; /* owned; NULL: none */
};

enum
{
  PROP_FILE = 1,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (WorkbenchFileRow, workbench_file_row, GTK_TYPE_BOX)

static void
workbench_file_row_get_property (GObject    *object,
                                 guint       prop_id,
                                 GValue     *value,
                                 GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_FILE:
      g_value_set_object (value, WORKBENCH_FILE_ROW (object)->file);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
workbench_file_row_set_property (GObject      *object,
                                 guint         prop_id,
                                 const GValue *value,
                                 GParamSpec   *pspec)
{
  switch (prop_id)
    {
    case PROP_FILE:
      workbench_file_row_set_file (WORKBENCH_FILE_ROW (object), g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
workbench_file_row_dispose (GObject *object)
{
  workbench_file_row_set_file (WORKBENCH_FILE_ROW (object), NULL);

  G_OBJECT_CLASS (workbench_file_row_parent_class)->dispose (object);
}

static void
workbench_file_row_class_init (WorkbenchFileRowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = workbench_file_row_get_property;
  object_class->set_property = workbench_file_row_set_property;
  object_class->dispose = workbench_file_row_dispose;

  properties[PROP_FILE] =
    g_param_spec_object ("file", NULL, NULL, WORKBENCH_TYPE_FILE,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (widget_class, WORKBENCH_RESOURCES "file-row.ui");
  gtk_widget_class_bind_template_child (widget_class, WorkbenchFileRow, stack);
  gtk_widget_class_bind_template_child (widget_class, WorkbenchFileRow, picture);
  gtk_widget_class_bind_template_child (widget_class, WorkbenchFileRow, spinner);
  gtk_widget_class_bind_template_child (widget_class, WorkbenchFileRow, title);
  gtk_widget_class_bind_template_child (widget_class, WorkbenchFileRow, subtitle);
}

static void
workbench_file_row_init (WorkbenchFileRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

/* (transfer full) */
static char *
dup_status (WorkbenchFile *file)
{
  GdkTexture *texture = workbench_file_get_texture (file);

  switch (workbench_file_get_state (file))
    {
    case WORKBENCH_FILE_STATE_RUNNING:
      return g_strdup ("On its way");
    case WORKBENCH_FILE_STATE_DONE:
      return g_strdup_printf ("Decoded to %d × %d", gdk_texture_get_width (texture),
                              gdk_texture_get_height (texture));
    case WORKBENCH_FILE_STATE_FAILED:
      return g_strdup (workbench_file_get_message (file));
    case WORKBENCH_FILE_STATE_WAITING:
    default:
      return g_strdup ("Waiting");
    }
}

static void
refresh (WorkbenchFileRow *self)
{
  static const char *const pages[] = { "waiting", "running", "done", "failed" };
  WorkbenchFileState state;
  g_autofree char *status = NULL;

  if (self->file == NULL)
    return;

  state = workbench_file_get_state (self->file);
  status = dup_status (self->file);
  gtk_label_set_label (self->title, workbench_file_get_name (self->file));
  gtk_label_set_label (self->subtitle, status);
  gtk_picture_set_paintable (self->picture,
                             GDK_PAINTABLE (workbench_file_get_texture (self->file)));
  gtk_stack_set_visible_child_name (self->stack, pages[state]);
  gtk_spinner_set_spinning (self->spinner, state == WORKBENCH_FILE_STATE_RUNNING);

  if (state == WORKBENCH_FILE_STATE_FAILED)
    {
      gtk_widget_add_css_class (GTK_WIDGET (self->subtitle), "error");
      gtk_widget_remove_css_class (GTK_WIDGET (self->subtitle), "dim-label");
    }
  else
    {
      gtk_widget_add_css_class (GTK_WIDGET (self->subtitle), "dim-label");
      gtk_widget_remove_css_class (GTK_WIDGET (self->subtitle), "error");
    }
}

void
workbench_file_row_set_file (WorkbenchFileRow *self,
                             WorkbenchFile    *file)
{
  if (self->file == file)
    return;

  if (self->file != NULL)
    g_signal_handlers_disconnect_by_func (self->file, refresh, self);
  g_set_object (&self->file, file);
  if (file != NULL)
    g_signal_connect_swapped (file, "notify::state", G_CALLBACK (refresh), self);
  refresh (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FILE]);
}

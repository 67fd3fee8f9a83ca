/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "workbench-application.h"

#include "workbench-window.h"

/* The application: one window, and the files that it is started with or told to open. */
struct _WorkbenchApplication
{
  AdwApplication parent_instance;
};

G_DEFINE_FINAL_TYPE (WorkbenchApplication, workbench_application, ADW_TYPE_APPLICATION)

static void
on_about (GSimpleAction *action,
          GVariant      *parameter,
          gpointer       user_data)
{
  adw_show_about_window (gtk_application_get_active_window (GTK_APPLICATION (user_data)),
                         "application-name", "Workbench",
                         "developer-name", "The malt authors",
                         "comments", "Decodes images in workers that may crash.",
                         "license-type", GTK_LICENSE_LGPL_2_1,
                         NULL);
}

static WorkbenchWindow *
present_window (GApplication *application)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (application));

  if (window == NULL)
    window = GTK_WINDOW (workbench_window_new (GTK_APPLICATION (application)));
  gtk_window_present (window);

  return WORKBENCH_WINDOW (window);
}

static void
workbench_application_activate (GApplication *application)
{
  present_window (application);
}

static void
workbench_application_open (GApplication  *application,
                            GFile        **files,
                            int            n_files,
                            const char    *hint)
{
  g_autoptr (GListStore) list = g_list_store_new (G_TYPE_FILE);

  g_list_store_splice (list, 0, 0, (gpointer *) files, (guint) n_files);
  workbench_window_add_files (present_window (application), G_LIST_MODEL (list));
}

static void
workbench_application_class_init (WorkbenchApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  application_class->activate = workbench_application_activate;
  application_class->open = workbench_application_open;
}

static void
workbench_application_init (WorkbenchApplication *self)
{
  static const GActionEntry entries[] = { { "about", on_about, NULL, NULL, NULL } };
  static const char *const open_keys[] = { "<Control>o", NULL };
  static const char *const close_keys[] = { "<Control>w", "<Control>q", NULL };

  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  gtk_application_set_accels_for_action (GTK_APPLICATION (self), "win.open", open_keys);
  gtk_application_set_accels_for_action (GTK_APPLICATION (self), "window.close", close_keys);
}

WorkbenchApplication *
workbench_application_new (void)
{
  return g_object_new (WORKBENCH_TYPE_APPLICATION,
                       "application-id", "example.malt.Workbench",
                       "flags", G_APPLICATION_HANDLES_OPEN,
                       "resource-base-path", "/example/malt/Workbench",
                       NULL);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "workbench-window.h"

#include "workbench-file-row.h"
#include "workbench-log.h"
#include "workbench-thumbnailer.h"
#include "workbench-worker-row.h"

/* The window: what has been chosen in it goes to the batch, the thumbnailer and the workers, and
 * what these have to say is shown. */
struct _WorkbenchWindow
{
  AdwApplicationWindow  parent_instance;

  AdwToastOverlay      *toasts;
  AdwWindowTitle       *title;
  GtkDropDown          *profiles;
  GtkButton            *cancel;
  GtkProgressBar       *progress;
  GtkStack             *files_stack;
  GtkListView          *files;
  GtkStack             *workers_stack;
  AdwStatusPage        *trouble;
  AdwPreferencesGroup  *workers_group;
  GtkListBox           *workers_list;
  GtkListView          *log;

  WorkbenchBatch       *batch;        /* owned */
  WorkbenchWorkers     *workers;      /* owned */
  WorkbenchThumbnailer *thumbnailer;  /* owned; NULL: none (yet) */
  GCancellable         *start;        /* owned; of the thumbnailer that is started; NULL: none is */
};

G_DEFINE_FINAL_TYPE (WorkbenchWindow, workbench_window, ADW_TYPE_APPLICATION_WINDOW)

static void
tell (WorkbenchWindow *self,
      const char      *text)
{
  /* A toast takes markup, and text of others is none. */
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  adw_toast_overlay_add_toast (self->toasts, adw_toast_new (escaped));
}

static void
on_tell (GtkWidget  *widget,
         const char *action,
         GVariant   *parameter)
{
  tell (WORKBENCH_WINDOW (widget), g_variant_get_string (parameter, NULL));
}

static void
on_batch_changed (WorkbenchWindow *self)
{
  guint n_files = g_list_model_get_n_items (workbench_batch_get_files (self->batch));
  guint n_done = workbench_batch_get_n_done (self->batch);
  guint n_failed = workbench_batch_get_n_failed (self->batch);
  gboolean is_running = workbench_batch_is_running (self->batch);
  g_autofree char *subtitle = NULL;

  if (n_files > 0 && n_failed > 0)
    subtitle = g_strdup_printf ("%u of %u, %u failed", n_done, n_files, n_failed);
  else if (n_files > 0)
    subtitle = g_strdup_printf ("%u of %u", n_done, n_files);

  adw_window_title_set_subtitle (self->title, subtitle != NULL ? subtitle : "");
  gtk_stack_set_visible_child_name (self->files_stack, n_files > 0 ? "files" : "empty");
  gtk_progress_bar_set_fraction (self->progress, n_files > 0 ? (double) n_done / n_files : 0.0);
  gtk_widget_set_visible (GTK_WIDGET (self->progress), is_running);
  gtk_widget_set_visible (GTK_WIDGET (self->cancel), is_running);
}

static void
on_cancel (GtkWidget  *widget,
           const char *action,
           GVariant   *parameter)
{
  workbench_batch_cancel (WORKBENCH_WINDOW (widget)->batch);
}

static void
on_chosen (WorkbenchWindow      *self,
           int                   response,
           GtkFileChooserNative *chooser)
{
  g_autoptr (GListModel) files = gtk_file_chooser_get_files (GTK_FILE_CHOOSER (chooser));

  if (response == GTK_RESPONSE_ACCEPT)
    workbench_window_add_files (self, files);
  g_object_unref (chooser);
}

static void
on_open (GtkWidget  *widget,
         const char *action,
         GVariant   *parameter)
{
  GtkFileChooserNative *chooser;
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();

  chooser = gtk_file_chooser_native_new ("Open Images", GTK_WINDOW (widget),
                                         GTK_FILE_CHOOSER_ACTION_OPEN, "_Open", "_Cancel");
  gtk_file_chooser_set_select_multiple (GTK_FILE_CHOOSER (chooser), TRUE);
  gtk_file_filter_set_name (filter, "Images");
  gtk_file_filter_add_mime_type (filter, "image/png");
  gtk_file_filter_add_mime_type (filter, "image/jpeg");
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (chooser), filter);
  g_signal_connect_object (chooser, "response", G_CALLBACK (on_chosen), widget, G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static gboolean
on_drop (WorkbenchWindow *self,
         const GValue    *value)
{
  GdkFileList *list = g_value_get_boxed (value);
  g_autoptr (GListStore) files = g_list_store_new (G_TYPE_FILE);
  g_autoptr (GSList) dropped = gdk_file_list_get_files (list);

  for (GSList *link = dropped; link != NULL; link = link->next)
    g_list_store_append (files, link->data);
  workbench_window_add_files (self, G_LIST_MODEL (files));

  return TRUE;
}

static void
on_file_begun (WorkbenchWindow *self,
               WorkbenchWorker *worker,
               guint            position)
{
  g_autoptr (WorkbenchFile) file =
    g_list_model_get_item (workbench_batch_get_files (self->batch), position);

  if (file != NULL)
    workbench_worker_set_file_name (worker, workbench_file_get_name (file));
}

/* Follows the end of the log. */
static void
on_lines_changed (WorkbenchWindow *self,
                  guint            position,
                  guint            n_removed,
                  guint            n_added,
                  GListModel      *lines)
{
  guint n_lines = g_list_model_get_n_items (lines);

  if (n_added > 0)
    gtk_widget_activate_action (GTK_WIDGET (self->log), "list.scroll-to-item", "u", n_lines - 1);
}

/* What a profile promises, as far as its workers know: by which a user may choose another. */
static const char *
describe_isolation (MaltPool *pool)
{
  MaltWorkerCapabilities capabilities =
    malt_abstract_worker_get_capabilities (MALT_ABSTRACT_WORKER (pool));

  if ((capabilities & MALT_WORKER_CAPABILITY_ISOLATED) == 0)
    return "Threads of this window: an image that crashes one ends the window, too.";
  if ((capabilities & MALT_WORKER_CAPABILITY_REMOTE) != 0)
    return "Processes on other machines: an image that crashes one costs itself only.";

  return "Processes of their own: an image that crashes one costs itself only.";
}

static void
set_thumbnailer (WorkbenchWindow      *self,
                 WorkbenchThumbnailer *thumbnailer)
{
  MaltPool *pool = thumbnailer != NULL ? workbench_thumbnailer_get_pool (thumbnailer) : NULL;

  workbench_workers_set_pool (self->workers, pool);
  workbench_batch_set_thumbnailer (self->batch, thumbnailer);
  g_set_object (&self->thumbnailer, thumbnailer);
  if (pool == NULL)
    return;

  adw_preferences_group_set_description (self->workers_group, describe_isolation (pool));
  gtk_stack_set_visible_child_name (self->workers_stack, "workers");
}

/* No weaker profile is taken instead of one that cannot be had: that is for the user to choose. */
static void
show_trouble (WorkbenchWindow *self,
              const GError    *error)
{
  g_autofree char *text = g_markup_escape_text (error->message, -1);

  adw_status_page_set_title (self->trouble,
                             g_error_matches (error, MALT_ERROR, MALT_ERROR_SANDBOX_UNAVAILABLE)
                               ? "No Such Sandbox Here" : "No Workers");
  adw_status_page_set_description (self->trouble, text);
  gtk_stack_set_visible_child_name (self->workers_stack, "trouble");
}

static void
on_thumbnailer_started (GObject      *source,
                        GAsyncResult *result,
                        gpointer      user_data)
{
  g_autoptr (WorkbenchWindow) self = user_data;
  g_autoptr (WorkbenchThumbnailer) thumbnailer = NULL;
  g_autoptr (GError) error = NULL;

  thumbnailer = workbench_thumbnailer_new_finish (result, &error);
  /* Another has been asked for, or the window is closed. */
  if (g_task_get_cancellable (G_TASK (result)) != self->start)
    return;

  g_clear_object (&self->start);
  if (thumbnailer != NULL)
    set_thumbnailer (self, thumbnailer);
  else
    show_trouble (self, error);
}

static void
stop_start (WorkbenchWindow *self)
{
  g_cancellable_cancel (self->start);
  g_clear_object (&self->start);
}

static void
start_profile (WorkbenchWindow *self)
{
  GtkStringObject *profile = gtk_drop_down_get_selected_item (self->profiles);

  stop_start (self);
  set_thumbnailer (self, NULL);
  if (profile == NULL)
    return;

  self->start = g_cancellable_new ();
  gtk_stack_set_visible_child_name (self->workers_stack, "starting");
  workbench_thumbnailer_new_async (gtk_string_object_get_string (profile), self->start,
                                   on_thumbnailer_started, g_object_ref (self));
}

static void
on_profile_selected (WorkbenchWindow *self)
{
  GtkStringObject *profile = gtk_drop_down_get_selected_item (self->profiles);
  MaltConfig *config = malt_config_get_default (NULL);
  g_autofree char *description = NULL;

  if (profile != NULL && config != NULL)
    description = malt_config_describe_profile (config, gtk_string_object_get_string (profile),
                                                NULL);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->profiles), description);
  start_profile (self);
}

static void
on_retry (GtkWidget  *widget,
          const char *action,
          GVariant   *parameter)
{
  start_profile (WORKBENCH_WINDOW (widget));
}

/* The profiles of the configuration, with its default selected. */
static void
list_profiles (WorkbenchWindow *self)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names = NULL;
  g_autofree char *preferred = NULL;
  g_autoptr (GtkStringList) model = NULL;
  MaltConfig *config = malt_config_get_default (&error);

  if (config == NULL)
    {
      show_trouble (self, error);
      return;
    }

  names = malt_config_list_profiles (config);
  preferred = malt_config_dup_default_profile (config);
  model = gtk_string_list_new ((const char *const *) names);
  gtk_drop_down_set_model (self->profiles, G_LIST_MODEL (model));
  workbench_window_set_profile (self, preferred);
  g_signal_connect_object (self->profiles, "notify::selected", G_CALLBACK (on_profile_selected),
                           self, G_CONNECT_SWAPPED);
  on_profile_selected (self);
}

static GtkWidget *
create_worker_row (gpointer item,
                   gpointer user_data)
{
  return workbench_worker_row_new (item);
}

static void
workbench_window_dispose (GObject *object)
{
  WorkbenchWindow *self = WORKBENCH_WINDOW (object);

  if (self->batch != NULL)
    {
      stop_start (self);
      set_thumbnailer (self, NULL);
    }
  g_clear_object (&self->batch);
  g_clear_object (&self->workers);

  G_OBJECT_CLASS (workbench_window_parent_class)->dispose (object);
}

static void
bind_children (GtkWidgetClass *widget_class)
{
  gtk_widget_class_bind_template_child (widget_class, WorkbenchWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, WorkbenchWindow, title);
  gtk_widget_class_bind_template_child (widget_class, WorkbenchWindow, profiles);
  gtk_widget_class_bind_template_child (widget_class, WorkbenchWindow, cancel);
  gtk_widget_class_bind_template_child (widget_class, WorkbenchWindow, progress);
  gtk_widget_class_bind_template_child (widget_class, WorkbenchWindow, files_stack);
  gtk_widget_class_bind_template_child (widget_class, WorkbenchWindow, files);
  gtk_widget_class_bind_template_child (widget_class, WorkbenchWindow, workers_stack);
  gtk_widget_class_bind_template_child (widget_class, WorkbenchWindow, trouble);
  gtk_widget_class_bind_template_child (widget_class, WorkbenchWindow, workers_group);
  gtk_widget_class_bind_template_child (widget_class, WorkbenchWindow, workers_list);
  gtk_widget_class_bind_template_child (widget_class, WorkbenchWindow, log);
}

static void
workbench_window_class_init (WorkbenchWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = workbench_window_dispose;

  g_type_ensure (WORKBENCH_TYPE_FILE_ROW);
  gtk_widget_class_set_template_from_resource (widget_class, WORKBENCH_RESOURCES "window.ui");
  bind_children (widget_class);
  gtk_widget_class_install_action (widget_class, "win.open", NULL, on_open);
  gtk_widget_class_install_action (widget_class, "win.cancel", NULL, on_cancel);
  gtk_widget_class_install_action (widget_class, "win.retry", NULL, on_retry);
  gtk_widget_class_install_action (widget_class, "win.tell", "s", on_tell);
}

static void
take_drops (WorkbenchWindow *self)
{
  GtkDropTarget *target = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);

  g_signal_connect_object (target, "drop", G_CALLBACK (on_drop), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (GTK_WIDGET (self->files_stack), GTK_EVENT_CONTROLLER (target));
}

static void
show_list (GtkListView *view,
           GListModel  *list)
{
  g_autoptr (GtkNoSelection) model = gtk_no_selection_new (g_object_ref (list));

  gtk_list_view_set_model (view, GTK_SELECTION_MODEL (model));
}

static void
workbench_window_init (WorkbenchWindow *self)
{
  WorkbenchLog *log = workbench_log_get_default ();
  GListModel *lines = workbench_log_get_lines (log);

  gtk_widget_init_template (GTK_WIDGET (self));
  self->batch = workbench_batch_new ();
  self->workers = workbench_workers_new ();
  show_list (self->files, workbench_batch_get_files (self->batch));
  show_list (self->log, lines);
  gtk_list_box_bind_model (self->workers_list, workbench_workers_get_list (self->workers),
                           create_worker_row, NULL, NULL);

  g_signal_connect_object (self->batch, "changed", G_CALLBACK (on_batch_changed), self,
                           G_CONNECT_SWAPPED);
  workbench_log_set_workers (log, self->workers);
  g_signal_connect_object (log, "file-begun", G_CALLBACK (on_file_begun), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (lines, "items-changed", G_CALLBACK (on_lines_changed), self,
                           G_CONNECT_SWAPPED);
  take_drops (self);
  on_batch_changed (self);
  list_profiles (self);
}

WorkbenchWindow *
workbench_window_new (GtkApplication *application)
{
  return g_object_new (WORKBENCH_TYPE_WINDOW, "application", application, NULL);
}

WorkbenchBatch *
workbench_window_get_batch (WorkbenchWindow *self)
{
  return self->batch;
}

WorkbenchWorkers *
workbench_window_get_workers (WorkbenchWindow *self)
{
  return self->workers;
}

void
workbench_window_add_files (WorkbenchWindow *self,
                            GListModel      *files)
{
  for (guint i = 0; i < g_list_model_get_n_items (files); i++)
    {
      g_autoptr (GFile) file = g_list_model_get_item (files, i);

      workbench_batch_add (self->batch, file);
    }
}

/* Selects a profile, as if the user had; one that is not there says so. */
void
workbench_window_set_profile (WorkbenchWindow *self,
                              const char      *profile)
{
  GListModel *model = gtk_drop_down_get_model (self->profiles);

  for (guint i = 0; model != NULL && i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (GtkStringObject) item = g_list_model_get_item (model, i);

      if (!g_str_equal (gtk_string_object_get_string (item), profile))
        continue;
      gtk_drop_down_set_selected (self->profiles, i);
      return;
    }

  tell (self, "There is no such profile");
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "workbench-fixture.h"

#include "workbench-images.h"

#include "tests/malt-test-slowness.h"

#include <string.h>

/* Seconds in which something that is waited for happens on any machine. */
#define WAIT_SEC 100

static gboolean
on_too_late (gpointer user_data)
{
  g_error ("Waited too long for %s", (const char *) user_data);

  return G_SOURCE_REMOVE;
}

void
window_wait_for (WorkbenchFixture   *fixture,
                 WorkbenchCondition  condition,
                 const char         *name)
{
  guint source = g_timeout_add_seconds (WAIT_SEC * malt_test_get_slowness (), on_too_late,
                                        (gpointer) name);

  while (!condition (fixture))
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (source);
}

static gboolean
has_stack_page (GtkWidget  *widget,
                const char *name)
{
  if (GTK_IS_STACK (widget)
      && g_strcmp0 (gtk_stack_get_visible_child_name (GTK_STACK (widget)), name) == 0)
    return gtk_widget_get_mapped (widget);

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      if (has_stack_page (child, name))
        return TRUE;
    }

  return FALSE;
}

gboolean
window_is_ready (WorkbenchFixture *fixture)
{
  return has_stack_page (GTK_WIDGET (fixture->window), "workers");
}

gboolean
window_is_in_trouble (WorkbenchFixture *fixture)
{
  return has_stack_page (GTK_WIDGET (fixture->window), "trouble");
}

gboolean
window_is_done (WorkbenchFixture *fixture)
{
  return !workbench_batch_is_running (workbench_window_get_batch (fixture->window));
}

/* (transfer full) */
WorkbenchWorker *
window_get_worker (WorkbenchFixture *fixture,
                   guint             position)
{
  WorkbenchWorkers *workers = workbench_window_get_workers (fixture->window);

  return g_list_model_get_item (workbench_workers_get_list (workers), position);
}

guint
window_count_running (WorkbenchFixture *fixture)
{
  guint n_running = 0;

  for (guint i = 0;; i++)
    {
      g_autoptr (WorkbenchWorker) worker = window_get_worker (fixture, i);

      if (worker == NULL)
        return n_running;
      n_running += !workbench_worker_has_ended (worker);
    }
}

gboolean
window_is_complete (WorkbenchFixture *fixture)
{
  return window_count_running (fixture) >= 2;
}

/* (transfer full): NULL if none is */
WorkbenchWorker *
window_find_busy (WorkbenchFixture *fixture)
{
  for (guint i = 0;; i++)
    {
      WorkbenchWorker *worker = window_get_worker (fixture, i);

      if (worker == NULL || workbench_worker_is_busy (worker))
        return worker;
      g_object_unref (worker);
    }
}

/* The list says which file the worker is at. */
gboolean
window_is_slow (WorkbenchFixture *fixture)
{
  g_autoptr (WorkbenchWorker) worker = window_find_busy (fixture);
  g_autofree char *status = worker != NULL ? workbench_worker_dup_status (worker) : NULL;

  return g_strcmp0 (status, "slow.png") == 0;
}

/* (transfer full) */
static WorkbenchFile *
find_file (WorkbenchFixture *fixture,
           const char       *name)
{
  GListModel *files = workbench_batch_get_files (workbench_window_get_batch (fixture->window));

  for (guint i = 0;; i++)
    {
      WorkbenchFile *file = g_list_model_get_item (files, i);

      g_assert_nonnull (file);
      if (g_str_equal (workbench_file_get_name (file), name))
        return file;
      g_object_unref (file);
    }
}

void
window_assert_failed (WorkbenchFixture *fixture,
                      const char       *name,
                      const char       *message)
{
  g_autoptr (WorkbenchFile) file = find_file (fixture, name);

  g_assert_cmpint (workbench_file_get_state (file), ==, WORKBENCH_FILE_STATE_FAILED);
  if (strstr (workbench_file_get_message (file), message) == NULL)
    g_error ("%s: “%s” does not say “%s”", name, workbench_file_get_message (file), message);
}

void
window_assert_done (WorkbenchFixture *fixture,
                    const char       *name)
{
  g_autoptr (WorkbenchFile) file = find_file (fixture, name);

  g_assert_cmpstr (workbench_file_get_message (file), ==, NULL);
  g_assert_cmpint (gdk_texture_get_width (workbench_file_get_texture (file)), ==, 256);
}

void
window_add (WorkbenchFixture *fixture,
            GFile            *file)
{
  g_autoptr (GListStore) list = g_list_store_new (G_TYPE_FILE);

  g_list_store_append (list, file);
  workbench_window_add_files (fixture->window, G_LIST_MODEL (list));
  g_object_unref (file);
}

/* The button with a tooltip, which can be clicked now. */
static GtkWidget *
find_button (GtkWidget  *widget,
             const char *tooltip)
{
  if (GTK_IS_BUTTON (widget) && gtk_widget_is_sensitive (widget) && gtk_widget_get_mapped (widget)
      && g_strcmp0 (gtk_widget_get_tooltip_text (widget), tooltip) == 0)
    return widget;

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_button (child, tooltip);

      if (found != NULL)
        return found;
    }

  return NULL;
}

static gboolean
on_frame (GtkWidget     *widget,
          GdkFrameClock *clock,
          gpointer       user_data)
{
  WorkbenchFixture *fixture = user_data;

  gtk_widget_queue_draw (widget);

  return --fixture->n_frames > 0 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static gboolean
is_drawn (WorkbenchFixture *fixture)
{
  return fixture->n_frames == 0;
}

/* Has the whole window laid out and drawn some times. */
void
window_draw (WorkbenchFixture *fixture,
             int               n_frames)
{
  fixture->n_frames = n_frames;
  gtk_widget_add_tick_callback (GTK_WIDGET (fixture->window), on_frame, fixture, NULL);
  wait_for (fixture, is_drawn);
}

/* Where it is, in the coordinates of the display: without a window manager the window is at the top
 * left. */
void
window_click (WorkbenchFixture *fixture,
              const char       *tooltip)
{
  GtkWidget *button;
  g_autofree char *command = NULL;
  g_autoptr (GError) error = NULL;
  graphene_rect_t bounds;
  double x, y;
  int status;

  window_draw (fixture, 2);
  button = find_button (GTK_WIDGET (fixture->window), tooltip);
  g_assert_nonnull (button);
  g_assert_true (gtk_widget_compute_bounds (button, GTK_WIDGET (fixture->window), &bounds));
  gtk_native_get_surface_transform (GTK_NATIVE (fixture->window), &x, &y);
  x += bounds.origin.x + bounds.size.width / 2;
  y += bounds.origin.y + bounds.size.height / 2;

  command = g_strdup_printf ("xdotool search --onlyvisible --name ^Workbench$ "
                             "mousemove --window %%1 %d %d click 1", (int) x, (int) y);
  g_spawn_command_line_sync (command, NULL, NULL, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
}

static gboolean
on_settled (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;

  return G_SOURCE_REMOVE;
}

/* A picture of the window for the manual, when nothing moves any more. */
void
window_take_screenshot (WorkbenchFixture *fixture,
                        const char       *path)
{
  GtkWidget *window = GTK_WIDGET (fixture->window);
  g_autoptr (GdkPaintable) paintable = gtk_widget_paintable_new (window);
  g_autoptr (GtkSnapshot) snapshot = gtk_snapshot_new ();
  g_autoptr (GskRenderNode) node = NULL;
  g_autoptr (GdkTexture) texture = NULL;
  gboolean is_settled = FALSE;

  gtk_widget_queue_draw (window);
  g_timeout_add_seconds (1, on_settled, &is_settled);
  while (!is_settled)
    g_main_context_iteration (NULL, TRUE);

  gdk_paintable_snapshot (paintable, snapshot, gdk_paintable_get_intrinsic_width (paintable),
                          gdk_paintable_get_intrinsic_height (paintable));
  node = gtk_snapshot_free_to_node (g_steal_pointer (&snapshot));
  texture = gsk_renderer_render_texture (gtk_native_get_renderer (GTK_NATIVE (window)), node, NULL);
  g_assert_true (gdk_texture_save_to_png (texture, path));
}

void
window_set_up (WorkbenchFixture *fixture,
               gconstpointer     data)
{
  g_autoptr (GError) error = NULL;

  fixture->folder = workbench_images_make_folder ();
  fixture->application = workbench_application_new ();
  g_application_set_flags (G_APPLICATION (fixture->application),
                           G_APPLICATION_HANDLES_OPEN | G_APPLICATION_NON_UNIQUE);
  g_application_register (G_APPLICATION (fixture->application), NULL, &error);
  g_assert_no_error (error);
  g_application_activate (G_APPLICATION (fixture->application));
  fixture->window = WORKBENCH_WINDOW (
    gtk_application_get_active_window (GTK_APPLICATION (fixture->application)));
  if (data != NULL)
    workbench_window_set_profile (fixture->window, data);
  g_object_add_weak_pointer (G_OBJECT (fixture->window), (gpointer *) &fixture->window);
}

static gboolean
is_closed (WorkbenchFixture *fixture)
{
  return fixture->window == NULL;
}

void
window_tear_down (WorkbenchFixture *fixture,
                  gconstpointer     data)
{
  gtk_window_destroy (GTK_WINDOW (fixture->window));
  wait_for (fixture, is_closed);
  g_clear_object (&fixture->application);
  workbench_images_remove_folder (fixture->folder);
  g_free (fixture->folder);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "workbench-application.h"
#include "workbench-gap.h"
#include "workbench-images.h"
#include "workbench-log.h"
#include "workbench-window.h"

#include "tests/malt-test-slowness.h"

#include <string.h>

/* The window in a display of its own, with workers; buttons are clicked by xdotool. */

/* Seconds in which something that is waited for happens on any machine. */
#define WAIT_SEC 100

/* Milliseconds that the main loop may be away: longer than that is seen as a stutter. On a machine
 * that is slower at the moment, as many times what it takes to draw the window once. */
#define GAP_MAX_MSEC 100
#define GAP_MAX_FRAMES 4

/* What stutters does so each time; a machine that is busy with something else does not. */
#define GAP_ROUNDS 5

#define N_PHOTOS 16

typedef struct
{
  WorkbenchApplication *application;
  WorkbenchWindow      *window;
  char                 *folder;
  int                   n_frames; /* still to be waited for */
  WorkbenchWorker      *worker;   /* whose end is waited for */
} Fixture;

typedef gboolean (*Condition) (Fixture *fixture);

static gboolean
on_too_late (gpointer user_data)
{
  g_error ("Waited too long for %s", (const char *) user_data);

  return G_SOURCE_REMOVE;
}

static void
wait_for_named (Fixture    *fixture,
                Condition   condition,
                const char *name)
{
  guint source = g_timeout_add_seconds (WAIT_SEC * malt_test_get_slowness (), on_too_late,
                                        (gpointer) name);

  while (!condition (fixture))
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (source);
}

#define wait_for(fixture, condition) wait_for_named (fixture, condition, #condition)

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

static gboolean
is_ready (Fixture *fixture)
{
  return has_stack_page (GTK_WIDGET (fixture->window), "workers");
}

static gboolean
is_in_trouble (Fixture *fixture)
{
  return has_stack_page (GTK_WIDGET (fixture->window), "trouble");
}

static gboolean
is_done (Fixture *fixture)
{
  return !workbench_batch_is_running (workbench_window_get_batch (fixture->window));
}

/* (transfer full) */
static WorkbenchWorker *
get_worker (Fixture *fixture,
            guint    position)
{
  WorkbenchWorkers *workers = workbench_window_get_workers (fixture->window);

  return g_list_model_get_item (workbench_workers_get_list (workers), position);
}

static guint
count_running (Fixture *fixture)
{
  guint n_running = 0;

  for (guint i = 0;; i++)
    {
      g_autoptr (WorkbenchWorker) worker = get_worker (fixture, i);

      if (worker == NULL)
        return n_running;
      n_running += !workbench_worker_has_ended (worker);
    }
}

static gboolean
is_complete (Fixture *fixture)
{
  return count_running (fixture) >= 2;
}

/* (transfer full): NULL if none is */
static WorkbenchWorker *
find_busy (Fixture *fixture)
{
  for (guint i = 0;; i++)
    {
      WorkbenchWorker *worker = get_worker (fixture, i);

      if (worker == NULL || workbench_worker_is_busy (worker))
        return worker;
      g_object_unref (worker);
    }
}

/* The list says which file the worker is at. */
static gboolean
is_slow (Fixture *fixture)
{
  g_autoptr (WorkbenchWorker) worker = find_busy (fixture);
  g_autofree char *status = worker != NULL ? workbench_worker_dup_status (worker) : NULL;

  return g_strcmp0 (status, "slow.png") == 0;
}

/* (transfer full) */
static WorkbenchFile *
find_file (Fixture    *fixture,
           const char *name)
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

static void
assert_failed (Fixture    *fixture,
               const char *name,
               const char *message)
{
  g_autoptr (WorkbenchFile) file = find_file (fixture, name);

  g_assert_cmpint (workbench_file_get_state (file), ==, WORKBENCH_FILE_STATE_FAILED);
  if (strstr (workbench_file_get_message (file), message) == NULL)
    g_error ("%s: “%s” does not say “%s”", name, workbench_file_get_message (file), message);
}

static void
assert_done (Fixture    *fixture,
             const char *name)
{
  g_autoptr (WorkbenchFile) file = find_file (fixture, name);

  g_assert_cmpstr (workbench_file_get_message (file), ==, NULL);
  g_assert_cmpint (gdk_texture_get_width (workbench_file_get_texture (file)), ==, 256);
}

static void
add (Fixture *fixture,
     GFile   *file)
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
  Fixture *fixture = user_data;

  gtk_widget_queue_draw (widget);

  return --fixture->n_frames > 0 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static gboolean
is_drawn (Fixture *fixture)
{
  return fixture->n_frames == 0;
}

/* Has the whole window laid out and drawn some times. */
static void
draw (Fixture *fixture,
      int      n_frames)
{
  fixture->n_frames = n_frames;
  gtk_widget_add_tick_callback (GTK_WIDGET (fixture->window), on_frame, fixture, NULL);
  wait_for (fixture, is_drawn);
}

/* Where it is, in the coordinates of the display: without a window manager the window is at the top
 * left. */
static void
click (Fixture    *fixture,
       const char *tooltip)
{
  GtkWidget *button;
  g_autofree char *command = NULL;
  g_autoptr (GError) error = NULL;
  graphene_rect_t bounds;
  double x, y;
  int status;

  draw (fixture, 2);
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
static void
take_screenshot (Fixture    *fixture,
                 const char *path)
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

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
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
is_closed (Fixture *fixture)
{
  return fixture->window == NULL;
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  gtk_window_destroy (GTK_WINDOW (fixture->window));
  wait_for (fixture, is_closed);
  g_clear_object (&fixture->application);
  workbench_images_remove_folder (fixture->folder);
  g_free (fixture->folder);
}

/* Microseconds for which the main loop is away when the whole window is drawn. */
static gint64
measure_frame (Fixture *fixture)
{
  WorkbenchGap gap;

  workbench_gap_start (&gap);
  draw (fixture, 10);

  return workbench_gap_stop (&gap);
}

/* Microseconds for which it is away at most when photos are decoded that are there already. */
static gint64
measure_photos (Fixture *fixture)
{
  WorkbenchGap gap;

  workbench_gap_start (&gap);
  for (guint i = 1; i <= N_PHOTOS; i++)
    {
      g_autofree char *name = g_strdup_printf ("photo-%02u.jpg", i);

      add (fixture, g_file_new_build_filename (fixture->folder, name, NULL));
    }
  wait_for (fixture, is_done);

  return workbench_gap_stop (&gap);
}

static void
test_smooth (Fixture       *fixture,
             gconstpointer  data)
{
  gint64 longest_us = G_MAXINT64;
  gint64 limit_us = 0;

  g_test_summary ("The window does not stutter while workers decode");

  wait_for (fixture, is_ready);
  for (guint i = 1; i <= N_PHOTOS; i++)
    g_object_unref (workbench_images_write_photo (fixture->folder, i));

  for (guint round = 0; round < GAP_ROUNDS && longest_us >= limit_us; round++)
    {
      gint64 frame_us = measure_frame (fixture);

      limit_us = MAX (GAP_MAX_MSEC * 1000, GAP_MAX_FRAMES * frame_us) * malt_test_get_slowness ();
      longest_us = measure_photos (fixture);
      g_test_message ("The longest gap was %.1f ms of %.1f", (double) longest_us / 1000,
                      (double) limit_us / 1000);
    }
  g_assert_cmpint (longest_us, <, limit_us);
}

static void
test_thumbnails (Fixture       *fixture,
                 gconstpointer  data)
{
  static const char text[] = "not an image";
  const char *screenshot = g_getenv ("WORKBENCH_SCREENSHOT");

  g_test_summary ("All images are shown but the bad ones, whatever these do to their workers");

  wait_for (fixture, is_ready);
  for (guint i = 1; i <= 3; i++)
    add (fixture, workbench_images_write_photo (fixture->folder, i));
  add (fixture, workbench_images_write_faulty (fixture->folder, "crash.png", "crash"));
  add (fixture, workbench_images_write_bytes (fixture->folder, "note.txt", text, sizeof text));
  add (fixture, workbench_images_write_bomb (fixture->folder, "bomb.png"));
  for (guint i = 4; i <= N_PHOTOS; i++)
    add (fixture, workbench_images_write_photo (fixture->folder, i));
  wait_for (fixture, is_done);
  wait_for (fixture, is_complete);

  assert_done (fixture, "photo-01.jpg");
  assert_done (fixture, "photo-16.jpg");
  assert_failed (fixture, "crash.png", "thumbnail.make");
  assert_failed (fixture, "note.txt", "neither a PNG nor a JPEG");
  assert_failed (fixture, "bomb.png", "too large");
  g_assert_cmpuint (workbench_batch_get_n_failed (workbench_window_get_batch (fixture->window)), ==,
                    3);

  if (screenshot != NULL)
    {
      add (fixture, workbench_images_write_faulty (fixture->folder, "slow.png", "slow"));
      wait_for (fixture, is_slow);
      take_screenshot (fixture, screenshot);
    }
}

/* (transfer full): the controller that takes files that are dropped; NULL if there is none */
static GObject *
find_drop_target (GtkWidget *widget)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (widget);
  GObject *found = NULL;

  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GObject) controller = g_list_model_get_item (controllers, i);

      if (GTK_IS_DROP_TARGET (controller)
          && gdk_content_formats_contain_gtype (
            gtk_drop_target_get_formats (GTK_DROP_TARGET (controller)), GDK_TYPE_FILE_LIST))
        return g_steal_pointer (&controller);
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find_drop_target (child);

  return found;
}

static void
test_drop (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr (GObject) target = find_drop_target (GTK_WIDGET (fixture->window));
  g_autoptr (GFile) file = workbench_images_write_photo (fixture->folder, 1);
  g_autoptr (GSList) files = g_slist_prepend (NULL, file);
  g_auto (GValue) value = G_VALUE_INIT;
  gboolean is_taken = FALSE;

  g_test_summary ("Files that are dropped are decoded");

  g_assert_nonnull (target);
  g_value_init (&value, GDK_TYPE_FILE_LIST);
  g_value_take_boxed (&value, gdk_file_list_new_from_list (files));
  g_signal_emit_by_name (target, "drop", &value, 1.0, 1.0, &is_taken);
  g_assert_true (is_taken);
  wait_for (fixture, is_done);
  assert_done (fixture, "photo-01.jpg");
}

static void
test_interrupt (Fixture       *fixture,
                gconstpointer  data)
{
  g_test_summary ("A click interrupts what a worker does, which lives on");

  wait_for (fixture, is_ready);
  add (fixture, workbench_images_write_faulty (fixture->folder, "slow.png", "slow"));
  wait_for (fixture, is_slow);
  click (fixture, "Interrupt What It Does");
  wait_for (fixture, is_done);
  assert_failed (fixture, "slow.png", "Interrupted");
  g_assert_cmpuint (count_running (fixture), >=, 2);
}

static gboolean
has_ended (Fixture *fixture)
{
  return workbench_worker_has_ended (fixture->worker);
}

static void
test_kill (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr (WorkbenchWorker) busy = NULL;
  g_autofree char *status = NULL;

  g_test_summary ("A click kills a worker, which the pool replaces");

  wait_for (fixture, is_ready);
  add (fixture, workbench_images_write_faulty (fixture->folder, "slow.png", "slow"));
  wait_for (fixture, is_slow);
  busy = find_busy (fixture);
  /* The click is for the first worker; the file may be at the second, which is the first then. */
  while (!workbench_worker_has_ended (busy))
    {
      g_autoptr (WorkbenchWorker) first = get_worker (fixture, 0);

      fixture->worker = first;
      click (fixture, "Kill");
      wait_for (fixture, has_ended);
    }
  wait_for (fixture, is_done);
  assert_failed (fixture, "slow.png", "thumbnail.make");
  status = workbench_worker_dup_status (busy);
  g_assert_nonnull (strstr (status, "SIGKILL"));

  wait_for (fixture, is_complete);
  add (fixture, workbench_images_write_photo (fixture->folder, 1));
  wait_for (fixture, is_done);
  assert_done (fixture, "photo-01.jpg");
}

static void
test_cancel (Fixture       *fixture,
             gconstpointer  data)
{
  g_test_summary ("What is on its way and what waits can be cancelled");

  wait_for (fixture, is_ready);
  for (guint i = 0; i < 20; i++)
    add (fixture, workbench_images_write_faulty (fixture->folder, "slow.png", "slow"));
  wait_for (fixture, is_slow);
  gtk_widget_activate_action (GTK_WIDGET (fixture->window), "win.cancel", NULL);
  g_assert_true (is_done (fixture));
  assert_failed (fixture, "slow.png", "Cancelled");

  add (fixture, workbench_images_write_photo (fixture->folder, 1));
  wait_for (fixture, is_done);
  assert_done (fixture, "photo-01.jpg");
}

static void
test_other_profile (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("The files begin again with another profile");

  wait_for (fixture, is_ready);
  add (fixture, workbench_images_write_photo (fixture->folder, 1));
  wait_for (fixture, is_done);
  workbench_window_set_profile (fixture->window, "in-process");
  g_assert_false (is_done (fixture));
  wait_for (fixture, is_ready);
  wait_for (fixture, is_done);
  assert_done (fixture, "photo-01.jpg");
}

static void
test_no_such_sandbox (Fixture       *fixture,
                      gconstpointer  data)
{
  g_test_summary ("A sandbox that cannot be had is said so, and no other is taken");

  wait_for (fixture, is_in_trouble);
  add (fixture, workbench_images_write_photo (fixture->folder, 1));
  g_assert_cmpuint (count_running (fixture), ==, 0);
  g_assert_false (is_done (fixture));
}

/* The program's own profiles, and two that the tests need. */
static char *
write_config (const char *folder,
              const char *source)
{
  g_autofree char *modules = g_path_get_dirname (source);
  g_autofree char *here = g_strdup_printf ("\"%s\"", modules);
  g_autofree char *text = NULL;
  g_autoptr (GString) json = NULL;
  g_autoptr (GError) error = NULL;
  char *path = g_build_filename (folder, "config.json", NULL);

  g_file_get_contents (source, &text, NULL, &error);
  g_assert_no_error (error);
  json = g_string_new (text);
  g_string_replace (json, "\".\"", here, 0);
  g_string_replace (json, "\"profiles\": {",
                    "\"profiles\": {\n"
                    "\"plain\": { \"extends\": \"thumbnails\", \"sandbox\": \"none\" },\n"
                    "\"none-such\": { \"extends\": \"isolated\", \"bwrap-path\": \"/none/such\" },",
                    1);
  g_file_set_contents (path, json->str, -1, &error);
  g_assert_no_error (error);

  return path;
}

/* A sanitizer reserves more addresses than a worker in a sandbox may have. */
static const char *
choose_profile (void)
{
#if defined (__SANITIZE_ADDRESS__) || defined (__SANITIZE_THREAD__)
  return "plain";
#else
  return malt_sandbox_check ("strict", NULL) ? "thumbnails" : "plain";
#endif
}

int
main (int   argc,
      char *argv[])
{
  g_autofree char *folder = workbench_images_make_folder ();
  g_autofree char *config = write_config (folder, g_getenv ("WORKBENCH_CONFIG"));
  const char *profile = choose_profile ();
  int status;

  workbench_log_install ();
  g_setenv ("MALT_CONFIG", config, TRUE);
  gtk_test_init (&argc, &argv, NULL);

  g_test_add ("/workbench/thumbnails", Fixture, profile, set_up, test_thumbnails, tear_down);
  g_test_add ("/workbench/smooth", Fixture, profile, set_up, test_smooth, tear_down);
  g_test_add ("/workbench/drop", Fixture, profile, set_up, test_drop, tear_down);
  g_test_add ("/workbench/interrupt", Fixture, profile, set_up, test_interrupt, tear_down);
  g_test_add ("/workbench/kill", Fixture, profile, set_up, test_kill, tear_down);
  g_test_add ("/workbench/cancel", Fixture, profile, set_up, test_cancel, tear_down);
  g_test_add ("/workbench/other-profile", Fixture, profile, set_up, test_other_profile, tear_down);
  g_test_add ("/workbench/no-such-sandbox", Fixture, "none-such", set_up, test_no_such_sandbox,
              tear_down);
  status = g_test_run ();
  workbench_images_remove_folder (folder);

  return status;
}

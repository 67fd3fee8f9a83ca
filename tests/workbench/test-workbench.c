/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "workbench-fixture.h"
#include "workbench-gap.h"
#include "workbench-images.h"
#include "workbench-log.h"

#include "tests/malt-test-slowness.h"

#include <string.h>

/* Milliseconds that the main loop may be away: longer than that is seen as a stutter. On a machine
 * that is slower at the moment, as many times what it takes to draw the window once. */
#define GAP_MAX_MSEC 100
#define GAP_MAX_FRAMES 4

/* What stutters does so each time; a machine that is busy with something else does not. */
#define GAP_ROUNDS 5

#define N_PHOTOS 16

/* Microseconds for which the main loop is away when the whole window is drawn. */
static gint64
measure_frame (WorkbenchFixture *fixture)
{
  WorkbenchGap gap;

  workbench_gap_start (&gap);
  window_draw (fixture, 10);

  return workbench_gap_stop (&gap);
}

/* Microseconds for which it is away at most when photos are decoded that are there already. */
static gint64
measure_photos (WorkbenchFixture *fixture)
{
  WorkbenchGap gap;

  workbench_gap_start (&gap);
  for (guint i = 1; i <= N_PHOTOS; i++)
    {
      g_autofree char *name = g_strdup_printf ("photo-%02u.jpg", i);

      window_add (fixture, g_file_new_build_filename (fixture->folder, name, NULL));
    }
  wait_for (fixture, window_is_done);

  return workbench_gap_stop (&gap);
}

static void
test_smooth (WorkbenchFixture *fixture,
             gconstpointer     data)
{
  gint64 longest_us = G_MAXINT64;
  gint64 limit_us = 0;

  g_test_summary ("The window does not stutter while workers decode");

  wait_for (fixture, window_is_ready);
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
test_thumbnails (WorkbenchFixture *fixture,
                 gconstpointer     data)
{
  static const char text[] = "not an image";
  const char *screenshot = g_getenv ("WORKBENCH_SCREENSHOT");

  g_test_summary ("All images are shown but the bad ones, whatever these do to their workers");

  wait_for (fixture, window_is_ready);
  for (guint i = 1; i <= 3; i++)
    window_add (fixture, workbench_images_write_photo (fixture->folder, i));
  window_add (fixture, workbench_images_write_faulty (fixture->folder, "crash.png", "crash"));
  window_add (fixture,
              workbench_images_write_bytes (fixture->folder, "note.txt", text, sizeof text));
  window_add (fixture, workbench_images_write_bomb (fixture->folder, "bomb.png"));
  for (guint i = 4; i <= N_PHOTOS; i++)
    window_add (fixture, workbench_images_write_photo (fixture->folder, i));
  wait_for (fixture, window_is_done);
  wait_for (fixture, window_is_complete);

  window_assert_done (fixture, "photo-01.jpg");
  window_assert_done (fixture, "photo-16.jpg");
  window_assert_failed (fixture, "crash.png", "thumbnail.make");
  window_assert_failed (fixture, "note.txt", "neither a PNG nor a JPEG");
  window_assert_failed (fixture, "bomb.png", "too large");
  g_assert_cmpuint (workbench_batch_get_n_failed (workbench_window_get_batch (fixture->window)), ==,
                    3);

  if (screenshot != NULL)
    {
      window_add (fixture, workbench_images_write_faulty (fixture->folder, "slow.png", "slow"));
      wait_for (fixture, window_is_slow);
      window_take_screenshot (fixture, screenshot);
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
test_drop (WorkbenchFixture *fixture,
           gconstpointer     data)
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
  wait_for (fixture, window_is_done);
  window_assert_done (fixture, "photo-01.jpg");
}

static void
test_interrupt (WorkbenchFixture *fixture,
                gconstpointer     data)
{
  g_test_summary ("A click interrupts what a worker does, which lives on");

  wait_for (fixture, window_is_ready);
  window_add (fixture, workbench_images_write_faulty (fixture->folder, "slow.png", "slow"));
  wait_for (fixture, window_is_slow);
  window_click (fixture, "Interrupt What It Does");
  wait_for (fixture, window_is_done);
  window_assert_failed (fixture, "slow.png", "Interrupted");
  g_assert_cmpuint (window_count_running (fixture), >=, 2);
}

static gboolean
has_ended (WorkbenchFixture *fixture)
{
  return workbench_worker_has_ended (fixture->worker);
}

static void
test_kill (WorkbenchFixture *fixture,
           gconstpointer     data)
{
  g_autoptr (WorkbenchWorker) busy = NULL;
  g_autofree char *status = NULL;

  g_test_summary ("A click kills a worker, which the pool replaces");

  wait_for (fixture, window_is_ready);
  window_add (fixture, workbench_images_write_faulty (fixture->folder, "slow.png", "slow"));
  wait_for (fixture, window_is_slow);
  busy = window_find_busy (fixture);
  /* The click is for the first worker; the file may be at the second, which is the first then. */
  while (!workbench_worker_has_ended (busy))
    {
      g_autoptr (WorkbenchWorker) first = window_get_worker (fixture, 0);

      fixture->worker = first;
      window_click (fixture, "Kill");
      wait_for (fixture, has_ended);
    }
  wait_for (fixture, window_is_done);
  window_assert_failed (fixture, "slow.png", "thumbnail.make");
  status = workbench_worker_dup_status (busy);
  g_assert_nonnull (strstr (status, "SIGKILL"));

  wait_for (fixture, window_is_complete);
  window_add (fixture, workbench_images_write_photo (fixture->folder, 1));
  wait_for (fixture, window_is_done);
  window_assert_done (fixture, "photo-01.jpg");
}

static void
test_cancel (WorkbenchFixture *fixture,
             gconstpointer     data)
{
  g_test_summary ("What is on its way and what waits can be cancelled");

  wait_for (fixture, window_is_ready);
  for (guint i = 0; i < 20; i++)
    window_add (fixture, workbench_images_write_faulty (fixture->folder, "slow.png", "slow"));
  wait_for (fixture, window_is_slow);
  gtk_widget_activate_action (GTK_WIDGET (fixture->window), "win.cancel", NULL);
  g_assert_true (window_is_done (fixture));
  window_assert_failed (fixture, "slow.png", "Cancelled");

  window_add (fixture, workbench_images_write_photo (fixture->folder, 1));
  wait_for (fixture, window_is_done);
  window_assert_done (fixture, "photo-01.jpg");
}

static void
test_other_profile (WorkbenchFixture *fixture,
                    gconstpointer     data)
{
  g_test_summary ("The files begin again with another profile");

  wait_for (fixture, window_is_ready);
  window_add (fixture, workbench_images_write_photo (fixture->folder, 1));
  wait_for (fixture, window_is_done);
  workbench_window_set_profile (fixture->window, "in-process");
  g_assert_false (window_is_done (fixture));
  wait_for (fixture, window_is_ready);
  wait_for (fixture, window_is_done);
  window_assert_done (fixture, "photo-01.jpg");
}

static void
test_no_such_sandbox (WorkbenchFixture *fixture,
                      gconstpointer     data)
{
  g_test_summary ("A sandbox that cannot be had is said so, and no other is taken");

  wait_for (fixture, window_is_in_trouble);
  window_add (fixture, workbench_images_write_photo (fixture->folder, 1));
  g_assert_cmpuint (window_count_running (fixture), ==, 0);
  g_assert_false (window_is_done (fixture));
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

static void
add_test (const char    *path,
          const char    *profile,
          void         (*test) (WorkbenchFixture *fixture,
                                gconstpointer     data))
{
  g_test_add (path, WorkbenchFixture, profile, window_set_up, test, window_tear_down);
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

  add_test ("/workbench/thumbnails", profile, test_thumbnails);
  add_test ("/workbench/smooth", profile, test_smooth);
  add_test ("/workbench/drop", profile, test_drop);
  add_test ("/workbench/interrupt", profile, test_interrupt);
  add_test ("/workbench/kill", profile, test_kill);
  add_test ("/workbench/cancel", profile, test_cancel);
  add_test ("/workbench/other-profile", profile, test_other_profile);
  add_test ("/workbench/no-such-sandbox", "none-such", test_no_such_sandbox);
  status = g_test_run ();
  workbench_images_remove_folder (folder);

  return status;
}

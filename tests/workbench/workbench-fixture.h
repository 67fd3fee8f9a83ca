/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "workbench-application.h"
#include "workbench-window.h"

/* The window in a display of its own, with workers; buttons are clicked by xdotool. */
typedef struct
{
  WorkbenchApplication *application;
  WorkbenchWindow      *window;
  char                 *folder;
  int                   n_frames; /* still to be waited for */
  WorkbenchWorker      *worker;   /* whose end is waited for */
} WorkbenchFixture;

typedef gboolean (*WorkbenchCondition) (WorkbenchFixture *fixture);

#define wait_for(fixture, condition) window_wait_for (fixture, condition, #condition)

void             window_wait_for        (WorkbenchFixture   *fixture,
                                         WorkbenchCondition  condition,
                                         const char         *name);
gboolean         window_is_ready        (WorkbenchFixture   *fixture);
gboolean         window_is_in_trouble   (WorkbenchFixture   *fixture);
gboolean         window_is_done         (WorkbenchFixture   *fixture);
WorkbenchWorker *window_get_worker      (WorkbenchFixture   *fixture,
                                         guint               position);
guint            window_count_running   (WorkbenchFixture   *fixture);
gboolean         window_is_complete     (WorkbenchFixture   *fixture);
WorkbenchWorker *window_find_busy       (WorkbenchFixture   *fixture);
gboolean         window_is_slow         (WorkbenchFixture   *fixture);
void             window_assert_failed   (WorkbenchFixture   *fixture,
                                         const char         *name,
                                         const char         *message);
void             window_assert_done     (WorkbenchFixture   *fixture,
                                         const char         *name);
void             window_add             (WorkbenchFixture   *fixture,
                                         GFile              *file);
void             window_draw            (WorkbenchFixture   *fixture,
                                         int                 n_frames);
void             window_click           (WorkbenchFixture   *fixture,
                                         const char         *tooltip);
void             window_take_screenshot (WorkbenchFixture   *fixture,
                                         const char         *path);
void             window_set_up          (WorkbenchFixture   *fixture,
                                         gconstpointer       data);
void             window_tear_down       (WorkbenchFixture   *fixture,
                                         gconstpointer       data);

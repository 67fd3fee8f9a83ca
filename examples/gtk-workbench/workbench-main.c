/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A window that shows small pictures of files, and leaves it to workers to decode them. */

#include "workbench-application.h"
#include "workbench-log.h"

#include <locale.h>

int
main (int   argc,
      char *argv[])
{
  g_autoptr (WorkbenchApplication) application = NULL;

  setlocale (LC_ALL, "");
  workbench_log_install ();

  /* The profiles that come with the program, unless the user names others. */
  g_setenv ("MALT_CONFIG", WORKBENCH_CONFIG, FALSE);
  application = workbench_application_new ();

  return g_application_run (G_APPLICATION (application), argc, argv);
}

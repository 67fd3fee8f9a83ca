/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-config-locate-private.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

/* The XDG Base Directory Specification's folder for everybody, when nothing says another. */
#define SYSTEM_FOLDER "/etc/xdg"

static void
add_candidate (GPtrArray  *candidates,
               const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "malt", "config.json", NULL);

  g_ptr_array_add (candidates, g_file_new_for_path (path));
}

GPtrArray *
malt_config_locate_candidates (void)
{
  GPtrArray *candidates = g_ptr_array_new_with_free_func (g_object_unref);
  const char *path = secure_getenv ("MALT_CONFIG");
  const char *const *folders = g_get_system_config_dirs ();

  if (getauxval (AT_SECURE) != 0)
    {
      /* Whoever starts a setuid program must not choose the code it loads. */
      add_candidate (candidates, SYSTEM_FOLDER);
    }
  else if (path == NULL)
    {
      add_candidate (candidates, g_get_user_config_dir ());
      for (gsize i = 0; folders[i] != NULL; i++)
        add_candidate (candidates, folders[i]);
    }
  else if (*path != '\0')
    {
      g_ptr_array_add (candidates, g_file_new_for_path (path));
    }

  return candidates;
}

/* One that cannot be looked at is there: passing it over would also pass over what it asks for. */
static gboolean
is_there (GFile *file)
{
  return access (g_file_peek_path (file), F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

GFile *
malt_config_locate (void)
{
  g_autoptr (GPtrArray) candidates = malt_config_locate_candidates ();
  gboolean is_named = secure_getenv ("MALT_CONFIG") != NULL;

  for (guint i = 0; i < candidates->len; i++)
    {
      /* The file that somebody has named must be there. */
      if (is_named || is_there (candidates->pdata[i]))
        return g_object_ref (candidates->pdata[i]);
    }

  return NULL;
}

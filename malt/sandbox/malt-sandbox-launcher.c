/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/sandbox/malt-sandbox-launcher-private.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Source: flatpak-metadata(5). */
#define FLATPAK_INFO "/.flatpak-info"

/* Namespaces of all kinds and no way to make more; the end of this process, or of the thread that
 * started it, is the end of all in them; no terminal; no right of root's. */
static const char *const namespaces[] = {
  "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session",
  "--cap-drop", "ALL",
};

/* What programs are linked with, and what libc and GLib read. Nothing of it can be written to. */
static const char *const system_paths[] = {
  "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo",
};

/* Links into /usr, or, where they are not, folders of their own. */
static const char *const library_folders[] = { "/lib", "/lib64" };

static const char *const devices[] = { "/dev/null", "/dev/urandom" };

static void
add_bind (GStrvBuilder *builder,
          const char   *kind,
          const char   *path)
{
  g_strv_builder_add_many (builder, kind, path, path, NULL);
}

/* The library that this code is in: workers are linked with it wherever it is installed. */
static void
add_own_library (GStrvBuilder *builder)
{
  Dl_info info;

  if (dladdr (add_own_library, &info) != 0 && info.dli_fname != NULL
      && strchr (info.dli_fname, '/') != NULL)
    {
      g_autofree char *path = g_canonicalize_filename (info.dli_fname, NULL);
      g_autofree char *folder = g_path_get_dirname (path);

      add_bind (builder, "--ro-bind-try", folder);
    }
}

static void
add_system (GStrvBuilder *builder)
{
  for (guint i = 0; i < G_N_ELEMENTS (system_paths); i++)
    add_bind (builder, "--ro-bind-try", system_paths[i]);

  for (guint i = 0; i < G_N_ELEMENTS (library_folders); i++)
    {
      g_autofree char *target = g_file_read_link (library_folders[i], NULL);

      if (target != NULL)
        g_strv_builder_add_many (builder, "--symlink", target, library_folders[i], NULL);
      else
        add_bind (builder, "--ro-bind-try", library_folders[i]);
    }

  add_own_library (builder);
}

static void
add_paths (GStrvBuilder      *builder,
           const char        *kind,
           const char *const *paths)
{
  for (gsize i = 0; paths != NULL && paths[i] != NULL; i++)
    {
      g_autofree char *path = g_canonicalize_filename (paths[i], NULL);

      add_bind (builder, kind, path);
    }
}

/* After all folders, in which devices cannot be opened. */
static void
add_devices (GStrvBuilder *builder)
{
  for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
    add_bind (builder, "--dev-bind", devices[i]);
}

gboolean
malt_sandbox_launcher_is_there (const char  *path,
                                const char  *flatpak_info,
                                GError     **error)
{
  if (access (flatpak_info, F_OK) == 0)
    malt_sandbox_set_error (error, MALT_SANDBOX_ISOLATED,
                            "inside of Flatpak no namespaces can be made");
  else if (access (path, X_OK) != 0)
    malt_sandbox_set_error (error, MALT_SANDBOX_ISOLATED,
                            "it needs bubblewrap, and “%s” cannot be executed: %s",
                            path, g_strerror (errno));
  else
    return TRUE;

  return FALSE;
}

/**
 * malt_sandbox_new_launcher: (skip)
 * @options: with the profile %MALT_SANDBOX_ISOLATED
 * @program: the worker's program, an absolute path
 * @visible: (nullable): other files and folders that it needs before its sandbox
 *   closes, such as those of modules and plugins; one that does not exist is
 *   left out
 * @error: return location for an error
 *
 * Makes the command line that runs a program in namespaces of its own. There it
 * sees itself, the system's libraries, @visible and the readable paths of
 * @options, each where it is outside, and cannot write to any of it.
 *
 * The arguments of the program are added to the end. Its environment is that of
 * the launcher; descriptors from 3 on are passed on. Whoever kills the launcher
 * ends all that is in the namespaces. A program that a signal ends makes the
 * launcher exit with 128 and the signal's number. Any thread; starts nothing.
 *
 * Errors: %MALT_ERROR_SANDBOX_UNAVAILABLE when bubblewrap cannot be executed, or
 * inside of Flatpak, where it makes no namespaces.
 *
 * Returns: (transfer full) (array zero-terminated=1): an absolute path and
 *   arguments, the last of which is @program
 *
 * Since: 0.1
 */
char **
malt_sandbox_new_launcher (const MaltSandboxOptions  *options,
                           const char                *program,
                           const char *const         *visible,
                           GError                   **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *folder = NULL;

  g_return_val_if_fail (options != NULL && options->bwrap_path != NULL, NULL);
  g_return_val_if_fail (program != NULL && g_path_is_absolute (program), NULL);

  if (!malt_sandbox_launcher_is_there (options->bwrap_path, FLATPAK_INFO, error))
    return NULL;

  g_strv_builder_add (builder, options->bwrap_path);
  for (guint i = 0; i < G_N_ELEMENTS (namespaces); i++)
    g_strv_builder_add (builder, namespaces[i]);

  add_system (builder);
  add_paths (builder, "--ro-bind-try", visible);
  add_paths (builder, "--ro-bind", (const char *const *) options->read_paths);
  add_devices (builder);
  add_bind (builder, "--ro-bind", program);
  folder = g_path_get_dirname (program);
  g_strv_builder_add_many (builder, "--setenv", MALT_SANDBOX_ORIGIN_VARIABLE, folder, NULL);
  g_strv_builder_add_many (builder, "--chdir", "/", "--remount-ro", "/", "--", program, NULL);

  return g_strv_builder_end (builder);
}

/* (transfer full) (nullable): why not. What bwrap prints tells, for its status cannot be had in a
 * program that ignores SIGCHLD, or waits for any child. */
static char *
find_what_is_wrong (void)
{
  const MaltSandboxOptions options = { .profile = MALT_SANDBOX_ISOLATED,
                                       .bwrap_path = (char *) MALT_SANDBOX_BWRAP_PATH };
  g_auto (GStrv) launcher = NULL;
  g_autofree char *version = NULL;
  g_autofree char *said = NULL;
  g_autoptr (GError) error = NULL;

  /* The one program of which it is known that it is there, with what it is linked with. */
  launcher = malt_sandbox_new_launcher (&options, options.bwrap_path, NULL, &error);
  if (launcher != NULL)
    {
      g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
      g_auto (GStrv) argv = NULL;

      g_strv_builder_addv (builder, (const char **) launcher);
      g_strv_builder_add (builder, "--version");
      argv = g_strv_builder_end (builder);
      if (g_spawn_sync ("/", argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &version, &said, NULL, &error)
          && *version != '\0')
        return NULL;
    }
  if (error != NULL)
    return g_strdup (error->message);

  return g_strdup (*said != '\0' ? g_strchomp (said) : "it has printed nothing");
}

gboolean
malt_sandbox_launcher_probe (GError **error)
{
  static gsize once;
  static char *wrong; /* protected by @once; owned by the process */

  if (!malt_sandbox_launcher_is_there (MALT_SANDBOX_BWRAP_PATH, FLATPAK_INFO, error))
    return FALSE;

  if (g_once_init_enter (&once))
    {
      wrong = find_what_is_wrong ();
      g_once_init_leave (&once, 1);
    }
  if (wrong != NULL)
    malt_sandbox_set_error (error, MALT_SANDBOX_ISOLATED, "bubblewrap cannot make namespaces: %s",
                            wrong);

  return wrong == NULL;
}

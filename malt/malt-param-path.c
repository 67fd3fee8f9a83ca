/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-param-path.h"

static G_DEFINE_QUARK (malt-param-path, malt_param_path)

/**
 * MaltPathKind: (skip)
 * @MALT_PATH_KIND_NONE: no file name
 * @MALT_PATH_KIND_FILE: a file or folder, or a list of them
 * @MALT_PATH_KIND_PROGRAM: a program, which is looked for in `PATH` unless its name
 *   has a slash
 *
 * Which options of a backend are file names, so that a configuration file can mean
 * those beside it.
 *
 * Since: 0.1
 */

/**
 * malt_param_spec_set_path: (skip)
 * @pspec: an option of a backend, a string or an array of strings
 * @kind: what kind of file name it takes
 *
 * Marks an option whose values are file names: in a configuration file, those
 * that are relative start in the folder of that file, and `~/` is the home folder.
 *
 * ```c
 * malt_param_spec_set_path (g_param_spec_string ("executable", …), MALT_PATH_KIND_PROGRAM);
 * ```
 *
 * Returns: (transfer none): @pspec, to be installed
 *
 * Since: 0.1
 */
GParamSpec *
malt_param_spec_set_path (GParamSpec   *pspec,
                          MaltPathKind  kind)
{
  g_return_val_if_fail (G_IS_PARAM_SPEC (pspec), NULL);
  g_return_val_if_fail (G_PARAM_SPEC_VALUE_TYPE (pspec) == G_TYPE_STRING
                          || G_PARAM_SPEC_VALUE_TYPE (pspec) == G_TYPE_STRV,
                        pspec);

  g_param_spec_set_qdata (pspec, malt_param_path_quark (), GINT_TO_POINTER (kind));

  return pspec;
}

/**
 * malt_param_spec_get_path_kind: (skip)
 * @pspec: an option of a backend
 *
 * Gets what kind of file name an option takes.
 *
 * Returns: %MALT_PATH_KIND_NONE when nobody has said that it takes one
 *
 * Since: 0.1
 */
MaltPathKind
malt_param_spec_get_path_kind (GParamSpec *pspec)
{
  g_return_val_if_fail (G_IS_PARAM_SPEC (pspec), MALT_PATH_KIND_NONE);

  return (MaltPathKind) GPOINTER_TO_INT (
    g_param_spec_get_qdata (pspec, malt_param_path_quark ()));
}

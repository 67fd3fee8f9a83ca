/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-config.h"

#include "malt/malt-config-locate-private.h"
#include "malt/malt-config-private.h"

#include <string.h>

/* What messages call a configuration that is no file. */
#define DATA_NAME "configuration"

/**
 * MaltConfig:
 *
 * Profiles, by which whoever runs a program chooses the backends of its workers
 * and their options: a file in JSON.
 *
 * ```json
 * {
 *   "default": "patient",
 *   "profiles": {
 *     "patient": { "backend": "process", "call-timeout": 60000 },
 *     "quick": { "extends": "patient", "call-timeout": 500 }
 *   }
 * }
 * ```
 *
 * A program that names a profile, or none, where it creates a worker gets what
 * the default configuration says, and needs none of these functions. It is the
 * file that `$MALT_CONFIG` names (none if that is empty), else the first of
 * `malt/config.json` in the user's and the system's XDG configuration folders
 * that is there; files are not merged. A program may have a configuration of its
 * own besides.
 *
 * A name is looked for among the profiles first, then among the backends. A
 * profile may therefore have the name of a backend, and stands for it from then
 * on. %NULL is what `$MALT_BACKEND` names, else the `default` of the
 * configuration, else `process`.
 *
 * A configuration with a mistake is refused as a whole, also by those who ask
 * for what is right in it: if it were passed over, a worker could come up with
 * less protection than the file asks for.
 *
 * All functions may be called from any thread. What may stand in the file is in
 * the chapter [Configuration](configuration.html).
 *
 * Since: 0.1
 */
G_DEFINE_FINAL_TYPE (MaltConfig, malt_config, G_TYPE_OBJECT)

enum
{
  PROP_FILE = 1,
  PROP_ERROR,
  PROP_MONITOR,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

/* The one of malt_config_get_default(), once it could be read; stays for ever. Atomic. */
static MaltConfig *default_config;

static void
malt_config_finalize (GObject *object)
{
  MaltConfig *self = MALT_CONFIG (object);

  g_clear_pointer (&self->monitor, malt_config_monitor_free);
  g_clear_pointer (&self->content, malt_config_file_unref);
  g_clear_object (&self->file);
  g_clear_error (&self->error);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (malt_config_parent_class)->finalize (object);
}

static void
malt_config_get_property (GObject    *object,
                          guint       prop_id,
                          GValue     *value,
                          GParamSpec *pspec)
{
  MaltConfig *self = MALT_CONFIG (object);

  switch (prop_id)
    {
    case PROP_FILE:
      g_value_take_object (value, malt_config_dup_file (self));
      break;
    case PROP_ERROR:
      g_value_take_boxed (value, malt_config_dup_error (self));
      break;
    case PROP_MONITOR:
      g_value_set_boolean (value, malt_config_get_monitor (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
malt_config_set_property (GObject      *object,
                          guint         prop_id,
                          const GValue *value,
                          GParamSpec   *pspec)
{
  switch (prop_id)
    {
    case PROP_MONITOR:
      malt_config_set_monitor (MALT_CONFIG (object), g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
malt_config_class_init (MaltConfigClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = malt_config_finalize;
  object_class->get_property = malt_config_get_property;
  object_class->set_property = malt_config_set_property;

  /**
   * MaltConfig:file:
   *
   * The file that was read last; %NULL for none.
   *
   * Since: 0.1
   */
  properties[PROP_FILE] =
    g_param_spec_object ("file", "File", "The file that was read last", G_TYPE_FILE,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * MaltConfig:error:
   *
   * Why the file cannot be used as it is now, so that what it said before still
   * holds; %NULL if it can. Notifies before [signal@Malt.Config::changed].
   *
   * Since: 0.1
   */
  properties[PROP_ERROR] =
    g_param_spec_boxed ("error", "Error", "Why the file cannot be used as it is now", G_TYPE_ERROR,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * MaltConfig:monitor:
   *
   * Whether changes of the file apply to workers that are created later.
   *
   * Since: 0.1
   */
  properties[PROP_MONITOR] =
    g_param_spec_boolean ("monitor", "Monitor", "Whether changes of the file are noticed", FALSE,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);

  /**
   * MaltConfig::changed:
   * @self: the configuration
   *
   * Emitted when the file has been read anew, in the thread that did so. If it
   * could not be used, [property@Malt.Config:error] says why.
   *
   * Since: 0.1
   */
  g_signal_new ("changed", MALT_TYPE_CONFIG, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                0);
}

static void
malt_config_init (MaltConfig *self)
{
  g_mutex_init (&self->lock);
}

/* Takes `content`, which may be NULL with an error. */
static MaltConfig *
new_with_content (GFile          *file,
                  MaltConfigFile *content)
{
  MaltConfig *self;

  if (content == NULL)
    return NULL;

  self = g_object_new (MALT_TYPE_CONFIG, NULL);
  self->file = file != NULL ? g_object_ref (file) : NULL;
  self->content = content;

  return self;
}

MaltConfigFile *
malt_config_read_content (GFile         *file,
                          GCancellable  *cancellable,
                          GError       **error)
{
  return file != NULL ? malt_config_file_read (file, cancellable, NULL, error)
                      : malt_config_file_new_empty ();
}

/**
 * malt_config_get_default:
 * @error: return location for an error
 *
 * Gets the default configuration, the one of [func@Malt.create_worker_async].
 * It is read when it is first asked for, and again as long as it has mistakes;
 * without a file it is empty.
 *
 * Errors: %MALT_ERROR_INVALID_CONFIG, for the first mistake of the file, or if it
 * cannot be read.
 *
 * Returns: (transfer none): the configuration; %NULL on error
 *
 * Since: 0.1
 */
MaltConfig *
malt_config_get_default (GError **error)
{
  MaltConfig *self = g_atomic_pointer_get (&default_config);
  g_autoptr (MaltConfig) mine = NULL;
  g_autoptr (GFile) file = NULL;

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (self != NULL)
    return self;

  /* Not under a lock: it loads plugins, which may ask for it, too. */
  file = malt_config_locate ();
  mine = new_with_content (file, malt_config_read_content (file, NULL, error));
  if (mine == NULL)
    return NULL;

  mine->is_default = TRUE;
  if (g_atomic_pointer_compare_and_exchange (&default_config, NULL, mine))
    return g_steal_pointer (&mine);

  return g_atomic_pointer_get (&default_config);
}

/**
 * malt_config_find_default_file:
 *
 * Finds the file of the default configuration, without reading it.
 *
 * Returns: (transfer full) (nullable): the file that `$MALT_CONFIG` names, there
 *   or not, else the first of those in the XDG folders that is there; %NULL for
 *   none
 *
 * Since: 0.1
 */
GFile *
malt_config_find_default_file (void)
{
  return malt_config_locate ();
}

/**
 * malt_config_new_from_file:
 * @file: a file in JSON, at most 1 MiB
 * @cancellable: (nullable): ends the reading
 * @error: return location for an error
 *
 * Reads a configuration. Relative file names in it start in its folder.
 *
 * The folders of its `plugin-path` are those of the whole process, after
 * `$MALT_PLUGIN_PATH`, and the backends that it names are loaded.
 *
 * Errors: %MALT_ERROR_INVALID_CONFIG, for the first mistake of the file, or if it
 * cannot be read; %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): the configuration; %NULL on error
 *
 * Since: 0.1
 */
MaltConfig *
malt_config_new_from_file (GFile         *file,
                           GCancellable  *cancellable,
                           GError       **error)
{
  g_return_val_if_fail (G_IS_FILE (file), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return new_with_content (file, malt_config_read_content (file, cancellable, error));
}

/**
 * malt_config_new_from_data:
 * @json: JSON in UTF-8
 * @length: its length in bytes, −1 if it ends with a NUL
 * @error: return location for an error
 *
 * Makes a configuration from a text. Relative file names in it start where those
 * of the program do.
 *
 * Errors: %MALT_ERROR_INVALID_CONFIG, for the first mistake.
 *
 * Returns: (transfer full): the configuration; %NULL on error
 *
 * Since: 0.1
 */
MaltConfig *
malt_config_new_from_data (const char  *json,
                           gssize       length,
                           GError     **error)
{
  g_autoptr (MaltConfigMistakes) mistakes = NULL;
  MaltConfigFile *content;

  g_return_val_if_fail (json != NULL || length == 0, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  mistakes = malt_config_mistakes_new (DATA_NAME);
  content = malt_config_file_new (DATA_NAME, NULL, json != NULL ? json : "",
                                  length < 0 ? strlen (json) : (gsize) length, mistakes);
  if (content == NULL)
    malt_config_mistakes_set_error (mistakes, error);

  return new_with_content (NULL, content);
}

/**
 * malt_config_check_file:
 * @file: a file in JSON
 * @cancellable: (nullable): ends the reading
 * @error: return location for an error
 *
 * Reads a configuration as [ctor@Malt.Config.new_from_file] does, and lists all
 * of its mistakes (100 at most), those of the first lines first. Each says file,
 * line, which member, what was found there and what is allowed.
 *
 * Errors: %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): the mistakes, none if it is right; %NULL on error
 *
 * Since: 0.1
 */
char **
malt_config_check_file (GFile         *file,
                        GCancellable  *cancellable,
                        GError       **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (MaltConfigFile) content = NULL;
  g_auto (GStrv) mistakes = NULL;

  g_return_val_if_fail (G_IS_FILE (file), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  content = malt_config_file_read (file, cancellable, &mistakes, &local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }

  return g_steal_pointer (&mistakes);
}

/**
 * malt_config_dup_file:
 * @self: a configuration
 *
 * Gets the file that was read last.
 *
 * Returns: (transfer full) (nullable): the file; %NULL if it came from no file
 *
 * Since: 0.1
 */
GFile *
malt_config_dup_file (MaltConfig *self)
{
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_val_if_fail (MALT_IS_CONFIG (self), NULL);

  locker = g_mutex_locker_new (&self->lock);

  return self->file != NULL ? g_object_ref (self->file) : NULL;
}

/**
 * malt_config_dup_error:
 * @self: a configuration
 *
 * Gets why the file could not be used when it was read last.
 *
 * Returns: (transfer full) (nullable): the error; %NULL if it could
 *
 * Since: 0.1
 */
GError *
malt_config_dup_error (MaltConfig *self)
{
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_val_if_fail (MALT_IS_CONFIG (self), NULL);

  locker = g_mutex_locker_new (&self->lock);

  return self->error != NULL ? g_error_copy (self->error) : NULL;
}

MaltConfigFile *
malt_config_ref_content (MaltConfig *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return malt_config_file_ref (self->content);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-backend.h"

#include "malt/malt-config.h"
#include "malt/malt-error.h"
#include "malt/malt-plugin-loader-private.h"
#include "malt/malt-worker-type-private.h"

/**
 * MALT_EVALUATOR_EXTENSION_POINT:
 *
 * The name of the extension point that evaluators, the languages of
 * expressions, are registered on.
 *
 * What a type has to implement is [iface@Malt.Evaluator].
 *
 * Since: 0.1
 */

/**
 * MaltBackend:
 *
 * A way to get workers: its name, and the options it takes.
 *
 * Backends come from plugins, which are looked for in `$MALT_PLUGIN_PATH` and the
 * installed folder when the first is asked for.
 *
 * ```c
 * g_autoptr (GListModel) backends = malt_list_backends ();
 *
 * for (guint i = 0; i < g_list_model_get_n_items (backends); i++)
 *   {
 *     g_autoptr (MaltBackend) backend = g_list_model_get_item (backends, i);
 *
 *     g_print ("%s\n", malt_backend_get_name (backend));
 *   }
 * ```
 *
 * To get a worker no backend is needed, only its name: see
 * [func@Malt.create_worker_with_options].
 *
 * Since: 0.1
 */
struct _MaltBackend
{
  GObject       parent_instance;

  /* All immutable after construction. */
  char         *name;
  char         *path;         /* NULL: this program registered it */
  GType         worker_type;
  GObjectClass *worker_class; /* a reference, so that its GParamSpecs stay */
};

G_DEFINE_FINAL_TYPE (MaltBackend, malt_backend, G_TYPE_OBJECT)

enum
{
  PROP_CAPABILITIES = 1,
  PROP_NAME,
  PROP_PATH,
  PROP_WORKER_TYPE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void
malt_backend_finalize (GObject *object)
{
  MaltBackend *self = MALT_BACKEND (object);

  g_clear_pointer (&self->worker_class, g_type_class_unref);
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->name, g_free);

  G_OBJECT_CLASS (malt_backend_parent_class)->finalize (object);
}

static void
malt_backend_get_property (GObject    *object,
                           guint       prop_id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  MaltBackend *self = MALT_BACKEND (object);

  switch (prop_id)
    {
    case PROP_CAPABILITIES:
      g_value_set_flags (value, malt_backend_get_capabilities (self));
      break;
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_PATH:
      g_value_set_string (value, self->path);
      break;
    case PROP_WORKER_TYPE:
      g_value_set_gtype (value, self->worker_type);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
malt_backend_class_init (MaltBackendClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = malt_backend_finalize;
  object_class->get_property = malt_backend_get_property;

  /**
   * MaltBackend:capabilities:
   *
   * What a worker of this backend can do at most, as the backend declares it; see
   * [method@Malt.Backend.get_capabilities].
   *
   * Since: 0.1
   */
  properties[PROP_CAPABILITIES] =
    g_param_spec_flags ("capabilities", "Capabilities", "What its workers can do at most",
                        MALT_TYPE_WORKER_CAPABILITIES, MALT_WORKER_CAPABILITY_NONE,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * MaltBackend:name:
   *
   * The name that the backend is asked for by.
   *
   * Since: 0.1
   */
  properties[PROP_NAME] =
    g_param_spec_string ("name", "Name", "What the backend is asked for by", NULL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * MaltBackend:path: (type filename)
   *
   * The plugin that the backend comes from, %NULL if this program registered it
   * itself.
   *
   * Since: 0.1
   */
  properties[PROP_PATH] =
    g_param_spec_string ("path", "Path", "The plugin that it comes from", NULL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * MaltBackend:worker-type:
   *
   * The type of its workers.
   *
   * Since: 0.1
   */
  properties[PROP_WORKER_TYPE] =
    g_param_spec_gtype ("worker-type", "Worker type", "The type of its workers", G_TYPE_NONE,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
malt_backend_init (MaltBackend *self)
{
}

static MaltBackend *
malt_backend_new (const char *name,
                  GType       worker_type)
{
  MaltBackend *self = g_object_new (MALT_TYPE_BACKEND, NULL);

  self->name = g_strdup (name);
  self->path = malt_plugin_loader_dup_path (worker_type);
  self->worker_type = worker_type;
  self->worker_class = g_type_class_ref (worker_type);

  return self;
}

/* One that the program registered itself has passed no plugin loader. */
static gboolean
check_worker_type (const char  *name,
                   GType        worker_type,
                   GError     **error)
{
  g_autofree char *fault = malt_worker_type_find_fault (worker_type);

  if (fault != NULL)
    g_set_error (error, MALT_ERROR, MALT_ERROR_UNKNOWN_BACKEND, "Cannot load backend “%s”: %s",
                 name, fault);

  return fault == NULL;
}

/**
 * malt_list_backends:
 *
 * Lists the backends there are, those of the highest priority first, and those of
 * the same in no particular order. Loads every plugin; those that cannot be
 * loaded, or are incomplete, are left out, and [func@Malt.list_plugin_failures]
 * says why.
 *
 * Returns: (transfer full): a new list of [class@Malt.Backend], which does not
 *   change by itself
 *
 * Since: 0.1
 */
GListModel *
malt_list_backends (void)
{
  GListStore *store = g_list_store_new (MALT_TYPE_BACKEND);
  g_autoptr (GList) extensions = malt_plugin_loader_list (MALT_WORKER_EXTENSION_POINT,
                                                          MALT_TYPE_ABSTRACT_WORKER);

  for (GList *l = extensions; l != NULL; l = l->next)
    {
      const char *name = g_io_extension_get_name (l->data);
      GType worker_type = g_io_extension_get_type (l->data);
      g_autoptr (MaltBackend) backend = NULL;

      if (!check_worker_type (name, worker_type, NULL))
        continue;

      backend = malt_backend_new (name, worker_type);
      g_list_store_append (store, backend);
    }

  return G_LIST_MODEL (store);
}

/**
 * malt_list_plugin_failures:
 *
 * Lists the plugins that cannot be used, each with the reason in one sentence,
 * for people. Loads every plugin there is, as [func@Malt.list_backends] does, so
 * that none is missing. A plugin that is hidden by another of the same name in a
 * folder further in front is one of them. Any thread.
 *
 * Returns: (transfer full) (element-type filename utf8): paths and reasons
 *
 * Since: 0.1
 */
GHashTable *
malt_list_plugin_failures (void)
{
  malt_plugin_loader_load_all ();

  return malt_plugin_loader_list_failures ();
}

static MaltBackend *
lookup_default (GError **error)
{
  MaltConfig *config = malt_config_get_default (error);

  return config != NULL ? malt_config_lookup_backend (config, NULL, error) : NULL;
}

/**
 * malt_lookup_backend:
 * @name: (nullable): the name of a backend; %NULL for that of the default
 *   profile, see [class@Malt.Config]
 * @error: return location for an error
 *
 * Finds a backend and loads its plugin if need be.
 *
 * Errors: %MALT_ERROR_UNKNOWN_BACKEND if there is none of that name, or it does
 * not implement what it must; the message lists the known ones, and says why the
 * plugin of that name could not be loaded. For %NULL, %MALT_ERROR_INVALID_CONFIG
 * if the default configuration has a mistake.
 *
 * Returns: (transfer full): the backend
 *
 * Since: 0.1
 */
MaltBackend *
malt_lookup_backend (const char  *name,
                     GError     **error)
{
  GType worker_type;

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (name == NULL)
    return lookup_default (error);

  worker_type = malt_plugin_loader_lookup (MALT_WORKER_EXTENSION_POINT, MALT_TYPE_ABSTRACT_WORKER,
                                           name, MALT_ERROR_UNKNOWN_BACKEND, error);
  if (worker_type == G_TYPE_INVALID || !check_worker_type (name, worker_type, error))
    return NULL;

  return malt_backend_new (name, worker_type);
}

/* The default takes a pointer from a task. Bindings return a GValue, which it would take for
 * one. */
static gboolean
has_default_send_finish (GType worker_type)
{
  MaltAbstractWorkerInterface *iface, *base;
  g_autoptr (GTypeClass) worker_class = NULL;

  if (!g_type_is_a (worker_type, MALT_TYPE_ABSTRACT_WORKER) || G_TYPE_IS_ABSTRACT (worker_type))
    return FALSE;

  worker_class = g_type_class_ref (worker_type);
  iface = g_type_interface_peek (worker_class, MALT_TYPE_ABSTRACT_WORKER);
  base = g_type_default_interface_peek (MALT_TYPE_ABSTRACT_WORKER);

  return iface->send_finish == base->send_finish;
}

/**
 * malt_register_backend:
 * @name: the name of the backend, UTF-8
 * @worker_type: a type that implements [iface@Malt.AbstractWorker],
 *   [iface@Gio.Initable] and [iface@Gio.AsyncInitable]
 * @capabilities: what its workers can do at most, besides what the interface
 *   declares
 * @error: return location for an error
 *
 * Registers a backend of the program's own, in whatever language it is written,
 * so that configurations and [func@Malt.create_worker_with_options] know it. It
 * stays until the program ends. A second time does nothing. Any thread.
 *
 * Malt sees to it that workers of such a type do no harm by mistake: a call ends
 * once, by its answer, by the end of the worker, or a second after it was
 * cancelled; it has an error if it has no value; and one that is not begun when it
 * has been sent was not taken on. The worker gets a copy of the call, and a
 * cancellable that is cancelled by the end of the worker, too.
 *
 * Such a type has a `send_finish()` of its own, for the default one takes a pointer
 * from a #GTask, and bindings return a #GValue.
 *
 * Errors: %MALT_ERROR_FAILED if the type is not what it has to be, or does not
 * implement what it must; if the name belongs to another type, that of a plugin
 * included; if the type has another name already.
 *
 * Returns: whether it is registered
 *
 * Since: 0.1
 */
gboolean
malt_register_backend (const char              *name,
                       GType                    worker_type,
                       MaltWorkerCapabilities   capabilities,
                       GError                 **error)
{
  g_return_val_if_fail (name != NULL && *name != '\0', FALSE);
  g_return_val_if_fail (g_utf8_validate (name, -1, NULL), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (has_default_send_finish (worker_type))
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_FAILED,
                   "Cannot register backend “%s”: Its type “%s” does not implement “send_finish”",
                   name, g_type_name (worker_type));
      return FALSE;
    }
  if (!malt_plugin_loader_register (MALT_WORKER_EXTENSION_POINT, MALT_TYPE_ABSTRACT_WORKER, name,
                                    worker_type, MALT_ERROR_FAILED, error))
    return FALSE;

  malt_worker_type_register (worker_type, capabilities);

  return TRUE;
}

/**
 * malt_backend_get_name:
 * @self: a backend
 *
 * Gets the name that the backend is asked for by.
 *
 * Returns: (transfer none): for instance `process`
 *
 * Since: 0.1
 */
const char *
malt_backend_get_name (MaltBackend *self)
{
  g_return_val_if_fail (MALT_IS_BACKEND (self), NULL);

  return self->name;
}

/**
 * malt_backend_get_path:
 * @self: a backend
 *
 * Gets where the backend was loaded from.
 *
 * Returns: (transfer none) (nullable) (type filename): the path of a plugin; %NULL
 *   if this program registered the backend itself
 *
 * Since: 0.1
 */
const char *
malt_backend_get_path (MaltBackend *self)
{
  g_return_val_if_fail (MALT_IS_BACKEND (self), NULL);

  return self->path;
}

/**
 * malt_backend_get_capabilities:
 * @self: a backend
 *
 * Gets what workers of this backend can do at most, as it declares. No worker is
 * started. Options may take something away: what is left for a worker,
 * [method@Malt.AbstractWorker.get_capabilities] says.
 *
 * Returns: the capabilities; %MALT_WORKER_CAPABILITY_NONE also if the backend
 *   declares nothing
 *
 * Since: 0.1
 */
MaltWorkerCapabilities
malt_backend_get_capabilities (MaltBackend *self)
{
  g_return_val_if_fail (MALT_IS_BACKEND (self), MALT_WORKER_CAPABILITY_NONE);

  return malt_worker_type_get_capabilities (self->worker_type);
}

/**
 * malt_backend_get_worker_type:
 * @self: a backend
 *
 * Gets the type of the workers.
 *
 * Returns: a type that implements [iface@Malt.AbstractWorker]
 *
 * Since: 0.1
 */
GType
malt_backend_get_worker_type (MaltBackend *self)
{
  g_return_val_if_fail (MALT_IS_BACKEND (self), G_TYPE_INVALID);

  return self->worker_type;
}

static gboolean
is_option (GParamSpec *pspec)
{
  return (pspec->flags & G_PARAM_WRITABLE) != 0
         && (pspec->flags & (G_PARAM_CONSTRUCT | G_PARAM_CONSTRUCT_ONLY)) != 0;
}

/**
 * malt_backend_list_options:
 * @self: a backend
 * @n_options: (out): return location for the number of options
 *
 * Lists what a worker of this backend can be made with: the construct properties
 * of its type. Each has its range, default and description.
 *
 * Returns: (transfer container) (array length=n_options): the options, in the
 *   order of their definition
 *
 * Since: 0.1
 */
GParamSpec **
malt_backend_list_options (MaltBackend *self,
                           guint       *n_options)
{
  GParamSpec **pspecs;
  guint n_pspecs;
  guint n_kept = 0;

  g_return_val_if_fail (MALT_IS_BACKEND (self), NULL);
  g_return_val_if_fail (n_options != NULL, NULL);

  pspecs = g_object_class_list_properties (self->worker_class, &n_pspecs);
  for (guint i = 0; i < n_pspecs; i++)
    {
      GParamSpec *target = g_param_spec_get_redirect_target (pspecs[i]);

      if (is_option (pspecs[i]))
        pspecs[n_kept++] = target != NULL ? target : pspecs[i];
    }

  *n_options = n_kept;
  return pspecs;
}

/**
 * malt_backend_find_option:
 * @self: a backend
 * @name: the name of an option
 *
 * Finds one of the options that [method@Malt.Backend.list_options] lists.
 *
 * Returns: (transfer none) (nullable): the option; %NULL if there is none of that
 *   name
 *
 * Since: 0.1
 */
GParamSpec *
malt_backend_find_option (MaltBackend *self,
                          const char  *name)
{
  GParamSpec *pspec;
  GParamSpec *target;

  g_return_val_if_fail (MALT_IS_BACKEND (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  /* GObject takes “a_b” for “a-b” too. */
  pspec = g_object_class_find_property (self->worker_class, name);
  if (pspec == NULL || !is_option (pspec) || !g_str_equal (pspec->name, name))
    return NULL;
  target = g_param_spec_get_redirect_target (pspec);

  return target != NULL ? target : pspec;
}

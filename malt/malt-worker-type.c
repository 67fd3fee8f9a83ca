/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-worker-type-private.h"

#include "malt/malt-abstract-worker.h"

#include <gio/gio.h>

/* In the data of a type, beside its capabilities, which may be none. */
#define REGISTERED (1u << 31)

static G_DEFINE_QUARK (malt-registered, malt_registered)

/* The first mandatory function that is not set, NULL if all are. */
static const char *
find_unset_function (GType type)
{
#define FUNCTION(name) { #name, G_STRUCT_OFFSET (MaltAbstractWorkerInterface, name) }
  static const struct
  {
    const char *name;
    glong       offset;
  } mandatory[] = {
    FUNCTION (describe),    FUNCTION (get_capabilities), FUNCTION (is_running),
    FUNCTION (send_async),  FUNCTION (send_finish),      FUNCTION (post),
    FUNCTION (stop_async),  FUNCTION (stop_finish),
  };
#undef FUNCTION
  g_autoptr (GTypeClass) worker_class = g_type_class_ref (type);
  gpointer iface = g_type_interface_peek (worker_class, MALT_TYPE_ABSTRACT_WORKER);
  GInitableIface *initable = g_type_interface_peek (worker_class, G_TYPE_INITABLE);

  for (gsize i = 0; i < G_N_ELEMENTS (mandatory); i++)
    {
      if (G_STRUCT_MEMBER (gpointer, iface, mandatory[i].offset) == NULL)
        return mandatory[i].name;
    }

  return initable->init != NULL ? NULL : "init";
}

char *
malt_worker_type_find_fault (GType type)
{
  const char *unset;

  if (G_TYPE_IS_ABSTRACT (type) || !g_type_is_a (type, MALT_TYPE_ABSTRACT_WORKER)
      || !g_type_is_a (type, G_TYPE_INITABLE) || !g_type_is_a (type, G_TYPE_ASYNC_INITABLE))
    return g_strdup_printf ("Its type “%s” is not a “MaltAbstractWorker”, GInitable and "
                            "GAsyncInitable that can be made",
                            type != G_TYPE_INVALID ? g_type_name (type) : "(invalid)");

  unset = find_unset_function (type);

  return unset != NULL ? g_strdup_printf ("Its type “%s” does not implement “%s”",
                                          g_type_name (type), unset)
                       : NULL;
}

void
malt_worker_type_register (GType                  type,
                           MaltWorkerCapabilities capabilities)
{
  /* The class stays, and its interface with it: it might be made anew otherwise. */
  MaltAbstractWorkerInterface *iface =
    g_type_interface_peek (g_type_class_ref (type), MALT_TYPE_ABSTRACT_WORKER);

  g_type_set_qdata (type, malt_registered_quark (), GUINT_TO_POINTER (REGISTERED | capabilities));
  iface->is_guarded = TRUE;
}

gboolean
malt_worker_type_is_registered (GType type)
{
  while (type != G_TYPE_INVALID && g_type_get_qdata (type, malt_registered_quark ()) == NULL)
    type = g_type_parent (type);

  return type != G_TYPE_INVALID;
}

MaltWorkerCapabilities
malt_worker_type_get_capabilities (GType type)
{
  g_autoptr (GTypeClass) worker_class = g_type_class_ref (type);
  MaltAbstractWorkerInterface *iface =
    g_type_interface_peek (worker_class, MALT_TYPE_ABSTRACT_WORKER);
  guint registered = GPOINTER_TO_UINT (g_type_get_qdata (type, malt_registered_quark ()));

  return iface->capabilities | (registered & ~REGISTERED);
}

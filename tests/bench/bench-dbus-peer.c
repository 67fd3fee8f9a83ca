/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The other end of what one would build by hand without malt: a child of GSubprocess that answers
 * over a D-Bus connection of its own, on the socket it was started with. */
#include "config.h"

#include "bench-expressions.h"

static const char introspection[] =
  "<node><interface name='" BENCH_DBUS_INTERFACE "'><method name='" BENCH_DBUS_METHOD "'>"
  "<arg type='u' direction='in'/><arg type='v' direction='out'/></method></interface></node>";

static void
on_method_call (GDBusConnection       *connection,
                const char            *sender,
                const char            *path,
                const char            *interface_name,
                const char            *method_name,
                GVariant              *parameters,
                GDBusMethodInvocation *invocation,
                gpointer               user_data)
{
  guint index;

  g_variant_get (parameters, "(u)", &index);
  g_dbus_method_invocation_return_value (
    invocation, g_variant_new ("(v)", bench_expressions[index % bench_n_expressions].make ()));
}

static GDBusConnection *
serve (GError **error)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_method_call };
  g_autoptr (GDBusNodeInfo) info = g_dbus_node_info_new_for_xml (introspection, error);
  g_autoptr (GSocket) socket = g_socket_new_from_fd (BENCH_DBUS_SOCKET_FD, error);
  g_autoptr (GSocketConnection) stream = NULL;
  g_autoptr (GDBusConnection) connection = NULL;
  g_autofree char *guid = g_dbus_generate_guid ();

  if (info == NULL || socket == NULL)
    return NULL;

  stream = g_socket_connection_factory_create_connection (socket);
  connection = g_dbus_connection_new_sync (G_IO_STREAM (stream), guid,
                                           G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER
                                             | G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                                           NULL, NULL, error);
  if (connection == NULL
      || g_dbus_connection_register_object (connection, BENCH_DBUS_PATH, info->interfaces[0],
                                            &vtable, NULL, NULL, error) == 0)
    return NULL;

  g_dbus_connection_start_message_processing (connection);
  return g_steal_pointer (&connection);
}

int
main (int argc, char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) connection = serve (&error);

  if (connection == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  g_signal_connect_swapped (connection, "closed", G_CALLBACK (g_main_loop_quit), loop);
  g_main_loop_run (loop);
  return 0;
}

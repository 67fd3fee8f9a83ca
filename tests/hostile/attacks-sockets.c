/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "attacks.h"

#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The worker's end of its data connection. */
#define DATA_FD 3

static struct sockaddr_in
get_address (guint16 port)
{
  return (struct sockaddr_in) {
    .sin_family = AF_INET,
    .sin_port = htons (port),
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
  };
}

static gboolean
can_connect (int         family,
             const void *address,
             size_t      size)
{
  int fd = socket (family, SOCK_STREAM | SOCK_CLOEXEC, 0);

  return fd >= 0 && connect (fd, address, (socklen_t) size) == 0;
}

ATTACK (attack_tcp_connect)
{
  struct sockaddr_in address = get_address (target->port);

  return can_connect (AF_INET, &address, sizeof address);
}

ATTACK (attack_tcp_listen)
{
  struct sockaddr_in address = get_address (0);
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  return fd >= 0 && bind (fd, (struct sockaddr *) &address, sizeof address) == 0
         && listen (fd, 1) == 0;
}

ATTACK (attack_udp_send)
{
  struct sockaddr_in address = get_address (target->port);
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  return fd >= 0
         && sendto (fd, "", 1, 0, (struct sockaddr *) &address, sizeof address) == 1;
}

ATTACK (attack_netlink)
{
  return socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0) >= 0;
}

ATTACK (attack_vsock)
{
  return socket (AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0;
}

ATTACK (attack_path_socket)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  g_strlcpy (address.sun_path, target->socket, sizeof address.sun_path);
  return can_connect (AF_UNIX, &address, sizeof address);
}

ATTACK (attack_abstract_socket)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  g_strlcpy (address.sun_path + 1, target->name, sizeof address.sun_path - 1);
  return can_connect (AF_UNIX, &address,
                      offsetof (struct sockaddr_un, sun_path) + 1 + strlen (target->name));
}

/* The connection to the manager becomes one to somebody else. There is no way back. */
ATTACK (attack_reconnect)
{
  struct sockaddr_in address = get_address (target->port);
  const struct sockaddr nobody = { .sa_family = AF_UNSPEC };

  if (connect (DATA_FD, &nobody, sizeof nobody) != 0)
    return FALSE;
  if (connect (DATA_FD, (struct sockaddr *) &address, sizeof address) == 0)
    _exit (ATTACK_SUCCEEDED_STATUS);
  _exit (1);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-names.h"

#include "backends/distributed/malt-distributed-frames.h"

#include <malt/malt.h>

#include <string.h>
#include <sys/random.h>

/* Characters of a name: short enough for a subject, a log line and a column of a table. */
#define NAME_MAX_LENGTH 64

/* Bytes of the name of a host. Source: RFC 1035. */
#define HOST_MAX_BYTES 255u

/* What is one word to NATS, needs no quotes in its configuration, and is no path. */
static const char name_characters[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_";

char *
malt_distributed_new_id (void)
{
  guint8 bytes[MALT_HOST_ID_BYTES];
  g_autoptr (GString) id = g_string_new (NULL);

  /* Never fails for so few bytes. */
  if (getentropy (bytes, sizeof bytes) != 0)
    g_error ("The kernel has no random numbers: %m");

  for (gsize i = 0; i < sizeof bytes; i++)
    g_string_append_printf (id, "%02x", bytes[i]);

  return g_string_free (g_steal_pointer (&id), FALSE);
}

gboolean
malt_distributed_check_id (const char  *id,
                           GError     **error)
{
  if (strlen (id) == 2 * MALT_HOST_ID_BYTES
      && strspn (id, "0123456789abcdef") == 2 * MALT_HOST_ID_BYTES)
    return TRUE;

  g_set_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
               "The id of a worker is %d hexadecimal digits, not “%s”", 2 * MALT_HOST_ID_BYTES, id);
  return FALSE;
}

gboolean
malt_distributed_check_name (const char  *name,
                             const char  *what,
                             GError     **error)
{
  gsize length = strlen (name);

  if (length > 0 && length <= NAME_MAX_LENGTH && strspn (name, name_characters) == length)
    return TRUE;

  g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
               "%s “%s” is no name: 1 to %d letters, digits, “-” and “_” are", what, name,
               NAME_MAX_LENGTH);
  return FALSE;
}

gboolean
malt_distributed_check_host (const char  *host,
                             GError     **error)
{
  gsize length = strlen (host);
  gboolean is_valid = length > 0 && length <= HOST_MAX_BYTES && g_utf8_validate (host, -1, NULL);

  for (const char *p = host; is_valid && *p != '\0'; p = g_utf8_next_char (p))
    is_valid = g_unichar_isgraph (g_utf8_get_char (p));

  if (!is_valid)
    g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                 "The name of a host is 1 to %u bytes without spaces, which can be shown",
                 HOST_MAX_BYTES);

  return is_valid;
}

char *
malt_distributed_escape_host (const char *host)
{
  g_autoptr (GString) escaped = g_string_new (NULL);

  for (const char *p = host; *p != '\0'; p++)
    if (strchr (name_characters, *p) != NULL)
      g_string_append_c (escaped, *p);
    else
      g_string_append_printf (escaped, "%%%02X", (guint8) *p);

  return g_string_free (g_steal_pointer (&escaped), FALSE);
}

static char *
subject_of_host (const char *ns,
                 const char *host,
                 const char *what)
{
  g_autofree char *escaped = malt_distributed_escape_host (host);

  return g_strconcat ("malt.", ns, ".host.", escaped, ".", what, NULL);
}

char *
malt_distributed_subject_spawn (const char *ns,
                                const char *pool)
{
  return g_strconcat ("malt.", ns, ".spawn.", pool, NULL);
}

char *
malt_distributed_subject_host_spawn (const char *ns,
                                     const char *host)
{
  return subject_of_host (ns, host, "spawn");
}

char *
malt_distributed_subject_who (const char *ns)
{
  return g_strconcat ("malt.", ns, ".who", NULL);
}

char *
malt_distributed_inbox (const char *ns,
                        const char *id)
{
  return g_strconcat ("malt.", ns, ".manager.", id, NULL);
}

char *
malt_distributed_host_inbox (const char *ns,
                             const char *host)
{
  return subject_of_host (ns, host, "inbox");
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-ssh-said.h"

#include "backends/distributed/malt-distributed-line.h"

/* Bytes of what ssh, a login shell or malt-host has said last, for the error. */
#define SSH_REST_BYTES 2048

void
malt_distributed_ssh_said_init (MaltDistributedSshSaid *self)
{
  self->line = g_string_new (NULL);
  self->rest = g_string_new (NULL);
}

void
malt_distributed_ssh_said_clear (MaltDistributedSshSaid *self)
{
  g_string_free (self->line, TRUE);
  g_string_free (self->rest, TRUE);
}

static void
take_line (MaltDistributedSshSaid     *self,
           MaltDistributedSshSaidFunc  func,
           gpointer                    user_data)
{
  g_autoptr (GBytes) message = malt_distributed_line_parse (self->line->str);

  if (message != NULL)
    func (message, user_data);
  else
    {
      g_string_append_c (self->line, '\n');
      malt_distributed_ssh_said_take_rest (self, self->line->str, self->line->len);
    }
  g_string_truncate (self->line, 0);
}

void
malt_distributed_ssh_said_take_output (MaltDistributedSshSaid     *self,
                                       const char                 *text,
                                       gsize                       size,
                                       MaltDistributedSshSaidFunc  func,
                                       gpointer                    user_data)
{
  for (gsize i = 0; i < size; i++)
    if (text[i] == '\n')
      take_line (self, func, user_data);
    else if (self->line->len < MALT_DISTRIBUTED_MAX_LINE_BYTES)
      g_string_append_c (self->line, text[i]);
}

void
malt_distributed_ssh_said_take_rest (MaltDistributedSshSaid *self,
                                     const char             *text,
                                     gsize                   size)
{
  g_string_append_len (self->rest, text, (gssize) size);
  if (self->rest->len > SSH_REST_BYTES)
    g_string_erase (self->rest, 0, (gssize) (self->rest->len - SSH_REST_BYTES));
}

char *
malt_distributed_ssh_said_dup_rest (MaltDistributedSshSaid *self)
{
  g_autofree char *valid = g_utf8_make_valid (self->rest->str, (gssize) self->rest->len);

  return g_strdup (g_strstrip (valid));
}

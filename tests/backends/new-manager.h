/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-plugin.h>

/* The manager that a worker is handed on to. */
typedef struct
{
  MaltConnection *connection;
  GVariant       *hello;
} NewManager;

/* Greets the worker over both, which it takes. `setup`: an a{sv} in text format. */
gboolean  new_manager_init       (NewManager  *self,
                                  int          data_fd,
                                  int          control_fd,
                                  const char  *setup,
                                  GError     **error);
void      new_manager_clear      (NewManager  *self);
GVariant *new_manager_call       (NewManager  *self,
                                  const char  *function,
                                  GVariant    *args,
                                  GError     **error);
/* Sends so many bytes there and gets them back. */
void      new_manager_check_echo (NewManager  *self,
                                  gsize        size);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (NewManager, new_manager_clear)

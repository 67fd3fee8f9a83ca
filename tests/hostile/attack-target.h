/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What the attacks are against: see AttackTarget. Made as the user who attacks. */
typedef struct
{
  char *folder;     /* owned; of all the others */
  char *home;       /* owned */
  char *modules;    /* owned */
  char *socket;     /* owned */
  char *name;       /* owned */
  int   listeners[3];
  int   descriptor;
  guint port;
} AttackTargets;

/* Ends the program, which begins anew as nobody, if root runs it. NULL: this user can do the
 * attacks; else why they cannot be done. */
const char    *attack_become_nobody   (char         **argv);

AttackTargets *attack_targets_new     (void);
/* Each attack begins with the same files. */
void           attack_targets_renew   (AttackTargets *self);
/* `(a{sv})`, what each attack is told. (transfer floating) */
GVariant      *attack_targets_to_args (AttackTargets *self);
void           attack_targets_free    (AttackTargets *self);

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-plugin.h>

G_BEGIN_DECLS

/* Registers the function module "unit":
 *   add (ii)             the sum
 *   kwargs (…)           the named arguments, () without
 *   nothing ()           nothing
 *   owned ()             "owned", with a reference of its own
 *   fail (b)             MALT_ERROR_LIMIT if true, else G_IO_ERROR_NOT_FOUND, not in UTF-8
 *   is_main_thread ()    whether it runs in the thread that called unit_module_register()
 *   is_pool_thread ()    the contrary, on a pool thread
 *   wait ()              until it is cancelled, then the error of that
 *   wait_threaded ()     the same on a pool thread
 *   wait_for_value ()    until it is cancelled, then 7 all the same
 *   wait_and_fail ()     until it is cancelled, then another error
 *   meet ()              on a pool thread, until another call of it runs too
 *   report (ds)          on a pool thread, its progress */
void unit_module_register     (void);

/* Waits until so many of the functions that wait are running. */
void unit_module_await_waiting (guint n);

G_END_DECLS

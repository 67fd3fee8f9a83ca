/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-plugin.h>

G_BEGIN_DECLS

/* Registers the evaluators "fake", and "incomplete", which lacks a function.
 *
 * An evaluation answers (module, expression, args). "fake" has these functions:
 *   echo (…)  answers its first argument, at once
 *   held ()   is answered when it is cancelled, in a later turn of the context
 *   deaf ()   is never answered
 *   nest (sv) calls the function (first) with the tuple (second), and answers what that answers
 * The option "fail" (b) makes open() fail. */
void fake_evaluator_register (void);

G_END_DECLS

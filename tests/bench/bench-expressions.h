/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The expressions that Malt.jl compares its workers by, in Lua for a worker of malt and in C for
 * the other end of a D-Bus connection. */
typedef struct
{
  const char *name;
  const char *prelude; /* Lua, once and not measured (nullable) */
  const char *text;    /* Lua */
  GVariant *(*make) (void); /* the same value, floating */
  guint       n;       /* samples of a round */
} BenchExpression;

extern const BenchExpression bench_expressions[];
extern const guint bench_n_expressions;

/* What the peer is called by. */
#define BENCH_DBUS_PATH "/bench"
#define BENCH_DBUS_INTERFACE "org.example.Bench"
#define BENCH_DBUS_METHOD "Evaluate"
#define BENCH_DBUS_SOCKET_FD 3

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fuzz.h"
#include "malt/runtime/malt-invocation-plugin.h"
#include "malt/wire/malt-value-private.h"
#include "plugins/lua/malt-lua-private.h"

#include <string.h>

/* A value that goes to Lua and comes back: its type string with a NUL, the type that it is to have
 * then with another, the serialized value. */

typedef struct
{
  gboolean  is_over;
  GVariant *value; /* owned (nullable) */
} Outcome;

static void
on_finished (MaltInvocation *invocation,
             GVariant       *value,
             const GError   *error,
             gpointer        user_data)
{
  Outcome *outcome = user_data;

  g_assert_false (outcome->is_over);
  g_assert_true ((value == NULL) == (error != NULL));
  g_assert_true (error == NULL || g_utf8_validate (error->message, -1, NULL));
  outcome->is_over = TRUE;
  outcome->value = value != NULL ? g_variant_ref (value) : NULL;
}

static void
on_progress (MaltInvocation *invocation,
             double          fraction,
             const char     *message,
             gpointer        user_data)
{
}

static const MaltCarrier carrier = { on_finished, on_progress };

/* One for all inputs: to open a state takes longer than most values do. */
static MaltRuntime *
get_runtime (void)
{
  static MaltRuntime *runtime;
  const char *const none[] = { NULL };
  g_autoptr (GError) error = NULL;

  if (runtime != NULL)
    return runtime;

  g_io_extension_point_register (MALT_EVALUATOR_EXTENSION_POINT);
  g_io_extension_point_implement (MALT_EVALUATOR_EXTENSION_POINT, MALT_TYPE_LUA, "lua", 0);
  runtime = malt_runtime_new ("lua", NULL, none, NULL, g_main_context_new (), &error);
  g_assert_no_error (error);

  return runtime;
}

/* What Lua makes of the value, and of that the type, which may be NULL. (transfer full)
 * (nullable) */
static GVariant *
echo (GVariant           *value,
      const GVariantType *type)
{
  GVariant *args = g_variant_new ("(ssv)", "", "...", g_variant_new_tuple (&value, 1));
  g_autoptr (MaltInvocation) invocation = NULL;
  Outcome outcome = { 0 };

  invocation = malt_invocation_new (get_runtime (), 0, "malt.eval", args, NULL, &carrier,
                                    &outcome);
  malt_invocation_set_result_type (invocation, type);
  malt_runtime_dispatch (get_runtime (), invocation);
  g_assert_true (outcome.is_over);

  return outcome.value;
}

static void
try_value (GVariant           *value,
           const GVariantType *result_type)
{
  g_autoptr (GVariant) typed = echo (value, result_type);
  g_autoptr (GVariant) once = echo (value, NULL);
  g_autoptr (GVariant) twice = NULL;

  g_assert_true (typed == NULL || g_variant_is_of_type (typed, result_type));
  if (once == NULL)
    return;

  /* What Lua has made its own stays as it is. */
  twice = echo (once, NULL);
  g_assert_nonnull (twice);
  g_assert_cmpvariant (once, twice);
}

/* (transfer full): up to a NUL, which is passed over, or to the end. */
static char *
take_string (const guint8 **data,
             const guint8  *end)
{
  gsize length = strnlen ((const char *) *data, (gsize) (end - *data));
  char *string = g_strndup ((const char *) *data, length);

  *data += MIN (length + 1, (gsize) (end - *data));

  return string;
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  const guint8 *end = data + size;
  g_autofree char *type_string = take_string (&data, end);
  g_autofree char *result_type = take_string (&data, end);
  const GVariantType *type = malt_value_check_type (type_string, strlen (type_string) + 1, NULL);
  g_autoptr (GVariant) value = NULL;

  if (type == NULL || !g_variant_type_string_is_valid (result_type))
    return 0;

  value = malt_value_new (type, data, (gsize) (end - data), NULL, 0, FALSE, NULL);
  if (value != NULL)
    try_value (value, G_VARIANT_TYPE (result_type));

  return 0;
}

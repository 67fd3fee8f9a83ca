/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/programs/malt-setup-private.h"

#include "malt/malt-backend.h"
#include "malt/malt-error.h"
#include "malt/malt-nesting-private.h"
#include "malt/sandbox/malt-sandbox-close-private.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

static gboolean
check_setup (const MaltMessage  *message,
             GError            **error)
{
  if (message->type != MALT_MESSAGE_SETUP || message->id >> 32 != MALT_PROTOCOL_MAGIC)
    g_set_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                 "Expected a setup as the first message, but got one of type %d", message->type);
  else if ((message->id >> 16 & 0xffff) != MALT_PROTOCOL_MAJOR)
    g_set_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                 "The manager speaks version %u of the protocol, this worker (%s) version %u",
                 (guint) (message->id >> 16 & 0xffff), MALT_VERSION, MALT_PROTOCOL_MAJOR);
  else if (message->value == NULL || !g_variant_is_of_type (message->value, G_VARIANT_TYPE_VARDICT))
    g_set_error_literal (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                         "A setup is a value of type a{sv}");
  else
    return TRUE;

  return FALSE;
}

/* Reads exactly the first frame. FALSE when there is nobody to tell what is wrong. */
static gboolean
read_setup (MaltStream   *stream,
            MaltMessage  *message,
            GError      **error)
{
  struct pollfd poll_fd = { .fd = malt_stream_get_fd (stream), .events = POLLIN };
  g_autoptr (GError) message_error = NULL;

  while (!malt_stream_next (stream, message, &message_error, error))
    {
      MaltStreamStatus status;

      if (*error != NULL || (poll (&poll_fd, 1, -1) < 0 && errno != EINTR))
        return FALSE;
      status = malt_stream_fill (stream, NULL);
      if (status == MALT_STREAM_EOF || status == MALT_STREAM_ERROR)
        return FALSE;
    }

  if (message_error == NULL)
    return check_setup (message, error);

  g_propagate_error (error, g_steal_pointer (&message_error));
  return FALSE;
}

/* What the workers need that this one may start. */
static void
apply_nesting (GVariant *setup)
{
  g_autofree const char **plugin_path = NULL;
  const char *executable = NULL;
  guint depth = 1;

  g_variant_lookup (setup, "depth", "u", &depth);
  g_variant_lookup (setup, "executable", "^&ay", &executable);
  malt_nesting_set_process (depth, executable);

  g_variant_lookup (setup, "plugin-path", "^a&s", &plugin_path);
  for (gsize i = 0; plugin_path != NULL && plugin_path[i] != NULL; i++)
    malt_add_plugin_path (plugin_path[i]);
}

static MaltRuntime *
apply_setup (GVariant      *setup,
             MaltStream    *stream,
             GMainContext  *watch_context,
             GError       **error)
{
  const char *evaluator = NULL;
  guint64 max_message_bytes = 0;
  const char *directory = NULL;
  g_autofree const char **module_path = NULL;
  g_autofree const char **modules = NULL;
  g_autoptr (GVariant) evaluator_options = NULL;

  /* An empty name asks for a worker of C functions alone. */
  g_variant_lookup (setup, "evaluator", "&s", &evaluator);
  if (evaluator != NULL && *evaluator == '\0')
    evaluator = NULL;

  evaluator_options = g_variant_lookup_value (setup, "evaluator-options", G_VARIANT_TYPE_VARDICT);
  g_variant_lookup (setup, "module-path", "^a&s", &module_path);
  g_variant_lookup (setup, "modules", "^a&s", &modules);

  if (g_variant_lookup (setup, "working-directory", "^&ay", &directory) && chdir (directory) != 0)
    {
      int saved_errno = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                   "Cannot change to working directory “%s”: %s",
                   directory, g_strerror (saved_errno));
      return NULL;
    }

  if (g_variant_lookup (setup, "max-message-size", "t", &max_message_bytes))
    malt_stream_set_max_message_bytes (stream, max_message_bytes);

  malt_stream_use_features (stream, setup);
  apply_nesting (setup);

  return malt_runtime_new (evaluator, evaluator_options, module_path, modules,
                           watch_context, error);
}

/* Confines this worker as the manager asks, if it does. (transfer full): what is applied. */
static char **
apply_sandbox (GVariant  *setup,
               GError   **error)
{
  g_autoptr (GVariant) sandbox = g_variant_lookup_value (setup, "sandbox", G_VARIANT_TYPE_VARDICT);

  return sandbox != NULL ? malt_sandbox_close (sandbox, error) : g_new0 (char *, 1);
}

/* Blocks until the first answer is written: the manager is reading, it waits for nothing else. */
static void
write_all (MaltStream *stream)
{
  struct pollfd poll_fd = { .fd = malt_stream_get_fd (stream), .events = POLLOUT };

  while (malt_stream_flush (stream, NULL) == MALT_STREAM_WOULD_BLOCK)
    poll (&poll_fd, 1, -1);
}

void
malt_setup_send_hello (MaltStream        *stream,
                       const char *const *confined)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  MaltMessage hello = {
    .type = MALT_MESSAGE_HELLO,
    .flags = MALT_MESSAGE_FLAGS_NATIVE_ORDER,
    .id = (guint64) MALT_PROTOCOL_MAGIC << 32 | MALT_PROTOCOL_MAJOR << 16 | MALT_PROTOCOL_MINOR,
  };

  g_variant_dict_insert (&dict, "version", "s", MALT_VERSION);
  g_variant_dict_insert (&dict, "pid", "i", (gint32) getpid ());
  g_variant_dict_insert_value (&dict, "features", malt_stream_new_features (stream));
  g_variant_dict_insert_value (&dict, "sandbox", g_variant_new_strv (confined, -1));
  hello.value = g_variant_ref_sink (g_variant_dict_end (&dict));

  malt_stream_queue (stream, &hello, NULL);
  write_all (stream);
  malt_message_clear (&hello);
}

gboolean
malt_setup_accept_next (MaltStream        *stream,
                        const MaltMessage *message)
{
  guint64 max_message_bytes;
  guint depth;

  if (!check_setup (message, NULL))
    return FALSE;

  malt_stream_drop_features (stream);
  /* What the manager does not take it need not be sent; more than before it cannot have. */
  if (g_variant_lookup (message->value, "max-message-size", "t", &max_message_bytes))
    malt_stream_set_max_message_bytes (stream, MIN (max_message_bytes,
                                                    malt_stream_get_max_message_bytes (stream)));
  /* The one who started it may be less deep than the one who has it. */
  if (g_variant_lookup (message->value, "depth", "u", &depth))
    malt_nesting_raise_process (depth);
  return TRUE;
}

static void
send_failure (MaltStream   *stream,
              const GError *failure)
{
  MaltMessage message = {
    .type = MALT_MESSAGE_FAILURE,
    .value = g_variant_ref_sink (malt_message_new_failure_value (failure)),
  };

  malt_stream_queue (stream, &message, NULL);
  write_all (stream);
  malt_message_clear (&message);
}

MaltRuntime *
malt_setup_receive (MaltStream     *stream,
                    GMainContext   *watch_context,
                    char         ***confined)
{
  MaltMessage message = { 0 };
  g_autoptr (MaltRuntime) runtime = NULL;
  g_autoptr (GError) error = NULL;

  *confined = NULL;
  if (read_setup (stream, &message, &error))
    runtime = apply_setup (message.value, stream, watch_context, &error);
  if (runtime != NULL)
    *confined = apply_sandbox (message.value, &error);
  malt_message_clear (&message);

  if (error != NULL)
    send_failure (stream, error);

  return *confined != NULL ? g_steal_pointer (&runtime) : NULL;
}

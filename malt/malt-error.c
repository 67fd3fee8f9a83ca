/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-error.h"

#include "malt/malt-error-private.h"
#include "malt/malt-exit-report.h"

/**
 * MaltError:
 * @MALT_ERROR_FAILED: anything that none of the others says better
 * @MALT_ERROR_REMOTE_EXCEPTION: the function or expression raised an error in
 *   the worker, which is well and answers the next call
 * @MALT_ERROR_INTERRUPTED: [method@Malt.AbstractWorker.interrupt] ended the call
 * @MALT_ERROR_TERMINATED_WORKER: the worker has stopped, crashed or been
 *   killed; see [func@Malt.Error.get_exit_report]
 * @MALT_ERROR_SERIALIZATION: a value cannot be sent, or what came cannot be read
 * @MALT_ERROR_START_FAILED: no worker came up; the message has exit status,
 *   arguments and the end of stderr
 * @MALT_ERROR_PROTOCOL: the other side broke the wire protocol; the worker is
 *   ended, so what its calls get is %MALT_ERROR_TERMINATED_WORKER, with the reason
 * @MALT_ERROR_LIMIT: a configured limit was hit, of a queue, the size of a
 *   message, or memory
 * @MALT_ERROR_NOT_A_CHANNEL: the expression did not make a channel
 * @MALT_ERROR_CHANNEL_CLOSED: the channel is closed
 * @MALT_ERROR_UNKNOWN_BACKEND: no backend of that name; the message lists the
 *   known ones
 * @MALT_ERROR_UNKNOWN_FUNCTION: the worker has no function of that name
 * @MALT_ERROR_INVALID_CONFIG: an option or a configuration is wrong; the
 *   message names it, what was found, and what is allowed
 * @MALT_ERROR_SANDBOX_UNAVAILABLE: a required mechanism is missing here; there
 *   is never a silent downgrade
 *
 * The errors of malt, as what a caller can act on.
 *
 * Calls also fail with %G_IO_ERROR_CANCELLED, %G_IO_ERROR_TIMED_OUT and
 * %G_IO_ERROR_NOT_SUPPORTED.
 *
 * The domain is an extended one: errors that come from a worker carry its name,
 * the message, type and traceback apart, and how the worker ended. Language
 * bindings lose what an error carries; they ask the [class@Malt.Call] instead.
 *
 * What a caller can do about each is in the chapter [Errors](errors.html).
 *
 * Since: 0.1
 */
G_DEFINE_ENUM_TYPE (MaltError, malt_error,
                    G_DEFINE_ENUM_VALUE (MALT_ERROR_FAILED, "failed"),
                    G_DEFINE_ENUM_VALUE (MALT_ERROR_REMOTE_EXCEPTION, "remote-exception"),
                    G_DEFINE_ENUM_VALUE (MALT_ERROR_INTERRUPTED, "interrupted"),
                    G_DEFINE_ENUM_VALUE (MALT_ERROR_TERMINATED_WORKER, "terminated-worker"),
                    G_DEFINE_ENUM_VALUE (MALT_ERROR_SERIALIZATION, "serialization"),
                    G_DEFINE_ENUM_VALUE (MALT_ERROR_START_FAILED, "start-failed"),
                    G_DEFINE_ENUM_VALUE (MALT_ERROR_PROTOCOL, "protocol"),
                    G_DEFINE_ENUM_VALUE (MALT_ERROR_LIMIT, "limit"),
                    G_DEFINE_ENUM_VALUE (MALT_ERROR_NOT_A_CHANNEL, "not-a-channel"),
                    G_DEFINE_ENUM_VALUE (MALT_ERROR_CHANNEL_CLOSED, "channel-closed"),
                    G_DEFINE_ENUM_VALUE (MALT_ERROR_UNKNOWN_BACKEND, "unknown-backend"),
                    G_DEFINE_ENUM_VALUE (MALT_ERROR_UNKNOWN_FUNCTION, "unknown-function"),
                    G_DEFINE_ENUM_VALUE (MALT_ERROR_INVALID_CONFIG, "invalid-config"),
                    G_DEFINE_ENUM_VALUE (MALT_ERROR_SANDBOX_UNAVAILABLE, "sandbox-unavailable"))

/* What an error carries beside its text. Everything is owned and may be NULL;
 * an error is not shared between threads while it changes, so nothing is locked. */
typedef struct
{
  char           *worker;
  char           *message;
  char           *type;
  char           *traceback;
  MaltExitReport *report;
} MaltErrorPrivate;

static void
malt_error_private_init (MaltErrorPrivate *priv)
{
}

static void
malt_error_private_copy (const MaltErrorPrivate *source,
                         MaltErrorPrivate       *target)
{
  target->worker = g_strdup (source->worker);
  target->message = g_strdup (source->message);
  target->type = g_strdup (source->type);
  target->traceback = g_strdup (source->traceback);
  if (source->report != NULL)
    target->report = malt_exit_report_ref (source->report);
}

static void
malt_error_private_clear (MaltErrorPrivate *priv)
{
  g_clear_pointer (&priv->worker, g_free);
  g_clear_pointer (&priv->message, g_free);
  g_clear_pointer (&priv->type, g_free);
  g_clear_pointer (&priv->traceback, g_free);
  g_clear_pointer (&priv->report, malt_exit_report_unref);
}

/**
 * malt_error_quark:
 *
 * Gets the domain of malt's errors, which `MALT_ERROR` stands for.
 *
 * Returns: the quark
 *
 * Since: 0.1
 */
G_DEFINE_EXTENDED_ERROR (MaltError, malt_error)

static gboolean
says_whose_it_is (MaltError   code,
                  const char *worker)
{
  return worker != NULL
         && (code == MALT_ERROR_REMOTE_EXCEPTION || code == MALT_ERROR_INTERRUPTED);
}

/**
 * malt_error_new_remote: (skip)
 * @code: what kind of error it is
 * @worker: (nullable): the description of the worker, UTF-8; %NULL inside the
 *   worker, where it is not known
 * @message: the message as it was raised, UTF-8
 * @type: (nullable): the type of what was raised, for instance `lua.error`
 * @traceback: (nullable): where it was raised, one `chunk:line` frame a line,
 *   newest first
 *
 * Creates the error that a call ends with when it failed in a worker.
 *
 * The text of %MALT_ERROR_REMOTE_EXCEPTION and %MALT_ERROR_INTERRUPTED begins
 * with whose error it is and has the traceback at its end, if @worker is not
 * %NULL. That of other codes is @message alone. The parts are kept apart as well.
 *
 * Returns: (transfer full): a new error of the domain `MALT_ERROR`
 *
 * Since: 0.1
 */
GError *
malt_error_new_remote (MaltError   code,
                       const char *worker,
                       const char *message,
                       const char *type,
                       const char *traceback)
{
  GError *error;
  MaltErrorPrivate *priv;

  g_return_val_if_fail (message != NULL, NULL);

  if (says_whose_it_is (code, worker))
    error = g_error_new (MALT_ERROR, code, "Remote exception from %s:\n\n%s%s%s", worker, message,
                         traceback != NULL ? "\n" : "", traceback != NULL ? traceback : "");
  else
    error = g_error_new_literal (MALT_ERROR, code, message);

  priv = malt_error_get_private (error);
  priv->worker = g_strdup (worker);
  priv->message = g_strdup (message);
  priv->type = g_strdup (type);
  priv->traceback = g_strdup (traceback);

  return error;
}

/**
 * malt_error_new_terminated: (skip)
 * @worker: (nullable): the description of the worker, UTF-8
 * @report: (nullable): how it ended; %NULL while that is not known
 *
 * Creates the error that calls end with when their worker is gone.
 *
 * Returns: (transfer full): a new %MALT_ERROR_TERMINATED_WORKER
 *
 * Since: 0.1
 */
GError *
malt_error_new_terminated (const char     *worker,
                           MaltExitReport *report)
{
  return malt_error_new_cut_short (worker, report, NULL);
}

/**
 * malt_error_new_cut_short: (skip)
 * @worker: (nullable): the description of the worker, UTF-8
 * @report: (nullable): how it ended; %NULL while that is not known
 * @traceback: (nullable): where the call was at that moment, UTF-8
 *
 * Creates the error that a call ends with when its worker ended in the midst of
 * it. Its text has the traceback at its end, and the parts are kept apart as well.
 *
 * Returns: (transfer full): a new %MALT_ERROR_TERMINATED_WORKER
 *
 * Since: 0.1
 */
GError *
malt_error_new_cut_short (const char     *worker,
                          MaltExitReport *report,
                          const char     *traceback)
{
  g_autofree char *how = report != NULL ? malt_exit_report_to_string (report) : NULL;
  GError *error;
  MaltErrorPrivate *priv;

  error = g_error_new (MALT_ERROR, MALT_ERROR_TERMINATED_WORKER, "%s has ended%s%s%s%s",
                       worker != NULL ? worker : "The worker", how != NULL ? ": " : "",
                       how != NULL ? how : "", traceback != NULL ? "\n" : "",
                       traceback != NULL ? traceback : "");

  priv = malt_error_get_private (error);
  priv->worker = g_strdup (worker);
  priv->message = traceback != NULL ? g_strdup (how != NULL ? how : "The worker has ended") : NULL;
  priv->traceback = g_strdup (traceback);
  if (report != NULL)
    priv->report = malt_exit_report_ref (report);

  return error;
}

GError *
malt_error_new_whole (int             code,
                      const char     *text,
                      const char     *worker,
                      const char     *message,
                      const char     *type,
                      const char     *traceback,
                      MaltExitReport *report)
{
  GError *error = g_error_new_literal (MALT_ERROR, code, text);
  MaltErrorPrivate *priv = malt_error_get_private (error);

  priv->worker = g_strdup (worker);
  priv->message = g_strdup (message);
  priv->type = g_strdup (type);
  priv->traceback = g_strdup (traceback);
  if (report != NULL)
    priv->report = malt_exit_report_ref (report);

  return error;
}

static const MaltErrorPrivate *
peek_private (const GError *error)
{
  return error->domain == MALT_ERROR ? malt_error_get_private (error) : NULL;
}

/**
 * malt_error_get_worker:
 * @error: any error
 *
 * Gets the description of the worker that an error comes from.
 *
 * Returns: (transfer none) (nullable): what
 *   [method@Malt.AbstractWorker.describe] said, or %NULL if the error carries
 *   none or is of another domain
 *
 * Since: 0.1
 */
const char *
malt_error_get_worker (const GError *error)
{
  const MaltErrorPrivate *priv;

  g_return_val_if_fail (error != NULL, NULL);

  priv = peek_private (error);
  return priv != NULL ? priv->worker : NULL;
}

/**
 * malt_error_get_remote_message:
 * @error: any error
 *
 * Gets the message that was raised in the worker, without what the text of
 * @error puts around it.
 *
 * Errors of language bindings are copies without it; there
 * [method@Malt.Call.get_remote_message] of the call tells.
 *
 * Returns: (transfer none) (nullable): UTF-8 of any number of lines, or %NULL if
 *   the error carries none or is of another domain
 *
 * Since: 0.1
 */
const char *
malt_error_get_remote_message (const GError *error)
{
  const MaltErrorPrivate *priv;

  g_return_val_if_fail (error != NULL, NULL);

  priv = peek_private (error);
  return priv != NULL ? priv->message : NULL;
}

/**
 * malt_error_get_remote_type:
 * @error: any error
 *
 * Gets the type of what was raised in the worker.
 *
 * Returns: (transfer none) (nullable): for instance `lua.error`,
 *   `InterruptException`, or `g-io-error-quark:1` for an error of a C function;
 *   %NULL if the error carries none or is of another domain
 *
 * Since: 0.1
 */
const char *
malt_error_get_remote_type (const GError *error)
{
  const MaltErrorPrivate *priv;

  g_return_val_if_fail (error != NULL, NULL);

  priv = peek_private (error);
  return priv != NULL ? priv->type : NULL;
}

/**
 * malt_error_get_remote_traceback:
 * @error: any error
 *
 * Gets where in the worker the error was raised; of a
 * %MALT_ERROR_TERMINATED_WORKER, where the call was when it was cut short.
 *
 * Returns: (transfer none) (nullable): one `chunk:line` frame a line, newest
 *   first, or %NULL if the error carries none or is of another domain
 *
 * Since: 0.1
 */
const char *
malt_error_get_remote_traceback (const GError *error)
{
  const MaltErrorPrivate *priv;

  g_return_val_if_fail (error != NULL, NULL);

  priv = peek_private (error);
  return priv != NULL ? priv->traceback : NULL;
}

/**
 * malt_error_get_exit_report:
 * @error: any error
 *
 * Gets how the worker ended, of a %MALT_ERROR_TERMINATED_WORKER, or of a
 * %MALT_ERROR_START_FAILED of a pool whose workers end right after their start.
 *
 * Returns: (transfer none) (nullable): the report, which lives as long as
 *   @error, or %NULL if the error carries none or is of another domain
 *
 * Since: 0.1
 */
MaltExitReport *
malt_error_get_exit_report (const GError *error)
{
  const MaltErrorPrivate *priv;

  g_return_val_if_fail (error != NULL, NULL);

  priv = peek_private (error);
  return priv != NULL ? priv->report : NULL;
}

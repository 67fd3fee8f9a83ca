/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-call-outcome.h"

#include "malt/malt-call-backend.h"
#include "malt/malt-error-private.h"
#include "malt/malt-exit-report-backend.h"

/* Error messages of others may not be UTF-8. */
static void
insert_text (GVariantDict *dict,
             const char   *name,
             const char   *text)
{
  if (text != NULL)
    g_variant_dict_insert_value (dict, name,
                                 g_variant_new_take_string (g_utf8_make_valid (text, -1)));
}

static GVariant *
new_report_dict (MaltExitReport *report)
{
  g_autoptr (GEnumClass) reasons = g_type_class_ref (MALT_TYPE_EXIT_REASON);
  GEnumValue *reason = g_enum_get_value (reasons, malt_exit_report_get_reason (report));
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  if (reason != NULL)
    insert_text (&dict, "reason", reason->value_nick);
  g_variant_dict_insert (&dict, "exit-status", "i", malt_exit_report_get_exit_status (report));
  g_variant_dict_insert (&dict, "signal", "i", malt_exit_report_get_signal (report));
  insert_text (&dict, "stderr-tail", malt_exit_report_get_stderr_tail (report));
  insert_text (&dict, "detail", malt_exit_report_get_detail (report));
  g_variant_dict_insert (&dict, "running-calls", "^as",
                         malt_exit_report_get_running_calls (report));

  return g_variant_dict_end (&dict);
}

static void
insert_error (GVariantDict *dict,
              MaltCall     *call,
              const GError *error)
{
  MaltExitReport *report = malt_call_get_exit_report (call);
  g_autofree char *text = g_utf8_make_valid (error->message, -1);

  g_variant_dict_insert (dict, "error", "(sis)", g_quark_to_string (error->domain), error->code,
                         text);
  insert_text (dict, "worker", malt_error_get_worker (error));
  insert_text (dict, "message", malt_call_get_remote_message (call));
  insert_text (dict, "type", malt_call_get_remote_type (call));
  insert_text (dict, "traceback", malt_call_get_remote_traceback (call));
  if (report != NULL)
    g_variant_dict_insert_value (dict, "exit-report", new_report_dict (report));
}

/**
 * malt_call_dup_outcome:
 * @self: a call that has ended
 * @value: (nullable): what it answered; %NULL with an error
 * @error: (nullable): what it ended with instead
 *
 * Puts all that there is to know about the end of a call into one value, from
 * which [method@Malt.Call.end_with_outcome] ends another call in the same way, at
 * another time or in another process.
 *
 * Returns: (transfer full): an `a{sv}`, not floating
 *
 * Since: 0.1
 */
GVariant *
malt_call_dup_outcome (MaltCall     *self,
                       GVariant     *value,
                       const GError *error)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  g_return_val_if_fail (MALT_IS_CALL (self), NULL);
  g_return_val_if_fail ((value == NULL) != (error == NULL), NULL);

  if (value != NULL)
    g_variant_dict_insert_value (&dict, "value", value);
  else
    insert_error (&dict, self, error);
  if (malt_call_get_run_time_us (self) >= 0)
    g_variant_dict_insert (&dict, "run-time", "x", malt_call_get_run_time_us (self));

  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

/* (transfer full): what cannot be read is left out, for an end without a report is worse. */
static MaltExitReport *
new_report (GVariant *source)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (source);
  g_autoptr (GEnumClass) reasons = g_type_class_ref (MALT_TYPE_EXIT_REASON);
  const char *nick = "";
  const char *stderr_tail = NULL;
  const char *detail = NULL;
  g_autofree const char **running_calls = NULL;
  int exit_status = -1;
  int signal = 0;
  GEnumValue *reason;

  g_variant_dict_lookup (&dict, "reason", "&s", &nick);
  g_variant_dict_lookup (&dict, "exit-status", "i", &exit_status);
  g_variant_dict_lookup (&dict, "signal", "i", &signal);
  g_variant_dict_lookup (&dict, "stderr-tail", "&s", &stderr_tail);
  g_variant_dict_lookup (&dict, "detail", "&s", &detail);
  g_variant_dict_lookup (&dict, "running-calls", "^a&s", &running_calls);
  reason = g_enum_get_value_by_nick (reasons, nick);

  return malt_exit_report_new (reason != NULL ? reason->value : MALT_EXIT_REASON_CONNECTION_LOST,
                               exit_status, signal, stderr_tail, detail, running_calls);
}

/* 0: one that nobody here has asked for, so that nobody compares with it. Names are never freed,
 * and are not taken from anybody. */
static GQuark
find_domain (const char *name)
{
  malt_error_quark ();
  g_io_error_quark ();

  return g_quark_try_string (name);
}

/* Sets the details of the call, too, which errors of other domains do not carry. (transfer full) */
static GError *
new_error (MaltCall     *call,
           GVariantDict *dict,
           const char   *domain,
           int           code,
           const char   *text)
{
  GQuark quark = find_domain (domain);
  const char *worker = NULL;
  const char *message = NULL;
  const char *type = NULL;
  const char *traceback = NULL;
  g_autoptr (GVariant) report_dict =
    g_variant_dict_lookup_value (dict, "exit-report", G_VARIANT_TYPE_VARDICT);
  g_autoptr (MaltExitReport) report = report_dict != NULL ? new_report (report_dict) : NULL;

  g_variant_dict_lookup (dict, "worker", "&s", &worker);
  g_variant_dict_lookup (dict, "message", "&s", &message);
  g_variant_dict_lookup (dict, "type", "&s", &type);
  g_variant_dict_lookup (dict, "traceback", "&s", &traceback);
  malt_call_set_remote_details (call, message, type, traceback);

  if (quark != 0 && quark != MALT_ERROR)
    return g_error_new_literal (quark, code, text);

  return malt_error_new_whole (quark != 0 ? code : MALT_ERROR_FAILED, text, worker, message, type,
                               traceback, report);
}

/**
 * malt_call_end_with_outcome:
 * @self: a call that was begun
 * @outcome: an `a{sv}` of [method@Malt.Call.dup_outcome]. A floating reference is taken.
 * @error: return location for an error
 *
 * Ends a call as another one ended: [method@Malt.Call.end] with its run time, error
 * and details. The outcome may come from a process that is not trusted, or from
 * a file. A domain of errors that is unknown here becomes %MALT_ERROR_FAILED.
 *
 * Errors: that of the outcome; %MALT_ERROR_PROTOCOL if it has neither a value nor
 * an error.
 *
 * Returns: (transfer full): the value, not floating, or %NULL on error
 *
 * Since: 0.1
 */
GVariant *
malt_call_end_with_outcome (MaltCall  *self,
                            GVariant  *outcome,
                            GError   **error)
{
  g_autoptr (GVariant) owned = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) failure = NULL;
  g_auto (GVariantDict) dict = { 0 };
  const char *domain, *text;
  gint64 run_time_us = -1;
  int code;

  g_return_val_if_fail (MALT_IS_CALL (self), NULL);
  g_return_val_if_fail (outcome != NULL, NULL);
  g_return_val_if_fail (g_variant_is_of_type (outcome, G_VARIANT_TYPE_VARDICT), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  owned = g_variant_ref_sink (outcome);
  g_variant_dict_init (&dict, owned);
  g_variant_dict_lookup (&dict, "run-time", "x", &run_time_us);
  if (g_variant_dict_lookup (&dict, "error", "(&si&s)", &domain, &code, &text))
    failure = new_error (self, &dict, domain, code, text);
  else if ((value = g_variant_dict_lookup_value (&dict, "value", NULL)) == NULL)
    failure = g_error_new (MALT_ERROR, MALT_ERROR_PROTOCOL,
                           "The outcome of “%s” has neither a value nor an error",
                           malt_call_get_function (self));

  malt_call_end (self, MAX (run_time_us, -1), failure);
  if (failure != NULL)
    g_propagate_error (error, g_steal_pointer (&failure));

  return g_steal_pointer (&value);
}

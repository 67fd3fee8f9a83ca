/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"

/* What the cases add wins over the settings, which win over the folder of contract.so. */
GVariant *
contract_options (Contract *contract, GVariant *options)
{
  const char *module_path[] = { contract->settings->modules, NULL };
  g_auto (GVariantDict) merged = G_VARIANT_DICT_INIT (contract->settings->options);
  g_autoptr (GVariant) own = options != NULL ? g_variant_ref_sink (options) : NULL;
  GVariantIter iter;
  const char *name;
  GVariant *value;

  if (!g_variant_dict_contains (&merged, "module-path")
      && contract_has_option (contract->settings->backend, "module-path"))
    g_variant_dict_insert_value (&merged, "module-path", g_variant_new_strv (module_path, -1));
  if (own != NULL)
    {
      g_variant_iter_init (&iter, own);
      while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
        g_variant_dict_insert_value (&merged, name, value);
    }
  return g_variant_dict_end (&merged);
}

static MaltAbstractWorker *
create_worker (Contract *contract, GVariant *options, GError **error)
{
  const ContractSettings *settings = contract->settings;

  return settings->pool ? contract_pool_new (settings->backend, options, error)
                        : malt_create_worker_with_options (settings->backend, options, NULL, error);
}

/* Starts a worker that the case owns. */
MaltAbstractWorker *
contract_start (Contract *contract, GVariant *options)
{
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker;

  worker = create_worker (contract, contract_options (contract, options), &error);
  g_assert_no_error (error);
  g_assert_nonnull (worker);
  g_ptr_array_add (contract->workers, worker);
  return worker;
}

GError *
contract_fail_to_start (Contract *contract, GVariant *options)
{
  g_autoptr (MaltAbstractWorker) worker = NULL;
  GError *error = NULL;

  worker = create_worker (contract, contract_options (contract, options), &error);
  g_assert_null (worker);
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_assert_cmpuint (contract_count_running (), ==, 0);
  return error;
}

/* The case's only reference on a worker; the case no longer stops it. */
MaltAbstractWorker *
contract_steal (Contract *contract, MaltAbstractWorker *worker)
{
  guint index;

  g_assert_true (g_ptr_array_find (contract->workers, worker, &index));
  return g_ptr_array_steal_index (contract->workers, index);
}

void
contract_assert_alive (MaltAbstractWorker *worker)
{
  g_autoptr (GVariant) answer = NULL;

  g_assert_true (malt_abstract_worker_is_running (worker));
  answer = contract_call (worker, "malt.ping", g_variant_new_parsed ("(%x,)", (gint64) 42));
  contract_assert_value (answer, "int64 42");
}

/* Stops a worker, which may have ended already. */
void
contract_stop (MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_stop (worker, MALT_STOP_TIMEOUT_DEFAULT, MALT_STOP_TIMEOUT_DEFAULT, NULL,
                             NULL, &error);
  g_assert_no_error (error);
  g_assert_false (malt_abstract_worker_is_running (worker));
}

guint
contract_count_running (void)
{
  g_autoptr (GListModel) workers = malt_list_running_workers ();

  return g_list_model_get_n_items (workers);
}

GVariant *
contract_eval (MaltAbstractWorker *worker, const char *expression, GVariant *args)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = malt_abstract_worker_remote_eval_fetch (worker, NULL, expression, args, NULL,
                                                            &error);

  g_assert_no_error (error);
  g_assert_nonnull (value);
  return value;
}

GVariant *
contract_call (MaltAbstractWorker *worker, const char *function, GVariant *args)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = malt_abstract_worker_remote_call_fetch (worker, function, args, NULL, NULL,
                                                            &error);

  g_assert_no_error (error);
  g_assert_nonnull (value);
  return value;
}

GError *
contract_eval_error (MaltAbstractWorker *worker, const char *expression)
{
  GError *error = NULL;
  g_autoptr (GVariant) value = NULL;

  value = malt_abstract_worker_remote_eval_fetch (worker, NULL, expression, NULL, NULL, &error);
  g_assert_null (value);
  g_assert_nonnull (error);
  return error;
}

GError *
contract_call_error (MaltAbstractWorker *worker, const char *function, GVariant *args)
{
  GError *error = NULL;
  g_autoptr (GVariant) value = NULL;

  value = malt_abstract_worker_remote_call_fetch (worker, function, args, NULL, NULL, &error);
  g_assert_null (value);
  g_assert_nonnull (error);
  return error;
}

static void
on_reply (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ContractReply *reply = user_data;
  g_autoptr (GObject) result_source = g_async_result_get_source_object (result);

  g_assert_true (result_source == source);
  g_assert_true (MALT_IS_ABSTRACT_WORKER (source));
  reply->n_ends++;
  g_assert_cmpuint (reply->n_ends, ==, 1);
  reply->ended_us = g_get_monotonic_time ();
  reply->value = malt_abstract_worker_send_finish (MALT_ABSTRACT_WORKER (source), result,
                                                   &reply->error);
  g_assert_true ((reply->value == NULL) == (reply->error != NULL));
}

ContractReply *
contract_send (Contract           *contract,
               MaltAbstractWorker *worker,
               MaltCall           *call,
               GCancellable       *cancellable)
{
  ContractReply *reply = g_new0 (ContractReply, 1);

  reply->call = call;
  g_ptr_array_add (contract->replies, reply);
  malt_abstract_worker_send_async (worker, call, cancellable, on_reply, reply);
  g_assert_cmpuint (reply->n_ends, ==, 0);
  return reply;
}

ContractReply *
contract_send_eval (Contract           *contract,
                    MaltAbstractWorker *worker,
                    const char         *expression,
                    GCancellable       *cancellable)
{
  return contract_send (contract, worker, malt_call_new_eval (NULL, expression, NULL), cancellable);
}

static void
on_progress (MaltCall *call, double fraction, const char *message, gpointer user_data)
{
  ContractReply *reply = user_data;

  reply->has_begun = TRUE;
}

ContractReply *
contract_begin_eval (Contract *contract, MaltAbstractWorker *worker, const char *expression)
{
  ContractReply *reply = contract_send_eval (contract, worker, expression, NULL);
  gulong handler = g_signal_connect (reply->call, "progress", G_CALLBACK (on_progress), reply);

  while (!reply->has_begun)
    g_main_context_iteration (contract->context, TRUE);
  g_signal_handler_disconnect (reply->call, handler);
  return reply;
}

ContractReply *
contract_send_call (Contract           *contract,
                    MaltAbstractWorker *worker,
                    const char         *function,
                    GVariant           *args,
                    GCancellable       *cancellable)
{
  return contract_send (contract, worker, malt_call_new (function, args, NULL), cancellable);
}

void
contract_wait (Contract *contract, ContractReply *reply)
{
  while (reply->n_ends == 0)
    g_main_context_iteration (contract->context, TRUE);
}

void
contract_wait_all (Contract *contract)
{
  for (guint i = 0; i < contract->replies->len; i++)
    contract_wait (contract, contract->replies->pdata[i]);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt-contract.h"

G_BEGIN_DECLS

/* One running case. Every worker that it starts and every reply that it waits for belongs to it,
 * and is checked when the case is over: nothing runs any more, and each call has ended exactly
 * once. */
struct _Contract
{
  const ContractSettings *settings;
  const ContractCase     *test_case;
  MaltWorkerCapabilities  capabilities;
  GMainContext           *context;   /* the thread default one while the case runs */
  GPtrArray              *workers;   /* of MaltAbstractWorker, owned */
  GPtrArray              *replies;   /* of ContractReply, owned */
  gboolean                warns;     /* the case expects warnings in the log */
  gboolean                is_late;   /* something took longer than it should */
  guint                   n_descriptors;
};

/* One call on its way, and what became of it. */
typedef struct
{
  MaltCall *call;
  GVariant *value;
  GError   *error;
  guint     n_ends;   /* how often its callback ran */
  gboolean  has_begun; /* it has reported progress */
  gint64    ended_us; /* monotonic */
} ContractReply;

typedef gboolean (*ContractCondition) (gpointer user_data);

gboolean            contract_has_option      (const char         *backend_name,
                                              const char         *option);

/* Workers. `options` is a{sv}, floating or NULL, on top of the settings. */
GVariant           *contract_options         (Contract           *contract,
                                              GVariant           *options);
MaltAbstractWorker *contract_start           (Contract           *contract,
                                              GVariant           *options);
/* One whose Lua has inner (options), which starts a worker of the same kind that has it, too, and
 * deep (levels, expression, …), the value of the expression that many workers further in. */
MaltAbstractWorker *contract_start_outer     (Contract           *contract,
                                              GVariant           *options);
GError             *contract_fail_to_start   (Contract           *contract,
                                              GVariant           *options);
MaltAbstractWorker *contract_steal           (Contract           *contract,
                                              MaltAbstractWorker *worker);
void                contract_assert_alive    (MaltAbstractWorker *worker);
void                contract_stop            (MaltAbstractWorker *worker);
guint               contract_count_running   (void);

/* In the place of a worker; not for every case. `options` is a{sv}, floating. */
MaltAbstractWorker *contract_pool_new        (const char         *backend,
                                              GVariant           *options,
                                              GError            **error);
gboolean            contract_pool_is_held_to (const char         *path);

/* Whether the case does nothing that a sandbox of the worker's is there to refuse. */
gboolean            contract_sandbox_is_held_to (Contract        *contract);

/* Blocking calls that must succeed. */
GVariant           *contract_eval            (MaltAbstractWorker *worker,
                                              const char         *expression,
                                              GVariant           *args);
GVariant           *contract_call            (MaltAbstractWorker *worker,
                                              const char         *function,
                                              GVariant           *args);
/* Blocking calls that must fail. */
GError             *contract_eval_error      (MaltAbstractWorker *worker,
                                              const char         *expression);
GError             *contract_call_error      (MaltAbstractWorker *worker,
                                              const char         *function,
                                              GVariant           *args);

/* Asynchronous calls. contract_send() takes the call; a reply lives as long as the case. */
ContractReply      *contract_send            (Contract           *contract,
                                              MaltAbstractWorker *worker,
                                              MaltCall           *call,
                                              GCancellable       *cancellable);
ContractReply      *contract_send_eval       (Contract           *contract,
                                              MaltAbstractWorker *worker,
                                              const char         *expression,
                                              GCancellable       *cancellable);
ContractReply      *contract_send_call       (Contract           *contract,
                                              MaltAbstractWorker *worker,
                                              const char         *function,
                                              GVariant           *args,
                                              GCancellable       *cancellable);
/* An evaluation that calls malt.progress(): answers when it has, so that it runs. */
ContractReply      *contract_begin_eval      (Contract           *contract,
                                              MaltAbstractWorker *worker,
                                              const char         *expression);
void                contract_wait            (Contract           *contract,
                                              ContractReply      *reply);
void                contract_wait_all        (Contract           *contract);

/* Time. Limits are multiplied by $MALT_TEST_SLOW; counts are divided by it. A limit is the figure
 * that is promised. A machine that has other things to do does not keep it, and that is no mistake:
 * a case that was late is run again, and fails if it is late every time, or at once if it takes
 * many times as long. */
guint               contract_limit           (guint               limit_ms);
guint               contract_times           (guint               times);
void                contract_assert_time     (Contract           *contract,
                                              gint64              time_us,
                                              guint               limit_ms);
void                contract_assert_within   (Contract           *contract,
                                              gint64              since_us,
                                              guint               limit_ms);
void                contract_iterate_for     (Contract           *contract,
                                              guint               time_ms);
gboolean            contract_wait_until      (Contract           *contract,
                                              ContractCondition   condition,
                                              gpointer            user_data,
                                              guint               limit_ms);

/* What this process holds, from /proc. */
char              **contract_list_descriptors (void);
/* Whether spare workers stay, of each set of options that has been used: nobody knows how many. */
gboolean            contract_keeps_spares     (Contract           *contract);
guint               contract_count_descriptors (void);
guint               contract_count_children  (void);
gboolean            contract_process_is_gone (gpointer            pid);
gsize               contract_resident_bytes  (void);

/* The log of this process. */
void                contract_log_init        (void);
guint               contract_log_count       (const char         *text);
guint               contract_log_count_own   (Contract           *contract);
gboolean            contract_log_has         (gpointer            text);
gboolean            contract_log_has_record  (gpointer            text);
char               *contract_log_dup_field   (const char         *text,
                                              const char         *key);
void                contract_log_clear       (void);

#define contract_assert_value(value, text) \
  G_STMT_START { \
    g_autoptr (GVariant) contract_expected_ = g_variant_ref_sink (g_variant_new_parsed (text)); \
    g_assert_nonnull (value); \
    g_assert_cmpvariant ((value), contract_expected_); \
  } G_STMT_END

#define contract_assert_contains(text, part) \
  G_STMT_START { \
    if ((text) == NULL || strstr ((text), (part)) == NULL) \
      g_error ("“%s” is not in: %s", (part), (text)); \
  } G_STMT_END

/* As of the malt command. */
#define CONTRACT_EXIT_USAGE 2

/* Which cases there are, and each of them in a process of its own. */
char              **contract_dup_paths       (const char *const  *only);
int                 contract_run_apart       (const char *const  *arguments,
                                              const char *const  *only,
                                              guint               deadline_sec);

/* Measures the backend beside the process backend, and prints it as TAP comments. */
void                contract_report_performance (const ContractSettings *settings);

extern const ContractCase contract_basic_cases[];
extern const ContractCase contract_cancel_cases[];
extern const ContractCase contract_channel_cases[];
extern const ContractCase contract_concurrency_cases[];
extern const ContractCase contract_end_cases[];
extern const ContractCase contract_environment_cases[];
extern const ContractCase contract_exception_cases[];
extern const ContractCase contract_function_cases[];
extern const ContractCase contract_interrupt_cases[];
extern const ContractCase contract_limit_cases[];
extern const ContractCase contract_log_cases[];
extern const ContractCase contract_namespace_cases[];
extern const ContractCase contract_nesting_cases[];
extern const ContractCase contract_nesting_end_cases[];
extern const ContractCase contract_output_cases[];
extern const ContractCase contract_relay_cases[];
extern const ContractCase contract_report_cases[];
extern const ContractCase contract_start_cases[];
extern const ContractCase contract_timeout_cases[];
extern const ContractCase contract_value_cases[];
extern const ContractCase contract_verb_cases[];

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt-conformance.h"

G_BEGIN_DECLS

/* The contract of MaltAbstractWorker as test cases that run against any backend by its name. A
 * program calls malt_contract_init() after g_test_init(), then malt_contract_add_cases(), then
 * g_test_run(). */
typedef struct _Contract Contract;

typedef struct
{
  const char             *path;    /* below "/malt/contract/BACKEND" */
  void                  (*run)     (Contract *contract);
  const char             *summary; /* what holds */
  MaltWorkerCapabilities  needs;
  const char             *option;  /* (nullable): an option or property the backend must have */
  gboolean                loops;   /* in the evaluator's language alone, until a signal ends it */
  gboolean                is_bare; /* with workers that do not get the options of the settings */
  gboolean                is_self; /* with workers that are this program itself */
} ContractCase;

typedef struct
{
  const char *backend;
  const char *modules; /* the folder of contract.so, for the option "module-path" */
  const char *peer;    /* (nullable): the program contract-peer */
  GVariant   *options; /* (nullable): a{sv}, for every worker that a case starts */
  gboolean    pool;    /* each of them is a pool of one */
  gboolean    needs_options; /* no worker starts without them */
} ContractSettings;

/* `settings` is used until the end of the program. */
void malt_contract_init       (const ContractSettings *settings);
void malt_contract_list_cases (void);
void malt_contract_add_cases  (void);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-types.h>

G_BEGIN_DECLS

#define MALT_TYPE_ABSTRACT_WORKER (malt_abstract_worker_get_type ())
#define MALT_TYPE_WORKER_CAPABILITIES (malt_worker_capabilities_get_type ())

#define MALT_WORKER_EXTENSION_POINT "malt-worker"

/* Milliseconds that each polite rung of malt_abstract_worker_stop() is given, as in Malt.jl. */
#define MALT_STOP_TIMEOUT_DEFAULT 15000u

typedef enum /*< flags >*/
{
  MALT_WORKER_CAPABILITY_NONE = 0,
  MALT_WORKER_CAPABILITY_INTERRUPT = 1 << 0,
  MALT_WORKER_CAPABILITY_KILL = 1 << 1,
  MALT_WORKER_CAPABILITY_ISOLATED = 1 << 2,
  MALT_WORKER_CAPABILITY_SANDBOX = 1 << 3,
  MALT_WORKER_CAPABILITY_REMOTE = 1 << 4
} MaltWorkerCapabilities;

MALT_AVAILABLE_IN_ALL
GType malt_worker_capabilities_get_type (void);

MALT_AVAILABLE_IN_ALL
G_DECLARE_INTERFACE (MaltAbstractWorker, malt_abstract_worker, MALT, ABSTRACT_WORKER, GObject)

/* The contract of each function is written in malt-abstract-worker.c and, for those who implement it, here. */
struct _MaltAbstractWorkerInterface
{
  GTypeInterface parent_iface;

  char                  *(*describe)         (MaltAbstractWorker  *self);
  MaltWorkerCapabilities (*get_capabilities) (MaltAbstractWorker  *self);
  gboolean               (*is_running)       (MaltAbstractWorker  *self);

  void                   (*send_async)       (MaltAbstractWorker  *self,
                                              MaltCall            *call,
                                              GCancellable        *cancellable,
                                              GAsyncReadyCallback  callback,
                                              gpointer             user_data);
  GVariant              *(*send_finish)      (MaltAbstractWorker  *self,
                                              GAsyncResult        *result,
                                              GError             **error);
  GVariant              *(*send_sync)        (MaltAbstractWorker  *self,
                                              MaltCall            *call,
                                              GCancellable        *cancellable,
                                              GError             **error);
  gboolean               (*post)             (MaltAbstractWorker  *self,
                                              MaltCall            *call,
                                              GError             **error);

  gboolean               (*interrupt)        (MaltAbstractWorker  *self,
                                              GError             **error);
  void                   (*stop_async)       (MaltAbstractWorker  *self,
                                              guint                exit_timeout_ms,
                                              guint                term_timeout_ms,
                                              GCancellable        *cancellable,
                                              GAsyncReadyCallback  callback,
                                              gpointer             user_data);
  gboolean               (*stop_finish)      (MaltAbstractWorker  *self,
                                              GAsyncResult        *result,
                                              gboolean            *was_running,
                                              GError             **error);
  gboolean               (*kill)             (MaltAbstractWorker  *self,
                                              int                  signum,
                                              GError             **error);
  MaltExitReport        *(*get_exit_report)  (MaltAbstractWorker  *self);

  gpointer               padding[12];
};

MALT_AVAILABLE_IN_ALL
char                  *malt_abstract_worker_describe         (MaltAbstractWorker   *self);
MALT_AVAILABLE_IN_ALL
MaltWorkerCapabilities malt_abstract_worker_get_capabilities (MaltAbstractWorker   *self);
MALT_AVAILABLE_IN_ALL
gboolean               malt_abstract_worker_is_running       (MaltAbstractWorker   *self);

MALT_AVAILABLE_IN_ALL
void                   malt_abstract_worker_send_async       (MaltAbstractWorker   *self,
                                                              MaltCall             *call,
                                                              GCancellable         *cancellable,
                                                              GAsyncReadyCallback   callback,
                                                              gpointer              user_data);
MALT_AVAILABLE_IN_ALL
GVariant              *malt_abstract_worker_send_finish      (MaltAbstractWorker   *self,
                                                              GAsyncResult         *result,
                                                              GError              **error);
MALT_AVAILABLE_IN_ALL
GVariant              *malt_abstract_worker_send             (MaltAbstractWorker   *self,
                                                              MaltCall             *call,
                                                              GCancellable         *cancellable,
                                                              GError              **error);
MALT_AVAILABLE_IN_ALL
gboolean               malt_abstract_worker_post             (MaltAbstractWorker   *self,
                                                              MaltCall             *call,
                                                              GError              **error);

MALT_AVAILABLE_IN_ALL
gboolean               malt_abstract_worker_interrupt        (MaltAbstractWorker   *self,
                                                              GError              **error);
MALT_AVAILABLE_IN_ALL
void                   malt_abstract_worker_stop_async       (MaltAbstractWorker   *self,
                                                              guint                 exit_timeout_ms,
                                                              guint                 term_timeout_ms,
                                                              GCancellable         *cancellable,
                                                              GAsyncReadyCallback   callback,
                                                              gpointer              user_data);
MALT_AVAILABLE_IN_ALL
gboolean               malt_abstract_worker_stop_finish      (MaltAbstractWorker   *self,
                                                              GAsyncResult         *result,
                                                              gboolean             *was_running,
                                                              GError              **error);
MALT_AVAILABLE_IN_ALL
gboolean               malt_abstract_worker_stop             (MaltAbstractWorker   *self,
                                                              guint                 exit_timeout_ms,
                                                              guint                 term_timeout_ms,
                                                              GCancellable         *cancellable,
                                                              gboolean             *was_running,
                                                              GError              **error);
MALT_AVAILABLE_IN_ALL
gboolean               malt_abstract_worker_kill             (MaltAbstractWorker   *self,
                                                              int                   signum,
                                                              GError              **error);
MALT_AVAILABLE_IN_ALL
MaltExitReport        *malt_abstract_worker_get_exit_report  (MaltAbstractWorker   *self);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-call.h>

G_BEGIN_DECLS

#define MALT_TYPE_CONNECTION (malt_connection_get_type ())

MALT_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (MaltConnection, malt_connection, MALT, CONNECTION, GObject)

/* What a worker says to the log, which is not to be trusted. */
typedef struct
{
  GLogLevelFlags  level;      /* as the worker has it, ERROR included; no flags */
  const char     *domain;     /* (nullable) */
  const char     *message;
  guint           n_left_out; /* fields that the worker dropped */
  GVariant       *fields;     /* (nullable) a{sv} of s and ay, but whatever the worker put there */
} MaltLogRecord;

typedef void (*MaltConnectionDeliveryFunc)     (gpointer             user_data);
typedef void (*MaltConnectionLostFunc)         (const GError        *error,
                                                gpointer             user_data);
typedef void (*MaltConnectionLogFunc)          (const MaltLogRecord *record,
                                                gpointer             user_data);
typedef void (*MaltConnectionUnresponsiveFunc) (const char          *function,
                                                const char          *traceback,
                                                gpointer             user_data);

/* Each may be NULL. */
typedef struct
{
  MaltConnectionDeliveryFunc     before_delivery; /* any thread */
  MaltConnectionLostFunc         lost;            /* monitor thread, as those below */
  MaltConnectionLogFunc          log;
  MaltConnectionUnresponsiveFunc unresponsive;
} MaltConnectionHooks;

typedef struct
{
  guint64 max_pending_bytes;       /* of unanswered data, see the option of that name */
  guint64 max_message_bytes;
  guint   unresponsive_timeout_ms; /* 0: never */
} MaltConnectionLimits;

MALT_AVAILABLE_IN_ALL
MaltConnection *malt_connection_new              (int                         data_fd,
                                                  int                         control_fd,
                                                  const MaltConnectionLimits *limits,
                                                  const MaltConnectionHooks  *hooks,
                                                  gpointer                    user_data,
                                                  GDestroyNotify              destroy);

MALT_AVAILABLE_IN_ALL
void            malt_connection_handshake_async  (MaltConnection             *self,
                                                  GVariant                   *setup,
                                                  GCancellable               *cancellable,
                                                  GAsyncReadyCallback         callback,
                                                  gpointer                    user_data);
MALT_AVAILABLE_IN_ALL
GVariant       *malt_connection_handshake_finish (MaltConnection             *self,
                                                  GAsyncResult               *result,
                                                  GError                    **error);

MALT_AVAILABLE_IN_ALL
void            malt_connection_set_worker       (MaltConnection             *self,
                                                  const char                 *worker);

MALT_AVAILABLE_IN_ALL
void            malt_connection_set_call_timeout (MaltConnection             *self,
                                                  guint                       timeout_ms);
MALT_AVAILABLE_IN_ALL
void            malt_connection_send_task        (MaltConnection             *self,
                                                  MaltCall                   *call,
                                                  GTask                      *task);
MALT_AVAILABLE_IN_ALL
void            malt_connection_send_async       (MaltConnection             *self,
                                                  MaltCall                   *call,
                                                  GCancellable               *cancellable,
                                                  GAsyncReadyCallback         callback,
                                                  gpointer                    user_data);
MALT_AVAILABLE_IN_ALL
GVariant       *malt_connection_send_finish      (MaltConnection             *self,
                                                  GAsyncResult               *result,
                                                  GError                    **error);
MALT_AVAILABLE_IN_ALL
GVariant       *malt_connection_send_sync        (MaltConnection             *self,
                                                  MaltCall                   *call,
                                                  GCancellable               *cancellable,
                                                  GError                    **error);
MALT_AVAILABLE_IN_ALL
gboolean        malt_connection_post             (MaltConnection             *self,
                                                  MaltCall                   *call,
                                                  GError                    **error);
MALT_AVAILABLE_IN_ALL
gboolean        malt_connection_interrupt        (MaltConnection             *self,
                                                  GError                    **error);
MALT_AVAILABLE_IN_ALL
void            malt_connection_send_stop        (MaltConnection             *self,
                                                  guint                       grace_ms);

MALT_AVAILABLE_IN_ALL
void            malt_connection_drain_log        (MaltConnection             *self);
MALT_AVAILABLE_IN_ALL
gboolean        malt_connection_detach           (MaltConnection             *self,
                                                  int                        *data_fd,
                                                  int                        *control_fd,
                                                  GError                    **error);
MALT_AVAILABLE_IN_ALL
void            malt_connection_close            (MaltConnection             *self,
                                                  const GError               *error);

MALT_AVAILABLE_IN_ALL
gboolean        malt_connection_is_connected     (MaltConnection             *self);
MALT_AVAILABLE_IN_ALL
guint           malt_connection_get_n_pending    (MaltConnection             *self);
MALT_AVAILABLE_IN_ALL
char          **malt_connection_dup_running_calls (MaltConnection            *self);

G_END_DECLS

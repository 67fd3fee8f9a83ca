/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-types.h>

G_BEGIN_DECLS

#define MALT_TYPE_CHANNEL (malt_channel_get_type ())

MALT_AVAILABLE_IN_ALL
G_DECLARE_INTERFACE (MaltChannel, malt_channel, MALT, CHANNEL, GObject)

/* What holds for every function: it may be called in any thread, several threads at once; the
 * dispatcher in malt-channel.c has checked the arguments; `callback` is called exactly once, in the
 * thread-default main context of the caller, and never before the function has returned.
 *
 * Those who wait are served in the order in which they came. A put or a take that ends with
 * G_IO_ERROR_CANCELLED has had no effect. put() and take() are optional: without them the
 * asynchronous ones are run in a main context of their own. */
struct _MaltChannelInterface
{
  /*< private >*/
  GTypeInterface parent_iface;

  /*< public >*/
  /* Completes when there is room. `value` is not floating. */
  void      (*put_async)       (MaltChannel          *self,
                                GVariant             *value,
                                GCancellable         *cancellable,
                                GAsyncReadyCallback   callback,
                                gpointer              user_data);
  gboolean  (*put_finish)      (MaltChannel          *self,
                                GAsyncResult         *result,
                                GError              **error);
  /* Completes when there is something. The value is not floating. */
  void      (*take_async)      (MaltChannel          *self,
                                GCancellable         *cancellable,
                                GAsyncReadyCallback   callback,
                                gpointer              user_data);
  GVariant *(*take_finish)     (MaltChannel          *self,
                                GAsyncResult         *result,
                                GError              **error);
  /* Whether a take would get something at once. `ready` is never NULL here. */
  void      (*is_ready_async)  (MaltChannel          *self,
                                GCancellable         *cancellable,
                                GAsyncReadyCallback   callback,
                                gpointer              user_data);
  gboolean  (*is_ready_finish) (MaltChannel          *self,
                                GAsyncResult         *result,
                                gboolean             *ready,
                                GError              **error);
  /* Completes when there is something, and leaves it there. */
  void      (*wait_async)      (MaltChannel          *self,
                                GCancellable         *cancellable,
                                GAsyncReadyCallback   callback,
                                gpointer              user_data);
  gboolean  (*wait_finish)     (MaltChannel          *self,
                                GAsyncResult         *result,
                                GError              **error);
  /* Puts fail from then on; what is inside can still be taken, then takes fail, too. To close a
   * closed channel is no error. */
  void      (*close_async)     (MaltChannel          *self,
                                GCancellable         *cancellable,
                                GAsyncReadyCallback   callback,
                                gpointer              user_data);
  gboolean  (*close_finish)    (MaltChannel          *self,
                                GAsyncResult         *result,
                                GError              **error);

  gboolean  (*put)             (MaltChannel          *self,
                                GVariant             *value,
                                GCancellable         *cancellable,
                                GError              **error);
  GVariant *(*take)            (MaltChannel          *self,
                                GCancellable         *cancellable,
                                GError              **error);

  /*< private >*/
  gpointer padding[6];
};

MALT_AVAILABLE_IN_ALL
void      malt_channel_put_async       (MaltChannel           *self,
                                        GVariant              *value,
                                        GCancellable          *cancellable,
                                        GAsyncReadyCallback    callback,
                                        gpointer               user_data);
MALT_AVAILABLE_IN_ALL
gboolean  malt_channel_put_finish      (MaltChannel           *self,
                                        GAsyncResult          *result,
                                        GError               **error);
MALT_AVAILABLE_IN_ALL
gboolean  malt_channel_put             (MaltChannel           *self,
                                        GVariant              *value,
                                        GCancellable          *cancellable,
                                        GError               **error);

MALT_AVAILABLE_IN_ALL
void      malt_channel_take_async      (MaltChannel           *self,
                                        GCancellable          *cancellable,
                                        GAsyncReadyCallback    callback,
                                        gpointer               user_data);
MALT_AVAILABLE_IN_ALL
GVariant *malt_channel_take_finish     (MaltChannel           *self,
                                        GAsyncResult          *result,
                                        GError               **error);
MALT_AVAILABLE_IN_ALL
GVariant *malt_channel_take            (MaltChannel           *self,
                                        GCancellable          *cancellable,
                                        GError               **error);

MALT_AVAILABLE_IN_ALL
void      malt_channel_is_ready_async  (MaltChannel           *self,
                                        GCancellable          *cancellable,
                                        GAsyncReadyCallback    callback,
                                        gpointer               user_data);
MALT_AVAILABLE_IN_ALL
gboolean  malt_channel_is_ready_finish (MaltChannel           *self,
                                        GAsyncResult          *result,
                                        gboolean              *ready,
                                        GError               **error);
MALT_AVAILABLE_IN_ALL
gboolean  malt_channel_is_ready        (MaltChannel           *self,
                                        GCancellable          *cancellable,
                                        gboolean              *ready,
                                        GError               **error);

MALT_AVAILABLE_IN_ALL
void      malt_channel_wait_async      (MaltChannel           *self,
                                        GCancellable          *cancellable,
                                        GAsyncReadyCallback    callback,
                                        gpointer               user_data);
MALT_AVAILABLE_IN_ALL
gboolean  malt_channel_wait_finish     (MaltChannel           *self,
                                        GAsyncResult          *result,
                                        GError               **error);
MALT_AVAILABLE_IN_ALL
gboolean  malt_channel_wait            (MaltChannel           *self,
                                        GCancellable          *cancellable,
                                        GError               **error);

MALT_AVAILABLE_IN_ALL
void      malt_channel_close_async     (MaltChannel           *self,
                                        GCancellable          *cancellable,
                                        GAsyncReadyCallback    callback,
                                        gpointer               user_data);
MALT_AVAILABLE_IN_ALL
gboolean  malt_channel_close_finish    (MaltChannel           *self,
                                        GAsyncResult          *result,
                                        GError               **error);
MALT_AVAILABLE_IN_ALL
gboolean  malt_channel_close           (MaltChannel           *self,
                                        GCancellable          *cancellable,
                                        GError               **error);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-plugin.h>

G_BEGIN_DECLS

#define MALT_TYPE_FAKE_WORKER (malt_fake_worker_get_type ())
#define MALT_TYPE_FAKE_MODE (malt_fake_mode_get_type ())
#define MALT_TYPE_FAKE_FEATURES (malt_fake_features_get_type ())

typedef enum
{
  MALT_FAKE_MODE_RELAY,
  MALT_FAKE_MODE_LINES,
  MALT_FAKE_MODE_STREAM = 7
} MaltFakeMode;

typedef enum /*< flags >*/
{
  MALT_FAKE_FEATURES_NONE = 0,
  MALT_FAKE_FEATURES_FAST = 1 << 0,
  MALT_FAKE_FEATURES_SAFE = 1 << 1
} MaltFakeFeatures;

GType malt_fake_mode_get_type (void);
GType malt_fake_features_get_type (void);

/* A worker that answers by itself, only asynchronously: what every verb does above the interface
 * shows on it. It lacks all that is optional. The functions it knows:
 *   malt.ping       its first argument, () without
 *   malt.eval       its arguments
 *   malt.channel.*  open, put, take, is_ready and wait, of a channel that is never empty or full
 *   fake.kwargs     its kwargs
 *   fake.fail       raises "no luck" of type "fake.error"
 *   fake.progress   reports progress before it answers
 *   fake.thread     whether it was sent with a context that is not the default one
 *   fake.never      waits for the cancellable
 * Its options are one construct property of each kind. */
G_DECLARE_FINAL_TYPE (MaltFakeWorker, malt_fake_worker, MALT, FAKE_WORKER, GObject)

/* Makes "fake" a backend of this process, before all others. */
void            malt_fake_worker_register      (void);

MaltFakeWorker *malt_fake_worker_new           (void);
/* The function of the last post, NULL before. */
const char     *malt_fake_worker_get_last_post (MaltFakeWorker *self);
/* Any option as text, for comparison. (transfer full) */
char           *malt_fake_worker_dup_option    (MaltFakeWorker *self,
                                                const char     *name);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt.h>

/* A file, what the workers found in it, and what sha256sum and wc say. */
typedef struct
{
  char     *path;
  char     *sha256;          /* NULL until a worker has answered */
  guint64   words;
  guint64   bytes;
  char     *expected_sha256;
  guint64   expected_words;
  gboolean  is_ascii;        /* so that wc and we mean the same by a word */
} SurveyFile;

/* survey-files.c */
GPtrArray *survey_find_files    (char      **folders,
                                 guint       max_files);
gboolean   survey_run_reference (GPtrArray  *files,
                                 GError    **error);

/* survey-spread.c: one call of checksum.file and one of text.count for every file, over all the
 * workers. Answers how many calls were answered; those of a worker that ends are given to the
 * others. */
guint      survey_spread        (GPtrArray  *workers,
                                 GPtrArray  *files);

/* survey-mishaps.c: each prints what happened. */
void       survey_evaluate      (MaltAbstractWorker *worker);
void       survey_fail          (MaltAbstractWorker *worker);
void       survey_interrupt     (MaltAbstractWorker *worker);
void       survey_crash         (GPtrArray          *workers,
                                 GPtrArray          *files);

/* survey.c: what must be true. A line is printed for what is not, and the program then fails. */
void       survey_check         (gboolean    is_so,
                                 const char *format,
                                 ...) G_GNUC_PRINTF (2, 3);

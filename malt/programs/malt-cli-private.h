/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt.h>

#include <json-glib/json-glib.h>
#include <stdio.h>

G_BEGIN_DECLS

/* What a script can act on. malt.1 and malt --help say the same; a test compares them. */
typedef enum
{
  MALT_CLI_EXIT_SUCCESS = 0,
  MALT_CLI_EXIT_FAILED = 1,       /* a remote exception, or another failure of the call */
  MALT_CLI_EXIT_USAGE = 2,        /* nothing was tried */
  MALT_CLI_EXIT_START_FAILED = 3,
  MALT_CLI_EXIT_TERMINATED = 4,   /* the worker ended before the call did */
  MALT_CLI_EXIT_TIMED_OUT = 124,  /* as of timeout(1) */
  MALT_CLI_EXIT_INTERRUPTED = 130 /* as of a shell */
} MaltCliExit;

/* The same paragraph in the help of every verb with values. */
#define MALT_CLI_HELP_VALUES                                                                  \
  "An ARGUMENT is a value in GVariant text format (42, int64 42, true, 1.5, 'text', [1, 2],\n" \
  "{'key': <1>}); what cannot be read as one is a string; “@-” is all of standard input.\n"    \
  "“--” ends the options.\n"                                                                   \
  "\n"                                                                                         \
  "The result is printed in the same format. With --json: bytes as Base64 text, integers\n"    \
  "beyond 2^53 as decimal text, NaN and the infinities as the texts NaN, Infinity and\n"       \
  "-Infinity, nothing as null.\n"                                                              \
  "\n"                                                                                         \
  "Ctrl-C interrupts the call; a second one ends the worker.\n"

/* A sub-command. The texts are what its --help shows. */
typedef struct
{
  const char *name;
  const char *parameters;
  const char *summary;
  const char *description; /* examples */
  int       (*run) (int argc, char **argv);
} MaltCliVerb;

extern const MaltCliVerb malt_cli_verb_backends;
extern const MaltCliVerb malt_cli_verb_call;
extern const MaltCliVerb malt_cli_verb_config;
extern const MaltCliVerb malt_cli_verb_conformance;
extern const MaltCliVerb malt_cli_verb_doctor;
extern const MaltCliVerb malt_cli_verb_eval;
extern const MaltCliVerb malt_cli_verb_hosts;
extern const MaltCliVerb malt_cli_verb_map;
extern const MaltCliVerb malt_cli_verb_modules;
extern const MaltCliVerb malt_cli_verb_repl;

/* malt-cli-output.c: what people see. */
gboolean    malt_cli_use_colour          (FILE               *stream);
/* Text in which there is what a worker, a file, a plugin or the command line says: on a terminal it
 * is only shown, see malt_terminal_append(). */
void        malt_cli_print               (FILE               *stream,
                                          const char         *format,
                                          ...) G_GNUC_PRINTF (2, 3);
/* The same for what is logged. */
void        malt_cli_guard_log           (void);
void        malt_cli_print_error         (const GError       *error);
MaltCliExit malt_cli_exit_for_error      (const GError       *error);
/* Right after a write to stdout, which sets errno if it fails. */
void        malt_cli_note_write_error    (gboolean            has_failed);
/* Writes out stdout; what cannot be written makes a success a failure. */
MaltCliExit malt_cli_finish_output       (MaltCliExit         status);

/* malt-cli-progress.c: a bar on a terminal, nothing elsewhere. Main thread, whose context is
 * iterated until the bar is cleared. */
void        malt_cli_print_progress      (double              fraction,
                                          const char         *message);
void        malt_cli_clear_progress      (void);

/* malt-cli-values.c: words of the command line ↔ GVariant. */
gboolean    malt_cli_check_utf8          (const char         *word,
                                          GError            **error);
/* The name of a function; NULL if it is not there. */
gboolean    malt_cli_check_function      (const char         *word,
                                          GError            **error);
GVariant   *malt_cli_parse_argument      (const char         *word,
                                          GError            **error);
GVariant   *malt_cli_parse_arguments     (char              **words,
                                          GError            **error);
GVariant   *malt_cli_fit_arguments       (GVariant           *args,
                                          char              **words,
                                          const GVariantType *signature);
GVariant   *malt_cli_parse_keywords      (char              **words,
                                          GError            **error);
/* The expression itself, or all of standard input for “-”. */
char       *malt_cli_read_expression     (const char         *word,
                                          GError            **error);

/* How a result is written. */
typedef enum
{
  MALT_CLI_FORMAT_TEXT,
  MALT_CLI_FORMAT_TYPED_TEXT, /* with type annotations: can be read back exactly */
  MALT_CLI_FORMAT_JSON
} MaltCliFormat;
/* Nothing is printed as nothing, unless it is to be read by something else than a person. */
void        malt_cli_print_value         (GVariant           *value,
                                          MaltCliFormat       format);

/* malt-cli-json.c: in ASCII where a terminal would act on it. */
char       *malt_cli_node_to_json        (JsonNode           *node,
                                          gboolean            is_pretty);
char       *malt_cli_value_to_json       (GVariant           *value);

/* malt-cli-backends.c */
char      **malt_cli_list_capabilities   (MaltWorkerCapabilities capabilities);

/* malt-cli-backends-json.c */
char       *malt_cli_backends_to_json    (GListModel         *backends,
                                          GHashTable         *failures);

/* malt-cli-config-schema.c: what a configuration may be, with the backends there are. */
char       *malt_cli_make_schema         (void);

/* malt-cli-options.c: --option NAME=VALUE against what a backend takes. */
GVariant   *malt_cli_parse_options       (MaltBackend        *backend,
                                          char              **words,
                                          GError            **error);
char       *malt_cli_describe_option     (GParamSpec         *pspec);

/* malt-cli-worker.c: the options that every verb with a worker has, and the worker itself. */
typedef struct
{
  char    *profile; /* or a backend; NULL: the configured default */
  char   **options;
  int      timeout_ms;
  gboolean no_progress;
  gboolean own_process_group; /* set by the verb */
} MaltCliWorkerOptions;
void        malt_cli_worker_options_clear (MaltCliWorkerOptions *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MaltCliWorkerOptions, malt_cli_worker_options_clear)
/* (transfer full): a{sv}, what is said here besides the profile. */
GVariant   *malt_cli_find_options         (const MaltCliWorkerOptions *options,
                                           GError                    **error);

#define MALT_CLI_TYPE_SESSION (malt_cli_session_get_type ())
G_DECLARE_FINAL_TYPE (MaltCliSession, malt_cli_session, MALT_CLI, SESSION, GObject)

MaltCliSession     *malt_cli_session_new         (const MaltCliWorkerOptions  *options,
                                                  GError                     **error);
/* Starts a worker; another one when the last has ended. */
gboolean            malt_cli_session_start       (MaltCliSession              *self,
                                                  GError                     **error);
/* Whether there is one that has not ended, and was not given up with a second Ctrl-C. */
gboolean            malt_cli_session_has_worker  (MaltCliSession              *self);
/* (transfer none) */
MaltAbstractWorker *malt_cli_session_get_worker  (MaltCliSession              *self);
GVariant           *malt_cli_session_send        (MaltCliSession              *self,
                                                  MaltCall                    *call,
                                                  GError                     **error);
/* The type of the arguments that a function takes, "" for any. (transfer full) */
char               *malt_cli_session_dup_signature (MaltCliSession            *self,
                                                  const char                  *function,
                                                  GError                     **error);
/* Iterates the main context until standard input can be read (TRUE) or Ctrl-C was pressed. */
gboolean            malt_cli_session_wait_input  (MaltCliSession              *self);
void                malt_cli_session_stop        (MaltCliSession              *self);
/* Tells why there is no worker. */
MaltCliExit         malt_cli_fail_start          (const GError                *error);
/* A call from the command line: start, send, print, stop. With the `words` (nullable) of which its
 * arguments were made, they become what the function takes. */
MaltCliExit         malt_cli_run_call            (const MaltCliWorkerOptions  *options,
                                                  MaltCall                    *call,
                                                  char                       **words,
                                                  MaltCliFormat                format);

/* malt-cli-line.c: one line from a person or a pipe. */
typedef enum
{
  MALT_CLI_LINE_READ,
  MALT_CLI_LINE_INTERRUPTED, /* Ctrl-C: what was typed is dropped */
  MALT_CLI_LINE_END          /* Ctrl-D, end of file */
} MaltCliLineStatus;

typedef struct _MaltCliLine MaltCliLine;
MaltCliLine        *malt_cli_line_new            (MaltCliSession              *session);
void                malt_cli_line_free           (MaltCliLine                 *self);
gboolean            malt_cli_line_is_interactive (MaltCliLine                 *self);
/* `line` without its newline. */
MaltCliLineStatus   malt_cli_line_read           (MaltCliLine                 *self,
                                                  const char                  *prompt,
                                                  char                       **line);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltCliLine, malt_cli_line_free)

/* malt-cli-parse.c: the command line of a verb. */
typedef struct
{
  gboolean json;
  gboolean types;
} MaltCliFormatOptions;
MaltCliFormat       malt_cli_format_get          (const MaltCliFormatOptions  *self);

/* Takes the options out of argv and leaves the rest, NULL-terminated, in *positional (transfer
 * full). `worker` and `format` may be NULL for a verb without those options. FALSE: nothing is left
 * to be done but to leave with *status (--help, or a mistake that has been reported). */
gboolean            malt_cli_parse               (const MaltCliVerb           *verb,
                                                  const GOptionEntry          *entries,
                                                  MaltCliWorkerOptions        *worker,
                                                  MaltCliFormatOptions        *format,
                                                  int                          argc,
                                                  char                       **argv,
                                                  char                      ***positional,
                                                  MaltCliExit                 *status);
MaltCliExit         malt_cli_fail_usage          (const MaltCliVerb           *verb,
                                                  const char                  *format,
                                                  ...) G_GNUC_PRINTF (2, 3);

G_END_DECLS

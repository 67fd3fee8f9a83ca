/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-check.h"

#include <glib/gstdio.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Days for which a certificate is to be good, else it is said that it ends soon. */
#define CHECK_SOON_DAYS 14

static void G_GNUC_PRINTF (3, 0)
print_line (const char *name,
            const char *verdict,
            const char *format,
            va_list     arguments)
{
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autoptr (GString) shown = g_string_new (NULL);

  malt_terminal_append (shown, valid, strlen (valid));
  printf ("%-20s %s%s%s\n", name, verdict, *valid != '\0' ? ": " : "", shown->str);
}

void
malt_host_report_ok (MaltHostReport *self,
                     const char     *name,
                     const char     *format,
                     ...)
{
  va_list arguments;

  va_start (arguments, format);
  print_line (name, "ok", format, arguments);
  va_end (arguments);
}

void
malt_host_report_note (MaltHostReport *self,
                       const char     *name,
                       const char     *format,
                       ...)
{
  va_list arguments;

  va_start (arguments, format);
  print_line (name, "note", format, arguments);
  va_end (arguments);
}

void
malt_host_report_failed (MaltHostReport *self,
                         const char     *name,
                         const char     *format,
                         ...)
{
  va_list arguments;

  self->has_failed = TRUE;
  va_start (arguments, format);
  print_line (name, "FAILED", format, arguments);
  va_end (arguments);
}

/* NATS takes the first name for who it is. */
static void
check_name (MaltHostReport  *report,
            GTlsCertificate *certificate)
{
  g_autoptr (GPtrArray) names = g_tls_certificate_get_dns_names (certificate);
  guint n_names = names != NULL ? names->len : 0;

  if (n_names == 1)
    {
      GBytes *name = g_ptr_array_index (names, 0);
      gsize size;
      const char *data = g_bytes_get_data (name, &size);

      malt_host_report_ok (report, "certificate name", "%.*s", (int) size, data);
    }
  else
    malt_host_report_failed (report, "certificate name", "it has %u DNS names, expected one",
                             n_names);
}

static void
check_dates (MaltHostReport  *report,
             GTlsCertificate *certificate)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) soon = g_date_time_add_days (now, CHECK_SOON_DAYS);
  g_autoptr (GDateTime) first = g_tls_certificate_get_not_valid_before (certificate);
  g_autoptr (GDateTime) last = g_tls_certificate_get_not_valid_after (certificate);
  g_autofree char *first_text = first != NULL ? g_date_time_format (first, "%F") : g_strdup ("");
  g_autofree char *last_text = last != NULL ? g_date_time_format (last, "%F") : g_strdup ("");

  if (first != NULL && g_date_time_compare (now, first) < 0)
    malt_host_report_failed (report, "certificate dates", "it is not valid before %s", first_text);
  else if (last != NULL && g_date_time_compare (now, last) > 0)
    malt_host_report_failed (report, "certificate dates", "it has expired on %s", last_text);
  else if (last != NULL && g_date_time_compare (soon, last) > 0)
    malt_host_report_note (report, "certificate dates", "it expires soon, on %s", last_text);
  else
    malt_host_report_ok (report, "certificate dates", "until %s", last_text);
}

static void
check_key_file (MaltHostReport *report,
                const char     *path)
{
  GStatBuf status;

  if (g_stat (path, &status) != 0)
    malt_host_report_failed (report, "key", "%s: %s", path, g_strerror (errno));
  else if ((status.st_mode & S_IRWXO) != 0)
    malt_host_report_failed (report, "key", "%s: anybody can use it, its mode is %04o", path,
                             (guint) status.st_mode & 07777);
  else
    malt_host_report_ok (report, "key", "%s", path);
}

/* Both sides of a handshake with ourselves. */
typedef struct
{
  guint   n_over;
  GError *errors[2]; /* owned */
} Handshake;

static void
on_shaken (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Handshake *handshake = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GIOStream) stream = malt_distributed_tls_finish (result, &error);

  handshake->errors[handshake->n_over++] = g_steal_pointer (&error);
}

/* (transfer full) (nullable) */
static GSocketConnection *
take_socket (int      fd,
             GError **error)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, error);

  if (socket == NULL)
    {
      close (fd);
      return NULL;
    }

  return g_socket_connection_factory_create_connection (socket);
}

/* What is wrong here would be wrong between a manager and us. */
static void
check_handshake (MaltHostReport     *report,
                 MaltDistributedTls *tls)
{
  Handshake handshake = { 0 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GSocketConnection) ours = NULL;
  g_autoptr (GSocketConnection) theirs = NULL;
  g_autoptr (GError) error = NULL;
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    {
      malt_host_report_failed (report, "handshake", "%s", g_strerror (errno));
      return;
    }

  ours = take_socket (fds[0], &error);
  theirs = take_socket (fds[1], error == NULL ? &error : NULL);
  if (error == NULL)
    {
      malt_distributed_tls_accept_async (tls, ours, cancellable, on_shaken, &handshake);
      malt_distributed_tls_connect_async (tls, theirs, malt_distributed_tls_get_fingerprint (tls),
                                          cancellable, on_shaken, &handshake);
      while (handshake.n_over < 2)
        {
          g_main_context_iteration (NULL, TRUE);
          /* The other side has nobody to talk to any more. */
          if (handshake.errors[0] != NULL)
            g_cancellable_cancel (cancellable);
        }
      error = g_steal_pointer (&handshake.errors[0]);
      if (error == NULL)
        error = g_steal_pointer (&handshake.errors[1]);
      g_clear_error (&handshake.errors[1]);
    }

  if (error == NULL)
    malt_host_report_ok (report, "handshake", "certificate, key and authorities belong together");
  else
    malt_host_report_failed (report, "handshake", "with ourselves: %s", error->message);
}

static void
check_tls (MaltHostReport *report,
           MaltHostConfig *config)
{
  MaltDistributedTls *tls = malt_host_config_get_tls (config);
  GTlsCertificate *certificate;

  if (tls == NULL)
    {
      malt_host_report_note (report, "tls",
                             "none, so only this machine is served, and whoever is on it");
      return;
    }

  certificate = malt_distributed_tls_get_certificate (tls);
  check_name (report, certificate);
  check_dates (report, certificate);
  check_key_file (report, malt_distributed_tls_get_key (tls));
  check_handshake (report, tls);
}

int
malt_host_check (const char *path)
{
  MaltHostReport report = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltHostConfig) config =
    path != NULL ? malt_host_config_new_from_file (path, &error)
                 : malt_host_config_new_default (&error);

  if (config == NULL)
    {
      malt_host_report_failed (&report, "configuration", "%s", error->message);
      return EXIT_FAILURE;
    }

  malt_host_report_ok (&report, "configuration", "%s, host “%s”", path != NULL ? path : "no file",
                       malt_host_config_get_host (config));
  check_tls (&report, config);
  malt_host_check_servers (&report, config);

  return report.has_failed || fflush (stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

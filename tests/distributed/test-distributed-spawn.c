/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-line.h"
#include "backends/distributed/malt-distributed-message.h"
#include "backends/distributed/malt-distributed-spawn.h"

#include <malt/malt.h>

#include <string.h>

#define ID "0123456789abcdef0123456789abcdef"
#define SHA256 ID ID

static const guint8 token[MALT_HOST_TOKEN_BYTES] = "0123456789abcdef0123456789abcdef";

static GBytes *
bytes_of (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *message = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);
  GBytes *bytes;

  g_assert_no_error (error);
  bytes = malt_distributed_message_to_bytes (message, &error);
  g_assert_no_error (error);
  g_variant_unref (message);

  return bytes;
}

static void
test_request (void)
{
  g_autoptr (MaltSpawnRequest) request =
    malt_spawn_request_new (ID, "gpu", "lua", 4000,
                            g_variant_new_parsed ("{'arguments': <['a', 'b']>}"));
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = malt_spawn_request_to_bytes (request, &error);
  g_autoptr (MaltSpawnRequest) read = NULL;
  g_autoptr (MaltSpawnRequest) copy = NULL;

  g_assert_no_error (error);
  read = malt_spawn_request_from_bytes (bytes, &error);
  g_assert_no_error (error);
  copy = malt_spawn_request_copy (read);
  g_assert_cmpstr (copy->id, ==, ID);
  g_assert_cmpstr (copy->pool, ==, "gpu");
  g_assert_cmpstr (copy->profile, ==, "lua");
  g_assert_cmpuint (copy->lease_ms, ==, 4000);
  g_assert_cmpvariant (copy->options, request->options);
}

static void
test_request_without_pool (void)
{
  g_autoptr (MaltSpawnRequest) request = malt_spawn_request_new (ID, NULL, "lua", 4000, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = malt_spawn_request_to_bytes (request, &error);
  g_autoptr (MaltSpawnRequest) read = NULL;

  g_assert_no_error (error);
  read = malt_spawn_request_from_bytes (bytes, &error);
  g_assert_no_error (error);
  g_assert_null (read->pool);
  g_assert_cmpuint (g_variant_n_children (read->options), ==, 0);
}

static void
test_request_too_large (void)
{
  g_autofree char *argument = g_strnfill (MALT_DISTRIBUTED_MAX_MESSAGE_BYTES, 'a');
  g_autoptr (MaltSpawnRequest) request =
    malt_spawn_request_new (ID, NULL, "lua", 4000, g_variant_new_parsed ("{'a': <%s>}", argument));
  g_autoptr (GError) error = NULL;

  g_assert_null (malt_spawn_request_to_bytes (request, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_LIMIT);
}

#define REQUEST(id, profile, lease, options) \
  "{'id': <" id ">, 'profile': <" profile ">, 'lease': <" lease ">, 'options': <" options ">}"

static const struct
{
  const char *name;
  const char *message;
  MaltError   code;
} wrong_requests[] = {
  { "empty", "@a{sv} {}", MALT_ERROR_PROTOCOL },
  { "id", REQUEST ("'1'", "'lua'", "uint32 4000", "@a{sv} {}"), MALT_ERROR_PROTOCOL },
  { "id-type", REQUEST ("1", "'lua'", "uint32 4000", "@a{sv} {}"), MALT_ERROR_PROTOCOL },
  { "profile", REQUEST ("'" ID "'", "'../lua'", "uint32 4000", "@a{sv} {}"),
    MALT_ERROR_INVALID_CONFIG },
  { "lease-type", REQUEST ("'" ID "'", "'lua'", "4000", "@a{sv} {}"), MALT_ERROR_PROTOCOL },
  { "lease-short", REQUEST ("'" ID "'", "'lua'", "uint32 1999", "@a{sv} {}"),
    MALT_ERROR_INVALID_CONFIG },
  { "lease-long", REQUEST ("'" ID "'", "'lua'", "uint32 4294967295", "@a{sv} {}"),
    MALT_ERROR_INVALID_CONFIG },
  { "options", REQUEST ("'" ID "'", "'lua'", "uint32 4000", "@a{ss} {}"), MALT_ERROR_PROTOCOL },
  { "pool-type", "{'id': <'" ID "'>, 'profile': <'lua'>, 'lease': <uint32 4000>, "
                 "'options': <@a{sv} {}>, 'pool': <1>}", MALT_ERROR_PROTOCOL },
  { "pool", "{'id': <'" ID "'>, 'profile': <'lua'>, 'lease': <uint32 4000>, "
            "'options': <@a{sv} {}>, 'pool': <'a.b'>}", MALT_ERROR_INVALID_CONFIG },
};

static void
test_wrong_request (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr (GBytes) bytes = bytes_of (wrong_requests[i].message);
  g_autoptr (GError) error = NULL;

  g_assert_null (malt_spawn_request_from_bytes (bytes, &error));
  g_assert_error (error, MALT_ERROR, (int) wrong_requests[i].code);
}

/* Each shorter message is refused. */
static void
test_cut_request (void)
{
  g_autoptr (MaltSpawnRequest) request = malt_spawn_request_new (ID, "gpu", "lua", 4000, NULL);
  g_autoptr (GBytes) bytes = malt_spawn_request_to_bytes (request, NULL);
  gsize size = g_bytes_get_size (bytes);

  for (gsize i = 0; i < size; i++)
    {
      g_autoptr (GBytes) cut = g_bytes_new_from_bytes (bytes, 0, i);
      g_autoptr (GError) error = NULL;

      g_assert_null (malt_spawn_request_from_bytes (cut, &error));
      g_assert_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL);
    }
}

static void
test_long_message (void)
{
  gsize size = MALT_DISTRIBUTED_MAX_MESSAGE_BYTES + 1;
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (size), size);
  g_autoptr (GError) error = NULL;

  g_assert_null (malt_distributed_message_from_bytes (bytes, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL);
}

static const struct
{
  const char *name;
  const char *address;
  guint16     port;
  const char *fingerprint;
} replies[] = {
  { "tls", "192.0.2.1", 40000, SHA256 },
  { "loopback", "::1", 1, NULL },
  { "unix", "unix:/run/malt/socket", 0, NULL },
};

static void
test_reply (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr (MaltSpawnReply) reply =
    malt_spawn_reply_new (replies[i].address, replies[i].port, token, replies[i].fingerprint,
                          "node", 4711);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = malt_spawn_reply_to_bytes (reply, &error);
  g_autoptr (MaltSpawnReply) read = NULL;
  g_autoptr (MaltSpawnReply) copy = NULL;

  g_assert_no_error (error);
  read = malt_spawn_reply_from_bytes (bytes, &error);
  g_assert_no_error (error);
  copy = malt_spawn_reply_copy (read);
  g_assert_cmpstr (copy->address, ==, replies[i].address);
  g_assert_cmpuint (copy->port, ==, replies[i].port);
  g_assert_cmpmem (copy->token, sizeof copy->token, token, sizeof token);
  g_assert_cmpstr (copy->fingerprint, ==, replies[i].fingerprint);
  g_assert_cmpstr (copy->host, ==, "node");
  g_assert_cmpint (copy->pid, ==, 4711);
}

#define TOKEN "b'0123456789abcdef0123456789abcde'"
#define REPLY(address, port, token, host, pid) \
  "{'address': <" address ">, 'port': <uint16 " port ">, 'token': <" token ">, " \
  "'host': <" host ">, 'pid': <" pid ">}"

static const struct
{
  const char *name;
  const char *message;
} wrong_replies[] = {
  { "empty", "@a{sv} {}" },
  { "error-type", "{'error': <'start-failed'>}" },
  { "address", REPLY ("''", "1", TOKEN, "'a'", "1") },
  { "address-escape", REPLY ("'a\\n'", "1", TOKEN, "'a'", "1") },
  { "address-name", REPLY ("'localhost'", "1", TOKEN, "'a'", "1") },
  { "relative-path", REPLY ("'unix:a'", "0", TOKEN, "'a'", "1") },
  { "path-and-port", REPLY ("'unix:/a'", "1", TOKEN, "'a'", "1") },
  { "no-port", REPLY ("'127.0.0.1'", "0", TOKEN, "'a'", "1") },
  { "token", REPLY ("'127.0.0.1'", "1", "b'short'", "'a'", "1") },
  { "host", REPLY ("'127.0.0.1'", "1", TOKEN, "'a\\u001b'", "1") },
  { "pid", REPLY ("'127.0.0.1'", "1", TOKEN, "'a'", "-1") },
  { "fingerprint", "{'address': <'::1'>, 'port': <uint16 1>, 'token': <" TOKEN ">, 'host': <'a'>, "
                   "'pid': <1>, 'fingerprint': <'00'>}" },
};

static void
test_wrong_reply (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr (GBytes) bytes = bytes_of (wrong_replies[i].message);
  g_autoptr (GError) error = NULL;

  g_assert_null (malt_spawn_reply_from_bytes (bytes, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL);
}

static const struct
{
  const char *name;
  MaltError   sent;
  MaltError   received;
} errors[] = {
  { "start-failed", MALT_ERROR_START_FAILED, MALT_ERROR_START_FAILED },
  { "sandbox-unavailable", MALT_ERROR_SANDBOX_UNAVAILABLE, MALT_ERROR_SANDBOX_UNAVAILABLE },
  { "limit", MALT_ERROR_LIMIT, MALT_ERROR_LIMIT },
  { "invalid-config", MALT_ERROR_INVALID_CONFIG, MALT_ERROR_INVALID_CONFIG },
  { "others", MALT_ERROR_INTERRUPTED, MALT_ERROR_START_FAILED },
};

static void
test_error (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr (GError) sent = g_error_new (MALT_ERROR, (int) errors[i].sent, "Nothing “works”");
  g_autoptr (GBytes) bytes = malt_spawn_error_to_bytes (sent);
  g_autoptr (GError) received = NULL;

  g_assert_null (malt_spawn_reply_from_bytes (bytes, &received));
  g_assert_error (received, MALT_ERROR, (int) errors[i].received);
  g_assert_cmpstr (received->message, ==, sent->message);
}

/* What a host says is not taken for what only a manager can know. */
static void
test_strange_error (void)
{
  g_autoptr (GBytes) bytes = bytes_of ("{'error': <('terminated-worker', 'it says')>}");
  g_autoptr (GError) error = NULL;

  g_assert_null (malt_spawn_reply_from_bytes (bytes, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
}

static void
test_long_error (void)
{
  g_autofree char *text = g_strnfill (2 * MALT_DISTRIBUTED_MAX_MESSAGE_BYTES, '\xc3');
  g_autoptr (GError) sent = g_error_new_literal (MALT_ERROR, MALT_ERROR_START_FAILED, text);
  g_autoptr (GBytes) bytes = malt_spawn_error_to_bytes (sent);
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (bytes);
  g_assert_null (malt_spawn_reply_from_bytes (bytes, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static void
test_line (void)
{
  g_autoptr (MaltSpawnRequest) request = malt_spawn_request_new (ID, "gpu", "lua", 4000, NULL);
  g_autoptr (GBytes) bytes = malt_spawn_request_to_bytes (request, NULL);
  g_autofree char *line = malt_distributed_line_new (bytes);
  g_autoptr (GBytes) parsed = malt_distributed_line_parse (g_strchomp (line));
  g_autoptr (GBytes) damaged = NULL;

  g_assert_true (g_bytes_equal (bytes, parsed));
  g_assert_null (malt_distributed_line_parse ("Welcome to this machine"));
  g_assert_null (malt_distributed_line_parse (""));

  line[20] = '!';
  damaged = malt_distributed_line_parse (line);
  g_assert_null (malt_spawn_request_from_bytes (damaged, NULL));
}

static void
add (const char     *group,
     const char     *name,
     gsize           i,
     GTestDataFunc   func)
{
  g_autofree char *path = g_strdup_printf ("/malt/distributed/spawn/%s/%s", group, name);

  g_test_add_data_func (path, GSIZE_TO_POINTER (i), func);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/distributed/spawn/request", test_request);
  g_test_add_func ("/malt/distributed/spawn/request-without-pool", test_request_without_pool);
  g_test_add_func ("/malt/distributed/spawn/request-too-large", test_request_too_large);
  g_test_add_func ("/malt/distributed/spawn/cut-request", test_cut_request);
  g_test_add_func ("/malt/distributed/spawn/long-message", test_long_message);
  g_test_add_func ("/malt/distributed/spawn/strange-error", test_strange_error);
  g_test_add_func ("/malt/distributed/spawn/long-error", test_long_error);
  g_test_add_func ("/malt/distributed/spawn/line", test_line);
  for (gsize i = 0; i < G_N_ELEMENTS (wrong_requests); i++)
    add ("wrong-request", wrong_requests[i].name, i, test_wrong_request);
  for (gsize i = 0; i < G_N_ELEMENTS (replies); i++)
    add ("reply", replies[i].name, i, test_reply);
  for (gsize i = 0; i < G_N_ELEMENTS (wrong_replies); i++)
    add ("wrong-reply", wrong_replies[i].name, i, test_wrong_reply);
  for (gsize i = 0; i < G_N_ELEMENTS (errors); i++)
    add ("error", errors[i].name, i, test_error);

  return g_test_run ();
}

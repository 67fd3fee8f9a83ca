/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "malt-lua-fixture.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

/* ThreadSanitizer holds signals back until the thread is in a function that it knows; a loop of
 * Lua alone is in none. */
#if defined (__SANITIZE_THREAD__)
#define HOLDS_SIGNALS_BACK TRUE
#else
#define HOLDS_SIGNALS_BACK FALSE
#endif

/* From another thread, as soon as the program has said that it runs. */
typedef struct
{
  LuaFixture *fixture;
  guint64     id;      /* to cancel; 0: interrupt the latest one */
  gboolean    insists; /* until it has ended */
  int         is_over; /* atomic */
  GMutex      lock;
  GCond       cond;
  gboolean    is_running;
} Canceller;

static Canceller *waiting_canceller;

static GVariant *
unit_running (MaltInvocation  *invocation,
              GVariant        *args,
              GVariant        *kwargs,
              gpointer         user_data,
              GError         **error)
{
  g_mutex_lock (&waiting_canceller->lock);
  waiting_canceller->is_running = TRUE;
  g_cond_signal (&waiting_canceller->cond);
  g_mutex_unlock (&waiting_canceller->lock);

  return NULL;
}

static gboolean
load_module (MaltModule  *module,
             GError     **error)
{
  malt_module_add_function (module, "running", NULL, 0, unit_running, NULL, NULL);

  return TRUE;
}

static gpointer
run_canceller (gpointer user_data)
{
  Canceller *self = user_data;

  g_mutex_lock (&self->lock);
  while (!self->is_running)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);

  if (self->id != 0)
    malt_runtime_cancel (self->fixture->runtime, self->id);
  else
    malt_runtime_interrupt (self->fixture->runtime, self->fixture->last_id);

  while (self->insists && !g_atomic_int_get (&self->is_over))
    {
      malt_runtime_interrupt (self->fixture->runtime, self->fixture->last_id);
      g_thread_yield ();
    }

  return NULL;
}

/* The program begins with "canceller.running()". */
static LuaResult *
run_cancelled (LuaFixture *fixture,
               const char *expression,
               guint64     id,
               gboolean    insists)
{
  Canceller canceller = { .fixture = fixture, .id = id, .insists = insists };
  GThread *thread;
  LuaResult *result;

  g_mutex_init (&canceller.lock);
  g_cond_init (&canceller.cond);
  waiting_canceller = &canceller;
  thread = g_thread_new ("canceller", run_canceller, &canceller);
  result = lua_start_eval (fixture, "", expression, NULL);
  lua_wait (fixture, result);
  g_atomic_int_set (&canceller.is_over, TRUE);
  g_thread_join (thread);
  g_mutex_clear (&canceller.lock);
  g_cond_clear (&canceller.cond);

  return result;
}

static LuaFixture *
new_fixture (void)
{
  LuaFixture *fixture = lua_fixture_new (NULL, NULL);

  lua_assert_eval (fixture, "import 'canceller' import 'unit' running = canceller.running", "*");

  return fixture;
}

static const struct
{
  const char *program;
  gboolean    computes; /* in Lua alone */
} programs[] = {
  { "while true do end", TRUE },
  { "for i = 1, math.maxinteger do local x = i * 2.5 end", TRUE },
  { "while true do pcall(function() while true do end end) end", TRUE },
  { "while true do xpcall(function() while true do end end, function() return 'swallowed' end) "
    "end", TRUE },
  { "xpcall(error, function() while true do end end)", TRUE },
  { "coroutine.wrap(function() while true do end end)()", TRUE },
  { "coroutine.wrap(function() pcall(function() while true do end end) end)()", TRUE },
  { "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
    TRUE },
  { "while true do coroutine.wrap(function() for i = 1, 10 do coroutine.yield(i) end end)() end",
    TRUE },
  { "coroutine.wrap(function() coroutine.wrap(function() while true do end end)() end)()", TRUE },
  { "while true do pcall(coroutine.wrap(function() while true do end end)) end", TRUE },
  { "malt.sleep(1e6)", FALSE },
  { "pcall(malt.sleep, 1e6)", FALSE },
  { "while true do pcall(malt.sleep, 1e6) end", FALSE },
  { "coroutine.wrap(function() malt.sleep(1e6) end)()", FALSE },
  { "coroutine.wrap(function() coroutine.wrap(function() malt.sleep(1e6) end)() end)()", FALSE },
  { "while true do malt.sleep(0) end", FALSE },
  { "while true do malt.yield() end", FALSE },
  { "while true do coroutine.yield() end", FALSE },
  { "coroutine.wrap(function() while true do malt.yield() end end)()", FALSE },
  { "unit.spin()", FALSE },
  { "pcall(unit.spin) while true do end", FALSE },
  { "unit.slow_spin()", FALSE },
  { "while true do unit.nothing() end", FALSE },
  { "while true do unit.slow_add(1, 2) end", FALSE },
  { "table.sort({5, 4, 3, 2, 1}, function() while true do end end)", TRUE },
  { "coroutine.wrap(function() table.sort({3, 2, 1}, function() while true do end end) end)()",
    TRUE },
  { "local t = setmetatable({}, {__index = function() while true do end end}) return t.x", TRUE },
  { "('x'):gsub('.', function() while true do end end)", TRUE },
  { "error(setmetatable({}, {__tostring = function() while true do end end}))", TRUE },
  { "load('while true do end')()", TRUE },
  { "load(function() while true do end end)", TRUE },
  { "while true do local t = {} for i = 1, 100 do t[i] = {} end end", FALSE },
  { "while true do setmetatable({}, {__gc = function() end}) end", FALSE },
  { "while true do local s = ('x'):rep(1000) end", FALSE },
  { "local x <close> = setmetatable({}, {__close = function() while true do end end}) while true "
    "do end",
    TRUE },
  { "local x <close> = setmetatable({}, {__close = function() error('mine') end}) while true do "
    "end", TRUE },
  { "local x <close> = setmetatable({}, {__close = function() malt.sleep(1e6) end}) while true "
    "do end",
    TRUE },
  { "local x <close> = setmetatable({}, {__close = function() while true do end end}) "
    "malt.sleep(1e6)",
    TRUE },
  { "pcall(function() local x <close> = setmetatable({}, {__close = function() error('mine') end}) "
    "while true do end end) while true do end", TRUE },
  { "coroutine.wrap(function() local x <close> = setmetatable({}, {__close = function() "
    "while true do end end}) while true do end end)()", TRUE },
  { "local c = coroutine.create(function() local x <close> = setmetatable({}, {__close = "
    "function() "
    "while true do end end}) coroutine.yield() end) coroutine.resume(c) coroutine.close(c)", TRUE },
  { "os.execute('sleep 1000')", FALSE },
  { "pcall(os.execute, 'sleep 1000')", FALSE },
  { "io.popen('sleep 1000'):read('a')", FALSE },
  { "for l in io.popen('yes'):lines() do end", FALSE },
  { "io.popen('sleep 1000'):close()", FALSE },
};

/* `expression` calls running(). */
static void
check_interrupted (LuaFixture *fixture,
                   const char *expression)
{
  g_autoptr (LuaResult) result = NULL;
  g_autofree char *text = NULL;

  g_test_message ("%s", expression);
  result = run_cancelled (fixture, expression, 0, FALSE);
  text = lua_result_to_string (result);
  lua_check_text (G_STRLOC, expression, text, "InterruptException: *");
  g_assert_error (result->error, MALT_ERROR, MALT_ERROR_INTERRUPTED);
  lua_check_text (G_STRLOC, expression, malt_error_get_remote_traceback (result->error),
                  "stack traceback:\n\t*");
}

static void
test_programs (void)
{
  g_autoptr (LuaFixture) fixture = new_fixture ();

  g_test_summary ("Whatever it does, it ends, and the next call is answered");

  for (guint i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      g_autofree char *expression = g_strconcat ("running(); ", programs[i].program, NULL);

      if (HOLDS_SIGNALS_BACK && programs[i].computes)
        continue;

      /* Twice, and with what the first left behind. */
      check_interrupted (fixture, expression);
      check_interrupted (fixture, expression);
      lua_assert_eval (fixture, "1 + 1", "int64 2");
    }
}

static void
test_cleanup (void)
{
  static const char *const with_handler[] = {
    "%s running() while true do end",
    "%s running() malt.sleep(1e6)",
    "coroutine.wrap(function() %s running() while true do end end)()",
    "coroutine.wrap(function() %s running() malt.sleep(1e6) end)()",
    "pcall(function() %s running() while true do end end)",
    "table.sort({1, 2}, function() %s running() while true do end end)",
  };
  const char *handler = "local x <close> = setmetatable({}, {__close = function() "
                        "local t = {} for i = 1, 1000 do t[i] = tostring(i) end closed = closed "
                        "+ 1 end})";
  g_autoptr (LuaFixture) fixture = new_fixture ();

  g_test_summary ("Handlers that clean up run to their end, once");

  if (HOLDS_SIGNALS_BACK)
    {
      g_test_skip ("ThreadSanitizer holds signals back");
      return;
    }

  lua_assert_eval (fixture, "closed = 0", "int64 0");
  for (guint i = 0; i < G_N_ELEMENTS (with_handler); i++)
    {
      g_auto (GStrv) parts = g_strsplit (with_handler[i], "%s", 2);
      g_autofree char *program = g_strconcat (parts[0], handler, parts[1], NULL);
      g_autofree char *expected = g_strdup_printf ("int64 %u", i + 1);

      check_interrupted (fixture, program);
      lua_assert_eval (fixture, "closed", expected);
    }
}

static void
test_traceback (void)
{
  g_autoptr (LuaFixture) fixture = new_fixture ();
  g_autoptr (LuaResult) result = NULL;

  result = lua_start_eval (fixture, "",
                           "\n"
                           "local function nap() malt.sleep(1e6) end\n"
                           "local it = coroutine.wrap(function()\n"
                           "  nap()\n"
                           "end)\n"
                           "pcall(it)", NULL);
  malt_runtime_interrupt (fixture->runtime, result->id);
  lua_wait (fixture, result);
  g_assert_cmpstr (malt_error_get_remote_traceback (result->error), ==,
                   "stack traceback:\n"
                   "\t[C]: in function 'malt.sleep'\n"
                   "\tMain#2:2: in upvalue 'nap'\n"
                   "\tMain#2:4: in function <Main#2:3>\n"
                   "resumed from:\n"
                   "stack traceback:\n"
                   "\t[C]: in ?\n"
                   "\t[C]: in global 'pcall'\n"
                   "\tMain#2:6: in main chunk");
}

static void
test_blocking_read (void)
{
  g_autoptr (LuaFixture) fixture = new_fixture ();
  g_autoptr (LuaResult) result = NULL;
  int old_stdin = dup (STDIN_FILENO);
  int pipe_fds[2];

  g_assert_cmpint (pipe (pipe_fds), ==, 0);
  g_assert_cmpint (dup2 (pipe_fds[0], STDIN_FILENO), ==, STDIN_FILENO);

  /* A signal that comes before the read has begun leaves it alone: whoever means it asks again. */
  result = run_cancelled (fixture, "running(); io.read() while true do end", 0, TRUE);
  g_assert_error (result->error, MALT_ERROR, MALT_ERROR_INTERRUPTED);

  g_assert_cmpint (dup2 (old_stdin, STDIN_FILENO), ==, STDIN_FILENO);
  close (old_stdin);
  close (pipe_fds[0]);
  close (pipe_fds[1]);
}

static void
test_targeted (void)
{
  g_autoptr (LuaFixture) fixture = new_fixture ();
  g_autoptr (LuaResult) sleeping = lua_start_eval (fixture, "", "malt.sleep(1e6)", NULL);
  g_autoptr (LuaResult) computing = NULL;

  g_test_summary ("Cancelling one that waits leaves the one that runs alone, signals included");

  computing = run_cancelled (fixture,
                             "running() local n = 0 for i = 1, 3000000 do n = n + 1 end return n",
                             sleeping->id, FALSE);
  lua_assert_text (lua_result_to_string (computing), "int64 3000000");
  lua_wait (fixture, sleeping);
  g_assert_error (sleeping->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  lua_check_text (G_STRLOC, "", sleeping->error->message, "~in function 'malt.sleep'");
}

static void
test_late_signals (void)
{
  g_autoptr (LuaFixture) fixture = new_fixture ();

  g_test_summary ("A signal without a reason hits nobody");

  for (guint i = 0; i < 100; i++)
    {
      raise (SIGURG);
      lua_assert_eval (fixture, "local n = 0 for i = 1, 1000 do n = n + 1 end return n",
                       "int64 1000");
    }
}

static void
test_waiting (void)
{
  g_autoptr (LuaFixture) fixture = new_fixture ();
  g_autoptr (LuaResult) first = lua_start_eval (fixture, "", "malt.sleep(1e6)", NULL);
  g_autoptr (LuaResult) second = lua_start_eval (fixture, "", "malt.sleep(1e6)", NULL);

  g_test_summary ("An interrupt is for the latest, and the one after it for the one before");

  malt_runtime_interrupt (fixture->runtime, second->id);
  lua_wait (fixture, second);
  g_assert_error (second->error, MALT_ERROR, MALT_ERROR_INTERRUPTED);
  g_assert_cmpuint (first->n_answers, ==, 0);
  malt_runtime_interrupt (fixture->runtime, second->id);
  lua_wait (fixture, first);
  g_assert_error (first->error, MALT_ERROR, MALT_ERROR_INTERRUPTED);
}

static void
test_before_start (void)
{
  g_autoptr (LuaFixture) fixture = new_fixture ();
  g_autoptr (LuaResult) result = NULL;

  lua_assert_eval (fixture, "started = false", "false");
  malt_runtime_interrupt (fixture->runtime, fixture->last_id + 1);
  result = lua_start_eval (fixture, "", "started = true", NULL);
  lua_wait (fixture, result);
  g_assert_error (result->error, MALT_ERROR, MALT_ERROR_INTERRUPTED);
  lua_assert_eval (fixture, "started", "false");
}

static void
test_timeout (void)
{
  g_autoptr (LuaFixture) fixture = new_fixture ();
  const LuaCallOptions options = { .timeout_ms = 20 };
  const LuaCallOptions longer = { .timeout_ms = 200 }; /* it has begun by then */
  g_autoptr (LuaResult) computing = NULL;
  g_autoptr (LuaResult) waiting = lua_start_eval (fixture, "", "malt.sleep(1e6)", &options);

  lua_wait (fixture, waiting);
  g_assert_error (waiting->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  if (!HOLDS_SIGNALS_BACK)
    {
      computing = lua_start_eval (fixture, "", "while true do pcall(function() while true do end "
                                  "end) end",
                                  &longer);
      lua_wait (fixture, computing);
      g_assert_error (computing->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      lua_check_text (G_STRLOC, "", computing->error->message, "~Main#");
    }
}

static void
test_stop (void)
{
  g_autoptr (LuaFixture) fixture = new_fixture ();
  g_autoptr (LuaResult) first = lua_start_eval (fixture, "", "malt.sleep(1e6)", NULL);
  g_autoptr (LuaResult) second = lua_start_eval (fixture, "", "malt.sleep(1e6)", NULL);

  malt_runtime_stop (fixture->runtime);
  lua_wait (fixture, first);
  lua_wait (fixture, second);
  g_assert_error (first->error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_error (second->error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
}

static void
test_closed_while_waiting (void)
{
  g_autoptr (LuaFixture) fixture = new_fixture ();
  g_autoptr (LuaResult) sleeping = lua_start_eval (fixture, "", "malt.sleep(1e6)", NULL);
  g_autoptr (LuaResult) calling = lua_start_eval (fixture, "", "unit.slow_spin()", NULL);
  g_autoptr (LuaResult) yielding = lua_start_eval (fixture, "", "while true do malt.yield() end",
                                                   NULL);
  g_autoptr (LuaResult) spawning = lua_start_eval (fixture, "", "malt.spawn(malt.sleep, 1e6)",
                                                   NULL);
  g_autoptr (LuaResult) executing = lua_start_eval (fixture, "", "os.execute('sleep 1000')", NULL);

  g_test_summary ("The evaluator ends with requests in every kind of wait");

  g_clear_pointer (&fixture, lua_fixture_free);
  g_assert_cmpuint (sleeping->n_answers, ==, 1);
  g_assert_cmpuint (calling->n_answers, ==, 1);
  g_assert_cmpuint (yielding->n_answers, ==, 1);
  g_assert_cmpuint (spawning->n_answers, ==, 1);
  g_assert_cmpuint (executing->n_answers, ==, 1);
}

static volatile sig_atomic_t n_chained;

static void
on_chained (int signum)
{
  n_chained++;
}

static void
test_chain (void)
{
  struct sigaction action = { .sa_handler = on_chained };
  g_autoptr (LuaFixture) fixture = NULL;

  g_test_summary ("A handler that was there before still has the signals that are not ours");

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, 0);
      g_test_trap_assert_passed ();
      return;
    }

  sigaction (SIGURG, &action, NULL);
  fixture = new_fixture ();
  raise (SIGURG);
  g_assert_cmpint (n_chained, ==, 1);
  if (!HOLDS_SIGNALS_BACK)
    check_interrupted (fixture, "running() while true do end");
  raise (SIGURG);
  g_assert_cmpint (n_chained, ==, 2);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  malt_register_static_module ("canceller", load_module);

  g_test_add_func ("/malt/lua/interrupt/programs", test_programs);
  g_test_add_func ("/malt/lua/interrupt/cleanup", test_cleanup);
  g_test_add_func ("/malt/lua/interrupt/traceback", test_traceback);
  g_test_add_func ("/malt/lua/interrupt/blocking-read", test_blocking_read);
  g_test_add_func ("/malt/lua/interrupt/targeted", test_targeted);
  g_test_add_func ("/malt/lua/interrupt/late-signals", test_late_signals);
  g_test_add_func ("/malt/lua/interrupt/waiting", test_waiting);
  g_test_add_func ("/malt/lua/interrupt/before-start", test_before_start);
  g_test_add_func ("/malt/lua/interrupt/timeout", test_timeout);
  g_test_add_func ("/malt/lua/interrupt/stop", test_stop);
  g_test_add_func ("/malt/lua/interrupt/closed-while-waiting", test_closed_while_waiting);
  g_test_add_func ("/malt/lua/interrupt/chain", test_chain);

  return g_test_run ();
}

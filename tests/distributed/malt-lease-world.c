/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/distributed/malt-lease-world.h"

#include "backends/distributed/malt-distributed-lease.h"
#include "tests/distributed/malt-lease-peer.h"
#include "tests/distributed/malt-lease-queue.h"

#define MSEC G_TIME_SPAN_MILLISECOND
#define BEAT_USEC (MALT_LEASE_BEAT_MSEC * MSEC)
#define MARGIN_USEC (MALT_LEASE_MARGIN_MSEC * MSEC)

/* How late the timers are: of beats, and of a manager's lease; of a host's lease, just less than
 * what the property promises to bear, which clocks that drift take the rest of. */
#define WORLD_MAX_LATE_USEC (50 * MSEC)
#define WORLD_MAX_LATE_KILL_USEC (990 * MSEC)

/* How long a manager waits for a worker. */
#define WORLD_SPAWN_TIMEOUT_USEC (5 * G_USEC_PER_SEC)

/* Messages of a hundred that come twice, and how much later. */
#define WORLD_REPEATED_PERCENT 2
#define WORLD_MAX_REPEATED_USEC (5 * G_USEC_PER_SEC)

/* The mean time between two faults of a machine. */
#define WORLD_NETWORK_FAULT_USEC (90.0 * G_USEC_PER_SEC)
#define WORLD_MACHINE_FAULT_USEC (240.0 * G_USEC_PER_SEC)

enum
{
  /* Of a host. */
  EVENT_OPEN,
  EVENT_BEAT,
  EVENT_ECHOED,
  EVENT_KILL,
  /* Of a manager. */
  EVENT_SPAWN,
  EVENT_OPENED,
  EVENT_SPAWN_TIMEOUT,
  EVENT_BEAT_CAME,
  EVENT_GIVE_UP,
  /* Of nobody. */
  EVENT_NETWORK_FAULT,
  EVENT_MACHINE_FAULT
};

/* One life of a worker; its manager starts another when it is lost. */
typedef struct
{
  LeasePeer        *host;
  LeasePeer        *manager;
  MaltHostLease     host_lease;
  MaltManagerLease  manager_lease;
  gboolean          is_alive;
  gboolean          is_wanted;       /* by the manager */
  gboolean          is_kept;         /* the manager has got it */
  gint64            died_at;
  gboolean          died_with_host;
  gint64            given_up_at;     /* 0: it was not, or was dead by then */
  gint64            manager_died_at; /* 0: it has not */
  gint64            last_beat_due;   /* when the last of its beats comes */
} LeaseSession;

typedef struct
{
  const LeasePlan *plan;
  LeaseResult     *result;
  GRand           *rand;
  GArray          *queue;
  LeasePeer       *hosts;
  LeasePeer       *managers;
  GPtrArray       *sessions; /* of owned LeaseSession */
  gint64           now;
} LeaseWorld;

static void
plan_event (LeaseWorld *self,
            gint64      at,
            guint       kind,
            gpointer    subject,
            guint64     number)
{
  LeaseEvent event = { .at = at, .kind = kind, .subject = subject, .number = number };

  lease_queue_put (self->queue, event);
}

static gint64
draw_time (LeaseWorld *self,
           gint64      most)
{
  return g_rand_int_range (self->rand, 0, (gint32) most);
}

/* Returns when it comes, −1 for never. */
static gint64
send_message (LeaseWorld      *self,
              const LeasePeer *from,
              const LeasePeer *to,
              guint            kind,
              LeaseSession    *session,
              guint64          number)
{
  gint64 delay = draw_time (self, self->plan->max_delay_ms * MSEC);
  gint64 at = lease_peer_send (from, to, self->now, delay, self->rand);

  if (at < 0)
    return at;

  plan_event (self, at, kind, session, number);
  if (!self->plan->is_calm && g_rand_int_range (self->rand, 0, 100) < WORLD_REPEATED_PERCENT)
    plan_event (self, at + draw_time (self, WORLD_MAX_REPEATED_USEC), kind, session, number);

  return at;
}

static gboolean
host_counts_sleep (const LeaseWorld *self)
{
  return self->plan->mutant != LEASE_MUTANT_MONOTONIC;
}

static gint64
get_host_time (const LeaseWorld   *self,
               const LeaseSession *session)
{
  return lease_peer_get_time (session->host, self->now, host_counts_sleep (self));
}

static gint64
get_manager_time (const LeaseWorld   *self,
                  const LeaseSession *session)
{
  return lease_peer_get_time (session->manager, self->now, FALSE);
}

/* By how much it gives up too early. */
static gint64
get_hurry (const LeaseWorld *self)
{
  return self->plan->mutant == LEASE_MUTANT_NO_MARGIN ? MARGIN_USEC : 0;
}

static void
plan_kill (LeaseWorld   *self,
           LeaseSession *session)
{
  gint64 at = lease_peer_get_moment (session->host,
                                     malt_host_lease_get_deadline (&session->host_lease),
                                     host_counts_sleep (self));

  plan_event (self, MAX (at, self->now) + 1 + draw_time (self, WORLD_MAX_LATE_KILL_USEC),
              EVENT_KILL, session, 0);
}

static void
plan_give_up (LeaseWorld   *self,
              LeaseSession *session)
{
  gint64 deadline = malt_manager_lease_get_deadline (&session->manager_lease) - get_hurry (self);
  gint64 at = lease_peer_get_moment (session->manager, deadline, FALSE);

  plan_event (self, MAX (at, self->now) + 1 + draw_time (self, WORLD_MAX_LATE_USEC), EVENT_GIVE_UP,
              session, 0);
}

/* The worker ends; what a manager that had given it up, or had died, has to say to that. */
static void
end_life (LeaseWorld   *self,
          LeaseSession *session)
{
  const LeasePeer *host = session->host;
  gint64 last_moment = session->manager_died_at + self->plan->lease_ms * MSEC
                       + WORLD_MAX_LATE_KILL_USEC + 10 * MSEC;

  session->is_alive = FALSE;
  session->died_at = self->now;
  g_ptr_array_remove_fast (session->host->sessions, session);

  if (session->given_up_at > 0)
    {
      gint64 ran_from = MAX (session->given_up_at, host->awake_at);

      self->result->n_late_wakes += self->now > host->late_until;
      if (host->machine == LEASE_MACHINE_SUSPENDED)
        self->result->longest_resumed = MAX (self->result->longest_resumed, self->now - ran_from);
      else
        self->result->longest_frozen =
          MAX (self->result->longest_frozen, self->now - session->given_up_at);
    }
  if (session->manager_died_at > 0 && session->is_kept)
    self->result->n_late_kills += self->now > MAX (last_moment, host->late_until);
}

/* Asked before anything else, as a host has to. */
static gboolean
host_kills (LeaseWorld   *self,
            LeaseSession *session)
{
  if (!malt_host_lease_is_over (&session->host_lease, get_host_time (self, session)))
    return FALSE;

  self->result->n_killed += session->is_kept;
  end_life (self, session);

  return TRUE;
}

static void
on_open (LeaseWorld   *self,
         LeaseSession *session)
{
  /* Twice: a token counts once. */
  if (session->is_alive || session->died_at > 0)
    return;

  session->is_alive = TRUE;
  g_ptr_array_add (session->host->sessions, session);
  malt_host_lease_init (&session->host_lease, self->plan->lease_ms * MSEC,
                        get_host_time (self, session));
  send_message (self, session->host, session->manager, EVENT_OPENED, session, 0);
  plan_event (self, self->now, EVENT_BEAT, session, 0);
  plan_kill (self, session);
}

static void
on_beat (LeaseWorld   *self,
         LeaseSession *session)
{
  guint64 number = malt_host_lease_beat (&session->host_lease, get_host_time (self, session));
  gint64 due =
    send_message (self, session->host, session->manager, EVENT_BEAT_CAME, session, number);

  g_assert_cmpuint (number, >, 0);
  session->last_beat_due = MAX (session->last_beat_due, due);
  plan_event (self, self->now + BEAT_USEC + draw_time (self, WORLD_MAX_LATE_USEC), EVENT_BEAT,
              session, 0);
}

static void
on_echoed (LeaseWorld   *self,
           LeaseSession *session,
           guint64       number)
{
  gint64 now = get_host_time (self, session);

  g_assert_true (malt_host_lease_echo (&session->host_lease, number, now));
  if (self->plan->mutant == LEASE_MUTANT_FROM_ECHO)
    session->host_lease.deadline = now + session->host_lease.lease_us;
}

static void
on_host_event (LeaseWorld       *self,
               const LeaseEvent *event)
{
  LeaseSession *session = event->subject;

  if (event->kind == EVENT_OPEN)
    on_open (self, session);
  else if (!session->is_alive || host_kills (self, session))
    return;
  else if (event->kind == EVENT_BEAT)
    on_beat (self, session);
  else if (event->kind == EVENT_ECHOED)
    on_echoed (self, session, event->number);
  else
    plan_kill (self, session);
}

static void
abandon (LeaseWorld   *self,
         LeaseSession *session)
{
  session->is_wanted = FALSE;
  g_ptr_array_remove_fast (session->manager->sessions, session);
  plan_event (self, self->now, EVENT_SPAWN, session->manager, 0);
}

static void
on_spawn (LeaseWorld *self,
          LeasePeer  *manager)
{
  LeaseSession *session = g_new0 (LeaseSession, 1);

  session->manager = manager;
  session->host = &self->hosts[g_rand_int_range (self->rand, 0, (gint32) self->plan->n_hosts)];
  session->is_wanted = TRUE;
  g_ptr_array_add (self->sessions, session);
  g_ptr_array_add (manager->sessions, session);
  self->result->n_spawned++;
  send_message (self, manager, session->host, EVENT_OPEN, session, 0);
  plan_event (self, self->now + WORLD_SPAWN_TIMEOUT_USEC, EVENT_SPAWN_TIMEOUT, session, 0);
}

static void
on_opened (LeaseWorld   *self,
           LeaseSession *session)
{
  session->is_kept = TRUE;
  self->result->n_kept++;
  malt_manager_lease_init (&session->manager_lease, self->plan->lease_ms * MSEC,
                           get_manager_time (self, session));
  plan_give_up (self, session);
}

/* The worker ought to be dead by now. */
static void
check_that_it_is_dead (LeaseWorld   *self,
                       LeaseSession *session)
{
  if (!session->is_alive)
    return;

  session->given_up_at = self->now;
  if (self->now >= session->host->late_until)
    self->result->n_two_lives++;
  else if (session->host->machine == LEASE_MACHINE_FROZEN)
    self->result->n_frozen++;
}

/* How long it took, when nothing but the death of the host was in the way of knowing. */
static void
measure_loss (LeaseWorld   *self,
              LeaseSession *session)
{
  gint64 took = self->now - session->died_at;
  gint64 most = self->plan->lease_ms * MSEC + MARGIN_USEC + BEAT_USEC;

  if (session->is_alive || !session->died_with_host
      || session->last_beat_due > session->died_at + self->plan->max_delay_ms * MSEC
      || session->manager->late_until > session->died_at)
    return;

  g_array_append_val (self->result->losses, took);
  self->result->n_late_losses += took > most;
}

static gboolean
manager_gives_up (LeaseWorld   *self,
                  LeaseSession *session)
{
  gint64 now = get_manager_time (self, session) + get_hurry (self);

  if (!malt_manager_lease_is_over (&session->manager_lease, now))
    return FALSE;

  self->result->n_lost++;
  check_that_it_is_dead (self, session);
  measure_loss (self, session);
  abandon (self, session);

  return TRUE;
}

static void
on_beat_came (LeaseWorld   *self,
              LeaseSession *session,
              guint64       number)
{
  if (malt_manager_lease_beat (&session->manager_lease, number, get_manager_time (self, session)))
    send_message (self, session->manager, session->host, EVENT_ECHOED, session, number);
}

static void
on_manager_event (LeaseWorld       *self,
                  const LeaseEvent *event)
{
  LeaseSession *session = event->subject;

  if (!session->is_wanted)
    return;

  if (!session->is_kept && event->kind == EVENT_SPAWN_TIMEOUT)
    {
      abandon (self, session);
      return;
    }

  /* The answer stands before the first beat in their stream. */
  if (!session->is_kept)
    on_opened (self, session);
  if (manager_gives_up (self, session))
    return;
  if (event->kind == EVENT_BEAT_CAME)
    on_beat_came (self, session, event->number);
  else if (event->kind == EVENT_GIVE_UP)
    plan_give_up (self, session);
}

static void
plan_fault (LeaseWorld *self,
            guint       kind,
            LeasePeer  *peer,
            gint64      from,
            gint64      mean)
{
  gint64 wait = lease_random (self->rand, mean / 10, mean * 2);

  plan_event (self, from + wait, kind, peer, 0);
}

static void
on_network_fault (LeaseWorld *self,
                  LeasePeer  *peer)
{
  lease_peer_break_network (peer, self->now, self->rand);
  self->result->n_network_faults++;
  plan_fault (self, EVENT_NETWORK_FAULT, peer, peer->network_end, WORLD_NETWORK_FAULT_USEC);
}

static void
on_machine_fault (LeaseWorld *self,
                  LeasePeer  *peer)
{
  lease_peer_break_machine (peer, self->now, self->rand);
  self->result->n_machine_faults++;
  plan_fault (self, EVENT_MACHINE_FAULT, peer, peer->late_until, WORLD_MACHINE_FAULT_USEC);

  while (peer->machine == LEASE_MACHINE_DEAD && peer->sessions->len > 0)
    {
      LeaseSession *session = g_ptr_array_index (peer->sessions, 0);

      if (session->host == peer)
        {
          session->died_with_host = TRUE;
          end_life (self, session);
        }
      else
        {
          session->manager_died_at = self->now;
          abandon (self, session);
        }
    }
}

/* Whose program has to run for this; NULL: nobody's. */
static const LeasePeer *
get_actor (const LeaseEvent *event)
{
  LeaseSession *session = event->subject;

  if (event->kind >= EVENT_NETWORK_FAULT)
    return NULL;
  if (event->kind == EVENT_SPAWN)
    return event->subject;

  return event->kind < EVENT_SPAWN ? session->host : session->manager;
}

static void
run_event (LeaseWorld       *self,
           const LeaseEvent *event)
{
  const LeasePeer *actor = get_actor (event);

  self->now = event->at;
  if (actor != NULL && self->now < actor->late_until)
    {
      gboolean is_lost = actor->machine == LEASE_MACHINE_DEAD && event->kind != EVENT_SPAWN;

      if (!is_lost)
        plan_event (self, actor->late_until, event->kind, event->subject, event->number);
      return;
    }

  self->result->n_events++;
  if (event->kind < EVENT_SPAWN)
    on_host_event (self, event);
  else if (event->kind == EVENT_SPAWN)
    on_spawn (self, event->subject);
  else if (event->kind < EVENT_NETWORK_FAULT)
    on_manager_event (self, event);
  else if (event->kind == EVENT_NETWORK_FAULT)
    on_network_fault (self, event->subject);
  else
    on_machine_fault (self, event->subject);
}

static void
make_peer (LeaseWorld *self,
           LeasePeer  *peer)
{
  lease_peer_init (peer, self->rand);
  if (self->plan->is_calm)
    return;

  plan_fault (self, EVENT_NETWORK_FAULT, peer, 0, WORLD_NETWORK_FAULT_USEC);
  plan_fault (self, EVENT_MACHINE_FAULT, peer, 0, WORLD_MACHINE_FAULT_USEC);
}

static gint
compare_times (gconstpointer a,
               gconstpointer b)
{
  gint64 first = *(const gint64 *) a;
  gint64 second = *(const gint64 *) b;

  return (first > second) - (first < second);
}

void
lease_plan_run (const LeasePlan *plan,
                LeaseResult     *result)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (plan->seed);
  g_autoptr (GArray) queue = lease_queue_new ();
  g_autofree LeasePeer *hosts = g_new0 (LeasePeer, plan->n_hosts);
  g_autofree LeasePeer *managers = g_new0 (LeasePeer, plan->n_managers);
  g_autoptr (GPtrArray) sessions = g_ptr_array_new_with_free_func (g_free);
  LeaseWorld self = {
    .plan = plan, .result = result, .rand = rand, .queue = queue,
    .hosts = hosts, .managers = managers, .sessions = sessions,
  };

  *result = (LeaseResult) { .losses = g_array_new (FALSE, FALSE, sizeof (gint64)) };
  for (guint i = 0; i < plan->n_hosts; i++)
    make_peer (&self, &hosts[i]);
  for (guint i = 0; i < plan->n_managers; i++)
    make_peer (&self, &managers[i]);
  for (guint i = 0; i < plan->n_hosts; i++)
    plan_event (&self, draw_time (&self, G_USEC_PER_SEC), EVENT_SPAWN,
                &managers[i % plan->n_managers], 0);

  while (self.now < plan->seconds * G_USEC_PER_SEC)
    {
      LeaseEvent event = lease_queue_take (queue);

      run_event (&self, &event);
    }

  g_array_sort (result->losses, compare_times);
  for (guint i = 0; i < plan->n_hosts; i++)
    lease_peer_clear (&hosts[i]);
  for (guint i = 0; i < plan->n_managers; i++)
    lease_peer_clear (&managers[i]);
}

void
lease_result_clear (LeaseResult *self)
{
  g_clear_pointer (&self->losses, g_array_unref);
}

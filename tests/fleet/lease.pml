// The lease protocol of mocap-fleet (tools/fleet/lease.h and member.h) as a model for spin: two
// workers, one stream, the bucket of a cluster, and a subscriber. Over all interleavings,
//   - never two accepted owners: no two workers may publish at one time, and, with -DRECORDS, no
//     record of an older owner is accepted after one of a newer owner (assertions);
//   - an orphan is taken while a machine has room: unless both workers are stopped, the stream is
//     published again and again (ltl live, with -DLIVE).
//
// A worker may be stopped at any point and woken at any later one, as by SIGSTOP, a suspended or an
// overloaded machine. A write takes effect at any time after it began, or never. A running worker
// may see nothing of the bucket for any time, as when it is cut off.
//
// The cluster answers as nats-server 2.9 does: a write is compared with what the bucket holds, and
// appended to it later, in the order of the comparisons; so two that expect the same revision may
// both succeed. A worker that looks sees the last entry of its own key, as after it lost its
// connection; of the other's it knows whether any replaced another one than it was to.
//
// Revisions of workers' keys are only ever compared for equality, so a bit says whether the key has
// changed since somebody looked. Fences are numbered anew where numbers become unused.
// So all is finite, and runs of any length are searched.
//
// Time passes in ticks, between which workers look at their clocks and the bucket as often as they
// like (with -DLIVE: once). They count ticks since something happened, never a time of day; worker
// 0's clock may run fast: it counts one tick too many after each event.
//
// check_model.sh shows that spin finds a fault in each of these:
//   -DNO_MARGIN    the owner publishes until others may end its session
//   -DNO_FENCE     the subscriber accepts every record
//   -DNO_COMPARE   a write takes effect whether or not its key has changed
//   -DNO_READBACK  a lease is published once it was read, without a renewal that began later
//   -DNO_ENDING    nobody ends the session of a silent worker (live)

#ifndef LEASE
#define LEASE 4
#endif
// ticks without a change of its key, after which a session may be ended
#ifdef NO_MARGIN
#define PROVEN LEASE
#else
#define PROVEN (LEASE - 1) // ticks since a renewal began for which its owner publishes
#endif

#define NONE 2
// Sessions, as seen from what a worker has now.
#define NO_SESSION 0
#define MINE 1   // that which it has, or had last
#define FORMER 2 // one before, that its key names still
#define OTHER (1 - me)

mtype = { NOTHING, RENEWAL, ENDING, TAKING, GIVING };

// ---- the bucket
byte session[2];     // that the worker's key names
bool ended[2];       // that session has ended
bool raced[2];       // since the other looked, an entry replaced another one than it was to
bool changed[2];     // since the other worker looked
bool own_changed[2]; // since the worker itself looked
byte lease;          // the lease's revision: its fence
byte owner = NONE, owner_session; // that the lease names

// ---- writes under way, one of each worker
mtype write[2] = NOTHING;
bool accepted[2]; // compared, and to be appended
bool fresh[2];    // the key is what the writer expects
byte first;       // whose was accepted first

// ---- the workers
bool sending[2];   // a record that is not written yet
bool joined[2];    // has a session
bool held[2];      // has seen it in the bucket, and not that it has ended
byte began[2];     // ticks since the last renewal began; without a session: since the key was seen
bool latest[2];    // the key's entry is that renewal
bool covers[2];    // it began when the lease had been seen
byte proven[2];    // ticks since the last renewal that was seen began
byte fence[2];     // of the lease, as seen; 0: it is not this worker's
bool confirmed[2]; // a renewal was seen that covers it
bool leaving[2];   // the stream is being given away
byte silent[2];    // ticks since the other's key was seen to change
byte hold[2];      // ticks until a lease that it has taken may be published
byte wait[2];      // ticks until the other's streams may be taken
bool fast;         // worker 0 has counted a tick too many since then

bool overtaken[2]; // the subscriber has accepted a record of a higher fence

#ifdef LIVE
byte stops = 2;
bool stopped[2], is_published;
#define IS_UNANSWERED(w) (write[w] != NOTHING && !stopped[w])
#endif

#define IS_OWNED (owner != NONE && owner_session != NO_SESSION && !ended[owner] && session[owner] == owner_session)
#define IS_PROVEN(w) (held[w] && proven[w] < PROVEN)
#ifdef NO_READBACK
#define IS_CONFIRMED(w) true
#else
#define IS_CONFIRMED(w) confirmed[w]
#endif
#define MAY_PUBLISH(w) (IS_PROVEN(w) && fence[w] != 0 && IS_CONFIRMED(w) && hold[w] == 0 && !leaving[w])

// ---- what a worker sees

inline lose_lease()
{
    fence[me] = 0; confirmed[me] = false; covers[me] = false; leaving[me] = false;
    overtaken[me] = false; hold[me] = 0
}

inline see_own_key()
{
    if
    :: own_changed[me] && joined[me] && (ended[me] || session[me] != MINE) ->
        joined[me] = false; held[me] = false; proven[me] = PROVEN; began[me] = 0
    :: own_changed[me] && joined[me] && !ended[me] && session[me] == MINE ->
        if
        :: latest[me] ->
            proven[me] = began[me]; began[me] = 0;
            confirmed[me] = confirmed[me] || covers[me];
            covers[me] = false
        :: else
        fi;
        held[me] = true
    :: own_changed[me] && !joined[me] -> began[me] = 0
    :: else
    fi;
    latest[me] = false;
    own_changed[me] = false
}

inline see_lease()
{
    if
    :: joined[me] && owner == me && owner_session == MINE ->
        if
        :: fence[me] != lease -> lose_lease(); fence[me] = lease; hold[me] = wait[me]
        :: else
        fi
    :: else -> lose_lease()
    fi
}

inline see_other_key()
{
    if
    :: changed[OTHER] ->
        silent[me] = 0;
        wait[me] = (raced[OTHER] -> LEASE : wait[me]);
        fast = (me == 0 -> false : fast);
        raced[OTHER] = false;
        changed[OTHER] = false
    :: else
    fi
}

// ---- what a worker does

inline begin(kind)
{
    write[me] = kind; fresh[me] = true; accepted[me] = false
}

inline renew()
{
    began[me] = 0; latest[me] = false; covers[me] = (fence[me] != 0 && !confirmed[me]);
    begin(RENEWAL)
}

inline start_session()
{
    if
    :: owner == me -> owner_session = (owner_session == session[me] -> FORMER : NO_SESSION)
    :: else
    fi;
    session[me] = (session[me] == NO_SESSION -> NO_SESSION : FORMER);
    joined[me] = true;
    renew()
}

#define CAN_START (!joined[me] && (session[me] == NO_SESSION || ended[me] || began[me] >= LEASE))
#define CAN_RENEW (joined[me] && !own_changed[me])
#ifdef NO_ENDING
#define CAN_END false
#else
#define CAN_END (IS_PROVEN(me) && session[OTHER] != NO_SESSION && !ended[OTHER] && silent[me] >= LEASE)
#endif
#define CAN_TAKE (IS_PROVEN(me) && !IS_OWNED && (owner != OTHER || wait[me] == 0))
#define CAN_GIVE (IS_PROVEN(me) && fence[me] != 0)

#ifndef LIVE
inline write_something() // or nothing
{
    if
    :: write[me] == NOTHING && CAN_START -> start_session()
    :: write[me] == NOTHING && CAN_RENEW -> renew()
    :: write[me] == NOTHING && CAN_END -> begin(ENDING)
    :: write[me] == NOTHING && CAN_TAKE -> begin(TAKING)
    :: write[me] == NOTHING && CAN_GIVE -> leaving[me] = true; begin(GIVING)
    :: true
    fi
}
#else
inline write_something() // a session that was just renewed has time for other writes
{
    if
    :: write[me] == NOTHING && CAN_START -> start_session()
    :: write[me] == NOTHING && CAN_END && proven[me] <= 1 -> begin(ENDING)
    :: write[me] == NOTHING && CAN_TAKE && proven[me] <= 1 -> begin(TAKING)
    :: write[me] == NOTHING && CAN_RENEW && !((CAN_END || CAN_TAKE) && proven[me] <= 1) -> renew()
    :: else
    fi
}
#endif

inline deliver()
{
    if
#ifndef NO_FENCE
    :: overtaken[me] // dropped
    :: !overtaken[me] ->
#else
    :: true ->
#endif
        assert(!overtaken[me]);
        overtaken[OTHER] = (fence[OTHER] != 0 && fence[OTHER] < fence[me] -> true : overtaken[OTHER])
    fi;
    sending[me] = false
}

inline publish()
{
    if
    :: MAY_PUBLISH(me) ->
        assert(!MAY_PUBLISH(OTHER));
#ifdef RECORDS
        if
        :: deliver()
        :: sending[me] = true // stopped after it looked at its clock
        fi
#endif
    :: else
    fi
}

inline work()
{
    if
    :: see_other_key(); see_own_key(); see_lease(); write_something()
#ifndef LIVE
    :: write[me] == NOTHING && CAN_RENEW -> renew() // on what it saw before
    :: true
#endif
    fi;
    publish()
}

// ---- the brokers

inline close_gap(n) // no fence is n: the higher ones move down
{
    if
    :: lease != n && fence[0] != n && fence[1] != n ->
        lease = (lease > n -> lease - 1 : lease);
        fence[0] = (fence[0] > n -> fence[0] - 1 : fence[0]);
        fence[1] = (fence[1] > n -> fence[1] - 1 : fence[1])
    :: else
    fi
}

inline append_lease(w)
{
    lease++;
    close_gap(3); close_gap(2); close_gap(1);
    fresh[1 - w] = ((write[1 - w] == TAKING || write[1 - w] == GIVING) -> false : fresh[1 - w])
}

inline forget_write(w)
{
    began[w] = (write[w] == RENEWAL && !latest[w] -> 0 : began[w]);
    write[w] = NOTHING; accepted[w] = false; fresh[w] = false
}

inline append(w)
{
    if
    :: write[w] == RENEWAL ->
        if
        :: owner == w && owner_session == FORMER -> owner_session = NO_SESSION
        :: else
        fi;
        session[w] = MINE; ended[w] = false; latest[w] = joined[w];
        raced[w] = raced[w] || !fresh[w]; changed[w] = true; own_changed[w] = true;
        fresh[1 - w] = (write[1 - w] == ENDING -> false : fresh[1 - w])
    :: write[w] == ENDING ->
        ended[1 - w] = true; latest[1 - w] = false;
        raced[1 - w] = raced[1 - w] || !fresh[w]; changed[1 - w] = true; own_changed[1 - w] = true;
        fresh[1 - w] = (write[1 - w] == RENEWAL -> false : fresh[1 - w])
    :: write[w] == TAKING -> owner = w; owner_session = MINE; append_lease(w)
    :: write[w] == GIVING -> owner = NONE; owner_session = NO_SESSION; append_lease(w)
    fi;
    forget_write(w);
    first = 0
}

#ifdef NO_COMPARE
#define COMPARES(w) true
#else
#define COMPARES(w) fresh[w]
#endif
#define MAY_ACCEPT(w) (write[w] != NOTHING && !accepted[w] && COMPARES(w))
#define MAY_REFUSE(w) (write[w] != NOTHING && !accepted[w] && !COMPARES(w))
#define MAY_APPEND(w) (accepted[w] && (!accepted[1 - w] || first == w))

inline accept(w)
{
    accepted[w] = true; first = (accepted[1 - w] -> 1 - w : 0)
}

inline answer_write() // some or other
{
    if
    :: MAY_ACCEPT(0) -> accept(0)
    :: MAY_ACCEPT(1) -> accept(1)
    :: MAY_REFUSE(0) -> forget_write(0)
    :: MAY_REFUSE(1) -> forget_write(1)
    :: MAY_APPEND(0) -> append(0)
    :: MAY_APPEND(1) -> append(1)
#ifndef LIVE
    :: write[0] != NOTHING && !accepted[0] -> forget_write(0) // lost
    :: write[1] != NOTHING && !accepted[1] -> forget_write(1)
#endif
    fi
}

// ---- time

inline count(ticks, most) // further ones change nothing
{
    ticks = (ticks < most -> ticks + 1 : ticks)
}

// Counts from when the other's key was seen to change. A worker that is not proven ends no session,
// and gives the other its full time again once it is.
inline watch(w)
{
    if
    :: IS_PROVEN(w) && session[1 - w] != NO_SESSION && (!ended[1 - w] || changed[1 - w]) -> count(silent[w], LEASE)
    :: else -> silent[w] = 0
    fi;
    wait[w] = (wait[w] > 0 -> wait[w] - 1 : 0);
    hold[w] = (hold[w] > 0 -> hold[w] - 1 : 0);
    fast = (w == 0 && silent[w] == 0 && wait[w] == 0 -> false : fast)
}

inline pass(w)
{
    count(proven[w], PROVEN);
    if
    :: write[w] == RENEWAL || (latest[w] && own_changed[w]) -> count(began[w], PROVEN)
    :: !joined[w] -> count(began[w], LEASE)
    :: else -> began[w] = 0
    fi;
    watch(w)
}

inline tick()
{
    pass(0);
    pass(1);
    if
    :: !fast -> fast = true; watch(0)
    :: true
    fi
}

inline take_turn()
{
#ifdef RECORDS
    if
    :: sending[me] -> deliver()
    :: else
    fi;
#endif
    work()
}

active proctype fleet()
{
    byte me = 0;
    proven[0] = PROVEN;
    proven[1] = PROVEN;
#ifndef LIVE
    do
    :: atomic { answer_write() }
    :: atomic { take_turn() }
    :: atomic { me = 1; take_turn(); me = 0 }
    :: atomic { tick() }
    od
#else
    // A write of a running worker takes less than a tick.
    do
    :: atomic { IS_UNANSWERED(0) || IS_UNANSWERED(1) -> answer_write() }
    :: atomic {
        !IS_UNANSWERED(0) && !IS_UNANSWERED(1) ->
        if
        :: stops > 0 && !stopped[me] -> stops--; stopped[me] = true
        :: stopped[me] -> stopped[me] = false
        :: true
        fi;
        if
        :: stopped[me]
        :: else -> take_turn()
        fi;
        if
        :: me == 1 -> tick()
        :: else
        fi;
        is_published = (stopped[0] && stopped[1]) || MAY_PUBLISH(0) || MAY_PUBLISH(1);
        me = OTHER
       }
    od
#endif
}

#ifdef LIVE
ltl live { [] <> is_published }
#endif

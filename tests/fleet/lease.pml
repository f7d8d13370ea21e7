// The lease protocol of mocap-fleet (tools/fleet/lease.h and member.h) as a model for spin: two
// workers, one stream, the bucket, one subscriber. Over all interleavings of up to SESSIONS sessions
// of each worker and LEASES leases of the stream, of any length:
//   - never two accepted owners: no two workers may publish at one time, and, with -DRECORDS, the
//     subscriber accepts no record of an older owner after one of a newer owner (assertions);
//   - an orphan is taken while a machine has room: as long as a worker runs, the stream is
//     published again and again (ltl live, with -DLIVE).
//
// A worker may stand still at any point and for any time, as when it is stopped, suspended or
// overloaded. It may see nothing of the bucket while it runs, as when it is cut off. A write takes
// effect at any time after it began, even when its writer has given up waiting for it, or never; the
// answer is not used. Revisions are only ever compared for equality: a bit says whether a key has
// changed since a worker looked, and a write whose key has changed is forgotten, as it will be refused.
//
// Time passes in ticks. Workers count ticks since something happened, never a time of day; the clock
// of worker 0 may run fast: from one change of the other's key to the next it may count one too many.
//
// The bucket compares and sets in one step, as one nats-server does. What a cluster of version 2.9
// does to writes that race is not in here: tests/fleet/test_member.c plays that.
//
// check_model.sh shows that spin finds each of these faults:
//   -DNO_MARGIN    the owner publishes until others may end its session
//   -DNO_COMPARE   a session is ended whether or not its key has changed
//   -DNO_LAPSE     a lease is taken while its owner's session goes on
//   -DNO_FENCE     the subscriber accepts every record
//   -DNO_ENDING    nobody ends the session of a silent worker (live)

#ifndef LEASE
#define LEASE 3 // ticks without a change of its key, after which a session may be ended
#endif
#ifdef NO_MARGIN
#define PROVEN LEASE
#else
#define PROVEN (LEASE - 1) // ticks since a renewal began for which its owner publishes
#endif
#ifndef SESSIONS
#define SESSIONS 2
#endif
#ifndef LEASES
#define LEASES 3
#endif

#define NONE 2
#define OTHER (1 - me)

mtype = { NOTHING, RENEWAL, ENDING, TAKING, GIVING };

// ---- the bucket
byte key_session[2]; // that the worker's key names; 0: there is no key
bool key_ended[2];   // it has ended
byte owner = NONE, owner_session, lease; // lease: the fence, 0: there is none yet

// ---- writes under way, one of each worker
mtype write[2] = NOTHING;
byte write_session[2]; // of a renewal, or of who takes
bool late[2];          // a renewal that the worker has given up may still be written

// ---- what a worker knows
byte session[2];         // its own; 0: none
byte proven[2] = PROVEN; // ticks since the last renewal that was seen began
byte began[2];           // ticks since the last renewal began
bool latest[2];          // that is the entry of its key, and not seen yet
bool own_changed[2];     // its key has, since it looked
bool other_changed[2];   // the other's key has, since it looked
byte silent[2];          // ticks since it saw the other's key change
bool fast[2];            // one of them too many
byte fence[2];           // of the lease, as seen; 0: it is not this worker's
bool covers[2];          // the last renewal began after that was seen
bool confirmed[2];       // such a renewal was seen
bool leaving[2];         // the stream is being given away

#ifdef RECORDS
byte sending[2]; // fence of a record that is not written yet
byte highest;    // that the subscriber has accepted
#endif

#define IS_PROVEN(w) (proven[w] < PROVEN)
#define MAY_PUBLISH(w) (IS_PROVEN(w) && fence[w] != 0 && confirmed[w] && !leaving[w])
#define IS_OWNED (owner != NONE && key_session[owner] == owner_session && !key_ended[owner])
#define IS_OWN (session[me] != 0 && owner == me && owner_session == session[me])

// ---- a worker

inline look()
{
    // Its own key.
    if
    :: own_changed[me] && session[me] != 0 &&
       (key_ended[me] || key_session[me] != session[me]) ->
        session[me] = 0; proven[me] = PROVEN; latest[me] = false
    :: own_changed[me] && session[me] != 0 && !key_ended[me] && key_session[me] == session[me] ->
        silent[me] = (IS_PROVEN(me) -> silent[me] : 0); // the other gets its full time again
        proven[me] = (latest[me] -> began[me] : proven[me]);
        confirmed[me] = confirmed[me] || (latest[me] && covers[me]);
        covers[me] = (latest[me] -> false : covers[me]);
        latest[me] = false
    :: else
    fi;
    own_changed[me] = false;
    // The other's key.
    silent[me] = (other_changed[me] -> 0 : silent[me]);
    fast[me] = (silent[me] == 0 -> false : fast[me]);
    other_changed[me] = false;
    // The lease.
    if
    :: IS_OWN && fence[me] != lease ->
        fence[me] = lease; covers[me] = false; confirmed[me] = false; leaving[me] = false
    :: !IS_OWN -> fence[me] = 0; covers[me] = false; confirmed[me] = false; leaving[me] = false
    :: else
    fi
}

inline begin(kind)
{
    write[me] = kind; write_session[me] = (kind == RENEWAL || kind == TAKING -> session[me] : 0)
}

inline renew()
{
    began[me] = 0; latest[me] = false; covers[me] = (fence[me] != 0 && !confirmed[me]);
    begin(RENEWAL)
}

inline start_session()
{
    session[me] = key_session[me] + 1; proven[me] = PROVEN;
    renew()
}

#define IS_IDLE (write[me] == NOTHING)
#define CAN_START (IS_IDLE && session[me] == 0 && !own_changed[me] && key_session[me] < SESSIONS && \
                   (key_session[me] == 0 || key_ended[me]))
#define CAN_RENEW (IS_IDLE && session[me] != 0 && !own_changed[me])
#ifdef NO_ENDING
#define CAN_END false
#else
#define CAN_END (IS_IDLE && IS_PROVEN(me) && key_session[OTHER] != 0 && !key_ended[OTHER] && \
                 silent[me] >= LEASE && !other_changed[me])
#endif
#ifdef NO_LAPSE
#define IS_ORPHAN (owner != me)
#else
#define IS_ORPHAN (!IS_OWNED)
#endif
#define CAN_TAKE (IS_IDLE && IS_PROVEN(me) && IS_ORPHAN && lease < LEASES)
#define CAN_GIVE (IS_IDLE && IS_PROVEN(me) && fence[me] != 0)

// ---- the bucket

inline forget(w)
{
    write[w] = NOTHING; write_session[w] = 0
}

// Writes that expect what was there are refused.
inline key_changes(w)
{
    own_changed[w] = true; other_changed[1 - w] = true; late[w] = false;
    if
    :: write[w] == RENEWAL -> forget(w)
    :: else
    fi;
#ifndef NO_COMPARE
    if
    :: write[1 - w] == ENDING -> forget((1 - w))
    :: else
    fi
#endif
}

inline lease_changes(w)
{
    if
    :: write[w] == TAKING || write[w] == GIVING -> forget(w)
    :: else
    fi
}

inline put(w)
{
    if
    :: write[w] == RENEWAL ->
        key_session[w] = write_session[w]; key_ended[w] = false; latest[w] = true; forget(w);
        key_changes(w)
    :: write[w] == ENDING ->
        key_ended[1 - w] = true; latest[1 - w] = false; forget(w); key_changes((1 - w))
    :: write[w] == TAKING ->
        owner = w; owner_session = write_session[w]; lease++; forget(w); lease_changes((1 - w))
    :: write[w] == GIVING -> owner = NONE; owner_session = 0; forget(w); lease_changes((1 - w))
    fi
}

// ---- time

inline count(ticks, most) // further ones change nothing
{
    ticks = (ticks < most -> ticks + 1 : ticks)
}

inline pass(w)
{
    count(proven[w], PROVEN);
    began[w] = (write[w] == RENEWAL || latest[w] -> (began[w] < PROVEN -> began[w] + 1 : began[w]) : 0);
    silent[w] = (key_session[1 - w] == 0 || (key_ended[1 - w] && !other_changed[w]) -> 0 :
                 (silent[w] < LEASE -> silent[w] + 1 : LEASE))
}

inline tick()
{
    pass(0); pass(1);
    if
    :: !fast[0] && silent[0] != 0 && silent[0] < LEASE -> fast[0] = true; silent[0]++
    :: true
    fi;
    fast[0] = (silent[0] == 0 -> false : fast[0])
}

inline check()
{
    assert(!MAY_PUBLISH(0) || !MAY_PUBLISH(1))
}

#ifndef LIVE

proctype worker(byte me)
{
    do
    :: atomic { look(); check() }
    :: atomic { CAN_START -> look(); if :: CAN_START -> start_session() :: else fi; check() }
    :: atomic { CAN_RENEW -> renew() } // also on what it saw long ago
    :: atomic { CAN_END -> begin(ENDING) } // likewise
    :: atomic { CAN_TAKE -> look(); if :: CAN_TAKE -> begin(TAKING) :: else fi; check() }
    :: atomic { CAN_GIVE -> look(); if :: CAN_GIVE -> leaving[me] = true; begin(GIVING) :: else fi; check() }
    // The bucket's side of its write.
    :: atomic { write[me] != NOTHING -> put(me); check() }
    :: atomic { write[me] != NOTHING -> forget(me) } // lost
    :: atomic { write[me] == RENEWAL -> late[me] = true; forget(me) } // given up
    :: atomic { late[me] && session[me] != 0 ->
        key_session[me] = session[me]; key_ended[me] = false; latest[me] = false; key_changes(me);
        check()
       }
#ifdef RECORDS
    :: atomic { MAY_PUBLISH(me) && sending[me] == 0 -> sending[me] = fence[me] }
    :: atomic { sending[me] != 0 ->
#ifndef NO_FENCE
        if
        :: sending[me] >= highest -> highest = sending[me]
        :: else // dropped
        fi;
#else
        assert(sending[me] >= highest);
        highest = sending[me];
#endif
        sending[me] = 0
       }
#endif
    od
}

init
{
    atomic { run worker(0); run worker(1) }
    do
    :: atomic { tick(); check() }
    od
}

#else // LIVE

// A tick is a round of both workers. One that runs gets its writes answered within it.
byte stops = 2;
bool stopped[2], is_published;

inline answer()
{
    if
    :: write[me] != NOTHING -> put(me)
    :: else
    fi
}

inline decide() // a session that was just renewed has time for other writes
{
    if
    :: CAN_START -> start_session()
    :: CAN_END && proven[me] <= 1 -> begin(ENDING)
    :: CAN_TAKE && !CAN_END && proven[me] <= 1 -> begin(TAKING)
    :: CAN_RENEW && !((CAN_END || CAN_TAKE) && proven[me] <= 1) -> renew()
    :: else
    fi
}

active proctype fleet()
{
    byte me = 0;
    do
    :: atomic {
        if
        :: stops > 0 && !stopped[me] -> stops--; stopped[me] = true
        :: stopped[me] -> stopped[me] = false
        :: true
        fi;
        if
        :: !stopped[me] -> answer(); look(); decide(); answer(); look()
        :: else
        fi;
        if
        :: me == 1 -> tick()
        :: else
        fi;
        check();
        is_published = (stopped[0] && stopped[1]) || MAY_PUBLISH(0) || MAY_PUBLISH(1);
        me = OTHER
       }
    od
}

ltl live { [] <> is_published }
#endif

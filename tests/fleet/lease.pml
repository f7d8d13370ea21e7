// The lease protocol of mocap-fleet (tools/fleet/lease.h and member.h) as a model for spin.
//
// Two workers, one stream, one bucket, one subscriber. Over all interleavings it is checked that
//   - there are never two accepted owners: no two workers may publish at one time, and no record of
//     an older owner is accepted after one of a newer owner (assertions);
//   - an orphan is taken while a machine has room (live).
//
// A worker may be stopped at any point and woken at any later one: that stands for SIGSTOP, a
// suspended or overloaded machine, and one that is cut off. Its writes take effect at any time after
// they began, also while it is stopped; so does a record that it was just sending.
//
// Time passes in ticks, once every worker that runs has done its round. Workers count ticks since
// something happened, never a time of day; and from one sight of the other's key to the next, the first of
// them may count a tick too many: clocks drift.
//
// check_model.sh shows that each of these breaks it:
//   -DNO_MARGIN  the owner publishes until observers may end its session
//   -DNO_FENCE   subscribers accept every record
//   -DNO_CAS     a session is ended whether or not its key has changed
//   -DNO_ENDING  nobody ends the session of a silent worker

#define LEASE 3 // ticks without a change of its key, after which a session may be ended
#ifdef NO_MARGIN
#define PROVEN LEASE
#else
#define PROVEN (LEASE - 1) // ticks since a renewal began for which its owner publishes
#endif
#ifndef WRITES
#define WRITES 6 // that the bucket takes in a run
#endif
#define STOPS 2 // in a run

#define NONE 2   // no worker
#define OTHER (1 - me)

mtype = { IDLE, SENT, WRITTEN, CONFLICT };

// ---- the bucket
byte revision;
byte key[2];     // revision of the worker's key; 0: never written
bool ended[2];   // its session has ended
byte lease;      // revision of the lease, its fence; 0: never written
byte owner = NONE;
byte owner_session;
byte session[2]; // that the key names

// ---- the workers
bool stopped[2], done[2];
bool held[2];       // the session goes on, as far as it knows
byte mine[2];       // its session
mtype renewal[2] = IDLE;
byte expected[2];   // revision that the renewal replaces
byte began[2];      // ticks since it began
byte proven[2];     // ticks since the last one that succeeded began
byte seen[2];       // revision of the other's key
byte silent[2];     // ticks since it was seen to change
bool drifted;       // the first has counted a tick too many since
byte fence[2];      // of the lease that it has; 0: none
byte sending[2];    // fence of a record on its way

// ---- the subscriber
byte highest;
byte stops = STOPS;

#define HAS_WRITES (revision < WRITES)
#define IS_OWNED (owner != NONE && !ended[owner] && session[owner] == owner_session)
#define IS_PROVEN(w) (held[w] && proven[w] < PROVEN)
#define MAY_PUBLISH(w) (IS_PROVEN(w) && fence[w] != 0)

inline see()
{
    if
    :: held[me] && (ended[me] || session[me] != mine[me]) -> held[me] = false; fence[me] = 0
    :: else
    fi;
    if
    :: seen[me] != key[OTHER] -> seen[me] = key[OTHER]; silent[me] = 0; drifted = (me == 0 -> false : drifted)
    :: true // it may come later
    fi
}

inline take_answer()
{
    if
    :: renewal[me] == WRITTEN && held[me] ->
        if
        :: !IS_PROVEN(me) -> silent[me] = 0 // the other may not have been able to write, either
        :: else
        fi;
        proven[me] = began[me];
        renewal[me] = IDLE
    :: (renewal[me] == WRITTEN && !held[me]) || renewal[me] == CONFLICT -> renewal[me] = IDLE
    :: else
    fi
}

inline renew()
{
    if
    :: held[me] && renewal[me] == IDLE && HAS_WRITES ->
        expected[me] = key[me]; began[me] = 0; renewal[me] = SENT
    :: !held[me] && renewal[me] == IDLE && (key[me] == 0 || ended[me]) && HAS_WRITES ->
        // A new session, in one step.
        revision++; key[me] = revision; ended[me] = false; mine[me]++; session[me] = mine[me];
        held[me] = true; proven[me] = 0; fence[me] = 0; silent[me] = 0
    :: else
    fi
}

inline end_other()
{
    if
#ifndef NO_ENDING
    :: IS_PROVEN(me) && seen[me] != 0 && silent[me] >= LEASE ->
#ifndef NO_CAS
        if
        :: key[OTHER] == seen[me] && !ended[OTHER] -> ended[OTHER] = true
        :: else
        fi
#else
        ended[OTHER] = true
#endif
#endif
    :: else
    fi
}

inline take_orphan()
{
    if
    :: IS_PROVEN(me) && !IS_OWNED && HAS_WRITES ->
        revision++; lease = revision; owner = me; owner_session = mine[me]; fence[me] = lease
    :: else
    fi
}

inline deliver()
{
    if
    :: sending[me] != 0 ->
#ifdef NO_FENCE
        assert(sending[me] >= highest); // an older owner's record is accepted after a newer one's
#endif
        if
        :: sending[me] > highest -> highest = sending[me]
        :: else // an older one is dropped
        fi;
        sending[me] = 0
    :: else
    fi
}

proctype worker(byte me)
{
    do
    :: atomic { !stopped[me] && !done[me] ->
            see(); take_answer(); renew(); end_other(); take_orphan();
            if
            :: MAY_PUBLISH(me) -> assert(!MAY_PUBLISH(OTHER)); sending[me] = fence[me]
            :: else
            fi
       }
       // Between its look at the clock and the publication it may be stopped for long.
       atomic { !stopped[me] -> deliver(); done[me] = true }
    od
}

// A write under way takes effect, by compare and set.
proctype network(byte me)
{
    do
    :: atomic { renewal[me] == SENT ->
        if
        :: key[me] == expected[me] && !ended[me] -> revision++; key[me] = revision; renewal[me] = WRITTEN
        :: else -> renewal[me] = CONFLICT
        fi;
        expected[me] = 0
       }
    od
}

inline count(age, most) // further changes nothing
{
    if
    :: age < most -> age++
    :: else
    fi
}

inline pass(w)
{
    done[w] = false;
    if
    :: held[w] -> count(proven[w], PROVEN)
    :: else -> proven[w] = 0
    fi;
    if
    :: renewal[w] == SENT || renewal[w] == WRITTEN -> count(began[w], PROVEN)
    :: else -> began[w] = 0
    fi;
    if
    :: seen[w] != 0 -> count(silent[w], LEASE)
    :: else
    fi
}

proctype time()
{
    do
    :: atomic { (done[0] || stopped[0]) && (done[1] || stopped[1]) ->
        pass(0); pass(1);
        if
        :: !drifted && seen[0] != 0 -> drifted = true; count(silent[0], LEASE)
        :: true
        fi
       }
    od
}

proctype fate()
{
    do
    :: atomic { stops > 0 && !stopped[0] -> stops--; stopped[0] = true }
    :: atomic { stops > 0 && !stopped[1] -> stops--; stopped[1] = true }
    :: atomic { stopped[0] -> stopped[0] = false }
    :: atomic { stopped[1] -> stopped[1] = false }
    od
}

init
{
    atomic {
        run worker(0); run worker(1); run network(0); run network(1); run time(); run fate()
    }
}

#ifdef LIVE
// While there are writes left, and a worker runs.
#define CAN_TAKE (HAS_WRITES && !(stopped[0] && stopped[1]))
ltl live { [] ((!IS_OWNED && CAN_TAKE) -> <> (IS_OWNED || !CAN_TAKE)) }
#endif

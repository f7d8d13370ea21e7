// Workers that decide by themselves, against a simulated bucket.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/fleet/simulation.h"
#include "tests/rounds.h"
#include "tools/fleet/fences.h"
#include "tools/fleet/member.h"
#include "tools/fleet/placement.h"

static void every_stream_finds_an_owner_and_load_is_spread(void **state)
{
    struct simulation *simulation = simulation_create(&(struct simulation_options){
        .seed = 1, .workers = 5, .streams = 50, .capacity = 20, .delay_max_ms = 20 });
    simulation_run(simulation, 3000);
    assert_int_equal(simulation_published(simulation), 50);
    struct fleet_roster *roster = &simulation_member(simulation, 0)->roster;
    fleet_roster_count(roster, 0);
    for (int i = 0; i < 5; i++) {
        assert_in_range(roster->workers[i]->streams, 7, 13);
    }
    simulation_destroy(simulation);
}

static void streams_of_a_killed_worker_are_taken_within_five_seconds(void **state)
{
    for (uint64_t seed = 1; seed <= TEST_ROUNDS(20); seed++) {
        struct simulation *simulation = simulation_create(&(struct simulation_options){
            .seed = seed, .workers = 3, .streams = 30, .capacity = 30, .delay_max_ms = 50 });
        simulation_run(simulation, 3000 + (int)seed * 70);
        simulation_kill(simulation, 1);
        simulation_run(simulation, 2000);
        assert_true(simulation_published(simulation) < 30); // a lease is a lease
        int most = 0;
        for (int ms = 2000; ms < 4500 && most < 30; ms += 100) {
            simulation_run(simulation, 100);
            most =
                most > simulation_published(simulation) ? most : simulation_published(simulation);
        }
        assert_int_equal(most, 30);
        simulation_destroy(simulation);
    }
}

static void a_stopped_worker_publishes_nothing_when_it_wakes(void **state)
{
    struct simulation *simulation = simulation_create(&(struct simulation_options){
        .seed = 3, .workers = 2, .streams = 20, .capacity = 20, .delay_max_ms = 5 });
    simulation_run(simulation, 5000);
    simulation_stop(simulation, 0);
    simulation_run(simulation, 10000);
    assert_int_equal(simulation_published(simulation), 20);
    simulation_wake(simulation, 0);
    simulation_run(simulation, 15000); // which fails as soon as two publish
    assert_int_equal(simulation_published(simulation), 20);
    assert_int_equal(simulation_member(simulation, 0)->counts.lapses, 1);
    assert_true(simulation_member(simulation, 0)->counts.lost > 0);
    simulation_destroy(simulation);
}

static void after_an_outage_of_the_broker_no_stream_has_moved(void **state)
{
    struct simulation *simulation = simulation_create(&(struct simulation_options){
        .seed = 4, .workers = 4, .streams = 40, .capacity = 20, .delay_max_ms = 5 });
    simulation_run(simulation, 10000);
    simulation_reset(simulation);
    simulation_halt_broker(simulation, true);
    simulation_run(simulation, 9000);
    assert_int_equal(simulation_published(simulation), 0);
    simulation_halt_broker(simulation, false);
    simulation_run(simulation, 2000);
    assert_int_equal(simulation_published(simulation), 40);
    simulation_run(simulation, 10000);
    assert_int_equal(simulation_moves(simulation), 0);
    simulation_destroy(simulation);
}

static void a_worker_that_is_cut_off_stops_before_others_start(void **state)
{
    struct simulation *simulation =
        simulation_create(&(struct simulation_options){ .seed = 5,
                                                        .workers = 3,
                                                        .streams = 30,
                                                        .capacity = 30,
                                                        .delay_max_ms = 100,
                                                        .has_skewed_clocks = true });
    simulation_run(simulation, 5000);
    simulation_cut(simulation, 2, true);
    simulation_run(simulation, 8000);
    assert_int_equal(simulation_published(simulation), 30);
    simulation_cut(simulation, 2, false);
    simulation_run(simulation, 8000);
    assert_int_equal(simulation_published(simulation), 30);
    simulation_destroy(simulation);
}

// Of another version, or of no program at all.
static void what_cannot_be_read_in_place_of_a_worker_is_ended_once(void **state)
{
    static const char *const unreadable[] = { "junk", "[]", "{}", "{\"session\":\"\"}",
                                              "{\"session\":\"a\",\"labels\":[1]}" };
    const int count = sizeof unreadable / sizeof unreadable[0];
    struct simulation *simulation = simulation_create(&(struct simulation_options){
        .seed = 8, .workers = 2, .streams = 4, .capacity = 20, .delay_max_ms = 5 });
    simulation_run(simulation, 5000);
    for (int i = 0; i < count; i++) {
        char key[FLEET_KEY_BYTES];
        snprintf(key, sizeof key, "worker.ghost%d", i);
        simulation_put(simulation, key, unreadable[i]);
    }
    simulation_run(simulation, 20000);
    const struct fleet_member *members[] = { simulation_member(simulation, 0),
                                             simulation_member(simulation, 1) };
    assert_int_equal(members[0]->counts.ended + members[1]->counts.ended, count);
    for (int i = 0; i < members[0]->roster.worker_count; i++) {
        const struct fleet_worker *worker = members[0]->roster.workers[i];
        assert_int_equal(worker->has_ended, worker->name[0] == 'g');
    }
    simulation_destroy(simulation);
}

static void a_worker_that_leaves_is_replaced_at_once(void **state)
{
    struct simulation *simulation = simulation_create(&(struct simulation_options){
        .seed = 6, .workers = 2, .streams = 20, .capacity = 20, .delay_max_ms = 5 });
    simulation_run(simulation, 5000);
    fleet_member_leave(simulation_member(simulation, 0));
    simulation_run(simulation, 800);
    assert_true(fleet_member_has_left(simulation_member(simulation, 0)));
    assert_int_equal(simulation_published(simulation), 20);
    simulation_destroy(simulation);
}

static void a_second_worker_of_a_name_waits_and_says_so(void **state)
{
    struct simulation *simulation = simulation_create(&(struct simulation_options){
        .seed = 7, .workers = 2, .streams = 10, .capacity = 20, .delay_max_ms = 5 });
    snprintf(simulation_member(simulation, 1)->options.name, FLEET_NAME_BYTES, "w0");
    simulation_run(simulation, 20000);
    const bool first = simulation_member(simulation, 0)->name_is_taken;
    assert_true(first != simulation_member(simulation, 1)->name_is_taken);
    assert_int_equal(simulation_published(simulation), 10);
    simulation_kill(simulation, first ? 1 : 0);
    simulation_run(simulation, 5000);
    assert_false(simulation_member(simulation, first ? 0 : 1)->name_is_taken);
    assert_int_equal(simulation_published(simulation), 10);
    simulation_destroy(simulation);
}

static void a_stream_goes_where_it_was_moved_to_and_where_its_labels_are(void **state)
{
    struct simulation *simulation = simulation_create(&(struct simulation_options){
        .seed = 8, .workers = 4, .streams = 8, .capacity = 6, .delay_max_ms = 5 });
    simulation_define(simulation, "s001",
                      "{\"options\":{\"url\":\"demo:\"},\"labels\":[\"room=3\"]}");
    simulation_run(simulation, 5000);
    const struct fleet_roster *roster = &simulation_member(simulation, 0)->roster;
    assert_string_equal(fleet_roster_stream(roster, "s001")->worker, "w3");
    simulation_define(
        simulation, "s001",
        "{\"options\":{\"url\":\"demo:\"},\"labels\":[\"room=3\"],\"worker\":\"w1\"}");
    simulation_run(simulation, 5000);
    assert_string_equal(fleet_roster_stream(roster, "s001")->worker, "w1");
    simulation_kill(simulation, 1);
    simulation_run(simulation, 5000);
    assert_string_equal(fleet_roster_stream(roster, "s001")->worker, "w3");
    simulation_start(simulation, 1);
    simulation_run(simulation, 10000);
    assert_string_equal(fleet_roster_stream(roster, "s001")->worker, "w1");
    simulation_destroy(simulation);
}

static void a_refused_stream_stays_where_it_is_taken(void **state)
{
    (void)state;
    struct simulation *simulation = simulation_create(&(struct simulation_options){
        .seed = 9, .workers = 3, .streams = 1, .capacity = 4, .delay_max_ms = 5 });
    simulation_define(simulation, "s000", "{\"options\":{\"url\":\"a\"},\"worker\":\"w0\"}");
    for (int i = 0; i < 600; i++) {
        for (int worker = 0; worker < 2; worker++) { // which refuse it
            fleet_member_refuse(simulation_member(simulation, worker), "s000",
                                simulation_clock(simulation, worker));
        }
        simulation_run(simulation, 100);
        if (i == 100) {
            simulation_reset(simulation);
        }
    }
    assert_true(simulation_availability(simulation) > 0.99);
    simulation_destroy(simulation);
}

static void a_stream_has_its_fence_once_mocapd_has_the_stream(void **state)
{
    (void)state;
    struct simulation *simulation = simulation_create(&(struct simulation_options){
        .seed = 10, .workers = 1, .streams = 1, .capacity = 4, .delay_max_ms = 5 });
    struct fleet_fences *fences = fleet_fences_create();
    uint64_t fence;
    simulation_run(simulation, 5000);
    struct fleet_member *member = simulation_member(simulation, 0);
    struct fleet_stream *stream = fleet_roster_stream(&member->roster, "s000");
    const int64_t now_ns = fleet_fences_now_ns();
    member->lease.proven_ns = now_ns;
    assert_true(fleet_member_fence(member, stream, now_ns) > 0);
    assert_false(fleet_fences_set(fences, member, now_ns));
    assert_false(fleet_fences_find(fences, "s000", &fence));
    stream->is_handed = true;
    assert_true(fleet_fences_set(fences, member, now_ns));
    assert_true(fleet_fences_find(fences, "s000", &fence));
    assert_int_equal(fence, fleet_member_fence(member, stream, now_ns));
    fleet_fences_destroy(fences);
    simulation_destroy(simulation);
}

// ---- one member, whose bucket the test writes

struct bucket {
    struct fleet_member member;
    uint64_t revision;
    int64_t now_ns;
    int count;
    struct fleet_write writes[8]; // that wait
};

static bool keep_write(void *user, const struct fleet_write *write)
{
    struct bucket *bucket = user;
    assert_true(bucket->count < 8);
    bucket->writes[bucket->count++] = *write;
    return true;
}

static uint64_t show(struct bucket *bucket, const char *key, const char *value)
{
    fleet_member_see(&bucket->member, key, ++bucket->revision, value, strlen(value),
                     bucket->now_ns);
    return bucket->revision;
}

// Ticks, and writes of the given key succeed; others fail.
static int step(struct bucket *bucket, const char *key)
{
    int written = 0;
    bucket->now_ns += FLEET_TICK_MS * MC_NS_PER_MS;
    fleet_member_tick(&bucket->member, "b1", bucket->now_ns);
    for (int i = 0; i < bucket->count; i++) {
        const bool is_good = strcmp(bucket->writes[i].key, key) == 0;
        const uint64_t revision = bucket->revision + 1;
        fleet_member_answer(&bucket->member, &bucket->writes[i],
                            is_good ? FLEET_WRITTEN : FLEET_CONFLICT, revision, bucket->now_ns);
        if (is_good) {
            show(bucket, key, bucket->writes[i].value);
        }
        written += strcmp(bucket->writes[i].key, "worker.b") != 0;
    }
    bucket->count = 0;
    return written;
}

// The former owner's renewal and the end of its session were both written; it may have read the
// renewal alone, which replaced the end, and then nothing more.
static void a_stream_whose_former_owner_may_have_renewed_waits_for_a_lease(void **state)
{
    struct bucket bucket = { .now_ns = MC_NS_PER_SECOND };
    struct fleet_member *member = &bucket.member;
    fleet_member_init(member, &(struct fleet_member_options){
                                  .name = "b", .write = keep_write, .user = &bucket });
    fleet_member_restart(member, 7 * MC_NS_PER_SECOND);
    fleet_member_return(member);
    member->capacity = 4;
    show(&bucket, "stream.door", "{\"options\":{\"url\":\"demo:\"}}");
    show(&bucket, "worker.a", "{\"session\":\"a1\",\"beat\":1,\"after\":0,\"capacity\":1}");
    show(&bucket, "lease.door", "{\"worker\":\"a\",\"session\":\"a1\"}");
    fleet_member_complete(member, bucket.now_ns);
    while (step(&bucket, "worker.b") == 0) { // until it ends the session of a
        assert_true(bucket.now_ns < 10 * MC_NS_PER_SECOND);
    }
    show(&bucket, "worker.a", "{\"session\":\"a1\",\"ended\":true,\"after\":2}");
    assert_int_equal(step(&bucket, "worker.b"), 1); // takes the stream; see below
    show(&bucket, "worker.a", "{\"session\":\"a1\",\"beat\":2,\"after\":2,\"capacity\":1}");
    show(&bucket, "lease.door", "{\"worker\":\"b\",\"session\":\"b1\"}");
    const struct fleet_stream *stream = fleet_roster_stream(&member->roster, "door");
    const int64_t raced_ns = bucket.now_ns;
    while (fleet_member_fence(member, stream, bucket.now_ns) == 0) {
        step(&bucket, "worker.b");
        assert_true(bucket.now_ns < 20 * MC_NS_PER_SECOND);
    }
    assert_true(bucket.now_ns - raced_ns >= FLEET_LEASE_MS * MC_NS_PER_MS);
    fleet_member_finish(member);
}

static void another_bucket_is_told_from_the_one_before(void **state)
{
    (void)state;
    struct simulation *simulation = simulation_create(&(struct simulation_options){
        .seed = 11, .workers = 1, .streams = 1, .capacity = 4, .delay_max_ms = 5 });
    simulation_run(simulation, 5000);
    struct fleet_member *member = simulation_member(simulation, 0);
    const int64_t created_ns = member->created_ns;
    assert_false(fleet_member_restart(member, created_ns));
    assert_int_equal(member->roster.stream_count, 1);
    // Made in the same second, or by a clock that was set back.
    assert_true(fleet_member_restart(member, created_ns + 1));
    assert_int_equal(member->roster.stream_count, 0);
    assert_string_equal(member->lease.session, "");
    assert_true(fleet_member_restart(member, created_ns - 1));
    assert_true(fleet_member_epoch(created_ns + MC_NS_PER_SECOND) > fleet_member_epoch(created_ns));
    simulation_destroy(simulation);
}

static void a_removed_stream_is_given_back_and_can_be_added_again(void **state)
{
    struct simulation *simulation = simulation_create(&(struct simulation_options){
        .seed = 9, .workers = 2, .streams = 4, .capacity = 6, .delay_max_ms = 5 });
    simulation_run(simulation, 3000);
    simulation_define(simulation, "s002", NULL);
    simulation_run(simulation, 1000);
    assert_int_equal(simulation_published(simulation), 3);
    const struct fleet_roster *roster = &simulation_member(simulation, 0)->roster;
    assert_string_equal(fleet_roster_stream(roster, "s002")->worker, "");
    simulation_define(simulation, "s002", "{\"options\":{\"url\":\"demo:\"}}");
    simulation_run(simulation, 1000);
    assert_int_equal(simulation_published(simulation), 4); // with a higher fence than before
    simulation_destroy(simulation);
}

static void streams_without_room_wait_for_a_worker(void **state)
{
    struct simulation *simulation = simulation_create(&(struct simulation_options){
        .seed = 10, .workers = 3, .streams = 12, .capacity = 4, .delay_max_ms = 5 });
    simulation_kill(simulation, 2);
    simulation_run(simulation, 5000);
    assert_int_equal(simulation_published(simulation), 8);
    simulation_start(simulation, 2);
    simulation_run(simulation, 5000);
    assert_int_equal(simulation_published(simulation), 12);
    simulation_destroy(simulation);
}

// Anything at any time. Two owners or a fence that falls fail within simulation_run.
static void interfere(struct simulation *simulation, int workers)
{
    const int worker = simulation_random(simulation, workers);
    switch (simulation_random(simulation, 9)) {
    case 0:
        simulation_kill(simulation, worker);
        break;
    case 1:
    case 2:
        simulation_kill(simulation, worker);
        simulation_start(simulation, worker);
        break;
    case 3:
        simulation_stop(simulation, worker);
        break;
    case 4:
        simulation_wake(simulation, worker);
        break;
    case 5:
        simulation_cut(simulation, worker, true);
        break;
    case 6:
        simulation_cut(simulation, worker, false);
        break;
    case 7:
        simulation_halt_broker(simulation, simulation_random(simulation, 4) == 0);
        break;
    default:
        fleet_member_leave(simulation_member(simulation, worker));
        break;
    }
}

static void heal(struct simulation *simulation, int workers)
{
    simulation_halt_broker(simulation, false);
    simulation_calm(simulation);
    for (int i = 0; i < workers; i++) {
        simulation_cut(simulation, i, false);
        simulation_wake(simulation, i);
        simulation_kill(simulation, i);
        simulation_start(simulation, i);
    }
}

static void no_interleaving_makes_two_owners(void **state)
{
    for (uint64_t seed = 1; seed <= TEST_ROUNDS(40); seed++) {
        struct simulation *simulation =
            simulation_create(&(struct simulation_options){ .seed = seed,
                                                            .workers = 4,
                                                            .streams = 10,
                                                            .capacity = 4 + (int)seed % 8,
                                                            .delay_max_ms = 10 << seed % 9,
                                                            .loose_ms = (int)seed % 3 * 20,
                                                            .lost_percent = (int)seed % 4 * 10,
                                                            .has_skewed_clocks = true });
        for (int i = 0; i < 60; i++) {
            simulation_run(simulation, 10 * simulation_random(simulation, 150));
            interfere(simulation, 4);
        }
        heal(simulation, 4);
        simulation_run(simulation, 20000);
        for (int ms = 0; ms < 1000 && simulation_published(simulation) < 10; ms += 10) {
            simulation_run(simulation, 10); // past a stream that just moves
        }
        if (simulation_published(simulation) < 10) {
            fail_msg("seed %d: %d of 10 streams are published", (int)seed,
                     simulation_published(simulation));
        }
        simulation_destroy(simulation);
    }
}

static int streams_of(struct simulation *simulation, int reader, int worker)
{
    char name[FLEET_NAME_BYTES];
    struct fleet_roster *roster = &simulation_member(simulation, reader)->roster;
    snprintf(name, sizeof name, "w%d", worker);
    return fleet_roster_worker(roster, name)->streams;
}

// Ten workers, 200 streams; every 20 s one is killed, and comes back 10 s later. The ideal moves
// the streams of the killed one, and as many to the one that comes back as make the load even
// enough.
static void streams_are_owned_98_percent_of_the_time_with_few_moves(void **state)
{
    struct simulation *simulation =
        simulation_create(&(struct simulation_options){ .seed = 11,
                                                        .workers = 10,
                                                        .streams = 200,
                                                        .capacity = 30,
                                                        .delay_max_ms = 10,
                                                        .has_skewed_clocks = true });
    simulation_run(simulation, 20000);
    assert_int_equal(simulation_published(simulation), 200);
    simulation_reset(simulation);
    int ideal = 0;
    for (int i = 0; i < 15; i++) {
        const int killed = i * 3 % 10;
        ideal += streams_of(simulation, (killed + 5) % 10, killed);
        simulation_kill(simulation, killed);
        simulation_run(simulation, 10000);
        ideal += 200 / 10 - 30 * FLEET_SPREAD_PERCENT / 100;
        simulation_start(simulation, killed);
        simulation_run(simulation, 10000);
    }
    print_message("owned %.2f %% of the time, %d moves, ideal %d\n",
                  100 * simulation_availability(simulation), (int)simulation_moves(simulation),
                  ideal);
    assert_true(simulation_availability(simulation) >= 0.98);
    assert_true((double)simulation_moves(simulation) <= 1.2 * ideal);
    simulation_destroy(simulation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stream_finds_an_owner_and_load_is_spread),
        cmocka_unit_test(streams_of_a_killed_worker_are_taken_within_five_seconds),
        cmocka_unit_test(a_stopped_worker_publishes_nothing_when_it_wakes),
        cmocka_unit_test(after_an_outage_of_the_broker_no_stream_has_moved),
        cmocka_unit_test(a_worker_that_is_cut_off_stops_before_others_start),
        cmocka_unit_test(what_cannot_be_read_in_place_of_a_worker_is_ended_once),
        cmocka_unit_test(a_worker_that_leaves_is_replaced_at_once),
        cmocka_unit_test(a_second_worker_of_a_name_waits_and_says_so),
        cmocka_unit_test(a_stream_goes_where_it_was_moved_to_and_where_its_labels_are),
        cmocka_unit_test(a_refused_stream_stays_where_it_is_taken),
        cmocka_unit_test(a_stream_has_its_fence_once_mocapd_has_the_stream),
        cmocka_unit_test(a_stream_whose_former_owner_may_have_renewed_waits_for_a_lease),
        cmocka_unit_test(another_bucket_is_told_from_the_one_before),
        cmocka_unit_test(a_removed_stream_is_given_back_and_can_be_added_again),
        cmocka_unit_test(streams_without_room_wait_for_a_worker),
        cmocka_unit_test(no_interleaving_makes_two_owners),
        cmocka_unit_test(streams_are_owned_98_percent_of_the_time_with_few_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

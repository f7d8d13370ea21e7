// What a publisher knows of the messages that the MQTT broker keeps of its streams.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/message.h"
#include "tools/fleet/retained.h"

#define STATE_TOPIC "mocap/v1/home/door/state"
#define PRESENCE_TOPIC "mocap/v1/home/door/presence"
#define ENTITY_TOPIC "homeassistant/sensor/mocap_home__door/yaw/config"

static const struct fleet_entity_place door = {
    .prefix = "homeassistant", .site = "home", .stream = "door", .availability = "x"
};

static void take_state(struct fleet_retained *retained, const char *machine, const char *state)
{
    char text[256];
    snprintf(text, sizeof text,
             "{\"type\":\"state\",\"stream\":\"door\",\"state\":\"%s\",\"publisher\":\"%s\"}",
             state, machine);
    fleet_retained_take(retained, STATE_TOPIC, text, strlen(text));
}

static bool is_others(struct fleet_retained *retained)
{
    struct fleet_retained_news news;
    fleet_retained_look(retained, "door", &news);
    return news.is_others;
}

static int set_up(void **state)
{
    static struct fleet_retained retained;
    if (!fleet_retained_init(&retained, "a")) {
        return 1;
    }
    fleet_retained_add(&retained, &door);
    *state = &retained;
    return 0;
}

static int tear_down(void **state)
{
    fleet_retained_finish(*state);
    return 0;
}

static void what_is_emptied_is_news_once(void **state)
{
    static const char *const topics[FLEET_RETAINED_COUNT] = { STATE_TOPIC, PRESENCE_TOPIC,
                                                              ENTITY_TOPIC };
    struct fleet_retained_news news;
    for (int i = 0; i < FLEET_RETAINED_COUNT; i++) {
        fleet_retained_take(*state, topics[i], NULL, 0);
        fleet_retained_look(*state, "door", &news);
        for (int j = 0; j < FLEET_RETAINED_COUNT; j++) {
            assert_int_equal(news.is_emptied[j], i == j);
        }
        fleet_retained_look(*state, "door", &news);
        assert_false(news.is_emptied[i]);
    }
}

static void other_topics_and_messages_are_no_news(void **state)
{
    static const char *const topics[] = {
        "mocap/v1/home/door/stats",  "mocap/v1/home/doors/state",
        "mocap/v1/other/door/state", "homeassistant/sensor/mocap_home__doors/yaw/config",
        "homeassistant/sensor/x",    "",
    };
    struct fleet_retained_news news;
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        fleet_retained_take(*state, topics[i], NULL, 0);
    }
    fleet_retained_take(*state, PRESENCE_TOPIC, "{}", 2);
    fleet_retained_take(*state, ENTITY_TOPIC, "{}", 2);
    fleet_retained_take(*state, STATE_TOPIC, "\xff", 1);
    fleet_retained_take(*state, STATE_TOPIC, "{}", 2);
    fleet_retained_look(*state, "door", &news);
    assert_false(news.is_emptied[0] || news.is_emptied[1] || news.is_emptied[2] || news.is_others);
    fleet_retained_look(*state, "unknown", &news);
    assert_false(news.is_emptied[0] || news.is_others);
}

// The broker's order counts: a state of one's own that it has not shown yet comes after what it
// has.
static void the_last_state_says_whose_the_stream_is(void **state)
{
    struct fleet_retained_news news;
    fleet_retained_expect(*state, "door");
    take_state(*state, "b", "live");
    assert_false(is_others(*state));
    take_state(*state, "a", "live");
    assert_false(is_others(*state));
    take_state(*state, "b", "connecting");
    fleet_retained_look(*state, "door", &news);
    assert_true(news.is_others && !news.is_live);
    take_state(*state, "b", "live");
    fleet_retained_look(*state, "door", &news);
    assert_true(news.is_others && news.is_live);
    // Two of one's own, of which one was seen, and one that did not go out.
    fleet_retained_expect(*state, "door");
    fleet_retained_expect(*state, "door");
    take_state(*state, "a", "live");
    take_state(*state, "b", "live");
    assert_false(is_others(*state));
    fleet_retained_expect_not(*state, "door");
    assert_true(is_others(*state));
    // More than were expected do not make up for later ones.
    take_state(*state, "a", "live");
    take_state(*state, "a", "live");
    fleet_retained_expect(*state, "door");
    take_state(*state, "b", "live");
    assert_false(is_others(*state));
}

static void what_is_removed_or_unknown_is_nobodys(void **state)
{
    take_state(*state, "b", "live");
    fleet_retained_take(*state, STATE_TOPIC, NULL, 0);
    assert_false(is_others(*state));
    take_state(*state, "b", "live");
    fleet_retained_expect(*state, "door");
    fleet_retained_forget(*state);
    assert_false(is_others(*state));
    take_state(*state, "b", "live"); // none is on its way any more
    assert_true(is_others(*state));
    fleet_retained_add(*state, &door);
    assert_false(is_others(*state));
    fleet_retained_remove(*state, "door");
    take_state(*state, "b", "live");
    assert_false(is_others(*state));
}

static void names_that_topics_do_not_take_are_told_apart(void **state)
{
    struct fleet_retained *retained = *state;
    const struct fleet_entity_place first = { .prefix = "h+", .site = "s/#", .stream = "a_b" };
    const struct fleet_entity_place second = { .prefix = "", .site = "s/#", .stream = "a+b" };
    char topic[FLEET_ENTITY_TOPIC_BYTES];
    struct fleet_retained_news news;
    fleet_retained_add(retained, &first);
    fleet_retained_add(retained, &second);
    fleet_retained_topic_write(topic, FLEET_RETAINED_ENTITIES, &second);
    assert_string_equal(topic, ""); // no discovery
    fleet_retained_topic_write(topic, FLEET_RETAINED_STATE, &second);
    assert_null(strpbrk(topic, "+#"));
    fleet_retained_take(retained, topic, NULL, 0);
    fleet_retained_look(retained, "a_b", &news);
    assert_false(news.is_emptied[FLEET_RETAINED_STATE]);
    fleet_retained_look(retained, "a+b", &news);
    assert_true(news.is_emptied[FLEET_RETAINED_STATE]);
}

static void streams_have_a_bound(void **state)
{
    char name[32];
    for (int i = 0; i < 2 * PROTOCOL_STREAMS_MAX; i++) {
        snprintf(name, sizeof name, "n%d", i);
        fleet_retained_add(
            *state, &(struct fleet_entity_place){ .prefix = "h", .site = "home", .stream = name });
    }
    struct fleet_retained_news news;
    fleet_retained_expect(*state, "gone");
    fleet_retained_take(*state, "mocap/v1/home/n127/state", NULL, 0);
    fleet_retained_look(*state, "n127", &news);
    assert_true(news.is_emptied[FLEET_RETAINED_STATE]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_emptied_is_news_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_topics_and_messages_are_no_news, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_last_state_says_whose_the_stream_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_removed_or_unknown_is_nobodys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_that_topics_do_not_take_are_told_apart, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(streams_have_a_bound, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

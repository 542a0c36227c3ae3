// wire_test.c - inproc's wires: order, room, barriers, listening.
#include <string.h>

#include "check.h"
#include "ends.h"

static struct yard yard;
static hawser_port one, other;

// A message of 120 bytes and its head of 8 fill 128 bytes.
enum { SIZE = 120, COST = 128, BUFFER = 4096, FITS = BUFFER / COST };

static void
meet(const char *option, const char *value)
{
    memset(&one, 0, sizeof one);
    memset(&other, 0, sizeof other);
    yard_open(&yard);
    CU_ASSERT(ends_meet(&yard, &one, &other, "inproc://pair", option, value));
}

static void
part(void)
{
    end_close(&one, 0, "");
    end_close(&other, 0, "");
    CU_ASSERT_EQUAL(one.strangers + other.strangers, 0);
    yard_close(&yard);
}

static bool
other_has_all(void *user)
{
    (void)user; // there is one pair
    return other.received == one.sent;
}

static void
messages_keep_their_order_over_many_parcels(void)
{
    meet(NULL, NULL);
    for (size_t size = 8; size < 3000; size += 37) {
        size_t left = 200;

        while (left > 0 && !yard.late) {
            left -= end_send(&one, left, size);
            CU_ASSERT(yard_run(&yard, other_has_all, NULL));
        }
    }
    CU_ASSERT_EQUAL(other.received, one.sent);
    part();
}

static bool
both_are_lost(void *user)
{
    (void)user; // there is one pair
    return one.lost == 1 && other.lost == 1;
}

static void
what_the_port_has_no_memory_for_is_not_confirmed(void)
{
    meet(NULL, NULL);
    other.refuses = true;
    (void)end_send(&one, 1, SIZE);
    hawser_transport_inproc.barrier(one.wire, 1);
    CU_ASSERT(yard_run(&yard, both_are_lost, NULL));
    CU_ASSERT_EQUAL(one.passes, 0);
    CU_ASSERT_EQUAL(other.received, 0);
    CU_ASSERT_EQUAL(other.cause, HAWSER_CAUSE_LOCAL);
    end_close(&one, 0, "");
    end_close(&other, 0, "");
    yard_close(&yard);
}

static void
kind_and_topic_travel_along(void)
{
    const hawser_message message = { .bytes = (const uint8_t *)"12345678",
                                     .size = 8,
                                     .topic = (const uint8_t *)"weather",
                                     .topic_size = 7,
                                     .kind = HAWSER_TEXT };

    meet(NULL, NULL);
    CU_ASSERT_EQUAL(hawser_transport_inproc.send(one.wire, &message, 1), 1);
    yard_turn(&yard);
    CU_ASSERT_EQUAL(other.strangers, 1); // it is no number
    CU_ASSERT_EQUAL(other.last_kind, HAWSER_TEXT);
    CU_ASSERT_STRING_EQUAL(other.last_topic, "weather");
    other.strangers = 0;
    part();
}

static void
a_wire_takes_what_fits_into_its_buffer_and_not_one_more(void)
{
    meet("wire.buffer", "4KiB");
    end_listen(&other, false);
    CU_ASSERT_EQUAL(end_send(&one, FITS - 1, SIZE), FITS - 1);
    CU_ASSERT_EQUAL(end_send(&one, 2, SIZE), 1);
    CU_ASSERT_EQUAL(end_send(&one, 1, 8), 0);
    yard_turn(&yard);
    CU_ASSERT_EQUAL(one.writable, 0);
    end_listen(&other, true);
    yard_turn(&yard);
    CU_ASSERT_EQUAL(other.received, FITS);
    CU_ASSERT_EQUAL(one.writable, 1);
    CU_ASSERT_EQUAL(end_send(&one, FITS + 1, SIZE), FITS);
    part();
}

static void
writable_is_not_said_where_all_was_taken(void)
{
    meet("wire.buffer", "4KiB");
    CU_ASSERT_EQUAL(end_send(&one, FITS, SIZE), FITS);
    yard_turn(&yard);
    CU_ASSERT_EQUAL(other.received, FITS);
    CU_ASSERT_EQUAL(one.writable, 0);
    part();
}

static void
a_message_larger_than_the_buffer_goes_alone(void)
{
    meet("wire.buffer", "4KiB");
    end_listen(&other, false);
    CU_ASSERT_EQUAL(end_send(&one, 2, 100000), 1);
    CU_ASSERT_EQUAL(end_send(&one, 1, 8), 0);
    end_listen(&other, true);
    yard_turn(&yard);
    CU_ASSERT_EQUAL(other.received, 1);
    CU_ASSERT_EQUAL(other.last_size, 100000);
    CU_ASSERT_EQUAL(one.writable, 1);
    part();
}

static void
a_barrier_passes_when_all_before_it_was_handed_on(void)
{
    meet(NULL, NULL);
    end_listen(&other, false);
    CU_ASSERT_EQUAL(end_send(&one, 10, SIZE), 10);
    end_barrier(&one, 7);
    yard_turn(&yard);
    CU_ASSERT_EQUAL(one.passes, 0);
    end_listen(&other, true);
    yard_turn(&yard);
    CU_ASSERT_EQUAL(other.received, 10);
    CU_ASSERT_EQUAL(one.passed, 7);
    CU_ASSERT_EQUAL(one.passes, 1);
    part();
}

// The oldest keeps its place, the newest the last one: those between are
// passed with it.
static void
of_many_barriers_the_oldest_and_the_newest_are_passed(void)
{
    meet(NULL, NULL);
    end_listen(&other, false);
    for (uint64_t number = 1; number <= 9; number++) {
        CU_ASSERT_EQUAL(end_send(&one, 10, SIZE), 10);
        end_barrier(&one, number);
    }
    end_listen(&other, true);
    yard_turn(&yard);
    CU_ASSERT_EQUAL(one.passed, 9);
    CU_ASSERT(one.passes == 1 || one.passes == 2);
    part();
}

static void
barriers_ask_for_no_more_memory_than_one_parcel(void)
{
    hawser_gauge gauge;

    meet("wire.buffer", "4KiB");
    end_listen(&other, false);
    for (uint64_t number = 1; number <= 1000; number++) {
        end_barrier(&one, number);
    }
    hawser_transport_inproc.gauge(one.wire, &gauge);
    CU_ASSERT_EQUAL(gauge.backlog, 0);
    CU_ASSERT_EQUAL(end_send(&one, FITS, SIZE), FITS);
    end_listen(&other, true);
    yard_turn(&yard);
    CU_ASSERT_EQUAL(one.passed, 1000);
    part();
}

static void
stop_listening(hawser_port *port)
{
    if (port->received % 3 == 0) {
        end_listen(port, false);
    }
}

static void
listening_stops_in_the_middle_of_a_parcel(void)
{
    meet(NULL, NULL);
    other.on_received = stop_listening;
    CU_ASSERT_EQUAL(end_send(&one, 10, SIZE), 10);
    yard_turn(&yard);
    CU_ASSERT_EQUAL(other.received, 3);
    end_listen(&other, true);
    yard_turn(&yard);
    CU_ASSERT_EQUAL(other.received, 6);
    other.on_received = NULL;
    end_listen(&other, true);
    yard_turn(&yard);
    CU_ASSERT_EQUAL(other.received, 10);
    part();
}

static void
nothing_is_received_from_inside_listen(void)
{
    meet(NULL, NULL);
    end_listen(&other, false);
    CU_ASSERT_EQUAL(end_send(&one, 5, SIZE), 5);
    yard_turn(&yard);
    end_listen(&other, true);
    CU_ASSERT_EQUAL(other.received, 0);
    yard_turn(&yard);
    CU_ASSERT_EQUAL(other.received, 5);
    part();
}

static void
the_gauge_shows_what_was_not_read(void)
{
    hawser_gauge gauge;

    meet(NULL, NULL);
    end_listen(&other, false);
    CU_ASSERT_EQUAL(end_send(&one, 10, SIZE), 10);
    hawser_transport_inproc.gauge(one.wire, &gauge);
    CU_ASSERT_EQUAL(gauge.written, 0);
    CU_ASSERT_EQUAL(gauge.backlog, 10 * COST);
    end_listen(&other, true);
    yard_turn(&yard);
    hawser_transport_inproc.gauge(one.wire, &gauge);
    CU_ASSERT_EQUAL(gauge.written, 10 * COST);
    CU_ASSERT_EQUAL(gauge.backlog, 0);
    part();
}

// 32 parcels of a turn are far less than was sent, so the others get theirs.
static void
a_busy_wire_does_not_starve_its_neighbour(void)
{
    hawser_port left = { 0 }, right = { 0 };
    unsigned turns = 0;

    meet("wire.buffer", "8MiB");
    CU_ASSERT(ends_meet(&yard, &left, &right, "inproc://next", NULL, NULL));
    CU_ASSERT_EQUAL(end_send(&one, 60, 100000), 60);
    CU_ASSERT_EQUAL(end_send(&left, 1, 8), 1);
    while (right.received == 0 && turns < 100) {
        (void)uv_run(&yard.loop, UV_RUN_NOWAIT); // whether more is to come
        turns++;
    }
    CU_ASSERT_EQUAL(right.received, 1);
    CU_ASSERT(other.received < 60);
    CU_ASSERT(yard_run(&yard, other_has_all, NULL));
    end_close(&left, 0, "");
    end_close(&right, 0, "");
    part();
}

static CU_TestInfo tests[] = {
    CHECK(messages_keep_their_order_over_many_parcels),
    CHECK(what_the_port_has_no_memory_for_is_not_confirmed),
    CHECK(kind_and_topic_travel_along),
    CHECK(a_wire_takes_what_fits_into_its_buffer_and_not_one_more),
    CHECK(writable_is_not_said_where_all_was_taken),
    CHECK(a_message_larger_than_the_buffer_goes_alone),
    CHECK(a_barrier_passes_when_all_before_it_was_handed_on),
    CHECK(of_many_barriers_the_oldest_and_the_newest_are_passed),
    CHECK(barriers_ask_for_no_more_memory_than_one_parcel),
    CHECK(listening_stops_in_the_middle_of_a_parcel),
    CHECK(nothing_is_received_from_inside_listen),
    CHECK(the_gauge_shows_what_was_not_read),
    CHECK(a_busy_wire_does_not_starve_its_neighbour),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("inproc wires", tests)

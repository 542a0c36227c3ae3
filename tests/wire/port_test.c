// port_test.c - a wire that is open: both its halves, and its end.
#include "wire/port.h"

#include "base/scarce.h"
#include "check.h"
#include "values/batch.h"
#include "wire/pier.h"

static const struct hawser_message messages[] = {
    { .bytes = (const uint8_t *)"a", .size = 1 },
    { .bytes = (const uint8_t *)"b", .size = 1 },
    { .bytes = (const uint8_t *)"c", .size = 1 },
};

static const hawser_lost reset = { .cause = HAWSER_CAUSE_RESET,
                                   .error = "connection reset",
                                   .retry_after_ms = -1 };

static size_t
send_on(uint32_t wire)
{
    return hw_port_send(pier_ports, 0, wire, messages, 3);
}

static bool
says(unsigned to, unsigned kind, uint64_t number)
{
    struct hw_letter letter;

    return desk_read_next(&pier_desk, to, kind, &letter) && letter.link == 0 &&
           letter.wire == 1 && letter.number == number;
}

// ---- the write half ----

static void
a_wire_takes_what_it_can(void)
{
    pier_open_wire(&pier_transport);
    CU_ASSERT_EQUAL(send_on(1), 3);
    pier.take = 2;
    CU_ASSERT_EQUAL(send_on(1), 2);
    pier.take = 0;
    CU_ASSERT_EQUAL(send_on(1), 0);
    CU_ASSERT_EQUAL(pier.wires[0].sends, 3);
}

static void
a_wire_is_asked_for_barriers_and_its_gauge(void)
{
    hawser_gauge gauge = { 0 };

    pier_open_wire(&pier_transport);
    pier.gauge.written = 12;
    pier.gauge.backlog = 34;
    CU_ASSERT_TRUE(hw_port_barrier(pier_ports, 0, 1, 99));
    CU_ASSERT_EQUAL(pier.wires[0].barrier, 99);
    CU_ASSERT_TRUE(hw_port_gauge(pier_ports, 0, 1, &gauge));
    CU_ASSERT_EQUAL(gauge.written, 12);
    CU_ASSERT_EQUAL(gauge.backlog, 34);
}

static void
a_transport_without_barriers_or_a_gauge_says_so(void)
{
    hawser_gauge gauge;

    pier_open_wire(&pier_plain_transport);
    CU_ASSERT_FALSE(hw_port_barrier(pier_ports, 0, 1, 1));
    CU_ASSERT_FALSE(hw_port_gauge(pier_ports, 0, 1, &gauge));
}

static void
a_wire_that_is_not_open_or_not_this_one_takes_nothing(void)
{
    hawser_gauge gauge;

    pier_open_wire(&pier_transport);
    CU_ASSERT_EQUAL(send_on(2), 0);
    CU_ASSERT_FALSE(hw_port_barrier(pier_ports, 0, 2, 1));
    CU_ASSERT_FALSE(hw_port_gauge(pier_ports, 0, 2, &gauge));
    CU_ASSERT_EQUAL(hw_port_heard_at(pier_ports, 0, 2), 0);
    pier_close_wire(0, 1, 0, NULL);
    pier_dial(0, 2, 0, NULL);
    CU_ASSERT_EQUAL(send_on(2), 0);
    hw_port_listen(pier_ports, 0, false);
    CU_ASSERT_TRUE(pier.wires[1].listening);
    CU_ASSERT_EQUAL(hw_port_heard_at(pier_ports, 0, 2), 0);
    CU_ASSERT_EQUAL(pier.wires[1].sends, 0);
}

static void
what_the_transport_says_becomes_a_letter(void)
{
    pier_open_wire(&pier_transport);
    hawser_port_writable(pier.wires[0].port);
    CU_ASSERT_TRUE(says(HW_SENDER, HW_LETTER_WIRE_WRITABLE, 0));
    CU_ASSERT_TRUE(hw_port_barrier(pier_ports, 0, 1, 1234567890123));
    hawser_port_passed(pier.wires[0].port, 1234567890123);
    CU_ASSERT_TRUE(says(HW_SENDER, HW_LETTER_WIRE_PASSED, 1234567890123));
    CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
}

// ---- the read half ----

static void
receive(unsigned wire, const char *text)
{
    hawser_port_received(pier.wires[wire].port, HAWSER_TEXT, "topic", 5, text,
                         strlen(text));
}

// The next WIRE_RECEIVED: its messages, joined by spaces.
static void
read_received(uint32_t link, char *texts, size_t size)
{
    struct hw_letter letter;
    const struct hw_batch *batch;

    texts[0] = '\0';
    if (!desk_read_next(&pier_desk, HW_RECEIVER, HW_LETTER_WIRE_RECEIVED,
                        &letter)) {
        return;
    }
    CU_ASSERT_EQUAL(letter.link, link);
    batch = letter.thing;
    for (uint32_t i = 0; i < batch->count; i++) {
        size_t used = strlen(texts);

        CU_ASSERT_EQUAL(batch->messages[i].kind, HAWSER_TEXT);
        CU_ASSERT_EQUAL(batch->messages[i].topic_size, 5);
        (void)snprintf(texts + used, size - used, "%s%.*s", i > 0 ? " " : "",
                       (int)batch->messages[i].size,
                       (const char *)batch->messages[i].bytes);
    }
    desk_give_back(&letter);
}

static bool
says_received(uint32_t link, const char *texts)
{
    char read[256];

    read_received(link, read, sizeof read);
    return strcmp(read, texts) == 0;
}

static void
what_came_since_the_last_turn_travels_together(void)
{
    pier_open_wire(&pier_transport);
    receive(0, "a");
    receive(0, "b");
    CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
    hw_ports_gather(pier_ports);
    CU_ASSERT_TRUE(says_received(0, "a b"));
    hw_ports_gather(pier_ports);
    CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
    receive(0, "c");
    hw_ports_gather(pier_ports);
    CU_ASSERT_TRUE(says_received(0, "c"));
}

static void
bursts_are_cut_into_batches_and_keep_their_order(void)
{
    static char text[2000];
    struct hw_letter letter;
    unsigned count = 0;

    pier_open_wire(&pier_transport);
    memset(text, 'x', sizeof text - 1);
    for (unsigned i = 0; i < 100; i++) {
        text[0] = (char)('0' + i % 10);
        receive(0, text);
    }
    hw_ports_gather(pier_ports);
    while (desk_read_next(&pier_desk, HW_RECEIVER, HW_LETTER_WIRE_RECEIVED,
                          &letter)) {
        const struct hw_batch *batch = letter.thing;

        for (uint32_t i = 0; i < batch->count; i++, count++) {
            CU_ASSERT_EQUAL(batch->messages[i].size, 1999);
            CU_ASSERT_EQUAL(batch->messages[i].bytes[0], '0' + count % 10);
        }
        desk_give_back(&letter);
    }
    CU_ASSERT_EQUAL(count, 100);
}

static void
a_message_larger_than_a_batch_comes_whole(void)
{
    static char text[300000];
    struct hw_letter letter;
    const struct hw_batch *batch;

    pier_open_wire(&pier_transport);
    memset(text, 'y', sizeof text - 1);
    receive(0, "small");
    receive(0, text);
    receive(0, "last");
    hw_ports_gather(pier_ports);
    CU_ASSERT_TRUE(says_received(0, "small"));
    CU_ASSERT_TRUE_FATAL(desk_read_next(&pier_desk, HW_RECEIVER,
                                        HW_LETTER_WIRE_RECEIVED, &letter));
    batch = letter.thing;
    CU_ASSERT_EQUAL(batch->messages[0].size, sizeof text - 1);
    CU_ASSERT_EQUAL(memcmp(batch->messages[0].bytes, text, sizeof text - 1), 0);
    desk_give_back(&letter);
    CU_ASSERT_TRUE(says_received(0, "last"));
}

#if SCARCE_IS_POSSIBLE
// With a gap in what it hears the application is worse off than without the
// wire.
static void
a_wire_is_lost_with_the_first_message_that_there_is_no_memory_for(void)
{
    static char text[SCARCE_SIZE];

    pier_open_wire(&pier_transport);
    memset(text, 'z', sizeof text - 1);
    receive(0, "before");
    scarce_begin();
    receive(0, text);
    scarce_end();
    receive(0, "after");
    CU_ASSERT_TRUE(says_received(0, "before"));
    CU_ASSERT_TRUE(pier_says_lost(1, HAWSER_CAUSE_LOCAL, "out of memory"));
    hw_ports_gather(pier_ports);
    CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
    pier_close_wire(0, 1, 0, NULL);
    CU_ASSERT_TRUE(pier.wires[0].closed);
}
#endif

static void
what_came_before_a_loss_is_said_before_it(void)
{
    pier_open_wire(&pier_transport);
    receive(0, "last words");
    hawser_port_lost(pier.wires[0].port, &reset);
    CU_ASSERT_TRUE(says_received(0, "last words"));
    CU_ASSERT_TRUE(pier_says_lost(1, HAWSER_CAUSE_RESET, "connection reset"));
    hw_ports_gather(pier_ports);
    CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
}

static void
wires_are_gathered_apart(void)
{
    for (uint32_t link = 0; link < 3; link++) {
        pier_open_link(link, &pier_transport, "-");
        pier_dial(link, 1, 0, NULL);
        pier_opened(link);
    }
    desk_clear(&pier_desk);
    receive(0, "a");
    receive(1, "b");
    receive(2, "c");
    pier_close_wire(1, 1, 0, NULL);
    CU_ASSERT_TRUE(says_received(1, "b"));
    hw_ports_gather(pier_ports);
    CU_ASSERT_TRUE(says_received(2, "c"));
    CU_ASSERT_TRUE(says_received(0, "a"));
    CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
}

static void
a_wire_is_listened_to_or_not(void)
{
    pier_open_wire(&pier_transport);
    hw_port_listen(pier_ports, 0, false);
    CU_ASSERT_FALSE(pier.wires[0].listening);
    hw_port_listen(pier_ports, 0, true);
    CU_ASSERT_TRUE(pier.wires[0].listening);
}

static void
signs_of_life_are_written_down_with_their_time(void)
{
    pier_open_link(0, &pier_transport, "-");
    pier_dial(0, 1, 0, NULL);
    desk_pass(&pier_desk, 50);
    pier_opened(0);
    desk_clear(&pier_desk);
    CU_ASSERT_EQUAL(hw_port_heard_at(pier_ports, 0, 1), DESK_START_MS + 50);
    desk_pass(&pier_desk, 100);
    CU_ASSERT_EQUAL(hw_port_heard_at(pier_ports, 0, 1), DESK_START_MS + 50);
    hawser_port_alive(pier.wires[0].port);
    CU_ASSERT_EQUAL(hw_port_heard_at(pier_ports, 0, 1), DESK_START_MS + 150);
    CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
}

// ---- the end of a wire ----

static void
a_lost_wire_is_told_and_takes_nothing_more(void)
{
    pier_open_wire(&pier_transport);
    hawser_port_lost(pier.wires[0].port, &reset);
    CU_ASSERT_TRUE(pier_says_lost(1, HAWSER_CAUSE_RESET, "connection reset"));
    CU_ASSERT_EQUAL(send_on(1), 0);
    CU_ASSERT_FALSE(hw_port_barrier(pier_ports, 0, 1, 1));
    hw_port_listen(pier_ports, 0, false);
    pier_close_wire(0, 1, 1000, "late");
    CU_ASSERT_FALSE(pier.wires[0].closed);
    CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
    pier_dial(0, 2, 0, NULL);
    CU_ASSERT_EQUAL(pier.wire_count, 2);
}

static size_t
refuse_even(void *wire, const hawser_message *array, size_t count)
{
    hawser_port *port = ((struct pier_wire *)wire)->port;

    (void)array;
    for (size_t i = 0; i < count; i += 2) {
        hawser_port_refused(port, i, "nobody is to have it");
    }
    return count;
}

static void
what_a_wire_refuses_is_known_until_the_next_send(void)
{
    static hawser_transport refusing;
    uint32_t from = 0;

    refusing = pier_transport;
    refusing.send = refuse_even;
    pier_open_wire(&refusing);
    CU_ASSERT_EQUAL(hw_port_refused(pier_ports, &from), 0);
    CU_ASSERT_EQUAL(send_on(1), 3);
    from = 0;
    CU_ASSERT_EQUAL(hw_port_refused(pier_ports, &from), 1);
    CU_ASSERT_EQUAL(from++, 0);
    CU_ASSERT_EQUAL(hw_port_refused(pier_ports, &from), 1);
    CU_ASSERT_EQUAL(from++, 2);
    CU_ASSERT_EQUAL(hw_port_refused(pier_ports, &from), 0);
    CU_ASSERT_EQUAL(send_on(2), 0); // there is no such wire
    from = 0;
    CU_ASSERT_EQUAL(hw_port_refused(pier_ports, &from), 0);
    CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
}

static void
a_wire_may_be_lost_from_inside_a_verb(void)
{
    for (uint32_t i = 0; i < 3; i++) {
        pier_open_link(i, &pier_transport, "-");
        pier_dial(i, 1, 0, NULL);
        pier_opened(i);
        desk_clear(&pier_desk);
        pier.loses = &reset;
        if (i == 0) {
            CU_ASSERT_TRUE(hw_port_send(pier_ports, i, 1, messages, 3) <= 3);
        } else if (i == 1) {
            (void)hw_port_barrier(pier_ports, i, 1, 1);
        } else {
            hw_port_listen(pier_ports, i, false);
        }
        CU_ASSERT_PTR_NULL(pier.loses);
        CU_ASSERT_TRUE(
            pier_says_lost(1, HAWSER_CAUSE_RESET, "connection reset"));
        CU_ASSERT_EQUAL(hw_port_send(pier_ports, i, 1, messages, 3), 0);
        CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
    }
}

static void
a_goodbye_carries_its_code_and_reason(void)
{
    pier_open_wire(&pier_transport);
    pier_close_wire(0, 1, HAWSER_CLOSE_CUT, NULL);
    CU_ASSERT_TRUE(pier.wires[0].closed);
    CU_ASSERT_EQUAL(pier.wires[0].code, HAWSER_CLOSE_CUT);
    CU_ASSERT_STRING_EQUAL(pier.wires[0].reason, "");
    CU_ASSERT_EQUAL(send_on(1), 0);
    CU_ASSERT_TRUE(desk_is_silent(&pier_desk));
}

static void
at_the_end_of_a_bus_wires_are_closed_and_transports_stopped_once(void)
{
    pier_open_wire(&pier_transport);
    pier_open_link(1, &pier_plain_transport, "-");
    pier_dial(1, 1, 0, NULL);
    receive(0, "unheard");
    pier_close();
    CU_ASSERT_TRUE(pier.wires[0].closed);
    CU_ASSERT_TRUE(pier.wires[1].closed);
    CU_ASSERT_EQUAL(pier.starts, 2);
    CU_ASSERT_EQUAL(pier.stops, 2);
    hw_ports_close(NULL);
    pier_open();
}

static CU_TestInfo tests[] = {
    CHECK(a_wire_takes_what_it_can),
    CHECK(a_wire_is_asked_for_barriers_and_its_gauge),
    CHECK(a_transport_without_barriers_or_a_gauge_says_so),
    CHECK(a_wire_that_is_not_open_or_not_this_one_takes_nothing),
    CHECK(what_the_transport_says_becomes_a_letter),
    CHECK(what_came_since_the_last_turn_travels_together),
    CHECK(bursts_are_cut_into_batches_and_keep_their_order),
    CHECK(a_message_larger_than_a_batch_comes_whole),
#if SCARCE_IS_POSSIBLE
    CHECK(a_wire_is_lost_with_the_first_message_that_there_is_no_memory_for),
#endif
    CHECK(what_came_before_a_loss_is_said_before_it),
    CHECK(wires_are_gathered_apart),
    CHECK(a_wire_is_listened_to_or_not),
    CHECK(signs_of_life_are_written_down_with_their_time),
    CHECK(a_lost_wire_is_told_and_takes_nothing_more),
    CHECK(what_a_wire_refuses_is_known_until_the_next_send),
    CHECK(a_wire_may_be_lost_from_inside_a_verb),
    CHECK(a_goodbye_carries_its_code_and_reason),
    CHECK(at_the_end_of_a_bus_wires_are_closed_and_transports_stopped_once),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("port", tests, pier_open, pier_close);
    return check_run(argc, argv);
}

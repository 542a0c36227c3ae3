// world_test.c - the sim world: what a script says is what happens, and a seed
// is all the chance there is.
#include "check.h"
#include "ports.h"

static struct sim_world *world;
static struct sim_server *server;
static hawser_port port;

static void
begin(uint64_t seed)
{
    world = world_begin(seed, &server);
}

static void
end(void)
{
    port_close(&port, 0, "");
    world_end(world);
}

static struct sim_script
script(void)
{
    return *sim_server_scripted(server);
}

// ---- time and chance ----

static void
nothing_happens_before_its_time(void)
{
    begin(1);
    port_open(world, &port);
    CU_ASSERT_EQUAL(port_send(&port, 0, 1, 10), 1);
    world_pass(world, sim_script_kind.latency_us - 1);
    CU_ASSERT_EQUAL(seen.taken, 1);
    CU_ASSERT_EQUAL(seen.arrived, 0);
    world_pass(world, 1);
    CU_ASSERT_EQUAL(seen.arrived, 1);
    CU_ASSERT_EQUAL(seen.handled, 0);
    world_pass(world, sim_script_kind.handle_us);
    CU_ASSERT_EQUAL(seen.handled, 1);
    end();
}

static uint64_t
rough_run(uint64_t seed)
{
    struct sim_script rough;

    begin(seed);
    rough = script();
    rough.jitter_us = 5000;
    rough.cut_ppm = 20000;
    sim_server_script(server, &rough);
    for (unsigned i = 0; i < 5; i++) {
        port_open(world, &port);
        (void)port_send(&port, 0, 100, 50); // what fits
        world_pass(world, 50000);
        port_close(&port, 0, "");
    }
    end();
    return seen.hash;
}

static void
the_same_seed_is_the_same_world(void)
{
    CU_ASSERT_EQUAL(rough_run(7), rough_run(7));
    CU_ASSERT_NOT_EQUAL(rough_run(7), rough_run(8));
}

static void
jitter_keeps_the_order_of_a_wire(void)
{
    struct sim_script rough;

    begin(3);
    rough = script();
    rough.jitter_us = 100000;
    sim_server_script(server, &rough);
    port_open(world, &port);
    CU_ASSERT_EQUAL(port_send(&port, 0, 200, 50), 200);
    world_pass(world, 1000000);
    CU_ASSERT_EQUAL(seen.arrived, 200);
    CU_ASSERT_EQUAL(seen.out_of_order, 0);
    end();
}

// ---- dials ----

static void
a_dial_ends_as_the_script_says(void)
{
    static const struct {
        enum sim_dial dial;
        unsigned opened, lost;
        hawser_cause cause;
    } cases[] = {
        { SIM_DIAL_OPENS, 1, 0, HAWSER_CAUSE_UNREACHABLE },
        { SIM_DIAL_UNREACHABLE, 0, 1, HAWSER_CAUSE_UNREACHABLE },
        { SIM_DIAL_TLS, 0, 1, HAWSER_CAUSE_TLS },
        { SIM_DIAL_HTTP, 0, 1, HAWSER_CAUSE_HTTP },
        { SIM_DIAL_CLOSE, 1, 1, HAWSER_CAUSE_CLOSED },
        { SIM_DIAL_HANGS, 0, 0, HAWSER_CAUSE_UNREACHABLE },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sim_script wanted;

        begin(1);
        wanted = script();
        wanted.dial = cases[i].dial;
        wanted.http_status = 503;
        wanted.retry_after_ms = 700;
        wanted.close_code = 1013;
        sim_server_script(server, &wanted);
        port_dial(world, &port, "sim://a");
        world_pass(world, 10000000);
        CU_ASSERT_EQUAL(port.opened, cases[i].opened);
        CU_ASSERT_EQUAL(port.lost, cases[i].lost);
        CU_ASSERT_EQUAL(port.cause, cases[i].cause);
        if (cases[i].dial == SIM_DIAL_HTTP) {
            CU_ASSERT_EQUAL(port.http_status, 503);
            CU_ASSERT_EQUAL(port.retry_after_ms, 700);
        }
        if (cases[i].dial == SIM_DIAL_CLOSE) {
            CU_ASSERT_EQUAL(port.code, 1013);
        }
        end();
    }
}

static void
a_name_that_nobody_has_is_unreachable(void)
{
    begin(1);
    port_dial(world, &port, "sim://b");
    world_pass(world, 10000);
    CU_ASSERT_EQUAL(port.lost, 1);
    CU_ASSERT_EQUAL(port.cause, HAWSER_CAUSE_UNREACHABLE);
    end();
}

// ---- barriers ----

static void
barriers_are_answered_as_the_script_says(void)
{
    static const struct {
        enum sim_barriers barriers;
        int opened_with;
        uint64_t passed_soon, passed_late;
        bool alive;
    } cases[] = {
        { SIM_BARRIERS_ANSWERED, 1, 5, 5, true },
        { SIM_BARRIERS_LATE, 1, 0, 5, true },
        { SIM_BARRIERS_WRONG, 1, 0, 0, true },
        { SIM_BARRIERS_NEVER, 1, 0, 0, false },
        { SIM_BARRIERS_LACKED, 0, 0, 0, false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sim_script wanted;

        begin(1);
        wanted = script();
        wanted.barriers = cases[i].barriers;
        wanted.barrier_late_us = 50000;
        sim_server_script(server, &wanted);
        port_open(world, &port);
        port_barrier(&port, 5);
        world_pass(world, 10000);
        CU_ASSERT_EQUAL(port.barriers, cases[i].opened_with);
        CU_ASSERT_EQUAL(port.passed, cases[i].passed_soon);
        world_pass(world, 100000);
        CU_ASSERT_EQUAL(port.passed, cases[i].passed_late);
        CU_ASSERT_EQUAL(port.alive > 0, cases[i].alive);
        end();
    }
}

// ---- flow ----

static void
a_full_stack_stops_what_is_under_way(void)
{
    struct sim_script slow;

    begin(1);
    slow = script();
    slow.stack_max = 3;
    slow.handle_us = 1000;
    sim_server_script(server, &slow);
    port_open(world, &port);
    CU_ASSERT_EQUAL(port_send(&port, 0, 20, 50), 20);
    world_pass(world, 900);
    CU_ASSERT_EQUAL(seen.arrived, 3);
    world_pass(world, 100000);
    CU_ASSERT_EQUAL(seen.arrived, 20);
    CU_ASSERT_EQUAL(seen.handled, 20);
    end();
}

static void
a_slow_peer_reads_so_many_bytes_in_a_millisecond(void)
{
    struct sim_script slow;

    begin(1);
    slow = script();
    slow.bytes_per_ms = 100;
    sim_server_script(server, &slow);
    port_open(world, &port);
    // 92 bytes and a head of 8.
    CU_ASSERT_EQUAL(port_send(&port, 0, 50, 92), 50);
    world_pass(world, 10000 + sim_script_kind.latency_us);
    CU_ASSERT_EQUAL(seen.arrived, 10);
    end();
}

static void
a_silent_server_takes_up_to_its_capacity_and_answers_nothing(void)
{
    struct sim_script silent;
    hawser_gauge gauge;

    begin(1);
    silent = script();
    silent.silent = true;
    silent.capacity = 1000;
    port_open(world, &port);
    sim_server_script(server, &silent);
    port_barrier(&port, 1);
    CU_ASSERT_EQUAL(port_send(&port, 0, 20, 92), 20);
    world_pass(world, 100000000);
    hawser_transport_sim.gauge(port.wire, &gauge);
    CU_ASSERT_EQUAL(seen.arrived, 0);
    CU_ASSERT_EQUAL(port.passed, 0);
    CU_ASSERT(gauge.written <= 1000);
    CU_ASSERT(gauge.backlog > 0);
    silent.silent = false;
    sim_server_script(server, &silent);
    world_pass(world, 1000000);
    CU_ASSERT_EQUAL(seen.arrived, 20);
    CU_ASSERT_EQUAL(port.passed, 1);
    end();
}

static void
an_echo_waits_while_the_wire_does_not_listen(void)
{
    struct sim_script echo;

    begin(1);
    echo = script();
    echo.echo = true;
    echo.capacity = 500;
    sim_server_script(server, &echo);
    port_open(world, &port);
    port_listen(&port, false);
    CU_ASSERT_EQUAL(port_send(&port, 0, 50, 92), 50);
    world_pass(world, 1000000);
    CU_ASSERT_EQUAL(port.received, 0);
    CU_ASSERT(seen.handled <= 5);
    port_listen(&port, true);
    world_pass(world, 1000000);
    CU_ASSERT_EQUAL(port.received, 50);
    CU_ASSERT_EQUAL(port.last, 49);
    end();
}

// ---- ends ----

static void
a_killed_server_forgets_what_it_has_not_handled(void)
{
    struct sim_script slow;

    begin(1);
    slow = script();
    slow.handle_us = 1000000;
    sim_server_script(server, &slow);
    port_open(world, &port);
    CU_ASSERT_EQUAL(port_send(&port, 0, 5, 50), 5);
    world_pass(world, 1000);
    CU_ASSERT_EQUAL(seen.arrived, 5);
    CU_ASSERT_EQUAL(seen.life, 1);
    sim_server_kill(server);
    world_pass(world, 10000000);
    CU_ASSERT_EQUAL(seen.handled, 0);
    CU_ASSERT_EQUAL(port.lost, 1);
    CU_ASSERT_EQUAL(port.cause, HAWSER_CAUSE_RESET);
    port_open(world, &port);
    CU_ASSERT_EQUAL(port_send(&port, 5, 1, 50), 1);
    world_pass(world, 1000);
    CU_ASSERT_EQUAL(seen.life, 2);
    end();
}

static void
of_a_cut_wire_a_beginning_may_arrive(void)
{
    bool some = false;

    for (uint64_t seed = 1; seed <= 20; seed++) {
        begin(seed);
        port_open(world, &port);
        CU_ASSERT_EQUAL(port_send(&port, 0, 20, 50), 20);
        sim_server_cut(server);
        world_pass(world, 5000000);
        CU_ASSERT_EQUAL(port.lost, 1);
        CU_ASSERT_EQUAL(seen.out_of_order, 0);
        some = some || (seen.arrived > 0 && seen.arrived < 20);
        end();
    }
    CU_ASSERT(some);
}

static void
send_may_find_the_wire_cut(void)
{
    struct sim_script rough;

    begin(1);
    rough = script();
    rough.cut_inside_ppm = 1000000;
    sim_server_script(server, &rough);
    port_open(world, &port);
    CU_ASSERT_EQUAL(port_send(&port, 0, 3, 50), 0);
    CU_ASSERT_EQUAL(port.lost, 1);
    end();
}

static void
the_net_forgets_wires_and_serves_new_ones(void)
{
    hawser_port other;

    begin(1);
    port_open(world, &port);
    sim_server_lose_wires(server);
    port_open(world, &other);
    CU_ASSERT_EQUAL(port_send(&port, 0, 1, 50), 1);
    world_pass(world, 100000000);
    CU_ASSERT_EQUAL(seen.arrived, 0);
    CU_ASSERT_EQUAL(port.lost, 0);
    CU_ASSERT_EQUAL(port_send(&other, 0, 1, 50), 1);
    world_pass(world, 1000);
    CU_ASSERT_EQUAL(seen.arrived, 1);
    port_close(&other, 0, "");
    end();
}

static void
a_closed_wire_still_delivers_what_it_took(void)
{
    begin(1);
    port_open(world, &port);
    CU_ASSERT_EQUAL(port_send(&port, 0, 20, 50), 20);
    port_close(&port, 4000, "x");
    world_pass(world, 900000);
    CU_ASSERT_EQUAL(seen.arrived, 20);
    CU_ASSERT_EQUAL(seen.goodbyes, 1);
    CU_ASSERT_EQUAL(seen.code, 4000);
    end();
}

static CU_TestInfo tests[] = {
    CHECK(nothing_happens_before_its_time),
    CHECK(the_same_seed_is_the_same_world),
    CHECK(jitter_keeps_the_order_of_a_wire),
    CHECK(a_dial_ends_as_the_script_says),
    CHECK(a_name_that_nobody_has_is_unreachable),
    CHECK(barriers_are_answered_as_the_script_says),
    CHECK(a_full_stack_stops_what_is_under_way),
    CHECK(a_slow_peer_reads_so_many_bytes_in_a_millisecond),
    CHECK(a_silent_server_takes_up_to_its_capacity_and_answers_nothing),
    CHECK(an_echo_waits_while_the_wire_does_not_listen),
    CHECK(a_killed_server_forgets_what_it_has_not_handled),
    CHECK(of_a_cut_wire_a_beginning_may_arrive),
    CHECK(send_may_find_the_wire_cut),
    CHECK(the_net_forgets_wires_and_serves_new_ones),
    CHECK(a_closed_wire_still_delivers_what_it_took),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("sim", tests)

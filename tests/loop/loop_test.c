// loop_test.c - the loop that turns a table: waiting, knocking, time.
#include "loop/loop.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "loop/loop_private.h"

static struct hw_post *post;
static struct hw_table *table;
static struct hw_loop *loop;

static atomic_uint gathers, wakes;
static atomic_bool mail; // what came from outside
static atomic_uint mails;
static sem_t moved;       // posted with each wake and each mail
static bool has_news;     // what turned answers
static atomic_uint asked; // how often a turn was asked for
static unsigned asked_max;
static uint64_t wake_at_next_gather_ms; // 0: none
static unsigned gathers_until_then;

// ---- a table with one who sleeps ----

struct sleeper {
    struct hw_seat *seat;
};

static hawser_status
sit(void *self, struct hw_seat *seat, const struct hawser_settings *settings)
{
    (void)settings;
    ((struct sleeper *)self)->seat = seat;
    return HAWSER_OK;
}

static void
leave(void *self)
{
    (void)self;
}

static void
on_wake(void *self)
{
    (void)self;
    atomic_fetch_add(&wakes, 1);
    (void)sem_post(&moved); // far from its limit
}

static const struct hw_role sleeper = {
    .name = HW_BACKOFF,
    .size = sizeof(struct sleeper),
    .sit = sit,
    .leave = leave,
    .on_wake = on_wake,
};

static uint64_t
now_ms(void)
{
    return hw_loop_clock_us(NULL) / 1000;
}

static void
wake_at(uint64_t ms)
{
    hw_table_seat(table, HW_BACKOFF)->wake_at_ms = ms;
}

static void
gather(void *user)
{
    CU_ASSERT_PTR_EQUAL(user, &loop);
    atomic_fetch_add(&gathers, 1);
    if (atomic_exchange(&mail, false)) {
        atomic_fetch_add(&mails, 1);
        (void)sem_post(&moved);
    }
    if (wake_at_next_gather_ms != 0 && gathers_until_then-- == 0) {
        wake_at(wake_at_next_gather_ms);
        wake_at_next_gather_ms = 0;
    }
}

static bool
turned(void *user)
{
    (void)user;
    if (atomic_load(&asked) < asked_max) {
        atomic_fetch_add(&asked, 1);
        hw_loop_turn_again(loop);
        (void)sem_post(&moved); // far from its limit
    }
    return has_news || atomic_load(&mails) > 0;
}

// What the loop is told of suspensions, and what it tells.
static uint64_t suspended_us_in_all;
static unsigned suspensions;
static uint64_t suspended_ms;

static uint64_t
played_suspension(void)
{
    return suspended_us_in_all;
}

static void
resumed(void *user, uint64_t ms)
{
    CU_ASSERT_PTR_EQUAL(user, &loop);
    suspensions++;
    suspended_ms = ms;
}

static void
start(void)
{
    static const struct hw_role *const roles[] = { &sleeper };
    static const struct hw_loop_watch watch = { &loop, gather, turned,
                                                resumed };

    atomic_store(&gathers, 0);
    atomic_store(&wakes, 0);
    atomic_store(&mails, 0);
    atomic_store(&mail, false);
    has_news = false;
    atomic_store(&asked, 0);
    asked_max = 0;
    suspensions = 0;
    suspended_ms = 0;
    CU_ASSERT_EQUAL_FATAL(sem_init(&moved, 0, 0), 0);
    wake_at_next_gather_ms = 0;
    CU_ASSERT_EQUAL_FATAL(hw_post_open(1, &post), HAWSER_OK);
    CU_ASSERT_EQUAL_FATAL(hw_table_open(post, roles, 1, NULL, hw_loop_clock_us,
                                        NULL, NULL, &table),
                          HAWSER_OK);
    CU_ASSERT_EQUAL_FATAL(hw_loop_open(&loop), HAWSER_OK);
    hw_loop_seat(loop, table, &watch);
}

static void
stop(void)
{
    hw_loop_close(loop, now_ms() + 1000);
    hw_table_close(table);
    hw_post_close(post);
    (void)sem_destroy(&moved); // nobody waits any more
}

// ---- on the caller's thread ----

static void
a_step_does_what_is_due_and_does_not_wait(void)
{
    uint64_t before = now_ms();

    wake_at(before);
    hw_loop_step(loop);
    CU_ASSERT_EQUAL(atomic_load(&wakes), 1);
    CU_ASSERT_TRUE(atomic_load(&gathers) > 0);
    wake_at(before + 60000);
    hw_loop_step(loop);
    CU_ASSERT_EQUAL(atomic_load(&wakes), 1);
    CU_ASSERT_TRUE(now_ms() < before + 30000);
}

// Each of them ends a wait that has no deadline, and takes its time.
static void
a_turn_that_is_asked_for_comes(void)
{
    uint64_t before = now_ms();

    asked_max = 5;
    while (atomic_load(&asked) < 5) {
        hw_loop_wait(loop, UINT64_MAX);
    }
    CU_ASSERT_TRUE(now_ms() >= before + 10);
    CU_ASSERT_TRUE(now_ms() < before + 5000);
}

static void
a_wait_ends_at_its_deadline_and_not_before(void)
{
    uint64_t deadline = now_ms() + 10;

    while (now_ms() < deadline) {
        hw_loop_wait(loop, deadline);
    }
    CU_ASSERT_TRUE(now_ms() < deadline + 1000);
    // It slept meanwhile: two turns for each time that it woke.
    CU_ASSERT_TRUE(atomic_load(&gathers) < 20);
}

static void
a_wait_whose_deadline_is_over_is_a_step(void)
{
    wake_at(now_ms());
    hw_loop_wait(loop, now_ms());
    CU_ASSERT_EQUAL(atomic_load(&wakes), 1);
    hw_loop_wait(loop, 0);
}

static void
a_wait_wakes_whom_it_is_time_to_wake(void)
{
    uint64_t when = now_ms() + 5;

    wake_at(when);
    while (atomic_load(&wakes) == 0) {
        hw_loop_wait(loop, UINT64_MAX);
    }
    CU_ASSERT_TRUE(now_ms() >= when);
    CU_ASSERT_TRUE(now_ms() < when + 1000);
    CU_ASSERT_TRUE(atomic_load(&gathers) < 20);
}

static void
a_wake_that_was_put_forward_is_kept(void)
{
    uint64_t now = now_ms();

    wake_at(now + 60000);
    hw_loop_step(loop);
    wake_at(now + 5);
    while (atomic_load(&wakes) == 0) {
        hw_loop_wait(loop, now + 30000);
    }
    CU_ASSERT_TRUE(now_ms() < now + 20000);
}

static void
a_wait_does_not_wait_when_there_is_news(void)
{
    uint64_t now = now_ms();

    has_news = true;
    hw_loop_wait(loop, now + 60000);
    CU_ASSERT_TRUE(now_ms() < now + 30000);
}

static void
on_rescue(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

// Some clocks of libuv's are a little behind: its timer may have rung before
// the deadline has come.
static void
a_limit_that_rang_early_is_set_anew(void)
{
    static uv_timer_t rescue;
    static bool rescued;
    uint64_t deadline = now_ms() + 20;

    rescued = false;
    (void)uv_timer_init(hw_loop_uv(loop), &rescue);
    rescue.data = &rescued;
    (void)uv_timer_start(&rescue, on_rescue, 400, 0);
    loop->limit_at_ms = deadline; // as after such a ring
    (void)uv_timer_stop(&loop->limit);
    while (now_ms() < deadline) {
        hw_loop_wait(loop, deadline);
    }
    CU_ASSERT_FALSE(rescued);
    uv_close((uv_handle_t *)&rescue, NULL);
}

// ---- knocks ----

static void *
knock_with_mail(void *user)
{
    (void)user;
    atomic_store(&mail, true);
    hw_loop_knock(loop);
    return NULL;
}

static void
a_knock_from_another_thread_ends_a_wait(void)
{
    uint64_t now = now_ms();
    pthread_t thread;

    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, knock_with_mail, NULL),
                          0);
    while (atomic_load(&mails) == 0) {
        hw_loop_wait(loop, now + 60000);
    }
    CU_ASSERT_TRUE(now_ms() < now + 30000);
    CU_ASSERT_EQUAL(pthread_join(thread, NULL), 0);
}

static void
a_knock_before_the_wait_is_not_lost(void)
{
    uint64_t now = now_ms();

    (void)knock_with_mail(NULL);
    while (atomic_load(&mails) == 0) {
        hw_loop_wait(loop, now + 60000);
    }
    CU_ASSERT_TRUE(now_ms() < now + 30000);
}

// ---- looking for more before it sleeps ----

// Nothing wakes whoever sleeps.
static void *
put_mail_silently(void *user)
{
    (void)user;
    while (atomic_load(&gathers) < 1000) { // nobody who sleeps looks so often
        (void)sched_yield();               // it can't fail
    }
    atomic_store(&mail, true);
    return NULL;
}

static void
who_spins_sees_what_nobody_knocked_for(void)
{
    uint64_t now = now_ms();
    pthread_t thread;

    hw_loop_set_spin(loop, 60000000);
    CU_ASSERT_EQUAL_FATAL(
        pthread_create(&thread, NULL, put_mail_silently, NULL), 0);
    hw_loop_wait(loop, now + 60000);
    CU_ASSERT_EQUAL(atomic_load(&mails), 1);
    CU_ASSERT_TRUE(now_ms() < now + 30000);
    CU_ASSERT_EQUAL(pthread_join(thread, NULL), 0);
}

static void
who_spins_is_not_late(void)
{
    uint64_t deadline = now_ms() + 10;

    hw_loop_set_spin(loop, 60000000);
    hw_loop_wait(loop, deadline);
    CU_ASSERT_TRUE(now_ms() >= deadline);
    CU_ASSERT_TRUE(now_ms() < deadline + 1000);
}

static uint64_t
cpu_ms(void)
{
    struct timespec used;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / 1000000;
}

static void
who_has_spun_in_vain_sleeps(void)
{
    uint64_t deadline = now_ms() + 300, before = cpu_ms();

    hw_loop_set_spin(loop, 1000);
    while (now_ms() < deadline) {
        hw_loop_wait(loop, deadline);
    }
    CU_ASSERT_TRUE(cpu_ms() - before < 100);
}

// ---- through a descriptor ----

static bool
is_readable(int timeout_ms)
{
    struct pollfd fd = { .events = POLLIN };

    CU_ASSERT_EQUAL(hw_loop_fd(loop, &fd.fd), HAWSER_OK);
    return poll(&fd, 1, timeout_ms) == 1;
}

static void
a_loop_that_is_idle_is_not_readable(void)
{
    int one, other;

    CU_ASSERT_EQUAL(hw_loop_fd(loop, &one), HAWSER_OK);
    CU_ASSERT_EQUAL(hw_loop_fd(loop, &other), HAWSER_OK);
    CU_ASSERT_EQUAL(one, other);
    CU_ASSERT_FALSE(is_readable(0));
    hw_loop_step(loop);
    CU_ASSERT_FALSE(is_readable(0));
}

static void
a_knock_is_seen_at_the_descriptor_until_the_step(void)
{
    CU_ASSERT_FALSE(is_readable(0));
    (void)knock_with_mail(NULL);
    CU_ASSERT_TRUE(is_readable(1000));
    CU_ASSERT_TRUE(is_readable(1000));
    hw_loop_step(loop);
    CU_ASSERT_EQUAL(atomic_load(&mails), 1);
    CU_ASSERT_FALSE(is_readable(0));
}

static void
a_deadline_is_seen_at_the_descriptor_until_the_step(void)
{
    uint64_t when = now_ms() + 5;

    CU_ASSERT_FALSE(is_readable(0));
    wake_at(when);
    hw_loop_step(loop);
    while (!is_readable(1000)) {
        // a slow machine
    }
    CU_ASSERT_TRUE(is_readable(0));
    while (now_ms() < when) {
        hw_loop_step(loop);
    }
    hw_loop_step(loop);
    CU_ASSERT_EQUAL(atomic_load(&wakes), 1);
    CU_ASSERT_FALSE(is_readable(0));
}

// The last thing that a step does may be what sets a deadline.
static void
a_turn_that_is_asked_for_is_seen_at_the_descriptor(void)
{
    CU_ASSERT_FALSE(is_readable(0));
    asked_max = 1;
    hw_loop_step(loop); // and it turned once more, and needs no more
    CU_ASSERT_FALSE(is_readable(100));
    asked_max = 100;
    hw_loop_step(loop);
    CU_ASSERT_TRUE(is_readable(5000));
}

static void
a_deadline_that_a_step_sets_at_its_end_is_seen_too(void)
{
    CU_ASSERT_FALSE(is_readable(0));
    wake_at_next_gather_ms = now_ms() + 5;
    gathers_until_then = 1; // a step turns twice: before its poll, and after
    hw_loop_step(loop);
    CU_ASSERT_EQUAL(wake_at_next_gather_ms, 0);
    CU_ASSERT_TRUE(is_readable(2000));
}

// ---- on a thread of its own ----

// Waits until the count is there; gives up after a while.
static bool
reaches(const atomic_uint *count, unsigned enough)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 10;
    while (atomic_load(count) < enough) {
        if (sem_timedwait(&moved, &until) != 0) {
            return false;
        }
    }
    return true;
}

static void
a_thread_turns_the_loop_when_it_is_knocked_and_when_it_is_time(void)
{
    wake_at(now_ms() + 5);
    CU_ASSERT_EQUAL(hw_loop_start_thread(loop), HAWSER_OK);
    CU_ASSERT_TRUE(reaches(&wakes, 1));
    for (unsigned i = 1; i <= 100; i++) {
        (void)knock_with_mail(NULL);
        CU_ASSERT_TRUE(reaches(&mails, i));
    }
    hw_loop_stop_thread(loop);
    CU_ASSERT_EQUAL(atomic_load(&wakes), 1);
}

static void
a_thread_turns_again_when_it_is_asked_to(void)
{
    asked_max = 20;
    CU_ASSERT_EQUAL(hw_loop_start_thread(loop), HAWSER_OK);
    CU_ASSERT_TRUE(reaches(&asked, 20));
    hw_loop_stop_thread(loop);
}

static void
a_thread_that_sleeps_is_stopped(void)
{
    for (int i = 0; i < 20; i++) {
        CU_ASSERT_EQUAL(hw_loop_start_thread(loop), HAWSER_OK);
        hw_loop_stop_thread(loop);
    }
    hw_loop_stop_thread(loop); // no effect without one
    atomic_store(&gathers, 0);
    hw_loop_step(loop); // it is the caller's again
    CU_ASSERT_TRUE(atomic_load(&gathers) > 0);
}

static void
a_thread_that_spins_needs_no_knock(void)
{
    pthread_t thread;

    hw_loop_set_spin(loop, 60000000);
    CU_ASSERT_EQUAL(hw_loop_start_thread(loop), HAWSER_OK);
    CU_ASSERT_EQUAL_FATAL(
        pthread_create(&thread, NULL, put_mail_silently, NULL), 0);
    CU_ASSERT_TRUE(reaches(&mails, 1));
    CU_ASSERT_EQUAL(pthread_join(thread, NULL), 0);
    hw_loop_stop_thread(loop); // though it does not sleep
}

static void
news_do_not_keep_a_thread_awake(void)
{
    unsigned before;

    has_news = true;
    CU_ASSERT_EQUAL(hw_loop_start_thread(loop), HAWSER_OK);
    (void)knock_with_mail(NULL);
    CU_ASSERT_TRUE(reaches(&mails, 1));
    before = atomic_load(&gathers);
    (void)knock_with_mail(NULL);
    CU_ASSERT_TRUE(reaches(&mails, 2));
    hw_loop_stop_thread(loop);
    CU_ASSERT_TRUE(atomic_load(&gathers) < before + 20);
}

// ---- closing ----

static void
on_closed(uv_handle_t *handle)
{
    *(bool *)handle->data = true;
}

static void
closing_waits_for_handles_that_are_being_closed(void)
{
    static uv_timer_t timer;
    static bool closed;

    closed = false;
    (void)uv_timer_init(hw_loop_uv(loop), &timer);
    timer.data = &closed;
    uv_close((uv_handle_t *)&timer, on_closed);
    hw_loop_close(loop, now_ms() + 5000);
    CU_ASSERT_TRUE(closed);
    loop = NULL;
}

static void
a_closed_loop_turns_no_more(void)
{
    (void)is_readable(0);
    atomic_store(&gathers, 0);
    hw_loop_close(loop, now_ms());
    CU_ASSERT_EQUAL(atomic_load(&gathers), 0);
    loop = NULL;
    hw_loop_close(NULL, 0);
}

static void
the_clock_never_goes_back(void)
{
    uint64_t before = hw_loop_clock_us(NULL);

    for (int i = 0; i < 1000; i++) {
        uint64_t now = hw_loop_clock_us(NULL);

        CU_ASSERT_TRUE(now >= before);
        before = now;
    }
}

// ---- a machine that was suspended ----

static void
play_suspension(uint64_t us)
{
    suspended_us_in_all = loop->suspended_us + us;
    loop->read_suspended_us = played_suspension;
}

static void
a_suspended_machine_is_told_once(void)
{
    hw_loop_step(loop);
    CU_ASSERT_EQUAL(suspensions, 0);
    play_suspension(3600000000);
    hw_loop_step(loop);
    hw_loop_step(loop);
    CU_ASSERT_EQUAL(suspensions, 1);
    CU_ASSERT_EQUAL(suspended_ms, 3600000);
    play_suspension(5000000);
    hw_loop_step(loop);
    CU_ASSERT_EQUAL(suspensions, 2);
    CU_ASSERT_EQUAL(suspended_ms, 5000);
}

static void
what_two_clocks_differ_by_chance_is_no_suspension(void)
{
    play_suspension(99999);
    hw_loop_step(loop);
    suspended_us_in_all = 0; // as a thread sees it that is stopped in between
    hw_loop_step(loop);
    CU_ASSERT_EQUAL(suspensions, 0);
}

static void
the_real_clocks_say_how_long_this_machine_was_suspended(void)
{
    struct timespec with, without;
    uint64_t us = hw_loop_suspended_us();

    clock_gettime(CLOCK_MONOTONIC, &without);
    clock_gettime(CLOCK_BOOTTIME, &with);
    CU_ASSERT_TRUE(us <=
                   (uint64_t)(with.tv_sec - without.tv_sec + 1) * 1000000);
}

// As long as nobody turns the loop the clocks are not looked at: it shows when
// the wait has long begun.
static uint64_t shows_at_ms;

static uint64_t
suspension_that_shows_later(void)
{
    return now_ms() < shows_at_ms ? 0 : suspended_us_in_all;
}

// The kernel cancels the alarm when the machine wakes; here it rings.
static void
the_alarm_ends_a_long_wait_and_is_set_again(void)
{
    const struct itimerspec soon = { .it_value.tv_nsec = 20000000 };
    uint64_t before = now_ms();

    CU_ASSERT_TRUE_FATAL(loop->alarmed);
    loop->read_suspended_us = suspension_that_shows_later;
    for (unsigned i = 1; i <= 2; i++) {
        suspended_us_in_all = loop->suspended_us + 5000000;
        shows_at_ms = now_ms() + 10;
        CU_ASSERT_EQUAL(timerfd_settime(loop->alarm_fd, 0, &soon, NULL), 0);
        while (suspensions < i && now_ms() < before + 30000) {
            hw_loop_wait(loop, before + 60000);
        }
        CU_ASSERT_EQUAL(suspensions, i);
    }
    CU_ASSERT_TRUE(now_ms() < before + 30000);
}

static CU_TestInfo tests[] = {
    CHECK(a_step_does_what_is_due_and_does_not_wait),
    CHECK(a_turn_that_is_asked_for_comes),
    CHECK(a_wait_ends_at_its_deadline_and_not_before),
    CHECK(a_wait_whose_deadline_is_over_is_a_step),
    CHECK(a_wait_wakes_whom_it_is_time_to_wake),
    CHECK(a_wake_that_was_put_forward_is_kept),
    CHECK(a_wait_does_not_wait_when_there_is_news),
    CHECK(a_limit_that_rang_early_is_set_anew),
    CHECK(a_knock_from_another_thread_ends_a_wait),
    CHECK(a_knock_before_the_wait_is_not_lost),
    CHECK(who_spins_sees_what_nobody_knocked_for),
    CHECK(who_spins_is_not_late),
    CHECK(who_has_spun_in_vain_sleeps),
    CHECK(a_loop_that_is_idle_is_not_readable),
    CHECK(a_knock_is_seen_at_the_descriptor_until_the_step),
    CHECK(a_deadline_is_seen_at_the_descriptor_until_the_step),
    CHECK(a_turn_that_is_asked_for_is_seen_at_the_descriptor),
    CHECK(a_deadline_that_a_step_sets_at_its_end_is_seen_too),
    CHECK(a_thread_turns_the_loop_when_it_is_knocked_and_when_it_is_time),
    CHECK(a_thread_turns_again_when_it_is_asked_to),
    CHECK(a_thread_that_sleeps_is_stopped),
    CHECK(a_thread_that_spins_needs_no_knock),
    CHECK(news_do_not_keep_a_thread_awake),
    CHECK(closing_waits_for_handles_that_are_being_closed),
    CHECK(a_closed_loop_turns_no_more),
    CHECK(the_clock_never_goes_back),
    CHECK(a_suspended_machine_is_told_once),
    CHECK(what_two_clocks_differ_by_chance_is_no_suspension),
    CHECK(the_real_clocks_say_how_long_this_machine_was_suspended),
    CHECK(the_alarm_ends_a_long_wait_and_is_set_again),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    check_suite_with("loop", tests, start, stop);
    return check_run(argc, argv);
}

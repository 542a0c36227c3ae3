// stock_model_test.c - what a link holds against a plain list, with lanes, keys
// and times to live, for many steps by seed: each message leaves once, for the
// reason that the list gives, and its file is told so once.
#include "actors/stock.h"

#include <stdlib.h>

#include "base/random.h"
#include "check.h"
#include "desk.h"

enum {
    SEEDS = 100,
    STEPS = 300,
    LIST_MAX = 2048,
    KEYS = 4,
    LIMIT = 40,  // of the spool
    MAILS = 32,  // that are remembered, to be refused
    LATE_MS = 8, // how late what expires may be found to
    FILE_BEGINS = 1000,
};

enum place { WAITING, IN_FLIGHT, LEFT };

struct entry {
    enum place place;
    unsigned lane;
    unsigned key; // 0: none
    uint64_t expires_ms;
    uint64_t order;  // its place among those of its lane
    uint64_t number; // in the order of handing, while it is in flight
    bool tagged;
    bool told;    // to the file
    int receipts; // that came
    hawser_fate fate;
};

// What was handed on, as the sender has it.
struct mail {
    struct hw_batch *batch; // NULL: none
    uint32_t from;
    uint32_t count;
};

static struct entry list[LIST_MAX];
static struct mail mails[MAILS];
static unsigned newest_mail;
static uint64_t count, orders, now_ms;
static struct hw_stock stock;
static struct hw_meter meter;
static struct hw_random chance;
static bool by_tag, agreed;

static void
expect(bool right)
{
    agreed = agreed && right;
}

static uint64_t
up_to(uint64_t limit)
{
    return hw_random_up_to(&chance, limit);
}

// ---- what it tells ----

static void
on_left(void *user, const struct hawser_message *message, hawser_fate fate)
{
    struct entry *entry = &list[message->private_tag - 1];

    (void)user;
    entry->receipts++;
    entry->fate = fate;
}

static void
on_gone(void *user, uint64_t key, uint64_t run)
{
    (void)user;
    for (uint64_t i = 0; i < run; i++) {
        uint64_t at = key + i - FILE_BEGINS;

        expect(at < count && !list[at].told);
        list[at % LIST_MAX].told = true;
    }
}

static void
on_room(void *user)
{
    (void)user;
}

static const struct hw_stock_ear *
ear(void)
{
    static struct hw_stock_ear of_now;

    of_now = (struct hw_stock_ear){
        .left = { on_left, NULL, now_ms },
        .room = on_room,
        .now_us = now_ms * 1000,
    };
    return &of_now;
}

// ---- the list ----

static void
leave(struct entry *entry, hawser_fate fate)
{
    expect(entry->place != LEFT);
    entry->place = LEFT;
    expect(!entry->tagged || (entry->receipts == 1 && entry->fate == fate));
}

// NULL: none waits.
static struct entry *
first_waiting(unsigned lane)
{
    struct entry *first = NULL;

    for (uint64_t at = 0; at < count; at++) {
        struct entry *entry = &list[at];

        if (entry->place == WAITING && entry->lane == lane &&
            (first == NULL || entry->order < first->order)) {
            first = entry;
        }
    }
    return first;
}

static struct entry *
waiting_with_key(unsigned key)
{
    for (uint64_t at = 0; key != 0 && at < count; at++) {
        if (list[at].place == WAITING && list[at].key == key) {
            return &list[at];
        }
    }
    return NULL;
}

static uint64_t
held(void)
{
    uint64_t sum = 0;

    for (uint64_t at = 0; at < count; at++) {
        sum += list[at].place != LEFT;
    }
    return sum;
}

// What has run out by now may have been given up, and must have been some time
// after.
static void
note_expired(bool was_looked_at)
{
    for (uint64_t at = 0; at < count; at++) {
        struct entry *entry = &list[at];
        bool over = entry->expires_ms != 0 && entry->expires_ms <= now_ms;

        if (entry->place == WAITING && entry->told && over) {
            leave(entry, HAWSER_EXPIRED);
        }
        expect(!was_looked_at || entry->place != WAITING ||
               entry->expires_ms == 0 || entry->expires_ms + LATE_MS > now_ms);
    }
}

// ---- one step each ----

static void
drop_down_to_limit(void)
{
    static const unsigned lowest_first[] = { HAWSER_LOW, HAWSER_NORMAL,
                                             HAWSER_HIGH };

    for (unsigned i = 0; i < HW_LANES && held() > LIMIT; i++) {
        struct entry *entry;

        while (held() > LIMIT &&
               (entry = first_waiting(lowest_first[i])) != NULL) {
            leave(entry, HAWSER_DROPPED);
        }
    }
}

static struct hw_batch *
new_batch(unsigned lane, unsigned key, int64_t ttl_ms)
{
    uint8_t text = (uint8_t)key;
    const struct hw_policy policy = {
        .ttl_ms = ttl_ms,
        .key = key == 0 ? NULL : &text,
        .key_size = key != 0,
        .lane = (uint8_t)lane,
    };
    struct hw_batch *batch = hw_batch_new(4096);

    CU_ASSERT_PTR_NOT_NULL_FATAL(batch);
    if (key != 0 || lane != HAWSER_NORMAL || ttl_ms != 0) {
        hw_batch_set_policy(batch, &policy);
    }
    batch->key = FILE_BEGINS + count;
    return batch;
}

// A key keeps to one lane: across lanes see queue_key_test.c.
static void
add(void)
{
    unsigned key = up_to(2) == 0 ? 1 + (unsigned)up_to(KEYS - 1) : 0;
    unsigned lane = key != 0 ? key % HW_LANES : (unsigned)up_to(HW_LANES - 1);
    int64_t ttl_ms = up_to(2) == 0 ? 1 + (int64_t)up_to(50) : 0;
    uint32_t messages = key != 0 ? 1 : 1 + (uint32_t)up_to(5);
    struct hw_batch *batch = new_batch(lane, key, ttl_ms);
    struct entry *older = waiting_with_key(key);
    bool tagged = up_to(1) == 0;

    for (uint32_t i = 0; i < messages; i++) {
        const struct hawser_message message = {
            .bytes = (const uint8_t *)"message",
            .size = 7,
            .private_tag = tagged ? count + 1 : 0,
        };

        list[count++] = (struct entry){
            .lane = lane,
            .key = key,
            .expires_ms = ttl_ms > 0 ? now_ms + (uint64_t)ttl_ms : 0,
            .order = older != NULL ? older->order : orders++,
            .tagged = tagged,
        };
        expect(hw_batch_add(batch, &message));
    }
    hw_stock_add(&stock, batch, ear());
    if (older != NULL) {
        leave(older, HAWSER_DROPPED);
    }
    drop_down_to_limit();
}

static void
give_back_mail(struct mail *mail)
{
    if (mail->batch != NULL) {
        hw_batch_drop(mail->batch);
        mail->batch = NULL;
    }
}

static void
forget_mails(void)
{
    for (unsigned i = 0; i < MAILS; i++) {
        give_back_mail(&mails[i]);
    }
}

static void
remember_mail(const struct hw_run *run)
{
    struct mail *mail = &mails[++newest_mail % MAILS];

    give_back_mail(mail);
    hw_batch_hold(run->batch, 1);
    *mail = (struct mail){ run->batch, run->from, run->count };
}

static bool
window_is_full(void)
{
    uint64_t in_flight = 0;

    for (uint64_t at = 0; at < count; at++) {
        in_flight += list[at].place == IN_FLIGHT;
    }
    return in_flight >= LIMIT;
}

static void
hand(void)
{
    bool full = window_is_full();
    struct hw_run run = hw_stock_hand(&stock, ear());

    note_expired(false);
    if (run.count == 0) {
        expect(full || (first_waiting(HAWSER_HIGH) == NULL &&
                        first_waiting(HAWSER_NORMAL) == NULL &&
                        first_waiting(HAWSER_LOW) == NULL));
        return;
    }
    remember_mail(&run);
    for (uint32_t i = 0; i < run.count && agreed; i++) {
        uint64_t at = run.batch->key + run.from + i - FILE_BEGINS;
        struct entry *entry = &list[at % LIST_MAX];

        expect(at < count && entry == first_waiting(entry->lane));
        expect(entry->expires_ms == 0 || entry->expires_ms > now_ms);
        entry->place = IN_FLIGHT;
        entry->number = run.number + i;
    }
}

static void
settle(void)
{
    uint64_t number = 0;

    for (uint64_t at = 0; at < count; at++) {
        if (list[at].place == IN_FLIGHT && up_to(3) == 0) {
            number = list[at].number >= number ? list[at].number + 1 : number;
        }
    }
    hw_stock_settle(&stock, number, ear());
    for (uint64_t at = 0; at < count; at++) {
        if (list[at].place == IN_FLIGHT && list[at].number < number) {
            leave(&list[at], HAWSER_SETTLED);
        }
    }
}

static void
refuse(void)
{
    const struct mail *mail = &mails[up_to(MAILS - 1)];
    uint32_t first, messages;

    if (mail->batch == NULL) {
        return;
    }
    first = (uint32_t)up_to(mail->count - 1);
    messages = 1 + (uint32_t)up_to(mail->count - first - 1);
    hw_stock_refuse(&stock, mail->batch, mail->from + first, messages, ear());
    for (uint32_t i = 0; i < messages; i++) {
        uint64_t at = mail->batch->key + mail->from + first + i - FILE_BEGINS;

        if (list[at].place == IN_FLIGHT) {
            leave(&list[at], HAWSER_REFUSED);
        }
    }
}

static void
settle_said(void)
{
    struct hw_settle said = { .all_before = up_to(3) == 0 };
    uint64_t at = up_to(count - 1);
    const struct entry one = list[at];

    said.tag = at + 1;
    hw_stock_settle_said(&stock, &said, 1, ear());
    if (!one.tagged || one.place == LEFT) {
        return;
    }
    for (uint64_t i = 0; i < count; i++) {
        if (list[i].place != LEFT &&
            (i == at || (said.all_before && list[i].lane == one.lane &&
                         list[i].order < one.order))) {
            leave(&list[i], HAWSER_SETTLED);
        }
    }
}

static void
cancel(void)
{
    uint64_t at = up_to(count - 1);
    struct entry *entry = &list[at];
    hawser_phase phase = hw_stock_cancel(&stock, at + 1, ear());

    if (!entry->tagged) {
        expect(phase == HAWSER_PHASE_GONE);
        return;
    }
    expect(phase == (entry->place == WAITING     ? HAWSER_PHASE_WAITING
                     : entry->place == IN_FLIGHT ? HAWSER_PHASE_IN_FLIGHT
                                                 : HAWSER_PHASE_GONE));
    if (entry->place == WAITING) {
        leave(entry, HAWSER_DROPPED);
    }
}

static void
rewind_all(void)
{
    const struct entry *newest[KEYS + 1] = { NULL };

    forget_mails();
    hw_stock_rewind(&stock, ear());
    for (uint64_t at = 0; at < count; at++) {
        struct entry *entry = &list[at];

        if (entry->place == LEFT) {
            continue;
        }
        entry->place = WAITING;
        if (newest[entry->key] == NULL ||
            entry->order > newest[entry->key]->order) {
            newest[entry->key] = entry;
        }
    }
    for (uint64_t at = 0; at < count; at++) {
        if (list[at].place == WAITING && list[at].key != 0 &&
            newest[list[at].key] != &list[at]) {
            leave(&list[at], HAWSER_DROPPED);
        }
    }
}

static void
turn_the_clock(void)
{
    now_ms += up_to(10);
    hw_stock_expire(&stock, ear());
    note_expired(true);
}

// ---- all together ----

static void
compare(void)
{
    uint64_t in_flight = 0, left = 0;

    for (uint64_t at = 0; at < count; at++) {
        const struct entry *entry = &list[at];

        in_flight += entry->place == IN_FLIGHT;
        left += entry->place == LEFT;
        expect(entry->told == (entry->place == LEFT));
        expect(entry->receipts == (entry->tagged && entry->place == LEFT));
    }
    expect(hw_stock_held(&stock) == held());
    expect(HW_METER_GET(meter.in_flight) == in_flight || !by_tag);
    expect(HW_METER_GET(meter.settled) + HW_METER_GET(meter.dropped) +
               HW_METER_GET(meter.expired) + HW_METER_GET(meter.refused) ==
           left);
}

static void
take_a_step(void)
{
    switch (count == 0 ? 13 : up_to(14)) {
    case 0:
        rewind_all();
        break;
    case 1:
        cancel();
        break;
    case 2:
    case 3:
        turn_the_clock();
        break;
    case 4:
    case 5:
        if (by_tag) {
            settle_said();
        } else {
            settle();
        }
        break;
    case 6:
    case 7:
    case 8:
        hand();
        break;
    case 9:
    case 10:
        refuse();
        break;
    default:
        add();
        break;
    }
}

static void
begin(uint64_t seed)
{
    const struct hw_gone gone = { .tell = on_gone };
    struct desk desk;
    struct hw_plan *plan;

    hw_random_init(&chance, seed);
    memset(list, 0, sizeof list);
    memset(&meter, 0, sizeof meter);
    count = orders = 0;
    now_ms = 1000;
    by_tag = seed % 2 == 0;
    agreed = true;
    plan = desk_plan(&desk, 0,
                     by_tag ? "confirm=application overflow=drop-oldest "
                              "spool.max_messages=40"
                            : "confirm=peer overflow=drop-oldest "
                              "spool.max_messages=40",
                     "ws://one");
    plan->meter = &meter;
    plan->durable = true;
    hw_stock_open(&stock, plan, &gone);
    stock.confirm = (uint8_t)plan->settings->confirm;
}

// What the file keeps is neither told nor receipted.
static void
end(void)
{
    uint64_t left = held();

    forget_mails();
    expect(hw_stock_close(&stock, ear()) == left);
    for (uint64_t at = 0; at < count; at++) {
        expect(list[at].told == (list[at].place == LEFT));
        expect(list[at].receipts ==
               (list[at].tagged && list[at].place == LEFT));
    }
}

static void
what_a_link_holds_is_what_a_plain_list_would(void)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        int step = 0;

        begin(seed);
        while (step < STEPS && agreed && count < LIST_MAX - 8) {
            take_a_step();
            compare();
            step++;
        }
        end();
        CU_ASSERT_TRUE(agreed);
        if (!agreed) {
            fprintf(stderr, "seed %u, step %d\n", (unsigned)seed, step);
        }
    }
}

static CU_TestInfo tests[] = {
    CHECK(what_a_link_holds_is_what_a_plain_list_would),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("stock model", tests)

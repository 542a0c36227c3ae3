// spool_model_test.c - the spool against a plain list, for many steps by seed.
#include "actors/spool.h"

#include "base/random.h"
#include "check.h"

enum { SEEDS = 60, STEPS = 400, LIST_MAX = 4096, TOLD_MAX = 4096 };

enum place { WAITING, IN_FLIGHT, GONE, SETTLED };

// A message of the plain list; its index is its position.
struct entry {
    enum place place;
    uint32_t size;
    uint64_t tag;
    bool copy;
};

static struct entry list[LIST_MAX];
static uint64_t end, next, head; // as the spool has them
static struct hw_spool spool;
static struct hw_random random_numbers;
static bool agreed;

// What the spool told of tagged messages, and what it should have.
static uint64_t told[TOLD_MAX], expected[TOLD_MAX];
static size_t told_count, expected_count;

static void
expect(bool right)
{
    agreed = agreed && right;
}

static uint64_t
up_to(uint64_t limit)
{
    return hw_random_up_to(&random_numbers, limit);
}

static void
on_left(void *user, const struct hawser_message *message, hawser_fate fate)
{
    (void)user;
    told[told_count++ % TOLD_MAX] =
        message->private_tag << 1 | (fate == HAWSER_DROPPED);
}

static void
leave_list(uint64_t at, enum place place)
{
    struct entry *entry = &list[at];

    if (entry->place != GONE && !entry->copy && entry->tag != 0) {
        expected[expected_count++ % TOLD_MAX] =
            entry->tag << 1 | (place == GONE);
    }
    if (entry->place != GONE) {
        entry->place = place;
    }
}

// ---- one step each ----

static void
add(void)
{
    static const uint8_t bytes[64];
    bool copy = up_to(4) == 0;
    uint32_t count = copy ? 1 : 1 + (uint32_t)up_to(6);
    struct hw_batch *batch = hw_batch_new(8192);

    CU_ASSERT_PTR_NOT_NULL_FATAL(batch);
    for (uint32_t i = 0; i < count; i++) {
        struct entry entry = {
            .size = (uint32_t)up_to(sizeof bytes - 8),
            .tag = !copy && up_to(3) == 0 ? end + 1 : 0,
            .copy = copy,
        };
        // The size tells which message it is, where it has no tag.
        const struct hawser_message message = {
            .bytes = bytes,
            .size = entry.size,
            .private_tag = entry.tag,
            .private_flags = copy ? HW_MESSAGE_STANDING : 0,
        };

        expect(hw_batch_add(batch, &message));
        list[end++] = entry;
    }
    hw_spool_add(&spool, batch);
}

static void
skip_gone(void)
{
    while (next < end && list[next].place == GONE) {
        next++;
    }
}

static void
hand(void)
{
    struct hw_batch *batch = NULL;
    uint32_t from = 0, count;
    uint64_t position = 0;

    skip_gone();
    count = hw_spool_hand(&spool, UINT32_MAX, &batch, &from, &position);
    expect((count > 0) == (next < end));
    if (count == 0) {
        return;
    }
    expect(position == next && next + count <= end);
    for (uint32_t i = 0; i < count && agreed; i++) {
        const struct hawser_message *message = &batch->messages[from + i];

        expect(list[next].place == WAITING &&
               message->size == list[next].size &&
               message->private_tag == list[next].tag);
        list[next++].place = IN_FLIGHT;
    }
}

static void
settle(void)
{
    // The model is past what is gone, where the spool may be before it still.
    uint64_t handed = next < spool.next.position ? next : spool.next.position;
    uint64_t position = handed > head ? head + up_to(handed - head) : handed;
    uint64_t messages = 0, bytes = 0;
    struct hw_spool_sum sum = hw_spool_settle(&spool, position, on_left, NULL);

    for (; head < position; head++) {
        if (list[head].place == IN_FLIGHT && !list[head].copy) {
            messages++;
            bytes += list[head].size;
        }
        leave_list(head, SETTLED);
    }
    expect(sum.messages == messages && sum.bytes == bytes);
}

static void
rewind_both(void)
{
    uint64_t again = 0;

    for (uint64_t at = head; at < end; at++) {
        again += list[at].place == IN_FLIGHT && !list[at].copy;
        if (list[at].copy) {
            list[at].place = GONE;
        } else if (list[at].place == IN_FLIGHT) {
            list[at].place = WAITING;
        }
    }
    next = head;
    expect(hw_spool_rewind(&spool) == again);
}

static void
drop_oldest(void)
{
    uint64_t bytes = 0, oldest;
    bool dropped = hw_spool_drop_oldest(&spool, on_left, NULL, &bytes);

    skip_gone();
    oldest = next;
    while (oldest < end && (list[oldest].copy || list[oldest].place == GONE)) {
        oldest++;
    }
    expect(dropped == (oldest < end));
    if (dropped) {
        expect(bytes == list[oldest].size);
        leave_list(oldest, GONE);
        skip_gone();
    }
    // What is gone is let go where nothing is in flight.
    head = spool.head.position;
    expect(head <= next);
}

// One message that is told by its tag, wherever it is, or with all before it.
static void
take_out_by_tag(bool all_before)
{
    hawser_fate fate = up_to(1) == 0 ? HAWSER_SETTLED : HAWSER_DROPPED;
    uint64_t at = head < end ? head + up_to(end - head - 1) : 0;
    uint64_t from = all_before ? head : at;
    struct hw_spool_sum sum;
    struct hw_spool_mark mark;
    uint64_t messages = 0, bytes = 0;
    bool found;

    if (head == end || list[at].tag == 0) {
        return;
    }
    found = hw_spool_find(&spool, list[at].tag, &mark);
    expect(found == (list[at].place != GONE));
    if (!found) {
        return;
    }
    expect(mark.position == at);
    expect(hw_spool_is_waiting(&spool, &mark) == (list[at].place == WAITING));
    sum = all_before ? hw_spool_settle_up_to(&spool, &mark, on_left, NULL)
                     : hw_spool_take_out(&spool, &mark, fate, on_left, NULL);
    for (; from <= at; from++) {
        if (list[from].place != GONE && !list[from].copy) {
            messages++;
            bytes += list[from].size;
            leave_list(from,
                       all_before || fate == HAWSER_SETTLED ? SETTLED : GONE);
            list[from].place = GONE;
        }
    }
    expect(sum.messages == messages && sum.bytes == bytes);
    skip_gone();
    head = spool.head.position;
    expect(head <= next);
}

static void
clear(void)
{
    uint64_t messages = 0;
    struct hw_spool_sum sum = hw_spool_clear(&spool, on_left, NULL);

    for (; head < end; head++) {
        messages += list[head].place != GONE && !list[head].copy;
        leave_list(head, GONE);
    }
    expect(sum.messages == messages);
    end = next = head = 0;
}

// ---- all together ----

static void
compare(void)
{
    uint64_t waiting = 0, in_flight = 0, bytes = 0, waiting_bytes = 0;

    for (uint64_t at = head; at < end; at++) {
        if (!list[at].copy && list[at].place != GONE) {
            waiting += list[at].place == WAITING;
            waiting_bytes += list[at].place == WAITING ? list[at].size : 0;
            in_flight += list[at].place == IN_FLIGHT;
            bytes += list[at].size;
        }
    }
    expect(spool.waiting == waiting && spool.waiting_bytes == waiting_bytes);
    expect(hw_spool_in_flight(&spool) == in_flight);
    expect(spool.counted == waiting + in_flight);
    expect(spool.counted_bytes == bytes);
    expect(spool.end == end && spool.head.position <= spool.next.position);
    expect((spool.first == NULL) == (spool.head.batch == NULL));
    expect(spool.first == spool.head.batch);
    expect(told_count == expected_count &&
           memcmp(told, expected, sizeof told[0] * told_count) == 0);
}

static void
take_a_step(void)
{
    switch (up_to(14)) {
    case 12:
    case 13:
        take_out_by_tag(false);
        break;
    case 14:
        take_out_by_tag(true);
        break;
    case 0:
        rewind_both();
        break;
    case 1:
    case 2:
        drop_oldest();
        break;
    case 3:
    case 4:
    case 5:
        settle();
        break;
    case 6:
    case 7:
    case 8:
        hand();
        break;
    default:
        add();
        break;
    }
}

static void
the_spool_is_what_a_plain_list_would_be(void)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        int step = 0;

        hw_random_init(&random_numbers, seed);
        memset(&spool, 0, sizeof spool);
        end = next = head = 0;
        told_count = expected_count = 0;
        agreed = true;
        while (step < STEPS && agreed) {
            take_a_step();
            compare();
            step++;
        }
        CU_ASSERT_TRUE(agreed);
        if (!agreed) {
            fprintf(stderr, "seed %u, step %d\n", (unsigned)seed, step);
        }
        clear();
        CU_ASSERT_TRUE(agreed);
    }
}

static CU_TestInfo tests[] = {
    CHECK(the_spool_is_what_a_plain_list_would_be),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("spool model", tests)

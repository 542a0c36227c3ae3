// keeper_test.c - the thread that keeps spools on disk: groups, waiting, ends.
#include "disk/keeper.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "check.h"
#include "shelf.h"

// Who owns the file of a test: messages are numbered by their keys.
struct owner {
    struct hw_keeper *keeper;
    struct hw_file *file;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t next_key;
    struct hw_batch *first; // accepted, not asked for
    unsigned gathered;      // how often the keeper asked
    unsigned troubles;
    unsigned recoveries;
    bool closed;
};

static struct hw_batch *
gather(void *user, uint64_t *end)
{
    struct owner *owner = user;
    struct hw_batch *first;

    pthread_mutex_lock(&owner->lock);
    first = owner->first;
    owner->first = NULL;
    owner->gathered++;
    *end = owner->next_key;
    pthread_mutex_unlock(&owner->lock);
    return first;
}

static void
trouble(void *user, const char *sentence)
{
    struct owner *owner = user;

    pthread_mutex_lock(&owner->lock);
    owner->troubles += sentence != NULL;
    owner->recoveries += sentence == NULL;
    pthread_cond_broadcast(&owner->changed);
    pthread_mutex_unlock(&owner->lock);
}

static void
closed(void *user)
{
    struct owner *owner = user;

    pthread_mutex_lock(&owner->lock);
    owner->closed = true;
    pthread_cond_broadcast(&owner->changed);
    pthread_mutex_unlock(&owner->lock);
}

static uint64_t
open_file(struct owner *owner, uint64_t max_bytes, uint64_t commit_ms)
{
    const struct hw_file_plan plan = {
        .path = shelf_path(),
        .max_bytes = max_bytes,
        .commit_ms = commit_ms,
        .owner = { owner, gather, trouble, closed },
    };
    char sentence[HW_SENTENCE_SIZE];
    struct hw_batch *loaded = NULL;
    uint64_t count = 0;

    CU_ASSERT_EQUAL_FATAL(hw_file_open(owner->keeper, &plan, &owner->file,
                                       &loaded, &owner->next_key, sentence),
                          HAWSER_OK);
    for (struct hw_batch *batch = loaded; batch != NULL; batch = batch->next) {
        count += batch->count;
    }
    hw_batch_drop_all(loaded);
    return count;
}

static void
start(struct owner *owner, uint64_t max_bytes, uint64_t commit_ms)
{
    memset(owner, 0, sizeof *owner);
    (void)pthread_mutex_init(&owner->lock, NULL); // neither can fail
    (void)pthread_cond_init(&owner->changed, NULL);
    CU_ASSERT_EQUAL_FATAL(hw_keeper_open(&owner->keeper), HAWSER_OK);
    CU_ASSERT_EQUAL(open_file(owner, max_bytes, commit_ms), 0);
}

static void
close_file(struct owner *owner)
{
    hw_file_close(owner->file);
    pthread_mutex_lock(&owner->lock);
    while (!owner->closed) {
        pthread_cond_wait(&owner->changed, &owner->lock);
    }
    owner->closed = false;
    pthread_mutex_unlock(&owner->lock);
}

static void
stop(struct owner *owner)
{
    close_file(owner);
    hw_keeper_close(owner->keeper);
    (void)pthread_cond_destroy(&owner->changed); // nobody waits
    (void)pthread_mutex_destroy(&owner->lock);
    shelf_clear();
}

// Accepts count messages; answers the key of the last.
static uint64_t
accept(struct owner *owner, uint32_t count, size_t size)
{
    struct hw_batch **at = &owner->first;
    uint64_t last;

    pthread_mutex_lock(&owner->lock);
    while (*at != NULL) {
        at = &(*at)->next_kept;
    }
    *at = shelf_batches(owner->next_key, count, size);
    owner->next_key += count;
    last = owner->next_key - 1;
    pthread_mutex_unlock(&owner->lock);
    hw_file_note(owner->file);
    return last;
}

static void
who_waits_is_served_at_once(void)
{
    struct owner owner;

    start(&owner, 1 << 24, 3600 * 1000);
    CU_ASSERT_EQUAL(hw_file_wait(owner.file, accept(&owner, 10, 100), -1),
                    HAWSER_OK);
    CU_ASSERT_EQUAL(owner.gathered, 1);
    stop(&owner);
}

static void
nobody_waits_and_it_is_written_all_the_same(void)
{
    struct owner owner;
    uint64_t last;

    start(&owner, 1 << 24, 0);
    last = accept(&owner, 10, 100);
    CU_ASSERT_EQUAL(hw_file_wait(owner.file, last, -1), HAWSER_OK);
    stop(&owner);
}

static void
waiting_ends_in_its_time(void)
{
    struct owner owner;

    start(&owner, 1 << 24, 3600 * 1000);
    CU_ASSERT_EQUAL(hw_file_wait(owner.file, 1, 0), HAWSER_TIMEOUT);
    CU_ASSERT_EQUAL(hw_file_wait(owner.file, 1, 20), HAWSER_TIMEOUT);
    stop(&owner);
}

static void
what_is_closed_is_written_first(void)
{
    struct owner owner;

    start(&owner, 1 << 24, 3600 * 1000);
    (void)accept(&owner, 10, 100);
    close_file(&owner);
    CU_ASSERT_EQUAL(open_file(&owner, 1 << 24, 0), 10);
    CU_ASSERT_EQUAL(owner.next_key, 11);
    stop(&owner);
}

static void
what_is_gone_is_not_found_again(void)
{
    struct owner owner;

    start(&owner, 1 << 24, 3600 * 1000);
    CU_ASSERT_EQUAL(hw_file_wait(owner.file, accept(&owner, 10, 100), -1),
                    HAWSER_OK);
    (void)accept(&owner, 10, 100);
    hw_file_remove(owner.file, 12, 1);
    hw_file_remove(owner.file, 1, 2);
    hw_file_remove(owner.file, 3, 5);
    close_file(&owner);
    CU_ASSERT_EQUAL(open_file(&owner, 1 << 24, 0), 12);
    stop(&owner);
}

static void
a_full_file_is_told_and_got_over(void)
{
    struct owner owner;

    start(&owner, 256 << 10, 0);
    (void)accept(&owner, 1000, 1000);
    pthread_mutex_lock(&owner.lock);
    while (owner.troubles == 0) {
        pthread_cond_wait(&owner.changed, &owner.lock);
    }
    pthread_mutex_unlock(&owner.lock);
    CU_ASSERT_EQUAL(hw_file_trouble(owner.file), HAWSER_FULL);
    hw_file_remove(owner.file, 1, 900);
    CU_ASSERT_EQUAL(hw_file_wait(owner.file, 1000, -1), HAWSER_OK);
    pthread_mutex_lock(&owner.lock);
    while (owner.recoveries == 0) {
        pthread_cond_wait(&owner.changed, &owner.lock);
    }
    pthread_mutex_unlock(&owner.lock);
    CU_ASSERT_EQUAL(hw_file_trouble(owner.file), HAWSER_OK);
    CU_ASSERT_EQUAL(owner.troubles, 1);
    close_file(&owner);
    CU_ASSERT_EQUAL(open_file(&owner, 1 << 24, 0), 100);
    stop(&owner);
}

// ---- many ----

enum { THREADS = 8, EACH = 50 };

static void *
accept_and_wait(void *user)
{
    struct owner *owner = user;

    for (unsigned i = 0; i < EACH; i++) {
        CU_ASSERT_EQUAL(hw_file_wait(owner->file, accept(owner, 1, 100), -1),
                        HAWSER_OK);
    }
    return NULL;
}

static void
many_that_wait_share_a_write(void)
{
    pthread_t threads[THREADS];
    struct owner owner;

    start(&owner, 1 << 24, 3600 * 1000);
    for (unsigned i = 0; i < THREADS; i++) {
        CU_ASSERT_EQUAL_FATAL(
            pthread_create(&threads[i], NULL, accept_and_wait, &owner), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    CU_ASSERT_TRUE(owner.gathered < THREADS * EACH);
    close_file(&owner);
    CU_ASSERT_EQUAL(open_file(&owner, 1 << 24, 0), THREADS * EACH);
    stop(&owner);
}

static void *
wait_for_ever(void *user)
{
    struct owner *owner = user;

    CU_ASSERT_EQUAL(hw_file_wait(owner->file, 1000000, -1), HAWSER_TIMEOUT);
    hw_file_drop(owner->file);
    return NULL;
}

static void
who_waits_is_let_go_when_the_file_is_closed(void)
{
    struct owner owner;
    pthread_t thread;

    start(&owner, 1 << 24, 3600 * 1000);
    hw_file_hold(owner.file);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, wait_for_ever, &owner),
                          0);
    close_file(&owner);
    (void)pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(open_file(&owner, 1 << 24, 0), 0);
    stop(&owner);
}

static CU_TestInfo tests[] = {
    CHECK(who_waits_is_served_at_once),
    CHECK(nobody_waits_and_it_is_written_all_the_same),
    CHECK(waiting_ends_in_its_time),
    CHECK(what_is_closed_is_written_first),
    CHECK(what_is_gone_is_not_found_again),
    CHECK(a_full_file_is_told_and_got_over),
    CHECK(many_that_wait_share_a_write),
    CHECK(who_waits_is_let_go_when_the_file_is_closed),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("keeper", tests)

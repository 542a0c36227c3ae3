// keeper.c - the thread that writes spools, so that nobody waits for a disk.
#include "disk/keeper.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/log.h"

enum {
    RETRY_US = 200 * 1000, // after a failure; chosen
    // Who was served together is waited for, for a part of what a write takes:
    // else the first that comes again has a write to itself, and the others
    // share the next. Measured: docs/decisions/durable_spool.md.
    PATIENCE_PART = 4,
    PATIENCE_MAX_US = 1000,
};

// Somebody who waits, while that lasts.
struct waiter {
    struct waiter *next;
    uint64_t key;
};

struct runs {
    struct hw_key_run *all;
    size_t count;
    size_t room;
};

struct hw_file {
    struct hw_keeper *keeper;
    struct hw_file *next;
    struct hw_store *store;
    struct hw_file_owner owner;
    uint64_t commit_us;
    atomic_int status; // hawser_status: can it be written?
    // With the keeper locked.
    unsigned holds;
    uint64_t due_us; // UINT64_MAX: nothing is to be written
    uint64_t safe;   // all before this key is on disk, or gone
    struct waiter *waiters;
    unsigned waiting;     // of those, for more than is safe
    unsigned served;      // by the last write
    uint64_t asked_us;    // when the first began to wait
    uint64_t patience_us; // that it may be made to wait for others
    bool closing;
    bool closed;
    struct runs told;
    // The keeper's thread alone.
    struct hw_batch *first; // not on disk yet
    struct hw_batch *last;
    struct runs gone;
};

struct hw_keeper {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;    // there may be some
    pthread_cond_t written; // a file got further
    struct hw_file *files;
    bool ending;
};

static uint64_t
now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

// UINT64_MAX: for ever. Spurious ends are the caller's to see.
static void
wait_until(pthread_cond_t *what, pthread_mutex_t *lock, uint64_t until_us)
{
    const struct timespec until = {
        .tv_sec = (time_t)(until_us / 1000000),
        .tv_nsec = (long)(until_us % 1000000) * 1000,
    };

    if (until_us == UINT64_MAX) {
        pthread_cond_wait(what, lock);
    } else {
        (void)pthread_cond_clockwait(what, lock, CLOCK_MONOTONIC, &until);
    }
}

// ---- runs ----

static bool
add_run(struct runs *runs, uint64_t key, uint64_t count)
{
    struct hw_key_run *last =
        runs->count > 0 ? &runs->all[runs->count - 1] : NULL;
    size_t room = runs->room == 0 ? 16 : runs->room * 2;
    struct hw_key_run *larger;

    if (last != NULL && last->key + last->count == key) {
        last->count += count;
        return true;
    }
    if (runs->count == runs->room) {
        larger = realloc(runs->all, room * sizeof *larger);
        if (larger == NULL) {
            return false;
        }
        runs->all = larger;
        runs->room = room;
    }
    runs->all[runs->count++] = (struct hw_key_run){ key, count };
    return true;
}

static int
by_key(const void *one, const void *other)
{
    const struct hw_key_run *a = one, *b = other;

    return (a->key > b->key) - (a->key < b->key);
}

// In the order of their keys, each as long as it can be.
static void
sort_runs(struct runs *runs)
{
    size_t kept = 0;

    if (runs->count < 2) {
        return;
    }
    qsort(runs->all, runs->count, sizeof runs->all[0], by_key);
    for (size_t i = 1; i < runs->count; i++) {
        struct hw_key_run *last = &runs->all[kept];

        if (last->key + last->count == runs->all[i].key) {
            last->count += runs->all[i].count;
        } else {
            runs->all[++kept] = runs->all[i];
        }
    }
    runs->count = kept + 1;
}

// With the keeper locked.
static void
take_told(struct hw_file *file)
{
    struct runs empty = file->gone;

    if (file->gone.count == 0) { // the usual case: they change places
        file->gone = file->told;
        file->told = empty;
        return;
    }
    for (size_t i = 0; i < file->told.count; i++) {
        const struct hw_key_run *run = &file->told.all[i];

        if (!add_run(&file->gone, run->key, run->count)) {
            HW_LOG(1, "spool: no memory: messages will be sent once more");
        }
    }
    file->told.count = 0;
}

// ---- writing ----

static void
gather(struct hw_file *file, uint64_t *end)
{
    struct hw_batch *first = file->owner.gather(file->owner.user, end);

    if (file->last == NULL) {
        file->first = first;
        file->last = first;
    } else {
        file->last->next_kept = first;
    }
    while (file->last != NULL && file->last->next_kept != NULL) {
        file->last = file->last->next_kept;
    }
}

static void
drop_written(struct hw_file *file)
{
    while (file->first != NULL) {
        struct hw_batch *batch = file->first;

        file->first = batch->next_kept;
        hw_batch_drop(batch);
    }
    file->last = NULL;
    file->gone.count = 0;
}

static void
note_status(struct hw_file *file, hawser_status status, const char *sentence)
{
    hawser_status before =
        (hawser_status)atomic_exchange(&file->status, (int)status);

    if (status != before) {
        HW_LOG(status == HAWSER_OK ? 3 : 1, "%s",
               status == HAWSER_OK ? "a spool can be written again" : sentence);
        file->owner.trouble(file->owner.user,
                            status == HAWSER_OK ? NULL : sentence);
    }
}

// With the keeper locked. Those who wait for less than end need not any more.
static void
let_waiters_go(struct hw_file *file, uint64_t end)
{
    struct waiter **at = &file->waiters;

    file->served = 0;
    while (*at != NULL) {
        if ((*at)->key < end) {
            *at = (*at)->next;
            file->served++;
        } else {
            at = &(*at)->next;
        }
    }
    file->waiting -= file->served;
    file->safe = end;
    pthread_cond_broadcast(&file->keeper->written);
}

static void
note_patience(struct hw_file *file, uint64_t begun_us)
{
    uint64_t part = (now_us() - begun_us) / PATIENCE_PART;

    file->asked_us = now_us();
    file->patience_us = part < PATIENCE_MAX_US ? part : PATIENCE_MAX_US;
}

// What is gone is asked for first: so all of it was handed over by then.
static void
write_file(struct hw_file *file)
{
    struct hw_keeper *keeper = file->keeper;
    char sentence[HW_SENTENCE_SIZE] = "";
    struct hw_change change;
    hawser_status status;
    uint64_t begun_us = now_us();
    uint64_t end;

    pthread_mutex_lock(&keeper->lock);
    file->due_us = UINT64_MAX;
    take_told(file);
    pthread_mutex_unlock(&keeper->lock);
    gather(file, &end);
    sort_runs(&file->gone);
    change =
        (struct hw_change){ file->first, file->gone.all, file->gone.count };
    status = hw_store_write(file->store, &change, sentence);
    if (status == HAWSER_OK) {
        drop_written(file);
    }
    pthread_mutex_lock(&keeper->lock);
    if (status != HAWSER_OK) {
        file->due_us = now_us() + RETRY_US;
    } else if (end > file->safe) {
        let_waiters_go(file, end);
        note_patience(file, begun_us);
    }
    pthread_mutex_unlock(&keeper->lock);
    note_status(file,
                status == HAWSER_OK || status == HAWSER_FULL ? status
                                                             : HAWSER_SYSTEM,
                sentence);
}

// ---- closing ----

static void
take_off(struct hw_keeper *keeper, struct hw_file *file)
{
    struct hw_file **at = &keeper->files;

    while (*at != file) {
        at = &(*at)->next;
    }
    *at = file->next;
}

static void
free_file(struct hw_file *file)
{
    free(file->told.all);
    free(file->gone.all);
    free(file);
}

// With the keeper locked.
static bool
was_last_hold(struct hw_file *file)
{
    HW_CHECK(file->holds > 0, "a file is dropped once for each hold");
    file->holds--;
    return file->holds == 0;
}

static void
close_file(struct hw_file *file)
{
    const struct hw_file_owner owner = file->owner;
    struct hw_keeper *keeper = file->keeper;
    bool last;

    hw_store_close(file->store);
    drop_written(file); // or what could not be
    pthread_mutex_lock(&keeper->lock);
    take_off(keeper, file);
    file->closed = true;
    pthread_cond_broadcast(&keeper->written);
    last = was_last_hold(file);
    pthread_mutex_unlock(&keeper->lock);
    if (last) {
        free_file(file);
    }
    owner.closed(owner.user);
}

// ---- the thread ----

static uint64_t
due_of(const struct hw_file *file)
{
    uint64_t asked_us;

    if (file->closing) {
        return 0;
    }
    // What failed is tried again in its time, whoever waits.
    if (file->waiting == 0 || atomic_load(&file->status) != HAWSER_OK) {
        return file->due_us;
    }
    asked_us =
        file->waiting >= file->served ? 0 : file->asked_us + file->patience_us;
    return asked_us < file->due_us ? asked_us : file->due_us;
}

// With the keeper locked. The first that is due; NULL: none until *next_us.
static struct hw_file *
find_due(struct hw_keeper *keeper, uint64_t *next_us)
{
    struct hw_file *found = NULL;

    *next_us = UINT64_MAX;
    for (struct hw_file *file = keeper->files; file != NULL;
         file = file->next) {
        if (due_of(file) < *next_us) {
            *next_us = due_of(file);
            found = file;
        }
    }
    return found != NULL && *next_us <= now_us() ? found : NULL;
}

static void *
run(void *user)
{
    struct hw_keeper *keeper = user;
    struct hw_file *file;
    uint64_t next_us;
    bool closing;

    pthread_mutex_lock(&keeper->lock);
    while (!keeper->ending) {
        file = find_due(keeper, &next_us);
        if (file == NULL) {
            wait_until(&keeper->work, &keeper->lock, next_us);
            continue;
        }
        closing = file->closing;
        pthread_mutex_unlock(&keeper->lock);
        write_file(file);
        if (closing) {
            close_file(file);
        }
        pthread_mutex_lock(&keeper->lock);
    }
    pthread_mutex_unlock(&keeper->lock);
    return NULL;
}

// Signals are the application's: also that of a file grown beyond its limit,
// which is an answer like any other then.
static int
start_thread(struct hw_keeper *keeper)
{
    sigset_t all, before;
    int rc;

    (void)sigfillset(&all); // it can't fail
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    rc = pthread_create(&keeper->thread, NULL, run, keeper);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

hawser_status
hw_keeper_open(struct hw_keeper **keeper)
{
    struct hw_keeper *made = calloc(1, sizeof *made);

    if (made == NULL) {
        return HAWSER_NO_MEMORY;
    }
    (void)pthread_mutex_init(&made->lock, NULL); // none of them can fail
    (void)pthread_cond_init(&made->work, NULL);
    (void)pthread_cond_init(&made->written, NULL);
    if (start_thread(made) != 0) {
        free(made);
        return HAWSER_SYSTEM;
    }
    *keeper = made;
    return HAWSER_OK;
}

void
hw_keeper_close(struct hw_keeper *keeper)
{
    if (keeper == NULL) {
        return;
    }
    pthread_mutex_lock(&keeper->lock);
    HW_CHECK(keeper->files == NULL, "files are closed before their keeper is");
    keeper->ending = true;
    pthread_cond_signal(&keeper->work);
    pthread_mutex_unlock(&keeper->lock);
    (void)pthread_join(keeper->thread, NULL); // it runs until it is told
    (void)pthread_cond_destroy(&keeper->work);
    (void)pthread_cond_destroy(&keeper->written);
    (void)pthread_mutex_destroy(&keeper->lock);
    free(keeper);
}

// ---- files ----

static void
put_on_list(struct hw_keeper *keeper, struct hw_file *file)
{
    pthread_mutex_lock(&keeper->lock);
    file->next = keeper->files;
    keeper->files = file;
    pthread_mutex_unlock(&keeper->lock);
}

static uint64_t
key_behind(const struct hw_batch *batch, uint64_t key)
{
    for (; batch != NULL; batch = batch->next) {
        key = batch->key + batch->count;
    }
    return key;
}

hawser_status
hw_file_open(struct hw_keeper *keeper, const struct hw_file_plan *plan,
             struct hw_file **file, struct hw_batch **loaded,
             uint64_t *next_key, char sentence[HW_SENTENCE_SIZE])
{
    struct hw_file *made = calloc(1, sizeof *made);
    hawser_status status = HAWSER_NO_MEMORY;

    (void)memcpy(sentence, "out of memory", sizeof "out of memory");
    if (made == NULL) {
        return status;
    }
    status = hw_store_open(plan->path, plan->max_bytes, &made->store, sentence);
    if (status == HAWSER_OK) {
        status = hw_store_load(made->store, loaded, sentence);
    }
    if (status != HAWSER_OK) {
        hw_store_close(made->store);
        free(made);
        return status;
    }
    *next_key = key_behind(*loaded, hw_store_next_key(made->store));
    made->keeper = keeper;
    made->owner = plan->owner;
    made->commit_us = plan->commit_ms * 1000;
    made->holds = 1;
    made->due_us = UINT64_MAX;
    made->safe = *next_key;
    put_on_list(keeper, made);
    *file = made;
    return HAWSER_OK;
}

// With the keeper locked. One that failed keeps its time.
static void
make_due(struct hw_file *file)
{
    if (file->due_us == UINT64_MAX) {
        file->due_us = now_us() + file->commit_us;
        pthread_cond_signal(&file->keeper->work);
    }
}

void
hw_file_note(struct hw_file *file)
{
    pthread_mutex_lock(&file->keeper->lock);
    make_due(file);
    pthread_mutex_unlock(&file->keeper->lock);
}

void
hw_file_remove(struct hw_file *file, uint64_t key, uint64_t count)
{
    pthread_mutex_lock(&file->keeper->lock);
    if (!add_run(&file->told, key, count)) {
        HW_LOG(1, "spool: no memory: messages will be sent once more");
    }
    make_due(file);
    pthread_mutex_unlock(&file->keeper->lock);
}

hawser_status
hw_file_trouble(const struct hw_file *file)
{
    return (hawser_status)atomic_load(&file->status);
}

// With the keeper locked.
static void
begin_to_wait(struct hw_file *file, struct waiter *waiter)
{
    waiter->next = file->waiters;
    file->waiters = waiter;
    file->waiting++;
    if (file->waiting == 1) {
        file->asked_us = now_us();
    }
    if (file->waiting == 1 || file->waiting >= file->served) {
        pthread_cond_signal(&file->keeper->work);
    }
}

// In vain.
static void
end_to_wait(struct hw_file *file, const struct waiter *waiter)
{
    struct waiter **at = &file->waiters;

    while (*at != waiter) {
        at = &(*at)->next;
    }
    *at = waiter->next;
    file->waiting--;
}

hawser_status
hw_file_wait(struct hw_file *file, uint64_t key, int timeout_ms)
{
    struct hw_keeper *keeper = file->keeper;
    struct waiter waiter = { .key = key };
    uint64_t deadline_us =
        timeout_ms < 0 ? UINT64_MAX : now_us() + (uint64_t)timeout_ms * 1000;
    hawser_status status = HAWSER_OK;

    pthread_mutex_lock(&keeper->lock);
    if (file->safe <= key) {
        begin_to_wait(file, &waiter);
        while (file->safe <= key && !file->closed && now_us() < deadline_us) {
            wait_until(&keeper->written, &keeper->lock, deadline_us);
        }
        if (file->safe <= key) {
            end_to_wait(file, &waiter);
            status = HAWSER_TIMEOUT;
        }
    }
    pthread_mutex_unlock(&keeper->lock);
    return status;
}

void
hw_file_hold(struct hw_file *file)
{
    pthread_mutex_lock(&file->keeper->lock);
    file->holds++;
    pthread_mutex_unlock(&file->keeper->lock);
}

void
hw_file_drop(struct hw_file *file)
{
    struct hw_keeper *keeper = file->keeper;
    bool last;

    pthread_mutex_lock(&keeper->lock);
    last = was_last_hold(file);
    pthread_mutex_unlock(&keeper->lock);
    if (last) {
        free_file(file);
    }
}

void
hw_file_close(struct hw_file *file)
{
    pthread_mutex_lock(&file->keeper->lock);
    file->closing = true;
    pthread_cond_signal(&file->keeper->work);
    pthread_mutex_unlock(&file->keeper->lock);
}

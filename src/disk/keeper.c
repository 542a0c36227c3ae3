// keeper.c - the thread that writes spools, so that nobody waits for a disk.
#include "disk/keeper.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/check.h"
#include "base/log.h"
#include "disk/keeper_private.h"

enum {
    RETRY_US = 200 * 1000, // after a failure; chosen
    LAST_TRIES = 3,        // to write what is closed; chosen
    // Who was served together is waited for, for a part of what a write takes:
    // else the first that comes again has a write to itself, and the others
    // share the next. Measured: docs/decisions/durable_spool.md.
    PATIENCE_PART = 4,
    PATIENCE_MAX_US = 1000,
};

uint64_t
hw_keeper_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void
hw_keeper_wait(pthread_cond_t *what, pthread_mutex_t *lock, uint64_t until_us)
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

// ---- writing ----

// With the keeper locked.
static void
take_told(struct hw_file *file)
{
    struct hw_key_runs empty = file->gone;

    if (file->gone.count == 0) { // the usual case: they change places
        file->gone = file->told;
        file->told = empty;
        return;
    }
    for (size_t i = 0; i < file->told.count; i++) {
        const struct hw_key_run *run = &file->told.all[i];

        if (!hw_key_runs_add(&file->gone, run->key, run->count)) {
            HW_LOG(1, "spool: no memory: messages will be sent once more");
        }
    }
    file->told.count = 0;
}

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
    struct hw_waiter **at = &file->waiters;

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
    uint64_t part = (hw_keeper_now_us() - begun_us) / PATIENCE_PART;

    file->asked_us = hw_keeper_now_us();
    file->patience_us = part < PATIENCE_MAX_US ? part : PATIENCE_MAX_US;
}

// What is gone is asked for first: so all of it was handed over by then. false:
// it can't be written now.
static bool
write_file(struct hw_file *file)
{
    struct hw_keeper *keeper = file->keeper;
    char sentence[HW_SENTENCE_SIZE] = "";
    struct hw_change change;
    hawser_status status;
    uint64_t begun_us = hw_keeper_now_us();
    uint64_t end;

    pthread_mutex_lock(&keeper->lock);
    file->due_us = UINT64_MAX;
    take_told(file);
    pthread_mutex_unlock(&keeper->lock);
    gather(file, &end);
    hw_key_runs_sort(&file->gone);
    change =
        (struct hw_change){ file->first, file->gone.all, file->gone.count };
    status = hw_store_write(file->store, &change, sentence);
    if (status == HAWSER_OK) {
        drop_written(file);
    }
    pthread_mutex_lock(&keeper->lock);
    if (status != HAWSER_OK) {
        file->due_us = hw_keeper_now_us() + RETRY_US;
    } else if (end > file->safe) {
        let_waiters_go(file, end);
        note_patience(file, begun_us);
    }
    pthread_mutex_unlock(&keeper->lock);
    note_status(file,
                status == HAWSER_OK || status == HAWSER_FULL ? status
                                                             : HAWSER_SYSTEM,
                sentence);
    return status == HAWSER_OK;
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
close_file(struct hw_file *file)
{
    const struct hw_file_owner owner = file->owner;
    struct hw_keeper *keeper = file->keeper;
    bool last;

    hw_store_close(file->store);
    if (file->first != NULL) {
        HW_LOG(1, "a spool is closed, and what it had not yet on disk is lost");
    }
    drop_written(file);
    pthread_mutex_lock(&keeper->lock);
    take_off(keeper, file);
    file->closed = true;
    pthread_cond_broadcast(&keeper->written);
    last = hw_file_let_go(file);
    pthread_mutex_unlock(&keeper->lock);
    if (last) {
        hw_file_free(file);
    }
    owner.closed(owner.user);
}

// ---- the thread ----

static uint64_t
due_of(const struct hw_file *file)
{
    uint64_t asked_us;

    if (file->closing && file->last_tries == 0) {
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
    return found != NULL && *next_us <= hw_keeper_now_us() ? found : NULL;
}

static void *
run(void *user)
{
    struct hw_keeper *keeper = user;
    struct hw_file *file;
    uint64_t next_us;
    bool closing, written;

    pthread_mutex_lock(&keeper->lock);
    while (!keeper->ending) {
        file = find_due(keeper, &next_us);
        if (file == NULL) {
            hw_keeper_wait(&keeper->work, &keeper->lock, next_us);
            continue;
        }
        closing = file->closing;
        pthread_mutex_unlock(&keeper->lock);
        written = write_file(file);
        if (closing && (written || ++file->last_tries == LAST_TRIES)) {
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

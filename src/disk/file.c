// file.c - a spool's file, as its owner sees it: opened, told, waited for.
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "disk/keeper_private.h"

void
hw_file_free(struct hw_file *file)
{
    free(file->told.all);
    free(file->gone.all);
    free(file);
}

bool
hw_file_let_go(struct hw_file *file)
{
    HW_CHECK(file->holds > 0, "a file is dropped once for each hold");
    file->holds--;
    return file->holds == 0;
}

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
        file->due_us = hw_keeper_now_us() + file->commit_us;
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
    if (!hw_key_runs_add(&file->told, key, count)) {
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
begin_to_wait(struct hw_file *file, struct hw_waiter *waiter)
{
    waiter->next = file->waiters;
    file->waiters = waiter;
    file->waiting++;
    if (file->waiting == 1) {
        file->asked_us = hw_keeper_now_us();
    }
    if (file->waiting == 1 || file->waiting >= file->served) {
        pthread_cond_signal(&file->keeper->work);
    }
}

// In vain.
static void
end_to_wait(struct hw_file *file, const struct hw_waiter *waiter)
{
    struct hw_waiter **at = &file->waiters;

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
    struct hw_waiter waiter = { .key = key };
    uint64_t deadline_us =
        timeout_ms < 0 ? UINT64_MAX
                       : hw_keeper_now_us() + (uint64_t)timeout_ms * 1000;
    hawser_status status = HAWSER_OK;

    pthread_mutex_lock(&keeper->lock);
    if (file->safe <= key) {
        begin_to_wait(file, &waiter);
        while (file->safe <= key && !file->closed &&
               hw_keeper_now_us() < deadline_us) {
            hw_keeper_wait(&keeper->written, &keeper->lock, deadline_us);
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
    last = hw_file_let_go(file);
    pthread_mutex_unlock(&keeper->lock);
    if (last) {
        hw_file_free(file);
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

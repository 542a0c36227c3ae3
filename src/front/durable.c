// durable.c - a link whose spool is a file: what goes between it and the disk.
#include "front/durable.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"

// ---- what the keeper asks and tells, on its thread ----

static struct hw_batch *
gather(void *user, uint64_t *end)
{
    struct hw_durable *durable = user;
    struct hw_batch *first;

    *end = 0;
    if (durable->slot == NULL) {
        return NULL;
    }
    pthread_mutex_lock(&durable->slot->lock);
    first = durable->first;
    durable->first = NULL;
    durable->last = NULL;
    durable->noted = false;
    durable->sealed = true;
    *end = durable->next_key;
    pthread_mutex_unlock(&durable->slot->lock);
    return first;
}

static void
trouble(void *user, const char *sentence)
{
    struct hw_durable *durable = user;
    struct hw_command *command;

    if (durable->slot == NULL) {
        return;
    }
    command = hw_command_new(HW_SUPERVISOR, HW_LETTER_SPOOL_TROUBLE,
                             durable->slot->index);
    if (command == NULL) {
        return; // the log has it, and hawser_send answers so
    }
    command->letter.thing =
        hw_report_error(HAWSER_CAUSE_LOCAL, sentence == NULL ? "" : sentence);
    (void)hw_command_push(durable->slot->shard,
                          command); // about no order of messages
}

// The letter is the link's last but one: the slot outlives it.
static void
closed(void *user)
{
    struct hw_durable *durable = user;
    struct hw_command *farewell = durable->farewell;
    struct hw_slot *slot = durable->slot;

    if (slot != NULL) {
        pthread_mutex_lock(&slot->lock);
        slot->durable = NULL;
        pthread_mutex_unlock(&slot->lock);
    }
    free(durable);
    if (slot != NULL) {
        (void)hw_command_push(slot->shard, farewell);
    } else {
        free(farewell);
    }
}

// ---- opening ----

// A process that comes later has another clock of its own.
static uint64_t
wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

// What was loaded has as long to live as it was given when it was accepted,
// whatever the link gives now.
static void
set_times_to_live(struct hw_batch *loaded)
{
    uint64_t now_ms = wall_ms();

    for (; loaded != NULL; loaded = loaded->next) {
        uint64_t until_ms = loaded->kept_until_ms;

        loaded->policy.ttl_ms = until_ms == 0 ? -1
                                : until_ms > now_ms
                                    ? (int64_t)(until_ms - now_ms)
                                    : HW_TTL_OVER;
    }
}

static hawser_status
path_of(const struct hawser_settings *settings, const char **path)
{
    static const char prefix[] = "file:";
    size_t size = sizeof prefix - 1;

    *path = NULL;
    if (strcmp(settings->spool, "memory") == 0) {
        return HAWSER_OK;
    }
    if (strncmp(settings->spool, prefix, size) != 0 ||
        settings->spool[size] == '\0') {
        hw_error_set("spool: \"%.80s\" is neither memory nor file:PATH",
                     settings->spool);
        return HAWSER_INVALID;
    }
    *path = settings->spool + size;
    return HAWSER_OK;
}

// The first file of a bus starts its keeper.
static hawser_status
keeper_of(hawser_bus *bus, struct hw_keeper **keeper)
{
    hawser_status status = HAWSER_OK;

    pthread_mutex_lock(&bus->lock);
    if (bus->keeper == NULL) {
        status = hw_keeper_open(&bus->keeper);
    }
    *keeper = bus->keeper;
    pthread_mutex_unlock(&bus->lock);
    if (status != HAWSER_OK) {
        hw_error_set("spool: its thread can't be started: %s",
                     hawser_status_text(status));
    }
    return status;
}

static hawser_status
open_file(struct hw_durable *durable, const char *path,
          const struct hawser_settings *settings, struct hw_batch **loaded)
{
    const struct hw_file_plan plan = {
        .path = path,
        .max_bytes = (uint64_t)settings->spool_file_max,
        .commit_ms = (uint64_t)settings->spool_commit,
        .owner = { durable, gather, trouble, closed },
    };
    char sentence[HW_SENTENCE_SIZE] = "";
    struct hw_keeper *keeper;
    hawser_status status = keeper_of(durable->bus, &keeper);

    if (status != HAWSER_OK) {
        return status;
    }
    status = hw_file_open(keeper, &plan, &durable->file, loaded,
                          &durable->next_key, sentence);
    if (status != HAWSER_OK) {
        hw_error_set("%s", sentence);
    }
    return status;
}

hawser_status
hw_durable_open(hawser_bus *bus, const struct hawser_settings *settings,
                struct hw_durable **durable, struct hw_batch **loaded)
{
    struct hw_durable *made;
    const char *path;
    hawser_status status = path_of(settings, &path);

    *durable = NULL;
    *loaded = NULL;
    if (status != HAWSER_OK || path == NULL) {
        return status;
    }
    made = calloc(1, sizeof *made);
    if (made != NULL) {
        made->bus = bus;
        made->farewell =
            hw_command_new(HW_SUPERVISOR, HW_LETTER_LINK_FORGOTTEN, 0);
    }
    if (made == NULL || made->farewell == NULL) {
        free(made);
        hw_error_set("out of memory");
        return HAWSER_NO_MEMORY;
    }
    status = open_file(made, path, settings, loaded);
    if (status != HAWSER_OK) {
        free(made->farewell);
        free(made);
        return status;
    }
    set_times_to_live(*loaded);
    *durable = made;
    return HAWSER_OK;
}

void
hw_durable_abandon(struct hw_durable *durable)
{
    struct hw_file *file;

    if (durable == NULL) {
        return;
    }
    file = durable->file;
    hw_file_hold(file);
    hw_file_close(file);
    (void)hw_file_wait(file, UINT64_MAX - 1, -1); // its end is what comes
    hw_file_drop(file);
}

void
hw_durable_begin(struct hw_slot *slot, struct hw_durable *durable,
                 struct hw_batch *loaded)
{
    slot->durable = durable;
    if (durable == NULL) {
        return;
    }
    durable->slot = slot;
    durable->farewell->letter.link = slot->index;
    durable->sealed = true;
    slot->first = loaded;
    for (; loaded != NULL; loaded = loaded->next) {
        slot->last = loaded;
        slot->accepted += loaded->count;
        slot->accepted_bytes += loaded->payload;
        slot->receipts_out += loaded->tagged;
    }
    if (slot->first != NULL) {
        hw_slot_note_dirty(slot);
    }
}

// ---- accepting ----

// When a batch that is begun now expires.
static uint64_t
until_ms(const struct hw_slot *slot, const struct hw_batch *batch)
{
    int64_t ttl_ms = batch->policy.ttl_ms;

    if (ttl_ms == 0) {
        ttl_ms = slot->plan->settings->message_ttl;
    }
    return ttl_ms > 0 ? wall_ms() + (uint64_t)ttl_ms : 0;
}

void
hw_durable_add_batch(struct hw_slot *slot, struct hw_batch *batch)
{
    struct hw_durable *durable = slot->durable;

    durable->sealed = false;
    batch->key = durable->next_key;
    batch->kept_until_ms = until_ms(slot, batch);
    hw_batch_hold(batch, 1);
    if (durable->last == NULL) {
        durable->first = batch;
    } else {
        durable->last->next_kept = batch;
    }
    durable->last = batch;
}

void
hw_durable_add(struct hw_slot *slot)
{
    struct hw_durable *durable = slot->durable;

    durable->next_key++;
    if (!durable->noted) {
        durable->noted = true;
        hw_file_note(durable->file);
    }
}

hawser_status
hw_durable_wait(struct hw_file *file, uint64_t key, int timeout_ms)
{
    hawser_status status = hw_file_wait(file, key, timeout_ms);

    hw_file_drop(file);
    return status;
}

// ---- leaving ----

// What left before the keeper asked for it need never be written. A batch that
// is still being filled stays: more may come into it.
static void
forget_unwritten(struct hw_durable *durable, const struct hw_slot *slot,
                 uint64_t key, uint64_t end)
{
    while (durable->first != NULL && durable->first != slot->last &&
           durable->first->key >= key &&
           durable->first->key + durable->first->count <= end) {
        struct hw_batch *batch = durable->first;

        durable->first = batch->next_kept;
        hw_batch_drop(batch);
    }
    if (durable->first == NULL) {
        durable->last = NULL;
    }
}

void
hw_durable_gone(struct hw_slot *slot, uint64_t key, uint64_t count)
{
    struct hw_durable *durable;

    pthread_mutex_lock(&slot->lock);
    durable = slot->durable;
    HW_CHECK(durable != NULL, "a file is closed after the last word of it");
    forget_unwritten(durable, slot, key, key + count);
    hw_file_remove(durable->file, key, count);
    pthread_mutex_unlock(&slot->lock);
}

void
hw_durable_close(struct hw_slot *slot, uint64_t left)
{
    struct hw_durable *durable;

    pthread_mutex_lock(&slot->lock);
    durable = slot->durable;
    durable->farewell->letter.number = left;
    pthread_mutex_unlock(&slot->lock);
    hw_file_close(durable->file);
}

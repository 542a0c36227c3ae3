// store_read.c - what a spool's file holds, as batches.
#include <stdio.h>

#include "disk/record.h"
#include "disk/store_private.h"

enum { SMALL_ROOM = 1024 };

struct loading {
    struct hw_batch *first;
    struct hw_batch *last;
    uint64_t next_key; // that goes on with the last batch
    size_t room;       // of that batch
};

static bool
have_one_policy(const struct hw_batch *batch, const struct hw_record *record)
{
    return batch->policy.key == NULL && record->policy.key == NULL &&
           batch->policy.lane == record->policy.lane &&
           batch->kept_until_ms == record->until_ms;
}

// Larger where the last was too small, smaller where what comes does not go
// with it: there may be a gap behind each message.
static size_t
next_room(struct loading *loading, bool was_full, size_t least)
{
    size_t room = was_full ? loading->room * 4 : loading->room / 4;

    room = room < SMALL_ROOM          ? SMALL_ROOM
           : room > HW_BATCH_ROOM_MAX ? HW_BATCH_ROOM_MAX
                                      : room;
    loading->room = room;
    return room < least ? least : room;
}

static struct hw_batch *
begin_batch(struct loading *loading, uint64_t key,
            const struct hw_record *record, bool was_full)
{
    size_t least =
        hw_batch_room((size_t)record->message.size +
                      record->message.topic_size + record->policy.key_size);
    struct hw_batch *batch = hw_batch_new(
        record->policy.key != NULL ? least
                                   : next_room(loading, was_full, least));

    if (batch == NULL) {
        return NULL;
    }
    hw_batch_set_policy(batch, &record->policy);
    batch->kept_until_ms = record->until_ms;
    batch->key = key;
    if (loading->last == NULL) {
        loading->first = batch;
    } else {
        loading->last->next = batch;
    }
    loading->last = batch;
    return batch;
}

static bool
add_loaded(struct loading *loading, uint64_t key,
           const struct hw_record *record)
{
    struct hw_batch *batch = loading->last;
    bool goes_on = batch != NULL && key == loading->next_key &&
                   have_one_policy(batch, record);

    loading->next_key = key + 1;
    if (goes_on && hw_batch_add(batch, &record->message)) {
        return true;
    }
    batch = begin_batch(loading, key, record, goes_on);
    return batch != NULL && hw_batch_add(batch, &record->message);
}

static hawser_status
load_record(const struct hw_store *store, struct loading *loading,
            const MDB_val *key, const MDB_val *value,
            char sentence[HW_SENTENCE_SIZE])
{
    struct hw_record record;
    uint64_t number = hw_key_read(key->mv_data);
    char what[80];

    if (number == 0) {
        return HAWSER_OK;
    }
    if (number < loading->next_key ||
        !hw_record_read(value->mv_data, value->mv_size, number, &record)) {
        (void)snprintf(what, sizeof what, "is damaged: record %llu is none",
                       (unsigned long long)number);
        return hw_store_refuse(store, HAWSER_INVALID, what, sentence);
    }
    return add_loaded(loading, number, &record)
               ? HAWSER_OK
               : hw_store_refuse(store, HAWSER_NO_MEMORY, "found no memory",
                                 sentence);
}

static hawser_status
load_all(const struct hw_store *store, MDB_cursor *cursor,
         struct loading *loading, char sentence[HW_SENTENCE_SIZE])
{
    hawser_status status = HAWSER_OK;
    MDB_val key, value;
    int rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);

    while (rc == MDB_SUCCESS && status == HAWSER_OK) {
        status = load_record(store, loading, &key, &value, sentence);
        rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    return status == HAWSER_OK && rc != MDB_NOTFOUND
               ? hw_store_explain(store, rc, sentence)
               : status;
}

hawser_status
hw_store_load(struct hw_store *store, struct hw_batch **first,
              char sentence[HW_SENTENCE_SIZE])
{
    struct loading loading = { .next_key = 1 };
    MDB_txn *txn;
    MDB_cursor *cursor;
    hawser_status status;
    int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);

    if (rc != MDB_SUCCESS) {
        return hw_store_explain(store, rc, sentence);
    }
    rc = mdb_cursor_open(txn, store->tree, &cursor);
    status = hw_store_explain(store, rc, sentence);
    if (status == HAWSER_OK) {
        status = load_all(store, cursor, &loading, sentence);
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn); // it only read
    if (status != HAWSER_OK) {
        hw_batch_drop_all(loading.first);
        return status;
    }
    *first = loading.first;
    return HAWSER_OK;
}

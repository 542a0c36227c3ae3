// gone.c - what has left for good of the messages that a link's file keeps.
#include "actors/gone.h"

void
hw_gone_tell(struct hw_gone *gone)
{
    if (gone->count > 0) {
        gone->tell(gone->user, gone->key, gone->count);
        gone->count = 0;
    }
}

void
hw_gone_note(struct hw_gone *gone, const struct hw_batch *batch, uint32_t at,
             uint32_t count)
{
    uint64_t key = batch->key + at;

    if (batch->key == 0) { // in no file
        return;
    }
    if (gone->key + gone->count != key) {
        hw_gone_tell(gone);
        gone->key = key;
    }
    gone->count += count;
}

// draft.c - a message that is being written, in the memory that it will have.
#include <stdlib.h>
#include <string.h>

#include <hawser/message.h>

#include "values/batch.h"
#include "values/utf8.h"

struct hawser_draft {
    struct hw_batch *batch; // one message, and its bytes right behind it
    size_t size;
    hawser_status spoilt; // OK: it is not
};

enum { ROOM_MIN = 64 };

static uint8_t *
bytes_of(const hawser_draft *draft)
{
    return (uint8_t *)&draft->batch->messages[1];
}

hawser_status
hawser_draft_new(size_t room, hawser_draft **draft)
{
    hawser_draft *made;

    if (draft == NULL) {
        return HAWSER_INVALID;
    }
    room = room < ROOM_MIN              ? ROOM_MIN
           : room > HW_MESSAGE_SIZE_MAX ? HW_MESSAGE_SIZE_MAX
                                        : room;
    made = malloc(sizeof *made); // calloc takes 100 instructions more
    if (made == NULL) {
        return HAWSER_NO_MEMORY;
    }
    *made = (hawser_draft){ .batch = hw_batch_new(hw_batch_room(room)) };
    if (made->batch == NULL) {
        free(made);
        return HAWSER_NO_MEMORY;
    }
    *draft = made;
    return HAWSER_OK;
}

void
hawser_draft_drop(hawser_draft *draft)
{
    if (draft != NULL) {
        hw_batch_drop(draft->batch);
        free(draft);
    }
}

// Twice the room each time, so that what is copied stays in proportion.
static bool
grow(hawser_draft *draft, size_t size)
{
    size_t room = 2 * (draft->batch->room - hw_batch_room(0));
    struct hw_batch *larger;

    larger = hw_batch_new(hw_batch_room(room < size ? size : room));
    if (larger == NULL) {
        return false;
    }
    memcpy(&larger->messages[1], bytes_of(draft), draft->size);
    hw_batch_drop(draft->batch);
    draft->batch = larger;
    return true;
}

hawser_status
hawser_draft_write(hawser_draft *draft, const void *bytes, size_t size)
{
    if (draft == NULL || (bytes == NULL && size > 0)) {
        return HAWSER_INVALID;
    }
    if (draft->spoilt != HAWSER_OK || size == 0) {
        return draft->spoilt;
    }
    if (size > HW_MESSAGE_SIZE_MAX - draft->size) {
        draft->spoilt = HAWSER_TOO_BIG;
    } else if (hw_batch_room(draft->size + size) > draft->batch->room &&
               !grow(draft, draft->size + size)) {
        draft->spoilt = HAWSER_NO_MEMORY;
    } else {
        memcpy(bytes_of(draft) + draft->size, bytes, size);
        draft->size += size;
    }
    return draft->spoilt;
}

static hawser_status
check(const hawser_draft *draft, hawser_kind kind)
{
    if (draft->spoilt != HAWSER_OK) {
        return draft->spoilt;
    }
    return kind == HAWSER_BINARY ||
                   (kind == HAWSER_TEXT &&
                    hw_utf8_valid(bytes_of(draft), draft->size))
               ? HAWSER_OK
               : HAWSER_INVALID;
}

hawser_status
hawser_draft_finish(hawser_draft *draft, hawser_kind kind,
                    hawser_message **message)
{
    hawser_status status;

    if (draft == NULL || message == NULL) {
        hawser_draft_drop(draft);
        return HAWSER_INVALID;
    }
    status = check(draft, kind);
    if (status != HAWSER_OK) {
        hawser_draft_drop(draft);
        return status;
    }
    draft->batch->messages[0] = (struct hawser_message){
        .bytes = bytes_of(draft),
        .size = (uint32_t)draft->size,
        .kind = (uint8_t)kind,
        .private_batch = draft->batch,
    };
    draft->batch->count = 1;
    draft->batch->payload = draft->size;
    *message = &draft->batch->messages[0];
    free(draft);
    return HAWSER_OK;
}

// message.c - the public face of a message: a batch of one.
#include <hawser/message.h>

#include "values/batch.h"
#include "values/utf8.h"

static hawser_status
check_arguments(hawser_kind kind, const void *bytes, size_t size)
{
    if (kind != HAWSER_BINARY && kind != HAWSER_TEXT) {
        return HAWSER_INVALID;
    }
    if (bytes == NULL && size > 0) {
        return HAWSER_INVALID;
    }
    if (size > HW_MESSAGE_SIZE_MAX) {
        return HAWSER_TOO_BIG;
    }
    if (kind == HAWSER_TEXT && !hw_utf8_valid(bytes, size)) {
        return HAWSER_INVALID;
    }
    return HAWSER_OK;
}

hawser_status
hawser_message_new_topic(hawser_kind kind, const void *topic, size_t topic_size,
                         const void *bytes, size_t size,
                         hawser_message **message)
{
    hawser_status status = check_arguments(kind, bytes, size);
    struct hawser_message made = { .kind = (uint8_t)kind };
    struct hw_batch *batch;

    if (status != HAWSER_OK) {
        return status;
    }
    if (message == NULL || (topic == NULL && topic_size > 0)) {
        return HAWSER_INVALID;
    }
    if (topic_size > UINT16_MAX) {
        return HAWSER_TOO_BIG;
    }
    made.bytes = bytes;
    made.size = (uint32_t)size;
    made.topic = topic;
    made.topic_size = (uint16_t)topic_size;
    batch = hw_batch_new(hw_batch_room(size + topic_size));
    if (batch == NULL) {
        return HAWSER_NO_MEMORY;
    }
    (void)hw_batch_add(batch, &made); // made to measure: it fits
    *message = &batch->messages[0];
    return HAWSER_OK;
}

hawser_status
hawser_message_new(hawser_kind kind, const void *bytes, size_t size,
                   hawser_message **message)
{
    return hawser_message_new_topic(kind, NULL, 0, bytes, size, message);
}

hawser_message *
hawser_message_hold(hawser_message *message)
{
    hw_batch_hold(hw_batch_of(message), 1);
    return message;
}

void
hawser_message_drop(hawser_message *message)
{
    if (message != NULL) {
        hw_batch_drop(hw_batch_of(message));
    }
}

const void *
hawser_message_bytes(const hawser_message *message)
{
    return message->bytes;
}

size_t
hawser_message_size(const hawser_message *message)
{
    return message->size;
}

hawser_kind
hawser_message_kind(const hawser_message *message)
{
    return (hawser_kind)message->kind;
}

const void *
hawser_message_topic(const hawser_message *message, size_t *size)
{
    *size = message->topic_size;
    return message->topic;
}

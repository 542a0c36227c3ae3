// sender_desk.c - what the tests of the sender say to it, in short.
#include "actors/sender_desk.h"

#include <stdio.h>
#include <string.h>

#include "actors/roles.h"
#include "check.h"
#include "values/batch.h"

struct desk sender_desk;
struct hw_ports sender_port;

void
sender_open(const char *options)
{
    const struct hw_letter open = {
        .kind = HW_LETTER_LINK_OPEN,
        .thing = desk_plan(&sender_desk, 0, options, "ws://one"),
    };

    memset(&sender_port, 0, sizeof sender_port);
    sender_port.wire = 1;
    sender_port.room = SIZE_MAX;
    desk_open(&sender_desk, &hw_role_sender, "", &sender_port);
    desk_write(&sender_desk, HW_SUPERVISOR, &open);
}

void
sender_close(void)
{
    desk_close(&sender_desk);
}

void
sender_up(uint32_t wire, bool barriers)
{
    const struct hw_letter letter = {
        .kind = HW_LETTER_WIRE_UP,
        .note = barriers,
        .wire = wire,
    };

    sender_port.wire = wire;
    desk_write(&sender_desk, HW_SUPERVISOR, &letter);
}

static struct hw_batch *
batch_of(const char *texts)
{
    struct hw_batch *batch = hw_batch_new(8192);
    char words[256], *rest = words, *word;

    CU_ASSERT_PTR_NOT_NULL_FATAL(batch);
    (void)snprintf(words, sizeof words, "%s", texts);
    while ((word = strsep(&rest, " ")) != NULL) {
        const struct hawser_message message = {
            .bytes = (const uint8_t *)word,
            .size = (uint32_t)strlen(word),
        };

        CU_ASSERT_TRUE(hw_batch_add(batch, &message));
    }
    return batch;
}

void
sender_mail(unsigned kind, uint32_t wire, uint64_t position, const char *texts)
{
    struct hw_batch *batch = batch_of(texts);
    const struct hw_letter letter = {
        .kind = (uint16_t)kind,
        .wire = wire,
        .count = batch->count,
        .number = position,
        .thing = batch,
    };

    desk_write(&sender_desk, HW_QUEUE, &letter);
}

void
sender_hear(unsigned from, unsigned kind, uint32_t wire, uint64_t number)
{
    const struct hw_letter letter = {
        .kind = (uint16_t)kind,
        .wire = wire,
        .number = number,
    };

    desk_write(&sender_desk, from, &letter);
}

bool
sender_says(unsigned to, unsigned kind, uint32_t wire, uint64_t number)
{
    struct hw_letter letter;

    return desk_read(&sender_desk, to, kind, &letter) && letter.wire == wire &&
           letter.number == number;
}

bool
sender_wrote(const char *texts)
{
    char wrote[512] = "";

    for (size_t i = 0; i < sender_port.sent_count; i++) {
        size_t used = strlen(wrote);

        (void)snprintf(wrote + used, sizeof wrote - used, "%s%s",
                       i > 0 ? " " : "", sender_port.sent[i]);
    }
    sender_port.sent_count = 0;
    return strcmp(wrote, texts) == 0;
}

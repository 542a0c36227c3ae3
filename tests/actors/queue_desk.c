// queue_desk.c - what the tests of the queue say to it, in short.
#include "actors/queue_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/roles.h"
#include "check.h"
#include "values/batch.h"
#include "values/settles.h"

struct desk queue_desk;

void
queue_open(const char *options)
{
    const struct hw_letter open = {
        .kind = HW_LETTER_LINK_OPEN,
        .thing = desk_plan(&queue_desk, 0, options, "ws://one"),
    };

    desk_open(&queue_desk, &hw_role_queue, "", NULL);
    desk_write(&queue_desk, HW_DOOR, &open);
}

void
queue_close(void)
{
    desk_close(&queue_desk);
}

static struct hw_batch *
fill(struct hw_batch *batch, const char *texts, uint64_t tag, uint8_t flags)
{
    size_t length = strcspn(texts, " ");

    for (;;) {
        const struct hawser_message message = {
            .bytes = (const uint8_t *)texts,
            .size = (uint32_t)length,
            .private_flags = flags,
            .private_tag = tag == 0 ? 0 : tag++,
        };

        CU_ASSERT_TRUE(hw_batch_add(batch, &message));
        if (texts[length] == '\0') {
            return batch;
        }
        texts += length + 1;
        length = strcspn(texts, " ");
    }
}

static struct hw_batch *
batch_of(const char *texts, uint64_t tag, uint8_t flags)
{
    struct hw_batch *batch = hw_batch_new(8192);

    CU_ASSERT_PTR_NOT_NULL_FATAL(batch);
    return fill(batch, texts, tag, flags);
}

static void
write_from_door(unsigned kind, uint32_t wire, uint64_t number, void *thing)
{
    const struct hw_letter letter = {
        .kind = (uint16_t)kind,
        .wire = wire,
        .number = number,
        .thing = thing,
    };

    desk_write(&queue_desk, HW_DOOR, &letter);
}

void
queue_send(const char *texts, uint64_t tag)
{
    write_from_door(HW_LETTER_SEND, 0, 0, batch_of(texts, tag, 0));
}

void
queue_send_with(const char *texts, uint64_t tag, struct hw_policy policy)
{
    struct hw_batch *batch = hw_batch_new(8192);

    CU_ASSERT_PTR_NOT_NULL_FATAL(batch);
    hw_batch_set_policy(batch, &policy);
    write_from_door(HW_LETTER_SEND, 0, 0, fill(batch, texts, tag, 0));
}

void
queue_settle(uint64_t tag, bool all_before)
{
    struct hw_settle *said = calloc(1, sizeof *said);
    struct hw_letter letter = {
        .kind = HW_LETTER_SETTLE,
        .count = 1,
        .thing = said,
    };

    CU_ASSERT_PTR_NOT_NULL_FATAL(said);
    said->tag = tag;
    said->all_before = all_before;
    desk_write(&queue_desk, HW_DOOR, &letter);
}

bool
queue_answers(unsigned kind, uint64_t tag, hawser_phase phase, bool taken_out)
{
    struct hw_letter letter;
    int question;

    write_from_door(kind, 0, tag, &question);
    return desk_read(&queue_desk, HW_DOOR, HW_LETTER_FOUND, &letter) &&
           letter.thing == &question && letter.number == tag &&
           letter.note == phase && letter.count == taken_out;
}

void
queue_standing_add(uint64_t id, const char *text)
{
    struct hw_batch *batch = batch_of(text, 0, 0);

    batch->next = batch_of(text, 0, HW_MESSAGE_STANDING);
    write_from_door(HW_LETTER_STANDING_ADD, 0, id, batch);
}

void
queue_standing_remove(uint64_t id, const char *farewell)
{
    write_from_door(
        HW_LETTER_STANDING_REMOVE, 0, id,
        farewell == NULL ? NULL : batch_of(farewell, 0, HW_MESSAGE_STANDING));
}

void
queue_greet(uint32_t wire, const char *text)
{
    write_from_door(HW_LETTER_GREET, wire, 0, batch_of(text, 0, 0));
}

void
queue_gate(uint32_t wire, enum hw_gate gate)
{
    const struct hw_letter letter = {
        .kind = HW_LETTER_GATE,
        .note = (uint16_t)gate,
        .wire = wire,
    };

    desk_write(&queue_desk, HW_SUPERVISOR, &letter);
}

void
queue_tell(unsigned kind)
{
    const struct hw_letter letter = { .kind = (uint16_t)kind };

    desk_write(&queue_desk, HW_SUPERVISOR, &letter);
}

void
queue_hear(unsigned kind, uint32_t wire, uint64_t number)
{
    const struct hw_letter letter = {
        .kind = (uint16_t)kind,
        .wire = wire,
        .number = number,
    };

    desk_write(&queue_desk, HW_SENDER, &letter);
}

void
queue_bring_up(uint32_t wire)
{
    queue_hear(HW_LETTER_WANT, wire, 0);
    queue_gate(wire, HW_GATE_REPLAY);
    CU_ASSERT_TRUE(
        desk_read(&queue_desk, HW_SUPERVISOR, HW_LETTER_GREETED, NULL));
    queue_gate(wire, HW_GATE_FLOW);
}

static void
join(const struct hw_letter *letter, char *texts, size_t size)
{
    const struct hw_batch *batch = letter->thing;

    texts[0] = '\0';
    for (uint32_t i = 0; i < letter->count; i++) {
        const struct hawser_message *message =
            &batch->messages[letter->note + i];
        size_t used = strlen(texts);

        CU_ASSERT_FATAL(letter->note + i < batch->count);
        (void)snprintf(texts + used, size - used, "%s%.*s", i > 0 ? " " : "",
                       (int)message->size, (const char *)message->bytes);
    }
}

bool
queue_mails(unsigned kind, uint32_t wire, const char *texts)
{
    struct hw_letter letter;
    char read[512];
    bool same;

    if (!desk_read(&queue_desk, HW_SENDER, kind, &letter)) {
        return texts[0] == '\0';
    }
    join(&letter, read, sizeof read);
    same = letter.wire == wire && strcmp(read, texts) == 0;
    if (!same) {
        fprintf(stderr, "\n    mail for wire %u: \"%s\"\n", letter.wire, read);
    }
    desk_give_back(&letter);
    return same;
}

struct hw_letter
queue_mail(void)
{
    struct hw_letter letter = { 0 };

    CU_ASSERT_TRUE_FATAL(
        desk_read(&queue_desk, HW_SENDER, HW_LETTER_MAIL, &letter));
    return letter;
}

void
queue_refuse(const struct hw_letter *mail, uint32_t first, uint32_t count)
{
    const struct hw_letter letter = {
        .kind = HW_LETTER_REFUSED,
        .note = (uint16_t)(mail->note + first),
        .wire = mail->wire,
        .count = count,
        .thing = mail->thing,
    };

    hw_batch_hold(mail->thing, 1);
    desk_write(&queue_desk, HW_SENDER, &letter);
}

bool
queue_mails_at(uint64_t position, uint32_t wire, const char *texts)
{
    for (size_t i = 0; i < queue_desk.said_count; i++) {
        const struct desk_said *said = &queue_desk.said[i];

        if (!said->read && said->letter.kind == HW_LETTER_MAIL) {
            return said->letter.number == position &&
                   queue_mails(HW_LETTER_MAIL, wire, texts);
        }
    }
    return false;
}

bool
queue_receipts(uint64_t tag, unsigned fate)
{
    struct hw_letter letter;

    return desk_read(&queue_desk, HW_RECEIVER, HW_LETTER_RECEIPT, &letter) &&
           letter.number == tag && letter.note == fate;
}

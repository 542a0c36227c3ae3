// receiver_desk.c - what the tests of the receiver say to it, in short.
#include "actors/receiver_desk.h"

#include <stdio.h>
#include <string.h>

#include "actors/roles.h"
#include "check.h"
#include "values/batch.h"
#include "values/report.h"

struct desk receiver_desk;
struct hw_ports receiver_port;
static struct hw_post *post;
struct hw_mailbox *receiver_inboxes[2];

// ---- what it hears ----

void
receiver_open_inbox(uint32_t number)
{
    struct hw_letter letter = { .kind = HW_LETTER_INBOX_OPEN, .count = number };
    struct hw_mailbox *theirs;

    CU_ASSERT_EQUAL_FATAL(
        hw_pipe_open(post, &receiver_inboxes[number], &theirs), HAWSER_OK);
    letter.thing = theirs;
    desk_write(&receiver_desk, HW_DOOR, &letter);
}

void
receiver_open_link(uint32_t link, uint32_t inbox, const char *options)
{
    struct hw_plan *plan = desk_plan(&receiver_desk, link, options, "ws://one");
    const struct hw_letter open = { .kind = HW_LETTER_LINK_OPEN,
                                    .link = link,
                                    .thing = plan };

    plan->inbox = inbox;
    desk_write(&receiver_desk, HW_DOOR, &open);
}

void
receiver_open(const char *options)
{
    CU_ASSERT_EQUAL_FATAL(hw_post_open(1, &post), HAWSER_OK);
    memset(&receiver_port, 0, sizeof receiver_port);
    receiver_port.wire = 1;
    receiver_port.listening = true;
    desk_open(&receiver_desk, &hw_role_receiver, "", &receiver_port);
    receiver_open_inbox(0);
    receiver_open_link(0, 0, options);
}

void
receiver_tell(unsigned from, unsigned kind, uint32_t wire)
{
    const struct hw_letter letter = { .kind = (uint16_t)kind, .wire = wire };

    desk_write(&receiver_desk, from, &letter);
}

void
receiver_gets(uint32_t wire, const char *texts)
{
    struct hw_batch *batch = hw_batch_new(8192);
    const struct hw_letter letter = { .kind = HW_LETTER_WIRE_RECEIVED,
                                      .wire = wire,
                                      .thing = batch };
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
    desk_write(&receiver_desk, HW_PORT, &letter);
}

void
receiver_credit(uint32_t messages, uint64_t bytes, uint16_t events)
{
    const struct hw_letter letter = { .kind = HW_LETTER_CREDIT,
                                      .note = events,
                                      .count = messages,
                                      .number = bytes };

    desk_write(&receiver_desk, HW_DOOR, &letter);
}

void
receiver_tell_event(hawser_state state)
{
    const struct hw_letter letter = { .kind = HW_LETTER_EVENT,
                                      .note = (uint16_t)state,
                                      .wire = 1,
                                      .thing = hw_report_now() };

    desk_write(&receiver_desk, HW_SUPERVISOR, &letter);
}

// ---- what the inbox hears ----

bool
inbox_hears(uint32_t inbox, unsigned kind, struct hw_letter *letter)
{
    return hw_mailbox_hear(receiver_inboxes[inbox], letter) &&
           letter->kind == kind;
}

bool
inbox_hears_nothing(uint32_t inbox)
{
    struct hw_letter letter;

    if (!hw_mailbox_hear(receiver_inboxes[inbox], &letter)) {
        return true;
    }
    desk_give_back(&letter);
    return false;
}

bool
inbox_is_given(uint32_t inbox, const char *texts)
{
    struct hw_letter letter;
    const struct hw_batch *batch;
    char words[256] = "";

    if (!inbox_hears(inbox, HW_LETTER_DELIVER, &letter)) {
        return false;
    }
    batch = letter.thing;
    for (uint32_t i = 0; i < batch->count; i++) {
        size_t used = strlen(words);

        (void)snprintf(words + used, sizeof words - used, "%s%.*s",
                       i > 0 ? " " : "", (int)batch->messages[i].size,
                       (const char *)batch->messages[i].bytes);
    }
    desk_give_back(&letter);
    return strcmp(words, texts) == 0;
}

bool
inbox_is_told(hawser_state state)
{
    struct hw_letter letter;

    if (!inbox_hears(0, HW_LETTER_EVENT, &letter)) {
        return false;
    }
    desk_give_back(&letter);
    return letter.note == (uint16_t)state;
}

void
receiver_close(void)
{
    desk_close(&receiver_desk);
    for (uint32_t i = 0; i < 2; i++) {
        while (receiver_inboxes[i] != NULL && !inbox_hears_nothing(i)) {
            // what was not looked at is given back
        }
        hw_mailbox_close(receiver_inboxes[i]);
        receiver_inboxes[i] = NULL;
    }
    hw_post_close(post);
}

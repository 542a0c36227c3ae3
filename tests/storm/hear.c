// hear.c - what comes to the application's inbox, and what must hold of it.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <hawser/inbox.h>

#include "storm.h"
#include "values/batch.h"
#include "values/report.h"
#include "values/settings.h"

enum { LETTERS_MAX = 20000 };

// ---- messages ----

// What is delivered as of the newest wire came on it.
static void
check_whose(struct storm *storm, const struct link *link,
            const struct label *chat)
{
    uint64_t first = link->port_first[chat->link];

    if (link->heard_wire == link->port_wire &&
        (first == 0 || chat->number < first)) {
        storm_fault(storm,
                    "link %" PRIu32 " hears what came before wire %" PRIu32,
                    link->id, link->heard_wire);
    }
}

// In the order of sending, which is kept in each lane.
static void
hear_echo(struct storm *storm, struct link *link, uint64_t number)
{
    const struct fate *fate = &link->fates[number];
    uint64_t *heard = &link->heard_echo[fate->lane];

    if (fate->key == 0 && number + 1 <= *heard) {
        storm_fault(storm, "link %" PRIu32 " hears echoes out of order",
                    link->id);
    }
    *heard = fate->key == 0 ? number + 1 : *heard;
}

static void
hear_message(struct storm *storm, struct link *link,
             const hawser_message *message)
{
    struct label label;

    if (!ledger_label(message->bytes, message->size, &label)) {
        return; // the ping, echoed
    }
    if (label.sort == LABEL_CHAT && label.link < SERVERS) {
        if (label.number <= link->heard_chat[label.link]) {
            storm_fault(storm, "link %" PRIu32 " hears a server out of order",
                        link->id);
        }
        link->heard_chat[label.link] = label.number;
        check_whose(storm, link, &label);
    } else if (label.link != link->id) {
        storm_fault(storm, "link %" PRIu32 " hears the echo of link %" PRIu32,
                    link->id, label.link);
    } else if (label.sort == LABEL_MESSAGE) {
        hear_echo(storm, link, label.number);
    }
}

static void
begin_wire(struct link *link, uint32_t wire)
{
    if (link->heard_wire != wire) {
        link->heard_wire = wire;
        memset(link->heard_echo, 0, sizeof link->heard_echo);
        link->delivered = 0;
        for (unsigned i = 0; i < SERVERS; i++) {
            link->heard_chat[i] = 0;
        }
    }
}

static void
hear_batch(struct storm *storm, struct link *link,
           const struct hw_letter *letter)
{
    struct hw_batch *batch = letter->thing;

    // What is late may come between two wires, and not on the next.
    if (letter->wire <= link->wire_gone && !storm->late) {
        storm_fault(storm,
                    "link %" PRIu32 " hears messages of wire %" PRIu32
                    " after it was said to be gone",
                    link->id, letter->wire);
    }
    begin_wire(link, letter->wire);
    for (uint32_t i = 0; i < batch->count; i++) {
        hear_message(storm, link, &batch->messages[i]);
    }
    link->delivered += batch->count;
    link->unread += batch->count;
    link->unread_bytes += batch->payload;
    storm_note(storm, batch->count + batch->payload);
    hw_batch_drop(batch);
}

// ---- receipts ----

static void
check_settled_order(struct storm *storm, struct link *link, uint64_t number)
{
    const struct fate *fate = &link->fates[number];

    if (link->says || fate->key != 0) {
        return;
    }
    if (number + 1 <= link->last_settled[fate->lane]) {
        storm_fault(storm, "link %" PRIu32 " settles out of order", link->id);
    }
    link->last_settled[fate->lane] = number + 1;
}

static void
hear_settled(struct storm *storm, struct link *link, uint64_t number)
{
    const struct fate *fate = &link->fates[number];

    if (link->says && !fate->said) {
        storm_fault(storm,
                    "link %" PRIu32 " settles message %" PRIu64
                    ", which was not said to be",
                    link->id, number);
    }
    check_settled_order(storm, link, number);
    if (fate->refused && !fate->said) {
        storm_fault(storm,
                    "link %" PRIu32 " settles message %" PRIu64
                    ", which goes to nobody",
                    link->id, number);
    }
    if (!fate->taken && !fate->said) { // an answer may be to an earlier life
        storm_fault(storm,
                    "link %" PRIu32 " settles message %" PRIu64
                    ", which no wire took",
                    link->id, number);
    }
    if (link->confirms && !fate->arrived && link->downgraded < link->wire) {
        storm_fault(storm,
                    "link %" PRIu32 " settles message %" PRIu64
                    ", which never arrived",
                    link->id, number);
    }
}

static bool
has_newer_of_key(const struct link *link, uint64_t number)
{
    uint8_t key = link->fates[number].key;
    uint64_t n = number + 1;

    while (key != 0 && n < link->accepted && link->fates[n].key != key) {
        n++;
    }
    return key != 0 && n < link->accepted;
}

static void
hear_dropped(struct storm *storm, const struct link *link, uint64_t number)
{
    if (!link->drops && !link->ending && !link->fates[number].cancelled &&
        !has_newer_of_key(link, number)) {
        storm_fault(storm, "link %" PRIu32 " drops message %" PRIu64, link->id,
                    number);
    }
}

static void
hear_expired(struct storm *storm, const struct link *link, uint64_t number)
{
    uint64_t at_ms = link->fates[number].expires_at_ms;

    if (at_ms == 0 || at_ms > storm_now_ms(storm)) {
        storm_fault(storm,
                    "link %" PRIu32 " says that message %" PRIu64
                    " has expired, and it has not",
                    link->id, number);
    }
}

static void
hear_refused(struct storm *storm, const struct link *link, uint64_t number)
{
    if (!link->fates[number].refused) {
        storm_fault(storm,
                    "link %" PRIu32 " says that message %" PRIu64
                    " is refused, and no wire did",
                    link->id, number);
    }
}

static void
hear_turned_away(struct storm *storm, struct link *link,
                 const struct hw_letter *letter)
{
    if (letter->number != TURNED_AWAY + link->turned_away_told ||
        link->turned_away_told++ >= link->turned_away ||
        letter->note != HAWSER_DROPPED) {
        storm_fault(storm, "link %" PRIu32 " turns away what nobody sent",
                    link->id);
    }
}

static void
hear_receipt(struct storm *storm, struct link *link,
             const struct hw_letter *letter)
{
    uint64_t number = letter->number - 1;

    storm_note(storm, letter->number << 8 ^ letter->note);
    if (letter->number >= TURNED_AWAY) {
        hear_turned_away(storm, link, letter);
        return;
    }
    if (letter->number == 0 || number >= link->accepted ||
        ++link->fates[number].receipts > 1 || letter->note >= FATES) {
        storm_fault(storm,
                    "link %" PRIu32 " has a receipt too many (%" PRIu64 ")",
                    link->id, letter->number);
        return;
    }
    storm_tell(storm, "link %" PRIu32 ": message %" PRIu64 " is %s", link->id,
               number, hawser_fate_name((hawser_fate)letter->note));
    link->receipts[letter->note]++;
    link->fates[number].became = (uint8_t)letter->note;
    if (letter->note == HAWSER_SETTLED) {
        hear_settled(storm, link, number);
    } else if (letter->note == HAWSER_EXPIRED) {
        hear_expired(storm, link, number);
    } else if (letter->note == HAWSER_REFUSED) {
        hear_refused(storm, link, number);
    } else {
        hear_dropped(storm, link, number);
    }
}

// ---- events ----

// All that came on a wire that was up is delivered before it is said to be
// gone; letters that are late may come after that, and are dropped.
static void
wire_is_gone(struct storm *storm, struct link *link)
{
    uint64_t delivered = link->heard_wire == link->wire ? link->delivered : 0;

    if (link->wire_gone < link->wire && link->wire_greeted == link->wire &&
        link->port_wire == link->wire && !storm->late &&
        link->port_heard != delivered) {
        storm_fault(storm,
                    "link %" PRIu32 " wire %" PRIu32 " brought %" PRIu64
                    " messages, and %" PRIu64 " are delivered",
                    link->id, link->wire, link->port_heard, delivered);
    }
    link->wire_gone = link->wire;
}

static void
hear_closed(struct storm *storm, struct link *link,
            const struct hw_letter *letter)
{
    wire_is_gone(storm, link);
    held_check_closed(storm, link, letter->number);
    if (!link->ending) {
        storm_fault(storm, "link %" PRIu32 " closes by itself", link->id);
    }
    link->open = false;
    storm->rows[link->row] = NULL;
}

static void
hear_waiting(struct storm *storm, struct link *link,
             const struct hw_letter *letter)
{
    const struct hawser_settings *settings = link->plan->settings;
    uint64_t delay_ms = (uint32_t)letter->number;

    wire_is_gone(storm, link);
    if (delay_ms > (uint64_t)settings->backoff_max + RETRY_AFTER_MAX_MS) {
        storm_fault(storm, "link %" PRIu32 " waits %" PRIu64 " ms", link->id,
                    delay_ms);
    }
}

// Whoever wants to dial waits where the bus has dialled too often.
static bool
is_foreseen(hawser_state from, hawser_state to)
{
    static const unsigned foreseen[] = {
        [HAWSER_IDLE] = 1u << HAWSER_DIALING | 1u << HAWSER_WAITING,
        [HAWSER_DIALING] =
            1u << HAWSER_DIALING | 1u << HAWSER_GREETING | 1u << HAWSER_WAITING,
        [HAWSER_GREETING] = 1u << HAWSER_GREETING | 1u << HAWSER_UP |
                            1u << HAWSER_WAITING | 1u << HAWSER_DIALING,
        [HAWSER_UP] =
            1u << HAWSER_WAITING | 1u << HAWSER_DIALING | 1u << HAWSER_DRAINING,
        [HAWSER_WAITING] = 1u << HAWSER_DIALING | 1u << HAWSER_WAITING,
        [HAWSER_DRAINING] =
            1u << HAWSER_WAITING | 1u << HAWSER_DIALING | 1u << HAWSER_DRAINING,
        [HAWSER_CLOSED] = 0,
        [HAWSER_FAILED] = 1u << HAWSER_DIALING | 1u << HAWSER_WAITING,
    };

    return to == HAWSER_CLOSED ||
           (to == HAWSER_FAILED && from != HAWSER_CLOSED) ||
           (foreseen[from] >> to & 1) != 0;
}

static void
ask_later(struct storm *storm, struct link *link, bool ask)
{
    link->answer_ask = ask;
    link->answer_wire = link->wire;
    link->answer_at_us =
        storm_now_us(storm) +
        (storm->kind
             ? 0
             : storm_chance(storm, storm_once_in(storm, 4) ? 3000000 : 30000));
}

static void
hear_state(struct storm *storm, struct link *link,
           const struct hw_letter *letter, hawser_state state)
{
    if (!is_foreseen(link->state, state)) {
        storm_fault(storm, "link %" PRIu32 " is %s after it was %s", link->id,
                    hawser_state_name(state), hawser_state_name(link->state));
    }
    if (state == HAWSER_DIALING) {
        if (letter->wire != link->wire + 1) {
            storm_fault(
                storm, "link %" PRIu32 " dials wire %" PRIu32 " after %" PRIu32,
                link->id, letter->wire, link->wire);
        }
        wire_is_gone(storm, link);
    }
    link->state = state;
    link->wire = letter->wire;
    link->unread_credit_events += state != HAWSER_CLOSED;
    if (state == HAWSER_WAITING) {
        hear_waiting(storm, link, letter);
    } else if (state == HAWSER_FAILED) {
        wire_is_gone(storm, link);
    } else if (state == HAWSER_GREETING) {
        link->wire_greeted = link->wire;
        if (link->greets) {
            ask_later(storm, link, false);
        }
    } else if (state == HAWSER_CLOSED) {
        hear_closed(storm, link, letter);
        return;
    }
    app_meddle(storm, link);
}

static void
hear_event(struct storm *storm, struct link *link,
           const struct hw_letter *letter)
{
    unsigned kind = letter->note >> HW_EVENT_KIND_SHIFT;
    hawser_state state = (hawser_state)(letter->note & HW_EVENT_STATE_MASK);
    const struct hw_report *report = letter->thing;

    storm_note(storm, letter->note ^ (uint64_t)letter->wire << 32);
    storm_tell(storm, "link %" PRIu32 " wire %" PRIu32 ": %s%s%s %s", link->id,
               letter->wire, hawser_state_name(state),
               kind == HAWSER_EVENT_ASK ? " asks" : "",
               kind == HAWSER_EVENT_DOWNGRADE ? " downgraded" : "",
               report->error);
    if (kind == HAWSER_EVENT_STATE) {
        hear_state(storm, link, letter, state);
    } else {
        link->unread_credit_events++;
        if (kind == HAWSER_EVENT_ASK) {
            ask_later(storm, link, true);
        }
    }
    hw_report_drop(letter->thing);
}

// ---- all of it ----

// Nobody hears it.
static void
give_back(const struct hw_letter *letter)
{
    if (letter->kind == HW_LETTER_DELIVER) {
        hw_batch_drop(letter->thing);
    } else if (letter->kind == HW_LETTER_EVENT) {
        hw_report_drop(letter->thing);
    }
}

static void
hear(struct storm *storm, const struct hw_letter *letter)
{
    struct link *link = storm->rows[letter->link];

    if (letter->kind == HW_LETTER_INBOX_CLOSED) {
        hw_mailbox_close(letter->thing);
        storm->inbox_closed = true;
        return;
    }
    if (link == NULL) {
        storm_fault(storm, "%s of a link that is closed",
                    hw_letter_name(letter->kind));
        give_back(letter);
        return;
    }
    link->touched = true;
    switch (letter->kind) {
    case HW_LETTER_DELIVER:
        hear_batch(storm, link, letter);
        break;
    case HW_LETTER_RECEIPT:
        hear_receipt(storm, link, letter);
        break;
    case HW_LETTER_EVENT:
        hear_event(storm, link, letter);
        break;
    default:
        storm_fault(storm, "%s comes to the inbox",
                    hw_letter_name(letter->kind));
        break;
    }
}

void
hear_all(struct storm *storm)
{
    static struct hw_letter letters[LETTERS_MAX];
    size_t count = 0;

    if (!storm->inbox_due) {
        return; // to ask an empty mailbox takes a system call
    }
    while (count < LETTERS_MAX &&
           hw_mailbox_hear(storm->inbox, &letters[count])) {
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        if (storm->dead) {
            give_back(&letters[i]);
        } else {
            hear(storm, &letters[i]);
        }
    }
    storm->inbox_due = false;
}

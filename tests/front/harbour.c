// harbour.c - what the tests of the whole bus share.
#include "harbour.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"

uint64_t
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

// ---- opening ----

static void
set_option(hawser_options *options, char *setting)
{
    char *value = strchr(setting, '=');
    hawser_status status;

    CU_ASSERT_PTR_NOT_NULL_FATAL(value);
    *value++ = '\0';
    status = hawser_options_set(options, setting, value);
    if (status != HAWSER_OK) {
        fprintf(stderr, "%s\n", hawser_options_error(options));
    }
    CU_ASSERT_EQUAL(status, HAWSER_OK);
}

static void
set_options(hawser_options *options, const char *settings)
{
    char copy[512], *rest, *setting;

    if (settings == NULL) {
        return;
    }
    CU_ASSERT_FATAL(strlen(settings) < sizeof copy);
    (void)snprintf(copy, sizeof copy, "%s", settings); // it fits
    setting = strtok_r(copy, " ", &rest);
    while (setting != NULL) {
        set_option(options, setting);
        setting = strtok_r(NULL, " ", &rest);
    }
}

hawser_options *
options_of(const char *settings)
{
    hawser_options *options = NULL;

    CU_ASSERT_EQUAL_FATAL(hawser_options_new(&options), HAWSER_OK);
    set_options(options, settings);
    return options;
}

hawser_bus *
open_bus(const char *settings)
{
    hawser_options *options = options_of("bus.links_max=2000");
    hawser_bus *bus = NULL;

    set_options(options, getenv("HARBOUR_BUS"));
    set_options(options, settings);
    CU_ASSERT_EQUAL_FATAL(hawser_bus_open(options, &bus), HAWSER_OK);
    hawser_options_free(options);
    return bus;
}

void
close_bus(hawser_bus *bus)
{
    (void)hawser_bus_close(bus, 0); // what is left is no concern here
}

const char *
fresh_url(void)
{
    static char urls[256][32];
    static atomic_uint count;
    unsigned number = atomic_fetch_add(&count, 1);

    CU_ASSERT_FATAL(number < 256);
    (void)snprintf(urls[number], sizeof urls[number], "inproc://f%u", number);
    return urls[number];
}

hawser_link
open_link(hawser_bus *bus, const char *urls, const char *settings)
{
    hawser_options *options = options_of(settings);
    hawser_link link = { 0 };

    CU_ASSERT_EQUAL(hawser_link_open(bus, urls, options, &link), HAWSER_OK);
    hawser_options_free(options);
    return link;
}

void
join(struct pair *pair, const char *left_settings, const char *right_settings)
{
    pair->url = fresh_url();
    pair->left_bus = open_bus(NULL);
    pair->right_bus = open_bus(NULL);
    pair->left = open_link(pair->left_bus, pair->url, left_settings);
    pair->right = open_link(pair->right_bus, pair->url, right_settings);
    (void)await(pair->left_bus, pair->left, HAWSER_UP);
    (void)await(pair->right_bus, pair->right, HAWSER_UP);
}

void
part(struct pair *pair)
{
    close_bus(pair->left_bus);
    close_bus(pair->right_bus);
}

// ---- hearing ----

bool
hear(hawser_bus *bus, hawser_item *item)
{
    hawser_status status = hawser_receive(bus, item, PATIENCE_MS);

    CU_ASSERT_EQUAL(status, HAWSER_OK);
    return status == HAWSER_OK;
}

static bool
hear_kind(hawser_bus *bus, hawser_link link, hawser_item_kind kind,
          hawser_item *item)
{
    while (hear(bus, item)) {
        if (item->kind == kind && item->link.id == link.id) {
            return true;
        }
        hawser_item_drop(item);
    }
    return false;
}

bool
hear_state(hawser_bus *bus, hawser_link link, hawser_state state,
           hawser_item *item)
{
    while (hear_kind(bus, link, HAWSER_ITEM_EVENT, item)) {
        if (item->event->kind == HAWSER_EVENT_STATE &&
            item->event->state == state) {
            return true;
        }
        hawser_item_drop(item);
    }
    return false;
}

bool
hear_message(hawser_bus *bus, hawser_link link, hawser_item *item)
{
    return hear_kind(bus, link, HAWSER_ITEM_MESSAGE, item);
}

bool
hear_receipt(hawser_bus *bus, hawser_link link, hawser_item *item)
{
    return hear_kind(bus, link, HAWSER_ITEM_RECEIPT, item);
}

bool
await(hawser_bus *bus, hawser_link link, hawser_state state)
{
    hawser_item item;
    bool heard = hear_state(bus, link, state, &item);

    if (heard) {
        hawser_item_drop(&item);
    }
    return heard;
}

void
end_link(hawser_bus *bus, hawser_link link)
{
    CU_ASSERT_EQUAL(hawser_link_close(bus, link, 0, NULL), HAWSER_OK);
    (void)await(bus, link, HAWSER_CLOSED);
}

void
expect_text(hawser_bus *bus, hawser_link link, const char *text)
{
    size_t size = strlen(text);
    hawser_item item;

    if (!hear_message(bus, link, &item)) {
        return;
    }
    CU_ASSERT_EQUAL(hawser_message_size(item.message), size);
    if (hawser_message_size(item.message) == size) {
        CU_ASSERT_EQUAL(memcmp(hawser_message_bytes(item.message), text, size),
                        0);
    }
    hawser_item_drop(&item);
}

void
expect_numbers(hawser_bus *bus, hawser_link link, uint32_t first,
               uint32_t count)
{
    uint32_t wrong = 0;

    for (uint32_t i = 0; i < count; i++) {
        hawser_item item;

        if (!hear_message(bus, link, &item)) {
            return;
        }
        wrong += number_of(item.message) != first + i;
        hawser_item_drop(&item);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

void
expect_silence(hawser_bus *bus)
{
    hawser_item item;
    hawser_status status = hawser_receive(bus, &item, 0);

    CU_ASSERT_EQUAL(status, HAWSER_AGAIN);
    if (status == HAWSER_OK) {
        hawser_item_drop(&item);
    }
}

void
expect_no_message(hawser_bus *bus)
{
    hawser_item item;

    while (hawser_receive(bus, &item, 0) == HAWSER_OK) {
        CU_ASSERT_EQUAL(item.kind, HAWSER_ITEM_EVENT);
        hawser_item_drop(&item);
    }
}

// ---- saying ----

void
say_text(hawser_bus *bus, hawser_link link, const char *text)
{
    CU_ASSERT_EQUAL(hawser_send_text(bus, link, text), HAWSER_OK);
}

hawser_status
send_number(hawser_bus *bus, hawser_link link, uint32_t number)
{
    return hawser_send(bus, link, &number, sizeof number);
}

hawser_status
send_tagged(hawser_bus *bus, hawser_link link, uint32_t number, uint64_t tag)
{
    hawser_message *message = NULL;
    hawser_status status;

    CU_ASSERT_EQUAL_FATAL(
        hawser_message_new(HAWSER_BINARY, &number, sizeof number, &message),
        HAWSER_OK);
    status = hawser_send_message(bus, link, message, tag);
    hawser_message_drop(message);
    return status;
}

uint32_t
number_of(const hawser_message *message)
{
    uint32_t number = UINT32_MAX;

    if (hawser_message_size(message) == sizeof number) {
        memcpy(&number, hawser_message_bytes(message), sizeof number);
    }
    return number;
}

hawser_message *
new_text(const char *text)
{
    hawser_message *message = NULL;

    CU_ASSERT_EQUAL_FATAL(
        hawser_message_new(HAWSER_TEXT, text, strlen(text), &message),
        HAWSER_OK);
    return message;
}

// ---- figures ----

hawser_link_stats
stats_of(hawser_bus *bus, hawser_link link)
{
    hawser_link_stats stats = { .size = sizeof stats };

    CU_ASSERT_EQUAL(hawser_link_get_stats(bus, link, &stats), HAWSER_OK);
    return stats;
}

hawser_link_stats
sum_of(hawser_bus *bus, hawser_link link)
{
    hawser_link_stats stats = stats_of(bus, link);

    CU_ASSERT_EQUAL(stats.accepted, stats.settled + stats.dropped +
                                        stats.expired + stats.waiting +
                                        stats.in_flight);
    return stats;
}

// A look now and then: the loop is another thread's, and tells nobody.
bool
until(bool (*so)(void *user), void *user)
{
    const struct timespec pause = { .tv_nsec = 200000 };
    uint64_t deadline = now_ms() + PATIENCE_MS;
    bool is_so;

    while (!(is_so = so(user)) && now_ms() < deadline) {
        (void)nanosleep(&pause, NULL); // the looks are what counts
    }
    CU_ASSERT_TRUE(is_so);
    return is_so;
}

struct wanted {
    hawser_bus *bus;
    hawser_link link;
    uint64_t count;
    hawser_state state;
};

static bool
has_received(void *user)
{
    const struct wanted *wanted = user;

    return stats_of(wanted->bus, wanted->link).received >= wanted->count;
}

static bool
has_settled(void *user)
{
    const struct wanted *wanted = user;

    return stats_of(wanted->bus, wanted->link).settled >= wanted->count;
}

static bool
has_state(void *user)
{
    const struct wanted *wanted = user;

    return stats_of(wanted->bus, wanted->link).state == wanted->state;
}

bool
until_received(hawser_bus *bus, hawser_link link, uint64_t count)
{
    struct wanted wanted = { .bus = bus, .link = link, .count = count };

    return until(has_received, &wanted);
}

bool
until_settled(hawser_bus *bus, hawser_link link, uint64_t count)
{
    struct wanted wanted = { .bus = bus, .link = link, .count = count };

    return until(has_settled, &wanted);
}

bool
until_state(hawser_bus *bus, hawser_link link, hawser_state state)
{
    struct wanted wanted = { .bus = bus, .link = link, .state = state };

    return until(has_state, &wanted);
}

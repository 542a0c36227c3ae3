// harbour.h - what the tests of the whole bus share: they use the public API
// only, and wait for what must happen, never for time to pass.
//
// Whatever a helper calls is checked; a test goes on as if it went well.
#ifndef HAWSER_TESTS_FRONT_HARBOUR_H
#define HAWSER_TESTS_FRONT_HARBOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hawser/hawser.h>

#if defined(__SANITIZE_THREAD__)
enum { SLOWER = 20 };
#elif defined(__SANITIZE_ADDRESS__)
enum { SLOWER = 10 };
#else
enum { SLOWER = 1 };
#endif

// Within that something happens that must; a test that waits so long fails.
enum { PATIENCE_MS = 10000 };

uint64_t
now_ms(void);

// settings: "name=value name=value", or NULL. free_options gives it back.
hawser_options *
options_of(const char *settings);

// With room for fewer links than the default, which is quicker. What
// HARBOUR_BUS has in the environment is set before settings.
hawser_bus *
open_bus(const char *settings);

// Without draining. The answer does not matter.
void
close_bus(hawser_bus *bus);

// "inproc://…", a name that nobody else has; good until the process ends.
const char *
fresh_url(void);

hawser_link
open_link(hawser_bus *bus, const char *urls, const char *settings);

// ---- two links that are joined, on a bus each or on one ----

struct pair {
    hawser_bus *left_bus, *right_bus; // may be one
    hawser_link left, right;
    const char *url;
};

// Two threaded buses, both links UP; no item of theirs is left unread.
void
join(struct pair *pair, const char *left_settings, const char *right_settings);

void
part(struct pair *pair);

// ---- hearing ----

// The next item of the bus's inbox. False (and a failure): none came.
bool
hear(hawser_bus *bus, hawser_item *item);

// Drops what comes until there is an event of that link with that state, or a
// message, or a receipt of it. The item is the caller's.
bool
hear_state(hawser_bus *bus, hawser_link link, hawser_state state,
           hawser_item *item);

bool
hear_message(hawser_bus *bus, hawser_link link, hawser_item *item);

bool
hear_receipt(hawser_bus *bus, hawser_link link, hawser_item *item);

// hear_state for whom the item does not matter.
bool
await(hawser_bus *bus, hawser_link link, hawser_state state);

// Closes the link and hears its end.
void
end_link(hawser_bus *bus, hawser_link link);

// The next message of the link is this text.
void
expect_text(hawser_bus *bus, hawser_link link, const char *text);

// The next count messages are numbers, from first on.
void
expect_numbers(hawser_bus *bus, hawser_link link, uint32_t first,
               uint32_t count);

// Nothing is in the inbox.
void
expect_silence(hawser_bus *bus);

// Nothing but events is in the inbox. Messages may be heard before the event
// that their link is UP.
void
expect_no_message(hawser_bus *bus);

// ---- saying ----

void
say_text(hawser_bus *bus, hawser_link link, const char *text);

hawser_status
send_number(hawser_bus *bus, hawser_link link, uint32_t number);

hawser_status
send_tagged(hawser_bus *bus, hawser_link link, uint32_t number, uint64_t tag);

uint32_t
number_of(const hawser_message *message);

hawser_message *
new_text(const char *text);

hawser_link_stats
stats_of(hawser_bus *bus, hawser_link link);

// stats_of, and they add up.
hawser_link_stats
sum_of(hawser_bus *bus, hawser_link link);

// Looks until it is so. False (and a failure): it never was.
bool
until(bool (*so)(void *user), void *user);

// Waits until the link's figures say that so many were received, or settled.
bool
until_received(hawser_bus *bus, hawser_link link, uint64_t count);

bool
until_settled(hawser_bus *bus, hawser_link link, uint64_t count);

bool
until_state(hawser_bus *bus, hawser_link link, hawser_state state);

#endif

// backoff_desk.c - what the tests of the backoff say to it, in short.
#include "actors/backoff_desk.h"

#include "actors/roles.h"
#include "check.h"

struct desk backoff_desk;

void
backoff_open_link(uint32_t link, const char *options)
{
    const struct hw_letter open = {
        .kind = HW_LETTER_LINK_OPEN,
        .link = link,
        .thing = desk_plan(&backoff_desk, link, options, "ws://one"),
    };

    desk_write(&backoff_desk, HW_SUPERVISOR, &open);
}

void
backoff_open(const char *seat_options, const char *options)
{
    desk_open(&backoff_desk, &hw_role_backoff, seat_options, NULL);
    backoff_open_link(0, options);
}

void
backoff_close(void)
{
    desk_close(&backoff_desk);
}

void
backoff_tell(unsigned kind, uint32_t link)
{
    const struct hw_letter letter = { .kind = (uint16_t)kind, .link = link };

    desk_write(&backoff_desk, HW_SUPERVISOR, &letter);
}

struct hw_letter
backoff_wants_after(uint64_t not_before_ms)
{
    const struct hw_letter wanted = { .kind = HW_LETTER_RETRY_WANTED,
                                      .number = not_before_ms };
    struct hw_letter set = { 0 };

    desk_write(&backoff_desk, HW_SUPERVISOR, &wanted);
    CU_ASSERT_TRUE(
        desk_read(&backoff_desk, HW_SUPERVISOR, HW_LETTER_RETRY_SET, &set));
    return set;
}

uint64_t
backoff_wants(void)
{
    return backoff_wants_after(0).number;
}

void
backoff_fails(unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        (void)backoff_wants();
        desk_clear(&backoff_desk);
    }
}

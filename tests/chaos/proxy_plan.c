// proxy_plan.c - recipes of trouble, read and drawn.
#include "proxy_plan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { HOLD_MS = 3000 };

static const char *const names[TROUBLES] = {
    [LATENCY] = "latency",     [JITTER] = "jitter",
    [BANDWIDTH] = "bandwidth", [SLICE] = "slice",
    [PAUSE] = "pause",         [CUT] = "cut",
    [RESET] = "reset",         [HALF_OPEN] = "half-open",
    [HOLD] = "hold",           [SLOW_CLOSE] = "slow-close",
};

// splitmix64.
uint64_t
chance_next(struct chance *chance)
{
    uint64_t mixed = chance->state += 0x9e3779b97f4a7c15u;

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

uint64_t
chance_between(struct chance *chance, uint64_t low, uint64_t high)
{
    return low + chance_next(chance) % (high - low + 1);
}

const char *
trouble_name(enum trouble trouble)
{
    return names[trouble];
}

static bool
parse_number(const char **text, uint64_t *number)
{
    char *end;

    if (!isdigit((unsigned char)**text)) {
        return false;
    }
    *number = strtoull(*text, &end, 10);
    *text = end;
    return *number < UINT32_MAX;
}

static bool
parse_range(const char **text, struct range *range)
{
    if (!parse_number(text, &range->low)) {
        return false;
    }
    range->high = range->low;
    if (strncmp(*text, "..", 2) == 0) {
        *text += 2;
        return parse_number(text, &range->high) && range->high >= range->low;
    }
    return true;
}

static bool
parse_trouble(const char **text, struct recipe *recipe)
{
    size_t size = strcspn(*text, "= ");

    for (int trouble = 0; trouble < TROUBLES; trouble++) {
        if (strlen(names[trouble]) == size && (*text)[size] == '=' &&
            memcmp(names[trouble], *text, size) == 0) {
            *text += size + 1;
            return parse_range(text, &recipe->range[trouble]) &&
                   (**text == ' ' || **text == '\0');
        }
    }
    return false;
}

bool
recipe_parse(const char *text, struct recipe *recipe, const char **at)
{
    *recipe = (struct recipe){ .range[HOLD] = { HOLD_MS, HOLD_MS } };
    *at = text;
    while (*(*at += strspn(*at, " ")) != '\0') {
        if (!parse_trouble(at, recipe)) {
            return false;
        }
    }
    return true;
}

void
recipe_draw(const struct recipe *recipe, struct chance *chance,
            struct plan *plan)
{
    for (int trouble = 0; trouble < TROUBLES; trouble++) {
        const struct range *range = &recipe->range[trouble];

        plan->of[trouble] = chance_between(chance, range->low, range->high);
    }
}

// promises.c - the list of promises, and how one is played.
#include "promises.h"

enum { SETTINGS_MAX = 5 };

static const struct promise {
    const char *name;
    void (*keep)(struct play *play);
    unsigned needs;
    const char *settings[SETTINGS_MAX];
} promises[] = {
// The needs, then the settings: NULL ends them.
#define FIRST(first, ...) first
#define REST(first, ...) __VA_ARGS__
#define PROMISE_ROW(name, ...)                                                 \
    { #name, name, FIRST(__VA_ARGS__, NULL), { REST(__VA_ARGS__, NULL) } },
    PROMISES(PROMISE_ROW)
#undef PROMISE_ROW
};

const char *
promise_name(enum promise_number promise)
{
    return promises[promise].name;
}

bool
promise_applies(enum promise_number promise, const struct stand *stand)
{
    return (promises[promise].needs & ~stand->can) == 0;
}

// Both lists end with NULL, and so do they together.
static void
gather_settings(const char *to[static 2 * SETTINGS_MAX],
                const char *const *stand, const char *const *promise)
{
    while (stand != NULL && *stand != NULL) {
        *to++ = *stand++;
    }
    while (*promise != NULL) {
        *to++ = *promise++;
    }
    *to = NULL;
}

const char *
promise_play(enum promise_number promise, const struct stand *stand)
{
    const struct promise *row = &promises[promise];
    struct play play = { .stand = stand };
    const char *settings[2 * SETTINGS_MAX];

    gather_settings(settings, stand->settings, row->settings);
    stage_begin(&play.stage, stand->transport, settings);
    if (play.stage.fault[0] == '\0') {
        row->keep(&play);
    }
    for (size_t i = 0; i < play.pair_count; i++) {
        stand->partner->close(play.pairs[i].partner);
    }
    return stage_end(&play.stage);
}

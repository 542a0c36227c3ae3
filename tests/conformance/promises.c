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

unsigned
promise_misses(enum promise_number promise, const struct stand *stand)
{
    return promises[promise].needs & ~stand->can;
}

bool
promise_applies(enum promise_number promise, const struct stand *stand)
{
    return promise_misses(promise, stand) == 0;
}

const char *
promise_play(enum promise_number promise, const struct stand *stand)
{
    const struct promise *row = &promises[promise];
    struct play play = { .stand = stand };

    stage_begin(&play.stage, stand->transport, row->settings);
    stage_set(&play.stage, stand->settings);
    if (play.stage.fault[0] == '\0') {
        row->keep(&play);
    }
    for (size_t i = 0; i < play.pair_count; i++) {
        stand->partner->close(play.pairs[i].partner);
    }
    return stage_end(&play.stage);
}

// ws_frames_fuzz.c - a peer's frames, whole and cut at places of the fuzzer's
// choice: both must be read alike, within the limit.
//
// The first byte chooses the limit, the second how the rest is cut.
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/utf8.h"
#include "ws/frames_in.h"

enum { SENTENCE_SIZE = 200 };

// What was heard, as a number that differs where anything differs.
struct heard {
    uint64_t hash;
    uint64_t max;
    bool over; // it said goodbye, so nothing may follow
};

static void
demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void
mix(struct heard *heard, unsigned what, const uint8_t *bytes, size_t size)
{
    demand(!heard->over);
    heard->hash = (heard->hash ^ what) * UINT64_C(0x100000001b3);
    heard->hash = (heard->hash ^ size) * UINT64_C(0x100000001b3);
    for (size_t i = 0; i < size; i++) {
        heard->hash = (heard->hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
}

static bool
on_message(void *user, bool text, const uint8_t *bytes, size_t size)
{
    struct heard *heard = user;

    demand(bytes != NULL && size <= heard->max);
    demand(!text || hw_shared_is_utf8(bytes, size));
    mix(heard, text ? 1 : 2, bytes, size);
    return true;
}

static bool
on_ping(void *user, const uint8_t *bytes, size_t size)
{
    demand(size <= 125);
    mix(user, 9, bytes, size);
    return true;
}

static bool
on_pong(void *user, const uint8_t *bytes, size_t size)
{
    demand(size <= 125);
    mix(user, 10, bytes, size);
    return true;
}

static void
on_goodbye(void *user, unsigned code, const uint8_t *reason, size_t size)
{
    struct heard *heard = user;

    demand(code >= 1000 && code <= 4999 && size <= 123);
    demand(hw_shared_is_utf8(reason, size));
    mix(heard, code, reason, size);
    heard->over = true;
}

static const struct hw_ws_listener listener = { .message = on_message,
                                                .ping = on_ping,
                                                .pong = on_pong,
                                                .goodbye = on_goodbye };

struct result {
    enum hw_ws_verdict verdict;
    char sentence[SENTENCE_SIZE];
    bool amid;
    uint64_t hash;
};

// cut 0: all at once. Each piece stands in a block of its own, so that a
// sanitizer sees what is read beyond.
static struct result
read_all(const uint8_t *bytes, size_t size, uint64_t max, unsigned cut)
{
    static struct hw_ws_pool pool;
    struct hw_ws_reader reader = { .max = max };
    struct heard heard = { .hash = 1, .max = max };
    struct result result = { .verdict = HW_WS_READ_ON };
    uint32_t state = cut;
    size_t at = 0;

    while (at < size && result.verdict == HW_WS_READ_ON) {
        size_t n = size - at;
        uint8_t *piece;

        state = state * 1664525u + 1013904223u;
        if (cut != 0 && n > 1 + (state >> 24) % cut) {
            n = 1 + (state >> 24) % cut;
        }
        piece = malloc(n);
        demand(piece != NULL);
        memcpy(piece, bytes + at, n);
        result.verdict = hw_ws_read(&reader, &pool, piece, n, &listener, &heard,
                                    result.sentence, sizeof result.sentence);
        free(piece);
        at += n;
        demand(reader.room <= max);
    }
    result.amid = hw_ws_reader_is_amid(&reader);
    result.hash = heard.hash;
    demand(result.verdict == HW_WS_READ_ON || result.verdict == HW_WS_STOPPED ||
           result.sentence[0] != '\0');
    demand(result.verdict != HW_WS_NO_ROOM);
    hw_ws_reader_clear(&reader, &pool);
    hw_ws_pool_clear(&pool);
    return result;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const uint64_t limits[] = { 1, 10, 126, 1000, 65536, 1 << 20 };
    struct result whole, cut;
    uint64_t max;

    if (size < 2) {
        return 0;
    }
    max = limits[bytes[0] % (sizeof limits / sizeof limits[0])];
    whole = read_all(bytes + 2, size - 2, max, 0);
    cut = read_all(bytes + 2, size - 2, max, 1 + bytes[1] % 64u);
    demand(whole.verdict == cut.verdict && whole.hash == cut.hash);
    demand(strcmp(whole.sentence, cut.sentence) == 0);
    demand(whole.verdict != HW_WS_READ_ON || whole.amid == cut.amid);
    return 0;
}

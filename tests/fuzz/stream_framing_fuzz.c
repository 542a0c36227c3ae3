// stream_framing_fuzz.c - a peer's bytes in each framing, whole and cut at
// places of the fuzzer's choice: both must be read alike, within the limit, and
// what is kept may not be more than came.
//
// The first byte chooses the framing and the limit, the second how the rest is
// cut.
#include <stdbool.h>
#include <stdlib.h>

#include "stream/framing.h"

struct heard {
    uint64_t hash;
    uint64_t max;
    uint64_t bytes;
    enum hw_stream_framing framing;
};

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool
hear(void *user, hawser_kind kind, const uint8_t *bytes, size_t size)
{
    struct heard *heard = user;
    char why[100];

    demand(size <= heard->max);
    demand(kind == HAWSER_BINARY || heard->framing == HW_STREAM_LINE);
    // What is read may be sent on.
    demand(hw_stream_fits(heard->framing, bytes, size, why, sizeof why));
    heard->hash = (heard->hash ^ kind ^ size) * UINT64_C(0x100000001b3);
    for (size_t i = 0; i < size; i++) {
        heard->hash = (heard->hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    heard->bytes += size;
    return true;
}

static enum hw_stream_verdict
read_cut(struct heard *heard, const uint8_t *bytes, size_t size, size_t cut)
{
    struct hw_stream_reader reader = { .framing = heard->framing,
                                       .max = heard->max };
    enum hw_stream_verdict verdict = HW_STREAM_READ_ON;
    char sentence[160] = "";
    size_t at = 0;

    while (at < size && verdict == HW_STREAM_READ_ON) {
        size_t part = size - at < cut ? size - at : cut;

        verdict = hw_stream_read(&reader, bytes + at, part, hear, heard,
                                 sentence, sizeof sentence);
        at += part;
        demand(reader.size <= at);
        demand(reader.room <= 2 * at + 1024);
    }
    demand((verdict == HW_STREAM_READ_ON) == (sentence[0] == '\0'));
    demand(heard->bytes <= size);
    hw_stream_reader_clear(&reader);
    return verdict;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const uint64_t limits[] = { 1, 16, 1000, UINT64_C(1) << 31 };
    struct heard whole, cut;

    if (size < 2) {
        return 0;
    }
    whole = (struct heard){ .framing = bytes[0] & 3u,
                            .max = limits[bytes[0] >> 2 & 3u] };
    cut = whole;
    if (whole.framing == HW_STREAM_RAW) { // what arrives together is not alike
        (void)read_cut(&whole, bytes + 2, size - 2, bytes[1] + 1u);
        return 0;
    }
    demand(read_cut(&whole, bytes + 2, size - 2, size) ==
           read_cut(&cut, bytes + 2, size - 2, bytes[1] + 1u));
    demand(whole.hash == cut.hash);
    return 0;
}

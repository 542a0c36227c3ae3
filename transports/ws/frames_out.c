// frames_out.c - messages become masked frames in a buffer.
//
// wslay can write frames too, but masks them byte by byte through a buffer of
// 4 KiB: measured, that costs a factor of four at 1 KiB and more above. The
// format is small enough to be written here; reading, where a peer's bytes are
// judged, stays wslay's.
#include "frames_out.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/rand.h>

// OpenSSL's generator, which the system's seeds, is ten times as fast as a call
// of the system's own.
static void
fill(struct hw_ws_masks *masks)
{
    size_t have = 0;

    if (RAND_bytes(masks->bytes, sizeof masks->bytes) == 1) {
        have = sizeof masks->bytes;
    }
    while (have < sizeof masks->bytes) {
        ssize_t n =
            getrandom(masks->bytes + have, sizeof masks->bytes - have, 0);

        // Only EINTR can come; anything else means a kernel without getrandom,
        // where no mask can be had.
        have += n > 0 ? (size_t)n : 0;
    }
    masks->left = sizeof masks->bytes;
}

static uint32_t
next_mask(struct hw_ws_masks *masks)
{
    uint32_t mask;

    if (masks->left < sizeof mask) {
        fill(masks);
    }
    memcpy(&mask, masks->bytes + sizeof masks->bytes - masks->left,
           sizeof mask);
    masks->left -= sizeof mask;
    return mask;
}

size_t
hw_ws_frame_size(size_t size)
{
    if (size <= 125) {
        return size + 6;
    }
    return size <= 0xffff ? size + 8 : size + 14;
}

static size_t
put_header(uint8_t *to, uint8_t opcode, uint64_t size)
{
    unsigned length, i;

    to[0] = (uint8_t)(0x80 | opcode);
    if (size <= 125) {
        to[1] = (uint8_t)(0x80 | size);
        return 2;
    }
    length = size <= 0xffff ? 2 : 8;
    to[1] = length == 2 ? 0x80 | 126 : 0x80 | 127;
    for (i = 0; i < length; i++) {
        to[2 + i] = (uint8_t)(size >> (8 * (length - 1 - i)));
    }
    return 2 + length;
}

// Eight words at a time, which compilers turn into vectors.
static void
put_masked(uint8_t *restrict to, const uint8_t *restrict from, size_t size,
           uint32_t mask)
{
    uint64_t wide = (uint64_t)mask << 32 | mask;
    uint8_t key[sizeof wide];
    size_t at = 0;

    for (; at + 64 <= size; at += 64) {
        uint64_t words[8];

        memcpy(words, from + at, sizeof words);
        for (int i = 0; i < 8; i++) {
            words[i] ^= wide;
        }
        memcpy(to + at, words, sizeof words);
    }
    for (; at + 8 <= size; at += 8) {
        uint64_t word;

        memcpy(&word, from + at, sizeof word);
        word ^= wide;
        memcpy(to + at, &word, sizeof word);
    }
    memcpy(key, &wide, sizeof key);
    for (size_t i = 0; at < size; i++, at++) {
        to[at] = from[at] ^ key[i];
    }
}

size_t
hw_ws_frame_put(struct hw_ws_masks *masks, uint8_t *to, uint8_t opcode,
                const void *bytes, size_t size)
{
    uint32_t mask = next_mask(masks);
    size_t at = put_header(to, opcode, size);

    memcpy(to + at, &mask, sizeof mask);
    at += sizeof mask;
    put_masked(to + at, bytes, size, mask);
    return at + size;
}

// rpc_scan_fuzz.c - what the scanner lets through, msgpack-c unpacks.
//
// And writes it again as one object; what is refused is refused without memory.
#include <stdint.h>
#include <stdlib.h>

#include <msgpack.h>

#include "rpc/scan.h"

enum { DEPTH_MAX = 32, ELEMENTS_MAX = 10000 };

static void
pack_again(const msgpack_object *object)
{
    msgpack_sbuffer packed;
    msgpack_packer packer;

    msgpack_sbuffer_init(&packed);
    msgpack_packer_init(&packer, &packed, msgpack_sbuffer_write);
    if (msgpack_pack_object(&packer, *object) != 0 ||
        hw_scan(packed.data, packed.size, DEPTH_MAX, ELEMENTS_MAX) !=
            HW_SCAN_OK) {
        abort();
    }
    msgpack_sbuffer_destroy(&packed);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    msgpack_unpacked unpacked;
    size_t at = 0;

    if (hw_scan(bytes, size, DEPTH_MAX, ELEMENTS_MAX) != HW_SCAN_OK) {
        return 0;
    }
    msgpack_unpacked_init(&unpacked);
    if (msgpack_unpack_next(&unpacked, (const char *)bytes, size, &at) !=
            MSGPACK_UNPACK_SUCCESS ||
        at != size) {
        abort();
    }
    pack_again(&unpacked.data);
    msgpack_unpacked_destroy(&unpacked);
    return 0;
}

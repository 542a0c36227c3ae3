// scan.h - is it one object of msgpack, and within limits?
//
// Asked before anything is unpacked, since unpacking believes what lengths say.
#ifndef HW_RPC_SCAN_H
#define HW_RPC_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HW_SCAN_DEPTH_MAX = 512 };

enum hw_scan {
    HW_SCAN_OK,
    HW_SCAN_MALFORMED, // cut short, more than one object, or no msgpack
    HW_SCAN_TOO_DEEP,
    HW_SCAN_TOO_MANY, // elements
};

// depth_max: how many arrays and maps may be inside of each other, at most
// HW_SCAN_DEPTH_MAX. Takes time by size, and no memory.
enum hw_scan
hw_scan(const void *bytes, size_t size, unsigned depth_max,
        uint64_t elements_max);

// How an array of four begins: with two numbers. false: it does not.
bool
hw_scan_head(const void *bytes, size_t size, uint64_t head[static 2]);

#endif

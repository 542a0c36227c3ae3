// schemes.h - which transport makes the wires of which URL.
#ifndef HW_WIRE_SCHEMES_H
#define HW_WIRE_SCHEMES_H

#include <hawser/transport.h>

// The transport of a URL's scheme (the part before "://", in any case); NULL:
// none has it.
const hawser_transport *
hw_scheme_transport(const char *url);

// Transport number index of those there are; NULL past the last.
const hawser_transport *
hw_scheme_at(unsigned index);

// Adds a transport for the tests of this process; it stays the caller's.
void
hw_scheme_add_for_tests(const hawser_transport *transport);

#endif

// schemes.h - which transport makes the wires of which URL.
//
// The list is the process's, and only grows: links of any bus may find a
// transport there on any thread, while another one is being loaded.
#ifndef HW_WIRE_SCHEMES_H
#define HW_WIRE_SCHEMES_H

#include <stddef.h>

#include <hawser/transport.h>

enum { HW_TRANSPORTS_MAX = 32 };

// The transport of a URL's scheme (the part before "://", in any case); NULL:
// none has it.
const hawser_transport *
hw_scheme_transport(const char *url);

// Transport number index of those there are; NULL past the last.
const hawser_transport *
hw_scheme_at(unsigned index);

// Adds a transport, which must last as long as the process. OK where it is on
// the list already. INVALID: a scheme is malformed or taken; FULL. Then
// sentence says why.
hawser_status
hw_scheme_add(const hawser_transport *transport, char *sentence, size_t size);

// Adds a transport for the tests of this process; it stays the caller's.
void
hw_scheme_add_for_tests(const hawser_transport *transport);

#endif

// template.h - URLs with a fresh name in them for every wire.
//
//   {n}     a number that no other wire of the process has
//   {port}  a TCP port of 127.0.0.1 where nobody is
//   {dir}   a folder of this process, which is removed when it ends
#ifndef HAWSER_CONFORMANCE_TEMPLATE_H
#define HAWSER_CONFORMANCE_TEMPLATE_H

#include <stddef.h>

struct template_values {
    unsigned n;
    unsigned port;
};

void
template_fresh(struct template_values *values);

// Cut to the size given.
void
template_fill(const char *text, const struct template_values *values, char *url,
              size_t size);

#endif

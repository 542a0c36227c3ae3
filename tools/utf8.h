// utf8.h - tells UTF-8 from other bytes (RFC 3629).
#ifndef HAWSER_TOOL_UTF8_H
#define HAWSER_TOOL_UTF8_H

#include <stdbool.h>
#include <stddef.h>

bool
utf8_is_valid(const void *text, size_t size);

#endif

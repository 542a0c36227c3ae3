// parser.h - wslay's parsers, lent to the wires that have a frame half read.
#ifndef HW_WS_PARSER_H
#define HW_WS_PARSER_H

#include <stddef.h>
#include <stdint.h>

#include <wslay/wslay.h>

#include "frames_in.h"

struct hw_ws_parser {
    wslay_frame_context_ptr frames;
    const uint8_t *in; // what wslay may take
    size_t left;
    struct hw_ws_parser *next;
};

// NULL: no memory.
struct hw_ws_parser *
hw_ws_parser_borrow(struct hw_ws_pool *pool);

// Takes back a parser that stands between two frames.
void
hw_ws_parser_return(struct hw_ws_pool *pool, struct hw_ws_parser *parser);

void
hw_ws_parser_free(struct hw_ws_parser *parser);

#endif

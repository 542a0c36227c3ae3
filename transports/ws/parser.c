// parser.c - wslay's parsers, lent to the wires that have a frame half read.
#include "parser.h"

#include <stdlib.h>
#include <string.h>

enum { SPARES_MAX = 16 }; // parsers at rest in a pool

static ssize_t
take_in(uint8_t *to, size_t room, int flags, void *user)
{
    struct hw_ws_parser *parser = user;
    size_t n = parser->left < room ? parser->left : room;

    (void)flags;
    if (n == 0) {
        return -1; // wslay: there is no more now
    }
    memcpy(to, parser->in, n);
    parser->in += n;
    parser->left -= n;
    return (ssize_t)n;
}

struct hw_ws_parser *
hw_ws_parser_borrow(struct hw_ws_pool *pool)
{
    static const struct wslay_frame_callbacks calls = { .recv_callback =
                                                            take_in };
    struct hw_ws_parser *parser = pool->spare;

    if (parser != NULL) {
        pool->spare = parser->next;
        pool->spares--;
        return parser;
    }
    parser = calloc(1, sizeof *parser);
    if (parser == NULL) {
        return NULL;
    }
    if (wslay_frame_context_init(&parser->frames, &calls, parser) != 0) {
        free(parser);
        return NULL;
    }
    return parser;
}

void
hw_ws_parser_free(struct hw_ws_parser *parser)
{
    wslay_frame_context_free(parser->frames);
    free(parser);
}

void
hw_ws_parser_return(struct hw_ws_pool *pool, struct hw_ws_parser *parser)
{
    if (pool->spares >= SPARES_MAX) {
        hw_ws_parser_free(parser);
        return;
    }
    parser->next = pool->spare;
    pool->spare = parser;
    pool->spares++;
}

void
hw_ws_pool_clear(struct hw_ws_pool *pool)
{
    while (pool->spare != NULL) {
        struct hw_ws_parser *parser = pool->spare;

        pool->spare = parser->next;
        hw_ws_parser_free(parser);
    }
    free(pool->block);
    memset(pool, 0, sizeof *pool);
}

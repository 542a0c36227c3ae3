// news.c - events as frames, for those who know nothing but ZeroMQ.
#include "front/news.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *
hw_news_name(const hawser_event *event)
{
    switch (event->kind) {
    case HAWSER_EVENT_ASK:
        return "ask";
    case HAWSER_EVENT_DOWNGRADE:
        return "downgrade";
    default:
        return hawser_state_name(event->state);
    }
}

// Lines that are put one behind the other; what is empty is left out.
static void
put_text(FILE *lines, const char *name, const char *text)
{
    if (text[0] == '\0') {
        return;
    }
    (void)fprintf(lines, "%s: ", name); // whoever closes it looks for errors
    for (; *text != '\0'; text++) {
        // A peer's words may not look like lines of ours.
        (void)fputc((unsigned char)*text < ' ' ? ' ' : *text, lines);
    }
    (void)fputc('\n', lines);
}

static void
put_number(FILE *lines, const char *name, uint64_t number)
{
    if (number != 0) {
        (void)fprintf(lines, "%s: %" PRIu64 "\n", name, number); // as above
    }
}

static char *
finish(FILE *lines, char **text)
{
    int failed = ferror(lines);

    failed |= fclose(lines);
    if (failed != 0) {
        free(*text);
        return NULL;
    }
    return *text;
}

char *
hw_news_text(hawser_link link, const hawser_event *event)
{
    char *text = NULL;
    size_t size;
    FILE *lines = open_memstream(&text, &size);

    if (lines == NULL) {
        return NULL;
    }
    put_number(lines, "link", link.id);
    put_number(lines, "at_ms", (uint64_t)event->at_ms);
    put_number(lines, "wire", event->wire);
    put_number(lines, "attempt", event->attempt);
    put_number(lines, "delay_ms", event->delay_ms);
    put_text(lines, "endpoint", event->endpoint);
    put_text(lines, "peer", event->peer);
    put_text(lines, "error", event->error);
    put_number(lines, "http_status", (uint64_t)event->http_status);
    put_number(lines, "close_code", (uint64_t)event->close_code);
    put_text(lines, "reason", event->reason);
    put_number(lines, "missed", event->missed);
    put_number(lines, "leftover", event->leftover);
    return finish(lines, &text);
}

char *
hw_news_refused(hawser_link link, const char *error, size_t size)
{
    char *text = NULL;
    size_t written;
    FILE *lines = open_memstream(&text, &written);

    if (lines == NULL) {
        return NULL;
    }
    put_number(lines, "link", link.id);
    put_text(lines, "error", error);
    put_number(lines, "size", size);
    return finish(lines, &text);
}

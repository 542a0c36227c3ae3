// ws_answer_fuzz.c - the values of a response's headers, and of the options
// that become headers of a request.
//
// Lines of the input: Upgrade, Connection, Sec-WebSocket-Accept (@: the right
// one), -Protocol, -Extensions, what was offered, Retry-After; the rest are
// headers to be sent.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <hawser/transport.h>

#include "ws/upgrade.h"
#include "ws/url.h"

enum { FIELDS = 7 };

static const char key[] = "dGhlIHNhbXBsZSBub25jZQ==";

struct hawser_settings {
    const char *header, *protocol;
};

// The target stands in for the settings.
const char *
hawser_setting_text(const hawser_settings *settings, const char *name)
{
    return strcmp(name, "ws.header") == 0     ? settings->header
           : strcmp(name, "ws.protocol") == 0 ? settings->protocol
                                              : "";
}

static void
demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

// Cuts text into its lines; what is left is the last.
static void
split(char *text, const char *fields[static FIELDS], const char **rest)
{
    for (int i = 0; i < FIELDS; i++) {
        size_t size = strcspn(text, "\n");
        bool more = text[size] != '\0';

        fields[i] = text;
        text[size] = '\0';
        text += size + (more ? 1 : 0);
    }
    *rest = text;
}

static void
check_answer(const char *fields[static FIELDS])
{
    char accept[HW_WS_ACCEPT_SIZE], sentence[200] = "";
    struct hw_ws_answer answer = { .upgrade = fields[0],
                                   .connection = fields[1],
                                   .accept = fields[2],
                                   .protocol = fields[3],
                                   .extensions = fields[4] };

    hw_ws_accept_make(key, accept);
    if (strcmp(fields[2], "@") == 0) {
        answer.accept = accept;
    }
    if (hw_ws_answer_check(&answer, key, fields[5], sentence,
                           sizeof sentence)) {
        demand(strcmp(answer.accept, accept) == 0);
        demand(*answer.protocol == '\0' ||
               strstr(fields[5], answer.protocol) != NULL);
        demand(*answer.extensions == '\0');
    } else {
        demand(sentence[0] != '\0');
    }
}

// What was found fit adds whole lines to the request, and ends no header.
static void
check_request(const hawser_settings *settings)
{
    struct hw_ws_url url;
    char sentence[200] = "", *text;

    if (!hw_ws_upgrade_check(settings, sentence, sizeof sentence)) {
        demand(sentence[0] != '\0');
        return;
    }
    demand(hw_ws_url_parse("ws://a/", &url, sentence, sizeof sentence));
    text =
        hw_ws_request_make(&url, key, settings, "", sentence, sizeof sentence);
    if (text == NULL) {
        demand(sentence[0] != '\0');
        return;
    }
    demand(strlen(text) < HW_WS_REQUEST_MAX);
    demand(strstr(text, "\r\n\r\n") == NULL);
    demand(strcmp(text + strlen(text) - 2, "\r\n") == 0);
    for (const char *at = text; *at != '\0'; at++) {
        demand((*at == '\r') == (at[1] == '\n'));
    }
    free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = malloc(size + 1);
    const char *fields[FIELDS], *rest;
    hawser_settings settings;
    int wait;

    demand(text != NULL);
    memcpy(text, bytes, size);
    text[size] = '\0';
    split(text, fields, &rest);
    check_answer(fields);
    wait = hw_ws_retry_after_ms(fields[6], 784111767);
    demand(wait >= -1 && wait <= 86400000 && (wait == -1 || wait % 1000 == 0));
    settings.header = rest;
    settings.protocol = fields[5];
    check_request(&settings);
    free(text);
    return 0;
}

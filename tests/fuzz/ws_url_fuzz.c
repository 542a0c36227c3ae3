// ws_url_fuzz.c - URLs and proxies: what is taken is fit for a request, what is
// refused has a sentence.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <hawser/transport.h>

#include "ws/upgrade.h"
#include "ws/url.h"

// The target stands in for the settings, all of which are unset.
const char *
hawser_setting_text(const hawser_settings *settings, const char *name)
{
    (void)settings;
    (void)name;
    return "";
}

static void
demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void
check_host(const char *host, bool v6)
{
    size_t size = strlen(host);

    demand(size > 0 && size <= HW_WS_HOST_MAX);
    demand(strspn(host, v6 ? "0123456789abcdefABCDEF:."
                           : "abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") ==
           size);
}

// Whatever the URL is, the request has its six lines.
static void
check_request(const struct hw_ws_url *url)
{
    char sentence[200] = "";
    char *text = hw_ws_request_make(url, "AAAAAAAAAAAAAAAAAAAAAA==", NULL, "",
                                    sentence, sizeof sentence);
    unsigned lines = 0;

    demand(text != NULL);
    for (const char *at = text; *at != '\0'; at++) {
        demand((*at >= ' ' && *at < 0x7f) || *at == '\r' || *at == '\n');
        lines += *at == '\n';
    }
    demand(lines == 6);
    demand(strncmp(text, "GET /", 5) == 0);
    free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = malloc(size + 1);
    char sentence[200] = "";
    struct hw_ws_url url;
    struct hw_ws_proxy proxy;

    demand(text != NULL);
    memcpy(text, bytes, size);
    text[size] = '\0';
    if (hw_ws_url_parse(text, &url, sentence, sizeof sentence)) {
        check_host(url.host, url.v6);
        demand(url.port != 0);
        demand(url.target >= text && url.target <= text + strlen(text));
        demand(strchr("/?", *url.target) != NULL); // or its end
        check_request(&url);
    } else {
        demand(sentence[0] != '\0');
    }
    sentence[0] = '\0';
    if (hw_ws_proxy_parse(text, &proxy, sentence, sizeof sentence)) {
        check_host(proxy.host, proxy.v6);
        demand(proxy.port != 0 && strlen(proxy.user) <= HW_WS_USER_MAX);
    } else {
        demand(strncmp(sentence, "proxy: ", 7) == 0);
    }
    free(text);
    return 0;
}

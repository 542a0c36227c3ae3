// verdict.c - what a loss means for a link: try again, elsewhere, or not.
#include "actors/verdict.h"

static int64_t
on_http(const struct hawser_settings *settings, int status)
{
    switch (status) {
    case 401:
    case 407:
        return settings->on_http_401;
    case 403:
        return settings->on_http_403;
    case 404:
    case 410:
        return settings->on_http_404;
    default:
        return settings->on_http;
    }
}

static int64_t
on_close(const struct hawser_settings *settings, int code)
{
    switch (code) {
    case 1003:
    case 1007:
    case 1010:
        return settings->on_close_1003;
    case 1008:
        return settings->on_close_1008;
    default:
        return settings->on_close;
    }
}

int64_t
hw_verdict(const struct hawser_settings *settings,
           const struct hw_report *report)
{
    switch (report->cause) {
    case HAWSER_CAUSE_UNREACHABLE:
    case HAWSER_CAUSE_TIMEOUT:
        return settings->on_unreachable;
    case HAWSER_CAUSE_TLS:
        return settings->on_tls;
    case HAWSER_CAUSE_HTTP:
        return on_http(settings, report->http_status);
    case HAWSER_CAUSE_PROTOCOL:
        return settings->on_protocol;
    case HAWSER_CAUSE_CLOSED:
        return on_close(settings, report->close_code);
    case HAWSER_CAUSE_TOO_BIG:
        return settings->on_too_big;
    case HAWSER_CAUSE_CONFIG:
        return settings->on_config;
    case HAWSER_CAUSE_RESET:
    case HAWSER_CAUSE_LOCAL:
        break;
    }
    return HW_ON_RETRY;
}

// 1012 (restarting) and 1013 (try again later): the IANA registry of WebSocket
// close codes asks for 5 to 30 seconds, spread at random; the backoff spreads.
uint64_t
hw_verdict_not_before_ms(const struct hw_report *report)
{
    if (report->retry_after_ms > 0) {
        return (uint64_t)report->retry_after_ms;
    }
    if (report->close_code == 1012 || report->close_code == 1013) {
        return 5000;
    }
    return 0;
}
